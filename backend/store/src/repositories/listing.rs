//! Which repositories somebody may see, as SQL: the one fragment behind every listing and count.
//!
//! It says the same as the policy of the services (a property test there holds them equal). Each
//! way to see a repository is a branch of its own with its own order and limit, so that a page
//! reads indexes and never the whole registry: of each namespace a page at most, by name or by
//! push. Only roles in single repositories are read whole, and what is public is found, by name,
//! by a look into one namespace after the other until a page is full.

use std::collections::HashMap;
use std::fmt::Write;

use berth_domain::{AccountId, RepositoryId, RepositoryPath, Result, Timestamp, Visibility};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, db_error};
use crate::sql::{contains, id_list, load};

/// What an account sees, in the words of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibleTo {
    /// Whose own, team and direct roles count.
    pub account: Option<AccountId>,
    /// Whether public repositories are seen.
    pub public: bool,
    /// Whether everything is seen, whatever the roles.
    pub everything: bool,
    /// Whether only the role `admin` counts: what may be changed and deleted.
    pub administered: bool,
}

impl VisibleTo {
    /// Who sees nothing at all.
    pub const NOTHING: Self = Self {
        account: None,
        public: false,
        everything: false,
        administered: false,
    };

    /// One branch for each way to see a repository that a filter may let through; none: nothing is seen. Stars
    /// are few beside what is seen, so they lead, and the ways to see are conditions.
    fn branches_of(self, filter: &Filter) -> Vec<Branch> {
        let branches = self.branches();
        match filter.starred_by {
            Some(AccountId(id)) if !branches.is_empty() => vec![Branch::Repositories(format!(
                "select s.repository_id from stars s where s.account_id = {id}"
            ))],
            _ => branches,
        }
    }

    /// One branch for each way to see a repository; none: nothing is seen.
    fn branches(self) -> Vec<Branch> {
        if self.everything {
            return vec![Branch::All];
        }
        let mut branches = Vec::new();
        if let Some(account) = self.account {
            let administered = administered_organizations(account);
            branches.push(Branch::Namespaces(format!(
                "select {account} union {administered}"
            )));
            let query = repositories_with_role(account, self.administered);
            branches.push(Branch::Repositories(query));
        }
        if self.public {
            branches.push(Branch::Public);
        }
        branches
    }

    /// The branches joined into one condition.
    fn condition(self) -> String {
        let branches = self.branches();
        if branches.is_empty() {
            return "1 = 0".to_owned();
        }
        let joined: Vec<String> = branches.iter().map(Branch::condition).collect();
        format!("({})", joined.join(" or "))
    }
}

/// The organizations that teams of administrators make an account's, as a query.
pub(crate) fn administered_organizations(account: AccountId) -> String {
    format!(
        "select t.namespace_id from teams t \
         join team_members m on m.team_id = t.id join accounts o on o.id = t.namespace_id \
         where m.account_id = {account} and t.role = 'admin' and o.kind = 'organization'"
    )
}

/// The repositories in which an account or a team of it has a role, or the role `admin` alone, as a query.
pub(crate) fn repositories_with_role(account: AccountId, administered: bool) -> String {
    let role = if administered {
        " and p.role = 'admin'"
    } else {
        ""
    };
    format!(
        "select p.repository_id from repository_permissions p \
         where p.account_id = {account}{role} \
         union select p.repository_id from repository_permissions p \
         join team_members m on m.team_id = p.team_id where m.account_id = {account}{role}"
    )
}

/// A way to see repositories.
enum Branch {
    /// All in the namespaces that a query finds.
    Namespaces(String),
    /// Those that a query finds.
    Repositories(String),
    /// All public ones.
    Public,
    /// All.
    All,
}

impl Branch {
    /// As a condition on a repository `r` of namespace `n`.
    fn condition(&self) -> String {
        match self {
            Self::Namespaces(query) => format!("r.namespace_id in ({query})"),
            Self::Repositories(query) => format!("r.id in ({query})"),
            Self::Public => "r.visibility = 'public'".to_owned(),
            Self::All => "1 = 1".to_owned(),
        }
    }
}

/// Narrows a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Text in `namespace/name`.
    pub search: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only of this visibility.
    pub visibility: Option<Visibility>,
    /// Only what this account has starred.
    pub starred_by: Option<AccountId>,
}

