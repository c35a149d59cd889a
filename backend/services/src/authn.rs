//! Who is asking: makes every [`Actor`] there is, from credentials or for work of the registry itself.

mod accounts;
mod backoff;
mod basic;
mod conversion;
mod encrypted;
mod recovery;
mod registry_token;
mod sign_up;

use std::sync::Arc;
use std::time::Duration;

use berth_crypto::tokens;
use berth_domain::{AccountId, CLOCKS_APART, Error, Result, Scopes, Secret, Timestamp};
use berth_store::accounts::{Account, UserProfile};
use berth_store::oauth::applications::Application;
use berth_store::{accounts as account_rows, oauth, sessions};
use moka::future::Cache;

use crate::actor::{Actor, ApplicationName, Credential, Origin, Principal};
use crate::core::Core;
use crate::keys::Keys;
use basic::{OAUTH, Refused};

pub(crate) use backoff::FORGET_AFTER as BACKOFF_MEMORY;
pub(crate) use recovery::unknown_code;

pub use accounts::{InitialUser, InitializedByApi};
pub use conversion::{SAME_ADMINISTRATOR, WRONG_ADMINISTRATOR};
use registry_token::AuthenticToken;
pub use registry_token::{IssuedToken, RequestedScope};
pub use sign_up::{NewAccount, SignedUp};

/// Refusal of a wrong name or password; the same for both, so that names cannot be tried out.
const WRONG_PASSWORD: &str = "Invalid Username or Password";
/// Refusal of a disabled account.
const DISABLED: &str = "This user has been disabled. Please contact your administrator.";

/// A token, or a user, that is there all day has its use written down this often.
const TOUCH_AFTER: Duration = Duration::from_mins(5);

/// Authentication.
#[derive(Clone)]
pub struct Authn {
    core: Arc<Core>,
    keys: Keys,
    authentic: Cache<String, AuthenticToken>,
}

/// A browser that has just signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who it is now.
    pub actor: Actor,
    /// Value of the session cookie.
    pub token: Secret<String>,
    /// What each change must carry in its header.
    pub csrf: String,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
}

impl Authn {
    pub(crate) fn new(core: Arc<Core>, keys: Keys) -> Self {
        Self {
            core,
            keys,
            authentic: registry_token::authentic_tokens(),
        }
    }

    /// Nobody known.
    pub fn anonymous(&self, origin: Origin) -> Actor {
        actor(Principal::Anonymous, Credential::None, origin)
    }

    /// The command line of the server, which whoever can run it may do everything with.
    pub fn local(&self) -> Actor {
        actor(
            Principal::Worker("command line"),
            Credential::Local,
            Origin::default(),
        )
    }

    /// Work of the registry itself, under a name for the logs.
    pub fn worker(&self, name: &'static str) -> Actor {
        worker(name)
    }

    /// The user of a session cookie; `None` when it is unknown or has ended.
    ///
    /// # Errors
    /// A disabled user is refused.
    pub async fn session(&self, token: &str, origin: Origin) -> Result<Option<Actor>> {
        let hash = tokens::hash_token(token);
        let mut conn = self.core.db.read().await?;
        let Some((session, account, profile)) =
            sessions::by_token_hash(&mut conn, &hash, self.core.now()).await?
        else {
            return Ok(None);
        };
        let actor = self.user_actor(
            &account,
            &profile,
            Credential::Session(session.id),
            Scopes::all(),
            origin,
        )?;
        self.note_use(&account).await;
        Ok(Some(Actor {
            authenticated_at: Some(session.authenticated_at),
            ..actor
        }))
    }

    /// What a change of a session must carry in its header, another one at each call; any replica can tell.
    pub fn csrf_token(&self, session_token: &str) -> String {
        tokens::csrf_token(&self.core.sealing, session_token)
    }

    /// Whether a header belongs to a session.
    pub fn csrf_matches(&self, session_token: &str, presented: &str) -> bool {
        tokens::csrf_matches(&self.core.sealing, session_token, presented)
    }

    /// The owner of an OAuth access token, narrowed to its scopes.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for an unknown or expired token and for a disabled owner.
    pub async fn bearer(&self, token: &str, origin: Origin) -> Result<Actor> {
        match self.oauth_actor(token, origin).await {
            Ok(actor) => Ok(actor),
            Err(Refused { error, shown }) => {
                // Of a token that nobody has there is nothing to tell.
                if let Some(shown) = shown {
                    self.log_failed(OAUTH, "quayauth", &error, *shown).await?;
                }
                Err(error)
            }
        }
    }

