//! OAuth scopes: what a token may use of its owner's rights, never more than the owner has.

use std::fmt;
use std::str::FromStr;

use crate::sql::{text_column, text_enum};
use crate::{Error, Result};

text_enum! {
    /// One scope, by its name in the REST API.
    pub enum Scope {
        /// View all visible repositories.
        RepoRead = "repo:read",
        /// Read and write to any accessible repository.
        RepoWrite = "repo:write",
        /// Administer repositories.
        RepoAdmin = "repo:admin",
        /// Create repositories.
        RepoCreate = "repo:create",
        /// Read user information.
        UserRead = "user:read",
        /// Administer the user.
        UserAdmin = "user:admin",
        /// Administer organizations.
        OrgAdmin = "org:admin",
        /// Superuser access.
        SuperUser = "super:user",
    }
}

/// A set of scopes, as a token row holds it: names separated by spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "diesel",
    derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)
)]
#[cfg_attr(feature = "diesel", diesel(sql_type = diesel::sql_types::Text))]
pub struct Scopes(Vec<Scope>, String);

impl Scopes {
    /// Every scope: what a signed-in session holds.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// True when the set has this scope or one that implies it (`repo:admin` ⊃ `repo:write` ⊃ `repo:read`).
    pub fn allows(&self, scope: Scope) -> bool {
        let any = |wanted: &[Scope]| self.0.iter().any(|held| wanted.contains(held));
        match scope {
            Scope::RepoRead => any(&[Scope::RepoRead, Scope::RepoWrite, Scope::RepoAdmin]),
            Scope::RepoWrite => any(&[Scope::RepoWrite, Scope::RepoAdmin]),
            Scope::UserRead => any(&[Scope::UserRead, Scope::UserAdmin]),
            other => any(&[other]),
        }
    }

    /// The names, separated by spaces.
    pub fn as_str(&self) -> &str {
        &self.1
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut list: Vec<Scope> = scopes.into_iter().collect();
        list.sort_unstable();
        list.dedup();
        let text = list.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ");
        Self(list, text)
    }
}

impl FromStr for Scopes {
    type Err = Error;

    /// Takes names separated by spaces or commas; one unknown name refuses all of them.
    fn from_str(text: &str) -> Result<Self> {
        text.split([' ', ','])
            .filter(|name| !name.is_empty())
            .map(Scope::from_str)
            .collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1)
    }
}

text_column!(Scopes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_repository_scope_holds_the_narrower_ones() {
        let scopes: Scopes = "repo:admin".parse().unwrap();
        assert!(scopes.allows(Scope::RepoRead) && scopes.allows(Scope::RepoWrite));
        assert!(!scopes.allows(Scope::RepoCreate));
    }

    #[test]
    fn one_unknown_scope_voids_all() {
        assert!("repo:read repo:fly".parse::<Scopes>().is_err());
        assert_eq!(
            "repo:write,repo:read".parse::<Scopes>().unwrap().as_str(),
            "repo:read repo:write"
        );
    }
}
