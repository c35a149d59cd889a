//! Tags.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::TagName;

use crate::context::Asks;
use crate::error::gql;
use crate::ids;
use crate::types::repository::Repository;

/// Which tags are deleted.
#[derive(InputObject)]
pub(super) struct DeleteTagsInput {
    /// Global id of the repository.
    repository: ID,
    /// Names of live tags, at most 1,000.
    names: Vec<String>,
}

/// What deleting tags gives.
#[derive(SimpleObject)]
pub(super) struct DeleteTagsPayload {
    /// The repository as it is now.
    repository: Repository,
    /// The names that point nowhere any more.
    deleted_names: Vec<String>,
}

/// Mutations of tags.
#[derive(Default)]
pub(super) struct TagMutations;

/// Mutations of tags.
#[Object]
impl TagMutations {
    /// Deletes tags of one repository, all or none. Scope: `repo:write`. Role: write. Log: `delete_tag`.
    async fn delete_tags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tags.")] input: DeleteTagsInput,
    ) -> Result<DeleteTagsPayload> {
        let id = ids::repository("repository", &input.repository).map_err(gql)?;
        let names = input
            .names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                name.parse::<TagName>()
                    .map_err(|e| gql(e.in_field(format!("names.{at}"))))
            })
            .collect::<Result<Vec<_>>>()?;
        ctx.services()
            .tags
            .delete_many(&ctx.actor(), id, &names)
            .await
            .map_err(gql)?;
        let repository = Repository::of(ctx, id).await?;
        Ok(DeleteTagsPayload {
            repository,
            deleted_names: input.names,
        })
    }
}
