//! Manifests: the bytes as pushed, and what they name.

use std::collections::HashMap;

use berth_domain::{
    BlobId, Digest, Error, ManifestId, MediaType, Platform, RepositoryId, Result, TagName,
    Timestamp,
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::conn::{Conn, Tx, db_error, lost_race};
use crate::schema::{blobs, manifest_blobs, manifest_children, manifests, tags};

/// A manifest without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = manifests)]
pub struct ManifestRow {
    /// Row id.
    pub id: ManifestId,
    /// Where it is.
    pub repository_id: RepositoryId,
    /// Its address.
    pub digest: Digest,
    /// The type it is served with.
    pub media_type: MediaType,
    /// `artifactType`, else the configuration's type.
    pub artifact_type: Option<String>,
    /// What it is about.
    pub subject_digest: Option<Digest>,
    /// Size of its bytes.
    pub size_bytes: i64,
    /// Size of what it names.
    pub content_bytes: i64,
    /// JSON object; long values are cut.
    pub annotations: String,
    /// Operating system of an image.
    pub os: Option<String>,
    /// Its processor.
    pub architecture: Option<String>,
    /// Its processor's variant.
    pub variant: Option<String>,
    /// When it was first pushed.
    pub created_at: Timestamp,
}

impl ManifestRow {
    /// The platform of an image whose configuration names one.
    pub fn platform(&self) -> Option<Platform> {
        Some(Platform {
            os: self.os.clone()?,
            architecture: self.architecture.clone()?,
            variant: self.variant.clone(),
        })
    }
}

/// A manifest to be.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = manifests)]
pub struct NewManifest<'a> {
    /// Where it goes.
    pub repository_id: RepositoryId,
    /// Its address.
    pub digest: &'a Digest,
    /// The type it is served with.
    pub media_type: &'a MediaType,
    /// `artifactType`, else the configuration's type.
    pub artifact_type: Option<&'a str>,
    /// What it is about.
    pub subject_digest: Option<&'a Digest>,
    /// Exactly what was pushed.
    pub body: &'a [u8],
    /// Size of `body`.
    pub size_bytes: i64,
    /// Size of what it names.
    pub content_bytes: i64,
    /// JSON object; long values are cut.
    pub annotations: &'a str,
    /// Operating system of an image.
    pub os: Option<&'a str>,
    /// Its processor.
    pub architecture: Option<&'a str>,
    /// Its processor's variant.
    pub variant: Option<&'a str>,
    /// Lease of a push by digest.
    pub keep_until: Option<Timestamp>,
    /// Now.
    pub created_at: Timestamp,
}

/// A child of an index.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Selectable)]
#[diesel(table_name = manifest_children)]
pub struct Child {
    /// The index.
    pub parent_id: ManifestId,
    /// Its place there.
    pub position: i64,
    /// Its address.
    pub digest: Digest,
    /// Its row; none while a sparse index waits for it.
    pub child_id: Option<ManifestId>,
    /// As the index says.
    pub os: Option<String>,
    /// As the index says.
    pub architecture: Option<String>,
    /// As the index says.
    pub variant: Option<String>,
}

/// Adds a manifest, or brings back one that was deleted by digest; tells whether it is new.
///
/// # Errors
/// [`Error::Unavailable`] when the row that was in the way is collected at that moment.
pub async fn insert(tx: &mut Tx, new: &NewManifest<'_>) -> Result<(ManifestId, bool)> {
    let inserted: Option<ManifestId> = on_backend!(&mut **tx, |c| {
        diesel::insert_into(manifests::table)
            .values(new)
            .on_conflict_do_nothing()
            .returning(manifests::id)
            .get_result(c)
            .await
            .optional()
    })
    .map_err(db_error)?;
    if let Some(id) = inserted {
        return Ok((id, true));
    }
    let id: Option<ManifestId> = on_backend!(&mut **tx, |c| {
        diesel::update(
            manifests::table
                .filter(manifests::repository_id.eq(new.repository_id))
                .filter(manifests::digest.eq(new.digest)),
        )
        .set((
            manifests::deleted_at.eq(None::<Timestamp>),
            manifests::keep_until.eq(new.keep_until),
        ))
        .returning(manifests::id)
        .get_result(c)
        .await
        .optional()
    })
    .map_err(db_error)?;
    let id = id.ok_or_else(|| lost_race("a manifest was collected while it was pushed again"))?;
    Ok((id, false))
}

