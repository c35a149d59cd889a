//! Name and password: what `/v2/auth` and the login form take.

use berth_crypto::tokens;
use berth_domain::{AccountId, Error, Event, Result, RobotName, Scopes, Secret};
use berth_store::{accounts, logs, robots};

use super::backoff::Tried;
use super::{Authn, DISABLED, WRONG_PASSWORD, actor};
use crate::actor::{Actor, Credential, Origin, Principal};
use crate::journal::Subject;

/// User name of a login by OAuth access token.
const OAUTH_USERNAME: &str = "$oauthtoken";
/// Refusal of robots where they are switched off.
const ROBOTS_OFF: &str = "Robot accounts have been disabled. Please contact your administrator.";

impl Authn {
    /// The account of a name and password: a user's, a robot's with its token, or `$oauthtoken`.
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
            ("oauth", self.oauth_login(password, origin.clone()).await)
        } else if username.contains('+') {
            (
                "robot",
                self.robot_login(username, password, origin.clone()).await,
            )
        } else {
            (
                "user",
                self.password_login(username, password, origin.clone(), Credential::Basic)
                    .await,
            )
        };
        if let Err(e @ Error::Unauthenticated { .. }) = &result {
            self.log_failure(kind, "v2auth", username, &e.to_string(), origin)
                .await?;
        }
        result
    }

    /// A user by name or address, and password. A name nobody has costs as much time as a wrong password.
    pub(super) async fn password_login(
        &self,
        login: &str,
        password: &Secret<String>,
        origin: Origin,
        credential: Credential,
    ) -> Result<Actor> {
        let found = accounts::user_by_login(&mut self.core.db.read().await?, login).await?;
        let tried = match &found {
            Some((account, _)) => Tried::User(account.id),
            None => Tried::Unknown(login),
        };
        self.check_backoff(tried, &origin).await?;
        let hash = found
            .as_ref()
            .and_then(|(_, profile)| profile.password_hash.as_ref());
        let verified = if let Some(hash) = hash {
            self.core.passwords.verify(hash, password).await?
        } else {
            self.core.passwords.verify_nobody(password).await?;
            false
        };
        match found {
            Some((account, profile)) if verified => {
                self.clear_failures(account.id, &origin).await?;
                self.user_actor(&account, &profile, credential, Scopes::all(), origin)
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

    async fn oauth_login(&self, password: &Secret<String>, origin: Origin) -> Result<Actor> {
        self.check_backoff(Tried::Machine, &origin).await?;
        match self.bearer(password.expose(), origin.clone()).await {
            Err(e @ Error::Unauthenticated { .. }) => {
                self.count_failure(Tried::Machine, &origin).await?;
                Err(e)
            }
            other => other,
        }
    }

    /// Remembers that an account was used; a login does not fail over it.
    async fn touch(&self, id: AccountId) {
        let now = self.core.now();
        if let Err(e) = self
            .core
            .db
            .write_relaxed(async |tx| accounts::touch(tx, &[id], now).await)
            .await
        {
            tracing::warn!(error = ?e, "last use of an account could not be written down");
        }
    }

    /// Writes a failed login to the log, where that is switched on.
    pub(super) async fn log_failure(
        &self,
        kind: &'static str,
        how: &'static str,
        username: &str,
        message: &str,
        origin: Origin,
    ) -> Result<()> {
        if !self.core.settings.users.log_login_failures {
            return Ok(());
        }
        let nobody = self.anonymous(origin);
        let event = Event::LoginFailed {
            kind,
            how,
            username: username.to_owned(),
            message: message.to_owned(),
        };
        let entry = self.core.journal.entry(&nobody, Subject::default(), &event);
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
            kind: actor.kind(),
            how,
        };
        let entry = self.core.journal.entry(actor, Subject::default(), &event);
        self.core
            .db
            .write(async |tx| logs::insert(tx, &entry).await)
            .await
    }
}
