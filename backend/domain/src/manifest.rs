//! Manifests and indexes, read from the exact bytes that were pushed (OCI image-spec 1.1, Docker schema 2).

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::sql::text_value;
use crate::{Digest, Error, Invalid, Platform, Result};

text_value! {
    /// A media type without parameters, in lower case as registries compare them.
    MediaType
}

impl MediaType {
    /// OCI image manifest.
    pub const OCI_MANIFEST: &'static str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI image index.
    pub const OCI_INDEX: &'static str = "application/vnd.oci.image.index.v1+json";
    /// Docker image manifest, schema 2.
    pub const DOCKER_MANIFEST: &'static str =
        "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker manifest list.
    pub const DOCKER_LIST: &'static str =
        "application/vnd.docker.distribution.manifest.list.v2+json";
    /// OCI image configuration.
    pub const OCI_CONFIG: &'static str = "application/vnd.oci.image.config.v1+json";
    /// Docker image configuration.
    pub const DOCKER_CONFIG: &'static str = "application/vnd.docker.container.image.v1+json";

    /// True for layers whose bytes live elsewhere and need not be pushed.
    pub fn is_foreign_layer(&self) -> bool {
        self.0.contains(".nondistributable.") || self.0.contains(".foreign.")
    }

    /// True for a configuration that describes a runnable image.
    pub fn is_image_config(&self) -> bool {
        matches!(self.as_str(), Self::OCI_CONFIG | Self::DOCKER_CONFIG)
    }

    /// True for a manifest that holds other manifests.
    pub fn is_index(&self) -> bool {
        matches!(self.as_str(), Self::OCI_INDEX | Self::DOCKER_LIST)
    }
}

impl FromStr for MediaType {
    type Err = Error;

    /// Drops parameters such as `; charset=utf-8`.
    fn from_str(text: &str) -> Result<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim();
        let valid = essence.len() <= 255
            && essence
                .split_once('/')
                .is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty())
            && essence.bytes().all(|b| b.is_ascii_graphic());
        if !valid {
            return Err(Error::invalid(
                Invalid::Manifest,
                format!("`{}` is not a media type", crate::quote::shorten(text)),
            ));
        }
        Ok(Self(essence.to_ascii_lowercase()))
    }
}

/// Names content by digest, size and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Type of the content.
    pub media_type: MediaType,
    /// Its address.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Type of the artifact it is, for indexes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Free text pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// What a child runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Other places to fetch it from; such a layer need not be here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urls: Option<Vec<String>>,
}

/// The two shapes of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManifestKind {
    /// Configuration and layers.
    Image,
    /// A list of manifests.
    Index,
}

