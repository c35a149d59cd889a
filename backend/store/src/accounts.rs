//! Accounts: users, organizations, and the rows that robots stand on.

use berth_domain::{AccountId, AccountKind, Email, Error, Namespace, Noun, Result, Timestamp};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, is_unique_violation, statement};
use crate::logins;
use crate::schema::{accounts, logins as login_rows, user_profiles};
use crate::sql::{beyond, unindexed};

/// A user, an organization or a robot.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct Account {
    /// Row id.
    pub id: AccountId,
    /// Stable public id; avatars of accounts without e-mail hash it.
    pub uuid: String,
    /// What it is.
    pub kind: AccountKind,
    /// Its name; robots have none here.
    pub name: Option<String>,
    /// Contact address.
    pub email: Option<String>,
    /// A disabled account can do nothing.
    pub enabled: bool,
    /// When it was last used, to within some minutes.
    pub last_accessed_at: Option<Timestamp>,
    /// How far the Time Machine reaches back in its namespace, in milliseconds, where it has chosen.
    pub tag_expiration_ms: Option<i64>,
    /// Set when it is being deleted.
    pub deleting_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What only a user has.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = user_profiles)]
pub struct UserProfile {
    /// The user.
    pub account_id: AccountId,
    /// Whether the address was confirmed.
    pub email_verified: bool,
    /// Superuser by being the first user.
    pub superuser: bool,
    /// First name, as the user tells it.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Whom the user works for.
    pub company: Option<String>,
    /// Where the user is.
    pub location: Option<String>,
}

/// A user to be.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// The name, free so far.
    pub name: &'a Namespace,
    /// The address.
    pub email: Option<&'a Email>,
    /// Argon2id in PHC form.
    pub password_hash: &'a str,
    /// Superuser from the start.
    pub superuser: bool,
    /// Whether the address needs no confirmation any more.
    pub email_verified: bool,
}

/// What the index of users' addresses is narrowed to. A database takes it for a query that says the same, and a
/// bound value says nothing.
pub(crate) const HAS_USER_EMAIL: &str = "accounts.kind = 'user' and accounts.email is not null";

pub(crate) fn taken(
    error: diesel::result::Error,
    name: &Namespace,
    email: Option<&Email>,
) -> Error {
    if !is_unique_violation(&error) {
        return db_error(error);
    }
    let text = error.to_string();
    match email {
        Some(email) if text.contains("email") => {
            Error::already_exists(Noun::User, format!("Email has already been used: {email}"))
        }
        _ => Error::already_exists(
            Noun::Namespace,
            format!("a user or organization named `{name}` already exists"),
        ),
    }
}

/// Adds a user.
///
/// # Errors
/// [`Error::AlreadyExists`] for a taken name or address.
pub async fn insert_user(
    tx: &mut Tx,
    uuid: &str,
    user: &NewUser<'_>,
    now: Timestamp,
) -> Result<AccountId> {
    let id = insert(tx, uuid, AccountKind::User, user.name, user.email, now).await?;
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(user_profiles::table)
            .values((
                user_profiles::account_id.eq(id),
                user_profiles::superuser.eq(user.superuser),
                user_profiles::email_verified.eq(user.email_verified),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    logins::insert_password(tx, id, uuid, user.password_hash, now).await?;
    Ok(id)
}

/// Adds a user's or organization's account row.
///
/// # Errors
/// [`Error::AlreadyExists`] for a taken name or address.
pub async fn insert(
    tx: &mut Tx,
    uuid: &str,
    kind: AccountKind,
    name: &Namespace,
    email: Option<&Email>,
    now: Timestamp,
) -> Result<AccountId> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(accounts::table)
            .values((
                accounts::uuid.eq(uuid),
                accounts::kind.eq(kind),
                accounts::name.eq(name.as_str()),
                accounts::email.eq(email.map(Email::as_str)),
                accounts::created_at.eq(now),
            ))
            .returning(accounts::id)
            .get_result(c)
            .await
    })
    .map_err(|e| taken(e, name, email))
}

