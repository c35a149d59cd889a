//! A user's own account: names, address, ways in, sessions, its end.

use std::collections::HashMap;
use std::sync::Arc;

use berth_domain::{
    AccountId, CodePurpose, Email, Error, Event, Namespace, Noun, Page, PageRequest, Result,
    SessionId,
};
use berth_store::accounts::{Account, UserProfile};
use berth_store::{Tx, email_codes, logins, mails, sessions, users};

pub use berth_store::logins::Login;
pub use berth_store::sessions::Session;
pub use berth_store::users::Names;

use crate::actor::{Actor, Credential, Principal};
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
}

/// What became of a new address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    /// It is the user's now.
    Done,
    /// It will be when the mail that was sent to it is followed.
    AwaitingConfirmation,
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
        })
    }

    /// Whether a user is a superuser: by name, or, where the configuration names none, as the first one.
    pub(crate) fn is_superuser(&self, name: &Namespace, profile: &UserProfile) -> bool {
        let users = &self.settings.users;
        users.superusers_enabled
            && users
                .superusers
                .as_ref()
                .map_or(profile.superuser, |names| names.contains(name))
    }

    /// Whether a user sees what superusers see, and changes nothing.
    pub(crate) fn is_read_only_superuser(&self, name: &Namespace) -> bool {
        let users = &self.settings.users;
        users.superusers_enabled && users.read_only_superusers.contains(name)
    }

    /// Whether the configuration gives rights to whoever has a name.
    fn is_privileged(&self, name: &Namespace) -> bool {
        let users = &self.settings.users;
        let superusers = users.superusers.iter().flatten();
        superusers
            .chain(&users.read_only_superusers)
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

    /// Changes what the user tells of itself, with a fresh login. An empty text is removed, an absent one
    /// stays.
    ///
    /// # Errors
    /// A text that is too long; the switch is off.
    pub async fn tell_names(&self, actor: &Actor, names: &Names) -> Result<()> {
        let own = self.core.gate.administer_account(actor)?;
        if !self.core.settings.users.names {
            return Err(Error::FeatureOff {
                message: "names, company and location are switched off (`FEATURE_USER_METADATA`)"
                    .into(),
            });
        }
        self.core.check_fresh(actor).await?;
        for (field, text) in [
            ("givenName", &names.given_name),
            ("familyName", &names.family_name),
            ("company", &names.company),
            ("location", &names.location),
        ] {
            let length = text.as_ref().map_or(0, |text| text.chars().count());
            if length > NAME_MAX {
                return Err(Error::invalid_value(format!(
                    "expected at most {NAME_MAX} characters, these are {length}"
                ))
                .in_field(field));
            }
        }
        self.core
            .db
            .write(async |tx| {
                users::set_names(tx, own.id, names).await?;
                let event = Event::NamesChanged {
                    given_name: names.given_name.clone(),
                    family_name: names.family_name.clone(),
                    company: names.company.clone(),
                    location: names.location.clone(),
                };
                let journal = &self.core.journal;
                journal.record(tx, actor, Subject::default(), &event).await
            })
            .await
    }

    /// Gives the user another name, with a fresh login; tells who asks from now on. What is in the namespace follows at
    /// once: paths of repositories, names of robots. Whoever takes the old name later has nothing of it.
    ///
    /// # Errors
    /// The switch is off; a name that somebody has, or had until lately; a name that the configuration gives rights
    /// to, the new one or the old one.
    pub async fn rename(&self, actor: &Actor, name: &Namespace) -> Result<Actor> {
        let own = self.core.gate.administer_account(actor)?;
        self.core
            .keeps_accounts("names are given where accounts are kept")?;
        if !self.core.settings.users.rename {
            return Err(Error::FeatureOff {
                message: "users keep their names here (`FEATURE_USER_RENAME` is off)".into(),
            });
        }
        self.core.check_fresh(actor).await?;
        self.core
            .db
            .write(async |tx| {
                berth_store::accounts::lock(tx, own.id).await?;
                let account = user(tx, own.id).await?;
                let old: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
                if old == *name {
                    return Ok(());
                }
                if self.core.is_privileged(&old) {
                    return Err(Error::conflict(
                        "the configuration gives rights to your name; take it out there first",
                    ));
                }
                self.core.check_unprivileged(name)?;
                if berth_store::accounts::holder(tx, name).await?.is_some() {
                    return Err(name_in_use());
                }
                berth_store::accounts::rename(tx, own.id, name)
                    .await
                    .map_err(|error| match error {
                        Error::AlreadyExists { .. } => name_in_use(),
                        other => other,
                    })?;
                let event = Event::UserRenamed {
                    username: name.clone(),
                    old_username: old,
                };
                let journal = &self.core.journal;
                journal.record(tx, actor, Subject::default(), &event).await
            })
            .await?;
        Ok(Actor {
            principal: Principal::User {
                id: own.id,
                name: name.clone(),
            },
            ..actor.clone()
        })
    }

    /// Changes the user's address, with a fresh login: at once where no mail is sent, else when the mail to
    /// the new address is followed.
    ///
    /// # Errors
    /// An address that another user has.
    pub async fn change_email(&self, actor: &Actor, email: &Email) -> Result<EmailChange> {
        let own = self.core.gate.administer_account(actor)?;
        self.core.check_fresh(actor).await?;
        let mailing = self.core.mailer.is_some();
        if mailing {
            self.authn
                .limit_requests("change-email", actor.origin())
                .await?;
        }
        self.core
            .db
            .write(async |tx| {
                let holder = users::by_email(tx, email.as_str()).await?;
                match holder {
                    Some((account, _)) if account.id != own.id => {
                        return Err(Error::already_exists(
                            Noun::User,
                            "E-mail address already used",
                        ));
                    }
                    _ => {}
                }
                if mailing {
                    email_codes::delete_all(tx, own.id, CodePurpose::Confirm).await?;
                    mails::delete_of(tx, own.id, CodePurpose::Confirm).await?;
                    self.core
                        .ask_confirmation(tx, own.id, email.as_str())
                        .await?;
                    return Ok(EmailChange::AwaitingConfirmation);
                }
                let before = user(tx, own.id).await?;
                self.core.replace_email(tx, actor, &before, email).await?;
                Ok(EmailChange::Done)
            })
            .await
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
            .write(async |tx| self.core.delete_user(tx, actor, own.id, false).await)
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

fn name_in_use() -> Error {
    Error::already_exists(Noun::User, "Username is already in use")
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

impl Core {
    /// Begins the deletion of a user; `orphans` may leave organizations without an administrator.
    pub(crate) async fn delete_user(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        orphans: bool,
    ) -> Result<()> {
        berth_store::accounts::lock(tx, id).await?;
        let (account, profile) = user_with_profile(tx, id).await?;
        let name: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
        if self.is_superuser(&name, &profile) {
            return Err(Error::conflict("Cannot delete a superuser"));
        }
        let alone = users::sole_administrator_of(tx, id, NAMED_MAX).await?;
        if !alone.is_empty() && !orphans {
            return Err(Error::conflict(format!(
                "Cannot delete {name} as you are the only admin for organizations: {}",
                alone.join(", ")
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
