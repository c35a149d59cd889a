//! Uploads in progress: everything a replica needs to go on with one that another began.

use berth_domain::{
    AccountId, CLOCKS_APART, RepositoryId, Result, Timestamp, UploadId, UploadState,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error};
use crate::schema::uploads;

/// An open upload.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = uploads)]
pub struct Upload {
    /// Row id.
    pub id: UploadId,
    /// Public id.
    pub uuid: String,
    /// Where it goes.
    pub repository_id: RepositoryId,
    /// Bytes that are safe.
    pub offset_bytes: i64,
    /// The hash over them.
    pub hash_state: String,
    /// What the storage driver needs to go on.
    pub write_state: String,
    /// Who writes now.
    pub leased_by: Option<String>,
    /// Until when.
    pub leased_until: Option<Timestamp>,
    /// When it is swept.
    pub expires_at: Timestamp,
}

/// Where an upload stands.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = uploads)]
pub struct Progress {
    /// Bytes that are safe.
    pub offset_bytes: i64,
    /// The hash over them.
    pub hash_state: String,
    /// What the storage driver needs to go on.
    pub write_state: String,
    /// When it is swept.
    pub expires_at: Timestamp,
}

/// Adds an open upload.
pub async fn insert(
    tx: &mut Tx,
    uuid: &str,
    repository: RepositoryId,
    account: Option<AccountId>,
    start: &Progress,
    now: Timestamp,
) -> Result<UploadId> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(uploads::table)
            .values((
                uploads::uuid.eq(uuid),
                uploads::repository_id.eq(repository),
                uploads::account_id.eq(account),
                uploads::state.eq(UploadState::Open),
                uploads::offset_bytes.eq(start.offset_bytes),
                uploads::hash_state.eq(&start.hash_state),
                uploads::write_state.eq(&start.write_state),
                uploads::expires_at.eq(start.expires_at),
                uploads::created_at.eq(now),
            ))
            .returning(uploads::id)
            .get_result(c)
            .await
    })
    .map_err(db_error)
}

/// The open upload with this id in this repository.
pub async fn open(
    conn: &mut Conn,
    repository: RepositoryId,
    uuid: &str,
    now: Timestamp,
) -> Result<Option<Upload>> {
    on_backend!(conn, |c| {
        uploads::table
            .filter(uploads::uuid.eq(uuid))
            .filter(uploads::repository_id.eq(repository))
            .filter(uploads::state.eq(UploadState::Open))
            .filter(uploads::expires_at.gt(now))
            .select(Upload::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Takes the lease of an open upload that nobody holds, or that was given by a clock which was far
/// ahead; tells whether it was had.
pub async fn lease(
    tx: &mut Tx,
    id: UploadId,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let far = until.after(CLOCKS_APART);
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            uploads::table
                .find(id)
                .filter(uploads::state.eq(UploadState::Open))
                .filter(
                    uploads::leased_until
                        .is_null()
                        .or(uploads::leased_until.assume_not_null().le(now))
                        .or(uploads::leased_until.assume_not_null().gt(far)),
                ),
        )
        .set((
            uploads::leased_by.eq(holder),
            uploads::leased_until.eq(until),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Keeps a lease that is still held; tells whether it was.
pub async fn renew(tx: &mut Tx, id: UploadId, holder: &str, until: Timestamp) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            uploads::table
                .find(id)
                .filter(uploads::leased_by.eq(holder)),
        )
        .set(uploads::leased_until.eq(until))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Ends every lease, whoever holds it.
pub async fn release_all(tx: &mut Tx) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(uploads::table.filter(uploads::leased_by.is_not_null()))
            .set((
                uploads::leased_by.eq(None::<String>),
                uploads::leased_until.eq(None::<Timestamp>),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Writes down how far the upload is and gives the lease back; tells whether it was still held.
pub async fn advance(tx: &mut Tx, id: UploadId, holder: &str, progress: &Progress) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            uploads::table
                .find(id)
                .filter(uploads::leased_by.eq(holder))
                .filter(uploads::state.eq(UploadState::Open)),
        )
        .set((
            progress,
            uploads::leased_by.eq(None::<String>),
            uploads::leased_until.eq(None::<Timestamp>),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Ends an upload; only the holder of its lease can. Tells whether it was still held.
pub async fn end(tx: &mut Tx, id: UploadId, holder: &str, state: UploadState) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            uploads::table
                .find(id)
                .filter(uploads::leased_by.eq(holder))
                .filter(uploads::state.eq(UploadState::Open)),
        )
        .set((
            uploads::state.eq(state),
            uploads::leased_by.eq(None::<String>),
            uploads::leased_until.eq(None::<Timestamp>),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Open uploads that are past their time and that nobody writes to.
pub async fn expired(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Upload>> {
    on_backend!(conn, |c| {
        uploads::table
            .filter(uploads::expires_at.le(now))
            .filter(uploads::state.eq(UploadState::Open))
            .filter(
                uploads::leased_until
                    .is_null()
                    .or(uploads::leased_until.assume_not_null().le(now)),
            )
            .order(uploads::expires_at)
            .limit(limit)
            .select(Upload::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Forgets uploads that ended and are past their time.
pub async fn delete_ended(tx: &mut Tx, now: Timestamp) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(
            uploads::table
                .filter(uploads::expires_at.le(now))
                .filter(uploads::state.ne(UploadState::Open)),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// What the storage driver needs to go on with each open upload, those past their time included.
pub async fn open_writes(conn: &mut Conn) -> Result<Vec<String>> {
    on_backend!(conn, |c| {
        uploads::table
            .filter(uploads::state.eq(UploadState::Open))
            .select(uploads::write_state)
            .load(c)
            .await
    })
    .map_err(db_error)
}
