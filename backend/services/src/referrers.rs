//! What refers to a manifest: signatures, SBOMs, attestations (C4, OCI distribution-spec, referrers).

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_domain::{
    Descriptor, Digest, Error, Manifest, ManifestKind, Noun, Page, PageRequest, RepositoryId,
    RepositoryPath, Result, TagName,
};
use berth_store::Conn;
use berth_store::manifests::{self, ManifestRow};

use crate::access::repo;
use crate::actor::Actor;
use crate::core::Core;
use crate::manifests::ManifestView;

/// Digits of a digest in a fallback tag.
const FALLBACK_HEX_LEN: usize = 64;

/// Listing referrers.
#[derive(Clone)]
pub struct Referrers {
    core: Arc<Core>,
}

/// A manifest about another one, as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Its address.
    pub digest: Digest,
    /// Its type.
    pub media_type: String,
    /// Size of its bytes.
    pub size_bytes: u64,
    /// What it is.
    pub artifact_type: Option<String>,
    /// Free text pairs, long ones left out.
    pub annotations: BTreeMap<String, String>,
}

impl From<ManifestRow> for Referrer {
    fn from(row: ManifestRow) -> Self {
        Self {
            digest: row.digest,
            media_type: row.media_type.to_string(),
            size_bytes: u64::try_from(row.size_bytes).unwrap_or(0),
            artifact_type: row.artifact_type,
            annotations: serde_json::from_str(&row.annotations).unwrap_or_default(),
        }
    }
}

impl From<Descriptor> for Referrer {
    fn from(descriptor: Descriptor) -> Self {
        Self {
            digest: descriptor.digest,
            media_type: descriptor.media_type.to_string(),
            size_bytes: descriptor.size,
            artifact_type: descriptor.artifact_type,
            annotations: descriptor.annotations.unwrap_or_default(),
        }
    }
}

impl Referrers {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// What refers to a digest, by digest; a subject that nobody pushed has its referrers too. The
    /// first page holds what old clients put under the fallback tag as well.
    ///
    /// # Errors
    /// The gate's; [`Error::FeatureOff`] where the API is switched off, so that clients fall back.
    pub async fn list(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        subject: &Digest,
        artifact_type: Option<&str>,
        page: &PageRequest<Digest>,
    ) -> Result<Page<Referrer>> {
        let mut conn = self.core.db.read().await?;
        let gate = &self.core.gate;
        let access = match gate.repository::<repo::Pull>(&mut conn, actor, path).await {
            Ok(access) => access,
            // Whoever may know that nothing was pushed here yet gets an empty list (the specification
            // has no 404 for a registry with this API).
            Err(Error::NotFound {
                noun: Noun::Repository,
                ..
            }) if self.core.settings.push.referrers => {
                return Ok(page.page(Vec::new()));
            }
            Err(e) => return Err(e),
        };
        if !self.core.settings.push.referrers {
            return Err(Error::FeatureOff {
                message: "the referrers API is switched off (`FEATURE_REFERRERS_API`)".into(),
            });
        }
        let repository = access.repository.id;
        let rows = manifests::referrers(
            &mut conn,
            repository,
            subject,
            artifact_type,
            page.after.as_ref(),
            page.fetch(),
        )
        .await?;
        let mut found = page.page(rows).map(Referrer::from);
        if page.after.is_none() {
            let fallback = self.fallback(&mut conn, repository, subject).await?;
            let wanted = fallback.into_iter().map(Referrer::from).filter(|referrer| {
                artifact_type.is_none_or(|kind| referrer.artifact_type.as_deref() == Some(kind))
            });
            for referrer in wanted {
                if !found
                    .items
                    .iter()
                    .any(|known| known.digest == referrer.digest)
                {
                    found.items.push(referrer);
                }
            }
        }
        Ok(found)
    }

    /// Referrers of a manifest as a console lists them.
    ///
    /// # Errors
    /// The gate's.
    pub async fn views(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        subject: &Digest,
        artifact_type: Option<&str>,
        page: &PageRequest<Digest>,
    ) -> Result<Page<ManifestView>> {
        let mut conn = self.core.db.read().await?;
        self.core
            .gate
            .repository_by_id::<repo::Pull>(&mut conn, actor, repository)
            .await?;
        let after = page.after.as_ref();
        let rows = manifests::referrers(
            &mut conn,
            repository,
            subject,
            artifact_type,
            after,
            page.fetch(),
        )
        .await?;
        Ok(page.page(rows).map(ManifestView::new))
    }

    /// Descriptors of the index under `<algorithm>-<hex>`, when there is one. Clients cut the
    /// hexadecimal part to what a tag holds (OCI distribution-spec, referrers tag schema).
    async fn fallback(
        &self,
        conn: &mut Conn,
        repository: RepositoryId,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>> {
        let hex: String = subject.hex().chars().take(FALLBACK_HEX_LEN).collect();
        let name = format!("{}-{hex}", subject.algorithm());
        let Ok(tag) = name.parse::<TagName>() else {
            return Ok(Vec::new());
        };
        let Some(row) = manifests::by_tag(conn, repository, &tag, self.core.now()).await? else {
            return Ok(Vec::new());
        };
        let body = manifests::body(conn, row.id).await?;
        let index = Manifest::parse(&body, Some(row.media_type.as_str()))?;
        Ok(if index.kind == ManifestKind::Index {
            index.children
        } else {
            Vec::new()
        })
    }
}
