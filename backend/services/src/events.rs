//! What happens in repositories and in the bell, as it happens, on any replica.
//!
//! Each process reads the outbox while somebody is subscribed. Rows may commit out of the order of
//! their times, so the last seconds are read again each time. Every event passes the gate once more
//! for every subscriber, and a subscription ends with its session, token or right.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{AccountId, Digest, OutboxId, RepositoryId, Result, TagName, Timestamp};
use berth_store::{Conn, oauth, outbox, sessions, users};
use futures::Stream;
use serde::Deserialize;

use crate::access::repo;
use crate::actor::{Actor, Credential};
use crate::core::Core;
use crate::notifications::{NotificationView, PUBLISHED};

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
        Ok(stream(RepositorySubscription {
            feed: Feed::new(core),
            actor,
            repository,
            ready: VecDeque::new(),
            is_over: false,
        }))
    }

    /// Everything that the actor is told in the bell from now on.
    ///
    /// # Errors
    /// An actor without a bell, at once; later the stream just ends when the session, the token or the account is gone.
    #[expect(clippy::unused_async, reason = "as the other subscription")]
    pub async fn subscribe_bell(
        &self,
        actor: Actor,
    ) -> Result<impl Stream<Item = NotificationView> + Send + 'static> {
        let account = self.core.gate.view_account(&actor)?.id;
        Ok(stream(BellSubscription {
            feed: Feed::new(Arc::clone(&self.core)),
            actor,
            account,
            ready: VecDeque::new(),
        }))
    }
}

/// One subscriber's way through the outbox.
struct Feed {
    core: Arc<Core>,
    since: Timestamp,
    seen: HashSet<OutboxId>,
}

impl Feed {
    fn new(core: Arc<Core>) -> Self {
        let since = core.now();
        Self {
            core,
            since,
            seen: HashSet::new(),
        }
    }

    /// Waits until there may be something new.
    async fn pause(&self) {
        let nudged = self.core.journal.published.notified();
        let _ = tokio::time::timeout(POLL, nudged).await;
    }

    /// What is new and ours, oldest first.
    async fn fresh(
        &mut self,
        conn: &mut Conn,
        is_ours: impl Fn(&outbox::OutboxEvent) -> bool,
    ) -> Result<Vec<outbox::OutboxEvent>> {
        let from = self.since.max(self.core.now().before(OVERLAP));
        let events = outbox::since(conn, from, BATCH).await?;
        let ours: Vec<_> = events.into_iter().filter(is_ours).collect();
        // Only what the next read can meet again has to be remembered.
        let known = std::mem::take(&mut self.seen);
        self.seen = ours.iter().map(|event| event.id).collect();
        let fresh = ours.into_iter();
        Ok(fresh.filter(|event| !known.contains(&event.id)).collect())
    }
}

/// Somebody who waits for events of one kind.
trait Subscription: Send + Sized + 'static {
    type Item: Send;

    fn feed(&self) -> &Feed;

    /// The next event that was read and not handed out yet.
    fn next_ready(&mut self) -> Option<Self::Item>;

    /// Whether nothing follows what was handed out.
    fn is_over(&self) -> bool {
        false
    }

    /// Reads what is new; tells whether the subscription goes on.
    fn read(&mut self) -> impl Future<Output = Result<bool>> + Send;
}

fn stream<S: Subscription>(subscription: S) -> impl Stream<Item = S::Item> + Send + 'static {
    futures::stream::unfold(Some(subscription), |subscription| async move {
        next(subscription?).await
    })
}

/// The next event and the state behind it; `None` ends the stream.
async fn next<S: Subscription>(mut subscription: S) -> Option<(S::Item, Option<S>)> {
    loop {
        if let Some(event) = subscription.next_ready() {
            let goes_on = !subscription.is_over();
            return Some((event, goes_on.then_some(subscription)));
        }
        subscription.feed().pause().await;
        match subscription.read().await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(e) => {
                tracing::warn!(error = ?e, "the outbox could not be read, subscribers wait");
            }
        }
    }
}

