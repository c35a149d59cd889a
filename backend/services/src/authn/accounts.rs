//! Signing in and out, the first user, and passwords.

use berth_crypto::{passwords, tokens};
use berth_domain::{AccountId, Email, Error, Event, Namespace, Noun, Result, Scopes, Secret};
use berth_store::accounts::{self, NewUser};
use berth_store::oauth::applications::{self, Described};
use berth_store::sessions::{self, NewSession};
use berth_store::{Tx, facts, logins, oauth};
use uuid::Uuid;

use super::backoff::Tried;
use super::{Authn, Session, WRONG_PASSWORD};
use crate::access::Gate;
use crate::actor::{Actor, Credential, Origin, Principal};
use crate::journal::Subject;
use crate::oauth::{SECRET_CONTEXT, TOKEN_LIFE};

/// Longest user agent that is kept.
const USER_AGENT_CHARS_MAX: usize = 255;
/// Fact that makes the set-up code of this registry its own.
const SETUP_FACT: &str = "setup_nonce";

/// The first user, as typed.
#[derive(Debug, Clone)]
pub struct InitialUser {
    /// Name.
    pub username: String,
    /// Password.
    pub password: Secret<String>,
    /// Address, optional.
    pub email: Option<String>,
    /// The code that the server printed at start, where it asks for one.
    pub setup_code: Option<String>,
}

/// What `POST /api/v1/user/initialize` answers.
#[derive(Debug, Clone)]
pub struct InitializedByApi {
    /// Name.
    pub username: Namespace,
    /// Address.
    pub email: Option<Email>,
    /// The password as clients may keep it.
    pub encrypted_password: Secret<String>,
    /// An access token with every scope, when it was asked for.
    pub access_token: Option<Secret<String>>,
}

/// A user's fields after parsing, password hashed.
pub(super) struct Parsed {
    pub(super) name: Namespace,
    pub(super) email: Option<Email>,
    hash: String,
}

impl Authn {
    /// Signs a browser in.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], the same for a wrong name and a wrong password; [`Error::RateLimited`].
    pub async fn sign_in(
        &self,
        username: &str,
        password: &Secret<String>,
        origin: Origin,
    ) -> Result<Session> {
        Box::pin(self.sign_in_invited(username, password, None, origin)).await
    }

    /// The same with the code of a mail that asks its reader into a team: it confirms the user's address where the mail
    /// went there.
    ///
    /// # Errors
    /// As [`Self::sign_in`].
    pub async fn sign_in_invited(
        &self,
        username: &str,
        password: &Secret<String>,
        invite_code: Option<&str>,
        origin: Origin,
    ) -> Result<Session> {
        if !self.core.settings.users.direct_login {
            return Err(Error::FeatureOff {
                message: "signing in with a password is switched off (`FEATURE_DIRECT_LOGIN`)"
                    .into(),
            });
        }
        let result = self
            .password_login(username, password, origin.clone(), Credential::None)
            .await;
        let user = match result {
            Ok(proven) => {
                self.check_confirmed(&proven, invite_code).await?;
                proven.actor
            }
            Err(e) => {
                if matches!(e, Error::Unauthenticated { .. }) {
                    let shown = self.shown(username, origin);
                    self.log_failed("user", "quayauth", &e, shown).await?;
                }
                return Err(e);
            }
        };
        let session = self
            .core
            .db
            .write(async |tx| self.open_session(tx, &user).await)
            .await?;
        self.log_success(&session.actor, "quayauth").await?;
        Ok(session)
    }

    /// Ends all sessions of the user.
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> {
        let Some(id) = actor.user_id() else {
            return Ok(());
        };
        self.core
            .db
            .write(async |tx| {
                sessions::delete_all(tx, id).await?;
                self.core
                    .journal
                    .record(tx, actor, Subject::default(), &Event::LoggedOut)
                    .await
            })
            .await
    }

    /// Whether no user exists yet.
    pub async fn needs_setup(&self) -> Result<bool> {
        Ok(!accounts::any_user(&mut self.core.db.read().await?).await?)
    }

    /// The code that set-up asks for off loopback; the same on every replica, since it is derived
    /// from the sealing key and a fact of this registry.
    pub async fn setup_code(&self) -> Result<String> {
        let nonce = self
            .core
            .db
            .write(async |tx| {
                facts::get_or_insert(tx, SETUP_FACT, &Uuid::new_v4().to_string()).await
            })
            .await?;
        let code = self
            .core
            .sealing
            .authenticate("setup-code", nonce.as_bytes());
        Ok(code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(12)
            .collect())
    }

