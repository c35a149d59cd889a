//! Manifests as a console shows them: read in batches, each behind the gate.

use std::collections::HashMap;

use berth_domain::manifest::ImageConfig;
use berth_domain::{
    Digest, Error, Manifest, ManifestId, ManifestKind, Noun, Platform, RepositoryId, Result,
    TagName,
};
use berth_store::manifests::{self, Child, ManifestRow};
use berth_store::{Conn, tags};
use bytes::Bytes;

use super::{Manifests, kind};
use crate::access::repo;
use crate::actor::Actor;

/// A manifest without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestView {
    /// Its facts.
    pub row: ManifestRow,
    /// Image or index.
    pub kind: ManifestKind,
}

impl ManifestView {
    pub(crate) fn new(row: ManifestRow) -> Self {
        Self {
            kind: kind(&row),
            row,
        }
    }

    /// True for a container image; other manifests of that shape are artifacts.
    pub fn is_image(&self) -> bool {
        self.kind == ManifestKind::Image && self.row.architecture.is_some()
            || self.row.artifact_type.as_deref().is_some_and(|text| {
                text.parse()
                    .is_ok_and(|media: berth_domain::MediaType| media.is_image_config())
            })
    }
}

/// A child of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexChild {
    /// Its address.
    pub digest: Digest,
    /// Its row; none while it was not pushed.
    pub id: Option<ManifestId>,
    /// What it runs on.
    pub platform: Option<Platform>,
}

impl From<Child> for IndexChild {
    fn from(child: Child) -> Self {
        let platform = child
            .os
            .zip(child.architecture)
            .map(|(os, architecture)| Platform {
                os,
                architecture,
                variant: child.variant,
            });
        Self {
            digest: child.digest,
            id: child.child_id,
            platform,
        }
    }
}

impl Manifests {
    /// Those of many manifests that the actor may see, in no order.
    pub async fn views(&self, actor: &Actor, ids: &[ManifestId]) -> Result<Vec<ManifestView>> {
        let mut conn = self.core.db.read().await?;
        let rows = self.readable(&mut conn, actor, ids).await?;
        Ok(rows.into_iter().map(ManifestView::new).collect())
    }

    async fn readable(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[ManifestId],
    ) -> Result<Vec<ManifestRow>> {
        let rows = manifests::by_ids(conn, ids).await?;
        let mut repositories: Vec<RepositoryId> =
            rows.iter().map(|row| row.repository_id).collect();
        repositories.sort_unstable();
        repositories.dedup();
        let readable = self
            .core
            .gate
            .repositories::<repo::Pull>(conn, actor, &repositories)
            .await?;
        Ok(rows
            .into_iter()
            .filter(|row| {
                readable
                    .iter()
                    .any(|access| access.repository.id == row.repository_id)
            })
            .collect())
    }

    /// A manifest of a repository by digest; `None` when it is not there.
    pub async fn view(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<Option<ManifestView>> {
        let mut conn = self.core.db.read().await?;
        self.core
            .gate
            .repository_by_id::<repo::Pull>(&mut conn, actor, repository)
            .await?;
        Ok(manifests::by_digest(&mut conn, repository, digest)
            .await?
            .map(ManifestView::new))
    }

    /// Children of many indexes, in order.
    pub async fn children_of(
        &self,
        actor: &Actor,
        parents: &[ManifestId],
    ) -> Result<HashMap<ManifestId, Vec<IndexChild>>> {
        let mut conn = self.core.db.read().await?;
        let readable: Vec<ManifestId> = self
            .readable(&mut conn, actor, parents)
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect();
        let mut found: HashMap<ManifestId, Vec<IndexChild>> = HashMap::new();
        for child in manifests::children(&mut conn, &readable).await? {
            found.entry(child.parent_id).or_default().push(child.into());
        }
        Ok(found)
    }

    /// Names of the live tags on many manifests.
    pub async fn tags_on(
        &self,
        actor: &Actor,
        ids: &[ManifestId],
    ) -> Result<HashMap<ManifestId, Vec<TagName>>> {
        let mut conn = self.core.db.read().await?;
        let readable: Vec<ManifestId> = self
            .readable(&mut conn, actor, ids)
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect();
        let mut found: HashMap<ManifestId, Vec<TagName>> = HashMap::new();
        for tag in tags::of_manifests(&mut conn, &readable, self.core.now()).await? {
            found.entry(tag.manifest_id).or_default().push(tag.name);
        }
        Ok(found)
    }

    /// A manifest's bytes, and what they say.
    ///
    /// # Errors
    /// Not found, for a manifest that the actor may not see as well.
    pub async fn document(&self, actor: &Actor, id: ManifestId) -> Result<(Bytes, Manifest)> {
        let mut conn = self.core.db.read().await?;
        let row = self
            .readable(&mut conn, actor, &[id])
            .await?
            .pop()
            .ok_or(Error::Hidden(Noun::Manifest))?;
        let bytes = self.body(&mut conn, id).await?;
        let manifest = Manifest::parse(&bytes, Some(row.media_type.as_str()))?;
        Ok((bytes, manifest))
    }

    /// An image's configuration; `None` when it is no image or cannot be read.
    pub async fn image_config(&self, actor: &Actor, id: ManifestId) -> Result<Option<ImageConfig>> {
        let (_, manifest) = self.document(actor, id).await?;
        let Some(config) = manifest
            .config
            .filter(|config| config.media_type.is_image_config())
        else {
            return Ok(None);
        };
        let repository = {
            let mut conn = self.core.db.read().await?;
            manifests::by_ids(&mut conn, &[id])
                .await?
                .pop()
                .map(|row| row.repository_id)
        };
        let Some(repository) = repository else {
            return Ok(None);
        };
        let bytes = self.small_blob(repository, &config.digest).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}
