//! Repositories that users keep at hand.

use std::collections::HashSet;

use berth_domain::{AccountId, RepositoryId, Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::stars;

/// Stars a repository; again is fine.
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    repository: RepositoryId,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(stars::table)
            .values((
                stars::account_id.eq(account),
                stars::repository_id.eq(repository),
                stars::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Takes a star back; one that is not there is fine.
pub async fn delete(tx: &mut Tx, account: AccountId, repository: RepositoryId) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(stars::table.find((account, repository)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Which of these repositories an account has starred.
pub async fn among(
    conn: &mut Conn,
    account: AccountId,
    repositories: &[RepositoryId],
) -> Result<HashSet<RepositoryId>> {
    if repositories.is_empty() {
        return Ok(HashSet::new());
    }
    let found: Vec<RepositoryId> = on_backend!(conn, |c| {
        stars::table
            .filter(stars::account_id.eq(account))
            .filter(stars::repository_id.eq_any(repositories.iter().map(|id| id.0)))
            .select(stars::repository_id)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(found.into_iter().collect())
}
