//! Ways of a user to prove who it is. The password is one of them.

use berth_domain::{AccountId, Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, logins};

/// Kind of a login by name and password.
pub const PASSWORD: &str = "password";

/// A way in, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = logins)]
pub struct Login {
    /// Which service vouches for the user; [`PASSWORD`] is this registry itself.
    pub kind: String,
    /// Who the user is there.
    pub subject: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Gives a new user a password.
pub(crate) async fn insert_password(
    tx: &mut Tx,
    account: AccountId,
    uuid: &str,
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(logins::table)
            .values((
                logins::account_id.eq(account),
                logins::kind.eq(PASSWORD),
                logins::subject.eq(uuid),
                logins::password_hash.eq(hash),
                logins::created_at.eq(now),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// The hash of a user's password; none for one who signs in elsewhere alone.
pub async fn password_hash(conn: &mut Conn, account: AccountId) -> Result<Option<String>> {
    let found: Vec<Option<String>> = on_backend!(conn, |c| {
        logins::table
            .filter(logins::account_id.eq(account))
            .filter(logins::kind.eq(PASSWORD))
            .select(logins::password_hash)
            .limit(1)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(found.into_iter().next().flatten())
}

/// Replaces a user's password hash, or adds it where the user had none.
pub async fn set_password(
    tx: &mut Tx,
    account: AccountId,
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            logins::table
                .filter(logins::account_id.eq(account))
                .filter(logins::kind.eq(PASSWORD)),
        )
        .set(logins::password_hash.eq(hash))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    if changed > 0 {
        return Ok(());
    }
    let uuid: String = on_backend!(&mut **tx, |c| {
        accounts::table
            .find(account)
            .select(accounts::uuid)
            .first(c)
            .await
    })
    .map_err(db_error)?;
    insert_password(tx, account, &uuid, hash, now).await
}

/// The ways in of a user, the oldest first; there are a few at most.
pub async fn of(conn: &mut Conn, account: AccountId) -> Result<Vec<Login>> {
    on_backend!(conn, |c| {
        logins::table
            .filter(logins::account_id.eq(account))
            .order(logins::id)
            .select(Login::as_select())
            .limit(100)
            .load(c)
            .await
    })
    .map_err(db_error)
}
