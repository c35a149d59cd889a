//! Name and password: what `/v2/auth` and the login form take.

use berth_crypto::tokens;
use berth_domain::{AccountId, Error, Event, Result, RobotName, Scopes, Secret};
use berth_store::accounts::{Account, UserProfile};
use berth_store::app_tokens::{self, AppToken};
use berth_store::{accounts, logs, robots};

use super::backoff::Tried;
use super::encrypted::ENCRYPTED_ONLY;
use super::{Authn, DISABLED, WRONG_PASSWORD, actor, is_noted};
use crate::actor::{Actor, AppTokenName, Credential, Origin, Principal};
use crate::journal::Subject;

/// What log rows call a login by OAuth access token.
pub(super) const OAUTH: &str = "oauth";
/// What they call one by application token.
const APP_TOKEN: &str = "app_specific_token";
/// User name of a login by OAuth access token.
const OAUTH_USERNAME: &str = "$oauthtoken";
/// User name of a login by application token.
const APP_USERNAME: &str = "$app";
/// User name of a login by access token of a repository or a build.
const REPOSITORY_TOKEN_USERNAME: &str = "$token";
/// What log rows call one.
const REPOSITORY_TOKEN: &str = "token";
/// Refusal of an application token that is unknown or has expired.
const WRONG_APP_TOKEN: &str = "Invalid token";
/// Refusal of robots where they are switched off.
const ROBOTS_OFF: &str = "Robot accounts have been disabled. Please contact your administrator.";

/// A user whose password was right.
pub(super) struct Proven {
    pub(super) actor: Actor,
    /// The account.
    pub(super) account: Account,
    /// The address that was not confirmed yet.
    pub(super) unconfirmed: Option<String>,
}

/// Why a login failed, and by what where that is known.
pub(super) struct Refused {
    pub(super) error: Error,
    pub(super) shown: Option<Box<Shown>>,
}

/// What a login showed that lets nobody in.
pub(super) struct Shown {
    /// Whose it is, or who was named.
    username: String,
    /// Whose log tells of it.
    namespace: Option<AccountId>,
    /// Nobody, by the token where it is known: it has expired, or its user is shut out.
    nobody: Actor,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, shown: None }
    }
}

impl Refused {
    /// A token that there is lets nobody in; the log of a namespace tells.
    pub(super) fn of_token(
        error: Error,
        owner: &Account,
        namespace: AccountId,
        nobody: Actor,
    ) -> Self {
        let shown = Shown {
            username: owner.name.clone().unwrap_or_default(),
            namespace: Some(namespace),
            nobody,
        };
        Self {
            error,
            shown: Some(Box::new(shown)),
        }
    }
}

impl Authn {
    /// The account of a name and password: a user's, a robot's with its token, `$app` or `$oauthtoken`.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] with the text that clients show; [`Error::RateLimited`] after too
    /// many failures.
    pub async fn basic(
        &self,
        username: &str,
        password: &Secret<String>,
        origin: Origin,
    ) -> Result<Actor> {
        let (kind, result) = if username == OAUTH_USERNAME {
            (OAUTH, self.oauth_login(password, origin.clone()).await)
        } else if username == APP_USERNAME {
            (APP_TOKEN, self.app_login(password, origin.clone()).await)
        } else if username == REPOSITORY_TOKEN_USERNAME {
            let login = self.repository_token_login(&origin);
            (REPOSITORY_TOKEN, login.await.map_err(Into::into))
        } else if username.contains('+') {
            let login = self.robot_login(username, password, origin.clone());
            ("robot", login.await.map_err(Into::into))
        } else {
            let login = self.client_login(username, password, &origin);
            ("user", login.await.map_err(Into::into))
        };
        let Refused { error, shown } = match result {
            Ok(actor) => return Ok(actor),
            Err(refused) => refused,
        };
        if matches!(error, Error::Unauthenticated { .. }) {
            let shown = shown.map_or_else(|| self.shown(username, origin), |shown| *shown);
            self.log_failed(kind, "v2auth", &error, shown).await?;
        }
        Err(error)
    }

