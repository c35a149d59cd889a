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

use berth_crypto::tokens;
use berth_domain::{Error, Result, Scopes, Secret, Timestamp};
use berth_store::accounts::{Account, UserProfile};
use berth_store::{oauth, sessions};

use crate::actor::{Actor, Credential, Origin, Principal};
use crate::core::Core;
use crate::keys::Keys;

pub(crate) use backoff::FORGET_AFTER as BACKOFF_MEMORY;

pub use accounts::{InitialUser, InitializedByApi};
pub use conversion::{SAME_ADMINISTRATOR, WRONG_ADMINISTRATOR};
pub use registry_token::{IssuedToken, RequestedScope};
pub use sign_up::{NewAccount, SignedUp};

/// Refusal of a wrong name or password; the same for both, so that names cannot be tried out.
const WRONG_PASSWORD: &str = "Invalid Username or Password";
/// Refusal of a disabled account.
const DISABLED: &str = "This user has been disabled. Please contact your administrator.";

/// Authentication.
#[derive(Clone)]
pub struct Authn {
    core: Arc<Core>,
    keys: Keys,
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
    pub(crate) const fn new(core: Arc<Core>, keys: Keys) -> Self {
        Self { core, keys }
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
        actor(
            Principal::Worker(name),
            Credential::Local,
            Origin::default(),
        )
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
        Ok(Some(Actor {
            authenticated_at: Some(session.authenticated_at),
            ..actor
        }))
    }

    /// What each change of a session must carry in its header; any replica can tell.
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
        let mut conn = self.core.db.read().await?;
        let (token, account, profile) = oauth::by_token_hash(&mut conn, &tokens::hash_token(token))
            .await?
            .ok_or_else(|| Error::unauthenticated("the access token is unknown"))?;
        if token.expires_at <= self.core.now() {
            return Err(Error::unauthenticated("the access token has expired"));
        }
        self.user_actor(
            &account,
            &profile,
            Credential::OAuth(token.id),
            token.scopes,
            origin,
        )
    }

    fn user_actor(
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

fn actor(principal: Principal, credential: Credential, origin: Origin) -> Actor {
    Actor {
        principal,
        credential,
        scopes: Scopes::all(),
        grant: None,
        superuser: false,
        read_only_superuser: false,
        authenticated_at: None,
        app_token: None,
        origin,
    }
}