    /// The same, without a word in the log.
    async fn oauth_actor(
        &self,
        token: &str,
        origin: Origin,
    ) -> std::result::Result<Actor, Refused> {
        let hash = tokens::hash_token(token);
        let found = oauth::by_token_hash(&mut self.core.db.read().await?, &hash).await?;
        let (token, application, account, profile) =
            found.ok_or_else(|| Error::unauthenticated("the access token is unknown"))?;
        let now = self.core.now();
        let credential = Credential::OAuth(token.id);
        let checked = if token.expires_at <= now {
            Err(Error::unauthenticated("the access token has expired"))
        } else {
            self.user_actor(&account, &profile, credential, token.scopes, origin.clone())
        };
        let actor = checked.map_err(|error| {
            let nobody = actor(Principal::Anonymous, credential, origin);
            let nobody = with_application(nobody, &application);
            Refused::of_token(error, &account, application.namespace_id, nobody)
        })?;
        let (is_token_due, is_user_due) =
            (!is_noted(token.last_used_at, now), self.is_due(&account));
        if is_token_due || is_user_due {
            let touched = self.core.db.write_relaxed(async |tx| {
                if is_token_due {
                    oauth::touch(tx, token.id, now).await?;
                }
                if is_user_due {
                    account_rows::touch(tx, &[account.id], now).await?;
                }
                Ok(())
            });
            if let Err(e) = touched.await {
                tracing::warn!(error = ?e, "last use of a token could not be written down");
            }
        }
        Ok(with_application(actor, &application))
    }

    /// Whether it is to be written down that a user is there (`FEATURE_USER_LAST_ACCESSED`).
    fn is_due(&self, account: &Account) -> bool {
        self.core.settings.users.note_last_use
            && !is_noted(account.last_accessed_at, self.core.now())
    }

    /// Writes down that a user is there, where that is due.
    async fn note_use(&self, account: &Account) {
        if self.is_due(account) {
            self.touch(account.id).await;
        }
    }

    /// Remembers that an account was used; a login does not fail over it.
    async fn touch(&self, id: AccountId) {
        let now = self.core.now();
        let touched = self
            .core
            .db
            .write_relaxed(async |tx| account_rows::touch(tx, &[id], now).await);
        if let Err(e) = touched.await {
            tracing::warn!(error = ?e, "last use of an account could not be written down");
        }
    }

    pub(crate) fn user_actor(
        &self,
        account: &Account,
        profile: &UserProfile,
        credential: Credential,
        scopes: Scopes,
        origin: Origin,
    ) -> Result<Actor> {
        if !account.enabled {
            return Err(Error::unauthenticated(DISABLED));
        }
        let name = account
            .name
            .as_deref()
            .ok_or_else(|| Error::internal("a user has no name"))?
            .parse()?;
        Ok(Actor {
            scopes,
            superuser: self.core.is_superuser(&name, profile),
            read_only_superuser: self.core.is_read_only_superuser(&name),
            restricted: self.core.is_restricted(&name),
            ..actor(
                Principal::User {
                    id: account.id,
                    name,
                },
                credential,
                origin,
            )
        })
    }
}

/// Work of the registry itself, under a name for the logs.
pub(crate) fn worker(name: &'static str) -> Actor {
    actor(
        Principal::Worker(name),
        Credential::Local,
        Origin::default(),
    )
}

/// The actor of a token that an application has.
fn with_application(actor: Actor, application: &Application) -> Actor {
    Actor {
        application: Some(ApplicationName {
            client_id: application.client_id.clone(),
            name: application.name.clone(),
        }),
        ..actor
    }
}

/// Whether the last use of a token is written down already; one that is used all day is, now and then.
fn is_noted(last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
    last_used_at.is_some_and(|at| at <= now.after(CLOCKS_APART) && now.since(at) < TOUCH_AFTER)
}

fn actor(principal: Principal, credential: Credential, origin: Origin) -> Actor {
    Actor {
        principal,
        credential,
        scopes: Scopes::all(),
        grant: None,
        superuser: false,
        read_only_superuser: false,
        restricted: false,
        authenticated_at: None,
        app_token: None,
        application: None,
        origin,
    }
}
