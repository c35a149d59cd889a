//! Pushing a manifest: everything that can be known is known before the one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use berth_domain::manifest::ImageConfig;
use berth_domain::{
    Algorithm, Digest, Error, Event, Invalid, Manifest, ManifestId, ManifestKind, MediaType,
    Platform, Reference, RepositoryId, RepositoryPath, Result, TagName,
};
use berth_store::manifests::{self, Child, ManifestRow, NewManifest};
use berth_store::{Tx, blobs, repositories, tags};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::{Manifests, subject};
use crate::access::repo;
use crate::actor::Actor;
use crate::blobs::empty_layer;

/// Annotations in a referrers listing are cut to this; the manifest's bytes keep all of them.
const ANNOTATIONS_BYTES_MAX: usize = 32 * 1024;
/// Tags that one push by digest may set; a push moves each of them in its transaction.
const TAGS_MAX: usize = 100;
/// A tag that is fought over is tried this often.
const TAG_ATTEMPTS_MAX: u32 = 8;

/// A manifest that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Its address.
    pub digest: Digest,
    /// What it is about; the answer names it, so that clients leave the fallback tag alone.
    pub subject: Option<Digest>,
}

impl Manifests {
    /// Takes a manifest under a tag or its digest.
    ///
    /// # Errors
    /// The gate's; bytes that do not parse or do not have the digest; a blob or child that is not
    /// in this repository.
    pub async fn push(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        reference: &Reference,
        content_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<Pushed> {
        match reference {
            Reference::Digest(digest) => {
                let none = BTreeSet::new();
                self.push_tagged(actor, path, digest, &none, content_type, bytes)
                    .await
            }
            Reference::Tag(tag) => {
                let tags = BTreeSet::from([tag.clone()]);
                self.take(actor, path, None, &tags, content_type, bytes)
                    .await
            }
        }
    }

    /// Takes a manifest under its digest and any number of tags at once: all of them, or none.
    ///
    /// # Errors
    /// As [`Manifests::push`]; more than [`TAGS_MAX`] tags.
    pub async fn push_tagged(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        digest: &Digest,
        tags: &BTreeSet<TagName>,
        content_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<Pushed> {
        if tags.len() > TAGS_MAX {
            return Err(Error::invalid(
                Invalid::TagName,
                format!("a push sets at most {TAGS_MAX} tags"),
            ));
        }
        self.take(actor, path, Some(digest), tags, content_type, bytes)
            .await
    }

    async fn take(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        expected: Option<&Digest>,
        tags: &BTreeSet<TagName>,
        content_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<Pushed> {
        let existing = self.uploads.existing_target(actor, path).await?;
        let manifest = Manifest::parse(&bytes, content_type)?;
        let algorithm = expected.map_or(Algorithm::default(), Digest::algorithm);
        let digest = Digest::by(algorithm, &bytes);
        if let Some(expected) = expected.filter(|expected| **expected != digest) {
            return Err(Error::DigestMismatch {
                expected: expected.clone(),
                actual: digest,
            });
        }
        let repository = match (existing, self.needed(&manifest)) {
            (Some(repository), _) => repository,
            // What is not here cannot be in a repository that is not here either, so none is made.
            (None, Some(digest)) => {
                return Err(Error::ManifestBlobUnknown {
                    digest: digest.clone(),
                });
            }
            (None, None) => self.uploads.target(actor, path).await?,
        };
        self.bring_empty_layer(actor, path, repository, &manifest)
            .await?;
        let platform = self.platform(repository, &manifest).await?;
        let annotations = bounded(&manifest.annotations)?;
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository::<repo::Push>(tx, actor, path)
                    .await?;
                // The one of that name now: a deletion may have put another in the place of the one above.
                let repository = access.repository.id;
                let now = self.core.now();
                let named = named_blobs(tx, repository, &manifest).await?;
                let (children, children_bytes) = self.children(tx, repository, &manifest).await?;
                let new = NewManifest {
                    repository_id: repository,
                    digest: &digest,
                    media_type: &manifest.media_type,
                    artifact_type: manifest.effective_artifact_type(),
                    subject_digest: manifest.subject.as_ref().map(|subject| &subject.digest),
                    body: &bytes,
                    size_bytes: i64::try_from(bytes.len()).map_err(Error::internal)?,
                    content_bytes: i64::try_from(manifest.content_bytes())
                        .unwrap_or(i64::MAX)
                        .saturating_add(children_bytes),
                    annotations: &annotations,
                    os: platform.as_ref().map(|platform| platform.os.as_str()),
                    architecture: platform
                        .as_ref()
                        .map(|platform| platform.architecture.as_str()),
                    variant: platform
                        .as_ref()
                        .and_then(|platform| platform.variant.as_deref()),
                    keep_until: Some(now.after(self.core.settings.push.lease)),
                    created_at: now,
                };
                let (id, is_new) = manifests::insert(tx, &new).await?;
                if is_new {
                    manifests::insert_blobs(tx, repository, id, &named).await?;
                    let children: Vec<Child> = children
                        .iter()
                        .map(|child| Child {
                            parent_id: id,
                            ..child.clone()
                        })
                        .collect();
                    manifests::insert_children(tx, &children).await?;
                    if self.core.settings.push.sparse_index {
                        manifests::adopt(tx, repository, &digest, id).await?;
                    }
                }
                if !tags.is_empty() {
                    repositories::set_last_pushed(tx, repository, now).await?;
                }
                // In one order, so that two pushes wait for each other and do not lock each other out.
                for tag in tags {
                    let previous = self.move_tag(tx, repository, tag, id).await?;
                    let event = Event::TagPushed {
                        repository: path.clone(),
                        tag: tag.clone(),
                        digest: digest.clone(),
                        previous,
                        media_type: manifest.media_type.to_string(),
                    };
                    self.core
                        .journal
                        .record(tx, actor, subject(&access), &event)
                        .await?;
                }
                Ok(())
            })
            .await?;
        Ok(Pushed {
            digest,
            subject: manifest.subject.map(|subject| subject.digest),
        })
    }

    /// Ends the live lifetime of a name and starts the next one at the same instant.
    async fn move_tag(
        &self,
        tx: &mut Tx,
        repository: RepositoryId,
        tag: &TagName,
        manifest: ManifestId,
    ) -> Result<Option<Digest>> {
        let now = self.core.now();
        let window = self.core.settings.push.time_machine;
        let mut previous = None;
        for _ in 0..TAG_ATTEMPTS_MAX {
            if let Some((open, digest)) = tags::open_by_name(tx, repository, tag).await? {
                if tags::end(tx, &[open.id], now, window).await? == 0 {
                    continue;
                }
                previous = Some(digest);
            }
            if tags::start(tx, repository, tag, manifest, false, now)
                .await?
                .is_some()
            {
                return Ok(previous);
            }
        }
        Err(Error::conflict(format!(
            "tag `{tag}` is being moved by many pushes at once; try again"
        )))
    }

    /// Something that must be in the repository before this manifest.
    fn needed<'a>(&self, manifest: &'a Manifest) -> Option<&'a Digest> {
        let children = manifest.children.iter();
        manifest
            .required_blobs()
            .chain(children.filter(|_| !self.core.settings.push.sparse_index))
            .map(|named| &named.digest)
            .next()
    }

    /// Links the empty layer where a manifest names it: clients have been told that it is here.
    async fn bring_empty_layer(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        repository: RepositoryId,
        manifest: &Manifest,
    ) -> Result<()> {
        let named = manifest
            .required_blobs()
            .find_map(|blob| Some((&blob.digest, empty_layer(&blob.digest)?)));
        let Some((digest, bytes)) = named else {
            return Ok(());
        };
        let mut conn = self.core.db.read().await?;
        let linked = blobs::linked(&mut conn, repository, digest).await?;
        drop(conn);
        if linked.is_none() {
            let body = futures::stream::once(async move { Ok(bytes) }).boxed();
            self.uploads.push(actor, path, digest, body).await?;
        }
        Ok(())
    }

    /// What an image runs on, from its configuration; nothing when that cannot be read.
    ///
    /// # Errors
    /// A Docker image whose configuration is no JSON object: no client of theirs could run it.
    async fn platform(
        &self,
        repository: RepositoryId,
        manifest: &Manifest,
    ) -> Result<Option<Platform>> {
        let Some(config) = manifest
            .config
            .as_ref()
            .filter(|c| c.media_type.is_image_config())
        else {
            return Ok(None);
        };
        if config.size > ImageConfig::SIZE_BYTES_MAX {
            return Ok(None);
        }
        let bytes = self.small_blob(repository, &config.digest).await?;
        if manifest.media_type.as_str() == MediaType::DOCKER_MANIFEST
            && let Some(bytes) = &bytes
            && let Err(e) = serde_json::from_slice::<serde_json::Map<String, Value>>(bytes)
        {
            return Err(Error::invalid(
                Invalid::Manifest,
                format!("the configuration `{}` does not parse: {e}", config.digest),
            ));
        }
        Ok(bytes.and_then(|bytes| {
            serde_json::from_slice::<ImageConfig>(&bytes)
                .ok()?
                .platform()
        }))
    }

    /// A blob that is read whole, when it is here and no larger than a configuration may be.
    pub(super) async fn small_blob(
        &self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<Option<Bytes>> {
        let mut conn = self.core.db.read().await?;
        let Some(linked) = blobs::linked(&mut conn, repository, digest).await? else {
            return Ok(None);
        };
        drop(conn);
        if u64::try_from(linked.blob.size_bytes).unwrap_or(u64::MAX) > ImageConfig::SIZE_BYTES_MAX {
            return Ok(None);
        }
        let Some(stream) = self.core.storage.read(&linked.blob.key, None).await? else {
            return Ok(None);
        };
        let bytes = stream
            .try_fold(BytesMut::new(), async |mut all, chunk| {
                all.extend_from_slice(&chunk);
                Ok(all)
            })
            .await?;
        Ok(Some(bytes.freeze()))
    }

    /// The children of an index as rows without a parent, and the bytes of what they name.
    async fn children(
        &self,
        tx: &mut Tx,
        repository: RepositoryId,
        manifest: &Manifest,
    ) -> Result<(Vec<Child>, i64)> {
        if manifest.kind != ManifestKind::Index {
            return Ok((Vec::new(), 0));
        }
        let digests: Vec<Digest> = manifest
            .children
            .iter()
            .map(|child| child.digest.clone())
            .collect();
        let present: HashMap<Digest, _> = manifests::by_digests(tx, repository, &digests)
            .await?
            .into_iter()
            .map(|row| (row.digest.clone(), row))
            .collect();
        let mut rows = Vec::with_capacity(digests.len());
        for (child, position) in manifest.children.iter().zip(0_i64..) {
            let row = present.get(&child.digest);
            match row {
                None if !self.core.settings.push.sparse_index => {
                    return Err(Error::ManifestBlobUnknown {
                        digest: child.digest.clone(),
                    });
                }
                Some(row) if u64::try_from(row.size_bytes) != Ok(child.size) => {
                    return Err(size_differs(&child.digest, child.size, row.size_bytes));
                }
                _ => {}
            }
            let platform = child
                .platform
                .clone()
                .or_else(|| row.and_then(ManifestRow::platform));
            rows.push(Child {
                parent_id: ManifestId(0),
                position,
                digest: child.digest.clone(),
                child_id: row.map(|row| row.id),
                os: platform
                    .as_ref()
                    .map(|p| p.os.clone())
                    .filter(|text| !text.is_empty()),
                architecture: platform
                    .as_ref()
                    .map(|p| p.architecture.clone())
                    .filter(|text| !text.is_empty()),
                variant: platform.and_then(|p| p.variant),
            });
        }
        let bytes = present
            .values()
            .fold(0_i64, |sum, row| sum.saturating_add(row.content_bytes));
        Ok((rows, bytes))
    }
}

