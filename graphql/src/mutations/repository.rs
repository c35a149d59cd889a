//! Repositories and the roles in them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::{Error, Namespace, RepositoryId, RepositoryName};
use berth_services::permissions::{RoleChange, RoleIn, RoleSubject, TeamRoleChange};
use berth_services::repositories::Filter;

use super::selected::Selected;
use crate::context::Asks;
use crate::error::{gql, gql_many, gql_many_in, gql_named, gql_ref};
use crate::ids::{self, GlobalId};
use crate::loaders::load;
use crate::types::permission::{PermissionInput, RoleInInput, TeamPermissionInput};
use crate::types::repository::{Repository, RepositoryFilter, RepositoryState, Visibility};

/// A repository to be.
#[derive(InputObject)]
pub(super) struct CreateRepositoryInput {
    /// Whose it will be.
    namespace: String,
    /// Its name there; components of lower-case letters, digits, `.`, `_`, `-` with `/` between them.
    name: String,
    /// CommonMark, at most 25,600 bytes.
    description: Option<String>,
    /// Who may pull without a permission.
    #[graphql(default_with = "Visibility::Private")]
    visibility: Visibility,
}

/// What creating a repository gives.
#[derive(SimpleObject)]
pub(super) struct CreateRepositoryPayload {
    /// The new repository.
    repository: Repository,
}

/// Settings to change.
#[derive(InputObject)]
pub(super) struct UpdateRepositoryInput {
    /// Global id of the repository.
    id: ID,
    /// CommonMark, at most 25,600 bytes.
    description: String,
}

/// What changing settings gives.
#[derive(SimpleObject)]
pub(super) struct UpdateRepositoryPayload {
    /// The repository as it is now.
    repository: Repository,
}

/// Whose visibility changes.
#[derive(InputObject)]
pub(super) struct ChangeVisibilityInput {
    /// Global ids, at most 1,000; these or `filter`.
    ids: Option<Vec<ID>>,
    /// All that a list with this filter holds and that the viewer administers, at most 1,000.
    filter: Option<RepositoryFilter>,
    /// Who may pull from them without a permission.
    visibility: Visibility,
}

/// What changing visibility gives.
#[derive(SimpleObject)]
pub(super) struct ChangeVisibilityPayload {
    /// The repositories as they are now.
    repositories: Vec<Repository>,
    /// Those that were of the other visibility before.
    changed_ids: Vec<ID>,
}

/// Which repositories are deleted.
#[derive(InputObject)]
pub(super) struct DeleteRepositoriesInput {
    /// Global ids, at most 1,000; these or `filter`.
    ids: Option<Vec<ID>>,
    /// All that a list with this filter holds and that the viewer administers, at most 1,000.
    filter: Option<RepositoryFilter>,
}

/// What deleting repositories gives.
#[derive(SimpleObject)]
pub(super) struct DeleteRepositoriesPayload {
    /// The ids that are no more.
    deleted_ids: Vec<ID>,
}

/// Roles to give and to take.
#[derive(InputObject)]
pub(super) struct SetPermissionsInput {
    /// Global id of the repository.
    repository: ID,
    /// Roles of users and robots; with those of teams at most 100 changes, made in order.
    permissions: Vec<PermissionInput>,
    /// Roles of teams of the organization.
    team_permissions: Option<Vec<TeamPermissionInput>>,
}

/// What changing roles gives.
#[derive(SimpleObject)]
pub(super) struct SetPermissionsPayload {
    /// The repository as it is now.
    repository: Repository,
}

/// Roles of one user, robot or team in many repositories.
#[derive(InputObject)]
pub(super) struct SetSubjectPermissionsInput {
    /// User name or `namespace+robot`; this or `team`.
    account: Option<String>,
    /// Name of a team of the repositories' organization.
    team: Option<String>,
    /// In which repositories of one namespace, each once; at most 1,000.
    roles: Vec<RoleInInput>,
}

/// What changing the roles of one gives.
#[derive(SimpleObject)]
pub(super) struct SetSubjectPermissionsPayload {
    /// The repositories as they are now, in the order of the input.
    repositories: Vec<Repository>,
}

/// Whether a repository takes pushes.
#[derive(InputObject)]
pub(super) struct ChangeStateInput {
    /// Global id of the repository.
    id: ID,
    /// The new state.
    state: RepositoryState,
}

/// What changing the state gives.
#[derive(SimpleObject)]
pub(super) struct ChangeStatePayload {
    /// The repository as it is now.
    repository: Repository,
}

