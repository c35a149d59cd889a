//! Changes of more repositories than one transaction takes: what was asked for, and how far it is.

use berth_domain::{
    AccountId, BulkChangeId, BulkChangeKind, BulkChangeState, OAuthTokenId, Result, Timestamp,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::bulk_changes;

/// How far a change is.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = bulk_changes)]
pub struct BulkChange {
    /// Row id; later ones are larger.
    pub id: BulkChangeId,
    /// What is done.
    pub kind: BulkChangeKind,
    /// How many repositories it is about.
    pub total: i64,
    /// How many of them were looked at.
    pub done: i64,
    /// How many of those were left as they are.
    pub refused: i64,
    /// Why, of the first of them; JSON.
    pub causes_json: String,
    /// How it stands.
    pub state: BulkChangeState,
    /// Why all of it ended early.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What a worker needs to go on with a change.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = bulk_changes)]
pub struct OpenChange {
    /// Row id.
    pub id: BulkChangeId,
    /// Who asked for it.
    pub account_id: AccountId,
    /// By which access token, if by one.
    pub oauth_token_id: Option<OAuthTokenId>,
    /// What is to be done, and from where it was asked; JSON.
    pub order_json: String,
    /// To which repositories; JSON.
    pub items_json: String,
    /// How many they are.
    pub total: i64,
    /// How many were looked at.
    pub done: i64,
    /// How many of those were left as they are.
    pub refused: i64,
    /// Why, of the first of them; JSON.
    pub causes_json: String,
}

/// A change to be.
#[derive(Debug, Clone)]
pub struct NewBulkChange<'a> {
    /// Who asks for it.
    pub account_id: AccountId,
    /// By which access token, if by one.
    pub oauth_token_id: Option<OAuthTokenId>,
    /// What is done.
    pub kind: BulkChangeKind,
    /// As in [`OpenChange`].
    pub order_json: &'a str,
    /// As in [`OpenChange`].
    pub items_json: &'a str,
    /// How many repositories it is about.
    pub total: i64,
}

/// Adds a change.
pub async fn insert(tx: &mut Tx, new: &NewBulkChange<'_>, now: Timestamp) -> Result<BulkChange> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(bulk_changes::table)
            .values((
                bulk_changes::account_id.eq(new.account_id),
                bulk_changes::oauth_token_id.eq(new.oauth_token_id),
                bulk_changes::kind.eq(new.kind),
                bulk_changes::order_json.eq(new.order_json),
                bulk_changes::items_json.eq(new.items_json),
                bulk_changes::total.eq(new.total),
                bulk_changes::created_at.eq(now),
                bulk_changes::turned_at.eq(now),
            ))
            .returning(BulkChange::as_returning())
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// How many changes of an account have not ended.
pub async fn count_open(conn: &mut Conn, account: AccountId) -> Result<i64> {
    on_backend!(conn, |c| {
        bulk_changes::table
            .filter(bulk_changes::account_id.eq(account))
            .filter(bulk_changes::ended_at.is_null())
            .count()
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The change whose turn it is: the one that has waited longest.
pub async fn next(conn: &mut Conn) -> Result<Option<OpenChange>> {
    on_backend!(conn, |c| {
        bulk_changes::table
            .filter(bulk_changes::ended_at.is_null())
            .order((bulk_changes::turned_at, bulk_changes::id))
            .select(OpenChange::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Takes a change from one of its items to another; tells whether it stood there and had not ended.
pub async fn advance(
    tx: &mut Tx,
    id: BulkChangeId,
    from: i64,
    to: i64,
    now: Timestamp,
) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            bulk_changes::table
                .find(id)
                .filter(bulk_changes::done.eq(from))
                .filter(bulk_changes::ended_at.is_null()),
        )
        .set((bulk_changes::done.eq(to), bulk_changes::turned_at.eq(now)))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Writes down how many items were left as they are, and why.
pub async fn set_refused(
    tx: &mut Tx,
    id: BulkChangeId,
    refused: i64,
    causes_json: &str,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(bulk_changes::table.find(id))
            .set((
                bulk_changes::refused.eq(refused),
                bulk_changes::causes_json.eq(causes_json),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Ends a change, which forgets its items; tells whether it had not ended before.
pub async fn end(
    tx: &mut Tx,
    id: BulkChangeId,
    state: BulkChangeState,
    error: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            bulk_changes::table
                .find(id)
                .filter(bulk_changes::ended_at.is_null()),
        )
        .set((
            bulk_changes::items_json.eq("[]"),
            bulk_changes::state.eq(state),
            bulk_changes::error.eq(error),
            bulk_changes::ended_at.eq(now),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// A change of an account.
pub async fn by_id(
    conn: &mut Conn,
    account: AccountId,
    id: BulkChangeId,
) -> Result<Option<BulkChange>> {
    on_backend!(conn, |c| {
        bulk_changes::table
            .filter(bulk_changes::id.eq(id))
            .filter(bulk_changes::account_id.eq(account))
            .select(BulkChange::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// At most `limit` changes of an account, the newest first, below an id.
pub async fn page(
    conn: &mut Conn,
    account: AccountId,
    after: Option<BulkChangeId>,
    limit: i64,
) -> Result<Vec<BulkChange>> {
    on_backend!(conn, |c| {
        bulk_changes::table
            .filter(bulk_changes::account_id.eq(account))
            .filter(bulk_changes::id.lt(after.map_or(i64::MAX, |after| after.0)))
            .order(bulk_changes::id.desc())
            .limit(limit)
            .select(BulkChange::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Removes what ended before an instant.
pub async fn delete_ended(tx: &mut Tx, before: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(bulk_changes::table)
            .filter(bulk_changes::ended_at.lt(before))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}
