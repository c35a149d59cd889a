//! Tokens that a user's clients use instead of the password (`$app`).

use std::sync::Arc;
use std::time::Duration;

use berth_crypto::tokens;
use berth_domain::{
    AccountId, AppTokenId, Error, Event, Noun, Page, PageRequest, Result, Secret, Timestamp,
};
use berth_store::Tx;
use berth_store::app_tokens::{self as rows, AppToken, NewAppToken};
use uuid::Uuid;

use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;

/// What the text of a token is sealed for.
const CONTEXT: &str = "app-token";
/// Longest title, in characters.
pub const TITLE_MAX: usize = 255;
/// What counts as soon, where tokens have no configured life.
const SOON: Duration = Duration::from_hours(4 * 7 * 24);

/// Tokens of users' clients.
#[derive(Clone)]
pub struct AppTokens {
    core: Arc<Core>,
}

/// A token without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppTokenView {
    /// Place in the list of tokens.
    pub id: AppTokenId,
    /// Public id.
    pub uuid: String,
    /// Whose it is.
    pub account_id: AccountId,
    /// What the user calls it.
    pub title: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a client last used it, to within five minutes.
    pub last_used_at: Option<Timestamp>,
    /// When it ends; none for one without an end.
    pub expires_at: Option<Timestamp>,
}

impl From<AppToken> for AppTokenView {
    fn from(row: AppToken) -> Self {
        Self {
            id: row.id,
            uuid: row.uuid,
            account_id: row.account_id,
            title: row.title,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

impl AppTokens {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn switched_on(&self) -> Result<()> {
        if self.core.settings.app_tokens.enabled {
            return Ok(());
        }
        Err(Error::FeatureOff {
            message: "application tokens are switched off (`FEATURE_APP_SPECIFIC_TOKENS`)".into(),
        })
    }

    /// Makes a token for the actor's own clients, with a fresh login; the text is its password with the
    /// user name `$app`.
    ///
    /// # Errors
    /// An empty or too long title.
    pub async fn create(
        &self,
        actor: &Actor,
        title: &str,
    ) -> Result<(AppTokenView, Secret<String>)> {
        let own = self.core.gate.administer_account(actor)?;
        self.switched_on()?;
        self.core.check_fresh(actor).await?;
        let title = title.trim();
        let length = title.chars().count();
        if length == 0 || length > TITLE_MAX {
            return Err(Error::invalid_value(format!(
                "a title has 1 to {TITLE_MAX} characters, this one has {length}"
            ))
            .in_field("title"));
        }
        let token = tokens::app_token();
        let now = self.core.now();
        let new = NewAppToken {
            uuid: &Uuid::new_v4().to_string(),
            account_id: own.id,
            title,
            token_sealed: &self.core.sealing.seal(CONTEXT, token.expose()),
            token_hash: &tokens::hash_token(token.expose()),
            expires_at: self
                .core
                .settings
                .app_tokens
                .life
                .map(|life| now.after(life)),
        };
        let event = Event::AppTokenCreated {
            title: title.to_owned(),
            uuid: new.uuid.to_owned(),
        };
        let row = self
            .core
            .db
            .write(async |tx| {
                let row = rows::insert(tx, &new, now).await?;
                self.record(tx, actor, &event).await?;
                Ok(row)
            })
            .await?;
        Ok((row.into(), token))
    }

    async fn record(&self, tx: &mut Tx, actor: &Actor, event: &Event) -> Result<()> {
        let journal = &self.core.journal;
        journal.record(tx, actor, Subject::default(), event).await
    }

    /// The instant before which a token that ends counts as one that ends soon: a tenth of the configured
    /// life from now, four weeks where there is none.
    fn soon(&self) -> Timestamp {
        let life = self.core.settings.app_tokens.life;
        self.core.now().after(life.map_or(SOON, |life| life / 10))
    }

    /// The actor's tokens, the newest first; `expiring` leaves those that end soon.
    pub async fn page(
        &self,
        actor: &Actor,
        expiring: bool,
        page: &PageRequest<AppTokenId>,
    ) -> Result<Page<AppTokenView>> {
        let own = self.core.gate.view_account(actor)?;
        self.switched_on()?;
        let soon = expiring.then(|| self.soon());
        let mut conn = self.core.db.read().await?;
        let found = rows::page(&mut conn, Some(own.id), soon, page.after, page.fetch()).await?;
        Ok(page.page(found).map(Into::into))
    }

    /// Whether [`Self::page_of_all`] is for the actor.
    pub fn may_list_all(&self, actor: &Actor) -> bool {
        self.switched_on().is_ok() && self.core.gate.view_tokens(actor).is_ok()
    }

    /// Everybody's tokens, the newest first, for superusers who reach everything and for those who see everything
    /// and change nothing.
    pub async fn page_of_all(
        &self,
        actor: &Actor,
        expiring: bool,
        page: &PageRequest<AppTokenId>,
    ) -> Result<Page<AppTokenView>> {
        self.core.gate.view_tokens(actor)?;
        self.switched_on()?;
        let soon = expiring.then(|| self.soon());
        let mut conn = self.core.db.read().await?;
        let found = rows::page(&mut conn, None, soon, page.after, page.fetch()).await?;
        Ok(page.page(found).map(Into::into))
    }

    /// One of the actor's own tokens with its text, with a fresh login; each reading is logged.
    ///
    /// # Errors
    /// A token that the actor does not have.
    pub async fn reveal(
        &self,
        actor: &Actor,
        uuid: &str,
    ) -> Result<(AppTokenView, Secret<String>)> {
        let own = self.core.gate.administer_account(actor)?;
        self.switched_on()?;
        self.core.check_fresh(actor).await?;
        let row = self
            .core
            .db
            .write(async |tx| {
                let row = rows::by_uuid(tx, own.id, uuid)
                    .await?
                    .ok_or_else(|| Error::not_found(Noun::AppToken, uuid))?;
                let event = Event::AppTokenRead {
                    title: row.title.clone(),
                    uuid: row.uuid.clone(),
                };
                self.record(tx, actor, &event).await?;
                Ok(row)
            })
            .await?;
        let text = self.core.sealing.open_text(CONTEXT, &row.token_sealed)?;
        Ok((row.into(), text))
    }

    /// Takes one of the actor's own tokens back, with a fresh login; it is dead at the next request.
    ///
    /// # Errors
    /// A token that the actor does not have.
    pub async fn delete(&self, actor: &Actor, uuid: &str) -> Result<AppTokenView> {
        let own = self.core.gate.administer_account(actor)?;
        self.switched_on()?;
        self.core.check_fresh(actor).await?;
        self.core
            .db
            .write(async |tx| {
                let row = rows::by_uuid(tx, own.id, uuid)
                    .await?
                    .ok_or_else(|| Error::not_found(Noun::AppToken, uuid))?;
                rows::delete(tx, row.id).await?;
                let event = Event::AppTokenRevoked {
                    title: row.title.clone(),
                    uuid: row.uuid.clone(),
                };
                self.record(tx, actor, &event).await?;
                Ok(row.into())
            })
            .await
    }
}