/// The order of a listing, with where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// By namespace, then name.
    Name {
        /// Namespace and name of the last row seen.
        after: Option<(String, String)>,
        /// From the end.
        descending: bool,
    },
    /// By latest push; what was never pushed to counts as the beginning of time.
    LastPushed {
        /// Instant and id of the last row seen.
        after: Option<(Timestamp, RepositoryId)>,
        /// Latest first.
        descending: bool,
    },
}

/// No listing counts further than this.
pub const COUNT_MAX: i64 = 10_000;

/// Conditions of a page, by the table they are about, with the texts that are bound to them.
#[derive(Default)]
struct Conditions {
    /// On a namespace `n`.
    namespace: String,
    /// On a repository `r` of a namespace `n`.
    repository: String,
    binds: Vec<String>,
}

impl Conditions {
    fn bind(&mut self, text: impl Into<String>) -> String {
        self.binds.push(text.into());
        format!("${}", self.binds.len())
    }

    fn filter(&mut self, filter: &Filter, visible: VisibleTo) {
        if let Some(search) = &filter.search {
            let pattern = self.bind(contains(&search.to_lowercase()));
            let _ = write!(
                self.repository,
                " and (n.name || '/' || r.name) like {pattern} escape '\\'"
            );
        }
        if let Some(namespace) = &filter.namespace {
            let namespace = self.bind(namespace);
            let _ = write!(self.namespace, " and n.name = {namespace}");
        }
        if let Some(visibility) = filter.visibility {
            let _ = write!(self.repository, " and r.visibility = '{visibility}'");
        }
        if filter.starred_by.is_some() {
            let _ = write!(self.repository, " and {}", visible.condition());
        }
    }

    /// Lets only what follows the last row seen pass.
    fn after(&mut self, order: &Order) {
        match order {
            Order::Name {
                after: Some((namespace, name)),
                descending,
            } => {
                // Every name is after the empty one and before `~`.
                let (sign, any) = if *descending { ('<', '~') } else { ('>', ' ') };
                let (namespace, name) = (self.bind(namespace), self.bind(name));
                let _ = write!(self.namespace, " and n.name {sign}= {namespace}");
                let _ = write!(
                    self.repository,
                    " and r.name {sign} case when n.name = {namespace} then {name} else '{any}' end"
                );
            }
            Order::LastPushed {
                after: Some((Timestamp(at), RepositoryId(id))),
                descending,
            } => {
                let sign = if *descending { '<' } else { '>' };
                let _ = write!(
                    self.repository,
                    " and ({PUSHED_AT}, r.id) {sign} ({at}, {id})"
                );
            }
            Order::Name { after: None, .. } | Order::LastPushed { after: None, .. } => {}
        }
    }
}

impl Order {
    /// The order of a page, and of the repositories of one namespace in it.
    const fn by(&self) -> (&'static str, &'static str) {
        match self {
            Self::Name {
                descending: false, ..
            } => ("namespace, name", "r.name"),
            Self::Name {
                descending: true, ..
            } => ("namespace desc, name desc", "r.name desc"),
            Self::LastPushed {
                descending: false, ..
            } => ("pushed_at, id", "coalesce(r.last_pushed_at, 0), r.id"),
            Self::LastPushed {
                descending: true, ..
            } => (
                "pushed_at desc, id desc",
                "coalesce(r.last_pushed_at, 0) desc, r.id desc",
            ),
        }
    }
}

/// Latest push as listings sort by it; the same words as in the indexes.
const PUSHED_AT: &str = "coalesce(r.last_pushed_at, 0)";

const FROM: &str = "from repositories r join accounts n on n.id = r.namespace_id \
     where r.deleting_at is null and n.deleting_at is null";

