//! Objects in a bucket of S3 or of anything that speaks its protocol.
//!
//! Full parts go into a multipart upload; what stays short of a part becomes an object of its own,
//! the tail, that the next append reads back. So an upload continues on any replica, nothing but
//! its [`Write`] is shared, and a blob shorter than a part *is* its tail: one request, no copy.

mod config;
mod failure;
mod part;
mod upload;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::s3::Bucket;
use ::s3::error::S3Error;
use async_trait::async_trait;
use berth_domain::{Error, Result, Timestamp};
use futures::{StreamExt, stream};
use http::header::{HeaderMap, HeaderValue, RANGE};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

pub use self::config::S3Config;
use self::failure::Failures;
use crate::stream::{bounded, empty};
use crate::{ByteStream, Object, StorageDriver, Write, key};

/// What objects are uploaded as; a presigned URL names the type it shall be fetched as.
const CONTENT_TYPE: &str = "application/octet-stream";
/// How long the bucket may be silent while it sends an object.
const IDLE: Duration = Duration::from_mins(1);
/// How long the bucket may take to put the parts of a large object together; some copy them.
const COMPLETE: Duration = Duration::from_mins(15);
/// The longest life of a presigned URL.
const PRESIGN_SECONDS_MAX: u64 = 604_800;
/// The most keys a bucket lists in one answer.
const LIST_MAX: usize = 1000;

/// The S3 driver.
pub struct S3 {
    /// For requests that take a short, bounded time. Its connections are shared by all clones.
    bucket: Box<Bucket>,
    /// For objects on their way out, which take as long as the reader does.
    reading: Box<Bucket>,
    /// For completing an upload.
    completing: Box<Bucket>,
    failures: Failures,
    /// Bound of the part buffers in memory.
    buffers: Arc<Semaphore>,
    part_bytes: u64,
    /// Prefix of every key, empty or ending in a slash.
    prefix: String,
    /// Set when the probe has written once; from then on it only lists.
    proved_writable: AtomicBool,
}

impl S3 {
    /// Prepares the driver; nothing is sent before [`StorageDriver::check`] or the first use.
    pub fn new(config: &S3Config) -> Result<Self> {
        let bucket = config.bucket()?;
        let mut reading = bucket.clone();
        reading.set_request_timeout(None);
        let mut completing = bucket.clone();
        completing.set_request_timeout(Some(COMPLETE));
        Ok(Self {
            failures: Failures::new(config)?,
            buffers: Arc::new(Semaphore::new(config.part_buffers.max(1))),
            part_bytes: config.part_bytes(),
            prefix: config.prefix(),
            proved_writable: AtomicBool::new(false),
            bucket,
            reading,
            completing,
        })
    }

    /// Where an object lies in the bucket.
    fn path(&self, key: &str) -> Result<String> {
        Ok(format!("{}{}", self.prefix, key::checked(key)?))
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(key)?;
        self.failures
            .retrying("write an object", || {
                self.bucket
                    .put_object_with_content_type(&path, bytes, CONTENT_TYPE)
            })
            .await?;
        Ok(())
    }

