//! What superusers do with users (U1 to U4) and with organizations. Whoever sees everything and changes nothing reads
//! here too.

mod organizations;
mod recovery;
mod server;

use std::collections::HashMap;
use std::sync::Arc;

use berth_crypto::{passwords, tokens};
use berth_domain::{
    AccountId, Email, Error, Event, Namespace, Noun, Page, PageRequest, Result, Secret,
};
use berth_store::accounts::{self, Account};
use berth_store::{Tx, logins, sessions, users};

pub use berth_store::namespaces::NamespaceFilter;
pub use berth_store::users::UserFilter;
pub use server::{Footing, Stored};

use crate::accounts::{ProfileView, user_with_profile};
use crate::actor::Actor;
use crate::authn::Authn;
use crate::core::Core;
use crate::journal::Subject;

/// What a superuser changes of a user; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// Another address, which counts as confirmed.
    pub email: Option<Email>,
    /// Another password, which ends the sessions.
    pub password: Option<Secret<String>>,
    /// Whether the user may come in.
    pub enabled: Option<bool>,
}

/// What superusers do.
#[derive(Clone)]
pub struct Superuser {
    core: Arc<Core>,
    authn: Authn,
}

impl Superuser {
    pub(crate) const fn new(core: Arc<Core>, authn: Authn) -> Self {
        Self { core, authn }
    }

    /// Whether there is anything here for the actor.
    pub fn may_view(&self, actor: &Actor) -> bool {
        self.core.gate.view_registry(actor).is_ok()
    }

