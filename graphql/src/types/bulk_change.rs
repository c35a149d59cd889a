//! Changes of more repositories than one transaction takes.

use async_graphql::{Context, Enum, ID, Object, Result};
use berth_services::bulk_changes as services;

use super::repository::Repository;
use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::found;
use crate::ids::{self, GlobalId};
use crate::loaders::load;
use crate::scalars::DateTime;

/// What is done to many repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::BulkChangeKind")]
pub(crate) enum BulkChangeKind {
    /// Who may pull from them.
    Visibility,
    /// They are deleted.
    Deletion,
    /// One user, robot or team has a role in them, or loses it.
    Permissions,
}

/// How far a change of many repositories is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::BulkChangeState")]
pub(crate) enum BulkChangeState {
    /// A worker goes on with it.
    Running,
    /// Every repository was looked at.
    Done,
    /// It ended early, as `error` says, and the rest stayed as it was.
    Failed,
    /// Who asked for it has ended it, and the rest stayed as it was.
    Cancelled,
}

/// Why a repository was left as it is.
#[derive(Clone)]
pub(crate) struct BulkChangeCause(services::Cause);

/// Why a repository was left as it is.
#[Object]
impl BulkChangeCause {
    /// Which one.
    async fn repository_id(&self) -> ID {
        GlobalId::Repository(self.0.repository).encode()
    }

    /// The repository; null where the viewer does not see it, or it is no more.
    async fn repository(&self, ctx: &Context<'_>) -> Result<Option<Repository>> {
        Ok(load(ctx.loader(), self.0.repository).await?.map(Repository))
    }

    /// The reason, as in `extensions.reason` of an error.
    async fn reason(&self) -> &str {
        &self.0.code
    }

    /// The reason in words.
    async fn message(&self) -> &str {
        &self.0.message
    }
}

/// A change of more than 1,000 repositories. Who asked for it administered all of them; a worker goes on with it behind
/// the request, some at a time, with the rights that the user has by then, and leaves as it is what the user may not
/// change any more. An ended one can be looked at for seven days.
#[derive(Clone)]
pub(crate) struct BulkChange(pub(crate) services::BulkChange);

/// A change of more than 1,000 repositories, which goes on behind its request.
#[Object]
impl BulkChange {
    /// Opaque and stable, for `bulkChange` and `cancelBulkChange`.
    async fn id(&self) -> ID {
        GlobalId::BulkChange(self.0.id).encode()
    }

    /// What is done.
    async fn kind(&self) -> BulkChangeKind {
        self.0.kind.into()
    }

    /// How it stands.
    async fn state(&self) -> BulkChangeState {
        self.0.state.into()
    }

    /// How many repositories it is about.
    async fn total(&self) -> i32 {
        count(self.0.total)
    }

    /// How many of them were looked at.
    async fn done(&self) -> i32 {
        count(self.0.done)
    }

    /// How many of those were left as they are.
    async fn refused(&self) -> i32 {
        count(self.0.refused)
    }

    /// Why, of the first 100.
    async fn causes(&self) -> Vec<BulkChangeCause> {
        self.0.causes.iter().cloned().map(BulkChangeCause).collect()
    }

    /// Why all of it ended early; null where it did not.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it ended; null while it goes on.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(Into::into)
    }
}

connection!(
    BulkChangeConnection,
    BulkChangeEdge,
    BulkChange,
    "the viewer's large changes"
);

/// A page of the viewer's large changes; none for a credential that may not change repositories.
pub(crate) async fn page(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Option<BulkChangeConnection>> {
    let skipped = after.is_some();
    let request = connection::request(first, after)?;
    let changes = &ctx.services().bulk_changes;
    let Some(page) = found(changes.page(&ctx.actor(), &request).await)? else {
        return Ok(None);
    };
    let rows = page.items.into_iter();
    let rows = rows.map(|change| (connection::cursor(&change.id), BulkChange(change)));
    Ok(Some(BulkChangeConnection::new(
        skipped,
        page.has_more,
        rows.collect(),
    )))
}

/// One of the viewer's large changes.
pub(crate) async fn of_id(ctx: &Context<'_>, id: &ID) -> Result<Option<BulkChange>> {
    let Ok(id) = ids::bulk_change("id", id) else {
        return Ok(None);
    };
    let change = ctx.services().bulk_changes.by_id(&ctx.actor(), id).await;
    Ok(found(change)?.map(BulkChange))
}
