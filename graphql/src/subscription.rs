//! What is told as it happens.

use async_graphql::{Context, ID, Object, Result, Subscription as Root, Union};
use berth_domain::{Error, RepositoryId, TagName, Timestamp};
use berth_services::events::{Change, RepositoryEvent as Happened};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::OwnedSemaphorePermit;

use crate::context::{Asks, SUBSCRIPTIONS_MAX};
use crate::error::{found, gql};
use crate::ids::{self, GlobalId};
use crate::scalars::{DateTime, Digest};
use crate::types::notification::Notification;
use crate::types::repository::Repository;
use crate::types::tag::Tag;

/// The root of subscriptions.
pub struct Subscription;

/// What is told as it happens, over `graphql-transport-ws`.
#[Root]
impl Subscription {
    /// Pushes and deletions in a repository, on any replica. After a gap the client refetches.
    async fn repository_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of the repository.")] repository: ID,
    ) -> Result<BoxStream<'static, RepositoryEvent>> {
        let repository = ids::repository("repository", &repository).map_err(gql)?;
        let place = place(ctx)?;
        let events = &ctx.services().events;
        let events = events
            .subscribe(ctx.actor(), repository)
            .await
            .map_err(gql)?;
        Ok(events
            .map(move |event| {
                let _held = &place;
                event.into()
            })
            .boxed())
    }

    /// What the viewer is told in the bell, on any replica; what was put away or withdrawn meanwhile is left out. After
    /// a gap the client refetches. Scope: `user:admin`.
    async fn notification_received(
        &self,
        ctx: &Context<'_>,
    ) -> Result<BoxStream<'static, Notification>> {
        let place = place(ctx)?;
        let events = ctx.services().events.subscribe_bell(ctx.actor()).await;
        Ok(events
            .map_err(gql)?
            .map(move |view| {
                let _held = &place;
                Notification(view)
            })
            .boxed())
    }
}

/// A place among the subscriptions of the connection.
fn place(ctx: &Context<'_>) -> Result<OwnedSemaphorePermit> {
    ctx.request().place().ok_or_else(|| {
        let message = format!("a connection has at most {SUBSCRIPTIONS_MAX} subscriptions");
        gql(Error::conflict(message))
    })
}

/// Something that happened in a repository.
#[derive(Union)]
pub(crate) enum RepositoryEvent {
    Pushed(TagPushed),
    Deleted(TagDeleted),
    Restored(TagRestored),
    Gone(RepositoryDeleted),
}

impl From<Happened> for RepositoryEvent {
    fn from(event: Happened) -> Self {
        let (at, repository) = (event.at, event.repository);
        match event.change {
            Change::TagPushed { name, digest } => Self::Pushed(TagPushed {
                at,
                repository,
                name,
                digest,
            }),
            Change::TagDeleted { name } => Self::Deleted(TagDeleted {
                at,
                repository,
                name,
            }),
            Change::TagRestored { name } => Self::Restored(TagRestored {
                at,
                repository,
                name,
            }),
            Change::RepositoryDeleted => Self::Gone(RepositoryDeleted { at, repository }),
        }
    }
}

/// A tag came or moved.
pub(crate) struct TagPushed {
    at: Timestamp,
    repository: RepositoryId,
    name: TagName,
    digest: berth_domain::Digest,
}

/// A tag came or moved.
#[Object]
impl TagPushed {
    /// When.
    async fn at(&self) -> DateTime {
        self.at.into()
    }

    /// The tag as it is now; null when it moved on meanwhile.
    async fn tag(&self, ctx: &Context<'_>) -> Result<Option<Tag>> {
        let tags = &ctx.services().tags;
        let tag = found(tags.get(&ctx.actor(), self.repository, &self.name).await)?.flatten();
        let Some(tag) = tag else { return Ok(None) };
        let manifest = crate::loaders::load(ctx.loader(), tag.manifest_id).await?;
        let unmoved = manifest.is_some_and(|view| view.row.digest == self.digest);
        Ok(unmoved.then_some(Tag(tag)))
    }

    /// Its name.
    async fn name(&self) -> &str {
        self.name.as_str()
    }

    /// What it pointed to after this push.
    async fn digest(&self) -> Digest {
        Digest(self.digest.clone())
    }

    /// Where.
    async fn repository(&self, ctx: &Context<'_>) -> Result<Repository> {
        Repository::of(ctx, self.repository).await
    }
}

/// A tag was deleted.
pub(crate) struct TagDeleted {
    at: Timestamp,
    repository: RepositoryId,
    name: TagName,
}

/// A tag was deleted.
#[Object]
impl TagDeleted {
    /// When.
    async fn at(&self) -> DateTime {
        self.at.into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Where.
    async fn repository(&self, ctx: &Context<'_>) -> Result<Repository> {
        Repository::of(ctx, self.repository).await
    }
}

/// A deleted tag came back.
pub(crate) struct TagRestored {
    at: Timestamp,
    repository: RepositoryId,
    name: TagName,
}

/// A deleted tag came back.
#[Object]
impl TagRestored {
    /// When.
    async fn at(&self) -> DateTime {
        self.at.into()
    }

    /// The tag as it is now; null when it was deleted again meanwhile.
    async fn tag(&self, ctx: &Context<'_>) -> Result<Option<Tag>> {
        let tags = &ctx.services().tags;
        let tag = found(tags.get(&ctx.actor(), self.repository, &self.name).await)?;
        Ok(tag.flatten().map(Tag))
    }

    /// Its name.
    async fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Where.
    async fn repository(&self, ctx: &Context<'_>) -> Result<Repository> {
        Repository::of(ctx, self.repository).await
    }
}

/// The repository was deleted.
pub(crate) struct RepositoryDeleted {
    at: Timestamp,
    repository: RepositoryId,
}

/// The repository was deleted; nothing follows.
#[Object]
impl RepositoryDeleted {
    /// When.
    async fn at(&self) -> DateTime {
        self.at.into()
    }

    /// The id that it had.
    async fn id(&self) -> ID {
        GlobalId::Repository(self.repository).encode()
    }
}
