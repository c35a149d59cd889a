//! What changes of users, and the list of them.

use std::collections::HashMap;

use berth_domain::{AccountId, AccountKind, Email, Namespace, Result, Timestamp};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::RunQueryDsl;

use crate::accounts::{Account, HAS_USER_EMAIL, UserProfile, taken};
use crate::conn::{Conn, Tx, db_error};
use crate::organizations::mark_deleting;
use crate::repositories::listing::{COUNT_MAX, grouped};
use crate::schema::{accounts, user_profiles};
use crate::sql::{contains, execute, id_list, kind_of};

/// Which users a listing holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Text in the name or in the address, in any case.
    pub search: Option<String>,
    /// Enabled ones, or disabled ones.
    pub enabled: Option<bool>,
    /// Those that were not used since then, and are older.
    pub inactive_since: Option<Timestamp>,
}

/// What a user tells of itself. `None` stays as it is, an empty text is removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Whom the user works for.
    pub company: Option<String>,
    /// Where the user is.
    pub location: Option<String>,
}

diesel::define_sql_function!(
    /// Lower case.
    fn lower(text: diesel::sql_types::Nullable<Text>) -> diesel::sql_types::Nullable<Text>);

diesel::define_sql_function!(
    /// The first of both that is there.
    fn coalesce(first: diesel::sql_types::Nullable<BigInt>, second: BigInt) -> BigInt);

/// Narrows a query of accounts to the users that a listing holds.
macro_rules! listed {
    ($query:expr, $filter:expr) => {{
        let mut query = $query
            .filter(accounts::kind.eq(AccountKind::User))
            .filter(accounts::deleting_at.is_null())
            .into_boxed::<Backend>();
        if let Some(search) = &$filter.search {
            let pattern = contains(&search.to_lowercase());
            query = query.filter(
                accounts::name
                    .like(pattern.clone())
                    .escape('\\')
                    .or(lower(accounts::email).like(pattern).escape('\\')),
            );
        }
        if let Some(enabled) = $filter.enabled {
            query = query.filter(accounts::enabled.eq(enabled));
        }
        if let Some(since) = $filter.inactive_since {
            query =
                query.filter(coalesce(accounts::last_accessed_at, accounts::created_at).lt(since));
        }
        query
    }};
}

