//! Who has to do with an organization: the users in its teams, and who has roles of its own in its repositories and is
//! in none of them.

use std::collections::HashMap;
use std::fmt::Write as _;

use berth_domain::{
    AccountId, RepositoryId, RepositoryName, RepositoryRole, Result, TeamId, TeamName, Visibility,
};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use crate::conn::{Conn, Tx};
use crate::repositories::listing::{COUNT_MAX, CountRow};
use crate::sql::{among, contains, execute, id_list, kind_of, load, unindexed};
use crate::teams::{MemberKey, RoleIn};

/// Somebody in a list of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub id: AccountId,
    /// Where it stands in the list.
    pub key: MemberKey,
}

/// The first things of each account, and how many there are of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firsts<T> {
    /// The first ones by name.
    pub items: Vec<T>,
    /// All of them.
    pub count: i64,
}

impl<T> Default for Firsts<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            count: 0,
        }
    }
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = BigInt)]
    id: AccountId,
    #[diesel(sql_type = Text)]
    name: String,
}

impl PersonRow {
    fn person(self, is_robot: bool) -> Person {
        let key = MemberKey {
            is_robot,
            name: self.name,
        };
        Person { id: self.id, key }
    }
}

/// A statement with texts that are bound to it.
struct Asked {
    sql: String,
    binds: Vec<String>,
}

impl Asked {
    /// Narrows a statement that ends in a condition.
    fn new(sql: String) -> Self {
        Self {
            sql,
            binds: Vec::new(),
        }
    }

    fn bind(&mut self, text: String) -> usize {
        self.binds.push(text);
        self.binds.len()
    }

    /// To names with a text in them.
    fn search(mut self, column: &str, search: Option<&str>) -> Self {
        if let Some(search) = search {
            let bind = self.bind(contains(&search.to_lowercase()));
            let _ = write!(self.sql, " and {column} like ${bind} escape '\\'");
        }
        self
    }

    /// To names behind one.
    fn after(mut self, column: &str, after: Option<&str>) -> Self {
        if let Some(after) = after {
            let bind = self.bind(after.to_owned());
            let _ = write!(self.sql, " and {column} > ${bind}");
        }
        self
    }

    /// At most `limit`, by name.
    async fn page(mut self, conn: &mut Conn, column: &str, limit: i64) -> Result<Vec<PersonRow>> {
        let _ = write!(self.sql, " order by {column} limit {limit}");
        load(conn, &self.sql, &self.binds).await
    }

    /// How many, [`COUNT_MAX`] at most.
    async fn count(self, conn: &mut Conn) -> Result<i64> {
        let sql = format!(
            "select count(*) as count from ({} limit {COUNT_MAX}) as counted",
            self.sql
        );
        let rows: Vec<CountRow> = load(conn, &sql, &self.binds).await?;
        Ok(rows.into_iter().next().map_or(0, |row| row.count))
    }
}

/// The users in teams of an organization. What is in its teams is read, and no user beside.
fn members_of(conn: &Conn, organization: AccountId) -> Asked {
    let teams = format!("select t.id from teams t where t.namespace_id = {organization}");
    let teams = among(conn, "m.team_id", &teams);
    let members = format!("select m.account_id from team_members m where {teams}");
    let (members, kind) = (among(conn, "u.id", &members), kind_of(conn, "u"));
    Asked::new(format!(
        "select u.id as id, u.name as name from accounts u \
         where {members} and {kind} = 'user' and u.deleting_at is null"
    ))
}

