//! Objects that no row names: what a crash between the bytes and the row has left.

use std::collections::HashSet;
use std::time::Duration;

use berth_domain::{BlobId, Error, Result, Timestamp};
use berth_storage::{Object, Write};
use berth_store::{collection, facts, uploads};

use super::{Collection, Turn, count};

/// Objects in one look.
const PAGE: usize = 1000;
/// Added to the life of an upload before an object that no row names counts as left behind, whatever
/// the clocks of the replicas and of the storage say.
const MARGIN: Duration = Duration::from_hours(24);
/// When this database swept for the first time, at its first start. What is older belongs to another
/// one: an empty database beside a full bucket is an operator's slip, and must not cost the images.
const SINCE: &str = "orphan_sweep_since";
/// Blobs in one turn.
const BLOBS: usize = 5_000;
/// Where the last turn stopped: a blob's row, 0 at the beginning.
const BLOB_CURSOR: &str = "orphan_sweep_after_blob";
/// Where the last turn stopped: a key, or nothing at the beginning.
const CURSOR: &str = "orphan_sweep_after";

impl Collection {
    /// Deletes objects of this registry that no row has named for days, and blobs that nothing links.
    /// Its cost follows the registry, so it goes on from turn to turn.
    pub(crate) async fn sweep_orphans(&self) -> Result<()> {
        let turn = Turn::begin();
        self.release_unlinked().await?;
        let first = self.core.now().0.to_string();
        let since = self
            .core
            .db
            .write(async |tx| facts::get_or_insert(tx, SINCE, &first).await)
            .await?;
        let since = Timestamp(since.parse().map_err(Error::internal)?);
        let mut after = {
            let mut conn = self.core.db.read().await?;
            facts::get(&mut conn, CURSOR)
                .await?
                .filter(|key| !key.is_empty())
        };
        loop {
            let page = self.core.storage.list(after.as_deref(), PAGE).await?;
            let last = page.last().map(|object| object.key.clone());
            self.delete_orphans(page, since).await?;
            let cursor = last.as_deref().unwrap_or_default();
            self.core
                .db
                .write(async |tx| facts::set(tx, CURSOR, cursor).await)
                .await?;
            if last.is_none() || turn.is_over() {
                return Ok(());
            }
            after = last;
        }
    }

    async fn delete_orphans(&self, page: Vec<Object>, since: Timestamp) -> Result<()> {
        let margin = self.core.settings.push.upload_life + MARGIN;
        let before = self.core.now().before(margin);
        let old: Vec<String> = page
            .into_iter()
            .filter(|object| (since..before).contains(&object.modified_at))
            .map(|object| object.key)
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        let mut conn = self.core.db.read().await?;
        // Uploads first: one that commits between the two questions is found by the second.
        let writes: Vec<Write> = uploads::open_writes(&mut conn)
            .await?
            .iter()
            .map(|state| Write::from_json(state))
            .collect::<Result<_>>()?;
        let open: HashSet<&str> = writes.iter().flat_map(Write::keys).collect();
        let known = collection::known_keys(&mut conn, &old).await?;
        drop(conn);
        for key in old {
            if known.contains(&key) || open.contains(key.as_str()) {
                continue;
            }
            tracing::info!(key, "deleting an object that no row names");
            self.core.storage.delete(&key).await?;
            count("orphans", 1);
        }
        Ok(())
    }

    /// Blobs lose their row with their last link; this finds any that did not, some thousands of blobs
    /// in a turn.
    async fn release_unlinked(&self) -> Result<()> {
        let core = &self.core;
        let mut conn = core.db.read().await?;
        let after = facts::get(&mut conn, BLOB_CURSOR).await?;
        let after = after.and_then(|id| id.parse().ok()).unwrap_or_default();
        let (unlinked, last) = collection::unlinked_blobs(&mut conn, BlobId(after), BLOBS).await?;
        drop(conn);
        let cursor = last.map_or(0, |blob| blob.0).to_string();
        let now = core.now();
        let delete_after = now.after(core.settings.collection.grace);
        let released = core
            .db
            .write_alone(async |tx| {
                facts::set(tx, BLOB_CURSOR, &cursor).await?;
                collection::release_blobs(tx, unlinked.iter().copied(), now, delete_after).await
            })
            .await?;
        count("blobs", released);
        Ok(())
    }
}
