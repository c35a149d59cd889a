//! Signing up: strangers create their own account, where the configuration lets them.

use berth_crypto::tokens;
use berth_domain::{AccountKind, Error, Namespace, Noun, Result, Secret};
use berth_store::teams::invitations;
use berth_store::{Conn, Tx, accounts, users};

use super::basic::Proven;
use super::{Authn, Session};
use crate::actor::{Credential, Origin};

/// Refusal of a sign-up under an address to which no invitation went.
const NOT_INVITED: &str =
    "Creation of a user account for this e-mail is disabled; please contact an administrator";

/// An account to be, as typed.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Name.
    pub username: String,
    /// Password.
    pub password: Secret<String>,
    /// Address; needed where mail is sent.
    pub email: Option<String>,
    /// The code of a mail that asks its reader into a team: it confirms the address that the mail went to.
    pub invite_code: Option<Secret<String>>,
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
        let code = new.invite_code.as_ref().map(|code| code.expose().trim());
        let code = code.filter(|code| !code.is_empty());
        let by_invitation = users.sign_up_by_invitation;
        if by_invitation && code.is_none() {
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
                let is_invited = self.is_invited(tx, code, email).await?;
                // Before anything is told of the name, which is for those who may ask for one.
                if by_invitation && !is_invited {
                    return Err(Error::invalid_value(NOT_INVITED).in_field("email"));
                }
                self.check_free(tx, &parsed.name, "The username already exists")
                    .await?;
                let is_confirmed = is_invited || !mailing;
                let id = self
                    .insert_user(tx, &parsed, false, is_confirmed, &stranger)
                    .await?;
                if let (false, Some(email)) = (is_confirmed, &parsed.email) {
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

    /// Whether a code is that of a mail to this address which asks its reader into a team. The code goes on working: the
    /// question in the mail is answered with it later.
    async fn is_invited(
        &self,
        conn: &mut Conn,
        code: Option<&str>,
        email: Option<&str>,
    ) -> Result<bool> {
        let (Some(code), Some(email)) = (code, email) else {
            return Ok(false);
        };
        let found = invitations::by_code(conn, &tokens::hash_token(code.trim())).await?;
        let now = self.core.now();
        Ok(found.is_some_and(|found| {
            let is_live = found.row.code_expires_at.is_some_and(|end| now < end);
            // That of a user is for a user who is there already.
            is_live && found.row.email == Some(email.to_ascii_lowercase())
        }))
    }

    /// Refuses a sign-in whose address waits for its confirmation, and asks for it again, unless a code confirms it.
    pub(super) async fn check_confirmed(
        &self,
        proven: &Proven,
        invite_code: Option<&str>,
    ) -> Result<()> {
        let (Some(email), true) = (&proven.unconfirmed, self.core.mailer.is_some()) else {
            return Ok(());
        };
        let Some(id) = proven.actor.user_id() else {
            return Ok(());
        };
        let is_confirmed = self.core.db.write(async |tx| {
            let is_invited = self
                .is_invited(tx, invite_code, Some(email.as_str()))
                .await?;
            if is_invited {
                users::set_verified(tx, id).await?;
            } else {
                self.core.ask_confirmation(tx, id, email).await?;
            }
            Ok(is_invited)
        });
        if is_confirmed.await? {
            return Ok(());
        }
        Err(Error::EmailUnverified)
    }
}
