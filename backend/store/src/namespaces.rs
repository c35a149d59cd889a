//! The namespaces of users and organizations, in one list.

use berth_domain::{AccountKind, Namespace, Result};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::Account;
use crate::conn::{Conn, db_error};
use crate::repositories::listing::COUNT_MAX;
use crate::schema::accounts;
use crate::sql::contains;

/// Which namespaces a listing holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceFilter {
    /// Text in the name, in any case.
    pub search: Option<String>,
    /// Those of users, or those of organizations.
    pub kind: Option<AccountKind>,
}

/// At most `limit` namespaces after a name, by name.
pub async fn page(
    conn: &mut Conn,
    filter: &NamespaceFilter,
    after: Option<&Namespace>,
    limit: i64,
) -> Result<Vec<Account>> {
    on_backend!(conn, |c| {
        // Robots have no name; and this way the index of names is the one that is read.
        let mut query = accounts::table
            .filter(accounts::deleting_at.is_null())
            .filter(accounts::name.gt(after.map_or("", Namespace::as_str)))
            .into_boxed::<Backend>();
        if let Some(kind) = filter.kind {
            query = query.filter(accounts::kind.eq(kind));
        }
        if let Some(search) = &filter.search {
            let pattern = contains(&search.to_lowercase());
            query = query.filter(accounts::name.like(pattern).escape('\\'));
        }
        query
            .order(accounts::name)
            .limit(limit)
            .select(Account::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many namespaces a listing holds, 10,000 at most. Each kind is counted by itself, by the index of kinds.
pub async fn count(conn: &mut Conn, filter: &NamespaceFilter) -> Result<i64> {
    let both = [AccountKind::User, AccountKind::Organization];
    let kinds = filter.kind.map_or_else(|| both.to_vec(), |kind| vec![kind]);
    let mut total = 0;
    for kind in kinds {
        let count: i64 = on_backend!(conn, |c| {
            let mut query = accounts::table
                .filter(accounts::kind.eq(kind))
                .filter(accounts::deleting_at.is_null())
                .into_boxed::<Backend>();
            if let Some(search) = &filter.search {
                let pattern = contains(&search.to_lowercase());
                query = query.filter(accounts::name.like(pattern).escape('\\'));
            }
            query.count().get_result(c).await
        })
        .map_err(db_error)?;
        total += count;
    }
    Ok(total.min(COUNT_MAX))
}
