//! What events say beside names.

use crate::{RepositoryRole, TeamName};

/// What became of a key of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKeyChange {
    /// It was made.
    Created,
    /// Somebody let it in.
    Approved,
    /// It has another name or other data.
    Modified,
    /// It ends at another time.
    Extended,
    /// It was removed.
    Deleted,
    /// It took the place of an older one of the same service.
    Rotated,
}

impl ServiceKeyChange {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Created => "service_key_create",
            Self::Approved => "service_key_approve",
            Self::Modified => "service_key_modify",
            Self::Extended => "service_key_extend",
            Self::Deleted => "service_key_delete",
            Self::Rotated => "service_key_rotate",
        }
    }
}

/// Who gets a role, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// A user, or a robot as `namespace+robot`.
    Account(String),
    /// A team.
    Team(TeamName),
}

/// Who is asked to come into a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// A user, by name.
    User(String),
    /// Whoever reads the mail to an address.
    Address(String),
}

/// A role that new repositories of an organization begin with, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a default permission")]
pub struct DefaultPermissionFields {
    pub uuid: String,
    /// Whose new repositories; none for everybody's.
    pub creator: Option<String>,
    pub grantee: Grantee,
    pub role: RepositoryRole,
}

/// What an OAuth application tells of itself, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an application")]
pub struct ApplicationFields {
    pub homepage: String,
    pub description: String,
    pub avatar_email: Option<String>,
    pub redirect_prefix: String,
}
