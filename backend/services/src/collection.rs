//! What nothing needs any more: ended tags past their window, manifests that nothing keeps, links,
//! bytes, deleted repositories; and whether the bytes that are needed are there and right.
//!
//! Rows go in small transactions, each of which leaves a registry that is whole; bytes follow after a
//! grace period, in `object_sweep`. Whatever is interrupted goes on at the next turn.

mod orphans;
mod scrub;

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Error, Result};
use berth_store::collection::{self, Dismantled, Round};
use berth_store::{Tx, blobs, organizations};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use crate::core::Core;
use crate::uploads::Uploads;

/// Rows in one transaction: few enough that pushes hardly wait for it.
const BATCH: usize = 200;
/// Objects that are deleted at the same time: a bucket answers each in its own time.
const DELETIONS: usize = 16;
/// Length of a turn; what is left waits for the next, so that other periodic work gets its own.
const TURN: Duration = Duration::from_mins(1);

/// The collector.
#[derive(Clone)]
pub(crate) struct Collection {
    core: Arc<Core>,
    uploads: Uploads,
}

/// What a turn does, in this order: each makes work for the next.
#[derive(Debug, Clone, Copy)]
enum Step {
    ExpireTags,
    Tags,
    Manifests,
    Links,
}

impl Step {
    const fn noun(self) -> &'static str {
        match self {
            Self::ExpireTags => "expired_tags",
            Self::Tags => "tags",
            Self::Manifests => "manifests",
            Self::Links => "links",
        }
    }
}

/// The end of a turn.
struct Turn(Instant);

impl Turn {
    fn begin() -> Self {
        Self(Instant::now() + TURN)
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.0
    }
}

impl Collection {
    pub(crate) const fn new(core: Arc<Core>, uploads: Uploads) -> Self {
        Self { core, uploads }
    }

    /// Removes tags past the Time Machine's window, then manifests that nothing keeps, then links and
    /// with the last of them the blob.
    pub(crate) async fn collect(&self) -> Result<()> {
        let turn = Turn::begin();
        for step in [Step::ExpireTags, Step::Tags, Step::Manifests, Step::Links] {
            while !turn.is_over() {
                let round = self
                    .core
                    .db
                    .write_alone(async |tx| self.round(tx, step).await)
                    .await?;
                count(step.noun(), round.removed);
                if round.seen < BATCH {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn round(&self, tx: &mut Tx, step: Step) -> Result<Round> {
        let (now, settings) = (self.core.now(), &self.core.settings);
        match step {
            Step::ExpireTags => {
                let window = settings.push.time_machine;
                collection::end_expired_tags(tx, now, window, BATCH).await
            }
            Step::Tags => collection::delete_ended_tags(tx, now, BATCH).await,
            Step::Manifests => {
                // What a client saw a moment ago it may still name in its next manifest.
                let blobs_until = now.after(settings.push.lease);
                collection::collect_manifests(tx, now, blobs_until, BATCH).await
            }
            Step::Links => {
                let delete_after = now.after(settings.collection.grace);
                collection::collect_links(tx, now, delete_after, BATCH).await
            }
        }
    }

    /// Deletes objects whose rows are gone and whose grace is over.
    pub(crate) async fn sweep_objects(&self) -> Result<()> {
        let (turn, core) = (Turn::begin(), &self.core);
        while !turn.is_over() {
            let mut conn = core.db.read().await?;
            let discarded = blobs::discarded(&mut conn, core.now(), BATCH).await?;
            drop(conn);
            if discarded.is_empty() {
                break;
            }
            let deletions = discarded.into_iter().map(async |(id, key)| {
                core.storage.delete(&key).await?;
                Ok::<_, Error>(id)
            });
            let gone: Vec<_> = stream::iter(deletions)
                .buffer_unordered(DELETIONS)
                .try_collect()
                .await?;
            core.db
                .write_alone(async |tx| blobs::forget_discarded(tx, &gone).await)
                .await?;
            count("objects", gone.len());
        }
        Ok(())
    }

    /// Removes what deleted repositories hold, and then them.
    pub(crate) async fn dismantle_repositories(&self) -> Result<()> {
        let turn = Turn::begin();
        let core = &self.core;
        let mut waiting = Vec::new();
        while !turn.is_over() {
            let mut conn = core.db.read().await?;
            let next = collection::deleting_repository(&mut conn, &waiting).await?;
            drop(conn);
            let Some(repository) = next else { break };
            let dismantled = core
                .db
                .write_alone(async |tx| {
                    let now = core.now();
                    let delete_after = now.after(core.settings.collection.grace);
                    collection::dismantle(tx, repository, now, delete_after, BATCH).await
                })
                .await?;
            match dismantled {
                Dismantled::Partly => {}
                Dismantled::Wholly => count("repositories", 1),
                // An upload that a request still writes to goes with the end of that request; the other
                // repositories do not wait for it.
                Dismantled::Waiting => {
                    if self.uploads.sweep().await? == 0 {
                        waiting.push(repository);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Collection {
    /// Removes what deleted organizations hold beside repositories, and then them.
    pub(crate) async fn dismantle_organizations(&self) -> Result<()> {
        let (turn, core) = (Turn::begin(), &self.core);
        let mut waiting = Vec::new();
        while !turn.is_over() {
            let mut conn = core.db.read().await?;
            let next = organizations::deleting(&mut conn, &waiting).await?;
            drop(conn);
            let Some(organization) = next else { break };
            let dismantled = core
                .db
                .write_alone(async |tx| {
                    organizations::dismantle(tx, organization, core.now(), BATCH).await
                })
                .await?;
            match dismantled {
                Dismantled::Partly => {}
                Dismantled::Wholly => count("organizations", 1),
                Dismantled::Waiting => waiting.push(organization),
            }
        }
        Ok(())
    }
}

/// Progress, for `/metrics`.
fn count(noun: &'static str, removed: usize) {
    metrics::counter!("collected_total", "kind" => noun).increment(removed as u64);
}