    /// A user at `/v2`, by password or encrypted password.
    async fn client_login(
        &self,
        login: &str,
        presented: &Secret<String>,
        origin: &Origin,
    ) -> Result<Actor> {
        let opened = self.opened(presented);
        if opened.is_none() && self.core.settings.users.encrypted_passwords_only {
            return Err(Error::unauthenticated(ENCRYPTED_ONLY));
        }
        let password = opened.as_ref().unwrap_or(presented);
        let login = self.password_login(login, password, origin.clone(), Credential::Basic);
        let proven = login.await?;
        self.note_use(&proven.account).await;
        Ok(proven.actor)
    }

    /// A user by name or address, and password. A name nobody has costs as much time as a wrong password.
    pub(super) async fn password_login(
        &self,
        login: &str,
        password: &Secret<String>,
        origin: Origin,
        credential: Credential,
    ) -> Result<Proven> {
        let found = accounts::user_by_login(&mut self.core.db.read().await?, login).await?;
        let tried = match &found {
            Some((account, ..)) => Tried::User(account.id),
            None => Tried::Unknown(login),
        };
        self.check_backoff(tried, &origin).await?;
        let hash = found.as_ref().and_then(|(_, _, hash)| hash.as_ref());
        let verified = if let Some(hash) = hash {
            self.core.passwords.verify(hash, password).await?
        } else {
            self.core.passwords.verify_nobody(password).await?;
            false
        };
        match found {
            Some((account, profile, _)) if verified => {
                self.clear_failures(account.id, &origin).await?;
                let actor =
                    self.user_actor(&account, &profile, credential, Scopes::all(), origin)?;
                let email = account.email.clone();
                Ok(Proven {
                    actor,
                    unconfirmed: email.filter(|_| !profile.email_verified),
                    account,
                })
            }
            _ => {
                self.count_failure(tried, &origin).await?;
                Err(Error::unauthenticated(WRONG_PASSWORD))
            }
        }
    }

    async fn robot_login(
        &self,
        username: &str,
        password: &Secret<String>,
        origin: Origin,
    ) -> Result<Actor> {
        self.check_backoff(Tried::Machine, &origin).await?;
        let settings = &self.core.settings.robots;
        if settings.disallowed && !settings.allowed_names.iter().any(|name| name == username) {
            return Err(Error::unauthenticated(ROBOTS_OFF));
        }
        let robot = match username.parse::<RobotName>() {
            Ok(name) => robots::by_name(&mut self.core.db.read().await?, &name).await?,
            Err(_) => None,
        };
        let Some(robot) = robot else {
            self.count_failure(Tried::Machine, &origin).await?;
            return Err(Error::unauthenticated(
                "Could not find robot with specified username",
            ));
        };
        if !tokens::same(&robot.token_hash, &tokens::hash_token(password.expose())) {
            self.count_failure(Tried::Machine, &origin).await?;
            return Err(Error::unauthenticated(format!(
                "Could not find robot with username: {} and supplied password.",
                robot.name
            )));
        }
        if !robot.enabled {
            return Err(Error::unauthenticated(DISABLED));
        }
        self.touch(robot.id).await;
        let principal = Principal::Robot {
            id: robot.id,
            namespace_id: robot.namespace_id,
            name: robot.name,
        };
        Ok(actor(principal, Credential::Basic, origin))
    }

