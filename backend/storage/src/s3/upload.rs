//! Writing: parts, tails, and putting them together.

use ::s3::serde_types::Part;
use berth_domain::{Error, Noun, Result};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::config::PARTS_MAX;
use super::part::PartBuffer;
use super::{CONTENT_TYPE, S3, failure};
use crate::write::{Multipart, Tail};
use crate::{ByteStream, StorageDriver, Write, key};

impl S3 {
    /// [`StorageDriver::append`].
    pub(super) async fn append_parts(
        &self,
        write: &mut Write,
        body: &mut ByteStream,
    ) -> Result<()> {
        // A body without bytes, as of a closing PUT, must not cost a round trip of the tail.
        let Some(mut chunk) = next_chunk(body).await.transpose()? else {
            return Ok(());
        };
        if let Some(superseded) = &write.superseded {
            self.delete(superseded).await?;
            write.superseded = None;
        }
        let mut part = self.tail_buffer(write).await?;
        let outcome = loop {
            while !chunk.is_empty() {
                let piece = chunk.split_to(chunk.len().min(part.room()));
                part.push(&piece).await?;
                if part.room() == 0 {
                    self.send_part(write, part.take()).await?;
                }
            }
            match next_chunk(body).await {
                Some(Ok(next)) => chunk = next,
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        if !part.is_empty() {
            let bytes = part.take();
            let tail = Tail {
                key: key::fresh(),
                size_bytes: bytes.len() as u64,
            };
            self.put(&tail.key, &bytes).await?;
            write.replace_tail(Some(tail));
        }
        outcome
    }

    /// [`StorageDriver::finish`].
    pub(super) async fn complete(&self, write: Write) -> Result<String> {
        Ok(match (&write.multipart, &write.tail) {
            (None, Some(tail)) => tail.key.clone(),
            (None, None) => {
                self.put(&write.key, b"").await?;
                write.key
            }
            (Some(multipart), _) => {
                if let Err(error) = self.complete_multipart(&write, multipart).await {
                    // Done before, and only the answer was lost?
                    if self.stat(&write.key).await? != Some(write.offset_bytes) {
                        return Err(error);
                    }
                }
                write.key
            }
        })
    }

    /// Ends a multipart upload without an object; one that is gone is no error.
    pub(super) async fn abort_multipart(&self, path: &str, upload_id: &str) -> Result<()> {
        let aborted = self
            .failures
            .retrying_raw(|| self.bucket.abort_upload(path, upload_id))
            .await;
        match aborted {
            Err(error) if !failure::is_absent(&error) => {
                Err(self.failures.explain("abort an upload", error))
            }
            _ => Ok(()),
        }
    }

    async fn complete_multipart(&self, write: &Write, multipart: &Multipart) -> Result<()> {
        let path = self.path(&write.key)?;
        let mut etags = multipart.etags.clone();
        if write.tail.is_some() {
            let mut last = self.tail_buffer(write).await?;
            etags.push(self.put_part(&path, multipart, last.take()).await?);
        }
        let parts: Vec<Part> = (1..)
            .zip(etags)
            .map(|(part_number, etag)| Part { part_number, etag })
            .collect();
        self.failures
            .retrying("complete an upload", || {
                self.completing.complete_multipart_upload(
                    &path,
                    &multipart.upload_id,
                    parts.clone(),
                )
            })
            .await?;
        Ok(())
    }

    /// A buffer that starts with the tail, if there is one.
    async fn tail_buffer(&self, write: &Write) -> Result<PartBuffer> {
        let part_bytes = write
            .multipart
            .as_ref()
            .map_or(self.part_bytes, |parts| parts.part_bytes);
        // A tail may come from a time when parts were larger; then this one part is larger too.
        let tail_bytes = write.tail.as_ref().map_or(0, |tail| tail.size_bytes);
        let mut part = PartBuffer::new(part_bytes.max(tail_bytes + 1), &self.buffers)?;
        let Some(tail) = &write.tail else {
            return Ok(part);
        };
        let lost = || {
            tracing::warn!(
                storage.key = tail.key,
                "the tail of an upload is gone; its client has to start again"
            );
            Error::Hidden(Noun::Upload)
        };
        let mut bytes = self.read(&tail.key, None).await?.ok_or_else(lost)?;
        let mut read_bytes = 0;
        while let Some(chunk) = bytes.try_next().await? {
            read_bytes += chunk.len() as u64;
            if read_bytes > tail.size_bytes {
                break;
            }
            part.push(&chunk).await?;
        }
        if read_bytes == tail.size_bytes {
            Ok(part)
        } else {
            Err(lost())
        }
    }

    /// Sends a full part, the first one after opening the multipart upload, and advances the write.
    async fn send_part(&self, write: &mut Write, bytes: Vec<u8>) -> Result<()> {
        let path = self.path(&write.key)?;
        let multipart = match &mut write.multipart {
            Some(multipart) => multipart,
            none => none.insert(self.open_multipart(&path, bytes.len() as u64).await?),
        };
        let etag = self.put_part(&path, multipart, bytes).await?;
        multipart.etags.push(etag);
        write.replace_tail(None);
        Ok(())
    }

    async fn open_multipart(&self, path: &str, part_bytes: u64) -> Result<Multipart> {
        // Opened twice when an answer is lost, and then the first one is abandoned.
        let opened = self
            .failures
            .retrying("begin an upload", || {
                self.bucket.initiate_multipart_upload(path, CONTENT_TYPE)
            })
            .await?;
        Ok(Multipart {
            upload_id: opened.upload_id,
            part_bytes,
            etags: Vec::new(),
        })
    }

    /// Sends the next part and returns its receipt.
    async fn put_part(&self, path: &str, multipart: &Multipart, bytes: Vec<u8>) -> Result<String> {
        let number = multipart.etags.len() as u64 + 1;
        if number > PARTS_MAX {
            return Err(Error::TooLarge {
                what: "blob",
                max_bytes: PARTS_MAX * multipart.part_bytes,
                actual_bytes: multipart.size_bytes() + bytes.len() as u64,
            });
        }
        let number = u32::try_from(number).map_err(Error::internal)?;
        let sent = self
            .bucket
            .put_multipart_chunk(bytes, path, number, &multipart.upload_id, CONTENT_TYPE)
            .await;
        match sent {
            Ok(part) => Ok(part.etag),
            // A bucket that refuses before it has read a part breaks the connection, and what it said is lost.
            Err(error) if failure::is_unanswered(&error) && self.is_complete(path).await => {
                tracing::warn!(
                    storage.path = path,
                    "an upload was put together already; its client has to start again"
                );
                Err(Error::Hidden(Noun::Upload))
            }
            Err(error) => Err(self.failures.explain("write a part", error)),
        }
    }

    /// Whether the object of an upload is there, so that nothing can be added to it.
    async fn is_complete(&self, path: &str) -> bool {
        self.bucket.head_object(path).await.is_ok()
    }
}

/// The next chunk that has bytes in it.
async fn next_chunk(body: &mut ByteStream) -> Option<Result<Bytes>> {
    loop {
        match body.next().await {
            Some(Ok(bytes)) if bytes.is_empty() => {}
            next => return next,
        }
    }
}
