//! The usage log (L1) and the failed logins that slow the next ones down.

use berth_domain::{AccountId, RepositoryId, Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, statement};
use crate::schema::{log_entries, login_failures};

/// A row of the log to be.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = log_entries)]
pub struct NewLogEntry {
    /// Kind, such as `push_repo`.
    pub kind: String,
    /// Whose namespace it concerns.
    pub namespace_id: Option<AccountId>,
    /// Which repository.
    pub repository_id: Option<RepositoryId>,
    /// Who did it.
    pub performer_id: Option<AccountId>,
    /// By name, which outlives the row.
    pub performer_name: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// When.
    pub occurred_at: Timestamp,
    /// JSON; names, never secrets.
    pub metadata: String,
}

/// Adds a row.
pub async fn insert(tx: &mut Tx, entry: &NewLogEntry) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(log_entries::table)
            .values(entry)
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Adds rows that have nothing to do with each other but the moment.
pub async fn insert_many(tx: &mut Tx, entries: &[NewLogEntry]) -> Result<()> {
    // The statement of one row is prepared once. One for each number of rows is not, which costs SQLite more than a
    // statement does, and PostgreSQL less.
    if entries.len() > 1 && matches!(**tx, Conn::Pg(_)) {
        return insert_all!(tx, log_entries::table, entries.to_vec());
    }
    for entry in entries {
        insert(tx, entry).await?;
    }
    Ok(())
}

/// Kinds and metadata of a repository's entries, oldest first; for tests and audits.
pub async fn of_repository(conn: &mut Conn, id: RepositoryId) -> Result<Vec<(String, String)>> {
    on_backend!(conn, |c| {
        log_entries::table
            .filter(log_entries::repository_id.eq(id))
            .order((log_entries::occurred_at, log_entries::id))
            .select((log_entries::kind, log_entries::metadata))
            .limit(100)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Metadata of the entries of one kind, oldest first; for tests and audits.
pub async fn of_kind(conn: &mut Conn, kind: &str) -> Result<Vec<String>> {
    on_backend!(conn, |c| {
        log_entries::table
            .filter(log_entries::kind.eq(kind))
            .order((log_entries::occurred_at, log_entries::id))
            .select(log_entries::metadata)
            .limit(100)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Kinds and metadata of a namespace's entries, oldest first; for tests and audits.
pub async fn of_namespace(conn: &mut Conn, id: AccountId) -> Result<Vec<(String, String)>> {
    on_backend!(conn, |c| {
        log_entries::table
            .filter(log_entries::namespace_id.eq(id))
            .order((log_entries::occurred_at, log_entries::id))
            .select((log_entries::kind, log_entries::metadata))
            .limit(100)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Failed logins in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Failures {
    /// How many.
    pub failures: i64,
    /// Before then nothing is tried.
    pub retry_at: Timestamp,
}

/// Failures from this address: for an account, or over all of them (`None`).
pub async fn failures(
    conn: &mut Conn,
    account: Option<AccountId>,
    address: &str,
) -> Result<Option<Failures>> {
    on_backend!(conn, |c| {
        login_failures::table
            .find((account.map_or(0, |id| id.0), address))
            .select((login_failures::failures, login_failures::retry_at))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The same for a transaction that counts one more: no other one counts meanwhile. A row of no
/// failures is made where there is none, since only a row can be locked.
pub async fn failures_for_update(
    tx: &mut Tx,
    account: Option<AccountId>,
    address: &str,
) -> Result<Option<Failures>> {
    // SQLite has one writer.
    let Conn::Pg(c) = &mut **tx else {
        return failures(tx, account, address).await;
    };
    let account_id = account.map_or(0, |id| id.0);
    statement().await.map_err(db_error)?;
    diesel::insert_into(login_failures::table)
        .values((
            login_failures::account_id.eq(account_id),
            login_failures::address.eq(address),
            login_failures::failures.eq(0_i64),
            login_failures::retry_at.eq(Timestamp(0)),
        ))
        .on_conflict_do_nothing()
        .execute(&mut **c)
        .await
        .map_err(db_error)?;
    statement().await.map_err(db_error)?;
    login_failures::table
        .find((account_id, address))
        .select((login_failures::failures, login_failures::retry_at))
        .for_update()
        .first(&mut **c)
        .await
        .optional()
        .map_err(db_error)
}

/// Writes how many failures there are now.
pub async fn set_failures(
    tx: &mut Tx,
    account: Option<AccountId>,
    address: &str,
    failures: Failures,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(login_failures::table)
            .values((
                login_failures::account_id.eq(account.map_or(0, |id| id.0)),
                login_failures::address.eq(address),
                login_failures::failures.eq(failures.failures),
                login_failures::retry_at.eq(failures.retry_at),
            ))
            .on_conflict((login_failures::account_id, login_failures::address))
            .do_update()
            .set((
                login_failures::failures.eq(failures.failures),
                login_failures::retry_at.eq(failures.retry_at),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Forgets the failures of an account from an address, after a success.
pub async fn clear_failures(tx: &mut Tx, account: AccountId, address: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(login_failures::table.find((account.0, address)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Forgets failures that nobody waits for any more.
pub async fn delete_old_failures(tx: &mut Tx, before: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(login_failures::table.filter(login_failures::retry_at.lt(before)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}
