//! The facts an authorization needs, in one query. Only the gate of the services calls these.

use berth_domain::{
    AccountId, AccountKind, Namespace, RepositoryId, RepositoryName, RepositoryPath,
    RepositoryRole, RepositoryState, Result, TeamId, TeamName, TeamRole, Timestamp, Visibility,
};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, db_error};
use crate::repositories::Repository;
use crate::sql::{Fixed, id_list};
use crate::teams::Team;

/// A namespace and what the asking account is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// The owner's account.
    pub id: AccountId,
    /// User or organization.
    pub kind: AccountKind,
    /// Its name.
    pub name: Namespace,
    /// A disabled namespace takes no pushes.
    pub enabled: bool,
    /// Highest role of the account's teams in it.
    pub team_role: Option<TeamRole>,
}

/// A repository and what the asking account is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// The row.
    pub repository: Repository,
    /// Its namespace.
    pub namespace: NamespaceFacts,
    /// Role given to the account itself.
    pub direct_role: Option<RepositoryRole>,
    /// Highest role given to a team of the account.
    pub team_role: Option<RepositoryRole>,
}

/// A team and what the asking account is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamFacts {
    /// The row.
    pub team: Team,
    /// Its organization.
    pub organization: NamespaceFacts,
    /// Whether the account is in it.
    pub is_member: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    ns_id: AccountId,
    #[diesel(sql_type = Text)]
    ns_kind: AccountKind,
    #[diesel(sql_type = Text)]
    ns_name: Namespace,
    #[diesel(sql_type = Bool)]
    ns_enabled: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    ns_rank: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<RepositoryId>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<RepositoryName>,
    #[diesel(sql_type = Nullable<Text>)]
    visibility: Option<Visibility>,
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<RepositoryState>,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    last_pushed_at: Option<Timestamp>,
    #[diesel(sql_type = Nullable<BigInt>)]
    created_at: Option<Timestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    direct_role: Option<RepositoryRole>,
    #[diesel(sql_type = Nullable<BigInt>)]
    team_rank: Option<i64>,
}

/// `$1` is the asking account; an account 0 has no rights.
const NAMESPACE_COLUMNS: &str = "n.id as ns_id, n.kind as ns_kind, n.name as ns_name, n.enabled as ns_enabled, \
    (select cast(max(case t.role when 'admin' then 3 when 'creator' then 2 else 1 end) as bigint) \
       from teams t join team_members m on m.team_id = t.id \
      where t.namespace_id = n.id and m.account_id = $1) as ns_rank";

const REPOSITORY_COLUMNS: &str = "r.id, r.name, r.visibility, r.state, r.description, r.last_pushed_at, r.created_at, \
    (select p.role from repository_permissions p where p.repository_id = r.id and p.account_id = $1) as direct_role, \
    (select cast(max(case p.role when 'admin' then 3 when 'write' then 2 else 1 end) as bigint) \
       from repository_permissions p join team_members m on m.team_id = p.team_id \
      where p.repository_id = r.id and m.account_id = $1) as team_rank";

/// Begins a statement: `o` are the namespaces of these rows of a table, and what the account is to each is found once and
/// not for each of the rows.
fn namespaces_of(table: &str, ids: &str) -> String {
    format!(
        "with o as materialized (select {NAMESPACE_COLUMNS} from accounts n \
         where n.id in (select namespace_id from {table} where id in ({ids})) and n.deleting_at is null)"
    )
}

fn repository_role(rank: i64) -> RepositoryRole {
    match rank {
        3 => RepositoryRole::Admin,
        2 => RepositoryRole::Write,
        _ => RepositoryRole::Read,
    }
}

fn team_role(rank: i64) -> TeamRole {
    match rank {
        3 => TeamRole::Admin,
        2 => TeamRole::Creator,
        _ => TeamRole::Member,
    }
}

impl Row {
    fn namespace(&self) -> NamespaceFacts {
        NamespaceFacts {
            id: self.ns_id,
            kind: self.ns_kind,
            name: self.ns_name.clone(),
            enabled: self.ns_enabled,
            team_role: self.ns_rank.map(team_role),
        }
    }

