//! Teams and who is in them.

use berth_domain::{AccountId, AccountKind, Result, TeamId, TeamRole, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, team_members, teams};

/// Adds a team.
pub async fn insert(
    tx: &mut Tx,
    namespace: AccountId,
    name: &str,
    role: TeamRole,
    now: Timestamp,
) -> Result<TeamId> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(teams::table)
            .values((
                teams::namespace_id.eq(namespace),
                teams::name.eq(name),
                teams::role.eq(role),
                teams::created_at.eq(now),
            ))
            .returning(teams::id)
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// A team of administrators, one of this name where there is one.
pub async fn administrators(
    conn: &mut Conn,
    namespace: AccountId,
    preferred: &str,
) -> Result<Option<TeamId>> {
    on_backend!(conn, |c| {
        teams::table
            .filter(teams::namespace_id.eq(namespace))
            .filter(teams::role.eq(TeamRole::Admin))
            .order((teams::name.ne(preferred), teams::id))
            .select(teams::id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The enabled users in teams of administrators of an organization, at most `limit`.
pub async fn administering_users(
    conn: &mut Conn,
    namespace: AccountId,
    limit: i64,
) -> Result<Vec<AccountId>> {
    on_backend!(conn, |c| {
        teams::table
            .inner_join(team_members::table.inner_join(accounts::table))
            .filter(teams::namespace_id.eq(namespace))
            .filter(teams::role.eq(TeamRole::Admin))
            .filter(accounts::kind.eq(AccountKind::User))
            .filter(accounts::enabled.eq(true))
            .filter(accounts::deleting_at.is_null())
            .order(accounts::id)
            .limit(limit)
            .select(accounts::id)
            .distinct()
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Whether a namespace has a team of this name.
pub async fn exists(conn: &mut Conn, namespace: AccountId, name: &str) -> Result<bool> {
    let found: Option<TeamId> = on_backend!(conn, |c| {
        teams::table
            .filter(teams::namespace_id.eq(namespace))
            .filter(teams::name.eq(name))
            .select(teams::id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(found.is_some())
}

/// Puts an account into a team; again is fine.
pub async fn add_member(
    tx: &mut Tx,
    team: TeamId,
    account: AccountId,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(team_members::table)
            .values((
                team_members::team_id.eq(team),
                team_members::account_id.eq(account),
                team_members::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
