//! Organizations: who belongs to which, and how much is in them.

use std::collections::HashMap;

use berth_domain::{AccountId, AccountKind, Namespace, Result, TeamRole};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::Account;
use crate::conn::{Conn, db_error};
use crate::repositories::listing::{COUNT_MAX, grouped};
use crate::schema::{accounts, robot_profiles, team_members, teams};
use crate::sql::{contains, id_list};

/// Which organizations a listing holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Belonging {
    /// All of the registry.
    All,
    /// Those with a team of this account, and this namespace when it is one.
    Of {
        /// The member.
        account: AccountId,
        /// The namespace that a robot belongs to.
        own: Option<AccountId>,
    },
}

/// The organizations that a listing holds, before order and limit.
macro_rules! listed {
    ($belonging:expr, $search:expr) => {{
        let mut query = accounts::table
            .filter(accounts::kind.eq(AccountKind::Organization))
            .filter(accounts::deleting_at.is_null())
            .into_boxed::<Backend>();
        if let Belonging::Of { account, own } = $belonging {
            let member = teams::table
                .inner_join(team_members::table)
                .filter(team_members::account_id.eq(*account))
                .select(teams::namespace_id);
            // Without an `or` where none is needed: with it PostgreSQL walks all accounts by name.
            query = match own {
                None => query.filter(accounts::id.eq_any(member)),
                Some(own) => query.filter(accounts::id.eq_any(member).or(accounts::id.eq(*own))),
            };
        }
        if let Some(search) = $search {
            query = query.filter(
                accounts::name
                    .like(contains(&search.to_lowercase()))
                    .escape('\\'),
            );
        }
        query
    }};
}

/// At most `limit` organizations after a name, by name.
pub async fn page(
    conn: &mut Conn,
    belonging: &Belonging,
    search: Option<&str>,
    after: Option<&Namespace>,
    limit: i64,
) -> Result<Vec<Account>> {
    on_backend!(conn, |c| {
        let mut query = listed!(belonging, search);
        if let Some(after) = after {
            query = query.filter(accounts::name.gt(after.as_str()));
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

/// How many organizations a listing holds, 10,000 at most.
pub async fn count(conn: &mut Conn, belonging: &Belonging, search: Option<&str>) -> Result<i64> {
    let count: i64 = on_backend!(conn, |c| listed!(belonging, search)
        .count()
        .get_result(c)
        .await)
    .map_err(db_error)?;
    Ok(count.min(COUNT_MAX))
}

/// How many robots each of these namespaces has; those without are left out.
pub async fn robot_counts(
    conn: &mut Conn,
    namespaces: &[AccountId],
) -> Result<HashMap<AccountId, i64>> {
    let rows: Vec<(AccountId, i64)> = on_backend!(conn, |c| {
        robot_profiles::table
            .inner_join(accounts::table.on(accounts::id.eq(robot_profiles::account_id)))
            .filter(robot_profiles::namespace_id.eq_any(namespaces.iter().map(|id| id.0)))
            .filter(accounts::deleting_at.is_null())
            .group_by(robot_profiles::namespace_id)
            .select((robot_profiles::namespace_id, diesel::dsl::count_star()))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows.into_iter().collect())
}

/// How many users are in the teams of each of these organizations; those without are left out.
pub async fn member_counts(
    conn: &mut Conn,
    namespaces: &[AccountId],
) -> Result<HashMap<AccountId, i64>> {
    if namespaces.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(namespaces.iter().map(|id| id.0));
    let sql = format!(
        "select t.namespace_id as id, count(distinct m.account_id) as count from teams t \
         join team_members m on m.team_id = t.id join accounts a on a.id = m.account_id \
         where t.namespace_id in ({ids}) and a.kind = 'user' and a.deleting_at is null \
         group by t.namespace_id"
    );
    let counts = grouped(conn, sql).await?;
    Ok(counts
        .into_iter()
        .map(|(id, count)| (AccountId(id), count))
        .collect())
}

/// The namespaces in which an account may create by its teams (`creator` or `admin`), in no order.
pub async fn creatable_by_team(conn: &mut Conn, account: AccountId) -> Result<Vec<AccountId>> {
    on_backend!(conn, |c| {
        teams::table
            .inner_join(team_members::table)
            .filter(team_members::account_id.eq(account))
            .filter(teams::role.ne(TeamRole::Member))
            .select(teams::namespace_id)
            .distinct()
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Every user's and organization's namespace, by name, at most `limit`.
pub async fn all_namespaces(conn: &mut Conn, limit: i64) -> Result<Vec<AccountId>> {
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::name.is_not_null())
            .filter(accounts::deleting_at.is_null())
            .order(accounts::name)
            .limit(limit)
            .select(accounts::id)
            .load(c)
            .await
    })
    .map_err(db_error)
}
