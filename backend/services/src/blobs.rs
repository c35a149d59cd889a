//! Blobs: reading and deleting. Which repository may read one is a link, never the digest alone.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Digest, Error, Noun, RepositoryPath, Result};
use berth_storage::ByteStream;
use berth_store::blobs::{self, LinkedBlob};
use berth_store::collection;
use bytes::Bytes;
use futures::StreamExt;
use url::Url;

use crate::access::repo;
use crate::actor::Actor;
use crate::core::Core;

/// Life of a presigned address: enough to start with.
const REDIRECT_LIFE: Duration = Duration::from_mins(1);

/// The gzip of an empty archive, with which clients pad images. Clients take it to be everywhere, so
/// it is: it can be read in every repository, pushed or not.
const EMPTY_LAYER: [u8; 32] = [
    31, 139, 8, 0, 0, 9, 110, 136, 0, 255, 98, 24, 5, 163, 96, 20, 140, 88, 0, 8, 0, 0, 255, 255,
    46, 175, 181, 239, 0, 4, 0, 0,
];
/// Its digest.
const EMPTY_LAYER_DIGEST: &str =
    "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";

/// The bytes of the empty layer, where that is what a digest names.
pub(crate) fn empty_layer(digest: &Digest) -> Option<Bytes> {
    (digest.as_str() == EMPTY_LAYER_DIGEST).then(|| Bytes::from_static(&EMPTY_LAYER))
}

/// Reading and deleting blobs.
#[derive(Clone)]
pub struct Blobs {
    core: Arc<Core>,
}

/// What a client is told about a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFacts {
    /// Its address.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: u64,
}

/// A blob that the actor may read.
pub struct OpenBlob {
    core: Arc<Core>,
    facts: BlobFacts,
    content: Content,
}

/// Where the bytes of an open blob are.
enum Content {
    /// In storage, under this key.
    Stored(String),
    /// Here.
    Known(Bytes),
}

impl Blobs {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Whether a blob is there, and its size. A pusher's question renews a lease that is half gone,
    /// since the client will skip the upload.
    ///
    /// # Errors
    /// As [`Blobs::open`].
    pub async fn stat(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        digest: &Digest,
    ) -> Result<BlobFacts> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .repository::<repo::Pull>(&mut conn, actor, path)
            .await?;
        let linked = blobs::linked(&mut conn, access.repository.id, digest).await?;
        drop(conn);
        if linked.is_none()
            && let Some(bytes) = empty_layer(digest)
        {
            return Ok(known(digest, &bytes));
        }
        let linked = find(linked, digest)?;
        let may_push = self.core.gate.holds::<repo::Push>(actor, &access);
        let now = self.core.now();
        let lease = self.core.settings.push.lease;
        if may_push
            && linked
                .keep_until
                .is_some_and(|until| until < now.after(lease / 2))
        {
            let (repository, blob) = (access.repository.id, linked.blob.id);
            self.core
                .db
                .write(async |tx| blobs::link(tx, repository, blob, now.after(lease)).await)
                .await?;
        }
        Ok(facts(&linked))
    }

    /// Opens a blob for reading; permission is checked here, once.
    ///
    /// # Errors
    /// The gate's, and [`Error::NotFound`] when this repository does not link the blob.
    pub async fn open(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        digest: &Digest,
    ) -> Result<OpenBlob> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .repository::<repo::Pull>(&mut conn, actor, path)
            .await?;
        let linked = blobs::linked(&mut conn, access.repository.id, digest).await?;
        let (facts, content) = match (linked, empty_layer(digest)) {
            (None, Some(bytes)) => (known(digest, &bytes), Content::Known(bytes)),
            (linked, _) => {
                let linked = find(linked, digest)?;
                (facts(&linked), Content::Stored(linked.blob.key))
            }
        };
        Ok(OpenBlob {
            core: Arc::clone(&self.core),
            facts,
            content,
        })
    }

    /// Takes a blob out of one repository.
    ///
    /// # Errors
    /// [`Error::BlobInUse`] while a manifest names it, one that the Time Machine may restore included.
    pub async fn delete(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        digest: &Digest,
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
                let linked = find(blobs::linked(tx, repository, digest).await?, digest)?;
                let blob = linked.blob.id;
                if !blobs::lock_link(tx, repository, blob).await? {
                    return Err(Error::not_found(Noun::Blob, digest));
                }
                if blobs::is_named(tx, repository, blob).await? {
                    return Err(Error::BlobInUse {
                        digest: digest.clone(),
                    });
                }
                blobs::unlink(tx, repository, blob).await?;
                let now = self.core.now();
                let delete_after = now.after(self.core.settings.collection.grace);
                collection::release_blobs(tx, [blob], now, delete_after).await?;
                Ok(())
            })
            .await
    }
}

impl OpenBlob {
    /// What a client is told about it.
    pub const fn facts(&self) -> &BlobFacts {
        &self.facts
    }

    /// An address from which anybody may fetch it for a minute, where storage and settings have such.
    pub async fn redirect(&self) -> Result<Option<Url>> {
        match &self.content {
            Content::Stored(key) if self.core.settings.registry.storage_redirect => {
                self.core
                    .storage
                    .presigned_get(key, REDIRECT_LIFE, "application/octet-stream")
                    .await
            }
            _ => Ok(None),
        }
    }

    /// Its bytes, or the part of them that `range` names.
    ///
    /// # Errors
    /// Storage that does not answer; bytes that are gone although a row names them.
    pub async fn read(&self, range: Option<Range<u64>>) -> Result<ByteStream> {
        match &self.content {
            Content::Stored(key) => self.core.storage.read(key, range).await?.ok_or_else(|| {
                Error::internal(format!(
                    "bytes of blob {} are missing under key {key}",
                    self.facts.digest
                ))
            }),
            Content::Known(bytes) => {
                let end = bytes.len();
                let at = |place: u64| usize::try_from(place).map_or(end, |place| place.min(end));
                let range = range.map_or(0..end, |range| at(range.start)..at(range.end));
                let bytes = bytes.slice(range.start.min(range.end)..range.end);
                Ok(futures::stream::once(async move { Ok(bytes) }).boxed())
            }
        }
    }
}

fn find(linked: Option<LinkedBlob>, digest: &Digest) -> Result<LinkedBlob> {
    linked.ok_or_else(|| Error::not_found(Noun::Blob, digest))
}

fn known(digest: &Digest, bytes: &Bytes) -> BlobFacts {
    BlobFacts {
        digest: digest.clone(),
        size_bytes: bytes.len() as u64,
    }
}

fn facts(linked: &LinkedBlob) -> BlobFacts {
    BlobFacts {
        digest: linked.blob.digest.clone(),
        size_bytes: u64::try_from(linked.blob.size_bytes).unwrap_or(0),
    }
}
