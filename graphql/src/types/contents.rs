//! What is in namespaces and goes with them.

use async_graphql::{Context, Object, Result};
use berth_domain::AccountId;
use berth_services::organizations::Contents;

use crate::connection::count;
use crate::context::Asks;
use crate::loaders::{Alone, ContentSize, InNamespace, load};
use crate::scalars::{BigInt, DateTime};

/// How much is in a namespace.
pub(crate) struct NamespaceContents {
    id: AccountId,
    contents: Contents,
}

/// How much is in a namespace.
#[Object]
impl NamespaceContents {
    /// Repositories.
    async fn repository_count(&self) -> i32 {
        count(self.contents.repositories)
    }

    /// Robots.
    async fn robot_count(&self) -> i32 {
        count(self.contents.robots)
    }

    /// When something was pushed last to one of the repositories; null before.
    async fn last_pushed_at(&self) -> Option<DateTime> {
        self.contents.last_pushed_at.map(Into::into)
    }

    /// Bytes of its distinct blobs, a layer that several repositories share counted once.
    async fn size_bytes(&self, ctx: &Context<'_>) -> Result<BigInt> {
        let bytes = load(ctx.loader(), ContentSize(self.id)).await?;
        Ok(BigInt(bytes.unwrap_or(0)))
    }
}

/// What is in a namespace, for who may know.
pub(super) async fn of(ctx: &Context<'_>, id: AccountId) -> Result<Option<NamespaceContents>> {
    let contents = load(ctx.loader(), InNamespace(id)).await?;
    Ok(contents.map(|contents| NamespaceContents { id, contents }))
}

/// How many organizations a user administers alone, for superusers.
pub(super) async fn sole_organizations(ctx: &Context<'_>, id: AccountId) -> Result<Option<i32>> {
    if !ctx.services().superuser.may_view(&ctx.actor()) {
        return Ok(None);
    }
    let alone = load(ctx.loader(), Alone(id)).await?;
    Ok(Some(count(alone.unwrap_or(0))))
}