    /// A user's client by application token. They are long and random, so failures count for the address alone.
    async fn app_login(
        &self,
        password: &Secret<String>,
        origin: Origin,
    ) -> std::result::Result<Actor, Refused> {
        self.check_backoff(Tried::Machine, &origin).await?;
        let now = self.core.now();
        let found = if self.core.settings.app_tokens.enabled {
            let hash = tokens::hash_token(password.expose());
            app_tokens::by_token_hash(&mut self.core.db.read().await?, &hash).await?
        } else {
            None
        };
        let Some((token, account, profile)) = found else {
            self.count_failure(Tried::Machine, &origin).await?;
            return Err(Error::unauthenticated(WRONG_APP_TOKEN).into());
        };
        let checked = if token.expires_at.is_some_and(|end| end <= now) {
            self.count_failure(Tried::Machine, &origin).await?;
            Err(Error::unauthenticated(WRONG_APP_TOKEN))
        } else {
            self.app_actor(&token, &account, &profile, origin.clone())
        };
        let actor = checked.map_err(|error| {
            let nobody = actor(Principal::Anonymous, Credential::AppToken(token.id), origin);
            let nobody = with_app_token(nobody, &token);
            Refused::of_token(error, &account, account.id, nobody)
        })?;
        let (is_token_due, is_user_due) =
            (!is_noted(token.last_used_at, now), self.is_due(&account));
        if is_token_due || is_user_due {
            let touched = self.core.db.write_relaxed(async |tx| {
                if is_token_due {
                    app_tokens::touch(tx, token.id, now).await?;
                }
                if is_user_due {
                    accounts::touch(tx, &[account.id], now).await?;
                }
                Ok(())
            });
            if let Err(e) = touched.await {
                tracing::warn!(error = ?e, "last use of a token could not be written down");
            }
        }
        Ok(actor)
    }

    /// The owner of an application token.
    pub(super) fn app_actor(
        &self,
        token: &AppToken,
        account: &Account,
        profile: &UserProfile,
        origin: Origin,
    ) -> Result<Actor> {
        let credential = Credential::AppToken(token.id);
        let actor = self.user_actor(account, profile, credential, Scopes::all(), origin)?;
        Ok(with_app_token(actor, token))
    }

    async fn oauth_login(
        &self,
        password: &Secret<String>,
        origin: Origin,
    ) -> std::result::Result<Actor, Refused> {
        self.check_backoff(Tried::Machine, &origin).await?;
        let login = self.oauth_actor(password.expose(), origin.clone()).await;
        if let Err(Refused {
            error: Error::Unauthenticated { .. },
            ..
        }) = &login
        {
            self.count_failure(Tried::Machine, &origin).await?;
        }
        login
    }

    /// A client by access token of a repository or a build. There are none here, so none is the right one.
    async fn repository_token_login(&self, origin: &Origin) -> Result<Actor> {
        self.check_backoff(Tried::Machine, origin).await?;
        self.count_failure(Tried::Machine, origin).await?;
        Err(Error::unauthenticated("Invalid access token"))
    }

    /// A login of which no more is known than who was named.
    pub(super) fn shown(&self, username: &str, origin: Origin) -> Shown {
        Shown {
            username: username.to_owned(),
            namespace: None,
            nobody: self.anonymous(origin),
        }
    }

    /// Writes a failed login to the log, where that is switched on.
    pub(super) async fn log_failed(
        &self,
        kind: &'static str,
        how: &'static str,
        error: &Error,
        shown: Shown,
    ) -> Result<()> {
        if !self.core.settings.users.log_login_failures {
            return Ok(());
        }
        let event = Event::LoginFailed {
            kind,
            how,
            username: shown.username,
            message: error.to_string(),
        };
        let subject = Subject {
            namespace: shown.namespace,
            repository: None,
        };
        let entry = self.core.journal.entry(&shown.nobody, subject, &event);
        self.core
            .db
            .write(async |tx| logs::insert(tx, &entry).await)
            .await
    }

    /// Writes a login to the log, where that is switched on.
    pub(super) async fn log_success(&self, actor: &Actor, how: &'static str) -> Result<()> {
        if !self.core.settings.users.log_logins {
            return Ok(());
        }
        let event = Event::LoginSucceeded {
            kind: match actor.credential {
                Credential::AppToken(_) => APP_TOKEN,
                _ => actor.kind(),
            },
            how,
        };
        let entry = self.core.journal.entry(actor, Subject::default(), &event);
        self.core
            .db
            .write(async |tx| logs::insert(tx, &entry).await)
            .await
    }
}

/// The actor of a token of a user's client.
fn with_app_token(actor: Actor, token: &AppToken) -> Actor {
    Actor {
        app_token: Some(AppTokenName {
            uuid: token.uuid.clone(),
            title: token.title.clone(),
        }),
        ..actor
    }
}
