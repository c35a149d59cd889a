//! Which repositories somebody may see, as SQL: the one fragment behind every listing and count.
//!
//! It says the same as the policy of the services (a property test there holds them equal). Each
//! way to see a repository is a branch of its own with its own order and limit, so that a page
//! reads an index and never the whole registry.

use std::collections::HashMap;
use std::fmt::Write;

use berth_domain::{AccountId, RepositoryId, RepositoryPath, Result, Timestamp, Visibility};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, db_error};
use crate::sql::{contains, id_list};

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

    /// One condition for each way to see a repository `r` of namespace `n`; none: nothing is seen.
    fn branches(self) -> Vec<String> {
        if self.everything {
            return vec!["1 = 1".to_owned()];
        }
        let mut branches = Vec::new();
        if let Some(AccountId(id)) = self.account {
            branches.push(format!("r.namespace_id = {id}"));
            branches.push(format!(
                "n.kind = 'organization' and n.id in (select t.namespace_id from teams t \
                 join team_members m on m.team_id = t.id where m.account_id = {id} and t.role = 'admin')"
            ));
            let role = if self.administered {
                " and p.role = 'admin'"
            } else {
                ""
            };
            branches.push(format!(
                "r.id in (select p.repository_id from repository_permissions p \
                 where p.account_id = {id}{role} \
                 union select p.repository_id from repository_permissions p \
                 join team_members m on m.team_id = p.team_id where m.account_id = {id}{role})"
            ));
        }
        if self.public {
            branches.push("r.visibility = 'public'".to_owned());
        }
        branches
    }

    /// The branches joined into one condition.
    fn condition(self) -> String {
        let branches = self.branches();
        if branches.is_empty() {
            return "1 = 0".to_owned();
        }
        let joined = branches
            .iter()
            .map(|branch| format!("({branch})"))
            .collect::<Vec<_>>();
        format!("({})", joined.join(" or "))
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

/// SQL text with the texts that are bound to it, in the order in which they first occur: SQLite
/// numbers `$n` by occurrence.
#[derive(Default)]
struct Fragment {
    sql: String,
    binds: Vec<String>,
}

impl Fragment {
    fn bind(&mut self, text: impl Into<String>) -> String {
        self.binds.push(text.into());
        format!("${}", self.binds.len())
    }

    fn filter(&mut self, filter: &Filter) {
        if let Some(search) = &filter.search {
            let pattern = self.bind(contains(&search.to_lowercase()));
            let _ = write!(
                self.sql,
                " and (n.name || '/' || r.name) like {pattern} escape '\\'"
            );
        }
        if let Some(namespace) = &filter.namespace {
            let namespace = self.bind(namespace);
            let _ = write!(self.sql, " and n.name = {namespace}");
        }
        if let Some(visibility) = filter.visibility {
            let _ = write!(self.sql, " and r.visibility = '{visibility}'");
        }
    }

    /// Adds the condition that follows the last row seen; returns the order.
    fn after(&mut self, order: &Order) -> &'static str {
        match order {
            Order::Name { after, descending } => {
                if let Some((namespace, name)) = after {
                    let sign = if *descending { '<' } else { '>' };
                    let (namespace, name) = (self.bind(namespace), self.bind(name));
                    let _ = write!(
                        self.sql,
                        " and (n.name {sign} {namespace} or (n.name = {namespace} and r.name {sign} {name}))"
                    );
                }
                if *descending {
                    "namespace desc, name desc"
                } else {
                    "namespace, name"
                }
            }
            Order::LastPushed { after, descending } => {
                if let Some((Timestamp(at), RepositoryId(id))) = after {
                    let sign = if *descending { '<' } else { '>' };
                    let _ = write!(
                        self.sql,
                        " and (coalesce(r.last_pushed_at, 0) {sign} {at} \
                         or (coalesce(r.last_pushed_at, 0) = {at} and r.id {sign} {id}))"
                    );
                }
                if *descending {
                    "pushed_at desc, id desc"
                } else {
                    "pushed_at, id"
                }
            }
        }
    }
}

const FROM: &str = "from repositories r join accounts n on n.id = r.namespace_id \
     where r.deleting_at is null and n.deleting_at is null";

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
    let branches = visible.branches();
    if branches.is_empty() {
        return Ok(Vec::new());
    }
    let mut narrow = Fragment::default();
    narrow.filter(filter);
    let order_by = narrow.after(order);
    let narrowed = &narrow.sql;
    let union = branches
        .iter()
        .map(|branch| {
            format!(
                "select * from (select r.id as id, n.name as namespace, r.name as name, \
                 coalesce(r.last_pushed_at, 0) as pushed_at {FROM} and {branch}{narrowed} \
                 order by {order_by} limit {limit}) as b"
            )
        })
        .collect::<Vec<_>>()
        .join(" union ");
    let sql = format!(
        "select id, namespace, name from ({union}) as seen order by {order_by} limit {limit}"
    );
    let rows: Vec<PageRow> = on_backend!(conn, |c| {
        let mut query = diesel::sql_query(&sql).into_boxed::<Backend>();
        for bind in &narrow.binds {
            query = query.bind::<Text, _>(bind.as_str());
        }
        query.load(c).await
    })
    .map_err(db_error)?;
    rows.into_iter()
        .map(|row| {
            let path = RepositoryPath::new(row.namespace.parse()?, row.name.parse()?);
            Ok((row.id, path))
        })
        .collect()
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many repositories are seen, [`COUNT_MAX`] at most.
pub async fn count(conn: &mut Conn, visible: VisibleTo, filter: &Filter) -> Result<i64> {
    let mut narrow = Fragment::default();
    narrow.filter(filter);
    let sql = format!(
        "select count(*) as count from (select r.id {FROM} and {} {} limit {COUNT_MAX}) as counted",
        visible.condition(),
        narrow.sql
    );
    let row: CountRow = on_backend!(conn, |c| {
        let mut query = diesel::sql_query(&sql).into_boxed::<Backend>();
        for bind in &narrow.binds {
            query = query.bind::<Text, _>(bind.as_str());
        }
        query.get_result(c).await
    })
    .map_err(db_error)?;
    Ok(row.count)
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
