//! Manifests: images, indexes and everything else in their shape.

#![expect(
    clippy::duplicated_attributes,
    reason = "the fields of an interface name their types and arguments, again and again"
)]

use std::collections::BTreeMap;

use async_graphql::{Context, ID, Interface, Object, Result};
use berth_domain::{Descriptor, ManifestKind, PageRequest};
use berth_services::manifests::{IndexChild as ChildRow, ManifestView};

use super::artifact::{ImageConfig, KeyValue, Layer, Platform, layers, pairs};
use crate::connection::{self, connection};
use crate::context::Asks;
use crate::error::gql;
use crate::ids::GlobalId;
use crate::loaders::{Children, TagsOn, load};
use crate::scalars::{BigInt, DateTime, Digest};

/// What a tag or a digest names: an image, an index, or another artifact.
#[derive(Interface, Clone)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Opaque and stable, for `node`."),
    field(name = "digest", ty = "Digest", desc = "Its content address."),
    field(
        name = "media_type",
        ty = "String",
        desc = "The type it is served with."
    ),
    field(
        name = "artifact_type",
        ty = "Option<String>",
        desc = "What the artifact is: `artifactType`, else the type of its configuration."
    ),
    field(
        name = "size_bytes",
        ty = "BigInt",
        desc = "Size of the manifest itself."
    ),
    field(
        name = "content_bytes",
        ty = "BigInt",
        desc = "Sum of what it names: configuration and layers, over all children for an index."
    ),
    field(
        name = "annotations",
        ty = "Vec<KeyValue>",
        desc = "Free text pairs; very long ones are in `raw` alone."
    ),
    field(name = "raw", ty = "String", desc = "The exact bytes as text."),
    field(
        name = "subject",
        ty = "Option<Digest>",
        desc = "What this manifest is about."
    ),
    field(
        name = "referrers",
        ty = "ManifestConnection",
        desc = "Manifests about this one: signatures, SBOMs, attestations.",
        arg(
            name = "first",
            ty = "Option<i32>",
            desc = "Rows of the page, 1 to 100; 20 when left out."
        ),
        arg(
            name = "after",
            ty = "Option<String>",
            desc = "A cursor of this list: rows behind it follow."
        ),
        arg(
            name = "artifact_type",
            ty = "Option<String>",
            desc = "Only of this type."
        )
    ),
    field(
        name = "tags",
        ty = "Vec<String>",
        desc = "Live tags that point to it."
    ),
    field(
        name = "created_at",
        ty = "DateTime",
        desc = "When it was first pushed here."
    )
)]
pub(crate) enum Manifest {
    Image(ImageManifest),
    Index(ImageIndex),
    Artifact(ArtifactManifest),
}

impl From<ManifestView> for Manifest {
    fn from(view: ManifestView) -> Self {
        match view.kind {
            ManifestKind::Index => Self::Index(ImageIndex(view)),
            ManifestKind::Image if view.is_image() => Self::Image(ImageManifest(view)),
            ManifestKind::Image => Self::Artifact(ArtifactManifest(view)),
        }
    }
}

/// A container image.
#[derive(Clone)]
pub(crate) struct ImageManifest(ManifestView);

/// A list of manifests.
#[derive(Clone)]
pub(crate) struct ImageIndex(ManifestView);

/// Anything else in OCI form.
#[derive(Clone)]
pub(crate) struct ArtifactManifest(ManifestView);

fn bytes(number: i64) -> BigInt {
    BigInt(u64::try_from(number).unwrap_or(0))
}

