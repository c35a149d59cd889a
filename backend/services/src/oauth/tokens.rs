//! Access tokens of an application, as the administrators of its organization make and end them.

use std::time::Duration;

use berth_crypto::tokens as texts;
use berth_domain::{
    Error, Event, Namespace, Noun, OAuthTokenId, Page, PageRequest, Result, Scope, Scopes, Secret,
    Timestamp,
};
use berth_store::oauth::{self as rows, NewToken, OAuthToken};
use uuid::Uuid;

use super::{Applications, TOKEN_LIFE, Which};
use crate::actor::Actor;

/// Longest name of a token, in characters.
pub const TOKEN_NAME_MAX: usize = 255;
/// Most live tokens of an application that administrators may make beside.
pub const TOKENS_MAX: i64 = 1_000;

/// An access token without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// Place in the list of tokens.
    pub id: OAuthTokenId,
    /// Public id.
    pub uuid: String,
    /// What it is called; none for one that a user has consented to.
    pub name: Option<String>,
    /// What it may do of what its user may.
    pub scopes: Scopes,
    /// Whose rights it uses.
    pub user: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to within five minutes.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl TokenView {
    fn new(row: OAuthToken, user: Option<String>) -> Self {
        Self {
            id: row.id,
            uuid: row.uuid,
            name: row.name,
            scopes: row.scopes,
            user: user.unwrap_or_default(),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

impl Applications {
    /// The live tokens of an application, the newest first.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn tokens(
        &self,
        actor: &Actor,
        organization: &Namespace,
        client_id: &str,
        page: &PageRequest<OAuthTokenId>,
    ) -> Result<Page<TokenView>> {
        let mut conn = self.core.db.read().await?;
        let (row, ..) = self.read(&mut conn, actor, organization, client_id).await?;
        let (now, limit) = (self.core.now(), page.fetch());
        let found = rows::page_of_application(&mut conn, row.id, now, page.after, limit).await?;
        Ok(page
            .page(found)
            .map(|(row, user)| TokenView::new(row, user)))
    }

    /// Makes a token that uses the actor's own rights, without a consent; its text is told this once. It lives for
    /// ten years at most.
    ///
    /// # Errors
    /// An application that the actor does not administer; a name or scope that is refused, by field; a scope that
    /// the actor, or the token it asks with, does not hold; too many tokens.
    pub async fn create_token(
        &self,
        actor: &Actor,
        which: Which<'_>,
        name: &str,
        scope: &str,
        life: Option<Duration>,
    ) -> Result<(TokenView, Secret<String>)> {
        let token = texts::oauth_access_token();
        let hash = texts::hash_token(token.expose());
        let uuid = Uuid::new_v4().to_string();
        let now = self.core.now();
        let view = self
            .core
            .db
            .write(async |tx| {
                let (application, access) = self.administered(tx, actor, which).await?;
                let (Some(account_id), Some(user)) = (actor.user_id(), actor.name()) else {
                    return Err(Error::forbidden("only users have access tokens"));
                };
                let name = checked_name(name)?;
                let scopes = self.core.scopes(scope)?;
                check_held(actor, &scopes)?;
                if rows::count_live(tx, application.id, now).await? >= TOKENS_MAX {
                    return Err(Error::conflict(format!(
                        "Token limit reached: maximum {TOKENS_MAX} non-expired tokens per application"
                    )));
                }
                let new = NewToken {
                    uuid: &uuid,
                    application_id: application.id,
                    account_id,
                    name: Some(name),
                    scopes: &scopes,
                    token_hash: &hash,
                    code_hash: None,
                    expires_at: now.after(life.unwrap_or(TOKEN_LIFE).min(TOKEN_LIFE)),
                };
                let row = rows::insert_token(tx, &new, now).await?;
                let event = Event::AccessTokenCreated {
                    uuid: uuid.clone(),
                    scopes: scopes.clone(),
                    name: row.name.clone(),
                    application: application.name,
                    client_id: application.client_id,
                };
                self.record(tx, actor, access.id, &event).await?;
                Ok(TokenView::new(row, Some(user)))
            })
            .await?;
        Ok((view, token))
    }

    /// Ends a token of an application, whoever's rights it uses; it is refused from the next request on.
    ///
    /// # Errors
    /// An application that the actor does not administer; not found for a token that it does not have.
    pub async fn revoke_token(&self, actor: &Actor, which: Which<'_>, uuid: &str) -> Result<()> {
        let now = self.core.now();
        self.core
            .db
            .write(async |tx| {
                let (application, access) = self.administered(tx, actor, which).await?;
                let row = rows::of_application(tx, application.id, uuid, now)
                    .await?
                    .ok_or_else(|| Error::not_found(Noun::AccessToken, uuid))?;
                rows::delete_token(tx, row.id).await?;
                let event = Event::AccessTokenRevoked {
                    uuid: row.uuid,
                    scopes: row.scopes,
                    name: row.name,
                    application: application.name,
                    client_id: application.client_id,
                };
                self.record(tx, actor, access.id, &event).await
            })
            .await
    }
}

fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    let length = name.chars().count();
    let message = match length {
        0 => "'name' must not be empty".to_owned(),
        1..=TOKEN_NAME_MAX => return Ok(name),
        _ => format!("'name' has at most {TOKEN_NAME_MAX} characters, this one has {length}"),
    };
    Err(Error::invalid_value(message).in_field("name"))
}

/// A token gives nothing that who makes it does not have.
fn check_held(actor: &Actor, scopes: &Scopes) -> Result<()> {
    let lacking = |scope: &Scope| {
        !actor.scopes().allows(*scope) || (*scope == Scope::SuperUser && !actor.is_superuser())
    };
    match scopes.iter().find(lacking) {
        None => Ok(()),
        Some(scope) => Err(Error::forbidden(format!(
            "you do not hold the scope `{scope}` yourself"
        ))),
    }
}
