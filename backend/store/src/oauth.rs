//! OAuth applications, the access tokens they gave out, and what comes before a token.

pub mod applications;
pub mod assignments;
pub mod codes;

use berth_domain::{AccountId, ApplicationId, OAuthTokenId, Result, Scopes, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::{Account, UserProfile};
use crate::conn::{Conn, Tx, db_error};
use crate::oauth::applications::Application;
use crate::schema::{accounts, oauth_applications, oauth_tokens, user_profiles};

/// So many tokens of one user are looked at, the newest first, for one that covers what is asked for.
const COVERING_MAX: i64 = 100;

/// An access token, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = oauth_tokens)]
pub struct OAuthToken {
    /// Row id.
    pub id: OAuthTokenId,
    /// Public id.
    pub uuid: String,
    /// Which application gave it out.
    pub application_id: ApplicationId,
    /// Whose rights it uses.
    pub account_id: AccountId,
    /// What it is called; none for one that a user consented to.
    pub name: Option<String>,
    /// Which of the rights.
    pub scopes: Scopes,
    /// When it was last used, to within some minutes.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An access token to be.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// Which application gives it out.
    pub application_id: ApplicationId,
    /// Whose rights it uses.
    pub account_id: AccountId,
    /// What it is called; none for one that a user consents to.
    pub name: Option<&'a str>,
    /// Which of the rights.
    pub scopes: &'a Scopes,
    /// Hash of the token's text.
    pub token_hash: &'a str,
    /// Hash of the code that it is given for.
    pub code_hash: Option<&'a str>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds a token.
pub async fn insert_token(tx: &mut Tx, token: &NewToken<'_>, now: Timestamp) -> Result<OAuthToken> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(oauth_tokens::table)
            .values((
                oauth_tokens::uuid.eq(token.uuid),
                oauth_tokens::application_id.eq(token.application_id),
                oauth_tokens::account_id.eq(token.account_id),
                oauth_tokens::name.eq(token.name),
                oauth_tokens::scopes.eq(token.scopes),
                oauth_tokens::token_hash.eq(token.token_hash),
                oauth_tokens::code_hash.eq(token.code_hash),
                oauth_tokens::expires_at.eq(token.expires_at),
                oauth_tokens::created_at.eq(now),
            ))
            .returning(OAuthToken::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The token with this hash, whose it is and which application gave it out, expired ones too.
pub async fn by_token_hash(
    conn: &mut Conn,
    token_hash: &str,
) -> Result<Option<(OAuthToken, Application, Account, UserProfile)>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .inner_join(oauth_applications::table)
            .inner_join(accounts::table.inner_join(user_profiles::table))
            .filter(oauth_tokens::token_hash.eq(token_hash))
            .filter(accounts::deleting_at.is_null())
            .select((
                OAuthToken::as_select(),
                Application::as_select(),
                Account::as_select(),
                UserProfile::as_select(),
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The token with this id and its application, for a registry token that was made from it.
pub async fn by_id(conn: &mut Conn, id: OAuthTokenId) -> Result<Option<(OAuthToken, Application)>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .inner_join(oauth_applications::table)
            .filter(oauth_tokens::id.eq(id))
            .select((OAuthToken::as_select(), Application::as_select()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// At most `limit` live tokens of an application with the names of their users, the newest first, below an
/// id.
pub async fn page_of_application(
    conn: &mut Conn,
    application: ApplicationId,
    now: Timestamp,
    after: Option<OAuthTokenId>,
    limit: i64,
) -> Result<Vec<(OAuthToken, Option<String>)>> {
    on_backend!(conn, |c| {
        let mut query = oauth_tokens::table
            .inner_join(accounts::table)
            .filter(oauth_tokens::application_id.eq(application))
            .filter(oauth_tokens::expires_at.gt(now))
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(oauth_tokens::id.lt(after));
        }
        query
            .order(oauth_tokens::id.desc())
            .limit(limit)
            .select((OAuthToken::as_select(), accounts::name))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// At most `limit` live tokens that use a user's rights, with their applications and the namespaces of those,
/// the newest first, below an id.
pub async fn page_of_account(
    conn: &mut Conn,
    account: AccountId,
    now: Timestamp,
    after: Option<OAuthTokenId>,
    limit: i64,
) -> Result<Vec<(OAuthToken, Application, Account)>> {
    on_backend!(conn, |c| {
        let mut query = oauth_tokens::table
            .inner_join(oauth_applications::table.inner_join(accounts::table))
            .filter(oauth_tokens::account_id.eq(account))
            .filter(oauth_tokens::expires_at.gt(now))
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(oauth_tokens::id.lt(after));
        }
        query
            .order(oauth_tokens::id.desc())
            .limit(limit)
            .select((
                OAuthToken::as_select(),
                Application::as_select(),
                Account::as_select(),
            ))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// A live token that uses a user's rights, by its public id.
pub async fn of_account(
    conn: &mut Conn,
    account: AccountId,
    uuid: &str,
    now: Timestamp,
) -> Result<Option<(OAuthToken, Application, Account)>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .inner_join(oauth_applications::table.inner_join(accounts::table))
            .filter(oauth_tokens::uuid.eq(uuid))
            .filter(oauth_tokens::account_id.eq(account))
            .filter(oauth_tokens::expires_at.gt(now))
            .select((
                OAuthToken::as_select(),
                Application::as_select(),
                Account::as_select(),
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// A live token of an application, by its public id.
pub async fn of_application(
    conn: &mut Conn,
    application: ApplicationId,
    uuid: &str,
    now: Timestamp,
) -> Result<Option<OAuthToken>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .filter(oauth_tokens::uuid.eq(uuid))
            .filter(oauth_tokens::application_id.eq(application))
            .filter(oauth_tokens::expires_at.gt(now))
            .select(OAuthToken::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Scopes of a user's newest live tokens that an application got by consent.
pub async fn consented(
    conn: &mut Conn,
    application: ApplicationId,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Scopes>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .filter(oauth_tokens::account_id.eq(account))
            .filter(oauth_tokens::application_id.eq(application))
            .filter(oauth_tokens::name.is_null())
            .filter(oauth_tokens::expires_at.gt(now))
            .order(oauth_tokens::id.desc())
            .limit(COVERING_MAX)
            .select(oauth_tokens::scopes)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many live tokens an application has.
pub async fn count_live(
    conn: &mut Conn,
    application: ApplicationId,
    now: Timestamp,
) -> Result<i64> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .filter(oauth_tokens::application_id.eq(application))
            .filter(oauth_tokens::expires_at.gt(now))
            .count()
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The token that was given for a code, with its application.
pub async fn of_code(
    conn: &mut Conn,
    code_hash: &str,
) -> Result<Option<(OAuthToken, Application)>> {
    on_backend!(conn, |c| {
        oauth_tokens::table
            .inner_join(oauth_applications::table)
            .filter(oauth_tokens::code_hash.eq(code_hash))
            .select((OAuthToken::as_select(), Application::as_select()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Ends a token; false where it has ended already.
pub async fn delete_token(tx: &mut Tx, id: OAuthTokenId) -> Result<bool> {
    let deleted = on_backend!(&mut **tx, |c| {
        diesel::delete(oauth_tokens::table.find(id))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(deleted > 0)
}

/// Remembers that a token was used.
pub async fn touch(tx: &mut Tx, id: OAuthTokenId, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(oauth_tokens::table.find(id))
            .set(oauth_tokens::last_used_at.eq(now))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Removes tokens that ended before an instant, and codes likewise.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(oauth_tokens::table.filter(oauth_tokens::expires_at.le(before)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    codes::delete_expired(tx, before).await
}
