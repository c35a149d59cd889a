//! OAuth applications and the access tokens they gave out.

use berth_domain::{AccountId, OAuthTokenId, Result, Scopes, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::{Account, UserProfile};
use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, oauth_applications, oauth_tokens, user_profiles};

/// An access token, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = oauth_tokens)]
pub struct OAuthToken {
    /// Row id.
    pub id: OAuthTokenId,
    /// Public id.
    pub uuid: String,
    /// Whose rights it uses.
    pub account_id: AccountId,
    /// Which of them.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds an application; returns its row id.
pub async fn insert_application(
    tx: &mut Tx,
    namespace: AccountId,
    client_id: &str,
    name: &str,
    now: Timestamp,
) -> Result<i64> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(oauth_applications::table)
            .values((
                oauth_applications::namespace_id.eq(namespace),
                oauth_applications::client_id.eq(client_id),
                oauth_applications::name.eq(name),
                oauth_applications::created_at.eq(now),
            ))
            .returning(oauth_applications::id)
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// An access token to be.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// Which application gave it out.
    pub application_id: i64,
    /// Whose rights it uses.
    pub account_id: AccountId,
    /// Which of them.
    pub scopes: &'a Scopes,
    /// Hash of the token's text.
    pub token_hash: &'a str,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds a token.
pub async fn insert_token(
    tx: &mut Tx,
    token: &NewToken<'_>,
    now: Timestamp,
) -> Result<OAuthTokenId> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(oauth_tokens::table)
            .values((
                oauth_tokens::uuid.eq(token.uuid),
                oauth_tokens::application_id.eq(token.application_id),
                oauth_tokens::account_id.eq(token.account_id),
                oauth_tokens::scopes.eq(token.scopes),
                oauth_tokens::token_hash.eq(token.token_hash),
                oauth_tokens::expires_at.eq(token.expires_at),
                oauth_tokens::created_at.eq(now),
            ))
            .returning(oauth_tokens::id)
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The token with this hash and whose it is, expired ones too.
pub async fn by_token_hash(
    conn: &mut Conn,
    token_hash: &str,
) -> Result<Option<(OAuthToken, Account, UserProfile)>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .inner_join(accounts::table.inner_join(user_profiles::table))
            .filter(oauth_tokens::token_hash.eq(token_hash))
            .filter(accounts::deleting_at.is_null())
            .select((
                OAuthToken::as_select(),
                Account::as_select(),
                UserProfile::as_select(),
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The token with this id, for a registry token that was made from it.
pub async fn by_id(conn: &mut Conn, id: OAuthTokenId) -> Result<Option<OAuthToken>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .find(id)
            .select(OAuthToken::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}
