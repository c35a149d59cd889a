//! One request's turn on an upload: the lease, the bytes, the row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use berth_domain::{Algorithm, Digest, Error, Noun, Result, Timestamp, UploadState};
use berth_storage::{ByteStream, Write};
use berth_store::blobs;
use berth_store::uploads::{self, Progress, Upload};
use bytes::Bytes;
use futures::{Stream, StreamExt};

use super::LEASE;
use super::hashing::Hash;
use crate::core::Core;

/// The right to write to an upload, and everything needed for it.
pub(super) struct Lease {
    core: Arc<Core>,
    holder: String,
    upload: Upload,
    write: Write,
    hash: Option<Hash>,
    /// When it was last known to be held.
    held_at: Timestamp,
}

/// The body as it passes: hashed, counted, and remembered to have failed.
struct Metered {
    body: ByteStream,
    hash: Arc<std::sync::Mutex<Hash>>,
    taken_bytes: u64,
    bytes_max: u64,
    failed: Arc<AtomicBool>,
}

impl Metered {
    fn meter(&mut self, item: Result<Bytes>) -> Result<Bytes> {
        let item = item.and_then(|chunk| {
            self.taken_bytes += chunk.len() as u64;
            if self.taken_bytes > self.bytes_max {
                return Err(Error::TooLarge {
                    what: "the layer",
                    max_bytes: self.bytes_max,
                    actual_bytes: self.taken_bytes,
                });
            }
            if let Ok(mut hash) = self.hash.lock() {
                hash.update(&chunk);
            }
            Ok(chunk)
        });
        if item.is_err() {
            self.failed.store(true, Ordering::SeqCst);
        }
        item
    }
}

impl Stream for Metered {
    type Item = Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.body
            .poll_next_unpin(cx)
            .map(|item| item.map(|item| self.meter(item)))
    }
}

impl Lease {
    pub(super) const fn new(
        core: Arc<Core>,
        holder: String,
        upload: Upload,
        write: Write,
        hash: Option<Hash>,
        held_at: Timestamp,
    ) -> Self {
        Self {
            core,
            holder,
            upload,
            write,
            hash,
            held_at,
        }
    }

    /// Takes a chunk and moves the row forward; returns where the upload stands then.
    pub(super) async fn append(mut self, body: ByteStream) -> Result<u64> {
        match self.take(body, false).await {
            Ok(()) => {
                self.advance().await?;
                Ok(self.write.offset_bytes())
            }
            Err(e) => Err(self.after_failure(e).await),
        }
    }

    /// Takes the last chunk, checks the digest, makes the bytes durable and then the rows.
    pub(super) async fn commit(mut self, body: ByteStream, digest: Digest) -> Result<()> {
        if self.write.offset_bytes() == 0 {
            // Nothing is hashed yet, and now it is known which algorithm counts.
            self.hash = Some(Hash::new(digest.algorithm()));
        }
        if let Err(e) = self.take(body, true).await {
            return Err(self.after_failure(e).await);
        }
        let hashed = self.hash()?.digest();
        let is_other_algorithm = hashed.algorithm() != digest.algorithm();
        if !is_other_algorithm && hashed != digest {
            return Err(self.refuse(digest, hashed).await);
        }
        // Bytes before rows: from here on they survive a power cut, whether a row names them or not.
        let core = Arc::clone(&self.core);
        let finish = core.storage.finish(self.write.clone());
        let finished = self.renewing(finish).await;
        let result = match finished {
            Ok(key) if is_other_algorithm => {
                match self.renewing(rehash(&core, &key, digest.algorithm())).await {
                    Ok(actual) if actual != digest => {
                        return Err(self.refuse(digest, actual).await);
                    }
                    Ok(_) => self.insert_blob(&digest, &key).await,
                    Err(e) => Err(e),
                }
            }
            Ok(key) => self.insert_blob(&digest, &key).await,
            Err(e) => Err(e),
        };
        if result.is_err() {
            // The row still stands where it stood before this request, which can be sent again.
            self.release().await;
        }
        result
    }

    /// Ends an upload whose content is not what was announced.
    async fn refuse(self, expected: Digest, actual: Digest) -> Error {
        match self.end(UploadState::Cancelled).await {
            Ok(()) => Error::DigestMismatch { expected, actual },
            Err(e) => e,
        }
    }

    async fn insert_blob(&self, digest: &Digest, key: &str) -> Result<()> {
        let size_bytes = i64::try_from(self.write.offset_bytes()).map_err(Error::internal)?;
        let core = &self.core;
        let now = core.now();
        let keep_until = now.after(core.settings.push.lease);
        core.db
            .write(async |tx| {
                if !uploads::end(tx, self.upload.id, &self.holder, UploadState::Committed).await? {
                    return Err(Error::UploadBusy);
                }
                let new = blobs::insert(tx, digest, size_bytes, key, now).await?;
                let blob = if let Some(blob) = new {
                    blob
                } else {
                    let blob = blobs::by_digest(tx, digest).await?;
                    // The same content is here already: ours goes, unless it makes good a loss.
                    let lost = blobs::replace_lost(tx, blob, key, now).await?;
                    blobs::discard(tx, lost.as_deref().unwrap_or(key), now, now).await?;
                    blob
                };
                for leftover in self.write.leftovers(key) {
                    blobs::discard(tx, leftover, now, now).await?;
                }
                blobs::link(tx, self.upload.repository_id, blob, keep_until).await
            })
            .await
    }

