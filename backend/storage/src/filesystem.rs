//! Objects as files below one folder.
//!
//! Bytes go straight into the file that readers will open, so committing is a sync, not a move.
//! The folder belongs to this driver alone; files whose names are no keys are left in peace.

mod files;

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use berth_domain::{Error, Result};
use futures::{StreamExt, stream};
use tokio::task::spawn_blocking;
use url::Url;

#[cfg(feature = "faults")]
pub use self::files::Synced;
use self::files::{Gathered, Reading, Syncs, failed};
use crate::{ByteStream, Object, Space, StorageDriver, Write, key};

/// After how many bytes an append moves the write's offset.
const CHECKPOINT_BYTES: u64 = 8 * 1024 * 1024;
/// Pauses between tries to lock a file whose last writer is just being dropped.
const LOCK_PAUSES: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
];
/// Less room than this and [`StorageDriver::check`] calls the disk full.
const ROOM_BYTES: u64 = 32 * 1024 * 1024;

/// Configuration of the filesystem driver.
#[derive(Debug, Clone)]
pub struct FilesystemConfig {
    /// Folder of the objects; made when absent.
    pub root: PathBuf,
}

/// The filesystem driver.
#[derive(Debug, Clone)]
pub struct Filesystem {
    root: PathBuf,
    syncs: Arc<Syncs>,
}

impl Filesystem {
    /// Opens the folder, which is made when absent.
    pub fn open(config: FilesystemConfig) -> Result<Self> {
        let root = config.root;
        std::fs::create_dir_all(&root).map_err(|error| failed("make the folder", &root, &error))?;
        Ok(Self {
            root,
            syncs: Arc::default(),
        })
    }

    /// The same, telling a test what was synced.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn telling(mut self, told: Synced) -> Self {
        self.syncs = Arc::new(Syncs::telling(told));
        self
    }

    fn path(&self, key: &str) -> Result<PathBuf> {
        Ok(self.root.join(key::checked(key)?))
    }

    /// Takes a body into the file. One that fails is made safe in any case: it will be resumed.
    async fn take(
        &self,
        write: &mut Write,
        body: &mut ByteStream,
        is_resumable: bool,
    ) -> Result<()> {
        let path = self.path(&write.key)?;
        let mut gathered = Gathered::new(self.open_at_offset(write).await?, &path);
        let mut outcome = Ok(());
        let mut taken_bytes = 0;
        while let Some(item) = body.next().await {
            match item {
                Ok(bytes) => {
                    gathered.push(&bytes).await?;
                    taken_bytes += bytes.len() as u64;
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
            if taken_bytes >= CHECKPOINT_BYTES {
                gathered.flush().await?;
                write.offset_bytes += std::mem::take(&mut taken_bytes);
            }
        }
        gathered.flush().await?;
        if is_resumable || outcome.is_err() {
            // A row may say so from now on, so a power cut must not take these bytes back.
            let (file, syncs) = (gathered.into_file()?, Arc::clone(&self.syncs));
            blocking(move || syncs.sync(&file, &path, true)).await?;
        }
        write.offset_bytes += taken_bytes;
        outcome
    }

    /// The file of a write, cut at its offset and locked.
    async fn open_at_offset(&self, write: &Write) -> Result<std::fs::File> {
        let path = self.path(&write.key)?;
        let offset_bytes = write.offset_bytes;
        let mut pauses = LOCK_PAUSES.iter();
        loop {
            let path = path.clone();
            let syncs = Arc::clone(&self.syncs);
            let opened = blocking(move || files::open_at_offset(&path, offset_bytes, &syncs)).await;
            match (opened, pauses.next()) {
                (Err(Error::UploadBusy), Some(pause)) => tokio::time::sleep(*pause).await,
                (opened, _) => return opened,
            }
        }
    }
}

#[async_trait]
impl StorageDriver for Filesystem {
    async fn append(&self, write: &mut Write, body: &mut ByteStream) -> Result<()> {
        self.take(write, body, true).await
    }

    async fn append_last(&self, write: &mut Write, body: &mut ByteStream) -> Result<()> {
        self.take(write, body, false).await
    }

    async fn finish(&self, write: Write) -> Result<String> {
        let file = self.open_at_offset(&write).await?;
        let (root, path) = (self.root.clone(), self.path(&write.key)?);
        let syncs = Arc::clone(&self.syncs);
        blocking(move || files::make_durable(&root, &path, &file, &syncs)).await?;
        Ok(write.key)
    }

    async fn abort(&self, write: Write) -> Result<()> {
        self.delete(&write.key).await
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<ByteStream>> {
        let path = self.path(key)?;
        let opened = match Reading::open_in_memory(&path, range.as_ref()) {
            Some(opened) => Some(opened),
            // Opening and the first chunk are one hop to the blocking pool: most blobs are no larger.
            None => blocking(move || Reading::open(path, range)).await?,
        };
        let Some((reading, first)) = opened else {
            return Ok(None);
        };
        let rest = stream::unfold(Some(reading), |reading| async move {
            let mut reading = reading.filter(|reading| !reading.is_done())?;
            if let Some(chunk) = reading.next_in_memory() {
                return Some((Ok(chunk), Some(reading)));
            }
            match blocking(move || reading.next()).await {
                Ok((reading, chunk)) if !chunk.is_empty() => Some((Ok(chunk), Some(reading))),
                Ok(_) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
        Ok(Some(first.chain(rest).boxed()))
    }

    async fn stat(&self, key: &str) -> Result<Option<u64>> {
        let path = self.path(key)?;
        match tokio::fs::metadata(&path).await {
            Ok(facts) => Ok(Some(facts.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("look at", &path, &error)),
        }
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", &path, &error))
            }
            _ => Ok(()),
        }
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Object>> {
        let (root, after) = (self.root.clone(), after.unwrap_or_default().to_owned());
        blocking(move || files::list(&root, &after, limit)).await
    }

    async fn presigned_get(&self, _: &str, _: Duration, _: &str) -> Result<Option<Url>> {
        Ok(None)
    }

    async fn check(&self) -> Result<()> {
        let root = self.root.clone();
        blocking(move || files::probe(&root, ROOM_BYTES)).await
    }

    fn kind(&self) -> &'static str {
        "filesystem"
    }

    async fn free_space(&self) -> Option<Space> {
        let root = self.root.clone();
        blocking(move || files::space(&root)).await.ok()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.map_err(Error::internal)?
}