    /// One page of keys behind `after`, and whether there are more.
    async fn page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<::s3::serde_types::Object>, bool)> {
        let after = after.map(|key| format!("{}{key}", self.prefix));
        let prefix = self.prefix.clone();
        let (page, _) = self
            .bucket
            .list_page(prefix, None, None, after, Some(limit.min(LIST_MAX)))
            .await
            .map_err(|error| self.failures.explain("list objects", error))?;
        Ok((page.contents, page.is_truncated))
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("bucket", &self.bucket.name())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageDriver for S3 {
    async fn append(&self, write: &mut Write, body: &mut ByteStream) -> Result<()> {
        self.append_parts(write, body).await
    }

    async fn finish(&self, write: Write) -> Result<String> {
        self.complete(write).await
    }

    async fn abort(&self, write: Write) -> Result<()> {
        if let Some(multipart) = &write.multipart {
            self.abort_multipart(&self.path(&write.key)?, &multipart.upload_id)
                .await?;
        }
        for key in write.keys() {
            self.delete(key).await?;
        }
        Ok(())
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<ByteStream>> {
        let path = self.path(key)?;
        let bucket = match range {
            None => self.reading.clone(),
            // HTTP cannot ask for no bytes at all.
            Some(range) if range.is_empty() => {
                return Ok(self.stat(key).await?.map(|_| empty()));
            }
            Some(Range { start, end }) => {
                let value = HeaderValue::from_str(&format!("bytes={start}-{}", end - 1))
                    .map_err(Error::internal)?;
                let headers = HeaderMap::from_iter([(RANGE, value)]);
                let ranged = self.reading.with_extra_headers(headers);
                Box::new(ranged.map_err(|error| self.failures.explain("read an object", error))?)
            }
        };
        let answer = match timeout(IDLE, bucket.get_object_stream(&path)).await {
            Err(elapsed) => return Err(Error::unavailable("storage", elapsed)),
            Ok(Err(error)) if failure::is_absent(&error) => return Ok(None),
            // The range starts behind the end of the object.
            Ok(Err(S3Error::HttpFailWithBody(416, _))) => return Ok(Some(empty())),
            Ok(answer) => answer.map_err(|error| self.failures.explain("read an object", error))?,
        };
        let failures = self.failures.clone();
        let chunks = stream::unfold(Some(answer.bytes), move |bytes| {
            let failures = failures.clone();
            async move {
                let mut bytes = bytes?;
                match timeout(IDLE, bytes.next()).await {
                    Ok(None) => None,
                    Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(bytes))),
                    Ok(Some(Err(error))) => {
                        Some((Err(failures.explain("read an object", error)), None))
                    }
                    Err(elapsed) => Some((Err(Error::unavailable("storage", elapsed)), None)),
                }
            }
        });
        Ok(Some(bounded(chunks)))
    }

    async fn stat(&self, key: &str) -> Result<Option<u64>> {
        match self.bucket.head_object(self.path(key)?).await {
            Ok((facts, _)) => {
                let size_bytes = facts
                    .content_length
                    .and_then(|size| u64::try_from(size).ok());
                size_bytes
                    .map(Some)
                    .ok_or_else(|| Error::internal("an object came without a length"))
            }
            Err(error) if failure::is_absent(&error) => Ok(None),
            Err(error) => Err(self.failures.explain("look at an object", error)),
        }
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        let deleted = self
            .failures
            .retrying_raw(|| self.bucket.delete_object(&path))
            .await;
        match deleted {
            Err(error) if !failure::is_absent(&error) => {
                Err(self.failures.explain("remove an object", error))
            }
            _ => Ok(()),
        }
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Object>> {
        let mut after = after.map(str::to_owned);
        if limit == 0 {
            return Ok(Vec::new());
        }
        loop {
            let (page, is_truncated) = self.page(after.as_deref(), limit).await?;
            let is_last = page.is_empty() || !is_truncated;
            let mut objects = Vec::with_capacity(page.len());
            for object in page {
                let name = object.key.strip_prefix(&self.prefix).unwrap_or(&object.key);
                after = Some(name.to_owned());
                if key::is_valid(name) {
                    objects.push(Object {
                        key: name.to_owned(),
                        size_bytes: object.size,
                        modified_at: instant(&object.last_modified)?,
                    });
                }
            }
            // A page of nothing but foreign keys is not the end.
            if !objects.is_empty() || is_last {
                return Ok(objects);
            }
        }
    }

    async fn abort_abandoned(&self, before: Timestamp) -> Result<u64> {
        let listed = self
            .bucket
            .list_multiparts_uploads(Some(&self.prefix), None)
            .await;
        let pages =
            listed.map_err(|error| self.failures.explain("list unfinished uploads", error))?;
        let mut aborted = 0;
        for upload in pages.into_iter().flat_map(|page| page.uploads) {
            let is_ours = upload
                .key
                .strip_prefix(&self.prefix)
                .is_some_and(key::is_valid);
            if is_ours && instant(&upload.initiated)? < before {
                self.abort_multipart(&upload.key, &upload.id).await?;
                aborted += 1;
            }
        }
        Ok(aborted)
    }

    async fn presigned_get(
        &self,
        key: &str,
        ttl: Duration,
        content_type: &str,
    ) -> Result<Option<Url>> {
        let seconds = ttl.as_secs().clamp(1, PRESIGN_SECONDS_MAX);
        let queries = [("response-content-type".to_owned(), content_type.to_owned())];
        let url = self
            .bucket
            .presign_get(
                self.path(key)?,
                u32::try_from(seconds).map_err(Error::internal)?,
                Some(queries.into_iter().collect()),
            )
            .await
            .map_err(|error| self.failures.explain("presign a URL", error))?;
        Url::parse(&url).map(Some).map_err(Error::internal)
    }

    async fn check(&self) -> Result<()> {
        let listed = self
            .bucket
            .list_page(self.prefix.clone(), None, None, None, Some(1))
            .await;
        listed.map_err(|error| self.failures.advise("s3:ListBucket", error))?;
        if !self.proved_writable.load(Ordering::Relaxed) {
            let path = self.path(&key::fresh())?;
            let put = self
                .bucket
                .put_object_with_content_type(&path, b"berth", CONTENT_TYPE)
                .await;
            put.map_err(|error| self.failures.advise("s3:PutObject", error))?;
            let deleted = self.bucket.delete_object(&path).await;
            deleted.map_err(|error| self.failures.advise("s3:DeleteObject", error))?;
            self.proved_writable.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn kind(&self) -> &'static str {
        "s3"
    }
}

/// Reads an instant of a listing.
fn instant(text: &str) -> Result<Timestamp> {
    let instant: jiff::Timestamp = text.parse().map_err(Error::internal)?;
    Ok(Timestamp(instant.as_millisecond()))
}
