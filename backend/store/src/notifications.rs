//! What stands in the bell of users.

use berth_domain::{AccountId, ApplicationId, NotificationId, Result, TeamId, TeamRole, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::{
    accounts, notifications, oauth_assignments, team_invitations, team_members, teams,
};

/// Something that a user is told.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = notifications)]
pub struct Notification {
    /// Row id; later ones are larger.
    pub id: NotificationId,
    /// Public id.
    pub uuid: String,
    /// Who is told.
    pub account_id: AccountId,
    /// What happened, in a word.
    pub kind: String,
    /// JSON.
    pub metadata: String,
    /// Whether the user has put it away.
    pub dismissed: bool,
    /// When it happened.
    pub created_at: Timestamp,
}

/// Something that a user is to be told.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = notifications)]
pub struct NewNotification<'a> {
    /// Public id.
    pub uuid: &'a str,
    /// Who is told.
    pub account_id: AccountId,
    /// What happened, in a word.
    pub kind: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// The organization that it is about.
    pub namespace_id: Option<AccountId>,
    /// Whether only its administrators see it.
    pub as_administrator: bool,
    /// JSON.
    pub metadata: &'a str,
    /// When it happened.
    pub created_at: Timestamp,
}

/// The rows that an account sees, before order and limit.
macro_rules! shown {
    ($account:expr) => {{
        let administered = teams::table
            .inner_join(team_members::table)
            .filter(team_members::account_id.eq($account))
            .filter(teams::role.eq(TeamRole::Admin))
            .select(teams::namespace_id.nullable());
        notifications::table
            .left_join(accounts::table.on(accounts::id.nullable().eq(notifications::namespace_id)))
            .filter(notifications::account_id.eq($account))
            .filter(accounts::deleting_at.is_null())
            .filter(
                notifications::as_administrator
                    .eq(false)
                    .or(notifications::namespace_id.eq_any(administered)),
            )
            .into_boxed::<Backend>()
    }};
}

/// Adds a row, unless the user was told of the same; tells whether it did.
pub async fn insert(tx: &mut Tx, new: &NewNotification<'_>) -> Result<bool> {
    let added = on_backend!(&mut **tx, |c| {
        diesel::insert_into(notifications::table)
            .values(new)
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(added > 0)
}

/// At most `limit` rows that an account sees with the name of the organization that each is about, the newest first:
/// below an id, or behind so many; with `dismissed` those too that were put away.
pub async fn page(
    conn: &mut Conn,
    account: AccountId,
    dismissed: bool,
    after: Option<NotificationId>,
    skipped: i64,
    limit: i64,
) -> Result<Vec<(Notification, Option<String>)>> {
    on_backend!(conn, |c| {
        let mut query = shown!(account);
        if !dismissed {
            query = query.filter(notifications::dismissed.eq(false));
        }
        if let Some(after) = after {
            query = query.filter(notifications::id.lt(after));
        }
        query
            .order(notifications::id.desc())
            .offset(skipped)
            .limit(limit)
            .select((Notification::as_select(), accounts::name.nullable()))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many rows an account sees that it has not put away.
pub async fn unread(conn: &mut Conn, account: AccountId) -> Result<i64> {
    on_backend!(conn, |c| {
        shown!(account)
            .filter(notifications::dismissed.eq(false))
            .count()
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// A row that an account sees, by its public id.
pub async fn by_uuid(
    conn: &mut Conn,
    account: AccountId,
    uuid: &str,
) -> Result<Option<(Notification, Option<String>)>> {
    on_backend!(conn, |c| {
        shown!(account)
            .filter(notifications::uuid.eq(uuid))
            .select((Notification::as_select(), accounts::name.nullable()))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Ids and public ids of at most `limit` rows that an account sees, the newest first: those with these public ids, or
/// without any those that are not put away.
pub async fn ids(
    conn: &mut Conn,
    account: AccountId,
    uuids: Option<&[&str]>,
    limit: i64,
) -> Result<Vec<(NotificationId, String)>> {
    on_backend!(conn, |c| {
        let query = match uuids {
            Some(uuids) => {
                shown!(account).filter(notifications::uuid.eq_any(uuids.iter().copied()))
            }
            None => shown!(account).filter(notifications::dismissed.eq(false)),
        };
        query
            .order(notifications::id.desc())
            .limit(limit)
            .select((notifications::id, notifications::uuid))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Puts rows away, or takes them out again.
pub async fn set_dismissed(tx: &mut Tx, ids: &[NotificationId], dismissed: bool) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(notifications::table)
            .filter(notifications::id.eq_any(ids.iter().map(|id| id.0)))
            .set(notifications::dismissed.eq(dismissed))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Puts away everything of a kind that a user is told.
pub async fn dismiss_kind(tx: &mut Tx, account: AccountId, kind: &str) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::update(
            notifications::table
                .filter(notifications::account_id.eq(account))
                .filter(notifications::kind.eq(kind))
                .filter(notifications::dismissed.eq(false)),
        )
        .set(notifications::dismissed.eq(true))
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// Removes what anybody was told of a subject.
pub async fn withdraw(tx: &mut Tx, kind: &str, subject: &str) -> Result<usize> {
    withdraw_all(tx, kind, &[subject]).await
}

/// Removes what anybody was told of several subjects.
pub async fn withdraw_all(tx: &mut Tx, kind: &str, subjects: &[&str]) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(
            notifications::table
                .filter(notifications::kind.eq(kind))
                .filter(notifications::subject.eq_any(subjects.iter().copied())),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// Removes what anybody was told of the invitations into a team.
pub async fn withdraw_of_team(tx: &mut Tx, kind: &str, team: TeamId) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        let asked = team_invitations::table
            .filter(team_invitations::team_id.eq(team))
            .select(team_invitations::uuid);
        diesel::delete(
            notifications::table
                .filter(notifications::kind.eq(kind))
                .filter(notifications::subject.eq_any(asked)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// Removes what anybody was told of the consents that an application asks for.
pub async fn withdraw_of_application(
    tx: &mut Tx,
    kind: &str,
    application: ApplicationId,
) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        let asked = oauth_assignments::table
            .filter(oauth_assignments::application_id.eq(application))
            .select(oauth_assignments::uuid);
        diesel::delete(
            notifications::table
                .filter(notifications::kind.eq(kind))
                .filter(notifications::subject.eq_any(asked)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// Removes rows from before an instant.
pub async fn delete_before(tx: &mut Tx, before: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(notifications::table.filter(notifications::created_at.lt(before)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}
