//! Blobs: reading and deleting. Which repository may read one is a link, never the digest alone.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Digest, Error, Noun, RepositoryPath, Result};
use berth_storage::ByteStream;
use berth_store::blobs::{self, LinkedBlob};
use url::Url;

use crate::access::repo;
use crate::actor::Actor;
use crate::core::Core;

/// Life of a presigned address: enough to start with.
const REDIRECT_LIFE: Duration = Duration::from_mins(1);

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
    key: String,
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
        let linked = find(
            blobs::linked(&mut conn, access.repository.id, digest).await?,
            digest,
        )?;
        let may_push = self
            .core
            .gate
            .repository::<repo::Push>(&mut conn, actor, path)
            .await
            .is_ok();
        drop(conn);
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
        let linked = find(
            blobs::linked(&mut conn, access.repository.id, digest).await?,
            digest,
        )?;
        Ok(OpenBlob {
            core: Arc::clone(&self.core),
            facts: facts(&linked),
            key: linked.blob.key,
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
                if blobs::is_named(tx, repository, linked.blob.id).await? {
                    return Err(Error::BlobInUse {
                        digest: digest.clone(),
                    });
                }
                blobs::unlink(tx, repository, linked.blob.id).await?;
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
        if !self.core.settings.registry.storage_redirect {
            return Ok(None);
        }
        self.core
            .storage
            .presigned_get(&self.key, REDIRECT_LIFE, "application/octet-stream")
            .await
    }

    /// Its bytes, or the part of them that `range` names.
    ///
    /// # Errors
    /// Storage that does not answer; bytes that are gone although a row names them.
    pub async fn read(&self, range: Option<Range<u64>>) -> Result<ByteStream> {
        self.core
            .storage
            .read(&self.key, range)
            .await?
            .ok_or_else(|| {
                Error::internal(format!(
                    "bytes of blob {} are missing under key {}",
                    self.facts.digest, self.key
                ))
            })
    }
}

fn find(linked: Option<LinkedBlob>, digest: &Digest) -> Result<LinkedBlob> {
    linked.ok_or_else(|| Error::not_found(Noun::Blob, digest))
}

fn facts(linked: &LinkedBlob) -> BlobFacts {
    BlobFacts {
        digest: linked.blob.digest.clone(),
        size_bytes: u64::try_from(linked.blob.size_bytes).unwrap_or(0),
    }
}