/// At most `limit` users after a name, by name.
pub async fn page(
    conn: &mut Conn,
    filter: &UserFilter,
    after: Option<&Namespace>,
    limit: i64,
) -> Result<Vec<(Account, UserProfile)>> {
    on_backend!(conn, |c| {
        let users = accounts::table.inner_join(user_profiles::table);
        let mut query = listed!(users, filter);
        if let Some(after) = after {
            query = query.filter(accounts::name.gt(after.as_str()));
        }
        query
            .order(accounts::name)
            .limit(limit)
            .select((Account::as_select(), UserProfile::as_select()))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many users a listing holds, 10,000 at most.
pub async fn count(conn: &mut Conn, filter: &UserFilter) -> Result<i64> {
    let count: i64 = on_backend!(conn, |c| listed!(accounts::table, filter)
        .count()
        .get_result(c)
        .await)
    .map_err(db_error)?;
    Ok(count.min(COUNT_MAX))
}

/// The users with these ids; absent ones, and accounts of another kind, are left out.
pub async fn by_ids(
    conn: &mut Conn,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, (Account, UserProfile)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Account, UserProfile)> = on_backend!(conn, |c| {
        accounts::table
            .inner_join(user_profiles::table)
            .filter(accounts::id.eq_any(ids.iter().map(|id| id.0)))
            .filter(accounts::deleting_at.is_null())
            .select((Account::as_select(), UserProfile::as_select()))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(rows.into_iter().map(|row| (row.0.id, row)).collect())
}

/// What is kept of a text; an empty one is removed.
fn kept(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Changes what a user tells of itself.
pub async fn set_names(tx: &mut Tx, id: AccountId, names: &Names) -> Result<()> {
    if *names == Names::default() {
        return Ok(());
    }
    let given = names.given_name.as_deref().map(kept);
    let family = names.family_name.as_deref().map(kept);
    let company = names.company.as_deref().map(kept);
    let location = names.location.as_deref().map(kept);
    on_backend!(&mut **tx, |c| {
        diesel::update(user_profiles::table.find(id))
            .set((
                given.map(|text| user_profiles::given_name.eq(text)),
                family.map(|text| user_profiles::family_name.eq(text)),
                company.map(|text| user_profiles::company.eq(text)),
                location.map(|text| user_profiles::location.eq(text)),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Replaces a user's address, which counts as confirmed from now on.
///
/// # Errors
/// [`berth_domain::Error::AlreadyExists`] for an address that another user has.
pub async fn set_email(
    tx: &mut Tx,
    id: AccountId,
    name: &Namespace,
    email: Option<&Email>,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(accounts::table.find(id))
            .set(accounts::email.eq(email.map(Email::as_str)))
            .execute(c)
            .await
    })
    .map_err(|error| taken(error, name, email))?;
    set_verified(tx, id).await
}

/// Remembers that a user's address was confirmed.
pub async fn set_verified(tx: &mut Tx, id: AccountId) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(user_profiles::table.find(id))
            .set(user_profiles::email_verified.eq(true))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// The user with this address, in any case.
pub async fn by_email(conn: &mut Conn, email: &str) -> Result<Option<(Account, UserProfile)>> {
    let email = email.to_lowercase();
    on_backend!(conn, |c| {
        accounts::table
            .inner_join(user_profiles::table)
            .filter(accounts::deleting_at.is_null())
            .filter(lower(accounts::email).eq(email))
            .filter(sql::<Bool>(HAS_USER_EMAIL))
            .select((Account::as_select(), UserProfile::as_select()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Users who are superusers as the first one is, where the configuration names none; there are a few at most.
pub async fn first_superusers(conn: &mut Conn) -> Result<Vec<AccountId>> {
    on_backend!(conn, |c| {
        user_profiles::table
            .filter(sql::<Bool>("user_profiles.superuser"))
            .select(user_profiles::account_id)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Lets a user in, or shuts it out.
pub async fn set_enabled(tx: &mut Tx, id: AccountId, enabled: bool) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(accounts::table.find(id))
            .set(accounts::enabled.eq(enabled))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Organizations whose only administrator is this user, in the order of their names, at most `limit`. Until the
/// transaction ends no other one who asks the same is told, so that of two who leave the second knows of the first.
pub async fn sole_administrator_of(
    tx: &mut Tx,
    user: AccountId,
    limit: i64,
) -> Result<Vec<(AccountId, String)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: AccountId,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let (user_kind, kind) = (kind_of(tx, "u"), kind_of(tx, "o"));
    let user = user.0;
    let administered = format!(
        "select t.namespace_id from teams t join team_members m on m.team_id = t.id \
         where m.account_id = {user} and t.role = 'admin'"
    );
    // A SQLite transaction holds the lock of the whole database from its start.
    if let Conn::Pg(_) = &**tx {
        let locking =
            format!("select id from accounts where id in ({administered}) order by id for update");
        execute(tx, &locking).await?;
    }
    let others = format!(
        "select 1 from teams t join team_members m on m.team_id = t.id \
         join accounts u on u.id = m.account_id where t.namespace_id = o.id and t.role = 'admin' \
         and {user_kind} = 'user' and u.deleting_at is null and u.id <> {user}"
    );
    let statement = format!(
        "select o.id, o.name from accounts o where {kind} = 'organization' and o.deleting_at is null \
         and o.id in ({administered}) and not exists ({others}) order by o.name limit {limit}"
    );
    let rows: Vec<Row> =
        on_backend!(&mut **tx, |c| diesel::sql_query(statement).load(c).await).map_err(db_error)?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// How many organizations each of these users administers alone; those who administer none so are left out.
pub async fn sole_administrations(
    conn: &mut Conn,
    users: &[AccountId],
) -> Result<HashMap<AccountId, i64>> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(users.iter().map(|id| id.0));
    let (user_kind, kind) = (kind_of(conn, "u"), kind_of(conn, "o"));
    // User by user, with everything counted: PostgreSQL answers joins of all of them, and `not exists`, by reading all teams.
    let others = format!(
        "select count(*) from teams t2 join team_members m2 on m2.team_id = t2.id \
         join accounts u on u.id = m2.account_id where t2.namespace_id = o.id and t2.role = 'admin' \
         and {user_kind} = 'user' and u.deleting_at is null and u.id <> a.id"
    );
    let sql = format!(
        "select a.id, (select count(distinct o.id) from team_members m join teams t on t.id = m.team_id \
         join accounts o on o.id = t.namespace_id where m.account_id = a.id and t.role = 'admin' \
         and {kind} = 'organization' and o.deleting_at is null and ({others}) = 0) as count \
         from accounts a where a.id in ({ids})"
    );
    let counts = grouped(conn, sql).await?;
    Ok(counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(id, count)| (AccountId(id), count))
        .collect())
}

/// Rows that make a user a person: how it signs in, and what it is and has in the namespaces of others.
const PERSONAL: [&str; 14] = [
    "sessions",
    "logins",
    "app_tokens",
    "oauth_tokens",
    "oauth_codes",
    "oauth_assignments",
    "email_codes",
    "mails",
    "team_members",
    "team_invitations",
    "repository_permissions",
    "permission_prototypes",
    "stars",
    "notifications",
];

async fn forget_person(tx: &mut Tx, id: AccountId) -> Result<()> {
    let user = id.0;
    for table in PERSONAL {
        let statement = format!("delete from {table} where account_id = {user}");
        execute(tx, &statement).await?;
    }
    let made = format!("delete from permission_prototypes where creator_id = {user}");
    execute(tx, &made).await?;
    Ok(())
}

/// Makes an organization of a user: nobody signs in as it from now on and what it was to others is gone; its
/// repositories and robots stay. It has no team yet. A user that was shut out is let in, since nobody could later.
pub async fn make_organization(tx: &mut Tx, id: AccountId) -> Result<()> {
    forget_person(tx, id).await?;
    on_backend!(&mut **tx, |c| {
        diesel::delete(user_profiles::table.find(id))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    on_backend!(&mut **tx, |c| {
        diesel::update(accounts::table.find(id))
            .set((
                accounts::kind.eq(AccountKind::Organization),
                accounts::enabled.eq(true),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Begins the deletion of a user: nobody signs in as it from now on, what it was to others is gone, its
/// address is free, and its name stays taken until everything in its namespace is removed.
pub async fn mark_user_deleting(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<()> {
    mark_deleting(tx, &[id], now).await?;
    forget_person(tx, id).await?;
    let user = id.0;
    execute(
        tx,
        &format!("update accounts set email = null where id = {user}"),
    )
    .await?;
    Ok(())
}