    /// Makes the first user from the set-up page and signs in.
    ///
    /// # Errors
    /// A registry that has users, or whose accounts are kept elsewhere; a wrong code; a field that is refused, by name.
    pub async fn initialize(&self, user: InitialUser, origin: Origin) -> Result<Session> {
        if self.core.settings.users.setup_needs_code {
            let given = user.setup_code.as_deref().unwrap_or_default();
            if !tokens::same(given.trim(), &self.setup_code().await?) {
                return Err(Error::invalid_value(
                    "the set-up code is not the one that the server printed at start",
                )
                .in_field("setupCode"));
            }
        }
        let parsed = self
            .parse_user(&user.username, &user.password, user.email.as_deref())
            .await?;
        self.core
            .db
            .write(async |tx| {
                let actor = self.insert_first(tx, &parsed, origin.clone()).await?;
                self.open_session(tx, &actor).await
            })
            .await
    }

    /// Makes the first user by API, with an access token when asked for; no session.
    ///
    /// # Errors
    /// The switch is off; a registry that has users, or whose accounts are kept elsewhere; a field that is refused.
    pub async fn initialize_by_api(
        &self,
        user: InitialUser,
        with_token: bool,
        origin: Origin,
    ) -> Result<InitializedByApi> {
        if !self.core.settings.users.initialize_by_api {
            return Err(Error::FeatureOff {
                message: "`FEATURE_USER_INITIALIZE` is off".into(),
            });
        }
        let parsed = self
            .parse_user(&user.username, &user.password, user.email.as_deref())
            .await?;
        let token = with_token.then(tokens::oauth_access_token);
        self.core
            .db
            .write(async |tx| {
                let actor = self.insert_first(tx, &parsed, origin.clone()).await?;
                if let (Some(token), Some(id)) = (&token, actor.user_id()) {
                    self.insert_access_token(tx, id, token).await?;
                }
                Ok(())
            })
            .await?;
        Ok(InitializedByApi {
            username: parsed.name,
            email: parsed.email,
            encrypted_password: self.encrypted(&user.password),
            access_token: token,
        })
    }

    async fn insert_access_token(
        &self,
        tx: &mut Tx,
        user: AccountId,
        token: &Secret<String>,
    ) -> Result<()> {
        let now = self.core.now();
        let client_id = tokens::oauth_client_id();
        let secret = tokens::oauth_access_token();
        let sealed = self.core.sealing.seal(SECRET_CONTEXT, secret.expose());
        let described = Described {
            name: "automation",
            ..Described::default()
        };
        let names = (client_id.as_str(), sealed.as_str());
        let application = applications::insert(tx, user, names, described, now).await?;
        let new = oauth::NewToken {
            uuid: &Uuid::new_v4().to_string(),
            application_id: application.id,
            account_id: user,
            name: None,
            scopes: &Scopes::all(),
            token_hash: &tokens::hash_token(token.expose()),
            code_hash: None,
            expires_at: now.after(TOKEN_LIFE),
        };
        oauth::insert_token(tx, &new, now).await?;
        Ok(())
    }