/// At most `limit` users in teams of an organization after one, by name.
pub async fn members(
    conn: &mut Conn,
    organization: AccountId,
    search: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Person>> {
    // Not along all names of the registry.
    let name = unindexed(conn, "u.name");
    let asked = members_of(conn, organization);
    let asked = asked.search(&name, search).after(&name, after);
    let rows = asked.page(conn, &name, limit).await?;
    Ok(rows.into_iter().map(|row| row.person(false)).collect())
}

/// How many users with the text in their name are in teams of an organization, 10,000 at most.
pub async fn count_members(
    conn: &mut Conn,
    organization: AccountId,
    search: Option<&str>,
) -> Result<i64> {
    let name = unindexed(conn, "u.name");
    let asked = members_of(conn, organization).search(&name, search);
    asked.count(conn).await
}

/// The users with a role of their own in a repository of an organization who are in none of its teams.
fn users_beside(conn: &Conn, organization: AccountId) -> Asked {
    let repositories = format!(
        "select r.id from repositories r where r.namespace_id = {organization} and r.deleting_at is null"
    );
    let repositories = among(conn, "p.repository_id", &repositories);
    let accounts = format!(
        "select p.account_id from repository_permissions p where p.account_id is not null and {repositories}"
    );
    let (accounts, kind) = (among(conn, "u.id", &accounts), kind_of(conn, "u"));
    let own = unindexed(conn, "t.namespace_id");
    Asked::new(format!(
        "select u.id as id, u.name as name from accounts u \
         where {accounts} and {kind} = 'user' and u.deleting_at is null \
         and (select m.team_id from team_members m join teams t on t.id = m.team_id \
         where m.account_id = u.id and {own} = {organization} limit 1) is null"
    ))
}

/// The robots of an organization with a role in a repository that are in no team. They have roles and teams at home
/// alone. Each is looked at by itself, in the order of their names: of a page no more are read than it takes to fill it.
fn robots_beside(organization: AccountId) -> Asked {
    Asked::new(format!(
        "select b.account_id as id, b.short_name as name from robot_profiles b \
         join accounts u on u.id = b.account_id \
         where b.namespace_id = {organization} and u.deleting_at is null \
         and (select p.id from repository_permissions p join repositories r on r.id = p.repository_id \
         where p.account_id = b.account_id and r.deleting_at is null limit 1) is not null \
         and (select m.team_id from team_members m where m.account_id = b.account_id limit 1) is null"
    ))
}

/// At most `limit` who have roles of their own in repositories of an organization and are in no team, after one: users by
/// name, then robots by short name.
pub async fn collaborators(
    conn: &mut Conn,
    organization: AccountId,
    search: Option<&str>,
    after: Option<&MemberKey>,
    limit: i64,
) -> Result<Vec<Person>> {
    let mut found = Vec::new();
    if !after.is_some_and(|after| after.is_robot) {
        let name = unindexed(conn, "u.name");
        let behind = after.map(|after| after.name.as_str());
        let asked = users_beside(conn, organization);
        let asked = asked.search(&name, search).after(&name, behind);
        let users = asked.page(conn, &name, limit).await?;
        found.extend(users.into_iter().map(|row| row.person(false)));
    }
    let rest = limit.saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
    if rest <= 0 {
        return Ok(found);
    }
    let name = "b.short_name";
    let behind = after.filter(|after| after.is_robot);
    let behind = behind.map(|after| after.name.as_str());
    let asked = robots_beside(organization);
    let asked = asked.search(name, search).after(name, behind);
    let robots = asked.page(conn, name, rest).await?;
    found.extend(robots.into_iter().map(|row| row.person(true)));
    Ok(found)
}

/// How many of those with the text in their name there are, 10,000 at most.
pub async fn count_collaborators(
    conn: &mut Conn,
    organization: AccountId,
    search: Option<&str>,
) -> Result<i64> {
    let name = unindexed(conn, "u.name");
    let users = users_beside(conn, organization).search(&name, search);
    let users = users.count(conn).await?;
    let robots = robots_beside(organization).search("b.short_name", search);
    let robots = robots.count(conn).await?;
    Ok(users.saturating_add(robots).min(COUNT_MAX))
}

#[derive(QueryableByName)]
struct TeamRow {
    #[diesel(sql_type = BigInt)]
    account_id: AccountId,
    #[diesel(sql_type = BigInt)]
    team_id: TeamId,
    #[diesel(sql_type = Text)]
    name: TeamName,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// A statement for the first `each` rows of each of these accounts, by name, with how many each has. `columns` begins
/// with the account.
fn firsts(columns: &str, account: &str, name: &str, from: &str, each: i64) -> String {
    format!(
        "select * from (select {columns}, \
         row_number() over (partition by {account} order by {name}) as place, \
         count(*) over (partition by {account}) as total from {from}) as d \
         where d.place <= {each} order by d.account_id, d.place"
    )
}

/// The teams of an organization that each of these accounts is in, by name, the first `each` of them; who is in none is
/// left out.
pub async fn teams_of(
    conn: &mut Conn,
    organization: AccountId,
    accounts: &[AccountId],
    each: i64,
) -> Result<HashMap<AccountId, Firsts<(TeamId, TeamName)>>> {
    if accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(accounts.iter().map(|id| id.0));
    let own = unindexed(conn, "t.namespace_id");
    let from = format!(
        "team_members m join teams t on t.id = m.team_id \
         where m.account_id in ({ids}) and {own} = {organization}"
    );
    let columns = "m.account_id, t.id as team_id, t.name";
    let sql = firsts(columns, "m.account_id", "t.name", &from, each);
    let rows: Vec<TeamRow> = load(conn, &sql, &[]).await?;
    let mut found: HashMap<AccountId, Firsts<(TeamId, TeamName)>> = HashMap::new();
    for row in rows {
        let of = found.entry(row.account_id).or_default();
        of.items.push((row.team_id, row.name));
        of.count = row.total;
    }
    Ok(found)
}

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = BigInt)]
    account_id: AccountId,
    #[diesel(sql_type = BigInt)]
    repository_id: RepositoryId,
    #[diesel(sql_type = Text)]
    name: RepositoryName,
    #[diesel(sql_type = Text)]
    visibility: Visibility,
    #[diesel(sql_type = Text)]
    role: RepositoryRole,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The roles of their own that these accounts have in repositories of an organization, by name of the repository, the first