/// Which repository is starred.
#[derive(InputObject)]
pub(super) struct StarRepositoryInput {
    /// Global id of the repository.
    id: ID,
}

/// What starring a repository gives.
#[derive(SimpleObject)]
pub(super) struct StarRepositoryPayload {
    /// The repository as it is now.
    repository: Repository,
}

/// Which star is taken back.
#[derive(InputObject)]
pub(super) struct UnstarRepositoryInput {
    /// Global id of the repository.
    id: ID,
}

/// What taking a star back gives.
#[derive(SimpleObject)]
pub(super) struct UnstarRepositoryPayload {
    /// The repository as it is now; null where the viewer sees it no more.
    repository: Option<Repository>,
}

fn selected(
    ids: Option<Vec<ID>>,
    filter: Option<RepositoryFilter>,
) -> Result<Selected<RepositoryId, Filter>> {
    Selected::of("ids", ids, filter)
        .and_then(|selected| {
            selected.map(
                |ids| ids::many(&ids, ids::repository),
                |filter| Ok(filter.into_filter()),
            )
        })
        .map_err(gql)
}

fn encoded(ids: Vec<RepositoryId>) -> Vec<ID> {
    ids.into_iter()
        .map(|id| GlobalId::Repository(id).encode())
        .collect()
}

/// Mutations of repositories.
#[derive(Default)]
pub(super) struct RepositoryMutations;

/// Mutations of repositories.
#[Object]
impl RepositoryMutations {
    /// Creates a repository; the viewer administers it. Scope: `repo:create`. Role: creator in the
    /// organization, or the own namespace. Log: `create_repo`.
    async fn create_repository(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The repository to be.")] input: CreateRepositoryInput,
    ) -> Result<CreateRepositoryPayload> {
        let namespace: Namespace = input.namespace.parse().map_err(gql_named("namespace"))?;
        let name: RepositoryName = input.name.parse().map_err(gql_named("name"))?;
        let description = input.description.unwrap_or_default();
        let view = ctx
            .services()
            .repositories
            .create(
                &ctx.actor(),
                &namespace,
                &name,
                input.visibility.into(),
                &description,
            )
            .await
            .map_err(|error| match error {
                taken @ Error::AlreadyExists { .. } => gql_named("name")(taken),
                other => gql(other),
            })?;
        Ok(CreateRepositoryPayload {
            repository: Repository(view),
        })
    }

    /// Changes the description. Scope: `repo:write`. Role: write. Log: `set_repo_description`.
    async fn update_repository(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Settings to change.")] input: UpdateRepositoryInput,
    ) -> Result<UpdateRepositoryPayload> {
        let id = ids::repository("id", &input.id).map_err(gql)?;
        let repositories = &ctx.services().repositories;
        let view = repositories
            .describe(&ctx.actor(), id, &input.description)
            .await
            .map_err(gql)?;
        Ok(UpdateRepositoryPayload {
            repository: Repository(view),
        })
    }

