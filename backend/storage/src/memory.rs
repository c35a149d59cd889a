//! Objects in memory, for tests and trials. They are gone with the process.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use berth_domain::{Clock, Error, Noun, Result, SystemClock, Timestamp};
use bytes::Bytes;
use futures::{StreamExt, stream};
use url::Url;

use crate::{ByteStream, Object, StorageDriver, Write, key, stream::bounded};

/// The memory driver.
pub struct Memory {
    objects: Mutex<BTreeMap<String, Entry>>,
    clock: Arc<dyn Clock>,
}

struct Entry {
    bytes: Vec<u8>,
    modified_at: Timestamp,
}

impl Memory {
    /// An empty one that dates objects by the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty one that dates objects by a given clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self {
            objects: Mutex::default(),
            clock,
        }
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the object of a write at an offset and extends it.
    fn put(&self, key: &str, offset_bytes: u64, bytes: &[u8]) -> Result<()> {
        let offset = usize::try_from(offset_bytes).map_err(Error::internal)?;
        let mut objects = self.objects();
        let modified_at = self.clock.now();
        if objects.get(key).map_or(0, |entry| entry.bytes.len()) < offset {
            return Err(Error::Hidden(Noun::Upload));
        }
        let entry = objects.entry(key.to_owned()).or_insert_with(|| Entry {
            bytes: Vec::new(),
            modified_at,
        });
        entry.bytes.truncate(offset);
        entry.bytes.extend_from_slice(bytes);
        entry.modified_at = modified_at;
        Ok(())
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("objects", &self.objects().len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageDriver for Memory {
    async fn append(&self, write: &mut Write, body: &mut ByteStream) -> Result<()> {
        key::checked(&write.key)?;
        while let Some(bytes) = body.next().await {
            let bytes = bytes?;
            self.put(&write.key, write.offset_bytes, &bytes)?;
            write.offset_bytes += bytes.len() as u64;
        }
        Ok(())
    }

    async fn finish(&self, write: Write) -> Result<String> {
        self.put(key::checked(&write.key)?, write.offset_bytes, &[])?;
        Ok(write.key)
    }

    async fn abort(&self, write: Write) -> Result<()> {
        self.delete(&write.key).await
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<ByteStream>> {
        let objects = self.objects();
        let Some(entry) = objects.get(key::checked(key)?) else {
            return Ok(None);
        };
        let end = entry.bytes.len();
        let cut = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(end);
        let range = range.map_or(0..end, |range| cut(range.start)..cut(range.end));
        let bytes = Bytes::copy_from_slice(entry.bytes.get(range).unwrap_or_default());
        Ok(Some(bounded(stream::iter([Ok(bytes)]))))
    }

    async fn stat(&self, key: &str) -> Result<Option<u64>> {
        Ok(self
            .objects()
            .get(key::checked(key)?)
            .map(|entry| entry.bytes.len() as u64))
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.objects().remove(key::checked(key)?);
        Ok(())
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Object>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let objects = self.objects();
        let behind = objects
            .range::<str, _>((start, Bound::Unbounded))
            .take(limit);
        Ok(behind
            .map(|(key, entry)| Object {
                key: key.clone(),
                size_bytes: entry.bytes.len() as u64,
                modified_at: entry.modified_at,
            })
            .collect())
    }

    async fn presigned_get(&self, _: &str, _: Duration, _: &str) -> Result<Option<Url>> {
        Ok(None)
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}
