//! Parts of operations that several pages share.

use crate::{schema, session::Avatar};

/// An instant as RFC 3339 text.
#[derive(cynic::Scalar, Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateTime(pub(crate) String);

/// `sha256:…`.
#[derive(cynic::Scalar, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) String);

/// Whatever JSON can say.
#[derive(cynic::Scalar, Debug, Clone, PartialEq, Eq)]
#[cynic(graphql_type = "JSON")]
pub(crate) struct Json(pub(crate) serde_json::Value);

/// A whole number as text.
#[derive(cynic::Scalar, Debug, Clone, PartialEq, Eq)]
pub(crate) struct BigInt(pub(crate) String);

/// Whether and where a list goes on.
#[derive(cynic::QueryFragment, Debug, Clone)]
pub(crate) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Where the next page begins.
    pub(crate) fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

/// Who may see a repository.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    Public,
    Private,
}

/// Narrows a list of repositories.
#[derive(cynic::InputObject, Debug, Clone, Default)]
pub(crate) struct RepositoryFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) visibility: Option<Visibility>,
}

/// What an account may do in a repository.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Read,
    Write,
    Admin,
}

impl Role {
    /// From the least.
    pub(crate) const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// What forms and URLs call it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The role of that key.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }
}

/// What an account is.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    User,
    Organization,
    Robot,
}

/// What a name may be of.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntityKind {
    Organization,
    Robot,
    Team,
    User,
}

/// What a search may find.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchKind {
    Repository,
    Organization,
    Team,
    User,
    Robot,
}

/// What the members of a team may do in their organization.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TeamRole {
    Admin,
    Member,
    Creator,
}

impl TeamRole {
    /// In the order of menus.
    pub(crate) const ALL: [Self; 3] = [Self::Admin, Self::Member, Self::Creator];

    /// What forms call it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Creator => "creator",
        }
    }

    /// The role of that key.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }
}

/// Whether somebody is in a team.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TeamMemberState {
    Invited,
    Member,
}

/// Upwards or downwards.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderDirection {
    Asc,
    Desc,
}

impl OrderDirection {
    /// Downwards where that is true.
    pub(crate) const fn descending(descending: bool) -> Self {
        if descending { Self::Desc } else { Self::Asc }
    }
}

/// How loud a message is.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    /// From the quietest.
    pub(crate) const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// What forms call it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The severity of that key.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.key() == key)
    }
}

/// What superusers tell everybody.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) uuid: String,
    pub(crate) content: String,
    /// What the server made of Markdown; none for a text.
    pub(crate) content_html: Option<String>,
    pub(crate) severity: Severity,
    pub(crate) created_at: DateTime,
}

/// What an access token may do, in words.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessScope {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) is_dangerous: bool,
}

/// What an application gets for a consent.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthorizationResponseType {
    Code,
    Token,
}

impl AuthorizationResponseType {
    /// What addresses call it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
        }
    }
}

/// An application as those see it whom it asks.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApplicationProfile {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) homepage: String,
    pub(crate) avatar: Avatar,
    pub(crate) owner: String,
}

/// One annotation or label.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}