/// The page of one branch: `id`, `namespace`, `name`, `pushed_at`. Of each namespace no more than a
/// page is read, which PostgreSQL and SQLite want to be told in different words.
fn branch_page(
    branch: &Branch,
    conditions: &Conditions,
    order: &Order,
    limit: i64,
    is_postgres: bool,
) -> String {
    let (order_by, inner_order) = order.by();
    let Conditions {
        namespace,
        repository,
        ..
    } = conditions;
    let columns =
        format!("select r.id as id, n.name as namespace, r.name as name, {PUSHED_AT} as pushed_at");
    let (of_namespaces, narrowed) = match (branch, order) {
        (Branch::Namespaces(query), _) => (format!("n.id in ({query})"), String::new()),
        // Robots have no name, and no repository.
        (Branch::All, Order::Name { .. }) => ("n.name > ''".to_owned(), String::new()),
        (Branch::Public, Order::Name { .. }) => (
            "n.name > ''".to_owned(),
            " and r.visibility = 'public'".to_owned(),
        ),
        (Branch::Repositories(query), _) if is_postgres => {
            // An array is a few rows to the planner, whatever it holds: it looks the ids up. As a plain
            // join it may read all repositories beside some hundred roles.
            return format!(
                "{columns} {FROM} and r.id = any(array({query})){namespace}{repository} \
                 order by {order_by} limit {limit}"
            );
        }
        (Branch::Repositories(_), _) | (Branch::Public | Branch::All, Order::LastPushed { .. }) => {
            let condition = branch.condition();
            return format!(
                "{columns} {FROM} and {condition}{namespace}{repository} order by {order_by} limit {limit}"
            );
        }
    };
    let within = format!(
        "from repositories r where r.namespace_id = n.id and r.deleting_at is null{narrowed}{repository} \
         order by {inner_order} limit {limit}"
    );
    let namespaces = format!("{of_namespaces} and n.deleting_at is null{namespace}");
    if is_postgres {
        format!(
            "{columns} from accounts n cross join lateral \
             (select r.id, r.name, r.last_pushed_at {within}) r \
             where {namespaces} order by {order_by} limit {limit}"
        )
    } else {
        format!(
            "{columns} from accounts n cross join repositories r \
             where {namespaces} and r.id in (select r.id {within}) order by {order_by} limit {limit}"
        )
    }
}

#[derive(QueryableByName)]
struct PageRow {
    #[diesel(sql_type = BigInt)]
    id: RepositoryId,
    #[diesel(sql_type = Text)]
    namespace: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// At most `limit` repositories that are seen, in order, with their paths.
pub async fn page(
    conn: &mut Conn,
    visible: VisibleTo,
    filter: &Filter,
    order: &Order,
    limit: i64,
) -> Result<Vec<(RepositoryId, RepositoryPath)>> {
    let branches = visible.branches_of(filter);
    if branches.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::default();
    conditions.filter(filter, visible);
    conditions.after(order);
    let is_postgres = matches!(conn, Conn::Pg(_));
    let union = branches
        .iter()
        .map(|branch| {
            let page = branch_page(branch, &conditions, order, limit, is_postgres);
            format!("select * from ({page}) as b")
        })
        .collect::<Vec<_>>()
        .join(" union ");
    let (order_by, _) = order.by();
    let sql = format!(
        "select id, namespace, name from ({union}) as seen order by {order_by} limit {limit}"
    );
    let rows: Vec<PageRow> = load(conn, &sql, &conditions.binds).await?;
    rows.into_iter()
        .map(|row| {
            let path = RepositoryPath::new(row.namespace.parse()?, row.name.parse()?);
            Ok((row.id, path))
        })
        .collect()
}

/// A number that a statement counts.
#[derive(QueryableByName)]
pub(crate) struct CountRow {
    #[diesel(sql_type = BigInt)]
    pub(crate) count: i64,
}

/// How many repositories are seen, [`COUNT_MAX`] at most.
pub async fn count(conn: &mut Conn, visible: VisibleTo, filter: &Filter) -> Result<i64> {
    let mut narrow = Conditions::default();
    narrow.filter(filter, visible);
    let branches = visible.branches_of(filter);
    if branches.is_empty() {
        return Ok(0);
    }
    let union = branches
        .iter()
        .map(|branch| {
            format!(
                "select * from (select r.id {FROM} and {}{}{} limit {COUNT_MAX}) as b",
                branch.condition(),
                narrow.namespace,
                narrow.repository
            )
        })
        .collect::<Vec<_>>()
        .join(" union ");
    let sql = format!(
        "select count(*) as count from (select id from ({union}) as seen limit {COUNT_MAX}) as counted"
    );
    let rows: Vec<CountRow> = load(conn, &sql, &narrow.binds).await?;
    Ok(rows.into_iter().next().map_or(0, |row: CountRow| row.count))
}

#[derive(QueryableByName)]
struct GroupRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    count: Option<i64>,
}