/// Whether what proved who the actor is still does.
async fn is_still_proven(conn: &mut Conn, actor: &Actor, now: Timestamp) -> Result<bool> {
    match actor.credential() {
        Credential::Session(id) => sessions::is_live(conn, id, now).await,
        Credential::OAuth(id) => {
            let token = oauth::by_id(conn, id).await?;
            Ok(token.is_some_and(|(token, _)| token.expires_at > now))
        }
        Credential::None | Credential::AppToken(_) | Credential::Basic | Credential::Local => {
            Ok(true)
        }
    }
}

struct RepositorySubscription {
    feed: Feed,
    actor: Actor,
    repository: RepositoryId,
    ready: VecDeque<RepositoryEvent>,
    /// The repository was deleted.
    is_over: bool,
}

impl Subscription for RepositorySubscription {
    type Item = RepositoryEvent;

    fn feed(&self) -> &Feed {
        &self.feed
    }

    fn next_ready(&mut self) -> Option<RepositoryEvent> {
        let event = self.ready.pop_front()?;
        self.is_over = event.change == Change::RepositoryDeleted;
        Some(event)
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    async fn read(&mut self) -> Result<bool> {
        let core = Arc::clone(&self.feed.core);
        let repository = self.repository;
        let mut conn = core.db.read().await?;
        let ours = |event: &outbox::OutboxEvent| event.repository_id == Some(repository);
        let fresh = self.feed.fresh(&mut conn, ours).await?;
        let events = fresh.iter().filter_map(|event| {
            Some(RepositoryEvent {
                repository,
                at: event.occurred_at,
                change: change(event)?,
            })
        });
        let events: VecDeque<RepositoryEvent> = events.collect();
        if events.is_empty() {
            return Ok(true);
        }
        if !is_still_proven(&mut conn, &self.actor, core.now()).await? {
            return Ok(false);
        }
        let deleted = events
            .iter()
            .any(|event| event.change == Change::RepositoryDeleted);
        if !deleted {
            let gate = &core.gate;
            let seen = gate
                .repository_by_id::<repo::Pull>(&mut conn, &self.actor, repository)
                .await;
            if seen.is_err() {
                return Ok(false);
            }
        }
        self.ready = events;
        Ok(true)
    }
}

struct BellSubscription {
    feed: Feed,
    actor: Actor,
    account: AccountId,
    ready: VecDeque<NotificationView>,
}

#[derive(Deserialize)]
struct Told {
    uuid: String,
}

impl Subscription for BellSubscription {
    type Item = NotificationView;

    fn feed(&self) -> &Feed {
        &self.feed
    }

    fn next_ready(&mut self) -> Option<NotificationView> {
        self.ready.pop_front()
    }

    async fn read(&mut self) -> Result<bool> {
        let core = Arc::clone(&self.feed.core);
        let account = self.account;
        let mut conn = core.db.read().await?;
        let ours = |event: &outbox::OutboxEvent| {
            event.kind == PUBLISHED && event.namespace_id == Some(account)
        };
        let fresh = self.feed.fresh(&mut conn, ours).await?;
        if fresh.is_empty() {
            return Ok(true);
        }
        let user = users::by_ids(&mut conn, &[account]).await?;
        let is_let_in = user.values().any(|(account, _)| account.enabled);
        if !is_let_in || !is_still_proven(&mut conn, &self.actor, core.now()).await? {
            return Ok(false);
        }
        for event in fresh {
            let Ok(Told { uuid }) = serde_json::from_str(&event.payload) else {
                continue;
            };
            // What was withdrawn or put away meanwhile is no news.
            let found = Core::notification(&mut conn, account, &uuid).await?;
            self.ready.extend(found.filter(|found| !found.dismissed));
        }
        Ok(true)
    }
}