    /// Ends the upload and removes what it has left.
    pub(super) async fn end(self, state: UploadState) -> Result<()> {
        let ended = self
            .core
            .db
            .write(async |tx| uploads::end(tx, self.upload.id, &self.holder, state).await)
            .await?;
        if !ended {
            return Err(Error::UploadBusy);
        }
        // The row is gone for clients; bytes that cannot be removed now are found by the sweep.
        if let Err(e) = self.core.storage.abort(self.write).await {
            tracing::warn!(upload.uuid = self.upload.uuid, error = ?e, "bytes of an ended upload are left to the sweep");
        }
        Ok(())
    }

    fn hash(&self) -> Result<&Hash> {
        self.hash
            .as_ref()
            .ok_or_else(|| Error::not_found(Noun::Upload, &self.upload.uuid))
    }

    /// Streams the body behind what is there. After an error of the body itself, `write` and `hash`
    /// stand behind the bytes that arrived; after an error of the storage they stand where they stood.
    async fn take(&mut self, body: ByteStream, is_last: bool) -> Result<()> {
        let mut body = body.peekable();
        let mut peeked = std::pin::Pin::new(&mut body);
        // A client may take its time with the first byte too.
        let peek = async { Ok(peeked.as_mut().peek().await.is_none()) };
        if self.renewing(peek).await? {
            return Ok(());
        }
        let before = self.hash()?.clone();
        let hash = Arc::new(std::sync::Mutex::new(before.clone()));
        let failed = Arc::new(AtomicBool::new(false));
        let mut metered: ByteStream = Metered {
            body: body.boxed(),
            hash: Arc::clone(&hash),
            taken_bytes: self.write.offset_bytes(),
            bytes_max: self.core.settings.push.layer_bytes_max,
            failed: Arc::clone(&failed),
        }
        .boxed();
        let mut write = self.write.clone();
        let core = Arc::clone(&self.core);
        let append = if is_last {
            core.storage.append_last(&mut write, &mut metered)
        } else {
            core.storage.append(&mut write, &mut metered)
        };
        let result = self.renewing(append).await;
        drop(metered);
        if result.is_ok() || failed.load(Ordering::SeqCst) {
            self.write = write;
            self.hash = hash.lock().ok().map(|hash| hash.clone());
        }
        result
    }

    /// Keeps the lease alive while `work` runs. Work that would begin long after the lease was last
    /// known to be held begins with a look at it: whoever took it over may have finished the upload,
    /// and then the bytes are no longer ours to touch.
    async fn renewing<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.core.now() >= self.held_at.after(LEASE / 3) {
            self.renew().await?;
        }
        tokio::pin!(work);
        let mut turn = tokio::time::interval(LEASE / 3);
        turn.tick().await;
        loop {
            tokio::select! {
                result = &mut work => return result,
                _ = turn.tick() => match self.renew().await {
                    // One missed renewal costs nothing; the lease spans three.
                    Err(e) if !matches!(e, Error::UploadBusy) => {
                        tracing::warn!(upload.uuid = self.upload.uuid, error = ?e, "lease was not renewed");
                    }
                    renewed => renewed?,
                }
            }
        }
    }

    /// Holds the lease for longer, or tells that it is lost.
    async fn renew(&mut self) -> Result<()> {
        let now = self.core.now();
        let (id, holder, until) = (self.upload.id, &self.holder, now.after(LEASE));
        let renewed = self
            .core
            .db
            .write_relaxed(async |tx| uploads::renew(tx, id, holder, until).await)
            .await?;
        if !renewed {
            return Err(Error::UploadBusy);
        }
        self.held_at = now;
        Ok(())
    }

    fn progress(&self) -> Result<Progress> {
        Ok(Progress {
            offset_bytes: i64::try_from(self.write.offset_bytes()).map_err(Error::internal)?,
            hash_state: self.hash()?.to_text(),
            write_state: self.write.to_json()?,
            expires_at: self.core.now().after(self.core.settings.push.upload_life),
        })
    }

    async fn advance(&self) -> Result<()> {
        let progress = self.progress()?;
        let advanced = self
            .core
            .db
            .write(async |tx| uploads::advance(tx, self.upload.id, &self.holder, &progress).await)
            .await?;
        if advanced {
            Ok(())
        } else {
            Err(Error::UploadBusy)
        }
    }

    /// Writes down what is safe and gives the lease back; a layer over the limit ends the upload.
    async fn after_failure(self, error: Error) -> Error {
        if matches!(error, Error::TooLarge { .. }) {
            return self
                .end(UploadState::Cancelled)
                .await
                .err()
                .unwrap_or(error);
        }
        if self.hash.is_some() {
            if let Err(e) = self.advance().await {
                tracing::warn!(upload.uuid = self.upload.uuid, error = ?e, "progress of an upload was not written down");
            }
        } else {
            self.release().await;
        }
        error
    }

    /// Gives the lease back and leaves the row as it is.
    async fn release(&self) {
        let now = self.core.now();
        let released = self
            .core
            .db
            .write_relaxed(async |tx| uploads::renew(tx, self.upload.id, &self.holder, now).await)
            .await;
        if let Err(e) = released {
            tracing::warn!(upload.uuid = self.upload.uuid, error = ?e, "lease was not given back; it runs out by itself");
        }
    }
}

/// Reads finished bytes again, for a digest of another algorithm than they were hashed with:
/// clients need not say beforehand which one they will finish with.
async fn rehash(core: &Core, key: &str, algorithm: Algorithm) -> Result<Digest> {
    let bytes = core.storage.read(key, None).await?;
    let bytes = bytes.ok_or_else(|| Error::internal(format!("no object under {key}")))?;
    Hash::of(algorithm, bytes).await
}
