//! What superusers tell everybody.

use berth_domain::{MessageFormat, Result, Severity, Timestamp};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::messages;

/// A message to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = messages)]
pub struct Message {
    /// Public id.
    pub uuid: String,
    /// The text.
    pub content: String,
    /// How loud it is.
    pub severity: Severity,
    /// How the text is written.
    pub media_type: MessageFormat,
    /// When it was posted.
    pub created_at: Timestamp,
}

/// Posts a message.
pub async fn insert(tx: &mut Tx, message: &Message) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(messages::table)
            .values(message)
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// The messages, the oldest first, at most `limit`.
pub async fn all(conn: &mut Conn, limit: i64) -> Result<Vec<Message>> {
    on_backend!(conn, |c| {
        messages::table
            .order(messages::id)
            .limit(limit)
            .select(Message::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many messages there are.
pub async fn count(conn: &mut Conn) -> Result<i64> {
    on_backend!(conn, |c| messages::table.count().get_result(c).await).map_err(db_error)
}

/// Takes a message back; false where there is none of this id.
pub async fn delete(tx: &mut Tx, uuid: &str) -> Result<bool> {
    let deleted = on_backend!(&mut **tx, |c| {
        diesel::delete(messages::table.filter(messages::uuid.eq(uuid)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(deleted > 0)
}
