//! Parts of operations that several pages share.

use crate::schema;

/// An instant as RFC 3339 text.
#[derive(cynic::Scalar, Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateTime(pub(crate) String);

/// `sha256:…`.
#[derive(cynic::Scalar, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) String);

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

/// What an account may do in a repository.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Read,
    Write,
    Admin,
}

impl Role {
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
        [Self::Read, Self::Write, Self::Admin]
            .into_iter()
            .find(|role| role.key() == key)
    }
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

/// One annotation or label.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}
