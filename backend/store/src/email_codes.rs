//! Codes in links that were mailed. The database knows their hashes alone, and each works once.

use berth_domain::{AccountId, CodePurpose, Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, email_codes};

/// A code that was mailed, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = email_codes)]
pub struct EmailCode {
    /// Whose account it is for.
    pub account_id: AccountId,
    /// What it lets its holder do.
    pub purpose: CodePurpose,
    /// The address that it was sent to, and proves.
    pub email: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds a code.
pub async fn insert(tx: &mut Tx, code: &EmailCode, code_hash: &str, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(email_codes::table)
            .values((
                email_codes::account_id.eq(code.account_id),
                email_codes::purpose.eq(code.purpose),
                email_codes::email.eq(&code.email),
                email_codes::code_hash.eq(code_hash),
                email_codes::expires_at.eq(code.expires_at),
                email_codes::created_at.eq(now),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// The live code with this hash, while its account is there and enabled.
pub async fn live(
    conn: &mut Conn,
    code_hash: &str,
    purpose: CodePurpose,
    now: Timestamp,
) -> Result<Option<EmailCode>> {
    on_backend!(conn, |c| {
        email_codes::table
            .inner_join(accounts::table)
            .filter(email_codes::code_hash.eq(code_hash))
            .filter(email_codes::purpose.eq(purpose))
            .filter(email_codes::expires_at.gt(now))
            .filter(accounts::deleting_at.is_null())
            .filter(accounts::enabled.eq(true))
            .select(EmailCode::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Uses a code up; false where somebody was faster.
pub async fn spend(tx: &mut Tx, code_hash: &str) -> Result<bool> {
    let spent = on_backend!(&mut **tx, |c| {
        diesel::delete(email_codes::table.filter(email_codes::code_hash.eq(code_hash)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(spent > 0)
}

/// Ends all codes of an account for a purpose, live ones too.
pub async fn delete_all(tx: &mut Tx, account: AccountId, purpose: CodePurpose) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(
            email_codes::table
                .filter(email_codes::account_id.eq(account))
                .filter(email_codes::purpose.eq(purpose)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// How many live codes of a purpose an account has.
pub async fn count_live(
    conn: &mut Conn,
    account: AccountId,
    purpose: CodePurpose,
    now: Timestamp,
) -> Result<i64> {
    on_backend!(conn, |c| {
        email_codes::table
            .filter(email_codes::account_id.eq(account))
            .filter(email_codes::purpose.eq(purpose))
            .filter(email_codes::expires_at.gt(now))
            .count()
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// Removes codes that have run out.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(email_codes::table.filter(email_codes::expires_at.le(now)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
