//! Accounts as scripts look them up: organizations and users that everybody may know of, and the own one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{AccountId, AccountKind, Error, Namespace, Noun, Result, Scope, Timestamp};
use berth_store::accounts::{self, Account};
use berth_store::gate::NamespaceFacts;
use berth_store::logins;
use berth_store::organizations::{self as rows, Belonging};
use berth_store::users::Names;

use crate::access::Access;
use crate::access::namespace::View;
use crate::access::policy::{self, Decision, NamespaceAction};
use crate::actor::{Actor, Principal};
use crate::core::Core;
use crate::settings::AvatarKind;

/// No more organizations are told with their member.
pub const MEMBERSHIPS_MAX: usize = 1_000;

/// Lookups of accounts by name.
#[derive(Clone)]
pub struct Directory {
    core: Arc<Core>,
}

/// What everybody may know of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Row id.
    pub id: AccountId,
    /// Its name.
    pub name: Namespace,
    /// User or organization.
    pub kind: AccountKind,
    /// A hash in hex of the e-mail address, or of a random value where there is none.
    pub avatar_hash: String,
}

/// An organization as one actor sees it. Its members and administrators see more, all others its profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationView {
    /// What everybody may know.
    pub profile: Profile,
    /// Whether the actor is in one of its teams.
    pub is_member: bool,
    /// Whether the actor manages it.
    pub is_administrator: bool,
    /// Whether the actor may create repositories in it.
    pub can_create_repository: bool,
    /// Contact address, for administrators.
    pub email: Option<String>,
    /// How long ended tags can be brought back, for administrators.
    pub tag_expiration: Option<Duration>,
}

/// The account of the user who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccount {
    /// What everybody may know.
    pub profile: Profile,
    /// Contact address, where the token may know it.
    pub email: Option<String>,
    /// Whether the address was confirmed.
    pub email_verified: bool,
    /// Whether it has a password.
    pub has_password: bool,
    /// What the user tells of itself.
    pub names: Names,
    /// How long ended tags of its namespace can be brought back.
    pub tag_expiration: Duration,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the registry takes new repositories of it.
    pub can_create_repository: bool,
    /// The organizations that it is in a team of, by name, [`MEMBERSHIPS_MAX`] at most.
    pub organizations: Vec<OrganizationView>,
}

impl Directory {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// An organization by name. That it exists is no secret; what is in it is.
    ///
    /// # Errors
    /// Not found for a name that nobody has, or a user.
    pub async fn organization(&self, actor: &Actor, name: &Namespace) -> Result<OrganizationView> {
        let mut conn = self.core.db.read().await?;
        let account = accounts::by_name(&mut conn, name).await?;
        let account = account
            .filter(|account| account.kind == AccountKind::Organization)
            .ok_or_else(|| Error::not_found(Noun::Organization, name))?;
        let ids = [account.id];
        let known = self
            .core
            .gate
            .namespaces::<View>(&mut conn, actor, &ids)
            .await?;
        let facts = known.first().map(Access::target);
        self.view(actor, account, facts)
    }

    /// A user by name, for everybody.
    ///
    /// # Errors
    /// Not found for a name that nobody has, or an organization.
    pub async fn user(&self, _: &Actor, name: &Namespace) -> Result<Profile> {
        let mut conn = self.core.db.read().await?;
        let account = accounts::by_name(&mut conn, name).await?;
        let account = account
            .filter(|account| account.kind == AccountKind::User)
            .ok_or_else(|| Error::not_found(Noun::User, name))?;
        profile(self.core.settings.registry.avatars, &account)
    }

    /// What the pictures of accounts are made from, for who has their ids.
    pub async fn avatar_hashes(
        &self,
        _: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, String>> {
        let mut conn = self.core.db.read().await?;
        let found = accounts::by_ids(&mut conn, ids).await?;
        let avatars = self.core.settings.registry.avatars;
        let hash = |account: Account| (account.id, avatars.of_account(&account));
        Ok(found.into_iter().map(hash).collect())
    }

    /// The user who asks, with its organizations.
    ///
    /// # Errors
    /// Unauthenticated for who is no user, or whose token may not read the user.
    pub async fn own(&self, actor: &Actor) -> Result<OwnAccount> {
        let Principal::User { id, .. } = actor.principal() else {
            return Err(unreadable());
        };
        if !actor.scopes.allows(Scope::UserRead) {
            return Err(unreadable());
        }
        let core = &self.core;
        let mut conn = core.db.read().await?;
        let (account, own) = accounts::user(&mut conn, *id)
            .await?
            .ok_or_else(unreadable)?;
        let belonging = Belonging::Of {
            account: *id,
            own: None,
        };
        let limit = i64::try_from(MEMBERSHIPS_MAX).map_err(Error::internal)?;
        let found = rows::page(&mut conn, &belonging, None, None, limit).await?;
        let ids: Vec<AccountId> = found.iter().map(|account| account.id).collect();
        let known = core.gate.namespaces::<View>(&mut conn, actor, &ids).await?;
        let organizations = found
            .into_iter()
            .map(|account| {
                let facts = known.iter().find(|access| access.id == account.id);
                self.view(actor, account, facts.map(Access::target))
            })
            .collect::<Result<_>>()?;
        let has_password = logins::password_hash(&mut conn, *id).await?.is_some();
        let knows_email = actor.scopes.allows(Scope::UserAdmin);
        Ok(OwnAccount {
            profile: profile(core.settings.registry.avatars, &account)?,
            tag_expiration: self.window(&account),
            email: account.email.filter(|_| knows_email),
            email_verified: own.email_verified,
            has_password,
            names: Names {
                given_name: own.given_name,
                family_name: own.family_name,
                company: own.company,
                location: own.location,
            },
            created_at: account.created_at,
            can_create_repository: core.gate.writable().is_ok() && !actor.restricted,
            organizations,
        })
    }

    fn window(&self, account: &Account) -> Duration {
        let chosen = account.tag_expiration_ms;
        let chosen = chosen.and_then(|number| u64::try_from(number).ok());
        let default = self.core.settings.push.time_machine;
        chosen.map_or(default, Duration::from_millis)
    }

    fn view(
        &self,
        actor: &Actor,
        account: Account,
        facts: Option<&NamespaceFacts>,
    ) -> Result<OrganizationView> {
        let may = |action| {
            facts.is_some_and(|facts| {
                policy::decide_namespace(actor, facts, action, self.core.gate.switches())
                    == Decision::Allowed
            })
        };
        let is_administrator = may(NamespaceAction::Administer);
        Ok(OrganizationView {
            profile: profile(self.core.settings.registry.avatars, &account)?,
            is_member: facts.is_some_and(|facts| policy::team_role(actor, facts).is_some()),
            is_administrator,
            can_create_repository: self.core.gate.writable().is_ok()
                && may(NamespaceAction::CreateRepository),
            tag_expiration: is_administrator.then(|| self.window(&account)),
            email: account.email.filter(|_| is_administrator),
        })
    }
}

pub(crate) fn profile(avatars: AvatarKind, account: &Account) -> Result<Profile> {
    Ok(Profile {
        id: account.id,
        name: account.name.as_deref().unwrap_or_default().parse()?,
        kind: account.kind,
        avatar_hash: avatars.of_account(account),
    })
}

fn unreadable() -> Error {
    Error::unauthenticated("the user is not signed in, or the token may not read it")
}
