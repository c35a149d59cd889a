//! Tags.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::TagName;

use super::selected::Selected;
use crate::context::Asks;
use crate::error::{gql, gql_many, gql_many_in};
use crate::ids::{self, GlobalId};
use crate::scalars::DateTime;
use crate::types::repository::Repository;
use crate::types::tag::{Tag, TagFilter};

/// Which tags are deleted.
#[derive(InputObject)]
pub(super) struct DeleteTagsInput {
    /// Global id of the repository.
    repository: ID,
    /// Names of live tags, at most 1,000; these or `filter`.
    names: Option<Vec<String>>,
    /// All live tags that a list with this filter holds, at most 1,000.
    filter: Option<TagFilter>,
}

/// What deleting tags gives.
#[derive(SimpleObject)]
pub(super) struct DeleteTagsPayload {
    /// The repository as it is now.
    repository: Repository,
    /// The names that point nowhere any more.
    deleted_names: Vec<String>,
    /// The tags that ended, for `restoreTags`.
    deleted_ids: Vec<ID>,
    /// Until when `restoreTags` brings them back.
    restorable_until: DateTime,
}

/// Which tags come back.
#[derive(InputObject)]
pub(super) struct RestoreTagsInput {
    /// Global id of the repository.
    repository: ID,
    /// Ids of ended tags, as `deleteTags` gives them; at most 1,000.
    ids: Vec<ID>,
}

/// What restoring tags gives.
#[derive(SimpleObject)]
pub(super) struct RestoreTagsPayload {
    /// The repository as it is now.
    repository: Repository,
    /// The tags as they are now, in the order of `ids`.
    tags: Vec<Tag>,
}

/// Mutations of tags.
#[derive(Default)]
pub(super) struct TagMutations;

/// Mutations of tags.
#[Object]
impl TagMutations {
    /// Deletes tags of one repository, all or none; `extensions.detail.items` names each in the way.
    /// `restoreTags` undoes it inside the Time Machine's window. Scope: `repo:write`. Role: write. Log:
    /// `delete_tag`.
    async fn delete_tags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tags.")] input: DeleteTagsInput,
    ) -> Result<DeleteTagsPayload> {
        let id = ids::repository("repository", &input.repository).map_err(gql)?;
        let selection = Selected::of("names", input.names, input.filter).map_err(gql)?;
        let selection = selection.map(
            |names| {
                let parsed = names.iter().enumerate().map(|(at, name)| {
                    name.parse::<TagName>()
                        .map_err(|e| e.in_field(format!("names.{at}")))
                });
                parsed.collect()
            },
            |filter| Ok(filter.into_filter()),
        );
        let deleted = ctx
            .services()
            .tags
            .delete_many(&ctx.actor(), id, selection.map_err(gql)?.as_ref())
            .await
            .map_err(gql_many_in("names"))?;
        Ok(DeleteTagsPayload {
            repository: Repository::of(ctx, id).await?,
            deleted_names: deleted.names.iter().map(ToString::to_string).collect(),
            deleted_ids: deleted
                .ids
                .into_iter()
                .map(|id| GlobalId::Tag(id).encode())
                .collect(),
            restorable_until: deleted.restorable_until.into(),
        })
    }

    /// Brings ended tags back to what they pointed to, all or none, inside the Time Machine's window;
    /// `extensions.detail.items` names each in the way. A tag that points there already stays as it
    /// is. `deleteTags` undoes it. Scope: `repo:write`. Role: write. Log: `revert_tag`.
    async fn restore_tags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tags.")] input: RestoreTagsInput,
    ) -> Result<RestoreTagsPayload> {
        let id = ids::repository("repository", &input.repository).map_err(gql)?;
        let ended = ids::many(&input.ids, ids::tag).map_err(gql)?;
        let tags = ctx
            .services()
            .tags
            .restore(&ctx.actor(), id, &ended)
            .await
            .map_err(gql_many)?;
        Ok(RestoreTagsPayload {
            repository: Repository::of(ctx, id).await?,
            tags: tags.into_iter().map(Tag).collect(),
        })
    }
}
