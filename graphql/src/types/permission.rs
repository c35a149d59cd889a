//! Roles in repositories.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::{Error, Noun, RepositoryRole};
use berth_services::permissions::{Permission, TeamPermission};
use berth_services::teams::RoleIn;

use super::repository::{Repository, RepositoryFilter};
use super::team::Team;
use crate::connection::connection;
use crate::context::Asks;
use crate::error::gql;
use crate::loaders::load;

/// What somebody may do in a repository; each role holds the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "RepositoryRole")]
pub(crate) enum Role {
    /// Pull.
    Read,
    /// Push, delete tags.
    Write,
    /// Settings, permissions, deletion.
    Admin,
}

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::AccountKind")]
pub(crate) enum AccountKind {
    /// A person.
    User,
    /// A shared namespace.
    Organization,
    /// A machine account.
    Robot,
}

/// A role that an account was given in a repository.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct RepositoryPermission {
    /// User name or `namespace+robot`.
    account: String,
    /// User or robot.
    kind: AccountKind,
    /// The role.
    role: Role,
}

impl From<Permission> for RepositoryPermission {
    fn from(permission: Permission) -> Self {
        Self {
            account: permission.account,
            kind: permission.kind.into(),
            role: permission.role.into(),
        }
    }
}

/// A role that a team was given in a repository.
#[derive(Clone)]
pub(crate) struct TeamRepositoryPermission(pub(crate) TeamPermission);

/// A role that a team was given in a repository.
#[Object]
impl TeamRepositoryPermission {
    /// Name of the team.
    async fn name(&self) -> &str {
        self.0.team.as_str()
    }

    /// The team; null where the viewer administers the repository alone, and is in no team.
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        Ok(load(ctx.loader(), self.0.id).await?.map(Team))
    }

    /// The role.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
}

/// A role that a team has, and where.
#[derive(Clone)]
pub(crate) struct RoleInRepository(pub(crate) RoleIn);

/// A role that a team has, and where.
#[Object]
impl RoleInRepository {
    /// The repository.
    async fn repository(&self, ctx: &Context<'_>) -> Result<Repository> {
        let view = load(ctx.loader(), self.0.id).await?;
        view.map(Repository)
            .ok_or_else(|| gql(Error::Hidden(Noun::Repository)))
    }

    /// The role.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
}

connection!(
    RoleInRepositoryConnection,
    RoleInRepositoryEdge,
    RoleInRepository,
    "the roles of a team",
    total_count: "How many there are."
);

/// A role of a team to give, or to take.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct TeamPermissionInput {
    /// Name of a team of the repository's organization.
    pub(crate) team: String,
    /// Null removes.
    pub(crate) role: Option<Role>,
}

/// The role of somebody in one repository, to give or to take.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct RoleInInput {
    /// Global id of the repository.
    pub(crate) repository: ID,
    /// Null removes.
    pub(crate) role: Option<Role>,
}

/// One role in all repositories of a list, to give or to take.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct RoleMatchingInput {
    /// All that a list with this filter holds and that the viewer administers, at most 100,000; of one namespace.
    pub(crate) filter: RepositoryFilter,
    /// Null removes.
    pub(crate) role: Option<Role>,
}

/// A role to give, or to take.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct PermissionInput {
    /// User name or `namespace+robot`.
    pub(crate) account: String,
    /// Null removes.
    pub(crate) role: Option<Role>,
}
