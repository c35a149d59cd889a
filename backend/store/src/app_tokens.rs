//! Tokens that a user's clients use instead of the password.

use berth_domain::{AccountId, AppTokenId, Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use self::alias::ending;
use crate::accounts::{Account, UserProfile};
use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, app_tokens, user_profiles};

/// The tokens that end, beside all of them.
mod alias {
    #![allow(
        missing_docs,
        unreachable_pub,
        reason = "the macro writes public items without comments"
    )]
    diesel::alias!(crate::schema::app_tokens as ending: Ending);
}

/// A token; its text is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = app_tokens)]
pub struct AppToken {
    /// Row id.
    pub id: AppTokenId,
    /// Public id.
    pub uuid: String,
    /// Whose it is.
    pub account_id: AccountId,
    /// What the user calls it.
    pub title: String,
    /// The text, sealed.
    pub token_sealed: String,
    /// When a client last used it, to within some minutes.
    pub last_used_at: Option<Timestamp>,
    /// When it ends; none for one without an end.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A token to be.
#[derive(Debug, Clone)]
pub struct NewAppToken<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// Whose it will be.
    pub account_id: AccountId,
    /// What the user calls it.
    pub title: &'a str,
    /// The text, sealed.
    pub token_sealed: &'a str,
    /// Hash of the text.
    pub token_hash: &'a str,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Adds a token.
pub async fn insert(tx: &mut Tx, token: &NewAppToken<'_>, now: Timestamp) -> Result<AppToken> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(app_tokens::table)
            .values((
                app_tokens::uuid.eq(token.uuid),
                app_tokens::account_id.eq(token.account_id),
                app_tokens::title.eq(token.title),
                app_tokens::token_sealed.eq(token.token_sealed),
                app_tokens::token_hash.eq(token.token_hash),
                app_tokens::expires_at.eq(token.expires_at),
                app_tokens::created_at.eq(now),
            ))
            .returning(AppToken::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The token with this hash and whose it is, expired ones too.
pub async fn by_token_hash(
    conn: &mut Conn,
    token_hash: &str,
) -> Result<Option<(AppToken, Account, UserProfile)>> {
    on_backend!(conn, |c| {
        app_tokens::table
            .inner_join(accounts::table.inner_join(user_profiles::table))
            .filter(app_tokens::token_hash.eq(token_hash))
            .filter(accounts::deleting_at.is_null())
            .select((
                AppToken::as_select(),
                Account::as_select(),
                UserProfile::as_select(),
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The token with this id and whose it is, for a registry token that was made from it.
pub async fn by_id(
    conn: &mut Conn,
    id: AppTokenId,
) -> Result<Option<(AppToken, Account, UserProfile)>> {
    on_backend!(conn, |c| {
        app_tokens::table
            .inner_join(accounts::table.inner_join(user_profiles::table))
            .filter(app_tokens::id.eq(id))
            .filter(accounts::deleting_at.is_null())
            .select((
                AppToken::as_select(),
                Account::as_select(),
                UserProfile::as_select(),
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// A user's token by its public id.
pub async fn by_uuid(conn: &mut Conn, account: AccountId, uuid: &str) -> Result<Option<AppToken>> {
    on_backend!(conn, |c| {
        app_tokens::table
            .filter(app_tokens::uuid.eq(uuid))
            .filter(app_tokens::account_id.eq(account))
            .select(AppToken::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// At most `limit` tokens, the newest first, below an id: of one user, or of everybody (`None`); with
/// `expiring_before` those alone that end before then.
pub async fn page(
    conn: &mut Conn,
    account: Option<AccountId>,
    expiring_before: Option<Timestamp>,
    after: Option<AppTokenId>,
    limit: i64,
) -> Result<Vec<AppToken>> {
    on_backend!(conn, |c| {
        let mut query = app_tokens::table.into_boxed::<Backend>();
        if let Some(account) = account {
            query = query.filter(app_tokens::account_id.eq(account));
        }
        match expiring_before {
            // One user has a few.
            Some(end) if account.is_some() => {
                query = query.filter(app_tokens::expires_at.le(end));
            }
            // By the index on the ends: in the order of the list SQLite reads all tokens for the few that end.
            Some(end) => {
                let ends_soon = ending.field(app_tokens::expires_at).le(end);
                let ids = ending
                    .filter(ends_soon)
                    .select(ending.field(app_tokens::id));
                query = query.filter(app_tokens::id.eq_any(ids));
            }
            None => {}
        }
        if let Some(after) = after {
            query = query.filter(app_tokens::id.lt(after));
        }
        query
            .order(app_tokens::id.desc())
            .limit(limit)
            .select(AppToken::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Removes a token.
pub async fn delete(tx: &mut Tx, id: AppTokenId) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(app_tokens::table.find(id)).execute(c).await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Remembers that a token was used.
pub async fn touch(tx: &mut Tx, id: AppTokenId, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(app_tokens::table.find(id))
            .set(app_tokens::last_used_at.eq(now))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Removes tokens that ended before an instant.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(app_tokens::table.filter(app_tokens::expires_at.le(before)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}
