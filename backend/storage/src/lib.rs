//! Bytes: the [`StorageDriver`] contract and its filesystem, S3 and memory drivers.
//!
//! Invariants: an object is written once, under an opaque key that the database holds, and never
//! changes after [`StorageDriver::finish`]; committing copies nothing; the memory that one stream
//! takes is bounded; no error and no log line carries a credential. Only this crate knows which
//! disk or bucket runs. `tests/it` holds the contract that every driver passes.

mod filesystem;
mod key;
mod memory;
mod s3;
mod shared;
mod stream;
mod write;

use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use berth_domain::{Result, Timestamp};
use bytes::Bytes;
use futures::Stream;
use url::Url;

#[cfg(feature = "faults")]
pub use filesystem::Synced;
pub use filesystem::{Filesystem, FilesystemConfig};
pub use memory::Memory;
pub use s3::{S3, S3Config};
pub use shared::Storage;
#[cfg(feature = "faults")]
pub use shared::caller;
pub use write::Write;

/// Bytes on their way, in chunks; an error ends the stream.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// An object as [`StorageDriver::list`] sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Key to read or delete it by.
    pub key: String,
    /// Its length.
    pub size_bytes: u64,
    /// When it was last written, by the clock of the disk or bucket.
    pub modified_at: Timestamp,
}

/// Room on the disk that holds the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What this process may still write.
    pub free_bytes: u64,
    /// Size of the whole filesystem.
    pub total_bytes: u64,
}

/// Where bytes are kept.
///
/// A write goes `begin`, any number of `append`s on any replica, then `finish` or `abort`. Between
/// them its whole state is the [`Write`], which the caller persists. The rules for the caller:
///
/// - One `append` of a write at a time (a lease in the database sees to it). An append that lost
///   its lease cannot spoil the bytes of its successor: the disk driver holds a file lock, on S3 a
///   part that changed underneath makes `finish` fail.
/// - Before the next call on a write, either persist what `append` left in `&mut Write`, or go on
///   from the value that was persisted last. Older values are void.
///
/// Errors: no room is `StorageFull`; a bucket that does not answer, or answers 5xx, is
/// `Unavailable`; an error of the body passes unchanged; bytes of an unfinished write that
/// disappeared (a crash of the machine, a bucket's lifecycle rule) are `Hidden(Noun::Upload)`, and
/// the client has to start again; anything else is `Internal`.
#[async_trait]
pub trait StorageDriver: Send + Sync + 'static {
    /// A new write under a key nobody can guess. Nothing is written yet.
    fn begin(&self) -> Write {
        Write::new()
    }

    /// Takes the whole body at `write.offset_bytes()`; bytes beyond that, left by an append whose
    /// outcome was never persisted, are overwritten or cut off.
    ///
    /// After success, or after an error of the *body*, the write stands exactly behind the bytes
    /// the body yielded, and they are safe to resume from. After an error of the *storage* it may
    /// stand anywhere between there and where it stood before: a caller that cannot use such an
    /// offset (say, because it hashes along) drops this value and keeps the one it persisted.
    async fn append(&self, write: &mut Write, body: &mut ByteStream) -> Result<()>;

    /// [`StorageDriver::append`] for a body that nothing comes after: unless the body fails, its bytes
    /// need not be safe before [`StorageDriver::finish`] has returned, and the write that this leaves
    /// is for `finish` or `abort` alone.
    async fn append_last(&self, write: &mut Write, body: &mut ByteStream) -> Result<()> {
        self.append(write, body).await
    }

    /// Makes the bytes durable and readable and returns the key to read them by, which may differ
    /// from [`Write::key`]. May be repeated with the same value when the first answer was lost, and
    /// deletes nothing: what is left over is for the caller, [`Write::leftovers`].
    async fn finish(&self, write: Write) -> Result<String>;

    /// Removes whatever the write has left, finished or not; done again, it does nothing.
    /// Never for a write whose finished key a row refers to.
    async fn abort(&self, write: Write) -> Result<()>;

    /// Streams an object, or the part of it that `range` names, in chunks of at most 128 KiB.
    /// A range is cut at the end of the object. `None` when there is no such object.
    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<ByteStream>>;

    /// Length of an object; `None` when there is none.
    async fn stat(&self, key: &str) -> Result<Option<u64>>;

    /// Removes an object; one that is absent is no error.
    async fn delete(&self, key: &str) -> Result<()>;

    /// Objects in the order of their keys, those behind `after`, at most `limit`: for a sweep that
    /// looks for what no row refers to. Includes what unfinished writes hold ([`Write::keys`]).
    /// Only an empty answer is the end.
    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Object>>;

    /// Ends unfinished uploads that the driver began before an instant and that no [`Write`] may
    /// still refer to; returns how many. Only S3 has any.
    async fn abort_abandoned(&self, _before: Timestamp) -> Result<u64> {
        Ok(0)
    }

    /// A URL from which anybody can fetch the object for a while, where the driver has such.
    /// `ttl` is cut at a week.
    async fn presigned_get(
        &self,
        key: &str,
        ttl: Duration,
        content_type: &str,
    ) -> Result<Option<Url>>;

    /// Tells whether bytes can be written and read now, for start-up and the readiness probe.
    /// The source of the error says what to mend.
    async fn check(&self) -> Result<()>;

    /// Name of the driver for logs and the health page.
    fn kind(&self) -> &'static str;

    /// Room left, where that can be known.
    async fn free_space(&self) -> Option<Space> {
        None
    }
}