    /// Changes who may pull, for all of the repositories or none; `extensions.detail.items` names each
    /// in the way. Scope: `repo:admin`. Role: admin. Log: `change_repo_visibility`.
    async fn change_visibility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which repositories, and the visibility.")] input: ChangeVisibilityInput,
    ) -> Result<ChangeVisibilityPayload> {
        let selected = selected(input.ids, input.filter)?;
        let changed = ctx
            .services()
            .repositories
            .change_visibility(&ctx.actor(), selected.as_ref(), input.visibility.into())
            .await
            .map_err(gql_many)?;
        Ok(ChangeVisibilityPayload {
            repositories: changed.repositories.into_iter().map(Repository).collect(),
            changed_ids: encoded(changed.changed),
        })
    }

    /// Says whether a repository takes pushes; nobody pushes to a read-only one, and its tags stay as they are. Undone
    /// by the state before. Scope: `repo:admin`. Role: admin. Log: `change_repo_state`.
    async fn change_state(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which repository, and the state.")] input: ChangeStateInput,
    ) -> Result<ChangeStatePayload> {
        let id = ids::repository("id", &input.id).map_err(gql)?;
        let repositories = &ctx.services().repositories;
        let view = repositories
            .change_state(&ctx.actor(), id, input.state.into())
            .await
            .map_err(gql)?;
        Ok(ChangeStatePayload {
            repository: Repository(view),
        })
    }

    /// Deletes repositories with everything in them, all or none; `extensions.detail.items` names each
    /// in the way. It cannot be undone. Scope: `repo:admin`. Role: admin. Log: `delete_repo`.
    async fn delete_repositories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which repositories.")] input: DeleteRepositoriesInput,
    ) -> Result<DeleteRepositoriesPayload> {
        let selected = selected(input.ids, input.filter)?;
        let deleted = ctx
            .services()
            .repositories
            .delete(&ctx.actor(), selected.as_ref())
            .await
            .map_err(gql_many)?;
        Ok(DeleteRepositoriesPayload {
            deleted_ids: encoded(deleted),
        })
    }

    /// Gives roles in one repository to users, robots and teams, all or none; a null role removes. Scope:
    /// `repo:admin`. Role: admin. Log: `change_repo_permission`, `delete_repo_permission`.
    async fn set_permissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Roles to give and to take.")] input: SetPermissionsInput,
    ) -> Result<SetPermissionsPayload> {
        let id = ids::repository("repository", &input.repository).map_err(gql)?;
        let changes: Vec<RoleChange> = input
            .permissions
            .into_iter()
            .map(|change| RoleChange {
                account: change.account,
                role: change.role.map(Into::into),
            })
            .collect();
        let of_teams = input.team_permissions.unwrap_or_default().into_iter();
        let of_teams: Vec<TeamRoleChange> = of_teams
            .map(|change| TeamRoleChange {
                team: change.team,
                role: change.role.map(Into::into),
            })
            .collect();
        let (permissions, actor) = (&ctx.services().permissions, ctx.actor());
        // Boxed: the compiler follows what a mutation awaits only so deep.
        Box::pin(permissions.set_all(&actor, id, &changes, &of_teams))
            .await
            .map_err(gql)?;
        Ok(SetPermissionsPayload {
            repository: Repository::of(ctx, id).await?,
        })
    }

    /// Gives one user, robot or team roles in many repositories, all or none; a null role removes, and
    /// `extensions.detail.items` names each repository in the way. Scope: `repo:admin`. Role: admin. Log:
    /// `change_repo_permission`, `delete_repo_permission`.
    async fn set_subject_permissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose roles, and where.")] input: SetSubjectPermissionsInput,
    ) -> Result<SetSubjectPermissionsPayload> {
        let subject = match (input.account, input.team) {
            (Some(account), None) => RoleSubject::Account(account),
            (None, Some(team)) => RoleSubject::Team(team),
            _ => {
                let error = Error::invalid_value("give `account` or `team`, one of the two");
                return Err(gql(error.in_field("account")));
            }
        };
        let mut roles = Vec::with_capacity(input.roles.len());
        for role in input.roles {
            roles.push(RoleIn {
                repository: ids::repository("roles", &role.repository).map_err(gql)?,
                role: role.role.map(Into::into),
            });
        }
        let (permissions, actor) = (&ctx.services().permissions, ctx.actor());
        Box::pin(permissions.set_for(&actor, &subject, &roles))
            .await
            .map_err(gql_many_in("roles"))?;
        let ids: Vec<RepositoryId> = roles.iter().map(|role| role.repository).collect();
        let found = ctx.loader().load_many(ids.iter().copied()).await;
        let mut found = found.map_err(|error| gql_ref(&error))?;
        Ok(SetSubjectPermissionsPayload {
            repositories: ids
                .iter()
                .filter_map(|id| found.remove(id).map(Repository))
                .collect(),
        })
    }

    /// Stars a repository for the viewer alone; again is fine. Undone by `unstarRepository`. Scope: `user:admin`. Role:
    /// reader. It is not logged.
    async fn star_repository(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which repository.")] input: StarRepositoryInput,
    ) -> Result<StarRepositoryPayload> {
        let id = ids::repository("id", &input.id).map_err(gql)?;
        let repositories = &ctx.services().repositories;
        repositories.star(&ctx.actor(), id).await.map_err(gql)?;
        Ok(StarRepositoryPayload {
            repository: Repository::of(ctx, id).await?,
        })
    }

    /// Takes a star of the viewer back, also from a repository that it sees no more; again is fine. Undone by
    /// `starRepository`. Scope: `user:admin`. It is not logged.
    async fn unstar_repository(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which repository.")] input: UnstarRepositoryInput,
    ) -> Result<UnstarRepositoryPayload> {
        let id = ids::repository("id", &input.id).map_err(gql)?;
        let repositories = &ctx.services().repositories;
        repositories.unstar(&ctx.actor(), id).await.map_err(gql)?;
        Ok(UnstarRepositoryPayload {
            repository: load(ctx.loader(), id).await?.map(Repository),
        })
    }
}
