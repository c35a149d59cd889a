//! What happens in repositories, as it happens, on any replica.
//!
//! Each process reads the outbox while somebody is subscribed. Rows may commit out of the order of
//! their times, so the last seconds are read again each time. Every event passes the gate once more
//! for every subscriber, and a subscription ends with its session or right.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Digest, OutboxId, RepositoryId, Result, TagName, Timestamp};
use berth_store::{outbox, sessions};
use futures::Stream;
use serde::Deserialize;

use crate::access::repo;
use crate::actor::{Actor, Credential};
use crate::core::Core;

/// How often the outbox is read without a nudge from this process.
const POLL: Duration = Duration::from_millis(500);
/// How far back each read looks: longer than any write transaction takes.
const OVERLAP: Duration = Duration::from_secs(10);
/// Events in one read.
const BATCH: i64 = 500;

/// Subscriptions.
#[derive(Clone)]
pub struct Events {
    core: Arc<Core>,
}

/// Something happened in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryEvent {
    /// Which one.
    pub repository: RepositoryId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: Change,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A tag came or moved.
    TagPushed {
        /// Its name.
        name: TagName,
        /// What it points to.
        digest: Digest,
    },
    /// A tag was deleted.
    TagDeleted {
        /// Its name.
        name: TagName,
    },
    /// A deleted tag came back.
    TagRestored {
        /// Its name.
        name: TagName,
    },
    /// The repository was deleted; nothing follows.
    RepositoryDeleted,
}

#[derive(Deserialize)]
struct Payload {
    tag: Option<TagName>,
    manifest_digest: Option<Digest>,
}

fn change(event: &outbox::OutboxEvent) -> Option<Change> {
    let payload: Payload = serde_json::from_str(&event.payload).ok()?;
    match event.kind.as_str() {
        "push_repo" => Some(Change::TagPushed {
            name: payload.tag?,
            digest: payload.manifest_digest?,
        }),
        "delete_tag" => Some(Change::TagDeleted { name: payload.tag? }),
        "revert_tag" => Some(Change::TagRestored { name: payload.tag? }),
        "delete_repo" => Some(Change::RepositoryDeleted),
        _ => None,
    }
}

impl Events {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Everything that happens in a repository from now on.
    ///
    /// # Errors
    /// The gate's, at once; later the stream just ends when the right or the session is gone.
    pub async fn subscribe(
        &self,
        actor: Actor,
        repository: RepositoryId,
    ) -> Result<impl Stream<Item = RepositoryEvent> + Send + 'static> {
        let core = Arc::clone(&self.core);
        let mut conn = core.db.read().await?;
        core.gate
            .repository_by_id::<repo::Pull>(&mut conn, &actor, repository)
            .await?;
        drop(conn);
        let since = core.now();
        let state = Subscription {
            core,
            actor,
            repository,
            since,
            seen: HashSet::new(),
            ready: Vec::new(),
        };
        Ok(futures::stream::unfold(Some(state), |state| async move {
            state?.next().await
        }))
    }
}

struct Subscription {
    core: Arc<Core>,
    actor: Actor,
    repository: RepositoryId,
    since: Timestamp,
    seen: HashSet<OutboxId>,
    /// Events that wait to be handed out, the next one last.
    ready: Vec<RepositoryEvent>,
}

impl Subscription {
    /// The next event and the state behind it; `None` ends the stream.
    async fn next(mut self) -> Option<(RepositoryEvent, Option<Self>)> {
        loop {
            if let Some(event) = self.ready.pop() {
                let goes_on = event.change != Change::RepositoryDeleted;
                return Some((event, goes_on.then_some(self)));
            }
            let nudged = self.core.journal.published.notified();
            let _ = tokio::time::timeout(POLL, nudged).await;
            match self.read().await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(e) => {
                    tracing::warn!(error = ?e, "the outbox could not be read, subscribers wait");
                }
            }
        }
    }

    /// Reads what is new; tells whether the subscription goes on.
    async fn read(&mut self) -> Result<bool> {
        let now = self.core.now();
        let from = self.since.max(now.before(OVERLAP));
        let mut conn = self.core.db.read().await?;
        let events = outbox::since(&mut conn, from, BATCH).await?;
        let ours: Vec<_> = events
            .iter()
            .filter(|event| event.repository_id == Some(self.repository))
            .collect();
        let mut fresh: Vec<RepositoryEvent> = ours
            .iter()
            .filter(|event| !self.seen.contains(&event.id))
            .filter_map(|event| {
                Some(RepositoryEvent {
                    repository: self.repository,
                    at: event.occurred_at,
                    change: change(event)?,
                })
            })
            .collect();
        // Only what the next read can meet again has to be remembered.
        self.seen = ours.iter().map(|event| event.id).collect();
        if fresh.is_empty() {
            return Ok(true);
        }
        if let Credential::Session(id) = self.actor.credential()
            && !sessions::is_live(&mut conn, id, now).await?
        {
            return Ok(false);
        }
        let deleted = fresh
            .iter()
            .any(|event| event.change == Change::RepositoryDeleted);
        if !deleted {
            let gate = &self.core.gate;
            if gate
                .repository_by_id::<repo::Pull>(&mut conn, &self.actor, self.repository)
                .await
                .is_err()
            {
                return Ok(false);
            }
        }
        fresh.reverse();
        self.ready = fresh;
        Ok(true)
    }
}