/// `each` of each account; who has none is left out.
pub async fn roles_of(
    conn: &mut Conn,
    organization: AccountId,
    accounts: &[AccountId],
    each: i64,
) -> Result<HashMap<AccountId, Firsts<RoleIn>>> {
    if accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(accounts.iter().map(|id| id.0));
    let own = unindexed(conn, "r.namespace_id");
    let from = format!(
        "repository_permissions p join repositories r on r.id = p.repository_id \
         where p.account_id in ({ids}) and {own} = {organization} and r.deleting_at is null"
    );
    let columns = "p.account_id, r.id as repository_id, r.name, r.visibility, p.role";
    let sql = firsts(columns, "p.account_id", "r.name", &from, each);
    let rows: Vec<RoleRow> = load(conn, &sql, &[]).await?;
    let mut found: HashMap<AccountId, Firsts<RoleIn>> = HashMap::new();
    for row in rows {
        let of = found.entry(row.account_id).or_default();
        of.items.push(RoleIn {
            id: row.repository_id,
            repository: row.name,
            visibility: row.visibility,
            role: row.role,
        });
        of.count = row.total;
    }
    Ok(found)
}

/// Takes an account out of all teams of an organization, and its own roles in the repositories there away.
pub async fn remove(tx: &mut Tx, organization: AccountId, account: AccountId) -> Result<()> {
    for (table, key, of) in [
        ("team_members", "team_id", "teams"),
        ("repository_permissions", "repository_id", "repositories"),
    ] {
        let own = unindexed(tx, "o.namespace_id");
        let statement = format!(
            "delete from {table} where account_id = {account} \
             and exists (select 1 from {of} o where o.id = {table}.{key} and {own} = {organization})"
        );
        execute(tx, &statement).await?;
    }
    Ok(())
}
