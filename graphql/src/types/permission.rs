//! Roles in repositories.

use async_graphql::{Enum, InputObject, SimpleObject};
use berth_domain::RepositoryRole;
use berth_services::permissions::Permission;

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

/// A role to give, or to take.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct PermissionInput {
    /// User name or `namespace+robot`.
    pub(crate) account: String,
    /// Null removes.
    pub(crate) role: Option<Role>,
}