/// What the registry understands of a manifest; its bytes are kept beside it, untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The type it is served with.
    pub media_type: MediaType,
    /// Image or index.
    pub kind: ManifestKind,
    /// `artifactType` as written.
    pub artifact_type: Option<String>,
    /// Configuration of an image.
    pub config: Option<Descriptor>,
    /// Layers of an image, in order.
    pub layers: Vec<Descriptor>,
    /// Children of an index, in order.
    pub children: Vec<Descriptor>,
    /// What this manifest is about.
    pub subject: Option<Descriptor>,
    /// Free text pairs.
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: i64,
    media_type: Option<MediaType>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// Largest manifest that is taken, in bytes (the specification asks for at least 4 MiB).
    pub const SIZE_BYTES_MAX: usize = 4 * 1024 * 1024;
    /// Most layers or children that one manifest names; each is looked up in one statement.
    pub const DESCRIPTORS_MAX: usize = 10_000;

    /// Reads a manifest from the bytes that were pushed and the `Content-Type` they came with.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::ManifestUnsupported`] for a type nobody here understands, and
    /// [`Invalid::Manifest`] for bytes that do not parse, contradict their type or themselves.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self> {
        if bytes.len() > Self::SIZE_BYTES_MAX {
            return Err(Error::TooLarge {
                what: "the manifest",
                max_bytes: Self::SIZE_BYTES_MAX as u64,
                actual_bytes: bytes.len() as u64,
            });
        }
        let refused = |message: String| Error::invalid(Invalid::Manifest, message);
        let announced = content_type.map(MediaType::from_str).transpose()?;
        if let Some(announced) = &announced {
            kind_of(announced)?;
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|e| refused(format!("the manifest does not parse: {e}")))?;
        if wire.schema_version != 2 {
            return Err(refused(format!(
                "`schemaVersion` is {}; only 2 is supported",
                wire.schema_version
            )));
        }
        let media_type = match (announced, &wire.media_type) {
            (Some(announced), Some(written)) if announced != *written => {
                return Err(refused(format!(
                    "`mediaType` is `{written}`, but `Content-Type` is `{announced}`"
                )));
            }
            (Some(announced), _) => announced,
            (None, Some(written)) => written.clone(),
            (None, None) => {
                return Err(refused(
                    "neither `mediaType` nor `Content-Type` says what this is".into(),
                ));
            }
        };
        let kind = kind_of(&media_type)?;
        match kind {
            // Confusing one for the other lets two readers see different images under one digest.
            ManifestKind::Image if wire.manifests.is_some() => {
                return Err(refused("an image manifest has no `manifests`".into()));
            }
            ManifestKind::Index if wire.layers.is_some() || wire.config.is_some() => {
                return Err(refused("an index has neither `config` nor `layers`".into()));
            }
            ManifestKind::Image if wire.config.is_none() => {
                return Err(refused("`config` is missing".into()));
            }
            ManifestKind::Image if wire.layers.is_none() => {
                return Err(refused("`layers` is missing; an empty list is fine".into()));
            }
            ManifestKind::Index if wire.manifests.is_none() => {
                return Err(refused(
                    "`manifests` is missing; an empty list is fine".into(),
                ));
            }
            ManifestKind::Image | ManifestKind::Index => {}
        }
        let named = wire
            .layers
            .iter()
            .chain(&wire.manifests)
            .map(Vec::len)
            .max();
        if named > Some(Self::DESCRIPTORS_MAX) {
            return Err(refused(format!(
                "a manifest names at most {} layers or manifests",
                Self::DESCRIPTORS_MAX
            )));
        }
        Ok(Self {
            media_type,
            kind,
            artifact_type: wire.artifact_type.filter(|text| !text.is_empty()),
            config: wire.config,
            layers: wire.layers.unwrap_or_default(),
            children: wire.manifests.unwrap_or_default(),
            subject: wire.subject,
            annotations: wire.annotations.unwrap_or_default(),
        })
    }

    /// The artifact type a referrers listing shows: the written one, else the configuration's type.
    pub fn effective_artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref().or_else(|| {
            self.config
                .as_ref()
                .map(|config| config.media_type.as_str())
        })
    }

    /// Blobs that must be linked to the repository: configuration and every layer that is not foreign.
    pub fn required_blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(self.layers.iter().filter(|layer| {
            !layer.media_type.is_foreign_layer() && layer.urls.as_ref().is_none_or(Vec::is_empty)
        }))
    }

    /// Sum of the sizes of configuration and layers, each digest once.
    pub fn content_bytes(&self) -> u64 {
        let sizes: BTreeMap<&Digest, u64> = self
            .config
            .iter()
            .chain(&self.layers)
            .map(|d| (&d.digest, d.size))
            .collect();
        sizes
            .values()
            .fold(0, |sum, size| sum.saturating_add(*size))
    }
}

fn kind_of(media_type: &MediaType) -> Result<ManifestKind> {
    match media_type.as_str() {
        MediaType::OCI_MANIFEST | MediaType::DOCKER_MANIFEST => Ok(ManifestKind::Image),
        MediaType::OCI_INDEX | MediaType::DOCKER_LIST => Ok(ManifestKind::Index),
        other => Err(Error::ManifestUnsupported {
            media_type: other.to_owned(),
        }),
    }
}

