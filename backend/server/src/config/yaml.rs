//! Reads single keys of a YAML mapping, each into its own type and with the line of its mistakes.
//!
//! The text is parsed once per key asked for: configuration files are small, and this way every
//! value meets the parser of its own type (a password `0123` stays text) and one mistake does not
//! hide the next.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::Spanned;

/// Why a text or a value was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Line of the mistake, from 1; none where the parser cannot tell.
    pub(crate) line: Option<u64>,
    /// What is wrong, without a final period.
    pub(crate) message: String,
}

impl From<serde_saphyr::Error> for Refusal {
    fn from(error: serde_saphyr::Error) -> Self {
        let location = error.location();
        let text = error.without_snippet().to_string();
        // The place is told once, by whoever shows the refusal.
        let message = location.map_or(text.as_str(), |at| {
            let suffix = format!(" at line {}, column {}", at.line(), at.column());
            text.find(&suffix).map_or(text.as_str(), |end| &text[..end])
        });
        Self {
            line: location.map(|at| at.line()),
            message: message.to_owned(),
        }
    }
}

/// Every key of the top mapping with its line, in the order of the text. A key given twice, a
/// second document or anything but a mapping is refused.
pub(crate) fn keys(text: &str) -> Result<Vec<(String, u64)>, Refusal> {
    Ok(serde_saphyr::with_deserializer_from_str(
        text,
        |document| document.deserialize_any(Keys),
    )?)
}

/// The value of one key of the top mapping; none where it is absent, empty or null.
pub(crate) fn pick<T: DeserializeOwned>(text: &str, key: &str) -> Result<Option<T>, Refusal> {
    Ok(serde_saphyr::with_deserializer_from_str(
        text,
        |document| Pick::<T>(key, PhantomData).deserialize(document),
    )?)
}

/// A whole text as one value, as environment variables give it; none where it is empty or null.
pub(crate) fn value<T: DeserializeOwned>(text: &str) -> Result<Option<T>, Refusal> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let value = serde_saphyr::from_str::<Option<T>>(text).map_err(Refusal::from);
    value.map_err(|refusal| Refusal {
        line: None,
        ..refusal
    })
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Vec<(String, u64)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of keys to values")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            map.next_value::<IgnoredAny>()?;
            keys.push((key.value, key.referenced.line()));
        }
        Ok(keys)
    }
}

struct Pick<'a, T>(&'a str, PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Pick<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Pick<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of keys to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0 {
                found = map.next_value::<Option<T>>()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_with_their_lines() {
        let text = "# a comment\nA: 1\nB:\n  - x\nC: {d: 1}\n";
        let expected = [("A", 2), ("B", 3), ("C", 5)].map(|(k, l)| (k.to_owned(), l));
        assert_eq!(keys(text), Ok(expected.to_vec()));
    }

    #[test]
    fn an_empty_text_has_no_keys() {
        for text in ["", "\n", "# only a comment\n"] {
            assert_eq!(keys(text), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn text_that_is_no_single_mapping_is_refused_with_its_line() {
        for (text, line) in [
            ("A: 1\nA: 2\n", Some(2)),
            ("A: [\n", Some(1)),
            ("- a\n", None),
            ("A: 1\n---\nB: 2\n", Some(3)),
            ("A: 1\n B: 2\n", Some(2)),
        ] {
            let refusal = keys(text).expect_err(text);
            assert_eq!(refusal.line, line, "{text:?}: {}", refusal.message);
            assert!(!refusal.message.contains(" at line "), "{refusal:?}");
        }
    }

    #[test]
    fn numbers_stay_text_where_text_is_asked_for() {
        for text in ["0123", "1e5", "12345678901234567890123", "on", "true"] {
            let picked = pick::<String>(&format!("A: x\nKEY: {text}\n"), "KEY");
            assert_eq!(picked, Ok(Some(text.to_owned())));
            assert_eq!(value::<String>(text), Ok(Some(text.to_owned())));
        }
    }

    #[test]
    fn an_empty_value_counts_as_absent() {
        for text in ["KEY:\n", "KEY: null\n", "KEY: ~\n", "OTHER: 1\n"] {
            assert_eq!(pick::<Vec<String>>(text, "KEY"), Ok(None), "{text:?}");
        }
        assert_eq!(value::<u32>(""), Ok(None));
    }

    #[test]
    fn a_mistake_inside_a_value_has_its_own_line() {
        let refusal = pick::<Vec<u8>>("KEY:\n  - 1\n  - 400\n", "KEY").expect_err("400 is no u8");
        assert_eq!(refusal.line, Some(3));
        assert_eq!(refusal.message, "invalid u8");
    }
}
