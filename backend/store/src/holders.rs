//! Who has a right in a repository: users, robots and teams, with what the right comes from.

use berth_domain::{
    AccountId, EntityKind, Namespace, RepositoryId, RepositoryRole, Result, TeamId, TeamName,
    TeamRole,
};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::conn::Conn;
use crate::sql::{among, id_list, kind_of, load};

/// The repository that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row.
    pub repository: RepositoryId,
    /// Whose it is.
    pub namespace: AccountId,
}

/// Somebody who has a right by the configuration, wherever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Everywhere<'a> {
    /// Users of these names.
    pub names: &'a [String],
    /// Users whose profile says that they are superusers.
    pub flagged: bool,
}

/// A user, a robot or a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Which of these.
    pub kind: EntityKind,
    /// Row id of the account or the team.
    pub id: i64,
    /// Its name, of a robot the short one.
    pub name: String,
    /// Whose it is, of a robot.
    pub namespace: Option<Namespace>,
    /// The same by its row.
    pub namespace_id: Option<AccountId>,
    /// False when it, or a robot's namespace, is disabled.
    pub enabled: bool,
    /// Public id of an account.
    pub uuid: String,
    /// Address of an account.
    pub email: Option<String>,
    /// Whether a user's profile says that it is a superuser.
    pub flagged: bool,
    /// What a team of the repository's organization may do there.
    pub team_role: Option<TeamRole>,
    /// The role that a team has in the repository.
    pub role: Option<RepositoryRole>,
}

/// A team by which an account has a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamOf {
    /// Whose.
    pub account: AccountId,
    /// The team.
    pub team: TeamId,
    /// By name.
    pub name: TeamName,
    /// Whether it makes administrators of the repository's organization.
    pub administers: bool,
    /// The role that it has in the repository.
    pub role: Option<RepositoryRole>,
}

/// Kinds in the order of the list.
const KINDS: [EntityKind; 3] = [EntityKind::User, EntityKind::Robot, EntityKind::Team];

fn rank(kind: EntityKind) -> usize {
    let rank = KINDS.iter().position(|known| *known == kind);
    rank.unwrap_or(KINDS.len())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    rank: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    namespace: Option<Namespace>,
    #[diesel(sql_type = Nullable<BigInt>)]
    namespace_id: Option<AccountId>,
    #[diesel(sql_type = Bool)]
    enabled: bool,
    #[diesel(sql_type = Text)]
    uuid: String,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(sql_type = Bool)]
    flagged: bool,
    #[diesel(sql_type = Nullable<Text>)]
    team_role: Option<TeamRole>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<RepositoryRole>,
}

impl From<Row> for Holder {
    fn from(row: Row) -> Self {
        let rank = usize::try_from(row.rank).unwrap_or(usize::MAX);
        Self {
            kind: KINDS.get(rank).copied().unwrap_or(EntityKind::Team),
            id: row.id,
            name: row.name,
            namespace: row.namespace,
            namespace_id: row.namespace_id,
            enabled: row.enabled,
            uuid: row.uuid,
            email: row.email,
            flagged: row.flagged,
            team_role: row.team_role,
            role: row.role,
        }
    }
}

/// Columns that only robots fill, and only teams.
const NO_NAMESPACE: &str = "cast(null as text) as namespace, cast(null as bigint) as namespace_id";
const NO_TEAM: &str = "cast(null as text) as team_role, cast(null as text) as role";

/// The users for whom a condition on the account `a` holds.
fn users(conn: &Conn, condition: &str) -> String {
    let kind = kind_of(conn, "a");
    format!(
        "select cast(0 as bigint) as rank, a.id as id, a.name as name, {NO_NAMESPACE}, \
         a.enabled as enabled, a.uuid as uuid, a.email as email, coalesce(u.superuser, false) as flagged, {NO_TEAM} \
         from accounts a left join user_profiles u on u.account_id = a.id \
         where {condition} and {kind} = 'user' and a.deleting_at is null"
    )
}

/// The robots for whom a condition on the account `a` holds.
fn robots(condition: &str) -> String {
    format!(
        "select cast(1 as bigint) as rank, a.id as id, p.short_name as name, o.name as namespace, o.id as namespace_id, \
         a.enabled and o.enabled as enabled, a.uuid as uuid, a.email as email, false as flagged, {NO_TEAM} \
         from accounts a join robot_profiles p on p.account_id = a.id join accounts o on o.id = p.namespace_id \
         where {condition} and a.deleting_at is null and o.deleting_at is null"
    )
}

/// The teams for which a condition on the team `t` holds.
fn teams(place: Place, condition: &str) -> String {
    let Place {
        repository,
        namespace,
    } = place;
    format!(
        "select cast(2 as bigint) as rank, t.id as id, t.name as name, {NO_NAMESPACE}, true as enabled, \
         '' as uuid, cast(null as text) as email, false as flagged, \
         case when t.namespace_id = {namespace} then t.role end as team_role, p.role as role \
         from teams t left join repository_permissions p on p.team_id = t.id and p.repository_id = {repository} \
         where {condition}"
    )
}