/// The rows of configuration and layers, in order; each must be linked to the repository.
async fn named_blobs(
    tx: &mut Tx,
    repository: RepositoryId,
    manifest: &Manifest,
) -> Result<Vec<(berth_domain::BlobId, &'static str)>> {
    let digests: Vec<Digest> = manifest
        .config
        .iter()
        .chain(&manifest.layers)
        .map(|d| d.digest.clone())
        .collect();
    let linked: HashMap<Digest, blobs::Blob> = blobs::linked_many(tx, repository, &digests)
        .await?
        .into_iter()
        .map(|blob| (blob.digest.clone(), blob))
        .collect();
    if let Some(missing) = manifest
        .required_blobs()
        .find(|blob| !linked.contains_key(&blob.digest))
    {
        return Err(Error::ManifestBlobUnknown {
            digest: missing.digest.clone(),
        });
    }
    if let Some(config) = &manifest.config
        && let Some(blob) = linked.get(&config.digest)
        && u64::try_from(blob.size_bytes) != Ok(config.size)
    {
        return Err(size_differs(&config.digest, config.size, blob.size_bytes));
    }
    let config = manifest.config.iter().map(|config| (config, "config"));
    let layers = manifest.layers.iter().map(|layer| (layer, "layer"));
    Ok(config
        .chain(layers)
        .filter_map(|(named, role)| linked.get(&named.digest).map(|blob| (blob.id, role)))
        .collect())
}

fn size_differs(digest: &Digest, written: u64, actual: i64) -> Error {
    Error::invalid(
        Invalid::Manifest,
        format!("the manifest says that `{digest}` has {written} bytes, but it has {actual}"),
    )
}

/// Annotations as a column holds them: the shortest ones first, as many as fit.
fn bounded(annotations: &BTreeMap<String, String>) -> Result<String> {
    let mut pairs: Vec<_> = annotations.iter().collect();
    pairs.sort_by_key(|(key, value)| key.len() + value.len());
    let mut used = 0;
    let kept: BTreeMap<_, _> = pairs
        .into_iter()
        .take_while(|(key, value)| {
            used += key.len() + value.len();
            used <= ANNOTATIONS_BYTES_MAX
        })
        .collect();
    serde_json::to_string(&kept).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_that_do_not_fit_are_left_out_of_the_column() {
        let long = "x".repeat(ANNOTATIONS_BYTES_MAX);
        let all = BTreeMap::from([("a".to_owned(), long), ("b".to_owned(), "short".to_owned())]);
        assert_eq!(bounded(&all).unwrap(), r#"{"b":"short"}"#);
    }
}
