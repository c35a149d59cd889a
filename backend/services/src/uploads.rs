//! Uploads: `open → committed | cancelled | expired`, bound to a repository and an id.
//!
//! Each request that writes takes a lease on the row, writes behind the row's offset and then moves
//! the row forward under that lease, so two writers never interleave and any replica can go on.
//! Transfers run in a task of their own: a client that goes away leaves a resumable upload.

pub(crate) mod hashing;
mod transfer;

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{
    Algorithm, Digest, Error, Noun, RepositoryId, RepositoryPath, Result, UploadId, UploadState,
    Visibility,
};
use berth_storage::Write;
use berth_store::uploads::{self, Progress, Upload};
use berth_store::{Conn, Tx, blobs};
use futures::StreamExt;
use uuid::Uuid;

use crate::access::{Found, repo};
use crate::actor::Actor;
use crate::core::Core;
use crate::creation::{create_organization, create_repository};

pub use berth_storage::ByteStream;
use hashing::Hash;
use transfer::Lease;

/// How long a lease holds without being renewed; a replica that died blocks an upload no longer.
/// Renewals come three times as often, so one that is late by seconds loses nothing.
const LEASE: Duration = Duration::from_secs(15);
/// How often a first push looks again at what a parallel one creates: namespace, then repository.
const CREATION_ATTEMPTS_MAX: u32 = 3;
/// Repositories that a mount without `from` looks at.
const MOUNT_CANDIDATES: i64 = 20;

/// Uploads of blobs.
#[derive(Clone)]
pub struct Uploads {
    core: Arc<Core>,
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadStatus {
    /// Its id.
    pub uuid: Uuid,
    /// Bytes received.
    pub offset_bytes: u64,
}

/// How a mount went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The blob was known and is linked now.
    Linked(Digest),
    /// It has to be uploaded.
    Open(UploadStatus),
}

impl Uploads {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Opens an upload; the first one creates the repository, private, where the actor may (R2).
    ///
    /// # Errors
    /// The gate's; [`Error::FeatureOff`] where pushes are switched off.
    pub async fn start(&self, actor: &Actor, path: &RepositoryPath) -> Result<UploadStatus> {
        self.start_hashing(actor, path, Algorithm::default()).await
    }

    /// The same, for content that will be named by a digest of this algorithm. One that is finished
    /// with another algorithm is read again then.
    ///
    /// # Errors
    /// As [`Uploads::start`].
    pub async fn start_hashing(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        algorithm: Algorithm,
    ) -> Result<UploadStatus> {
        let repository = self.target(actor, path).await?;
        let uuid = Uuid::now_v7();
        let now = self.core.now();
        let start = Progress {
            offset_bytes: 0,
            hash_state: Hash::new(algorithm).to_text(),
            write_state: self.core.storage.begin().to_json()?,
            expires_at: now.after(self.core.settings.push.upload_life),
        };
        let account = actor.account_id();
        self.core
            .db
            .write_relaxed(async |tx| {
                uploads::insert(tx, &uuid.to_string(), repository, account, &start, now).await
            })
            .await?;
        Ok(UploadStatus {
            uuid,
            offset_bytes: 0,
        })
    }

    /// Links a blob that a readable repository has, or opens an upload: an unknown blob, an unknown
    /// or unreadable source are no errors.
    ///
    /// # Errors
    /// As [`Uploads::start`].
    pub async fn mount(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        digest: &Digest,
        from: Option<&RepositoryPath>,
    ) -> Result<Started> {
        let mut conn = self.core.db.read().await?;
        let source = self.mount_source(&mut conn, actor, digest, from).await?;
        drop(conn);
        let Some(source) = source else {
            let upload = self.start_hashing(actor, path, digest.algorithm()).await?;
            return Ok(Started::Open(upload));
        };
        let keep_until = self.core.now().after(self.core.settings.push.lease);
        let repository = self.target(actor, path).await?;
        let linked = self
            .core
            .db
            .write(async |tx| {
                // Looked up again: the source may have lost it, and then there is nothing to link.
                let Some(found) = blobs::linked(tx, source, digest).await? else {
                    return Ok(false);
                };
                blobs::link(tx, repository, found.blob.id, keep_until).await?;
                Ok(true)
            })
            .await?;
        if linked {
            return Ok(Started::Linked(digest.clone()));
        }
        let upload = self.start_hashing(actor, path, digest.algorithm()).await?;
        Ok(Started::Open(upload))
    }

