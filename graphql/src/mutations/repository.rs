//! Repositories and the roles in them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::{Error, Namespace, RepositoryId, RepositoryName, RepositoryRole};
use berth_services::bulk_changes::{Outcome, RoleSelection};
use berth_services::permissions::{RoleChange, RoleIn, RoleSubject, TeamRoleChange};
use berth_services::repositories::Filter;

use super::selected::Selected;
use crate::context::Asks;
use crate::error::{gql, gql_many, gql_many_in, gql_named, gql_ref};
use crate::ids::{self, GlobalId};
use crate::loaders::load;
use crate::types::bulk_change::BulkChange;
use crate::types::permission::{
    PermissionInput, RoleInInput, RoleMatchingInput, TeamPermissionInput,
};
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
    /// Global ids, at most 100,000; these or `filter`.
    ids: Option<Vec<ID>>,
    /// All that a list with this filter holds and that the viewer administers, at most 100,000.
    filter: Option<RepositoryFilter>,
    /// Who may pull from them without a permission.
    visibility: Visibility,
}

/// What changing visibility gives.
#[derive(SimpleObject)]
pub(super) struct ChangeVisibilityPayload {
    /// The repositories as they are now; empty where `bulkChange` goes on.
    repositories: Vec<Repository>,
    /// Those that were of the other visibility before.
    changed_ids: Vec<ID>,
    /// What goes on behind the request, of more than 1,000 repositories; null where all is done.
    bulk_change: Option<BulkChange>,
}

/// Which repositories are deleted.
#[derive(InputObject)]
pub(super) struct DeleteRepositoriesInput {
    /// Global ids, at most 100,000; these or `filter`.
    ids: Option<Vec<ID>>,
    /// All that a list with this filter holds and that the viewer administers, at most 100,000.
    filter: Option<RepositoryFilter>,
}

/// What deleting repositories gives.
#[derive(SimpleObject)]
pub(super) struct DeleteRepositoriesPayload {
    /// The ids that are no more; empty where `bulkChange` goes on.
    deleted_ids: Vec<ID>,
    /// What goes on behind the request, of more than 1,000 repositories; null where all is done.
    bulk_change: Option<BulkChange>,
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
    /// In which repositories of one namespace, each once; at most 100,000. Empty beside `matching`.
    roles: Vec<RoleInInput>,
    /// One role in all that a list holds, in the place of `roles`.
    matching: Option<RoleMatchingInput>,
}

/// What changing the roles of one gives.
#[derive(SimpleObject)]
pub(super) struct SetSubjectPermissionsPayload {
    /// The repositories as they are now, in the order of the input; empty where `bulkChange` goes on.
    repositories: Vec<Repository>,
    /// What goes on behind the request, of more than 1,000 repositories; null where all is done.
    bulk_change: Option<BulkChange>,
}

/// Which large change ends.
#[derive(InputObject)]
pub(super) struct CancelBulkChangeInput {
    /// Global id of the change.
    id: ID,
}

/// What ending a large change gives.
#[derive(SimpleObject)]
pub(super) struct CancelBulkChangePayload {
    /// The change as it is now.
    bulk_change: BulkChange,
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
    /// in the way. More than 1,000 are checked at once and changed behind the request. Scope: `repo:admin`. Role: admin.
    /// Log: `change_repo_visibility`.
    async fn change_visibility(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which repositories, and the visibility.")] input: ChangeVisibilityInput,
    ) -> Result<ChangeVisibilityPayload> {
        let selected = selected(input.ids, input.filter)?;
        let (changes, actor) = (&ctx.services().bulk_changes, ctx.actor());
        let changed = changes.change_visibility(&actor, selected.as_ref(), input.visibility.into());
        Ok(match Box::pin(changed).await.map_err(gql_many)? {
            Outcome::Made(changed) => ChangeVisibilityPayload {
                repositories: changed.repositories.into_iter().map(Repository).collect(),
                changed_ids: encoded(changed.changed),
                bulk_change: None,
            },
            Outcome::Begun(begun) => ChangeVisibilityPayload {
                repositories: Vec::new(),
                changed_ids: Vec::new(),
                bulk_change: Some(BulkChange(begun)),
            },
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
    /// in the way. More than 1,000 are checked at once and deleted behind the request. It cannot be undone. Scope:
    /// `repo:admin`. Role: admin. Log: `delete_repo`.
    async fn delete_repositories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which repositories.")] input: DeleteRepositoriesInput,
    ) -> Result<DeleteRepositoriesPayload> {
        let selected = selected(input.ids, input.filter)?;
        let (changes, actor) = (&ctx.services().bulk_changes, ctx.actor());
        let deleted = changes.delete(&actor, selected.as_ref());
        Ok(match Box::pin(deleted).await.map_err(gql_many)? {
            Outcome::Made(deleted) => DeleteRepositoriesPayload {
                deleted_ids: encoded(deleted),
                bulk_change: None,
            },
            Outcome::Begun(begun) => DeleteRepositoriesPayload {
                deleted_ids: Vec::new(),
                bulk_change: Some(BulkChange(begun)),
            },
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
    /// `extensions.detail.items` names each repository in the way. More than 1,000 are checked at once and changed behind
    /// the request. Scope: `repo:admin`. Role: admin. Log: `change_repo_permission`, `delete_repo_permission`.
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
        let matching = input.matching.map(|matching| {
            let role: Option<RepositoryRole> = matching.role.map(Into::into);
            (matching.filter.into_filter(), role)
        });
        let selection = match &matching {
            None => RoleSelection::Items(&roles),
            Some((filter, role)) if roles.is_empty() => RoleSelection::Matching(filter, *role),
            Some(_) => {
                let error = Error::invalid_value("give `roles` or `matching`, not both");
                return Err(gql(error.in_field("matching")));
            }
        };
        let (changes, actor) = (&ctx.services().bulk_changes, ctx.actor());
        let given = Box::pin(changes.set_permissions(&actor, &subject, selection)).await;
        let ids = match given.map_err(gql_many_in("roles"))? {
            Outcome::Made(ids) => ids,
            Outcome::Begun(begun) => {
                return Ok(SetSubjectPermissionsPayload {
                    repositories: Vec::new(),
                    bulk_change: Some(BulkChange(begun)),
                });
            }
        };
        let found = ctx.loader().load_many(ids.iter().copied()).await;
        let mut found = found.map_err(|error| gql_ref(&error))?;
        Ok(SetSubjectPermissionsPayload {
            repositories: ids
                .iter()
                .filter_map(|id| found.remove(id).map(Repository))
                .collect(),
            bulk_change: None,
        })
    }

    /// Ends one of the viewer's changes of more than 1,000 repositories. What is done stays, the rest stays as it was;
    /// one that has ended is fine. It cannot be undone; ask for the change again. Scope: `repo:admin`. It is not logged.
    async fn cancel_bulk_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which change.")] input: CancelBulkChangeInput,
    ) -> Result<CancelBulkChangePayload> {
        let id = ids::bulk_change("id", &input.id).map_err(gql)?;
        let changes = &ctx.services().bulk_changes;
        let ended = changes.cancel(&ctx.actor(), id).await.map_err(gql)?;
        Ok(CancelBulkChangePayload {
            bulk_change: BulkChange(ended),
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
