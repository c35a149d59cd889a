//! Blobs: which bytes exist, where they are, and which repository may read them.

use berth_domain::{BlobId, Digest, RepositoryId, Result, Timestamp};
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::RunQueryDsl;

use crate::collection::rows;
use crate::conn::{Conn, Tx, db_error, lost_race, statement};
use crate::schema::{blob_links, blob_locations, blobs, garbage_objects, manifest_blobs};

/// A blob with the key its bytes are under.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Blob {
    /// Row id.
    pub id: BlobId,
    /// Its address.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: i64,
    /// Key of the stored object.
    pub key: String,
}

/// A blob as a repository holds it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct LinkedBlob {
    /// The blob.
    pub blob: Blob,
    /// Until when a push shields it.
    pub keep_until: Option<Timestamp>,
}

/// Name of the one place where bytes are kept today; replication adds others.
pub const LOCATION: &str = "default";

/// A blob that this repository links.
pub async fn linked(
    conn: &mut Conn,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<LinkedBlob>> {
    on_backend!(conn, |c| {
        blob_links::table
            .inner_join(blobs::table.inner_join(blob_locations::table))
            .filter(blob_links::repository_id.eq(repository))
            .filter(blobs::digest.eq(digest))
            .filter(blob_locations::location.eq(LOCATION))
            .filter(blob_locations::lost_at.is_null())
            .select((
                (
                    blobs::id,
                    blobs::digest,
                    blobs::size_bytes,
                    blob_locations::key,
                ),
                blob_links::keep_until,
            ))
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Those of many digests that this repository links, each shielded from the collector until the
/// transaction ends: a manifest that names them is about to be written.
pub async fn linked_many(
    tx: &mut Tx,
    repository: RepositoryId,
    digests: &[Digest],
) -> Result<Vec<Blob>> {
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    /// The blobs, and what is read of each.
    macro_rules! query {
        ($from:expr) => {
            $from
                .filter(blobs::digest.eq_any(digests.iter().map(Digest::as_str)))
                .filter(blob_locations::location.eq(LOCATION))
                .filter(blob_locations::lost_at.is_null())
                .select((
                    blobs::id,
                    blobs::digest,
                    blobs::size_bytes,
                    blob_locations::key,
                ))
        };
    }
    statement().await.map_err(db_error)?;
    match &mut **tx {
        Conn::Pg(c) => {
            let linked =
                blob_links::table.inner_join(blobs::table.inner_join(blob_locations::table));
            // The join locks rows of all three tables; a sharing lock on any of them is enough.
            query!(linked.filter(blob_links::repository_id.eq(repository)))
                .order(blobs::id)
                .for_share()
                .load(&mut **c)
                .await
        }
        Conn::Lite(c) => {
            // In a join SQLite begins with all links of the repository when there are many digests.
            let link = blob_links::table
                .filter(blob_links::repository_id.eq(repository))
                .filter(blob_links::blob_id.eq(blobs::id));
            let linked = blobs::table.inner_join(blob_locations::table);
            query!(linked.filter(diesel::dsl::exists(link)))
                .load(&mut **c)
                .await
        }
    }
    .map_err(db_error)
}

/// Takes the link of a blob for this transaction, so that no push can come to need it meanwhile;
/// tells whether it is there.
pub async fn lock_link(tx: &mut Tx, repository: RepositoryId, blob: BlobId) -> Result<bool> {
    /// The columns, the same for both databases.
    macro_rules! query {
        () => {
            blob_links::table
                .find((repository, blob))
                .select(blob_links::blob_id)
        };
    }
    statement().await.map_err(db_error)?;
    let found: Option<BlobId> = match &mut **tx {
        Conn::Pg(c) => query!().for_update().first(&mut **c).await,
        Conn::Lite(c) => query!().first(&mut **c).await,
    }
    .optional()
    .map_err(db_error)?;
    Ok(found.is_some())
}

/// A blob wherever it is linked; only for the commit of an upload that brought its bytes and met it.
///
/// # Errors
/// [`Error::Unavailable`](berth_domain::Error::Unavailable) when it is collected at that moment.
pub async fn by_digest(tx: &mut Tx, digest: &Digest) -> Result<BlobId> {
    let found: Option<BlobId> = on_backend!(&mut **tx, |c| {
        blobs::table
            .filter(blobs::digest.eq(digest))
            .select(blobs::id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    found.ok_or_else(|| lost_race("a blob was collected while it was pushed again"))
}

/// Adds a blob and where its bytes are; `None` when it is known, and then nothing is written.
pub async fn insert(
    tx: &mut Tx,
    digest: &Digest,
    size_bytes: i64,
    key: &str,
    now: Timestamp,
) -> Result<Option<BlobId>> {
    let id: Option<BlobId> = on_backend!(&mut **tx, |c| {
        diesel::insert_into(blobs::table)
            .values((
                blobs::digest.eq(digest),
                blobs::size_bytes.eq(size_bytes),
                blobs::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .returning(blobs::id)
            .get_result(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    if let Some(id) = id {
        on_backend!(&mut **tx, |c| {
            diesel::insert_into(blob_locations::table)
                .values((
                    blob_locations::blob_id.eq(id),
                    blob_locations::location.eq(LOCATION),
                    blob_locations::key.eq(key),
                    blob_locations::checked_at.eq(now),
                ))
                .execute(c)
                .await
        })
        .map_err(db_error)?;
    }
    Ok(id)
}

/// Gives a blob whose bytes were lost the ones that a push has just brought, and returns the key of
/// the lost ones; `None` when it needs none.
pub async fn replace_lost(
    tx: &mut Tx,
    blob: BlobId,
    key: &str,
    now: Timestamp,
) -> Result<Option<String>> {
    let location = (blob, LOCATION);
    let lost: Option<String> = on_backend!(&mut **tx, |c| {
        blob_locations::table
            .find(location)
            .filter(blob_locations::lost_at.is_not_null())
            .select(blob_locations::key)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    let Some(lost) = lost else { return Ok(None) };
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            blob_locations::table
                .find(location)
                .filter(blob_locations::key.eq(&lost)),
        )
        .set((
            blob_locations::key.eq(key),
            blob_locations::checked_at.eq(now),
            blob_locations::lost_at.eq(None::<Timestamp>),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok((changed == 1).then_some(lost))
}

/// Lets a repository read a blob, shielded until `keep_until`.
pub async fn link(
    tx: &mut Tx,
    repository: RepositoryId,
    blob: BlobId,
    keep_until: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(blob_links::table)
            .values((
                blob_links::repository_id.eq(repository),
                blob_links::blob_id.eq(blob),
                blob_links::keep_until.eq(keep_until),
            ))
            .on_conflict((blob_links::repository_id, blob_links::blob_id))
            .do_update()
            .set(blob_links::keep_until.eq(keep_until))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Takes a blob out of one repository; tells whether it was there.
pub async fn unlink(tx: &mut Tx, repository: RepositoryId, blob: BlobId) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::delete(blob_links::table.find((repository, blob)))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Whether a manifest of the repository names the blob, those the Time Machine may restore included.
pub async fn is_named(conn: &mut Conn, repository: RepositoryId, blob: BlobId) -> Result<bool> {
    let found: Option<i64> = on_backend!(conn, |c| {
        manifest_blobs::table
            .filter(manifest_blobs::blob_id.eq(blob))
            .filter(manifest_blobs::repository_id.eq(repository))
            .select(manifest_blobs::position)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    Ok(found.is_some())
}

/// Repositories that link a blob, at most `limit`: where an unnamed mount may find it.
pub async fn holders(conn: &mut Conn, digest: &Digest, limit: i64) -> Result<Vec<RepositoryId>> {
    on_backend!(conn, |c| {
        blob_links::table
            .inner_join(blobs::table)
            .filter(blobs::digest.eq(digest))
            .order(blob_links::repository_id.desc())
            .limit(limit)
            .select(blob_links::repository_id)
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Queues an object for deletion after a grace period.
pub async fn discard(
    tx: &mut Tx,
    key: &str,
    delete_after: Timestamp,
    now: Timestamp,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::insert_into(garbage_objects::table)
            .values((
                garbage_objects::location.eq(LOCATION),
                garbage_objects::key.eq(key),
                garbage_objects::delete_after.eq(delete_after),
                garbage_objects::created_at.eq(now),
            ))
            .execute(c)
            .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Objects whose grace period is over: row id and key.
pub async fn discarded(
    conn: &mut Conn,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(i64, String)>> {
    on_backend!(conn, |c| {
        garbage_objects::table
            .filter(garbage_objects::delete_after.le(now))
            .order(garbage_objects::delete_after)
            .limit(rows(limit))
            .select((garbage_objects::id, garbage_objects::key))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Forgets objects that are deleted.
pub async fn forget_discarded(tx: &mut Tx, ids: &[i64]) -> Result<usize> {
    on_backend!(&mut **tx, |c| {
        diesel::delete(
            garbage_objects::table.filter(garbage_objects::id.eq_any(ids.iter().copied())),
        )
        .execute(c)
        .await
    })
    .map_err(db_error)
}

/// Blobs whose bytes were last looked at before an instant, longest ago first: of all blobs, or of
/// those whose bytes were lost.
pub async fn unchecked(
    conn: &mut Conn,
    before: Timestamp,
    only_lost: bool,
    limit: i64,
) -> Result<Vec<Blob>> {
    on_backend!(conn, |c| {
        let mut query = blob_locations::table
            .inner_join(blobs::table)
            .filter(blob_locations::location.eq(LOCATION))
            .filter(blob_locations::checked_at.lt(before))
            .order(blob_locations::checked_at)
            .limit(limit)
            .select((
                blobs::id,
                blobs::digest,
                blobs::size_bytes,
                blob_locations::key,
            ))
            .into_boxed::<Backend>();
        if only_lost {
            query = query.filter(blob_locations::lost_at.is_not_null());
        }
        query.load(c).await
    })
    .map_err(db_error)
}

/// Writes down whether the bytes under a key are right; a key that was replaced meanwhile is left alone.
pub async fn checked(tx: &mut Tx, blob: &Blob, is_right: bool, now: Timestamp) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(
            blob_locations::table
                .find((blob.id, LOCATION))
                .filter(blob_locations::key.eq(&blob.key)),
        )
        .set((
            blob_locations::checked_at.eq(now),
            blob_locations::lost_at.eq((!is_right).then_some(now)),
        ))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// How many blobs there are, and their bytes.
pub async fn total(conn: &mut Conn) -> Result<(i64, i64)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::BigInt)]
        count: i64,
        #[diesel(sql_type = sql_types::BigInt)]
        bytes: i64,
    }
    // PostgreSQL sums to a type of its own.
    let sql = "select count(*) as count, cast(coalesce(sum(size_bytes), 0) as bigint) as bytes from blobs";
    let row: Row =
        on_backend!(conn, |c| diesel::sql_query(sql).get_result(c).await).map_err(db_error)?;
    Ok((row.count, row.bytes))
}
