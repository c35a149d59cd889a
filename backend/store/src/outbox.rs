//! Events that subscribers on any replica wait for.

use berth_domain::{AccountId, OutboxId, RepositoryId, Result, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::outbox_events;

/// A published event.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = outbox_events)]
pub struct OutboxEvent {
    /// Row id; ids may commit out of order.
    pub id: OutboxId,
    /// Kind, as in the usage log.
    pub kind: String,
    /// Whose namespace it concerns.
    pub namespace_id: Option<AccountId>,
    /// Which repository.
    pub repository_id: Option<RepositoryId>,
    /// JSON: the metadata of the log row.
    pub payload: String,
    /// When.
    pub occurred_at: Timestamp,
}

/// Adds an event.
pub async fn insert(
    tx: &mut Tx,
    kind: &str,
    namespace: Option<AccountId>,
    repository: Option<RepositoryId>,
    payload: &str,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(outbox_events::table)
            .values((
                outbox_events::kind.eq(kind),
                outbox_events::namespace_id.eq(namespace),
                outbox_events::repository_id.eq(repository),
                outbox_events::payload.eq(payload),
                outbox_events::occurred_at.eq(now),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Events since an instant, oldest first, at most `limit`.
pub async fn since(conn: &mut Conn, from: Timestamp, limit: i64) -> Result<Vec<OutboxEvent>> {
    on_backend!(conn, |c| {
        outbox_events::table
            .filter(outbox_events::occurred_at.ge(from))
            .order((outbox_events::occurred_at, outbox_events::id))
            .limit(limit)
            .select(OutboxEvent::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Removes events that nobody waits for any more.
pub async fn delete_before(tx: &mut Tx, before: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(outbox_events::table.filter(outbox_events::occurred_at.lt(before)))
            .execute(c)
            .await
    })
    .map_err(db_error)
}
