//! What a user changes of the own account: all that is asked for, or nothing where one thing is refused.

use std::time::Duration;

use berth_domain::{
    AccountId, AccountKind, CodePurpose, Email, Error, Event, Namespace, Noun, Result, Secret,
};
use berth_store::{Tx, accounts as rows, email_codes, mails, users};

use super::{Accounts, NAME_MAX, Names, user};
use crate::actor::{Actor, Principal};
use crate::authn::Session;
use crate::journal::Subject;

/// What a user changes of the own account; what is left out stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// How long ended tags of the own namespace can be brought back; the inner `None` for as long as everywhere.
    pub tag_expiration: Option<Option<Duration>>,
    /// What the user tells of itself; an empty text is removed.
    pub names: Names,
    /// Another address.
    pub email: Option<Email>,
    /// Another name.
    pub username: Option<Namespace>,
    /// Another password.
    pub password: Option<Secret<String>>,
}

/// What came of a change.
#[derive(Debug)]
pub struct Changed {
    /// Who asks from now on; another name shows here.
    pub actor: Actor,
    /// What became of another address.
    pub email: Option<EmailChange>,
    /// What goes on after another password, where a session asked: all others have ended.
    pub session: Option<Session>,
}

/// What became of a new address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    /// It is the user's now.
    Done,
    /// It will be when the mail that was sent to it is followed.
    AwaitingConfirmation,
}

fn name_in_use() -> Error {
    Error::already_exists(Noun::User, "Username is already in use")
}

impl Accounts {
    /// Changes the own account, with a fresh login: all that is asked for, or nothing.
    ///
    /// # Errors
    /// A time for ended tags that is not offered; what is switched off; a text that is too long; an address that
    /// another user has; a name that somebody has, or had until lately, or that the configuration gives rights to,
    /// the new one or the old one; a password that is too weak.
    pub async fn change(&self, actor: &Actor, change: &Change) -> Result<Changed> {
        let core = &self.core;
        let own = core.gate.administer_account(actor)?;
        self.check(change)?;
        core.check_fresh(actor).await?;
        check_names(&change.names)?;
        let hash = match &change.password {
            Some(password) => Some(self.authn.hashed(password, "password").await?),
            None => None,
        };
        if core.mailer.is_some() && change.email.is_some() {
            self.authn
                .limit_requests("change-email", actor.origin())
                .await?;
        }
        core.db
            .write(async |tx| {
                let mut changed = Changed {
                    actor: actor.clone(),
                    email: None,
                    session: None,
                };
                if let Some(chosen) = change.tag_expiration {
                    let kind = AccountKind::User;
                    core.choose_tag_expiration(tx, actor, kind, &own.name, chosen)
                        .await?;
                }
                if change.names != Names::default() {
                    self.put_names(tx, actor, own.id, &change.names).await?;
                }
                if let Some(email) = &change.email {
                    changed.email = Some(self.put_email(tx, actor, own.id, email).await?);
                }
                if let Some(name) = &change.username {
                    self.put_name(tx, actor, own.id, name).await?;
                    changed.actor.principal = Principal::User {
                        id: own.id,
                        name: name.clone(),
                    };
                }
                if let Some(hash) = &hash {
                    let authn = &self.authn;
                    changed.session = authn.put_password(tx, &changed.actor, own.id, hash).await?;
                }
                Ok(changed)
            })
            .await
    }

    /// Changes what the user tells of itself, as [`Self::change`] does.
    pub async fn tell_names(&self, actor: &Actor, names: &Names) -> Result<()> {
        let change = Change {
            names: names.clone(),
            ..Change::default()
        };
        self.change(actor, &change).await.map(drop)
    }

    /// Gives the user another name, as [`Self::change`] does; tells who asks from now on. What is in the namespace
    /// follows at once: paths of repositories, names of robots. Whoever takes the old name later has nothing of it.
    pub async fn rename(&self, actor: &Actor, name: &Namespace) -> Result<Actor> {
        let change = Change {
            username: Some(name.clone()),
            ..Change::default()
        };
        Ok(self.change(actor, &change).await?.actor)
    }

    /// Changes the user's address, as [`Self::change`] does: at once where no mail is sent, else when the mail to
    /// the new address is followed.
    pub async fn change_email(&self, actor: &Actor, email: &Email) -> Result<EmailChange> {
        let change = Change {
            email: Some(email.clone()),
            ..Change::default()
        };
        let changed = self.change(actor, &change).await?;
        changed
            .email
            .ok_or_else(|| Error::internal("an address came to nothing"))
    }

    /// Refuses what the configuration does not let users change.
    fn check(&self, change: &Change) -> Result<()> {
        let users = &self.core.settings.users;
        if change.names != Names::default() && !users.names {
            return Err(Error::FeatureOff {
                message: "names, company and location are switched off (`FEATURE_USER_METADATA`)"
                    .into(),
            });
        }
        if change.username.is_some() {
            self.core
                .keeps_accounts("names are given where accounts are kept")?;
            if !users.rename {
                return Err(Error::FeatureOff {
                    message: "users keep their names here (`FEATURE_USER_RENAME` is off)".into(),
                });
            }
        }
        if change.password.is_some() {
            self.core
                .keeps_accounts("passwords are kept elsewhere; they are changed there")?;
        }
        Ok(())
    }

    async fn put_names(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        names: &Names,
    ) -> Result<()> {
        users::set_names(tx, id, names).await?;
        let event = Event::NamesChanged {
            given_name: names.given_name.clone(),
            family_name: names.family_name.clone(),
            company: names.company.clone(),
            location: names.location.clone(),
        };
        let journal = &self.core.journal;
        journal.record(tx, actor, Subject::default(), &event).await
    }

    async fn put_email(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        email: &Email,
    ) -> Result<EmailChange> {
        match users::by_email(tx, email.as_str()).await? {
            Some((account, _)) if account.id != id => {
                return Err(Error::already_exists(
                    Noun::User,
                    "E-mail address already used",
                ));
            }
            // Scripts tell everything that they know of a user, and most of it is as it was.
            Some((account, profile))
                if profile.email_verified && account.email.as_deref() == Some(email.as_str()) =>
            {
                return Ok(EmailChange::Done);
            }
            _ => {}
        }
        let core = &self.core;
        if core.mailer.is_some() {
            email_codes::delete_all(tx, id, CodePurpose::Confirm).await?;
            mails::delete_of(tx, id, CodePurpose::Confirm).await?;
            core.ask_confirmation(tx, id, email.as_str()).await?;
            return Ok(EmailChange::AwaitingConfirmation);
        }
        let before = user(tx, id).await?;
        core.replace_email(tx, actor, &before, email).await?;
        Ok(EmailChange::Done)
    }

    async fn put_name(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        name: &Namespace,
    ) -> Result<()> {
        rows::lock(tx, id).await?;
        let account = user(tx, id).await?;
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
        if rows::holder(tx, name).await?.is_some() {
            return Err(name_in_use());
        }
        rows::rename(tx, id, name)
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
    }
}

fn check_names(names: &Names) -> Result<()> {
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
    Ok(())
}
