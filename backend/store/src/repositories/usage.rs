//! How much repositories are used.

use std::collections::HashMap;

use berth_domain::{RepositoryId, Result};
use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use super::listing::COUNT_MAX;
use crate::conn::Conn;
use crate::pull_counts::Day;
use crate::sql::{id_list, load};

/// How much a repository is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Users who have starred it, [`COUNT_MAX`] at most.
    pub stars: i64,
    /// How often it was pulled from since the day that was asked about.
    pub pulls: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: RepositoryId,
    #[diesel(sql_type = BigInt)]
    stars: i64,
    #[diesel(sql_type = BigInt)]
    pulls: i64,
}

/// How much each of these repositories is used, its pulls since a day; absent ones are left out.
pub async fn usage(
    conn: &mut Conn,
    repositories: &[RepositoryId],
    first: Day,
) -> Result<HashMap<RepositoryId, Usage>> {
    let ids = id_list(repositories.iter().map(|id| id.0));
    let counted = |what: &str| {
        format!("(select count(*) from (select 1 as one from {what} limit {COUNT_MAX}) as c)")
    };
    let stars = counted("stars s where s.repository_id = r.id");
    let pulls = format!(
        "(select cast(coalesce(sum(p.pulls), 0) as bigint) from pull_counts p \
         where p.repository_id = r.id and p.day >= {})",
        first.0
    );
    let sql = format!(
        "select r.id as id, {stars} as stars, {pulls} as pulls from repositories r where r.id in ({ids})"
    );
    let rows: Vec<Row> = load(conn, &sql, &[]).await?;
    let rows = rows.into_iter().map(|row| {
        let usage = Usage {
            stars: row.stars,
            pulls: row.pulls,
        };
        (row.id, usage)
    });
    Ok(rows.collect())
}