/// The user or organization of that name; one that is being deleted counts as absent.
pub async fn by_name(conn: &mut Conn, name: &Namespace) -> Result<Option<Account>> {
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::name.eq(name.as_str()))
            .filter(accounts::deleting_at.is_null())
            .select(Account::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Users and organizations of these names, in no order; those that are absent or being deleted are left out.
pub async fn by_names(conn: &mut Conn, names: &[&str]) -> Result<Vec<Account>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::name.eq_any(names.iter().copied()))
            .filter(accounts::deleting_at.is_null())
            .select(Account::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// At most `limit` users whose names begin with a text, by name, so that one of just this name comes first.
pub async fn users_beginning(conn: &mut Conn, prefix: &str, limit: i64) -> Result<Vec<Account>> {
    let is_user = format!("{} = 'user'", unindexed(conn, "accounts.kind"));
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::name.ge(prefix))
            .filter(accounts::name.lt(beyond(prefix)))
            .filter(sql::<sql_types::Bool>(&is_user))
            .filter(accounts::deleting_at.is_null())
            .order(accounts::name)
            .limit(limit)
            .select(Account::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// The accounts with these ids, in no order; absent ones are left out.
pub async fn by_ids(conn: &mut Conn, ids: &[AccountId]) -> Result<Vec<Account>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::id.eq_any(ids.iter().map(|id| id.0)))
            .select(Account::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// A user by id, with the profile.
pub async fn user(conn: &mut Conn, id: AccountId) -> Result<Option<(Account, UserProfile)>> {
    on_backend!(conn, |c| {
        accounts::table
            .inner_join(user_profiles::table)
            .filter(accounts::id.eq(id))
            .select((Account::as_select(), UserProfile::as_select()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// A user by what is typed into a login form, the name, or the e-mail address in any case; with the hash
/// of the password where there is one.
pub async fn user_by_login(
    conn: &mut Conn,
    login: &str,
) -> Result<Option<(Account, UserProfile, Option<String>)>> {
    diesel::define_sql_function!(fn lower(text: sql_types::Nullable<sql_types::Text>) -> sql_types::Nullable<sql_types::Text>);
    // Nobody has it in a name or an address, and PostgreSQL does not take it in a question.
    if login.contains('\0') {
        return Ok(None);
    }
    let address = login.to_lowercase();
    on_backend!(conn, |c| {
        let query = accounts::table
            .inner_join(user_profiles::table)
            .left_join(
                login_rows::table.on(login_rows::account_id
                    .eq(accounts::id)
                    .and(login_rows::kind.eq(logins::PASSWORD))),
            )
            .filter(accounts::kind.eq(AccountKind::User))
            .filter(accounts::deleting_at.is_null())
            .select((
                Account::as_select(),
                UserProfile::as_select(),
                login_rows::password_hash.nullable(),
            ))
            .into_boxed::<Backend>();
        let query = if login.contains('@') {
            query
                .filter(lower(accounts::email).eq(address))
                .filter(sql::<sql_types::Bool>(HAS_USER_EMAIL))
        } else {
            query.filter(accounts::name.eq(login))
        };
        query.first(c).await.optional()
    })
    .map_err(db_error)
}

/// Whether any user exists; an empty registry is set up first.
pub async fn any_user(conn: &mut Conn) -> Result<bool> {
    let first: Option<AccountId> = on_backend!(conn, |c| {
        user_profiles::table
            .select(user_profiles::account_id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(first.is_some())
}

/// Gives a user or an organization another name. What lies in the namespace follows: it knows it by id.
///
/// # Errors
/// [`Error::AlreadyExists`] for a name that somebody has, or had until lately.
pub async fn rename(tx: &mut Tx, id: AccountId, name: &Namespace) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(accounts::table.find(id))
            .set(accounts::name.eq(name.as_str()))
            .execute(c)
            .await
    })
    .map_err(|e| taken(e, name, None))?;
    Ok(())
}

/// Takes the write lock of the namespace row, so that two changes of one namespace follow each other.
pub async fn lock(tx: &mut Tx, id: AccountId) -> Result<()> {
    statement().await.map_err(db_error)?;
    match &mut **tx {
        Conn::Pg(c) => {
            accounts::table
                .find(id)
                .select(accounts::id)
                .for_update()
                .first::<AccountId>(&mut **c)
                .await
                .optional()
                .map_err(db_error)?;
        }
        // A SQLite transaction holds the lock of the whole database from its start.
        Conn::Lite(_) => {}
    }
    Ok(())
}

/// Remembers the latest use of accounts.
pub async fn touch(tx: &mut Tx, ids: &[AccountId], now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(accounts::table.filter(accounts::id.eq_any(ids.iter().map(|id| id.0))))
            .set(accounts::last_accessed_at.eq(now))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// What kind of account holds a name, one that is being deleted too.
pub async fn holder(conn: &mut Conn, name: &Namespace) -> Result<Option<AccountKind>> {
    on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::name.eq(name.as_str()))
            .select(accounts::kind)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// True when the name belongs to an account that is being deleted; it is free again later.
pub async fn is_reserved(conn: &mut Conn, name: &Namespace) -> Result<bool> {
    let found: Option<AccountId> = on_backend!(conn, |c| {
        accounts::table
            .filter(accounts::name.eq(name.as_str()))
            .filter(accounts::deleting_at.is_not_null())
            .select(accounts::id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(found.is_some())
}