    /// The namespace, and the repository where the join found one.
    fn split(self) -> (NamespaceFacts, Option<RepositoryFacts>) {
        let namespace = self.namespace();
        let facts = (|| {
            Some(RepositoryFacts {
                repository: Repository {
                    id: self.id?,
                    namespace_id: self.ns_id,
                    namespace: self.ns_name,
                    name: self.name?,
                    visibility: self.visibility?,
                    state: self.state?,
                    description: self.description?,
                    last_pushed_at: self.last_pushed_at,
                    created_at: self.created_at?,
                },
                namespace: namespace.clone(),
                direct_role: self.direct_role,
                team_role: self.team_rank.map(repository_role),
            })
        })();
        (namespace, facts)
    }
}

/// A repository by path and its namespace; each `None` where absent.
pub async fn repository(
    conn: &mut Conn,
    path: &RepositoryPath,
    account: Option<AccountId>,
) -> Result<Option<(NamespaceFacts, Option<RepositoryFacts>)>> {
    let sql = format!(
        "select {NAMESPACE_COLUMNS}, {REPOSITORY_COLUMNS} from accounts n \
         left join repositories r on r.namespace_id = n.id and r.name = $2 and r.deleting_at is null \
         where n.name = $3 and n.deleting_at is null"
    );
    let row: Option<Row> = on_backend!(conn, |c| {
        let query = diesel::sql_query(&sql)
            .bind::<BigInt, _>(account.map_or(0, |id| id.0))
            .bind::<Text, _>(path.name.as_str())
            .bind::<Text, _>(path.namespace.as_str());
        Fixed(query).get_result(c).await.optional()
    })
    .map_err(db_error)?;
    Ok(row.map(Row::split))
}

/// Repositories by id, in no order; absent ones are left out. No ids are asked for as well, so that the
/// time of an answer does not tell what is not there from what is hidden.
pub async fn repositories(
    conn: &mut Conn,
    ids: &[RepositoryId],
    account: Option<AccountId>,
) -> Result<Vec<RepositoryFacts>> {
    let list = id_list(ids.iter().map(|id| id.0));
    let namespaces = namespaces_of("repositories", &list);
    let sql = format!(
        "{namespaces} select o.*, {REPOSITORY_COLUMNS} from repositories r \
         join o on o.ns_id = r.namespace_id where r.id in ({list}) and r.deleting_at is null"
    );
    let rows: Vec<Row> = on_backend!(conn, |c| {
        diesel::sql_query(&sql)
            .bind::<BigInt, _>(account.map_or(0, |id| id.0))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows.into_iter().filter_map(|row| row.split().1).collect())
}

#[derive(QueryableByName)]
struct RowOf {
    #[diesel(sql_type = BigInt)]
    account: AccountId,
    #[diesel(embed)]
    row: Row,
}

/// What each of these accounts is to a repository, in no order: the same facts, of others than who asks. No accounts are
/// asked for as well, as of [`repositories`].
pub async fn repository_of_each(
    conn: &mut Conn,
    id: RepositoryId,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, RepositoryFacts)>> {
    let list = id_list(accounts.iter().map(|id| id.0));
    let [of_namespace, of_repository] =
        [NAMESPACE_COLUMNS, REPOSITORY_COLUMNS].map(|columns| columns.replace("$1", "a.id"));
    let sql = format!(
        "select a.id as account, {of_namespace}, {of_repository} from accounts a cross join repositories r \
         join accounts n on n.id = r.namespace_id \
         where a.id in ({list}) and r.id = {id} and r.deleting_at is null and n.deleting_at is null"
    );
    let rows: Vec<RowOf> =
        on_backend!(conn, |c| diesel::sql_query(&sql).load(c).await).map_err(db_error)?;
    let rows = rows.into_iter();
    Ok(rows
        .filter_map(|RowOf { account, row }| Some((account, row.split().1?)))
        .collect())
}

#[derive(QueryableByName)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of the shared columns"
)]
struct NamespaceRow {
    #[diesel(sql_type = BigInt)]
    ns_id: AccountId,
    #[diesel(sql_type = Text)]
    ns_kind: AccountKind,
    #[diesel(sql_type = Text)]
    ns_name: Namespace,
    #[diesel(sql_type = Bool)]
    ns_enabled: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    ns_rank: Option<i64>,
}

impl From<NamespaceRow> for NamespaceFacts {
    fn from(row: NamespaceRow) -> Self {
        Self {
            id: row.ns_id,
            kind: row.ns_kind,
            name: row.ns_name,
            enabled: row.ns_enabled,
            team_role: row.ns_rank.map(team_role),
        }
    }
}

