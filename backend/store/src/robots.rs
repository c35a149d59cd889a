//! Robot accounts.

use std::collections::HashMap;

use berth_domain::{
    AccountId, AccountKind, Error, Namespace, Noun, RepositoryId, RepositoryName, RepositoryRole,
    Result, RobotName, TeamId, TeamName, Timestamp, Visibility,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, is_unique_violation};
use crate::schema::{
    accounts, repositories, repository_permissions, robot_profiles, team_members, teams,
};
use crate::sql::{beyond, contains};
use crate::teams::RoleIn;

/// A robot with its secret, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Robot {
    /// Its account.
    pub id: AccountId,
    /// Whose it is.
    pub namespace_id: AccountId,
    /// How it logs in.
    pub name: RobotName,
    /// Free text.
    pub description: String,
    /// A JSON object that whoever made it gave it.
    pub metadata: String,
    /// The token, sealed.
    pub token_sealed: String,
    /// Hash of the token.
    pub token_hash: String,
    /// False when it or its namespace is disabled.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last logged in.
    pub last_used_at: Option<Timestamp>,
}

/// A robot to be.
#[derive(Debug, Clone)]
pub struct NewRobot<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// Whose it is.
    pub namespace_id: AccountId,
    /// How it will log in.
    pub name: &'a RobotName,
    /// Free text.
    pub description: &'a str,
    /// A JSON object.
    pub metadata: &'a str,
    /// The token, sealed.
    pub token_sealed: &'a str,
    /// Hash of the token.
    pub token_hash: &'a str,
}

use alias::owners;

/// The account of a robot's namespace, beside the robot's own.
mod alias {
    #![allow(
        missing_docs,
        unreachable_pub,
        reason = "the macro writes public items without comments"
    )]
    diesel::alias!(crate::schema::accounts as owners: Owners);
}

/// One row as it is read; `owners` is the namespace's account.
type Row = (
    (AccountId, bool, Timestamp, Option<Timestamp>),
    (AccountId, String, String, String, String, String),
    (Option<Namespace>, bool),
);

/// The joined columns of [`Row`], ready for a filter.
macro_rules! select_robots {
    () => {
        robot_profiles::table
            .inner_join(accounts::table.on(accounts::id.eq(robot_profiles::account_id)))
            .inner_join(owners.on(owners.field(accounts::id).eq(robot_profiles::namespace_id)))
            .filter(accounts::deleting_at.is_null())
            .filter(owners.field(accounts::deleting_at).is_null())
            .select((
                (
                    accounts::id,
                    accounts::enabled,
                    accounts::created_at,
                    accounts::last_accessed_at,
                ),
                (
                    robot_profiles::namespace_id,
                    robot_profiles::short_name,
                    robot_profiles::description,
                    robot_profiles::metadata,
                    robot_profiles::token_sealed,
                    robot_profiles::token_hash,
                ),
                (
                    owners.field(accounts::name),
                    owners.field(accounts::enabled),
                ),
            ))
    };
}

fn robot(row: Row) -> Result<Robot> {
    let (
        (id, enabled, created_at, last_used_at),
        (namespace_id, short, description, metadata, token_sealed, token_hash),
        owner,
    ) = row;
    let namespace = owner
        .0
        .ok_or_else(|| Error::internal("a robot's owner has no name"))?;
    Ok(Robot {
        id,
        namespace_id,
        name: RobotName::new(namespace, &short)?,
        description,
        metadata,
        token_sealed,
        token_hash,
        enabled: enabled && owner.1,
        created_at,
        last_used_at,
    })
}

