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

impl Scope {
    /// What it lets an application do, as a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::RepoRead => "View all visible repositories",
            Self::RepoWrite => "Read/Write to any accessible repositories",
            Self::RepoAdmin => "Administer Repositories",
            Self::RepoCreate => "Create Repositories",
            Self::UserRead => "Read User Information",
            Self::UserAdmin => "Administer User",
            Self::OrgAdmin => "Administer Organization",
            Self::SuperUser => "Super User Access",
        }
    }

    /// The same in a sentence, for the user who is asked to consent.
    pub const fn description(self) -> &'static str {
        match self {
            Self::RepoRead => {
                "This application will be able to view and pull all repositories that you can see"
            }
            Self::RepoWrite => {
                "This application will be able to view, push and pull to all repositories to which you have write access"
            }
            Self::RepoAdmin => {
                "This application will have administrator access to all repositories that you administer"
            }
            Self::RepoCreate => {
                "This application will be able to create repositories in every namespace in which you may create repositories"
            }
            Self::UserRead => {
                "This application will be able to read user information such as username and email address"
            }
            Self::UserAdmin => {
                "This application will be able to administer your account including creating robots and granting them \
                 permissions to your repositories. You should have absolute trust in the requesting application before \
                 granting this permission."
            }
            Self::OrgAdmin => {
                "This application will be able to administer your organizations including creating robots, creating teams \
                 and adjusting team membership. You should have absolute trust in the requesting application before \
                 granting this permission."
            }
            Self::SuperUser => {
                "This application will be able to administer your installation including managing users and \
                 organizations. You should have absolute trust in the requesting application before granting this \
                 permission."
            }
        }
    }

    /// Whether who grants it should have absolute trust in the application.
    pub const fn is_dangerous(self) -> bool {
        match self {
            Self::UserAdmin | Self::OrgAdmin | Self::SuperUser => true,
            Self::RepoRead
            | Self::RepoWrite
            | Self::RepoAdmin
            | Self::RepoCreate
            | Self::UserRead => false,
        }
    }
}

text_enum! {
    /// What an application gets for a consent.
    pub enum ResponseType {
        /// A code, which it changes for a token with its secret.
        Code = "code",
        /// The token itself.
        Token = "token",
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

    /// True when the set allows whatever another one does.
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|scope| self.allows(scope))
    }

    /// True for no scope at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
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
    fn a_set_covers_what_it_allows_and_nothing_more() {
        let set = |text: &str| text.parse::<Scopes>().unwrap();
        assert!(set("repo:admin user:read").covers(&set("repo:read repo:write")));
        assert!(set("repo:read").covers(&set("")));
        assert!(!set("repo:write").covers(&set("repo:read repo:admin")));
        assert!(!set("repo:admin").covers(&set("repo:create")));
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
