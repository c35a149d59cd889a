//! Consents that administrators of applications ask other users for.

use berth_domain::{
    AccountId, ApplicationId, AssignmentId, ResponseType, Result, Scopes, Timestamp,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::accounts::Account;
use crate::conn::{Conn, Tx, db_error};
use crate::oauth::applications::Application;
use crate::schema::{accounts, oauth_applications, oauth_assignments};

/// A consent that a user is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = oauth_assignments)]
pub struct Assignment {
    /// Row id.
    pub id: AssignmentId,
    /// Public id.
    pub uuid: String,
    /// To which application.
    pub application_id: ApplicationId,
    /// Who is asked.
    pub account_id: AccountId,
    /// What the token may do.
    pub scopes: Scopes,
    /// Where the browser goes with it.
    pub redirect_uri: String,
    /// What the application gets.
    pub response_type: ResponseType,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A consent to be asked for.
#[derive(Debug, Clone)]
pub struct NewAssignment<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// To which application.
    pub application_id: ApplicationId,
    /// Who is asked.
    pub account_id: AccountId,
    /// What the token may do.
    pub scopes: &'a Scopes,
    /// Where the browser goes with it.
    pub redirect_uri: &'a str,
    /// What the application gets.
    pub response_type: ResponseType,
}

/// Asks for a consent.
pub async fn insert(
    tx: &mut Tx,
    assignment: &NewAssignment<'_>,
    now: Timestamp,
) -> Result<Assignment> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(oauth_assignments::table)
            .values((
                oauth_assignments::uuid.eq(assignment.uuid),
                oauth_assignments::application_id.eq(assignment.application_id),
                oauth_assignments::account_id.eq(assignment.account_id),
                oauth_assignments::scopes.eq(assignment.scopes),
                oauth_assignments::redirect_uri.eq(assignment.redirect_uri),
                oauth_assignments::response_type.eq(assignment.response_type),
                oauth_assignments::created_at.eq(now),
            ))
            .returning(Assignment::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// What a user is asked for, with the application, by its public id.
pub async fn of_account(
    conn: &mut Conn,
    account: AccountId,
    uuid: &str,
) -> Result<Option<(Assignment, Application)>> {
    on_backend!(conn, |c| {
        oauth_assignments::table
            .inner_join(oauth_applications::table)
            .filter(oauth_assignments::uuid.eq(uuid))
            .filter(oauth_assignments::account_id.eq(account))
            .select((Assignment::as_select(), Application::as_select()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// At most `limit` consents that a user is asked for, with the applications and the namespaces of those, the
/// newest first, below an id. Those of namespaces that are being deleted are left out.
pub async fn page(
    conn: &mut Conn,
    account: AccountId,
    after: Option<AssignmentId>,
    limit: i64,
) -> Result<Vec<(Assignment, Application, Account)>> {
    on_backend!(conn, |c| {
        let mut query = oauth_assignments::table
            .inner_join(oauth_applications::table.inner_join(accounts::table))
            .filter(oauth_assignments::account_id.eq(account))
            .filter(accounts::deleting_at.is_null())
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(oauth_assignments::id.lt(after));
        }
        query
            .order(oauth_assignments::id.desc())
            .limit(limit)
            .select((
                Assignment::as_select(),
                Application::as_select(),
                Account::as_select(),
            ))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// At most `limit` consents that users are asked for to an application, with the names of the users, the newest first,
/// below an id.
pub async fn page_of_application(
    conn: &mut Conn,
    application: ApplicationId,
    after: Option<AssignmentId>,
    limit: i64,
) -> Result<Vec<(Assignment, Option<String>)>> {
    on_backend!(conn, |c| {
        let mut query = oauth_assignments::table
            .inner_join(accounts::table)
            .filter(oauth_assignments::application_id.eq(application))
            .filter(accounts::deleting_at.is_null())
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(oauth_assignments::id.lt(after));
        }
        query
            .order(oauth_assignments::id.desc())
            .limit(limit)
            .select((Assignment::as_select(), accounts::name))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// What a user is asked for of an application, with the name of the user, by its public id.
pub async fn of_application(
    conn: &mut Conn,
    application: ApplicationId,
    uuid: &str,
) -> Result<Option<(Assignment, Option<String>)>> {
    on_backend!(conn, |c| {
        oauth_assignments::table
            .inner_join(accounts::table)
            .filter(oauth_assignments::uuid.eq(uuid))
            .filter(oauth_assignments::application_id.eq(application))
            .select((Assignment::as_select(), accounts::name))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Takes a question back, or uses it up; false where that has happened already.
pub async fn delete(tx: &mut Tx, id: AssignmentId) -> Result<bool> {
    let deleted = on_backend!(&mut **tx, |c| {
        diesel::delete(oauth_assignments::table.find(id))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(deleted > 0)
}
