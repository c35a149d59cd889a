//! Organizations: who belongs to which, and how much is in them.

pub mod people;

use std::collections::HashMap;

use berth_domain::{AccountId, AccountKind, Email, Namespace, Result, TeamRole, Timestamp};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::accounts::Account;
use crate::collection::Dismantled;
use crate::conn::{Conn, Tx, db_error};
use crate::repositories::listing::{COUNT_MAX, grouped};
use crate::schema::{accounts, robot_profiles, team_members, teams};
use crate::sql::{contains, execute, id_list, kind_of};

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

/// What the index of organizations' addresses is narrowed to, in words that a database takes for the same.
const HAS_EMAIL: &str = "accounts.kind = 'organization' and accounts.email is not null";

/// The enabled organizations with this address, in any case, by name, at most `limit`: several may share one.
pub async fn by_email(conn: &mut Conn, email: &str, limit: i64) -> Result<Vec<Account>> {
    diesel::define_sql_function!(fn lower(text: Nullable<Text>) -> Nullable<Text>);
    let email = email.to_lowercase();
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::enabled.eq(true))
            .filter(accounts::deleting_at.is_null())
            .filter(lower(accounts::email).eq(email))
            .filter(sql::<Bool>(HAS_EMAIL))
            .order(accounts::name)
            .limit(limit)
            .select(Account::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Begins the deletion of organizations or users and of what is in their namespaces: nobody sees or uses them from now on, and
/// their names stay taken until everything is gone. Their robots and the tokens of their applications end.
pub async fn mark_deleting(tx: &mut Tx, ids: &[AccountId], now: Timestamp) -> Result<()> {
    let (list, now) = (id_list(ids.iter().map(|id| id.0)), now.0);
    for what in [
        format!("accounts set deleting_at = {now} where id in ({list})"),
        format!("repositories set deleting_at = {now} where namespace_id in ({list})"),
        format!(
            "accounts set deleting_at = {now} where id in \
             (select account_id from robot_profiles where namespace_id in ({list}))"
        ),
    ] {
        execute(tx, &format!("update {what} and deleting_at is null")).await?;
    }
    let tokens = format!(
        "delete from oauth_tokens where application_id in \
         (select id from oauth_applications where namespace_id in ({list}))"
    );
    execute(tx, &tokens).await?;
    Ok(())
}

/// The organization or user that has been waiting longest for its removal, but for some.
pub async fn deleting(conn: &mut Conn, but: &[AccountId]) -> Result<Option<AccountId>> {
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::deleting_at.is_not_null())
            .filter(accounts::kind.ne(AccountKind::Robot))
            .filter(accounts::id.ne_all(but.iter().map(|id| id.0)))
            .order(accounts::deleting_at)
            .select(accounts::id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Removes a part of what a deleted organization or user holds, at last the account, whose name is free then;
/// tells whether it is gone. It waits for its repositories, which are removed by themselves.
pub async fn dismantle(
    tx: &mut Tx,
    organization: AccountId,
    now: Timestamp,
    limit: usize,
) -> Result<Dismantled> {
    let id = organization.0;
    if let Conn::Pg(_) = &**tx {
        // What is being written into it holds a key lock on it: it is seen after this.
        execute(
            tx,
            &format!("select id from accounts where id = {id} for update"),
        )
        .await?;
    }
    // One that was created at the moment of the deletion.
    mark_deleting(tx, &[organization], now).await?;
    for (table, key, of) in [
        ("accounts", "account_id", "robot_profiles"),
        ("teams", "id", "teams"),
        ("oauth_applications", "id", "oauth_applications"),
    ] {
        let statement = format!(
            "delete from {table} where id in (select {key} from {of} where namespace_id = {id} limit {limit})"
        );
        if execute(tx, &statement).await? > 0 {
            return Ok(Dismantled::Partly);
        }
    }
    // The live ones and those that are being removed have an index each.
    let statement = format!(
        "delete from accounts where id = {id} \
         and not exists (select 1 from repositories where namespace_id = {id} and deleting_at is null) \
         and not exists (select 1 from repositories where namespace_id = {id} and deleting_at is not null)"
    );
    Ok(match execute(tx, &statement).await? {
        0 => Dismantled::Waiting,
        _ => Dismantled::Wholly,
    })
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
    let kind = kind_of(conn, "a");
    let sql = format!(
        "select t.namespace_id as id, count(distinct m.account_id) as count from teams t \
         join team_members m on m.team_id = t.id join accounts a on a.id = m.account_id \
         where t.namespace_id in ({ids}) and {kind} = 'user' and a.deleting_at is null \
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

/// Says where an organization is reached.
pub async fn set_email(tx: &mut Tx, id: AccountId, email: Option<&Email>) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(accounts::table.find(id))
            .set(accounts::email.eq(email.map(Email::as_str)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
