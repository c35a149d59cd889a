//! An application changes a code for a token. It is nobody to the registry but by its secret.

use berth_crypto::tokens as texts;
use berth_domain::{Result, Secret};
use berth_store::Tx;
use berth_store::oauth::applications::{self, Application};
use berth_store::oauth::{self as rows, NewToken, codes};
use uuid::Uuid;

use super::{Authorizations, SECRET_CONTEXT, TOKEN_LIFE};
use crate::actor::{Actor, Credential};

/// What an application shows for a token.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// `authorization_code`; there is no other.
    pub grant_type: String,
    /// By which it names itself.
    pub client_id: String,
    /// By which it proves itself.
    pub client_secret: Option<Secret<String>>,
    /// The code.
    pub code: Secret<String>,
    /// The address that the browser brought the code to.
    pub redirect_uri: String,
    /// The scopes that the user consented to.
    pub scope: String,
}

/// A token for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// The text of the token.
    pub token: Secret<String>,
    /// Its life, in seconds.
    pub expires_in_s: u64,
}

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeRefusal {
    /// Another way than by a code.
    UnsupportedGrantType,
    /// No such application, or another secret.
    InvalidClient,
    /// The code is none, has run out, was used, or was given to another application or for another address; or
    /// the user is gone.
    InvalidGrant,
    /// Other scopes than the user consented to.
    InvalidScope,
}

impl ExchangeRefusal {
    /// The word for it in OAuth.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
        }
    }
}

impl Authorizations {
    /// Changes a code for a token. A code that was changed before ends the token that it gave: one of both who showed
    /// it has no business with it.
    ///
    /// # Errors
    /// A registry that takes no writes; the refusal is no error.
    pub async fn exchange(
        &self,
        actor: &Actor,
        shown: &Exchange,
    ) -> Result<Result<Exchanged, ExchangeRefusal>> {
        if shown.grant_type != "authorization_code" {
            return Ok(Err(ExchangeRefusal::UnsupportedGrantType));
        }
        self.core.gate.writable()?;
        let Some(application) = self.proven(shown).await? else {
            return Ok(Err(ExchangeRefusal::InvalidClient));
        };
        let token = texts::oauth_access_token();
        let given = self
            .core
            .db
            .write(async |tx| self.give(tx, actor, &application, shown, &token).await)
            .await?;
        Ok(given.map(|()| Exchanged {
            token,
            expires_in_s: TOKEN_LIFE.as_secs(),
        }))
    }

    /// The application that has shown its secret.
    async fn proven(&self, shown: &Exchange) -> Result<Option<Application>> {
        let mut conn = self.core.db.read().await?;
        let found = applications::by_client_id(&mut conn, &shown.client_id).await?;
        let (Some((application, _)), Some(secret)) = (found, &shown.client_secret) else {
            return Ok(None);
        };
        let sealing = &self.core.sealing;
        let kept = sealing.open_text(SECRET_CONTEXT, &application.secret_sealed)?;
        Ok(texts::same(kept.expose(), secret.expose()).then_some(application))
    }

    async fn give(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        application: &Application,
        shown: &Exchange,
        token: &Secret<String>,
    ) -> Result<Result<(), ExchangeRefusal>> {
        let hash = texts::hash_token(shown.code.expose());
        let invalid = Ok(Err(ExchangeRefusal::InvalidGrant));
        let Some((code, account, profile)) = codes::by_hash(tx, &hash).await? else {
            self.end_what_came_of(tx, actor, &hash).await?;
            return invalid;
        };
        let now = self.core.now();
        let is_bound = code.application_id == application.id
            && code.redirect_uri == shown.redirect_uri
            && now < code.expires_at;
        if !is_bound {
            return invalid;
        }
        if self.core.scopes(&shown.scope).ok().as_ref() != Some(&code.scopes) {
            return Ok(Err(ExchangeRefusal::InvalidScope));
        }
        let scopes = code.scopes.clone();
        let origin = actor.origin().clone();
        let credential = Credential::None;
        let user = self
            .authn
            .user_actor(&account, &profile, credential, scopes, origin);
        let Ok(user) = user else {
            return invalid;
        };
        if !codes::spend(tx, code.id).await? {
            self.end_what_came_of(tx, actor, &hash).await?;
            return invalid;
        }
        let new = NewToken {
            uuid: &Uuid::new_v4().to_string(),
            application_id: application.id,
            account_id: account.id,
            name: None,
            scopes: &code.scopes,
            token_hash: &texts::hash_token(token.expose()),
            code_hash: Some(&hash),
            expires_at: now.after(TOKEN_LIFE),
        };
        self.insert_token(tx, &user, application, &new).await?;
        Ok(Ok(()))
    }

    async fn end_what_came_of(&self, tx: &mut Tx, actor: &Actor, code_hash: &str) -> Result<()> {
        match rows::of_code(tx, code_hash).await? {
            Some((row, application)) => self.end_token(tx, actor, row, application).await,
            None => Ok(()),
        }
    }
}
