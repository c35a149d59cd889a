//! What the collector asks and does. Its worklist is `keep_until`: a manifest or link that may be
//! garbage carries the instant from which it is looked at; `NULL` means that something keeps it, and
//! whoever removes that something sets it again. So the cost follows the garbage, not the registry.
//!
//! Rows are locked before they are judged (`skip locked`, so that nobody waits for the collector);
//! on PostgreSQL a push that names a row holds a key lock on it and is seen or waited for.

use std::collections::HashSet;
use std::time::Duration;

use berth_domain::{BlobId, ManifestId, RepositoryId, Result, Timestamp, UploadState};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, statement};
use crate::schema::{
    blob_links, blob_locations, garbage_objects, manifests, repositories, tags, uploads,
};
use crate::sql::{execute, id_list};
use crate::tags::restorable_until;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Whether a table has such a row, looked up for each row by itself: `exists` leaves PostgreSQL the
/// choice to read the whole table first, and it takes it when there are some hundred rows to judge.
fn any(such: &str) -> String {
    format!("(select 1 from {such} limit 1) is not null")
}

async fn ids(conn: &mut Conn, statement: &str) -> Result<Vec<i64>> {
    let rows: Vec<Id> =
        on_backend!(conn, |c| diesel::sql_query(statement).load(c).await).map_err(db_error)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Ends tags whose expiry has come, at that instant, as [`tags::end`](crate::tags::end) does; returns how many.
pub async fn end_expired_tags(
    tx: &mut Tx,
    now: Timestamp,
    window: Duration,
    limit: usize,
) -> Result<Round> {
    let statement = format!(
        "update tags set ended_at = expires_at, restorable_until = {until} where ended_at is null and id in \
         (select id from tags where expires_at <= {now} and ended_at is null \
         order by expires_at limit {limit})",
        until = restorable_until("expires_at", window),
        now = now.0
    );
    Ok(Round::all(execute(tx, &statement).await?))
}

/// Removes lifetimes of tags that nothing can bring back any more, and has their manifests looked at;
/// returns how many.
pub async fn delete_ended_tags(tx: &mut Tx, now: Timestamp, limit: usize) -> Result<Round> {
    let ended: Vec<(i64, ManifestId)> = on_backend!(&mut **tx, |c| {
        tags::table
            .filter(tags::restorable_until.le(now))
            .order(tags::restorable_until)
            .limit(rows(limit))
            .select((tags::id, tags::manifest_id))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    look_at(tx, ended.iter().map(|(_, manifest)| *manifest), now).await?;
    let list = id_list(ended.iter().map(|(tag, _)| *tag));
    let removed = execute(tx, &format!("delete from tags where id in ({list})")).await?;
    Ok(Round::all(removed))
}

/// Puts manifests on the worklist that nothing but what was just removed may have kept. Those that are on
/// it already are locked all the same: another collector that has just found them kept, by what goes
/// here, would take them off.
async fn look_at(
    tx: &mut Tx,
    manifests: impl IntoIterator<Item = ManifestId>,
    now: Timestamp,
) -> Result<()> {
    let list = id_list(manifests.into_iter().map(|id| id.0));
    let statement = format!(
        "update manifests set keep_until = coalesce(keep_until, {now}) where id in ({list})",
        now = now.0
    );
    execute(tx, &statement).await?;
    Ok(())
}

/// How one round over the worklist went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Rows that were looked at; less than the limit when there are no more.
    pub seen: usize,
    /// Rows that were removed.
    pub removed: usize,
}

impl Round {
    const fn all(removed: usize) -> Self {
        Self {
            seen: removed,
            removed,
        }
    }
}

/// Judges manifests whose time on the worklist has come. One stays while a tag's row names it, an
/// index contains it, or the manifest it refers to is here; what an index contained and what referred
/// to a manifest is looked at next; blobs that a manifest named stay until `blobs_until`.
pub async fn collect_manifests(
    tx: &mut Tx,
    now: Timestamp,
    blobs_until: Timestamp,
    limit: usize,
) -> Result<Round> {
    /// The worklist, the same for both databases.
    macro_rules! query {
        () => {
            manifests::table
                .filter(manifests::keep_until.le(now))
                .order(manifests::keep_until)
                .limit(rows(limit))
                .select(manifests::id)
        };
    }
    statement().await.map_err(db_error)?;
    let seen: Vec<ManifestId> = match &mut **tx {
        Conn::Pg(c) => query!().for_update().skip_locked().load(&mut **c).await,
        Conn::Lite(c) => query!().load(&mut **c).await,
    }
    .map_err(db_error)?;
    let list = id_list(seen.iter().map(|id| id.0));
    let kept: HashSet<i64> = ids(
        tx,
        &format!(
            "select m.id from manifests m where m.id in ({list}) and ({} or {} \
             or m.deleted_at is null and m.subject_digest is not null and {})",
            any("tags t where t.manifest_id = m.id"),
            any("manifest_children c where c.child_id = m.id"),
            any(
                "manifests s where s.repository_id = m.repository_id and s.digest = m.subject_digest"
            ),
        ),
    )
    .await?
    .into_iter()
    .collect();
    if !kept.is_empty() {
        let list = id_list(kept.iter().copied());
        let statement = format!("update manifests set keep_until = null where id in ({list})");
        execute(tx, &statement).await?;
    }
    let garbage: Vec<i64> = seen
        .iter()
        .map(|id| id.0)
        .filter(|id| !kept.contains(id))
        .collect();
    if !garbage.is_empty() {
        delete_manifests(tx, &id_list(garbage.iter().copied()), now, blobs_until).await?;
    }
    Ok(Round {
        seen: seen.len(),
        removed: garbage.len(),
    })
}

async fn delete_manifests(
    tx: &mut Tx,
    list: &str,
    now: Timestamp,
    blobs_until: Timestamp,
) -> Result<()> {
    let (now, blobs_until) = (now.0, blobs_until.0);
    // What is on the worklist already is locked all the same, see `look_at`.
    for statement in [
        format!(
            "update manifests set keep_until = coalesce(keep_until, {now}) where id in \
             (select child_id from manifest_children where parent_id in ({list}))"
        ),
        format!(
            "update manifests set keep_until = coalesce(keep_until, {now}) \
             where subject_digest is not null and (repository_id, subject_digest) in \
             (select repository_id, digest from manifests where id in ({list}))"
        ),
        format!(
            "update blob_links set keep_until = \
             case when keep_until > {blobs_until} then keep_until else {blobs_until} end \
             where (repository_id, blob_id) in (select repository_id, blob_id \
             from manifest_blobs where manifest_id in ({list}))"
        ),
        format!("delete from manifests where id in ({list})"),
    ] {
        execute(tx, &statement).await?;
    }
    Ok(())
}

/// Judges links whose time on the worklist has come. One stays while a manifest of its repository
/// names the blob; the bytes of a blob without links are discarded, to be deleted at `delete_after`.
pub async fn collect_links(
    tx: &mut Tx,
    now: Timestamp,
    delete_after: Timestamp,
    limit: usize,
) -> Result<Round> {
    /// The worklist, the same for both databases.
    macro_rules! query {
        () => {
            blob_links::table
                .filter(blob_links::keep_until.le(now))
                .order(blob_links::keep_until)
                .limit(rows(limit))
                .select((blob_links::repository_id, blob_links::blob_id))
        };
    }
    statement().await.map_err(db_error)?;
    let seen: Vec<(RepositoryId, BlobId)> = match &mut **tx {
        Conn::Pg(c) => query!().for_update().skip_locked().load(&mut **c).await,
        Conn::Lite(c) => query!().load(&mut **c).await,
    }
    .map_err(db_error)?;
    if seen.is_empty() {
        return Ok(Round::default());
    }
    let pairs: Vec<String> = seen
        .iter()
        .map(|(repository, blob)| format!("({},{})", repository.0, blob.0))
        .collect();
    // `values` and not a plain list, which SQLite does not take for pairs.
    let pairs = format!("(values {})", pairs.join(","));
    let named = any("manifest_blobs b where b.blob_id = blob_links.blob_id \
         and b.repository_id = blob_links.repository_id");
    let statement = format!(
        "update blob_links set keep_until = null where (repository_id, blob_id) in {pairs} and {named}"
    );
    let kept = execute(tx, &statement).await?;
    let statement = format!(
        "delete from blob_links where (repository_id, blob_id) in {pairs} and keep_until is not null"
    );
    let removed = execute(tx, &statement).await?;
    debug_assert_eq!(kept + removed, seen.len(), "each link is kept or removed");
    release_blobs(tx, seen.iter().map(|(_, blob)| *blob), now, delete_after).await?;
    Ok(Round {
        seen: seen.len(),
        removed,
    })
}

/// Removes those of these blobs that no repository links any more; returns how many. Their bytes are
/// discarded, to be deleted at `delete_after`.
pub async fn release_blobs(
    tx: &mut Tx,
    candidates: impl IntoIterator<Item = BlobId>,
    now: Timestamp,
    delete_after: Timestamp,
) -> Result<usize> {
    let candidates: HashSet<i64> = candidates.into_iter().map(|id| id.0).collect();
    if candidates.is_empty() {
        return Ok(0);
    }
    let list = id_list(candidates);
    if let Conn::Pg(_) = &**tx {
        // A link that is being written holds a key lock on its blob: it is seen after this.
        let statement = format!("select id from blobs where id in ({list}) order by id for update");
        ids(tx, &statement).await?;
    }
    let unlinked = ids(
        tx,
        &format!(
            "select b.id from blobs b where b.id in ({list}) \
             and not ({})",
            any("blob_links l where l.blob_id = b.id")
        ),
    )
    .await?;
    if unlinked.is_empty() {
        return Ok(0);
    }
    let list = id_list(unlinked);
    let statement = format!(
        "insert into garbage_objects (location, key, delete_after, created_at) \
         select location, key, {}, {} from blob_locations where blob_id in ({list})",
        delete_after.0, now.0
    );
    execute(tx, &statement).await?;
    execute(tx, &format!("delete from blobs where id in ({list})")).await
}

/// Looks at `limit` blobs behind `after`: those that no repository links, of which there are none
/// unless a collection was torn, and the last that was looked at, none behind the end.
pub async fn unlinked_blobs(
    conn: &mut Conn,
    after: BlobId,
    limit: usize,
) -> Result<(Vec<BlobId>, Option<BlobId>)> {
    let window = format!(
        "blobs b where b.id > {} order by b.id limit {limit}",
        after.0
    );
    let seen = ids(conn, &format!("select b.id from {window}")).await?;
    let Some(last) = seen.last() else {
        return Ok((Vec::new(), None));
    };
    let statement = format!(
        "select b.id from blobs b where b.id > {} and b.id <= {last} and not ({})",
        after.0,
        any("blob_links l where l.blob_id = b.id")
    );
    let unlinked = ids(conn, &statement).await?;
    Ok((
        unlinked.into_iter().map(BlobId).collect(),
        Some(BlobId(*last)),
    ))
}

/// The repository that has been waiting longest for its removal, but for some.
pub async fn deleting_repository(
    conn: &mut Conn,
    but: &[RepositoryId],
) -> Result<Option<RepositoryId>> {
    on_backend!(conn, |c| {
        repositories::table
            .filter(repositories::deleting_at.is_not_null())
            .filter(repositories::id.ne_all(but.iter().map(|id| id.0)))
            .order(repositories::deleting_at)
            .select(repositories::id)
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Removes a part of what a deleted repository holds, at last the repository; tells whether it is gone.
/// Its open uploads are made to expire, and the repository waits for them.
pub async fn dismantle(
    tx: &mut Tx,
    repository: RepositoryId,
    now: Timestamp,
    delete_after: Timestamp,
    limit: usize,
) -> Result<Dismantled> {
    let id = repository.0;
    for table in ["tags", "manifests"] {
        let statement = format!(
            "delete from {table} where id in \
             (select id from {table} where repository_id = {id} limit {limit})"
        );
        if execute(tx, &statement).await? > 0 {
            return Ok(Dismantled::Partly);
        }
    }
    let linked: Vec<BlobId> = on_backend!(&mut **tx, |c| {
        blob_links::table
            .filter(blob_links::repository_id.eq(repository))
            .order(blob_links::blob_id)
            .limit(rows(limit))
            .select(blob_links::blob_id)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    if !linked.is_empty() {
        let list = id_list(linked.iter().map(|blob| blob.0));
        let statement =
            format!("delete from blob_links where repository_id = {id} and blob_id in ({list})");
        execute(tx, &statement).await?;
        release_blobs(tx, linked, now, delete_after).await?;
        return Ok(Dismantled::Partly);
    }
    if let Conn::Pg(_) = &**tx {
        // A link or an upload that is being written holds a key lock on it: it is seen after this.
        let statement = format!("select id from repositories where id = {id} for update");
        ids(tx, &statement).await?;
    }
    let open: i64 = on_backend!(&mut **tx, |c| {
        uploads::table
            .filter(uploads::repository_id.eq(repository))
            .filter(uploads::state.eq(UploadState::Open))
            .count()
            .get_result(c)
            .await
    })
    .map_err(db_error)?;
    if open > 0 {
        on_backend!(&mut **tx, |c| {
            diesel::update(
                uploads::table
                    .filter(uploads::repository_id.eq(repository))
                    .filter(uploads::state.eq(UploadState::Open)),
            )
            .set(uploads::expires_at.eq(now))
            .execute(c)
            .await
        })
        .map_err(db_error)?;
        return Ok(Dismantled::Waiting);
    }
    let statement = format!(
        "delete from repositories where id = {id} \
         and not exists (select 1 from blob_links where repository_id = {id})"
    );
    Ok(match execute(tx, &statement).await? {
        0 => Dismantled::Partly,
        _ => Dismantled::Wholly,
    })
}

/// How far the removal of a repository or an organization is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dismantled {
    /// There is more to remove.
    Partly,
    /// Something in it is removed by other work: open uploads by their sweep, repositories by their removal.
    Waiting,
    /// Nothing is left.
    Wholly,
}

/// Those of these keys that a blob is under or that wait for their deletion.
pub async fn known_keys(conn: &mut Conn, keys: &[String]) -> Result<HashSet<String>> {
    let stored: Vec<String> = on_backend!(conn, |c| {
        blob_locations::table
            .filter(blob_locations::key.eq_any(keys.iter()))
            .select(blob_locations::key)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let discarded: Vec<String> = on_backend!(conn, |c| {
        garbage_objects::table
            .filter(garbage_objects::key.eq_any(keys.iter()))
            .select(garbage_objects::key)
            .load(c)
            .await
    })
    .map_err(db_error)?;
    Ok(stored.into_iter().chain(discarded).collect())
}

/// A limit as Diesel wants it.
pub(crate) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
