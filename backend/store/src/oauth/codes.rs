//! Codes that applications change for tokens. The database knows their hashes alone, and each works once.

use berth_domain::{AccountId, ApplicationId, OAuthCodeId, Result, Scopes, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::{Account, UserProfile};
use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, oauth_codes, user_profiles};

/// A code, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = oauth_codes)]
pub struct Code {
    /// Row id.
    pub id: OAuthCodeId,
    /// Which application it was given to.
    pub application_id: ApplicationId,
    /// Which scopes its token will have.
    pub scopes: Scopes,
    /// Where the browser was sent with it.
    pub redirect_uri: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A code to be.
#[derive(Debug, Clone)]
pub struct NewCode<'a> {
    /// Which application it is given to.
    pub application_id: ApplicationId,
    /// Who has consented.
    pub account_id: AccountId,
    /// Hash of its text.
    pub code_hash: &'a str,
    /// Which scopes its token will have.
    pub scopes: &'a Scopes,
    /// Where the browser is sent with it.
    pub redirect_uri: &'a str,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds a code.
pub async fn insert(tx: &mut Tx, code: &NewCode<'_>, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(oauth_codes::table)
            .values((
                oauth_codes::application_id.eq(code.application_id),
                oauth_codes::account_id.eq(code.account_id),
                oauth_codes::code_hash.eq(code.code_hash),
                oauth_codes::scopes.eq(code.scopes),
                oauth_codes::redirect_uri.eq(code.redirect_uri),
                oauth_codes::expires_at.eq(code.expires_at),
                oauth_codes::created_at.eq(now),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// The code with this hash and who has consented, expired ones too.
pub async fn by_hash(
    conn: &mut Conn,
    code_hash: &str,
) -> Result<Option<(Code, Account, UserProfile)>> {
    on_backend!(conn, |c| {
        oauth_codes::table
            .inner_join(accounts::table.inner_join(user_profiles::table))
            .filter(oauth_codes::code_hash.eq(code_hash))
            .filter(accounts::deleting_at.is_null())
            .select((
                Code::as_select(),
                Account::as_select(),
                UserProfile::as_select(),
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Uses a code up; false where somebody was faster.
pub async fn spend(tx: &mut Tx, id: OAuthCodeId) -> Result<bool> {
    let spent = on_backend!(&mut **tx, |c| {
        diesel::delete(oauth_codes::table.find(id)).execute(c).await
    })
    .map_err(db_error)?;
    Ok(spent > 0)
}

/// Removes codes that ended before an instant.
pub(super) async fn delete_expired(tx: &mut Tx, before: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(oauth_codes::table.filter(oauth_codes::expires_at.le(before)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