/// The resolvers of a kind of manifest: what all share, and its own.
macro_rules! manifest {
    ($(#[$doc:meta])* $type:ident, { $($own:tt)* }) => {
        $(#[$doc])*
        #[Object]
        impl $type {
            /// Opaque and stable, for `node`.
            pub(crate) async fn id(&self) -> ID {
                GlobalId::Manifest(self.0.row.id).encode()
            }

            /// Its content address.
            pub(crate) async fn digest(&self) -> Digest {
                Digest(self.0.row.digest.clone())
            }

            /// The type it is served with.
            pub(crate) async fn media_type(&self) -> String {
                self.0.row.media_type.to_string()
            }

            /// What the artifact is: `artifactType`, else the type of its configuration.
            pub(crate) async fn artifact_type(&self) -> Option<String> {
                self.0.row.artifact_type.clone()
            }

            /// Size of the manifest itself.
            pub(crate) async fn size_bytes(&self) -> BigInt {
                bytes(self.0.row.size_bytes)
            }

            /// Sum of what it names: configuration and layers, over all children for an index.
            pub(crate) async fn content_bytes(&self) -> BigInt {
                bytes(self.0.row.content_bytes)
            }

            /// Free text pairs; very long ones are in `raw` alone.
            pub(crate) async fn annotations(&self) -> Vec<KeyValue> {
                let map: BTreeMap<String, String> =
                    serde_json::from_str(&self.0.row.annotations).unwrap_or_default();
                pairs(map)
            }

            /// The exact bytes as text.
            pub(crate) async fn raw(&self, ctx: &Context<'_>) -> Result<String> {
                let manifests = &ctx.services().manifests;
                let (bytes, _) = manifests.document(&ctx.actor(), self.0.row.id).await.map_err(gql)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }

            /// What this manifest is about.
            pub(crate) async fn subject(&self) -> Option<Digest> {
                self.0.row.subject_digest.clone().map(Digest)
            }

            /// Manifests about this one: signatures, SBOMs, attestations.
            pub(crate) async fn referrers(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
                #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
                #[graphql(desc = "Only of this type.")] artifact_type: Option<String>,
            ) -> Result<ManifestConnection> {
                referrers(ctx, &self.0, first, after, artifact_type).await
            }

            /// Live tags that point to it.
            pub(crate) async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
                let names = load(ctx.loader(), TagsOn(self.0.row.id)).await?.unwrap_or_default();
                Ok(names.into_iter().map(|name| name.to_string()).collect())
            }

            /// When it was first pushed here.
            pub(crate) async fn created_at(&self) -> DateTime {
                self.0.row.created_at.into()
            }

            $($own)*
        }
    };
}

manifest! {
    /// A container image.
    ImageManifest, {
        /// What it runs on; null when its configuration does not say.
        async fn platform(&self) -> Option<Platform> {
            self.0.row.platform().map(Into::into)
        }

        /// How it was built and how it starts; null when it cannot be read.
        async fn config(&self, ctx: &Context<'_>) -> Result<Option<ImageConfig>> {
            let manifests = &ctx.services().manifests;
            let config = manifests.image_config(&ctx.actor(), self.0.row.id).await.map_err(gql)?;
            Ok(config.map(Into::into))
        }

        /// Its layers, the lowest first.
        async fn layers(&self, ctx: &Context<'_>) -> Result<Vec<Layer>> {
            let (manifests, actor) = (&ctx.services().manifests, ctx.actor());
            let (_, document) = manifests.document(&actor, self.0.row.id).await.map_err(gql)?;
            let config = if ctx.look_ahead().field("createdBy").exists() {
                manifests.image_config(&actor, self.0.row.id).await.map_err(gql)?
            } else {
                None
            };
            Ok(layers(document.layers, config.as_ref()))
        }
    }
}

manifest! {
    /// A list of manifests, one for each platform.
    ImageIndex, {
        /// What it lists, in order.
        async fn children(&self, ctx: &Context<'_>) -> Result<Vec<IndexChild>> {
            let rows = load(ctx.loader(), Children(self.0.row.id)).await?.unwrap_or_default();
            // Only the document knows the annotations, and what was not pushed.
            let look = ctx.look_ahead();
            let reads = look.field("annotations").exists() || rows.iter().any(|row| row.id.is_none());
            let descriptors = if reads {
                let manifests = &ctx.services().manifests;
                manifests.document(&ctx.actor(), self.0.row.id).await.map_err(gql)?.1.children
            } else {
                Vec::new()
            };
            let mut descriptors = descriptors.into_iter();
            Ok(rows.into_iter().map(|row| IndexChild { row, descriptor: descriptors.next() }).collect())
        }
    }
}

manifest! {
    /// Anything else in OCI form: charts, signatures, SBOMs.
    ArtifactManifest, {
        /// Its files, in order.
        async fn layers(&self, ctx: &Context<'_>) -> Result<Vec<Layer>> {
            let manifests = &ctx.services().manifests;
            let (_, document) = manifests.document(&ctx.actor(), self.0.row.id).await.map_err(gql)?;
            Ok(layers(document.layers, None))
        }
    }
}

/// A child of an index.
pub(crate) struct IndexChild {
    row: ChildRow,
    /// What the index says of it, where that was read.
    descriptor: Option<Descriptor>,
}

impl IndexChild {
    async fn view(&self, ctx: &Context<'_>) -> Result<Option<ManifestView>> {
        match self.row.id {
            Some(id) => load(ctx.loader(), id).await,
            None => Ok(None),
        }
    }
}

/// A manifest that an index lists.
#[Object]
impl IndexChild {
    /// Its content address.
    pub(crate) async fn digest(&self) -> Digest {
        Digest(self.row.digest.clone())
    }

    /// Its type.
    pub(crate) async fn media_type(&self, ctx: &Context<'_>) -> Result<String> {
        if let Some(descriptor) = &self.descriptor {
            return Ok(descriptor.media_type.to_string());
        }
        let view = self.view(ctx).await?;
        Ok(view
            .map(|view| view.row.media_type.to_string())
            .unwrap_or_default())
    }

    /// Size of the manifest itself.
    pub(crate) async fn size_bytes(&self, ctx: &Context<'_>) -> Result<BigInt> {
        if let Some(descriptor) = &self.descriptor {
            return Ok(BigInt(descriptor.size));
        }
        let view = self.view(ctx).await?;
        Ok(view.map_or(BigInt(0), |view| bytes(view.row.size_bytes)))
    }

    /// What it runs on, as the index says or else its configuration.
    async fn platform(&self) -> Option<Platform> {
        self.row.platform.clone().map(Into::into)
    }

    /// Free text pairs that the index gives it.
    pub(crate) async fn annotations(&self) -> Vec<KeyValue> {
        let annotations = self.descriptor.as_ref().and_then(|d| d.annotations.clone());
        pairs(annotations.unwrap_or_default())
    }

    /// Null while it was not pushed.
    async fn manifest(&self, ctx: &Context<'_>) -> Result<Option<Manifest>> {
        Ok(self.view(ctx).await?.map(Into::into))
    }
}

connection!(
    ManifestConnection,
    ManifestEdge,
    Manifest,
    "manifests about another one"
);

pub(crate) async fn referrers(
    ctx: &Context<'_>,
    subject: &ManifestView,
    first: Option<i32>,
    after: Option<String>,
    artifact_type: Option<String>,
) -> Result<ManifestConnection> {
    let skipped = after.is_some();
    let request: PageRequest<berth_domain::Digest> = connection::request(first, after)?;
    let row = &subject.row;
    let page = ctx
        .services()
        .referrers
        .views(
            &ctx.actor(),
            row.repository_id,
            &row.digest,
            artifact_type.as_deref(),
            &request,
        )
        .await
        .map_err(gql)?;
    let rows = page
        .items
        .into_iter()
        .map(|view| (connection::cursor(&view.row.digest), view.into()))
        .collect();
    Ok(ManifestConnection::new(skipped, page.has_more, rows))
}
