//! Signed-in browsers.

use berth_domain::{AccountId, Result, SessionId, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::{Account, UserProfile};
use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, sessions, user_profiles};

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// Row id.
    pub id: SessionId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Where it signed in from.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// When the password was last given.
    pub authenticated_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it signed in.
    pub created_at: Timestamp,
}

/// A session to be.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// Hash of the cookie's value.
    pub token_hash: &'a str,
    /// Whose it is.
    pub account_id: AccountId,
    /// Where it signed in from.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<&'a str>,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, session: &NewSession<'_>, now: Timestamp) -> Result<SessionId> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(sessions::table)
            .values((
                sessions::token_hash.eq(session.token_hash),
                sessions::account_id.eq(session.account_id),
                sessions::ip.eq(session.ip.as_deref()),
                sessions::user_agent.eq(session.user_agent),
                sessions::authenticated_at.eq(now),
                sessions::expires_at.eq(session.expires_at),
                sessions::created_at.eq(now),
            ))
            .returning(sessions::id)
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The live session with this token, and whose it is.
pub async fn by_token_hash(
    conn: &mut Conn,
    token_hash: &str,
    now: Timestamp,
) -> Result<Option<(Session, Account, UserProfile)>> {
    on_backend!(conn, |c| {
        sessions::table
            .inner_join(accounts::table.inner_join(user_profiles::table))
            .filter(sessions::token_hash.eq(token_hash))
            .filter(sessions::expires_at.gt(now))
            .filter(accounts::deleting_at.is_null())
            .select((
                Session::as_select(),
                Account::as_select(),
                UserProfile::as_select(),
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Whether a session still lives.
pub async fn is_live(conn: &mut Conn, id: SessionId, now: Timestamp) -> Result<bool> {
    let found: Option<SessionId> = on_backend!(conn, |c| {
        sessions::table
            .filter(sessions::id.eq(id))
            .filter(sessions::expires_at.gt(now))
            .select(sessions::id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(found.is_some())
}

/// Ends all sessions of an account.
pub async fn delete_all(tx: &mut Tx, account: AccountId) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(sessions::table.filter(sessions::account_id.eq(account)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}

/// Removes sessions that have ended.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(sessions::table.filter(sessions::expires_at.le(now)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}

/// At most `limit` live sessions of an account, the newest first, below an id.
pub async fn page(
    conn: &mut Conn,
    account: AccountId,
    after: Option<SessionId>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<Session>> {
    on_backend!(conn, |c| {
        let mut query = sessions::table
            .filter(sessions::account_id.eq(account))
            .filter(sessions::expires_at.gt(now))
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(sessions::id.lt(after));
        }
        query
            .order(sessions::id.desc())
            .limit(limit)
            .select(Session::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Ends one session of an account; false where it has none of this id.
pub async fn delete(tx: &mut Tx, account: AccountId, id: SessionId) -> Result<bool> {
    let deleted = on_backend!(&mut **tx, |c| {
        diesel::delete(
            sessions::table
                .filter(sessions::id.eq(id))
                .filter(sessions::account_id.eq(account)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(deleted > 0)
}

/// Remembers that the password was given again.
pub async fn authenticate(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(sessions::table.filter(sessions::id.eq(id)))
            .set(sessions::authenticated_at.eq(now))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
