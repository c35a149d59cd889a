//! Teams and who is in them.

use berth_domain::{AccountId, Result, TeamId, TeamRole, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Tx, db_error};
use crate::schema::{team_members, teams};

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
