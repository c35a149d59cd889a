//! What the page of a tag reads of a manifest.

use crate::{
    fragments::{BigInt, Digest, KeyValue},
    schema,
};

/// A manifest of whatever kind.
#[derive(cynic::QueryFragment, Debug, Clone)]
pub(super) struct Manifest {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) artifact_type: Option<String>,
    pub(super) size_bytes: BigInt,
    pub(super) content_bytes: BigInt,
    pub(super) annotations: Vec<KeyValue>,
    pub(super) raw: String,
    pub(super) subject: Option<Digest>,
    pub(super) tags: Vec<String>,
    #[cynic(spread)]
    pub(super) own: Own,
}

/// What only its kind has.
#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(graphql_type = "Manifest")]
// On wasm its members are smaller than what the lint minds.
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::large_enum_variant, reason = "a page holds one or two")
)]
pub(super) enum Own {
    Image(Image),
    Index(Index),
    Artifact(Artifact),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "ImageManifest")]
pub(super) struct Image {
    pub(super) platform: Option<Platform>,
    pub(super) config: Option<ImageConfig>,
    pub(super) layers: Vec<Layer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "ImageIndex")]
pub(super) struct Index {
    pub(super) children: Vec<IndexChild>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "ArtifactManifest")]
pub(super) struct Artifact {
    pub(super) layers: Vec<Layer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
pub(super) struct Platform {
    pub(super) label: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
pub(super) struct IndexChild {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) platform: Option<Platform>,
    pub(super) annotations: Vec<KeyValue>,
    pub(super) manifest: Option<Pushed>,
}

/// A child that was pushed.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Manifest")]
pub(super) struct Pushed {
    pub(super) content_bytes: BigInt,
}

impl IndexChild {
    /// Its platform, or what else it is.
    pub(super) fn label(&self) -> String {
        let kind = self
            .annotations
            .iter()
            .find(|a| a.key == "vnd.docker.reference.type");
        match (kind, &self.platform) {
            (Some(kind), _) => kind.value.clone(),
            (None, Some(platform)) => platform.label.clone(),
            (None, None) => self.media_type.clone(),
        }
    }
}

#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) size_bytes: BigInt,
    pub(super) annotations: Vec<KeyValue>,
    pub(super) created_by: Option<String>,
}

impl Layer {
    /// Its size as a number.
    pub(super) fn bytes(&self) -> u64 {
        self.size_bytes.0.parse().unwrap_or(0)
    }

    /// The step that made it, or the file that it is.
    pub(super) fn origin(&self) -> Option<String> {
        let title = || {
            self.annotations
                .iter()
                .find(|a| a.key == "org.opencontainers.image.title")
        };
        self.created_by
            .clone()
            .or_else(|| title().map(|title| title.value.clone()))
    }
}

#[derive(cynic::QueryFragment, Debug, Clone)]
pub(super) struct ImageConfig {
    pub(super) created_at: Option<String>,
    pub(super) author: Option<String>,
    pub(super) user: Option<String>,
    pub(super) working_directory: Option<String>,
    pub(super) entrypoint: Vec<String>,
    pub(super) command: Vec<String>,
    pub(super) environment: Vec<String>,
    pub(super) exposed_ports: Vec<String>,
    pub(super) volumes: Vec<String>,
    pub(super) labels: Vec<KeyValue>,
    pub(super) history: Vec<HistoryStep>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
pub(super) struct HistoryStep {
    pub(super) created_at: Option<String>,
    pub(super) created_by: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) empty_layer: bool,
}