/// A robot by name.
pub async fn by_name(conn: &mut Conn, name: &RobotName) -> Result<Option<Robot>> {
    let row: Option<Row> = on_backend!(conn, |c| {
        select_robots!()
            .filter(owners.field(accounts::name).eq(name.namespace.as_str()))
            .filter(robot_profiles::short_name.eq(name.short.as_str()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    row.map(robot).transpose()
}

/// Robots of a namespace by short name, in no order; absent ones are left out.
pub async fn by_short_names(
    conn: &mut Conn,
    namespace: AccountId,
    short: &[&str],
) -> Result<Vec<Robot>> {
    if short.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = on_backend!(conn, |c| {
        select_robots!()
            .filter(robot_profiles::namespace_id.eq(namespace))
            .filter(robot_profiles::short_name.eq_any(short.iter().copied()))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    rows.into_iter().map(robot).collect()
}

/// Robots by id, in no order; absent ones are left out.
pub async fn by_ids(conn: &mut Conn, ids: &[AccountId]) -> Result<Vec<Robot>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = on_backend!(conn, |c| {
        select_robots!()
            .filter(accounts::id.eq_any(ids.iter().map(|id| id.0)))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    rows.into_iter().map(robot).collect()
}

/// Adds a robot.
///
/// # Errors
/// [`Error::AlreadyExists`] with the text that clients know.
pub async fn insert(tx: &mut Tx, new: &NewRobot<'_>, now: Timestamp) -> Result<AccountId> {
    let id: AccountId = on_backend!(&mut **tx, |c| {
        diesel::insert_into(accounts::table)
            .values((
                accounts::uuid.eq(new.uuid),
                accounts::kind.eq(AccountKind::Robot),
                accounts::created_at.eq(now),
            ))
            .returning(accounts::id)
            .get_result(c)
            .await
    })
    .map_err(db_error)?;
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(robot_profiles::table)
            .values((
                robot_profiles::account_id.eq(id),
                robot_profiles::namespace_id.eq(new.namespace_id),
                robot_profiles::short_name.eq(&new.name.short),
                robot_profiles::description.eq(new.description),
                robot_profiles::metadata.eq(new.metadata),
                robot_profiles::token_sealed.eq(new.token_sealed),
                robot_profiles::token_hash.eq(new.token_hash),
            ))
            .execute(c)
            .await
    })
    .map_err(|e| {
        if is_unique_violation(&e) {
            Error::already_exists(
                Noun::Robot,
                format!("Existing robot with name: {}", new.name),
            )
        } else {
            db_error(e)
        }
    })?;
    Ok(id)
}

/// At most `limit` robots of a namespace after a short name, by short name.
pub async fn page(
    conn: &mut Conn,
    namespace: AccountId,
    search: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Robot>> {
    let rows: Vec<Row> = on_backend!(conn, |c| {
        let mut query = select_robots!()
            .filter(robot_profiles::namespace_id.eq(namespace))
            .into_boxed::<Backend>();
        if let Some(search) = search {
            query = query.filter(
                robot_profiles::short_name
                    .like(contains(&search.to_lowercase()))
                    .escape('\\'),
            );
        }
        if let Some(after) = after {
            query = query.filter(robot_profiles::short_name.gt(after));
        }
        query
            .order(robot_profiles::short_name)
            .limit(limit)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    rows.into_iter().map(robot).collect()
}

/// At most `limit` robots of a namespace whose short names begin with a text, by short name.
pub async fn beginning(
    conn: &mut Conn,
    namespace: AccountId,
    prefix: &str,
    limit: i64,
) -> Result<Vec<Robot>> {
    let rows: Vec<Row> = on_backend!(conn, |c| {
        select_robots!()
            .filter(robot_profiles::namespace_id.eq(namespace))
            .filter(robot_profiles::short_name.ge(prefix))
            .filter(robot_profiles::short_name.lt(beyond(prefix)))
            .order(robot_profiles::short_name)
            .limit(limit)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    rows.into_iter().map(robot).collect()
}

/// How many robots of a namespace have the text in their short name.
pub async fn count(conn: &mut Conn, namespace: AccountId, search: Option<&str>) -> Result<i64> {
    on_backend!(conn, |c| {
        let mut query = robot_profiles::table
            .inner_join(accounts::table.on(accounts::id.eq(robot_profiles::account_id)))
            .filter(accounts::deleting_at.is_null())
            .filter(robot_profiles::namespace_id.eq(namespace))
            .into_boxed::<Backend>();
        if let Some(search) = search {
            query = query.filter(
                robot_profiles::short_name
                    .like(contains(&search.to_lowercase()))
                    .escape('\\'),
            );
        }
        query.count().get_result(c).await
    })
    .map_err(db_error)
}

/// Replaces a robot's token.
pub async fn set_token(tx: &mut Tx, id: AccountId, sealed: &str, hash: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(robot_profiles::table.find(id))
            .set((
                robot_profiles::token_sealed.eq(sealed),
                robot_profiles::token_hash.eq(hash),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Says what a robot is for.
pub async fn describe(tx: &mut Tx, id: AccountId, description: &str, metadata: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(robot_profiles::table.find(id))
            .set((
                robot_profiles::description.eq(description),
                robot_profiles::metadata.eq(metadata),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// At most `limit` roles that a robot was given itself, after a repository's name, by name.
pub async fn roles_of(
    conn: &mut Conn,
    robot: AccountId,
    after: Option<&RepositoryName>,
    limit: i64,
) -> Result<Vec<RoleIn>> {
    type Row = (RepositoryId, RepositoryName, Visibility, RepositoryRole);
    let rows: Vec<Row> = on_backend!(conn, |c| {
        repository_permissions::table
            .inner_join(repositories::table)
            .filter(repository_permissions::account_id.eq(robot))
            .filter(repositories::deleting_at.is_null())
            .filter(repositories::name.gt(after.map_or("", RepositoryName::as_str)))
            .order(repositories::name)
            .limit(limit)
            .select((
                repositories::id,
                repositories::name,
                repositories::visibility,
                repository_permissions::role,
            ))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let role = |(id, repository, visibility, role)| RoleIn {
        id,
        repository,
        visibility,
        role,
    };
    Ok(rows.into_iter().map(role).collect())
}

/// The repositories in which each of many robots was given a role, by name; those without are left out.
pub async fn repositories_of(
    conn: &mut Conn,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, Vec<RepositoryName>>> {
    let rows: Vec<(Option<AccountId>, RepositoryName)> = on_backend!(conn, |c| {
        repository_permissions::table
            .inner_join(repositories::table)
            .filter(repository_permissions::account_id.eq_any(ids.iter().map(|id| id.0)))
            .filter(repositories::deleting_at.is_null())
            .order(repositories::name)
            .select((repository_permissions::account_id, repositories::name))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let mut found: HashMap<AccountId, Vec<RepositoryName>> = HashMap::new();
    for (robot, name) in rows {
        if let Some(robot) = robot {
            found.entry(robot).or_default().push(name);
        }
    }
    Ok(found)
}

/// The teams that each of many robots is in, by name; those in none are left out.
pub async fn teams_of(
    conn: &mut Conn,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, Vec<(TeamId, TeamName)>>> {
    let rows: Vec<(AccountId, TeamId, TeamName)> = on_backend!(conn, |c| {
        team_members::table
            .inner_join(teams::table)
            .filter(team_members::account_id.eq_any(ids.iter().map(|id| id.0)))
            .order(teams::name)
            .select((team_members::account_id, teams::id, teams::name))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let mut found: HashMap<AccountId, Vec<(TeamId, TeamName)>> = HashMap::new();
    for (robot, id, name) in rows {
        found.entry(robot).or_default().push((id, name));
    }
    Ok(found)
}

/// Removes robots with their permissions and team memberships; their names are free at once.
pub async fn delete(tx: &mut Tx, ids: &[AccountId]) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(
            accounts::table
                .filter(accounts::kind.eq(AccountKind::Robot))
                .filter(accounts::id.eq_any(ids.iter().map(|id| id.0))),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// In how many repositories each of these robots has a direct role; those without are left out.
pub async fn repository_counts(
    conn: &mut Conn,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, i64>> {
    let rows: Vec<(Option<AccountId>, i64)> = on_backend!(conn, |c| {
        repository_permissions::table
            .inner_join(repositories::table)
            .filter(repository_permissions::account_id.eq_any(ids.iter().map(|id| id.0)))
            .filter(repositories::deleting_at.is_null())
            .group_by(repository_permissions::account_id)
            .select((
                repository_permissions::account_id,
                diesel::dsl::count_star(),
            ))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, count)| Some((id?, count)))
        .collect())
}
