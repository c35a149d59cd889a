//! A user's own account: names, address, ways in, sessions, its end.

mod change;

use std::collections::HashMap;
use std::sync::Arc;

use berth_domain::{
    AccountId, CodePurpose, Email, Error, Event, Namespace, Noun, Page, PageRequest, Result,
    SessionId, Timestamp,
};
use berth_store::accounts::{Account, UserProfile};
use berth_store::{Tx, email_codes, logins, mails, sessions, users};

pub use berth_store::logins::Login;
pub use berth_store::sessions::Session;
pub use berth_store::users::Names;

pub use change::{Change, Changed, EmailChange};

use crate::actor::{Actor, Credential};
use crate::authn::Authn;
use crate::core::Core;
use crate::journal::Subject;

/// Longest name, company or place, in characters.
pub const NAME_MAX: usize = 255;
/// Organizations that a refused deletion names.
pub(crate) const NAMED_MAX: i64 = 100;

/// A user's own account.
#[derive(Clone)]
pub struct Accounts {
    core: Arc<Core>,
    authn: Authn,
}

/// What a user and superusers know of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about a user"
)]
pub struct ProfileView {
    /// The account.
    pub id: AccountId,
    /// By name.
    pub name: Namespace,
    /// Address.
    pub email: Option<String>,
    /// Whether the address was confirmed.
    pub email_verified: bool,
    /// False for one that is shut out.
    pub enabled: bool,
    /// Whether it is a superuser.
    pub superuser: bool,
    /// Whether it sees what superusers see, and changes nothing.
    pub read_only_superuser: bool,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Whom the user works for.
    pub company: Option<String>,
    /// Where the user is.
    pub location: Option<String>,
    /// When the user last signed in or showed a credential, to within five minutes; none before, and where that is not
    /// noted.
    pub last_used_at: Option<Timestamp>,
}

impl Core {
    pub(crate) fn profile(&self, account: Account, profile: UserProfile) -> Result<ProfileView> {
        let name: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
        Ok(ProfileView {
            id: account.id,
            email: account.email,
            email_verified: profile.email_verified,
            enabled: account.enabled,
            superuser: self.is_superuser(&name, &profile),
            read_only_superuser: self.is_read_only_superuser(&name),
            name,
            given_name: profile.given_name,
            family_name: profile.family_name,
            company: profile.company,
            location: profile.location,
            last_used_at: account
                .last_accessed_at
                .filter(|_| self.settings.users.note_last_use),
        })
    }

    /// Whether a user is a superuser: by name, or, where the configuration names none, as the first one.
    pub(crate) fn is_superuser(&self, name: &Namespace, profile: &UserProfile) -> bool {
        self.makes_superuser(name, profile.superuser)
    }

    /// The same of a user whose profile says that it was the first one, or that it was not.
    pub(crate) fn makes_superuser(&self, name: &Namespace, was_first: bool) -> bool {
        let users = &self.settings.users;
        users.superusers_enabled
            && users
                .superusers
                .as_ref()
                .map_or(was_first, |names| names.contains(name))
    }

    /// Whether a user sees what superusers see, and changes nothing.
    pub(crate) fn is_read_only_superuser(&self, name: &Namespace) -> bool {
        let users = &self.settings.users;
        users.superusers_enabled && users.read_only_superusers.contains(name)
    }

    /// Whether a user makes nothing of its own.
    pub(crate) fn is_restricted(&self, name: &Namespace) -> bool {
        let users = &self.settings.users;
        users.restricted && !users.unrestricted_names.contains(name)
    }

    /// Whether the configuration gives rights to whoever has a name.
    fn is_privileged(&self, name: &Namespace) -> bool {
        let users = &self.settings.users;
        let superusers = users.superusers.iter().flatten();
        let unrestricted = users.restricted.then_some(&users.unrestricted_names);
        superusers
            .chain(&users.read_only_superusers)
            .chain(unrestricted.into_iter().flatten())
            .any(|privileged| privileged == name)
    }

    /// Refuses the names that the configuration gives rights to: whoever took one would have them.
    pub(crate) fn check_unprivileged(&self, name: &Namespace) -> Result<()> {
        if self.is_privileged(name) {
            return Err(Error::invalid_value("Username is not available").in_field("username"));
        }
        Ok(())
    }

    /// Refuses where accounts are kept elsewhere.
    pub(crate) fn keeps_accounts(&self, message: &str) -> Result<()> {
        if self.settings.users.authentication.is_own() {
            return Ok(());
        }
        Err(Error::FeatureOff {
            message: message.into(),
        })
    }