/// Runs a query that counts something for each of a few ids; ids without a row are left out.
pub(crate) async fn grouped(conn: &mut Conn, sql: String) -> Result<HashMap<i64, i64>> {
    let rows: Vec<GroupRow> =
        on_backend!(conn, |c| diesel::sql_query(sql).load(c).await).map_err(db_error)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.id, row.count?)))
        .collect())
}

/// How many repositories are seen in each of these namespaces; those without are left out.
pub async fn count_by_namespace(
    conn: &mut Conn,
    visible: VisibleTo,
    namespaces: &[AccountId],
) -> Result<HashMap<AccountId, i64>> {
    if namespaces.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(namespaces.iter().map(|id| id.0));
    let sql = format!(
        "select n.id as id, count(*) as count {FROM} and n.id in ({ids}) and {} group by n.id",
        visible.condition()
    );
    let counts = grouped(conn, sql).await?;
    Ok(counts
        .into_iter()
        .map(|(id, count)| (AccountId(id), count))
        .collect())
}

/// The latest push to what is seen of each of these namespaces; those without are left out.
pub async fn last_pushed_by_namespace(
    conn: &mut Conn,
    visible: VisibleTo,
    namespaces: &[AccountId],
) -> Result<HashMap<AccountId, Timestamp>> {
    if namespaces.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(namespaces.iter().map(|id| id.0));
    let sql = format!(
        "select n.id as id, max(r.last_pushed_at) as count {FROM} and n.id in ({ids}) and {} group by n.id",
        visible.condition()
    );
    let latest = grouped(conn, sql).await?;
    Ok(latest
        .into_iter()
        .map(|(id, at)| (AccountId(id), Timestamp(at)))
        .collect())
}

/// Bytes of the distinct blobs of each of these namespaces, one that several repositories share once;
/// those without blobs are left out.
pub async fn sizes_by_namespace(
    conn: &mut Conn,
    namespaces: &[AccountId],
) -> Result<HashMap<AccountId, i64>> {
    if namespaces.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(namespaces.iter().map(|id| id.0));
    let sql = format!(
        "select d.namespace_id as id, cast(sum(b.size_bytes) as bigint) as count from          (select distinct r.namespace_id, l.blob_id from repositories r          join blob_links l on l.repository_id = r.id          where r.namespace_id in ({ids}) and r.deleting_at is null) as d          join blobs b on b.id = d.blob_id group by d.namespace_id"
    );
    let sizes = grouped(conn, sql).await?;
    Ok(sizes
        .into_iter()
        .map(|(id, bytes)| (AccountId(id), bytes))
        .collect())
}

/// Bytes of the distinct blobs of each of these repositories; those without blobs are left out.
pub async fn sizes(
    conn: &mut Conn,
    repositories: &[RepositoryId],
) -> Result<HashMap<RepositoryId, i64>> {
    if repositories.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(repositories.iter().map(|id| id.0));
    let sql = format!(
        "select l.repository_id as id, cast(sum(b.size_bytes) as bigint) as count \
         from blob_links l join blobs b on b.id = l.blob_id \
         where l.repository_id in ({ids}) group by l.repository_id"
    );
    let sizes = grouped(conn, sql).await?;
    Ok(sizes
        .into_iter()
        .map(|(id, bytes)| (RepositoryId(id), bytes))
        .collect())
}

/// How many live tags each of these repositories has; those without are left out.
pub async fn tag_counts(
    conn: &mut Conn,
    repositories: &[RepositoryId],
    now: Timestamp,
) -> Result<HashMap<RepositoryId, i64>> {
    if repositories.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(repositories.iter().map(|id| id.0));
    let sql = format!(
        "select t.repository_id as id, count(*) as count from tags t \
         where t.repository_id in ({ids}) and t.ended_at is null \
         and (t.expires_at is null or t.expires_at > {}) group by t.repository_id",
        now.0
    );
    let counts = grouped(conn, sql).await?;
    Ok(counts
        .into_iter()
        .map(|(id, count)| (RepositoryId(id), count))
        .collect())
}