    /// A repository that has the blob and that the actor may pull from.
    async fn mount_source(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        digest: &Digest,
        from: Option<&RepositoryPath>,
    ) -> Result<Option<RepositoryId>> {
        let readable: Vec<RepositoryId> = if let Some(from) = from {
            match self
                .core
                .gate
                .repository::<repo::Pull>(conn, actor, from)
                .await
            {
                Ok(access) => vec![access.repository.id],
                Err(e) if e.is_fault() => return Err(e),
                Err(_) => Vec::new(),
            }
        } else {
            let holders = blobs::holders(conn, digest, MOUNT_CANDIDATES).await?;
            let readable = self
                .core
                .gate
                .repositories::<repo::Pull>(conn, actor, &holders)
                .await?;
            readable.iter().map(|access| access.repository.id).collect()
        };
        for id in readable {
            if blobs::linked(conn, id, digest).await?.is_some() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Takes a whole blob in one request.
    ///
    /// # Errors
    /// As [`Uploads::start`] and [`Uploads::finish`].
    pub async fn push(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        digest: &Digest,
        body: ByteStream,
    ) -> Result<Digest> {
        let algorithm = digest.algorithm();
        let status = self.start_hashing(actor, path, algorithm).await?;
        self.finish(actor, path, status.uuid, digest, None, body)
            .await
    }

    /// Where an upload stands. Clients ask with a token for reading alone; the id is a secret.
    ///
    /// # Errors
    /// [`Noun::Upload`] not found.
    pub async fn status(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        uuid: Uuid,
    ) -> Result<UploadStatus> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .repository::<repo::Pull>(&mut conn, actor, path)
            .await?;
        let upload = self.open(&mut conn, access.repository.id, uuid).await?;
        Ok(UploadStatus {
            uuid,
            offset_bytes: offset(&upload),
        })
    }

    /// Takes a chunk; `from` is where the client believes the upload to stand.
    ///
    /// # Errors
    /// [`Error::UploadOffset`] for a chunk out of order, [`Error::UploadBusy`] while another request
    /// writes; both leave the upload usable. [`Error::TooLarge`] ends it.
    pub async fn append(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        uuid: Uuid,
        from: Option<u64>,
        body: ByteStream,
    ) -> Result<UploadStatus> {
        let lease = self.lease(actor, path, uuid, from).await?;
        let offset_bytes = in_task(lease.append(body)).await?;
        Ok(UploadStatus { uuid, offset_bytes })
    }

    /// Takes the last chunk, which may be empty, checks the digest and makes the blob.
    ///
    /// # Errors
    /// Those of [`Uploads::append`]; [`Error::DigestMismatch`], which ends the upload.
    pub async fn finish(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        uuid: Uuid,
        digest: &Digest,
        from: Option<u64>,
        body: ByteStream,
    ) -> Result<Digest> {
        let lease = self.lease(actor, path, uuid, from).await?;
        in_task(lease.commit(body, digest.clone())).await?;
        Ok(digest.clone())
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// [`Error::UploadBusy`] while a request writes to it.
    pub async fn cancel(&self, actor: &Actor, path: &RepositoryPath, uuid: Uuid) -> Result<()> {
        let lease = self.lease(actor, path, uuid, None).await?;
        in_task(lease.end(UploadState::Cancelled)).await
    }

    /// Removes what uploads past their time have left; for the sweep.
    pub(crate) async fn sweep(&self) -> Result<usize> {
        /// Uploads in one round.
        const BATCH: i64 = 100;
        let now = self.core.now();
        let expired = uploads::expired(&mut self.core.db.read().await?, now, BATCH).await?;
        let count = expired.len();
        for upload in expired {
            match self
                .lease_row(upload.id, upload.repository_id, &upload.uuid, None, true)
                .await
            {
                Ok(lease) => lease.end(UploadState::Expired).await?,
                Err(Error::UploadBusy | Error::NotFound { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        self.core
            .db
            .write_alone(async |tx| uploads::delete_ended(tx, now).await)
            .await?;
        Ok(count)
    }

    /// The repository that a push goes to, created when it is absent and the actor may.
    pub(crate) async fn target(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
    ) -> Result<RepositoryId> {
        for _ in 0..CREATION_ATTEMPTS_MAX {
            if let Some(id) = self.existing_target(actor, path).await? {
                return Ok(id);
            }
            let created = self
                .core
                .db
                .write(async |tx| self.create_target(tx, actor, path).await)
                .await;
            match created {
                Ok(id) => return Ok(id),
                // A parallel push was faster; what it made is ours to look at.
                Err(Error::AlreadyExists { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Err(Error::conflict(format!(
            "`{path}` cannot be created: its namespace is being deleted, or others create it at this moment"
        )))
    }

    /// The repository that a push goes to; `None` when it is absent and the actor may create it.
    pub(crate) async fn existing_target(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
    ) -> Result<Option<RepositoryId>> {
        if self.core.settings.push.disabled {
            return Err(Error::FeatureOff {
                message: "pushes are switched off (`DISABLE_PUSHES`)".into(),
            });
        }
        self.core.check_depth(path)?;
        let mut conn = self.core.db.read().await?;
        let found = self
            .core
            .gate
            .repository_or_creatable::<repo::Push>(&mut conn, actor, path, true)
            .await?;
        Ok(match found {
            Found::Existing(access) => Some(access.repository.id),
            Found::Creatable(_) | Found::NamespaceCreatable(_) => None,
        })
    }

    /// Makes the repository of a first push, and before it the namespace where that is allowed.
    async fn create_target(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        path: &RepositoryPath,
    ) -> Result<RepositoryId> {
        let gate = &self.core.gate;
        let mut found = gate
            .repository_or_creatable::<repo::Push>(tx, actor, path, true)
            .await?;
        if let Found::NamespaceCreatable(access) = &found {
            create_organization(&self.core, tx, actor, access, &path.namespace, None).await?;
            found = gate
                .repository_or_creatable::<repo::Push>(tx, actor, path, true)
                .await?;
        }
        match found {
            Found::Existing(access) => Ok(access.repository.id),
            Found::Creatable(namespace) => {
                let visibility = if self.core.settings.push.private_on_push {
                    Visibility::Private
                } else {
                    Visibility::Public
                };
                create_repository(
                    &self.core, tx, actor, &namespace, &path.name, visibility, "",
                )
                .await
            }
            Found::NamespaceCreatable(_) => Err(Error::internal(
                "a namespace is absent in the transaction that made it",
            )),
        }
    }

    async fn open(&self, conn: &mut Conn, repository: RepositoryId, uuid: Uuid) -> Result<Upload> {
        uploads::open(conn, repository, &uuid.to_string(), self.core.now())
            .await?
            .ok_or_else(|| Error::not_found(Noun::Upload, uuid))
    }

    async fn lease(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        uuid: Uuid,
        from: Option<u64>,
    ) -> Result<Lease> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .repository::<repo::Push>(&mut conn, actor, path)
            .await?;
        let upload = self.open(&mut conn, access.repository.id, uuid).await?;
        drop(conn);
        self.lease_row(upload.id, upload.repository_id, &upload.uuid, from, false)
            .await
    }

    /// Takes the lease and reads the row under it.
    async fn lease_row(
        &self,
        id: UploadId,
        repository: RepositoryId,
        uuid: &str,
        from: Option<u64>,
        even_expired: bool,
    ) -> Result<Lease> {
        let holder = Uuid::new_v4().to_string();
        let now = self.core.now();
        // The sweep looks at uploads that are past their time.
        let as_of = if even_expired {
            berth_domain::Timestamp(0)
        } else {
            now
        };
        let upload = self
            .core
            .db
            .write_relaxed(async |tx| {
                if !uploads::lease(tx, id, &holder, now, now.after(LEASE)).await? {
                    // Either another request holds it, or it has ended meanwhile.
                    return Err(match uploads::open(tx, repository, uuid, as_of).await? {
                        Some(_) => Error::UploadBusy,
                        None => Error::not_found(Noun::Upload, uuid),
                    });
                }
                let upload = uploads::open(tx, repository, uuid, as_of)
                    .await?
                    .ok_or_else(|| Error::not_found(Noun::Upload, uuid))?;
                match from {
                    Some(from) if from != offset(&upload) => Err(Error::UploadOffset {
                        offset_bytes: offset(&upload),
                    }),
                    _ => Ok(upload),
                }
            })
            .await?;
        let write = Write::from_json(&upload.write_state)?;
        let hash = Hash::from_text(&upload.hash_state);
        Ok(Lease::new(
            Arc::clone(&self.core),
            holder,
            upload,
            write,
            hash,
            now,
        ))
    }
}

/// Runs a transfer to its end even when the request that began it is dropped.
async fn in_task<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.map_err(Error::internal)?
}

fn offset(upload: &Upload) -> u64 {
    u64::try_from(upload.offset_bytes).unwrap_or(0)
}

/// An empty body, for requests that only finish or cancel.
pub fn empty_body() -> ByteStream {
    futures::stream::empty().boxed()
}
