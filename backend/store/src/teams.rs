//! Teams and who is in them.

pub mod invitations;
mod members;
mod roles;

use std::collections::HashMap;

use berth_domain::{
    AccountId, AccountKind, Error, Noun, Result, TeamId, TeamName, TeamRole, Timestamp,
};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, is_unique_violation};
use crate::repositories::listing::COUNT_MAX;
use crate::schema::{accounts, repositories, repository_permissions, team_members, teams};
use crate::sql::{beyond, contains, kind_of};

pub use members::{
    Member, MemberKey, add_member, count_members, is_member, join, members, members_among,
    remove_member,
};
pub use roles::{
    RoleIn, TeamRoleIn, by_names, names, remove_repository_role, roles_in, roles_of,
    roles_of_account, set_repository_role,
};

/// A team of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = teams)]
pub struct Team {
    /// Row id.
    pub id: TeamId,
    /// Whose it is.
    pub namespace_id: AccountId,
    /// Its name there.
    pub name: TeamName,
    /// What its members may do in the organization.
    pub role: TeamRole,
    /// Free text.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Adds a team.
///
/// # Errors
/// [`Error::AlreadyExists`] for a taken name.
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
    .map_err(|e| {
        if is_unique_violation(&e) {
            Error::already_exists(
                Noun::Team,
                format!("a team named `{name}` already exists here"),
            )
        } else {
            db_error(e)
        }
    })
}

/// Replaces the description.
pub async fn set_description(tx: &mut Tx, id: TeamId, description: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(teams::table.find(id))
            .set(teams::description.eq(description))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Changes what a team's members may do in its organization.
pub async fn set_role(tx: &mut Tx, id: TeamId, role: TeamRole) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(teams::table.find(id))
            .set(teams::role.eq(role))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Removes a team with its memberships, its invitations and its roles in repositories; its name is free at once.
pub async fn delete(tx: &mut Tx, id: TeamId) -> Result<()> {
    on_backend!(&mut **tx, |c| diesel::delete(teams::table.find(id))
        .execute(c)
        .await)
    .map_err(db_error)?;
    Ok(())
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

/// What an organization is thought to be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// Nothing.
    Nothing,
    /// Somebody in all of its teams.
    Account(AccountId),
    /// A team as one of administrators.
    Team(TeamId),
    /// Somebody in one team.
    Membership(TeamId, AccountId),
}

/// An administrator that an organization has without something: a user in a team of administrators, since nobody
/// asks a robot. Those that are shut out count, as they can be let in again.
pub async fn administrator(
    conn: &mut Conn,
    organization: AccountId,
    without: Without,
) -> Result<Option<AccountId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: AccountId,
    }
    let left_out = match without {
        Without::Nothing => "1 = 0".to_owned(),
        Without::Account(account) => format!("m.account_id = {account}"),
        Without::Team(team) => format!("t.id = {team}"),
        Without::Membership(team, account) => format!("t.id = {team} and m.account_id = {account}"),
    };
    let kind = kind_of(conn, "u");
    let sql = format!(
        "select u.id from teams t join team_members m on m.team_id = t.id \
         join accounts u on u.id = m.account_id \
         where t.namespace_id = {organization} and t.role = 'admin' and {kind} = 'user' \
         and u.deleting_at is null and not ({left_out}) limit 1"
    );
    let rows: Vec<Row> =
        on_backend!(conn, |c| diesel::sql_query(sql).load(c).await).map_err(db_error)?;
    Ok(rows.into_iter().next().map(|row| row.id))
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

/// A team by name.
pub async fn by_name(
    conn: &mut Conn,
    namespace: AccountId,
    name: &TeamName,
) -> Result<Option<Team>> {
    on_backend!(conn, |c| {
        teams::table
            .filter(teams::namespace_id.eq(namespace))
            .filter(teams::name.eq(name.as_str()))
            .select(Team::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The teams of an organization, before order and limit.
macro_rules! listed {
    ($namespace:expr, $search:expr) => {{
        let mut query = teams::table
            .filter(teams::namespace_id.eq($namespace))
            .into_boxed::<Backend>();
        if let Some(search) = $search {
            let pattern = contains(&search.to_lowercase());
            query = query.filter(teams::name.like(pattern).escape('\\'));
        }
        query
    }};
}

/// At most `limit` teams of an organization after a name, by name.
pub async fn page(
    conn: &mut Conn,
    namespace: AccountId,
    search: Option<&str>,
    after: Option<&TeamName>,
    limit: i64,
) -> Result<Vec<TeamId>> {
    on_backend!(conn, |c| {
        let mut query = listed!(namespace, search);
        if let Some(after) = after {
            query = query.filter(teams::name.gt(after.as_str()));
        }
        query
            .order(teams::name)
            .limit(limit)
            .select(teams::id)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// At most `limit` teams of an organization whose names begin with a text, by name.
pub async fn beginning(
    conn: &mut Conn,
    namespace: AccountId,
    prefix: &str,
    limit: i64,
) -> Result<Vec<Team>> {
    on_backend!(conn, |c| {
        teams::table
            .filter(teams::namespace_id.eq(namespace))
            .filter(teams::name.ge(prefix))
            .filter(teams::name.lt(beyond(prefix)))
            .order(teams::name)
            .limit(limit)
            .select(Team::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// The oldest teams of an organization, at most `limit`.
pub async fn by_age(conn: &mut Conn, namespace: AccountId, limit: i64) -> Result<Vec<TeamId>> {
    on_backend!(conn, |c| {
        teams::table
            .filter(teams::namespace_id.eq(namespace))
            .order(teams::id)
            .limit(limit)
            .select(teams::id)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many teams of an organization have the text in their name, 10,000 at most.
pub async fn count(conn: &mut Conn, namespace: AccountId, search: Option<&str>) -> Result<i64> {
    let count: i64 = on_backend!(conn, |c| listed!(namespace, search)
        .count()
        .get_result(c)
        .await)
    .map_err(db_error)?;
    Ok(count.min(COUNT_MAX))
}

/// How many users and robots are in each of these teams; empty ones are left out. Who is being deleted is in none.
pub async fn member_counts(conn: &mut Conn, ids: &[TeamId]) -> Result<HashMap<TeamId, i64>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(TeamId, i64)> = on_backend!(conn, |c| {
        team_members::table
            .filter(team_members::team_id.eq_any(ids.iter().map(|id| id.0)))
            .group_by(team_members::team_id)
            .select((team_members::team_id, diesel::dsl::count_star()))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows.into_iter().collect())
}

/// In how many repositories each of these teams has a role; those without are left out.
pub async fn repository_counts(conn: &mut Conn, ids: &[TeamId]) -> Result<HashMap<TeamId, i64>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Option<TeamId>, i64)> = on_backend!(conn, |c| {
        repository_permissions::table
            .inner_join(repositories::table)
            .filter(repository_permissions::team_id.eq_any(ids.iter().map(|id| id.0)))
            .filter(repositories::deleting_at.is_null())
            .group_by(repository_permissions::team_id)
            .select((repository_permissions::team_id, diesel::dsl::count_star()))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, count)| Some((id?, count)))
        .collect())
}