/// What the console shows of an image's configuration; unknown fields are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When it was built, RFC 3339.
    pub created: Option<String>,
    /// Who built it.
    pub author: Option<String>,
    /// Operating system.
    pub os: Option<String>,
    /// Processor.
    pub architecture: Option<String>,
    /// Processor variant.
    pub variant: Option<String>,
    /// How a container starts.
    #[serde(default)]
    pub config: RunConfig,
    /// One entry for each step of the build.
    #[serde(default)]
    pub history: Vec<HistoryEntry>,
}

/// How a container starts (OCI image-spec, `config`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RunConfig {
    /// User or user id.
    pub user: Option<String>,
    /// Ports, such as `80/tcp`.
    pub exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    /// `NAME=value`.
    pub env: Option<Vec<String>>,
    /// Program.
    pub entrypoint: Option<Vec<String>>,
    /// Arguments.
    pub cmd: Option<Vec<String>>,
    /// Paths for volumes.
    pub volumes: Option<BTreeMap<String, serde_json::Value>>,
    /// Where it starts.
    pub working_dir: Option<String>,
    /// Free text pairs.
    pub labels: Option<BTreeMap<String, String>>,
}

/// One step of a build.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// When, RFC 3339.
    pub created: Option<String>,
    /// The command.
    pub created_by: Option<String>,
    /// Free text.
    pub comment: Option<String>,
    /// True when the step made no layer.
    pub empty_layer: bool,
}

impl ImageConfig {
    /// Largest configuration that is read, in bytes.
    pub const SIZE_BYTES_MAX: u64 = 4 * 1024 * 1024;

    /// The platform, when both parts are written.
    pub fn platform(&self) -> Option<Platform> {
        Some(Platform {
            os: self.os.clone().filter(|s| !s.is_empty())?,
            architecture: self.architecture.clone().filter(|s| !s.is_empty())?,
            variant: self.variant.clone().filter(|s| !s.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(extra: &str) -> String {
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{}","size":2}},"layers":[]{extra}}}"#,
            MediaType::OCI_MANIFEST,
            MediaType::OCI_CONFIG,
            Digest::of(b"{}")
        )
    }

    #[test]
    fn an_image_without_layers_and_with_unknown_fields_is_accepted() {
        let manifest = Manifest::parse(image(r#","x":{"y":1}"#).as_bytes(), None).unwrap();
        assert_eq!(manifest.kind, ManifestKind::Image);
        assert_eq!(manifest.content_bytes(), 2);
    }

    #[test]
    fn content_type_must_agree_and_its_parameters_do_not_count() {
        let bytes = image("");
        assert!(
            Manifest::parse(
                bytes.as_bytes(),
                Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8")
            )
            .is_ok()
        );
        assert!(Manifest::parse(bytes.as_bytes(), Some(MediaType::OCI_INDEX)).is_err());
        assert!(matches!(
            Manifest::parse(bytes.as_bytes(), Some("application/json")),
            Err(Error::ManifestUnsupported { .. })
        ));
    }

    #[test]
    fn a_manifest_that_is_both_image_and_index_is_refused() {
        assert!(Manifest::parse(image(r#","manifests":[]"#).as_bytes(), None).is_err());
    }

    #[test]
    fn duplicate_keys_and_negative_sizes_are_refused() {
        assert!(Manifest::parse(image(r#","schemaVersion":2"#).as_bytes(), None).is_err());
        let negative = image("").replace("\"size\":2", "\"size\":-1");
        assert!(Manifest::parse(negative.as_bytes(), None).is_err());
    }

    #[test]
    fn foreign_layers_need_not_be_here() {
        let layer = format!(
            r#"{{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"{}","size":9}}"#,
            Digest::of(b"far")
        );
        let bytes = image("").replace("\"layers\":[]", &format!("\"layers\":[{layer}]"));
        let manifest = Manifest::parse(bytes.as_bytes(), None).unwrap();
        assert_eq!(manifest.required_blobs().count(), 1);
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(bytes: Vec<u8>, kind in "[a-z/.+;]{0,20}") {
            let _ = Manifest::parse(&bytes, Some(&kind));
        }
    }
}