    /// Changes the own password; every other session ends and a new one begins.
    ///
    /// # Errors
    /// A wrong current password or a refused new one, by field; passwords that are kept elsewhere.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<Session> {
        let Principal::User { id, .. } = actor.principal else {
            return Err(Error::unauthenticated("sign in first"));
        };
        if !matches!(actor.credential, Credential::Session(_)) {
            return Err(Error::forbidden(
                "a password is changed in a signed-in browser, not with a token",
            ));
        }
        self.core
            .keeps_accounts("passwords are kept elsewhere; they are changed there")?;
        self.core.gate.writable()?;
        if !self.is_password(id, current, &actor.origin).await? {
            return Err(
                Error::invalid_value("the current password is wrong").in_field("currentPassword")
            );
        }
        let new = self.hashed(new, "newPassword").await?;
        self.core
            .db
            .write(async |tx| {
                self.replace(tx, actor, id, &new).await?;
                self.open_session(tx, actor).await
            })
            .await
    }

    /// Puts another password in place, in the caller's transaction. All sessions end; where one asked, a new one
    /// begins.
    pub(crate) async fn put_password(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        hash: &str,
    ) -> Result<Option<Session>> {
        self.replace(tx, actor, id, hash).await?;
        match actor.credential {
            Credential::Session(_) => Ok(Some(self.open_session(tx, actor).await?)),
            _ => Ok(None),
        }
    }

    /// A password that is not too weak, as it is kept.
    pub(crate) async fn hashed(&self, new: &Secret<String>, field: &'static str) -> Result<String> {
        passwords::check_rules(new.expose()).map_err(|e| e.in_field(field))?;
        self.core.passwords.hash(new).await
    }

    /// Puts a password in the place of the old one, which ends every session.
    async fn replace(&self, tx: &mut Tx, actor: &Actor, id: AccountId, hash: &str) -> Result<()> {
        logins::set_password(tx, id, hash, self.core.now()).await?;
        sessions::delete_all(tx, id).await?;
        let journal = &self.core.journal;
        journal
            .record(tx, actor, Subject::default(), &Event::PasswordChanged)
            .await
    }

    /// Adds a user from the command line.
    ///
    /// # Errors
    /// An actor that is not the command line; a taken name or address; a refused field.
    pub async fn create_user(
        &self,
        actor: &Actor,
        username: &str,
        email: Option<&str>,
        password: &Secret<String>,
        superuser: bool,
    ) -> Result<()> {
        Gate::local(actor)?;
        let parsed = self.parse_user(username, password, email).await?;
        self.core
            .db
            .write(async |tx| {
                self.insert_user(tx, &parsed, superuser, true, actor)
                    .await?;
                Ok(())
            })
            .await
    }

    /// Adds a user for a superuser, whom the caller has let through the gate.
    pub(crate) async fn create_user_by(
        &self,
        actor: &Actor,
        username: &str,
        email: Option<&str>,
        password: &Secret<String>,
    ) -> Result<AccountId> {
        let parsed = self.parse_user(username, password, email).await?;
        self.core
            .db
            .write(async |tx| {
                self.check_free(
                    tx,
                    &parsed.name,
                    "Username has already been taken by user cannot be reused",
                )
                .await?;
                self.insert_user(tx, &parsed, false, true, actor).await
            })
            .await
    }

    /// Whether this is a user's password. Counts wrong ones.
    pub(super) async fn is_password(
        &self,
        id: AccountId,
        password: &Secret<String>,
        origin: &Origin,
    ) -> Result<bool> {
        self.check_backoff(Tried::User(id), origin).await?;
        let hash = logins::password_hash(&mut self.core.db.read().await?, id).await?;
        let is_right = match hash {
            Some(hash) => self.core.passwords.verify(&hash, password).await?,
            None => false,
        };
        if is_right {
            self.clear_failures(id, origin).await?;
        } else {
            self.count_failure(Tried::User(id), origin).await?;
        }
        Ok(is_right)
    }

    /// Notes that the user of a session gave the password again: for some minutes the session may do what
    /// is dangerous.
    ///
    /// # Errors
    /// A wrong password; [`Error::RateLimited`]; an actor without a session.
    pub async fn verify_password(&self, actor: &Actor, password: &Secret<String>) -> Result<Actor> {
        let (Principal::User { id, .. }, Credential::Session(session)) =
            (&actor.principal, actor.credential)
        else {
            return Err(Error::unauthenticated("sign in first"));
        };
        if !self.is_password(*id, password, &actor.origin).await? {
            return Err(Error::invalid_value(WRONG_PASSWORD).in_field("password"));
        }
        let now = self.core.now();
        self.core
            .db
            .write(async |tx| sessions::authenticate(tx, session, now).await)
            .await?;
        Ok(Actor {
            authenticated_at: Some(now),
            ..actor.clone()
        })
    }

    /// Refuses a session whose password was given too long ago (`FRESH_LOGIN_TIMEOUT`). Other credentials
    /// pass. The services ask this themselves; adapters may ask before they read a request.
    ///
    /// # Errors
    /// [`Error::FreshLoginRequired`].
    pub async fn check_fresh(&self, actor: &Actor) -> Result<()> {
        self.core.check_fresh(actor).await
    }

    /// Sets a password from the command line: the way back in for a locked-out administrator. Ends
    /// the user's sessions.
    ///
    /// # Errors
    /// An actor that is not the command line; an unknown name; a refused password.
    pub async fn reset_password(
        &self,
        actor: &Actor,
        username: &str,
        password: &Secret<String>,
    ) -> Result<()> {
        Gate::local(actor)?;
        passwords::check_rules(password.expose())?;
        let hash = self.core.passwords.hash(password).await?;
        self.core
            .db
            .write(async |tx| {
                let (account, ..) = accounts::user_by_login(tx, username)
                    .await?
                    .ok_or_else(|| Error::not_found(Noun::User, username))?;
                logins::set_password(tx, account.id, &hash, self.core.now()).await?;
                sessions::delete_all(tx, account.id).await?;
                let event = Event::PasswordReset {
                    username: account.name.unwrap_or_default().parse()?,
                    by: "command line".into(),
                };
                let subject = Subject {
                    namespace: Some(account.id),
                    repository: None,
                };
                self.core.journal.record(tx, actor, subject, &event).await
            })
            .await
    }

    pub(super) async fn parse_user(
        &self,
        name: &str,
        password: &Secret<String>,
        email: Option<&str>,
    ) -> Result<Parsed> {
        let name: Namespace = name.parse().map_err(|e: Error| e.in_field("username"))?;
        let email: Option<Email> = match email.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Some(text.parse().map_err(|e: Error| e.in_field("email"))?),
            None => None,
        };
        passwords::check_rules(password.expose()).map_err(|e| e.in_field("password"))?;
        let hash = self.core.passwords.hash(password).await?;
        Ok(Parsed { name, email, hash })
    }

    /// Adds the first user; the transaction sees to it that there is only one first.
    async fn insert_first(&self, tx: &mut Tx, user: &Parsed, origin: Origin) -> Result<Actor> {
        self.core
            .keeps_accounts("Cannot initialize user in a non-database auth system")?;
        // Both databases queue here: a fact is one row that every set-up writes.
        facts::get_or_insert(tx, "first_user", user.name.as_str()).await?;
        if accounts::any_user(tx).await? {
            return Err(Error::conflict(
                "Cannot initialize user in a non-empty database",
            ));
        }
        let id = self
            .insert_user(tx, user, true, true, &self.anonymous(origin.clone()))
            .await?;
        let (account, profile) = accounts::user(tx, id)
            .await?
            .ok_or_else(|| Error::internal("a new user is gone"))?;
        self.user_actor(&account, &profile, Credential::None, Scopes::all(), origin)
    }

    pub(super) async fn insert_user(
        &self,
        tx: &mut Tx,
        user: &Parsed,
        superuser: bool,
        email_verified: bool,
        by: &Actor,
    ) -> Result<AccountId> {
        let new = NewUser {
            email_verified,
            name: &user.name,
            email: user.email.as_ref(),
            password_hash: &user.hash,
            superuser,
        };
        let id =
            accounts::insert_user(tx, &Uuid::new_v4().to_string(), &new, self.core.now()).await?;
        let subject = Subject {
            namespace: Some(id),
            repository: None,
        };
        let event = Event::UserCreated {
            username: user.name.clone(),
            email: user.email.as_ref().map(ToString::to_string),
            by: by.name(),
        };
        self.core.journal.record(tx, by, subject, &event).await?;
        Ok(id)
    }

    pub(super) async fn open_session(&self, tx: &mut Tx, user: &Actor) -> Result<Session> {
        let now = self.core.now();
        let token = tokens::session_token();
        let expires_at = now.after(self.core.settings.users.session_life);
        let account_id = user
            .user_id()
            .ok_or_else(|| Error::internal("a session without a user"))?;
        let agent: Option<String> = user
            .origin
            .user_agent
            .as_ref()
            .map(|text| text.chars().take(USER_AGENT_CHARS_MAX).collect());
        let new = NewSession {
            token_hash: &tokens::hash_token(token.expose()),
            account_id,
            ip: user.origin.ip.map(|ip| ip.to_string()),
            user_agent: agent.as_deref(),
            expires_at,
        };
        let id = sessions::insert(tx, &new, now).await?;
        if self.core.settings.users.note_last_use {
            accounts::touch(tx, &[account_id], now).await?;
        }
        let actor = Actor {
            credential: Credential::Session(id),
            authenticated_at: Some(now),
            ..user.clone()
        };
        let csrf = self.csrf_token(token.expose());
        Ok(Session {
            actor,
            token,
            csrf,
            expires_at,
        })
    }
}
