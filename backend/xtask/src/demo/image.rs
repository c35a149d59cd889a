//! Small OCI images, made and not downloaded.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::console::hex;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// When the images say that they were made: always the same, so that their digests are.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// Bytes with their digest and type.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) media_type: &'static str,
    pub(super) digest: String,
    pub(super) bytes: Vec<u8>,
}

impl Blob {
    pub(super) fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        Self {
            media_type,
            digest,
            bytes,
        }
    }

    /// How a manifest names it.
    pub(super) fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len()})
    }
}

/// Two layers and a configuration.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) layers: [Blob; 2],
    pub(super) config: Blob,
}

impl Image {
    /// An image of a program; its first layer is the same for all versions.
    pub(super) fn new(name: &str, version: &str, architecture: &str) -> Self {
        let base = format!("base of {name} for {architecture}\n").repeat(20_000);
        let layers = [
            Blob::new(LAYER, tar("etc/base", base.as_bytes())),
            Blob::new(
                LAYER,
                tar(
                    &format!("srv/{name}"),
                    format!("{name} {version}\n").repeat(2_000).as_bytes(),
                ),
            ),
        ];
        let config = json!({
            "created": CREATED, "architecture": architecture, "os": "linux",
            "config": {
                "Entrypoint": [format!("/srv/{name}")], "Env": ["LANG=C.UTF-8"],
                "ExposedPorts": {"8080/tcp": {}}, "User": "1000",
                "Labels": {"org.opencontainers.image.version": version, "org.opencontainers.image.title": name},
            },
            "rootfs": {"type": "layers", "diff_ids": layers.each_ref().map(|layer| layer.digest.clone())},
            "history": [
                {"created": CREATED, "created_by": "COPY base /etc/base"},
                {"created": CREATED, "created_by": format!("COPY {name} /srv/{name}")},
            ],
        });
        let config = Blob::new(CONFIG, config.to_string().into_bytes());
        Self { layers, config }
    }

    pub(super) fn manifest(&self) -> Blob {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": self.config.descriptor(),
            "layers": self.layers.each_ref().map(Blob::descriptor),
        });
        Blob::new(MANIFEST, manifest.to_string().into_bytes())
    }
}

/// A tar archive of one file, as POSIX.1-1988 (ustar) describes it.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |offset: usize, text: &str| {
        header[offset..offset + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    // The checksum counts its own field as spaces.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend_from_slice(content);
    // Whole blocks, and two empty ones at the end.
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

#[cfg(test)]
mod tests {
    use super::tar;

    #[test]
    fn archives_are_whole_blocks_with_a_magic_and_a_checksum() {
        let archive = tar("a/b", b"hello");
        assert_eq!(archive.len(), 512 + 512 + 1024);
        assert_eq!(&archive[257..262], b"ustar");
        assert_eq!(&archive[512..517], b"hello");
    }
}
