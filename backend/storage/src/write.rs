//! The state of a write between two requests.

use berth_domain::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::key;

/// How far a write has come: a value to persist (as JSON) and to go on from, on any replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Key that was reserved for the object.
    pub(crate) key: String,
    /// Bytes taken so far.
    pub(crate) offset_bytes: u64,
    /// Parts in the bucket, as soon as there is a full one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) multipart: Option<Multipart>,
    /// What came after the last full part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tail: Option<Tail>,
    /// Tail of the value before this one. It must outlive the append that replaced it, since that
    /// one's outcome may never be persisted; the next append removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) superseded: Option<String>,
}

/// A multipart upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Multipart {
    /// The bucket's name for it.
    pub(crate) upload_id: String,
    /// Size of each part, kept here so that a changed configuration does not tear an upload.
    pub(crate) part_bytes: u64,
    /// The bucket's receipt for each part, in order.
    pub(crate) etags: Vec<String>,
}

/// Bytes short of a part, in an object of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tail {
    /// Key of that object.
    pub(crate) key: String,
    /// Its length.
    pub(crate) size_bytes: u64,
}

impl Write {
    pub(crate) fn new() -> Self {
        Self {
            key: key::fresh(),
            offset_bytes: 0,
            multipart: None,
            tail: None,
            superseded: None,
        }
    }

    /// The key that was reserved. The finished object may have another: see
    /// [`finish`](crate::StorageDriver::finish).
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How many bytes were taken; the next append starts there.
    pub fn offset_bytes(&self) -> u64 {
        self.offset_bytes
    }

    /// Every key under which this write may hold an object, for a sweep to spare.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let tail = self.tail.as_ref().map(|tail| tail.key.as_str());
        std::iter::once(self.key.as_str())
            .chain(tail)
            .chain(self.superseded.as_deref())
    }

    /// Keys of what this write needed on the way to the object that `finish` has put under
    /// `final_key`. A value of it that was persisted before may need them still, so they are deleted
    /// only once the object is named by whoever persists it.
    pub fn leftovers(&self, final_key: &str) -> impl Iterator<Item = &str> {
        self.keys()
            .filter(move |key| *key != final_key && *key != self.key)
    }

    /// The form that is persisted.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// Reads what [`Write::to_json`] gave.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(Error::internal)
    }

    /// Puts a new tail, or none when a part took it in, in place of the old one.
    pub(crate) fn replace_tail(&mut self, tail: Option<Tail>) {
        if let Some(old) = std::mem::replace(&mut self.tail, tail) {
            self.superseded = Some(old.key);
        }
        let in_parts = self.multipart.as_ref().map_or(0, Multipart::size_bytes);
        self.offset_bytes = in_parts + self.tail.as_ref().map_or(0, |tail| tail.size_bytes);
    }
}

impl Multipart {
    /// Bytes in its parts.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.etags.len() as u64 * self.part_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_survives_its_json_form() {
        let mut write = Write::new();
        assert_eq!(Write::from_json(&write.to_json().unwrap()).unwrap(), write);
        write.multipart = Some(Multipart {
            upload_id: "u".to_owned(),
            part_bytes: 10,
            etags: vec!["\"a\"".to_owned(), "\"b\"".to_owned()],
        });
        write.replace_tail(Some(Tail {
            key: key::fresh(),
            size_bytes: 3,
        }));
        assert_eq!(write.offset_bytes(), 23);
        assert_eq!(Write::from_json(&write.to_json().unwrap()).unwrap(), write);
    }

    #[test]
    fn a_replaced_tail_is_kept_for_whoever_resumes_before_it() {
        let mut write = Write::new();
        write.replace_tail(Some(Tail {
            key: "one".to_owned(),
            size_bytes: 1,
        }));
        write.replace_tail(Some(Tail {
            key: "two".to_owned(),
            size_bytes: 2,
        }));
        assert_eq!(write.keys().skip(1).collect::<Vec<_>>(), ["two", "one"]);
        assert_eq!(write.offset_bytes(), 2);
    }
}
