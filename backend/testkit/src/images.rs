//! Images that are made, not downloaded.

use berth_domain::{Digest, MediaType};
use bytes::Bytes;
use serde_json::{Value, json};

/// An image of one platform: configuration, one layer and the manifest that names them.
#[derive(Debug, Clone)]
pub struct TestImage {
    /// The configuration.
    pub config: Bytes,
    /// The layer; not a real archive, which no registry looks at.
    pub layer: Bytes,
    /// The manifest.
    pub manifest: Bytes,
}

impl TestImage {
    /// An image that differs from those of other seeds.
    pub fn new(seed: u64) -> Self {
        Self::for_platform(seed, "linux", "amd64")
    }

    /// An image for a platform.
    pub fn for_platform(seed: u64, os: &str, architecture: &str) -> Self {
        let layer = Bytes::from(format!("layer {seed} of {os}/{architecture}"));
        let config = Bytes::from(
            json!({
                "os": os, "architecture": architecture, "created": "2026-01-02T03:04:05Z",
                "config": { "Env": [format!("SEED={seed}")], "Cmd": ["/hello"] },
                "rootfs": { "type": "layers", "diff_ids": [Digest::of(&layer)] },
                "history": [{ "created_by": "COPY hello /" }],
            })
            .to_string(),
        );
        let manifest = Bytes::from(
            json!({
                "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
                "config": descriptor(MediaType::OCI_CONFIG, &config),
                "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
            })
            .to_string(),
        );
        Self {
            config,
            layer,
            manifest,
        }
    }

    /// Address of the manifest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }

    /// The blobs to push before the manifest.
    pub fn blobs(&self) -> [&Bytes; 2] {
        [&self.config, &self.layer]
    }
}

/// Names content in a manifest.
pub fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(content), "size": content.len() })
}

/// An index over images, each with its platform.
pub fn index(children: &[(&TestImage, &str, &str)]) -> Bytes {
    let manifests: Vec<Value> = children
        .iter()
        .map(|(image, os, architecture)| {
            let mut child = descriptor(MediaType::OCI_MANIFEST, &image.manifest);
            child["platform"] = json!({ "os": os, "architecture": architecture });
            child
        })
        .collect();
    Bytes::from(
        json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": manifests })
            .to_string(),
    )
}

/// An artifact about another manifest, such as a signature.
pub fn artifact(subject: &[u8], artifact_type: &str) -> Bytes {
    let empty = b"{}";
    Bytes::from(
        json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "artifactType": artifact_type,
            "config": descriptor("application/vnd.oci.empty.v1+json", empty), "layers": [],
            "subject": descriptor(MediaType::OCI_MANIFEST, subject),
            "annotations": { "org.example.about": artifact_type },
        })
        .to_string(),
    )
}