    /// Users by name.
    pub async fn users(
        &self,
        actor: &Actor,
        filter: &UserFilter,
        page: &PageRequest<Namespace>,
    ) -> Result<Page<ProfileView>> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = users::page(&mut conn, filter, page.after.as_ref(), page.fetch()).await?;
        let found = page.page(found);
        let items = found
            .items
            .into_iter()
            .map(|(account, profile)| self.core.profile(account, profile));
        Ok(Page {
            items: items.collect::<Result<_>>()?,
            has_more: found.has_more,
        })
    }

    /// How many organizations each of these users administers alone: whoever deletes the user becomes their
    /// administrator. Those who administer none so are left out.
    pub async fn sole_administrations(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, u64>> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let counts = users::sole_administrations(&mut conn, ids).await?;
        let counts = counts.into_iter();
        Ok(counts
            .filter_map(|(id, count)| Some((id, u64::try_from(count).ok()?)))
            .collect())
    }

    /// How many users [`Self::users`] walks through, 10,000 at most.
    pub async fn count(&self, actor: &Actor, filter: &UserFilter) -> Result<u64> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let count = users::count(&mut conn, filter).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// A user by name. A name that nobody can have is that of nobody.
    ///
    /// # Errors
    /// Not found for a name that no user has, to who may see users.
    pub async fn by_name(&self, actor: &Actor, name: &str) -> Result<ProfileView> {
        self.core.gate.view_registry(actor)?;
        let unknown = || Error::not_found(Noun::User, name);
        let parsed: Namespace = name.parse().map_err(|_| unknown())?;
        let mut conn = self.core.db.read().await?;
        let account = accounts::by_name(&mut conn, &parsed)
            .await?
            .ok_or_else(unknown)?;
        let found = users::by_ids(&mut conn, &[account.id]).await?;
        let (account, profile) = found.into_values().next().ok_or_else(unknown)?;
        self.core.profile(account, profile)
    }

    /// The encrypted form of a password that a superuser has just given to a user.
    pub fn encrypted(&self, actor: &Actor, password: &Secret<String>) -> Result<Secret<String>> {
        self.core.gate.administer_registry(actor)?;
        Ok(self.authn.encrypted(password))
    }

    /// Makes a user with a generated password, which is told this once; its address counts as confirmed.
    ///
    /// # Errors
    /// A taken name or address; where mail is sent, an address that is missing.
    pub async fn create_user(
        &self,
        actor: &Actor,
        username: &str,
        email: Option<&str>,
    ) -> Result<(ProfileView, Secret<String>)> {
        self.changes(actor).await?;
        self.core
            .keeps_accounts("Cannot create a user in a non-database auth system")?;
        let email = email.map(str::trim).filter(|email| !email.is_empty());
        if email.is_none() && self.core.mailer.is_some() {
            return Err(Error::invalid_value("Invalid email address: None").in_field("email"));
        }
        let password = tokens::generated_password();
        let id = self
            .authn
            .create_user_by(actor, username, email, &password)
            .await?;
        let view = self.one(actor, id).await?;
        Ok((view, password))
    }

    async fn one(&self, actor: &Actor, id: AccountId) -> Result<ProfileView> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = users::by_ids(&mut conn, &[id]).await?.remove(&id);
        let (account, profile) = found.ok_or(Error::Hidden(Noun::User))?;
        self.core.profile(account, profile)
    }

    /// A superuser, at a registry that takes writes, with a fresh login.
    async fn changes(&self, actor: &Actor) -> Result<()> {
        self.core.gate.administer_registry(actor)?;
        self.core.check_fresh(actor).await
    }

    /// Changes a user: all that is asked for, or nothing where one thing is refused.
    ///
    /// # Errors
    /// A superuser; an address that another user has; a password that is too weak.
    pub async fn change_user(
        &self,
        actor: &Actor,
        id: AccountId,
        change: &UserChange,
    ) -> Result<ProfileView> {
        self.changes(actor).await?;
        let core = &self.core;
        if change.password.is_some() {
            core.keeps_accounts("Cannot change password in non-database auth")?;
        }
        if change.email.is_some() {
            core.keeps_accounts("Cannot change e-mail in non-database auth")?;
        }
        let hash = match &change.password {
            Some(password) => {
                passwords::check_rules(password.expose())?;
                Some(core.passwords.hash(password).await?)
            }
            None => None,
        };
        core.db
            .write(async |tx| {
                let (account, username) = ordinary(core, tx, id).await?;
                if let Some(hash) = &hash {
                    self.put_password(tx, actor, (id, &username), hash).await?;
                }
                if let Some(email) = &change.email {
                    core.replace_email(tx, actor, &account, email).await?;
                }
                match change.enabled {
                    Some(enabled) if enabled != account.enabled => {
                        self.put_enabled(tx, actor, (id, &username), enabled).await
                    }
                    _ => Ok(()),
                }
            })
            .await?;
        self.one(actor, id).await
    }

    async fn put_password(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (id, username): (AccountId, &Namespace),
        hash: &str,
    ) -> Result<()> {
        logins::set_password(tx, id, hash, self.core.now()).await?;
        sessions::delete_all(tx, id).await?;
        let event = Event::PasswordReset {
            username: username.clone(),
            by: by(actor),
        };
        self.record(tx, actor, id, &event).await
    }

    async fn put_enabled(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (id, username): (AccountId, &Namespace),
        enabled: bool,
    ) -> Result<()> {
        users::set_enabled(tx, id, enabled).await?;
        let (username, by) = (username.clone(), by(actor));
        let event = if enabled {
            Event::UserEnabled { username, by }
        } else {
            sessions::delete_all(tx, id).await?;
            Event::UserDisabled { username, by }
        };
        self.record(tx, actor, id, &event).await
    }

    /// Gives a user another address, which counts as confirmed.
    ///
    /// # Errors
    /// As [`Self::change_user`].
    pub async fn change_email(
        &self,
        actor: &Actor,
        id: AccountId,
        email: &Email,
    ) -> Result<ProfileView> {
        let change = UserChange {
            email: Some(email.clone()),
            ..UserChange::default()
        };
        self.change_user(actor, id, &change).await
    }

    /// Sets a user's password and ends its sessions.
    ///
    /// # Errors
    /// As [`Self::change_user`].
    pub async fn set_password(
        &self,
        actor: &Actor,
        id: AccountId,
        password: &Secret<String>,
    ) -> Result<ProfileView> {
        let change = UserChange {
            password: Some(password.clone()),
            ..UserChange::default()
        };
        self.change_user(actor, id, &change).await
    }

    /// Shuts a user out, or lets it in again. What is shut out ends at the next request: sessions, tokens
    /// and robots of its namespace too.
    ///
    /// # Errors
    /// As [`Self::change_user`].
    pub async fn set_enabled(
        &self,
        actor: &Actor,
        id: AccountId,
        enabled: bool,
    ) -> Result<ProfileView> {
        let change = UserChange {
            enabled: Some(enabled),
            ..UserChange::default()
        };
        self.change_user(actor, id, &change).await
    }

    /// Deletes a user as the user itself would ([`crate::accounts::Accounts::delete`]), but for one thing: the
    /// superuser takes over the organizations that it administered alone, so that none is left without an
    /// administrator.
    ///
    /// # Errors
    /// A superuser.
    pub async fn delete_user(&self, actor: &Actor, id: AccountId) -> Result<()> {
        self.changes(actor).await?;
        self.core
            .db
            .write(async |tx| {
                self.inherit(tx, actor, id).await?;
                self.core.delete_user(tx, actor, id).await
            })
            .await
    }

    async fn record(&self, tx: &mut Tx, actor: &Actor, id: AccountId, event: &Event) -> Result<()> {
        let subject = Subject {
            namespace: Some(id),
            repository: None,
        };
        self.core.journal.record(tx, actor, subject, event).await
    }
}

/// A user that is no superuser: those are in the hands of who runs the server.
async fn ordinary(core: &Core, tx: &mut Tx, id: AccountId) -> Result<(Account, Namespace)> {
    let (account, profile) = user_with_profile(tx, id).await?;
    let name: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
    if core.is_superuser(&name, &profile) {
        return Err(Error::conflict("Cannot update a superuser"));
    }
    Ok((account, name))
}

fn by(actor: &Actor) -> String {
    actor.name().unwrap_or_default()
}