/// The teams that give a right, as a query.
fn giving_teams(place: Place) -> String {
    let Place {
        repository,
        namespace,
    } = place;
    format!(
        "select p.team_id from repository_permissions p where p.repository_id = {repository} and p.team_id is not null \
         union select t.id from teams t where t.namespace_id = {namespace} and t.role = 'admin'"
    )
}

/// At most `limit` users, robots and teams with a right of their own, behind one of them: users by name, then robots by
/// short name, then teams by name. What is public gives nobody a right of its own.
pub async fn page(
    conn: &mut Conn,
    place: Place,
    everywhere: Everywhere<'_>,
    after: Option<&(EntityKind, String, i64)>,
    limit: i64,
) -> Result<Vec<Holder>> {
    let Place {
        repository,
        namespace,
    } = place;
    let mut binds: Vec<String> = everywhere.names.to_vec();
    let giving = giving_teams(place);
    let mut who = vec![
        format!("select {namespace}"),
        format!(
            "select p.account_id from repository_permissions p \
             where p.repository_id = {repository} and p.account_id is not null"
        ),
        "select m.account_id from giving g join team_members m on m.team_id = g.id".to_owned(),
    ];
    if !binds.is_empty() {
        let names: Vec<String> = (1..=binds.len()).map(|n| format!("${n}")).collect();
        let names = names.join(", ");
        who.push(format!(
            "select a.id from accounts a where a.name in ({names})"
        ));
    }
    if everywhere.flagged {
        who.push("select u.account_id from user_profiles u where u.superuser".to_owned());
    }
    let behind = match after {
        Some((kind, name, id)) => {
            binds.push(name.clone());
            format!(
                "where (rank, name, id) > ({}, ${}, {id})",
                rank(*kind),
                binds.len()
            )
        }
        None => String::new(),
    };
    let accounts = among(conn, "a.id", "select id from who");
    let of_teams = among(conn, "t.id", "select id from giving");
    let sql = format!(
        "with giving(id) as materialized ({giving}), who(id) as materialized ({}), \
         holders as ({} union all {} union all {}) \
         select * from holders {behind} order by rank, name, id limit {limit}",
        who.join(" union "),
        users(conn, &accounts),
        robots(&accounts),
        teams(place, &of_teams),
    );
    let rows: Vec<Row> = load(conn, &sql, &binds).await?;
    Ok(rows.into_iter().map(Holder::from).collect())
}

/// One of them by its row, whether or not it has a right.
pub async fn one(
    conn: &mut Conn,
    place: Place,
    kind: EntityKind,
    id: i64,
) -> Result<Option<Holder>> {
    let account = format!("a.id = {id}");
    let sql = match kind {
        EntityKind::User => users(conn, &account),
        EntityKind::Robot => robots(&account),
        EntityKind::Team => teams(place, &format!("t.id = {id}")),
        EntityKind::Organization => return Ok(None),
    };
    let rows: Vec<Row> = load(conn, &sql, &[]).await?;
    Ok(rows.into_iter().next().map(Holder::from))
}

#[derive(QueryableByName)]
struct TeamRow {
    #[diesel(sql_type = BigInt)]
    account: AccountId,
    #[diesel(sql_type = BigInt)]
    team: TeamId,
    #[diesel(sql_type = Text)]
    name: TeamName,
    #[diesel(sql_type = Bool)]
    administers: bool,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<RepositoryRole>,
}

/// The teams by which these accounts have a right, by name. No accounts are asked for as well.
pub async fn teams_of(
    conn: &mut Conn,
    place: Place,
    accounts: &[AccountId],
) -> Result<Vec<TeamOf>> {
    let ids = id_list(accounts.iter().map(|id| id.0));
    let giving = giving_teams(place);
    let Place {
        repository,
        namespace,
    } = place;
    // A row each of them: from the teams, which are few, to who is in them.
    let join = match conn {
        Conn::Pg(_) => "join",
        Conn::Lite(_) => "cross join",
    };
    let sql = format!(
        "with giving(id) as materialized ({giving}) \
         select m.account_id as account, t.id as team, t.name as name, \
         t.namespace_id = {namespace} and t.role = 'admin' as administers, p.role as role \
         from giving g {join} teams t on t.id = g.id {join} team_members m on m.team_id = t.id \
         left join repository_permissions p on p.team_id = t.id and p.repository_id = {repository} \
         where m.account_id in ({ids}) order by t.name, t.id"
    );
    let rows: Vec<TeamRow> = load(conn, &sql, &[]).await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| TeamOf {
            account: row.account,
            team: row.team,
            name: row.name,
            administers: row.administers,
            role: row.role,
        })
        .collect())
}
