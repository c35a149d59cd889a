//! Whether stored bytes are still there and still have their digest.

use std::time::Duration;

use berth_domain::Result;
use berth_store::blobs::{self, Blob};

use super::{Collection, Turn};
use crate::uploads::hashing::Hash;

/// Blobs that are asked for at once.
const BATCH: i64 = 20;
/// Lost bytes are looked for again this often: a disk that was not mounted comes back.
const LOST_INTERVAL: Duration = Duration::from_hours(1);

/// What became of stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bytes {
    Right,
    Missing,
    Wrong,
}

impl Bytes {
    const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
        }
    }
}

impl Collection {
    /// Reads and hashes the objects that nobody has looked at for longest. Bytes that are missing or
    /// wrong are marked as lost: pulls say that the blob is unknown, so the next push brings it anew.
    /// Nothing is deleted; bytes that turn up again are used again.
    pub(crate) async fn scrub(&self) -> Result<()> {
        let turn = Turn::begin();
        let interval = self.core.settings.collection.scrub_interval;
        for (interval, only_lost) in [(LOST_INTERVAL.min(interval), true), (interval, false)] {
            loop {
                let before = self.core.now().before(interval);
                let mut conn = self.core.db.read().await?;
                let batch = blobs::unchecked(&mut conn, before, only_lost, BATCH).await?;
                drop(conn);
                if batch.is_empty() {
                    break;
                }
                for blob in batch {
                    if turn.is_over() {
                        return Ok(());
                    }
                    self.check(&blob).await?;
                }
            }
        }
        Ok(())
    }

    async fn check(&self, blob: &Blob) -> Result<()> {
        let found = self.look_at(blob).await?;
        metrics::counter!("storage_scrubbed_total", "result" => found.name()).increment(1);
        if found != Bytes::Right {
            tracing::error!(
                blob.digest = %blob.digest,
                key = blob.key,
                found = found.name(),
                "stored bytes are lost; the next push of this content replaces them"
            );
        }
        let now = self.core.now();
        self.core
            .db
            .write(async |tx| blobs::checked(tx, blob, found == Bytes::Right, now).await)
            .await
    }

    async fn look_at(&self, blob: &Blob) -> Result<Bytes> {
        let Some(bytes) = self.core.storage.read(&blob.key, None).await? else {
            // Storage that is not there at all has lost nothing.
            self.core.storage.check().await?;
            return Ok(Bytes::Missing);
        };
        let actual = Hash::of(blob.digest.algorithm(), bytes).await?;
        Ok(if actual == blob.digest {
            Bytes::Right
        } else {
            Bytes::Wrong
        })
    }
}
