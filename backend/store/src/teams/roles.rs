//! Roles of teams in repositories.

use berth_domain::{
    AccountId, RepositoryId, RepositoryName, RepositoryRole, Result, TeamId, TeamName, Timestamp,
    Visibility,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::{repositories, repository_permissions, team_members, teams};

/// A role of a team in a repository, seen from the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRoleIn {
    /// Which team.
    pub id: TeamId,
    /// By name.
    pub team: TeamName,
    /// The role.
    pub role: RepositoryRole,
}

/// A role in a repository, seen from the team or account that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleIn {
    /// Which repository.
    pub id: RepositoryId,
    /// By name.
    pub repository: RepositoryName,
    /// Who may pull from it without a role.
    pub visibility: Visibility,
    /// The role.
    pub role: RepositoryRole,
}

/// Teams of an organization by name, in no order; absent ones are left out.
pub async fn by_names(
    conn: &mut Conn,
    namespace: AccountId,
    names: &[&str],
) -> Result<Vec<(TeamId, TeamName)>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    on_backend!(conn, |c| {
        teams::table
            .filter(teams::namespace_id.eq(namespace))
            .filter(teams::name.eq_any(names.iter().copied()))
            .select((teams::id, teams::name))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// The names of teams, in no order; absent ones are left out.
pub async fn names(conn: &mut Conn, ids: &[TeamId]) -> Result<Vec<(TeamId, TeamName)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    on_backend!(conn, |c| {
        teams::table
            .filter(teams::id.eq_any(ids.iter().map(|id| id.0)))
            .select((teams::id, teams::name))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Gives a team a role, replacing the one it had.
pub async fn set_repository_role(
    tx: &mut Tx,
    repository: RepositoryId,
    team: TeamId,
    role: RepositoryRole,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(repository_permissions::table)
            .values((
                repository_permissions::repository_id.eq(repository),
                repository_permissions::team_id.eq(team),
                repository_permissions::role.eq(role),
                repository_permissions::created_at.eq(now),
            ))
            .on_conflict((
                repository_permissions::repository_id,
                repository_permissions::team_id,
            ))
            .do_update()
            .set(repository_permissions::role.eq(role))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Takes a team's role away; tells whether it had one.
pub async fn remove_repository_role(
    tx: &mut Tx,
    repository: RepositoryId,
    team: TeamId,
) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::delete(
            repository_permissions::table
                .filter(repository_permissions::repository_id.eq(repository))
                .filter(repository_permissions::team_id.eq(team)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed > 0)
}

/// The roles of teams in a repository, by name.
pub async fn roles_in(conn: &mut Conn, repository: RepositoryId) -> Result<Vec<TeamRoleIn>> {
    let rows: Vec<(TeamId, TeamName, RepositoryRole)> = on_backend!(conn, |c| {
        repository_permissions::table
            .inner_join(teams::table)
            .filter(repository_permissions::repository_id.eq(repository))
            .order(teams::name)
            .select((teams::id, teams::name, repository_permissions::role))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(id, team, role)| TeamRoleIn { id, team, role })
        .collect())
}

/// At most `limit` roles of a team after a repository's name, by name.
pub async fn roles_of(
    conn: &mut Conn,
    team: TeamId,
    after: Option<&RepositoryName>,
    limit: i64,
) -> Result<Vec<RoleIn>> {
    type Row = (RepositoryId, RepositoryName, Visibility, RepositoryRole);
    let rows: Vec<Row> = on_backend!(conn, |c| {
        repository_permissions::table
            .inner_join(repositories::table)
            .filter(repository_permissions::team_id.eq(team))
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
    let rows = rows.into_iter();
    Ok(rows
        .map(|(id, repository, visibility, role)| RoleIn {
            id,
            repository,
            visibility,
            role,
        })
        .collect())
}

/// The roles of an account in a repository: its own and those of its teams.
pub async fn roles_of_account(
    conn: &mut Conn,
    repository: RepositoryId,
    account: AccountId,
) -> Result<Vec<RepositoryRole>> {
    let own = team_members::table
        .filter(team_members::account_id.eq(account))
        .select(team_members::team_id.nullable());
    on_backend!(conn, |c| {
        repository_permissions::table
            .filter(repository_permissions::repository_id.eq(repository))
            .filter(
                repository_permissions::account_id
                    .eq(account)
                    .or(repository_permissions::team_id.eq_any(own)),
            )
            .order(repository_permissions::id)
            .select(repository_permissions::role)
            .load(c)
            .await
    })
    .map_err(db_error)
}
