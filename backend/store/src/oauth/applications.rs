//! What asks users for access.

#![expect(clippy::ref_option_ref, reason = "what diesel derives of a changeset")]

use berth_domain::{AccountId, ApplicationId, Result, Timestamp};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use crate::accounts::Account;
use crate::conn::{Conn, Tx, db_error};
use crate::schema::{accounts, oauth_applications};
use crate::sql::contains;

/// An application; its secret is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = oauth_applications)]
pub struct Application {
    /// Row id.
    pub id: ApplicationId,
    /// The organization that runs it.
    pub namespace_id: AccountId,
    /// By which it names itself.
    pub client_id: String,
    /// By which it proves itself, sealed.
    pub secret_sealed: String,
    /// What people call it.
    pub name: String,
    /// Where it presents itself; may be empty.
    pub homepage: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Its picture is made from this address.
    pub avatar_email: Option<String>,
    /// What every address begins with that browsers are sent back to; empty for none.
    pub redirect_prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What its administrators say of an application.
#[derive(Debug, Clone, Copy, Default, AsChangeset)]
#[diesel(table_name = oauth_applications, treat_none_as_null = true)]
pub struct Described<'a> {
    /// What people call it.
    pub name: &'a str,
    /// Where it presents itself.
    pub homepage: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Its picture is made from this address.
    pub avatar_email: Option<&'a str>,
    /// What every address begins with that browsers are sent back to.
    pub redirect_prefix: &'a str,
}

/// Adds an application to a namespace.
pub async fn insert(
    tx: &mut Tx,
    namespace: AccountId,
    (client_id, secret_sealed): (&str, &str),
    described: Described<'_>,
    now: Timestamp,
) -> Result<Application> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(oauth_applications::table)
            .values((
                oauth_applications::namespace_id.eq(namespace),
                oauth_applications::client_id.eq(client_id),
                oauth_applications::secret_sealed.eq(secret_sealed),
                oauth_applications::name.eq(described.name),
                oauth_applications::homepage.eq(described.homepage),
                oauth_applications::description.eq(described.description),
                oauth_applications::avatar_email.eq(described.avatar_email),
                oauth_applications::redirect_prefix.eq(described.redirect_prefix),
                oauth_applications::created_at.eq(now),
            ))
            .returning(Application::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The application that names itself so, and whose it is, unless that is being deleted.
pub async fn by_client_id(
    conn: &mut Conn,
    client_id: &str,
) -> Result<Option<(Application, Account)>> {
    on_backend!(conn, |c| {
        oauth_applications::table
            .inner_join(accounts::table)
            .filter(oauth_applications::client_id.eq(client_id))
            .filter(accounts::deleting_at.is_null())
            .select((Application::as_select(), Account::as_select()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// The order of a list of applications, with where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// By when they were made, after the last row seen.
    Created(Option<ApplicationId>),
    /// By [`sort_name`], after that of the last row seen and its id: names need not differ.
    Name(Option<(String, ApplicationId)>),
}

diesel::define_sql_function!(
    /// Lower case, as far as ASCII goes: the same on both databases.
    fn lower(text: Text) -> Text);

/// What lists by name sort a name by: people do not think of capitals first.
pub fn sort_name(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// At most `limit` applications of a namespace, in order; with `search` those alone that have the text in the name or
/// in the client id, in any case.
pub async fn page(
    conn: &mut Conn,
    namespace: AccountId,
    search: Option<&str>,
    order: &Order,
    descending: bool,
    limit: i64,
) -> Result<Vec<Application>> {
    let pattern = search.map(|text| contains(&text.to_ascii_lowercase()));
    on_backend!(conn, |c| {
        let mut query = oauth_applications::table
            .filter(oauth_applications::namespace_id.eq(namespace))
            .limit(limit)
            .select(Application::as_select())
            .into_boxed::<Backend>();
        if let Some(pattern) = &pattern {
            query = query.filter(
                lower(oauth_applications::name)
                    .like(pattern)
                    .escape('\\')
                    .or(lower(oauth_applications::client_id)
                        .like(pattern)
                        .escape('\\')),
            );
        }
        query = match (order, descending) {
            (Order::Created(after), false) => {
                if let Some(after) = after {
                    query = query.filter(oauth_applications::id.gt(*after));
                }
                query.order(oauth_applications::id.asc())
            }
            (Order::Created(after), true) => {
                if let Some(after) = after {
                    query = query.filter(oauth_applications::id.lt(*after));
                }
                query.order(oauth_applications::id.desc())
            }
            (Order::Name(after), false) => {
                if let Some((name, id)) = after {
                    query = query
                        .filter(lower(oauth_applications::name).ge(name))
                        .filter(
                            lower(oauth_applications::name)
                                .gt(name)
                                .or(oauth_applications::id.gt(*id)),
                        );
                }
                query.order((
                    lower(oauth_applications::name).asc(),
                    oauth_applications::id.asc(),
                ))
            }
            (Order::Name(after), true) => {
                if let Some((name, id)) = after {
                    query = query
                        .filter(lower(oauth_applications::name).le(name))
                        .filter(
                            lower(oauth_applications::name)
                                .lt(name)
                                .or(oauth_applications::id.lt(*id)),
                        );
                }
                query.order((
                    lower(oauth_applications::name).desc(),
                    oauth_applications::id.desc(),
                ))
            }
        };
        query.load(c).await
    })
    .map_err(db_error)
}

/// Says anew what an application is.
pub async fn describe(
    tx: &mut Tx,
    id: ApplicationId,
    described: Described<'_>,
) -> Result<Application> {
    on_backend!(&mut **tx, |c| {
        diesel::update(oauth_applications::table.find(id))
            .set(described)
            .returning(Application::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// Puts another secret in place.
pub async fn set_secret(tx: &mut Tx, id: ApplicationId, secret_sealed: &str) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(oauth_applications::table.find(id))
            .set(oauth_applications::secret_sealed.eq(secret_sealed))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Removes an application with its tokens, codes and assignments.
pub async fn delete(tx: &mut Tx, id: ApplicationId) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(oauth_applications::table.find(id))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
