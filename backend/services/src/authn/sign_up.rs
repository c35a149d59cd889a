//! Signing up: strangers create their own account, where the configuration lets them.

use berth_domain::{AccountKind, Error, Namespace, Noun, Result, Secret};
use berth_store::{Tx, accounts};

use super::basic::Proven;
use super::{Authn, Session};
use crate::actor::{Credential, Origin};

/// An account to be, as typed.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Name.
    pub username: String,
    /// Password.
    pub password: Secret<String>,
    /// Address; needed where mail is sent.
    pub email: Option<String>,
}

/// What became of a sign-up.
#[derive(Debug)]
pub enum SignedUp {
    /// The account is there, and signed in.
    SignedIn(Box<Session>),
    /// The account is there, and waits until the mail to its address is followed.
    AwaitingVerification,
}

impl Authn {
    /// Creates an account for a stranger.
    ///
    /// # Errors
    /// The switches are off; a taken name or address; a field that is refused, by name.
    pub async fn sign_up(&self, new: NewAccount, origin: Origin) -> Result<SignedUp> {
        let users = &self.core.settings.users;
        self.core
            .keeps_accounts("accounts are created where they are kept, not here")?;
        if !users.sign_up || !users.direct_login {
            let key = if users.sign_up {
                "FEATURE_DIRECT_LOGIN"
            } else {
                "FEATURE_USER_CREATION"
            };
            return Err(Error::FeatureOff {
                message: format!(
                    "signing up is switched off (`{key}`); ask an administrator for an account"
                ),
            });
        }
        self.core.gate.writable()?;
        if users.sign_up_by_invitation {
            return Err(Error::invalid_value("Cannot create non-invited user"));
        }
        let mailing = self.core.mailer.is_some();
        let email = new.email.as_deref().map(str::trim);
        let email = email.filter(|email| !email.is_empty());
        if mailing && email.is_none() {
            return Err(Error::invalid_value("Email address is required").in_field("email"));
        }
        self.limit_requests("sign-up", &origin).await?;
        let parsed = self.parse_user(&new.username, &new.password, email).await?;
        self.core.check_unprivileged(&parsed.name)?;
        let stranger = self.anonymous(origin.clone());
        self.core
            .db
            .write(async |tx| {
                // The first user is a superuser, so it is no stranger who makes it.
                if !accounts::any_user(tx).await? {
                    return Err(Error::conflict(
                        "this registry has no administrator yet; it is set up first",
                    ));
                }
                self.check_free(tx, &parsed.name, "The username already exists")
                    .await?;
                let id = self
                    .insert_user(tx, &parsed, false, !mailing, &stranger)
                    .await?;
                if let (true, Some(email)) = (mailing, &parsed.email) {
                    self.core.ask_confirmation(tx, id, email.as_str()).await?;
                    return Ok(SignedUp::AwaitingVerification);
                }
                let user = self
                    .user(
                        tx,
                        id,
                        Credential::None,
                        berth_domain::Scopes::all(),
                        origin.clone(),
                    )
                    .await?;
                let session = self.open_session(tx, &user).await?;
                Ok(SignedUp::SignedIn(Box::new(session)))
            })
            .await
    }

    /// Refuses a name that somebody has, in the words that clients know.
    pub(super) async fn check_free(
        &self,
        tx: &mut Tx,
        name: &Namespace,
        taken_by_user: &str,
    ) -> Result<()> {
        let message = match accounts::holder(tx, name).await? {
            None => return Ok(()),
            Some(_) if accounts::is_reserved(tx, name).await? => {
                "Username is not available".to_owned()
            }
            Some(AccountKind::Organization) => format!(
                "Username has already been taken by an organization and cannot be reused: {name}"
            ),
            Some(AccountKind::User | AccountKind::Robot) if taken_by_user.ends_with("reused") => {
                format!("{taken_by_user}: {name}")
            }
            Some(AccountKind::User | AccountKind::Robot) => taken_by_user.to_owned(),
        };
        Err(Error::already_exists(Noun::Namespace, message))
    }

    /// Refuses a sign-in whose address waits for its confirmation, and asks for it again.
    pub(super) async fn check_confirmed(&self, proven: &Proven) -> Result<()> {
        let (Some(email), true) = (&proven.unconfirmed, self.core.mailer.is_some()) else {
            return Ok(());
        };
        let Some(id) = proven.actor.user_id() else {
            return Ok(());
        };
        self.core
            .db
            .write(async |tx| self.core.ask_confirmation(tx, id, email).await)
            .await?;
        Err(Error::EmailUnverified)
    }
}