/// Brings back a manifest that was deleted by digest, which a tag names again.
pub(crate) async fn undelete(tx: &mut Tx, id: ManifestId) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(
            manifests::table
                .find(id)
                .filter(manifests::deleted_at.is_not_null()),
        )
        .set(manifests::deleted_at.eq(None::<Timestamp>))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// Writes which blobs a new manifest names, configuration first.
pub async fn insert_blobs(
    tx: &mut Tx,
    repository: RepositoryId,
    manifest: ManifestId,
    named: &[(BlobId, &'static str)],
) -> Result<()> {
    let rows: Vec<_> = named
        .iter()
        .zip(0_i64..)
        .map(|((blob, role), position)| {
            (
                manifest_blobs::manifest_id.eq(manifest),
                manifest_blobs::position.eq(position),
                manifest_blobs::repository_id.eq(repository),
                manifest_blobs::blob_id.eq(*blob),
                manifest_blobs::role.eq(*role),
            )
        })
        .collect();
    insert_all!(tx, manifest_blobs::table, rows)
}

/// Writes the children of a new index.
pub async fn insert_children(tx: &mut Tx, children: &[Child]) -> Result<()> {
    let rows = children.to_vec();
    insert_all!(tx, manifest_children::table, rows)
}

/// Tells indexes of this repository that wait for a child that it has come.
pub async fn adopt(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    child: ManifestId,
) -> Result<()> {
    on_backend!(&mut **tx, |c| {
        diesel::update(
            manifest_children::table
                .filter(manifest_children::digest.eq(digest))
                .filter(manifest_children::child_id.is_null())
                .filter(
                    manifest_children::parent_id.eq_any(
                        manifests::table
                            .filter(manifests::repository_id.eq(repository))
                            .select(manifests::id),
                    ),
                ),
        )
        .set(manifest_children::child_id.eq(child))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(())
}

/// A manifest by digest; one deleted by digest counts as absent.
pub async fn by_digest(
    conn: &mut Conn,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<ManifestRow>> {
    on_backend!(conn, |c| {
        manifests::table
            .filter(manifests::repository_id.eq(repository))
            .filter(manifests::digest.eq(digest))
            .filter(manifests::deleted_at.is_null())
            .select(ManifestRow::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Those of many digests that are here.
pub async fn by_digests(
    conn: &mut Conn,
    repository: RepositoryId,
    digests: &[Digest],
) -> Result<Vec<ManifestRow>> {
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    on_backend!(conn, |c| {
        manifests::table
            .filter(manifests::repository_id.eq(repository))
            .filter(manifests::digest.eq_any(digests.iter().map(Digest::as_str)))
            .filter(manifests::deleted_at.is_null())
            .select(ManifestRow::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Manifests by id, in no order; absent ones are left out, deleted ones are not.
pub async fn by_ids(conn: &mut Conn, ids: &[ManifestId]) -> Result<Vec<ManifestRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    on_backend!(conn, |c| {
        manifests::table
            .filter(manifests::id.eq_any(ids.iter().map(|id| id.0)))
            .select(ManifestRow::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// The bytes of a manifest.
pub async fn body(conn: &mut Conn, id: ManifestId) -> Result<Vec<u8>> {
    on_backend!(conn, |c| manifests::table
        .find(id)
        .select(manifests::body)
        .first(c)
        .await
        .optional())
    .map_err(db_error)?
    .ok_or_else(|| Error::internal("a manifest's row went away while it was read"))
}

/// The manifest a live tag points to.
pub async fn by_tag(
    conn: &mut Conn,
    repository: RepositoryId,
    tag: &TagName,
    now: Timestamp,
) -> Result<Option<ManifestRow>> {
    on_backend!(conn, |c| {
        tags::table
            .inner_join(manifests::table)
            .filter(tags::repository_id.eq(repository))
            .filter(tags::name.eq(tag))
            .filter(tags::ended_at.is_null())
            .filter(
                tags::expires_at
                    .is_null()
                    .or(tags::expires_at.assume_not_null().gt(now)),
            )
            .select(ManifestRow::as_select())
            .first(c)
            .await
            .optional()
    })
    .map_err(db_error)
}

/// Children of indexes, in order.
pub async fn children(conn: &mut Conn, parents: &[ManifestId]) -> Result<Vec<Child>> {
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    on_backend!(conn, |c| {
        manifest_children::table
            .filter(manifest_children::parent_id.eq_any(parents.iter().map(|id| id.0)))
            .order((manifest_children::parent_id, manifest_children::position))
            .select(Child::as_select())
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// Manifests about a subject, by digest, those after `after`.
pub async fn referrers(
    conn: &mut Conn,
    repository: RepositoryId,
    subject: &Digest,
    artifact_type: Option<&str>,
    after: Option<&Digest>,
    limit: i64,
) -> Result<Vec<ManifestRow>> {
    on_backend!(conn, |c| {
        let mut query = manifests::table
            .filter(manifests::repository_id.eq(repository))
            .filter(manifests::subject_digest.eq(subject))
            .filter(manifests::deleted_at.is_null())
            .order(manifests::digest)
            .limit(limit)
            .select(ManifestRow::as_select())
            .into_boxed::<Backend>();
        if let Some(kind) = artifact_type {
            query = query.filter(manifests::artifact_type.eq(kind));
        }
        if let Some(after) = after {
            query = query.filter(manifests::digest.gt(after));
        }
        query.load(c).await
    })
    .map_err(db_error)
}

/// Hides a manifest from readers; its row stays for the Time Machine, and the collector looks at it.
pub async fn mark_deleted(tx: &mut Tx, id: ManifestId, now: Timestamp) -> Result<bool> {
    let changed = on_backend!(&mut **tx, |c| {
        diesel::update(
            manifests::table
                .find(id)
                .filter(manifests::deleted_at.is_null()),
        )
        .set((manifests::deleted_at.eq(now), manifests::keep_until.eq(now)))
        .execute(c)
        .await
    })
    .map_err(db_error)?;
    Ok(changed == 1)
}

/// Digests and sizes of the blobs a manifest names, configuration first.
pub async fn named_blobs(conn: &mut Conn, id: ManifestId) -> Result<Vec<(Digest, i64)>> {
    on_backend!(conn, |c| {
        manifest_blobs::table
            .inner_join(blobs::table)
            .filter(manifest_blobs::manifest_id.eq(id))
            .order(manifest_blobs::position)
            .select((blobs::digest, blobs::size_bytes))
            .load(c)
            .await
    })
    .map_err(db_error)
}

/// How many bytes the layers of each of many manifests have together; those without layers are left out.
pub async fn layer_bytes(conn: &mut Conn, ids: &[ManifestId]) -> Result<HashMap<ManifestId, i64>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(ManifestId, i64)> = on_backend!(conn, |c| {
        manifest_blobs::table
            .inner_join(blobs::table)
            .filter(manifest_blobs::manifest_id.eq_any(ids.iter().map(|id| id.0)))
            .filter(manifest_blobs::role.eq("layer"))
            .select((manifest_blobs::manifest_id, blobs::size_bytes))
            .load(c)
            .await
    })
    .map_err(db_error)?;
    let mut bytes = HashMap::new();
    for (id, size) in found {
        *bytes.entry(id).or_insert(0) += size;
    }
    Ok(bytes)
}