/// A namespace by name.
pub async fn namespace(
    conn: &mut Conn,
    name: &Namespace,
    account: Option<AccountId>,
) -> Result<Option<NamespaceFacts>> {
    let sql = format!(
        "select {NAMESPACE_COLUMNS} from accounts n where n.name = $2 and n.deleting_at is null"
    );
    let row: Option<NamespaceRow> = on_backend!(conn, |c| {
        let query = diesel::sql_query(&sql)
            .bind::<BigInt, _>(account.map_or(0, |id| id.0))
            .bind::<Text, _>(name.as_str());
        Fixed(query).get_result(c).await.optional()
    })
    .map_err(db_error)?;
    Ok(row.map(Into::into))
}

/// Namespaces by id, in no order; absent ones and robots are left out. No ids are asked for as well, as of
/// [`repositories`].
pub async fn namespaces(
    conn: &mut Conn,
    ids: &[AccountId],
    account: Option<AccountId>,
) -> Result<Vec<NamespaceFacts>> {
    let list = id_list(ids.iter().map(|id| id.0));
    let sql = format!(
        "select {NAMESPACE_COLUMNS} from accounts n \
         where n.id in ({list}) and n.name is not null and n.deleting_at is null"
    );
    let rows: Vec<NamespaceRow> = on_backend!(conn, |c| {
        diesel::sql_query(&sql)
            .bind::<BigInt, _>(account.map_or(0, |id| id.0))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

#[derive(QueryableByName)]
struct TeamRow {
    #[diesel(embed)]
    organization: NamespaceRow,
    #[diesel(sql_type = Nullable<BigInt>)]
    team_id: Option<TeamId>,
    #[diesel(sql_type = Nullable<Text>)]
    team_name: Option<TeamName>,
    #[diesel(sql_type = Nullable<Text>)]
    team_role: Option<TeamRole>,
    #[diesel(sql_type = Nullable<Text>)]
    team_description: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    team_created_at: Option<Timestamp>,
    #[diesel(sql_type = BigInt)]
    memberships: i64,
}

/// `$1` is the asking account.
const TEAM_COLUMNS: &str = "g.id as team_id, g.name as team_name, g.role as team_role, \
    g.description as team_description, g.created_at as team_created_at, \
    (select count(*) from team_members m where m.team_id = g.id and m.account_id = $1) as memberships";

impl TeamRow {
    /// The organization, and the team where the join found one.
    fn split(self) -> (NamespaceFacts, Option<TeamFacts>) {
        let organization = NamespaceFacts::from(self.organization);
        let facts = (|| {
            Some(TeamFacts {
                team: Team {
                    id: self.team_id?,
                    namespace_id: organization.id,
                    name: self.team_name?,
                    role: self.team_role?,
                    description: self.team_description?,
                    created_at: self.team_created_at?,
                },
                organization: organization.clone(),
                is_member: self.memberships > 0,
            })
        })();
        (organization, facts)
    }
}

/// A team by name and its namespace; each `None` where absent.
pub async fn team(
    conn: &mut Conn,
    organization: &Namespace,
    name: &str,
    account: Option<AccountId>,
) -> Result<Option<(NamespaceFacts, Option<TeamFacts>)>> {
    let sql = format!(
        "select {NAMESPACE_COLUMNS}, {TEAM_COLUMNS} from accounts n \
         left join teams g on g.namespace_id = n.id and g.name = $2 \
         where n.name = $3 and n.deleting_at is null"
    );
    let row: Option<TeamRow> = on_backend!(conn, |c| {
        let query = diesel::sql_query(&sql)
            .bind::<BigInt, _>(account.map_or(0, |id| id.0))
            .bind::<Text, _>(name)
            .bind::<Text, _>(organization.as_str());
        Fixed(query).get_result(c).await.optional()
    })
    .map_err(db_error)?;
    Ok(row.map(TeamRow::split))
}

/// Teams by id, in no order; absent ones are left out. No ids are asked for as well, as of [`repositories`].
pub async fn teams(
    conn: &mut Conn,
    ids: &[TeamId],
    account: Option<AccountId>,
) -> Result<Vec<TeamFacts>> {
    let list = id_list(ids.iter().map(|id| id.0));
    let namespaces = namespaces_of("teams", &list);
    let sql = format!(
        "{namespaces} select o.*, {TEAM_COLUMNS} from teams g \
         join o on o.ns_id = g.namespace_id where g.id in ({list})"
    );
    let rows: Vec<TeamRow> = on_backend!(conn, |c| {
        diesel::sql_query(&sql)
            .bind::<BigInt, _>(account.map_or(0, |id| id.0))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows.into_iter().filter_map(|row| row.split().1).collect())
}
