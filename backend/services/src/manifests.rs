//! Manifests: pushed, pulled and deleted byte for byte.

mod accept;
mod push;
mod view;

use std::sync::Arc;

use berth_domain::{
    Digest, Error, Event, ManifestId, ManifestKind, MediaType, Noun, Reference, RepositoryPath,
    Result, TagName,
};
use berth_store::manifests::ManifestRow;
use berth_store::{Conn, manifests, tags};
use bytes::Bytes;
use moka::future::Cache;

use crate::access::{Access, repo};
use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;
use crate::pulls::PullLog;
use crate::uploads::Uploads;

pub use accept::Accept;
pub use push::Pushed;
pub use view::{IndexChild, ManifestView};

/// Memory for manifests that were read; they never change under their row.
const CACHE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What the cache itself needs for one, beside its bytes: of small ones there are many.
const CACHE_ENTRY_BYTES: usize = 512;

/// Pushing, pulling and deleting manifests.
#[derive(Clone)]
pub struct Manifests {
    core: Arc<Core>,
    uploads: Uploads,
    pulls: PullLog,
    bodies: Cache<ManifestId, Bytes>,
}

/// A manifest as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredManifest {
    /// Its address.
    pub digest: Digest,
    /// Its type.
    pub media_type: MediaType,
    /// Exactly what was pushed.
    pub bytes: Bytes,
}

/// What a read is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullKind {
    /// The bytes: a pull, which is logged.
    Get,
    /// Only whether it is there.
    Head,
}

impl Manifests {
    pub(crate) fn new(core: Arc<Core>, pulls: PullLog) -> Self {
        let bodies = Cache::builder()
            .max_capacity(CACHE_BYTES_MAX)
            .weigher(|_, bytes: &Bytes| {
                u32::try_from(bytes.len() + CACHE_ENTRY_BYTES).unwrap_or(u32::MAX)
            })
            .build();
        Self {
            uploads: Uploads::new(Arc::clone(&core)),
            core,
            pulls,
            bodies,
        }
    }

    /// A manifest by tag or digest.
    ///
    /// # Errors
    /// The gate's; not found; [`Error::TagExpired`] inside the Time Machine window.
    pub async fn get(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        reference: &Reference,
        accept: &Accept,
        pull: PullKind,
    ) -> Result<StoredManifest> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .repository::<repo::Pull>(&mut conn, actor, path)
            .await?;
        let row = match reference {
            Reference::Digest(digest) => {
                manifests::by_digest(&mut conn, access.repository.id, digest)
                    .await?
                    .ok_or_else(|| Error::not_found(Noun::Manifest, digest))?
            }
            Reference::Tag(tag) => {
                let row = self.by_tag(&mut conn, &access, tag).await?;
                self.child_for(&mut conn, row, accept).await?
            }
        };
        let bytes = self.body(&mut conn, row.id).await?;
        drop(conn);
        if pull == PullKind::Get {
            let event = Event::ManifestPulled {
                repository: path.clone(),
                tag: match reference {
                    Reference::Tag(tag) => Some(tag.clone()),
                    Reference::Digest(_) => None,
                },
                digest: row.digest.clone(),
                media_type: row.media_type.to_string(),
            };
            self.pulls.record(actor, subject(&access), &event).await?;
        }
        Ok(StoredManifest {
            digest: row.digest,
            media_type: row.media_type,
            bytes,
        })
    }

    async fn by_tag(
        &self,
        conn: &mut Conn,
        access: &Access<repo::Pull>,
        tag: &TagName,
    ) -> Result<ManifestRow> {
        let now = self.core.now();
        let repository = access.repository.id;
        if let Some(row) = manifests::by_tag(conn, repository, tag, now).await? {
            return Ok(row);
        }
        let latest = tags::latest(conn, repository, tag).await?;
        let Some(latest) = latest else {
            return Err(Error::not_found(Noun::Tag, tag));
        };
        let window = self.core.window(conn, repository).await?;
        if latest
            .restorable_until(window)
            .is_none_or(|until| until <= now)
        {
            return Err(Error::not_found(Noun::Tag, tag));
        }
        Err(Error::TagExpired {
            tag: tag.to_string(),
        })
    }

    /// A client that knows images but no indexes gets the child for the most common platform.
    async fn child_for(
        &self,
        conn: &mut Conn,
        row: ManifestRow,
        accept: &Accept,
    ) -> Result<ManifestRow> {
        if !accept.wants_single_image() || kind(&row) != ManifestKind::Index {
            return Ok(row);
        }
        let children = manifests::children(conn, &[row.id]).await?;
        let common = children.into_iter().find(|child| {
            child.os.as_deref() == Some("linux") && child.architecture.as_deref() == Some("amd64")
        });
        let Some(id) = common.and_then(|child| child.child_id) else {
            return Ok(row);
        };
        Ok(manifests::by_ids(conn, &[id]).await?.pop().unwrap_or(row))
    }

    async fn body(&self, conn: &mut Conn, id: ManifestId) -> Result<Bytes> {
        if let Some(bytes) = self.bodies.get(&id).await {
            return Ok(bytes);
        }
        let bytes = Bytes::from(manifests::body(conn, id).await?);
        self.bodies.insert(id, bytes.clone()).await;
        Ok(bytes)
    }

    /// Deletes a tag, or a manifest by digest with every tag on it. Readers see it at once; the Time
    /// Machine keeps the rows.
    ///
    /// # Errors
    /// The gate's; not found.
    pub async fn delete(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        reference: &Reference,
    ) -> Result<()> {
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository::<repo::Push>(tx, actor, path)
                    .await?;
                let repository = access.repository.id;
                let now = self.core.now();
                let ended = match reference {
                    Reference::Tag(tag) => {
                        let live = tags::by_name(tx, repository, tag, now).await?;
                        vec![live.ok_or_else(|| Error::not_found(Noun::Tag, tag))?]
                    }
                    Reference::Digest(digest) => {
                        let row = manifests::by_digest(tx, repository, digest)
                            .await?
                            .ok_or_else(|| Error::not_found(Noun::Manifest, digest))?;
                        let live = tags::of_manifests(tx, &[row.id], now).await?;
                        manifests::mark_deleted(tx, row.id, now).await?;
                        live
                    }
                };
                let ids: Vec<_> = ended.iter().map(|tag| tag.id).collect();
                tags::end_each(tx, &ids, now, self.core.settings.push.time_machine).await?;
                let digest = match reference {
                    Reference::Digest(digest) => Some(digest.clone()),
                    Reference::Tag(_) => None,
                };
                let subject = subject(&access);
                for tag in ended {
                    let event = Event::TagDeleted {
                        repository: path.clone(),
                        tag: tag.name,
                        digest: digest.clone(),
                    };
                    self.core.journal.record(tx, actor, subject, &event).await?;
                }
                if let Some(digest) = digest {
                    let event = Event::ManifestDeleted {
                        repository: path.clone(),
                        digest,
                    };
                    self.core.journal.record(tx, actor, subject, &event).await?;
                }
                Ok(())
            })
            .await
    }
}

/// What journal entries about a repository name.
pub(crate) fn subject<P>(access: &Access<P>) -> Subject
where
    P: crate::access::Permission<Target = berth_store::gate::RepositoryFacts>,
{
    Subject {
        namespace: Some(access.repository.namespace_id),
        repository: Some(access.repository.id),
    }
}

fn kind(row: &ManifestRow) -> ManifestKind {
    if row.media_type.is_index() {
        ManifestKind::Index
    } else {
        ManifestKind::Image
    }
}