    /// Puts a new address in its place. Codes that were mailed to another one end, or they would bring it
    /// back.
    pub(crate) async fn replace_email(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        before: &Account,
        email: &Email,
    ) -> Result<()> {
        let name: Namespace = before.name.as_deref().unwrap_or_default().parse()?;
        users::set_email(tx, before.id, &name, Some(email)).await?;
        for purpose in [CodePurpose::Confirm, CodePurpose::Recover] {
            email_codes::delete_all(tx, before.id, purpose).await?;
            mails::delete_of(tx, before.id, purpose).await?;
        }
        let event = Event::EmailChanged {
            username: name,
            email: Some(email.to_string()),
            old_email: before.email.clone(),
        };
        let subject = Subject {
            namespace: Some(before.id),
            repository: None,
        };
        self.journal.record(tx, actor, subject, &event).await
    }
}

impl Accounts {
    pub(crate) const fn new(core: Arc<Core>, authn: Authn) -> Self {
        Self { core, authn }
    }

    /// Those of these users whose profile the actor may know: itself, and everybody for superusers.
    pub async fn profiles(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, ProfileView>> {
        let known: Vec<AccountId> = if self.core.gate.view_registry(actor).is_ok() {
            ids.to_vec()
        } else {
            let own = self.core.gate.view_account(actor).ok();
            let own = own.into_iter().map(|own| own.id);
            own.filter(|id| ids.contains(id)).collect()
        };
        let mut conn = self.core.db.read().await?;
        let found = users::by_ids(&mut conn, &known).await?;
        found
            .into_values()
            .map(|(account, profile)| Ok((account.id, self.core.profile(account, profile)?)))
            .collect()
    }

    /// Deletes the user, with a fresh login, and what is in its namespace: sign-ins and tokens end at once,
    /// repositories are removed by and by, and the name stays taken until then.
    ///
    /// # Errors
    /// A user without whom an organization would have no administrator; a superuser, whose name somebody
    /// else could take.
    pub async fn delete(&self, actor: &Actor) -> Result<()> {
        let own = self.core.gate.administer_account(actor)?;
        self.core
            .keeps_accounts("accounts are deleted where they are kept")?;
        self.core.check_fresh(actor).await?;
        self.core
            .db
            .write(async |tx| self.core.delete_user(tx, actor, own.id).await)
            .await
    }

    /// The actor's ways to sign in; there are a few at most.
    pub async fn logins(&self, actor: &Actor) -> Result<Vec<Login>> {
        let own = self.core.gate.view_account(actor)?;
        let mut conn = self.core.db.read().await?;
        logins::of(&mut conn, own.id).await
    }

    /// The actor's live sessions, the newest first.
    pub async fn sessions(
        &self,
        actor: &Actor,
        page: &PageRequest<SessionId>,
    ) -> Result<Page<Session>> {
        let own = self.core.gate.view_account(actor)?;
        let mut conn = self.core.db.read().await?;
        let now = self.core.now();
        let found = sessions::page(&mut conn, own.id, page.after, page.fetch(), now).await?;
        Ok(page.page(found))
    }

    /// Ends one of the actor's sessions; true where it is the one that asks.
    ///
    /// # Errors
    /// A session that the actor does not have.
    pub async fn revoke_session(&self, actor: &Actor, id: SessionId) -> Result<bool> {
        let own = self.core.gate.administer_account(actor)?;
        self.core
            .db
            .write(async |tx| {
                if !sessions::delete(tx, own.id, id).await? {
                    return Err(Error::Hidden(Noun::Session));
                }
                let journal = &self.core.journal;
                journal
                    .record(tx, actor, Subject::default(), &Event::LoggedOut)
                    .await
            })
            .await?;
        Ok(actor.credential == Credential::Session(id))
    }
}

/// A user that is not being deleted.
pub(crate) async fn user(tx: &mut Tx, id: AccountId) -> Result<Account> {
    user_with_profile(tx, id).await.map(|(account, _)| account)
}

/// The same with its profile.
pub(crate) async fn user_with_profile(
    tx: &mut Tx,
    id: AccountId,
) -> Result<(Account, UserProfile)> {
    let found = users::by_ids(tx, &[id]).await?.remove(&id);
    found.ok_or(Error::Hidden(Noun::User))
}

/// Organizations in a sentence.
pub(crate) fn names(organizations: &[(AccountId, String)]) -> String {
    let names: Vec<&str> = organizations
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    names.join(", ")
}

impl Core {
    /// Begins the deletion of a user.
    pub(crate) async fn delete_user(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
    ) -> Result<()> {
        berth_store::accounts::lock(tx, id).await?;
        let (account, profile) = user_with_profile(tx, id).await?;
        let name: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
        if self.is_superuser(&name, &profile) {
            return Err(Error::conflict("Cannot delete a superuser"));
        }
        let alone = users::sole_administrator_of(tx, id, NAMED_MAX).await?;
        if !alone.is_empty() {
            return Err(Error::conflict(format!(
                "Cannot delete {name} as you are the only admin for organizations: {}",
                names(&alone)
            )));
        }
        users::mark_user_deleting(tx, id, self.now()).await?;
        let subject = Subject {
            namespace: Some(id),
            repository: None,
        };
        let event = Event::UserDeleted { username: name };
        self.journal.record(tx, actor, subject, &event).await
    }
}
