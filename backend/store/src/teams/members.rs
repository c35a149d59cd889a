//! Who is in a team: users, and behind them robots of the organization.

use berth_domain::{AccountId, Result, TeamId, Timestamp};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;

use crate::accounts::Account;
use crate::conn::{Conn, Tx, db_error};
use crate::repositories::listing::COUNT_MAX;
use crate::schema::{accounts, robot_profiles, team_members, teams};
use crate::sql::{contains, execute, id_list, unindexed};

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub account: Account,
    /// The name of a user, the short name of a robot.
    pub key: MemberKey,
    /// When it came into the team.
    pub added_at: Timestamp,
}

/// Where a member stands in the list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberKey {
    /// Robots come behind users.
    pub is_robot: bool,
    /// The name of a user, the short name of a robot.
    pub name: String,
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

/// Puts an account into several teams; again is fine.
pub async fn join(tx: &mut Tx, teams: &[TeamId], account: AccountId, now: Timestamp) -> Result<()> {
    let ids = id_list(teams.iter().map(|id| id.0));
    let statement = format!(
        "insert into team_members (team_id, account_id, created_at) \
         select t.id, {account}, {now} from teams t where t.id in ({ids}) on conflict do nothing",
        now = now.0
    );
    execute(tx, &statement).await?;
    Ok(())
}

/// Takes an account out of a team; tells whether it was in it.
pub async fn remove_member(tx: &mut Tx, team: TeamId, account: AccountId) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::delete(team_members::table.find((team, account)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(changed > 0)
}

/// Whether an account is in a team.
pub async fn is_member(conn: &mut Conn, team: TeamId, account: AccountId) -> Result<bool> {
    let found: Option<AccountId> = on_backend!(conn, |c| {
        team_members::table
            .find((team, account))
            .select(team_members::account_id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(found.is_some())
}

/// Which of these accounts are in a team of an organization, in no order.
pub async fn members_among(
    conn: &mut Conn,
    organization: AccountId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    // From the accounts to their teams: most teams of an organization have none of them.
    let of = format!("{} = ", unindexed(conn, "teams.namespace_id"));
    on_backend!(conn, |c| {
        team_members::table
            .inner_join(teams::table)
            .filter(sql::<Bool>(&of).bind::<BigInt, _>(organization))
            .filter(team_members::account_id.eq_any(accounts.iter().map(|id| id.0)))
            .select(team_members::account_id)
            .distinct()
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// The users in a team, before order and limit; robots have no name of their own.
macro_rules! users_in {
    ($team:expr, $search:expr) => {{
        let mut query = team_members::table
            .inner_join(accounts::table)
            .filter(team_members::team_id.eq($team))
            .filter(accounts::name.is_not_null())
            .filter(accounts::deleting_at.is_null())
            .into_boxed::<Backend>();
        if let Some(search) = $search {
            let pattern = contains(&search.to_lowercase());
            query = query.filter(accounts::name.like(pattern).escape('\\'));
        }
        query
    }};
}

/// The robots in a team, before order and limit.
macro_rules! robots_in {
    ($team:expr, $search:expr) => {{
        let mut query = team_members::table
            .inner_join(accounts::table)
            .inner_join(
                robot_profiles::table.on(robot_profiles::account_id.eq(team_members::account_id)),
            )
            .filter(team_members::team_id.eq($team))
            .filter(accounts::deleting_at.is_null())
            .into_boxed::<Backend>();
        if let Some(search) = $search {
            let pattern = contains(&search.to_lowercase());
            query = query.filter(robot_profiles::short_name.like(pattern).escape('\\'));
        }
        query
    }};
}

/// At most `limit` members of a team after one: users by name, then robots by short name.
pub async fn members(
    conn: &mut Conn,
    team: TeamId,
    search: Option<&str>,
    after: Option<&MemberKey>,
    limit: i64,
) -> Result<Vec<Member>> {
    let mut found = Vec::new();
    if !after.is_some_and(|after| after.is_robot) {
        let users: Vec<(Account, Timestamp)> = on_backend!(conn, |c| {
            let mut query = users_in!(team, search);
            if let Some(after) = after {
                query = query.filter(accounts::name.gt(after.name.as_str()));
            }
            query
                .order(accounts::name)
                .limit(limit)
                .select((Account::as_select(), team_members::created_at))
                .load(c)
                .await
        })
        .map_err(db_error)?;
        found.extend(users.into_iter().map(|(account, added_at)| Member {
            key: MemberKey {
                is_robot: false,
                name: account.name.clone().unwrap_or_default(),
            },
            account,
            added_at,
        }));
    }
    let rest = limit.saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
    if rest <= 0 {
        return Ok(found);
    }
    let robots: Vec<(Account, String, Timestamp)> = on_backend!(conn, |c| {
        let mut query = robots_in!(team, search);
        if let Some(after) = after.filter(|after| after.is_robot) {
            query = query.filter(robot_profiles::short_name.gt(after.name.as_str()));
        }
        query
            .order(robot_profiles::short_name)
            .limit(rest)
            .select((
                Account::as_select(),
                robot_profiles::short_name,
                team_members::created_at,
            ))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    found.extend(robots.into_iter().map(|(account, name, added_at)| Member {
        key: MemberKey {
            is_robot: true,
            name,
        },
        account,
        added_at,
    }));
    Ok(found)
}

/// How many members of a team have the text in their name, 10,000 at most.
pub async fn count_members(conn: &mut Conn, team: TeamId, search: Option<&str>) -> Result<i64> {
    let users: i64 = on_backend!(conn, |c| users_in!(team, search)
        .count()
        .get_result(c)
        .await)
    .map_err(db_error)?;
    let robots: i64 = on_backend!(conn, |c| robots_in!(team, search)
        .count()
        .get_result(c)
        .await)
    .map_err(db_error)?;
    Ok(users.saturating_add(robots).min(COUNT_MAX))
}
