//! Images made on the spot: OCI layouts of a chosen size and seed.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::random;

/// Media type of an OCI image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an OCI image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Bytes, their digest and their media type.
#[derive(Debug, Clone)]
pub struct Blob {
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// The content.
    pub bytes: Vec<u8>,
    media_type: &'static str,
}

impl Blob {
    /// Computes the digest.
    pub fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            digest: digest(&bytes),
            bytes,
            media_type,
        }
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len()})
    }
}

/// The digest of bytes.
pub fn digest(bytes: &[u8]) -> String {
    digest_of(&Sha256::digest(bytes))
}

/// The same from a finished hash.
pub fn digest_of(hash: &[u8]) -> String {
    hash.iter().fold("sha256:".to_owned(), |text, byte| {
        text + &format!("{byte:02x}")
    })
}

/// A one-layer image for one architecture.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its layer, a compressed tar archive of one file.
    pub layer: Blob,
    /// Its configuration.
    pub config: Blob,
    /// Its manifest.
    pub manifest: Blob,
}

impl Image {
    /// An image whose layer holds `size` bytes that depend on `seed`.
    pub fn new(seed: u64, size: usize, architecture: &str) -> Self {
        let archive = archive(&random::bytes(seed, size));
        let layer = Blob::new(LAYER, gzip(&archive));
        let config = json!({
            "created": "2026-01-01T00:00:00Z", "architecture": architecture, "os": "linux",
            "config": {"Entrypoint": ["/app"], "Labels": {"seed": seed.to_string()}},
            "rootfs": {"type": "layers", "diff_ids": [digest(&archive)]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "COPY data /data"}],
        });
        let config = Blob::new(CONFIG, config.to_string().into_bytes());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": config.descriptor(), "layers": [layer.descriptor()],
        });
        let manifest = Blob::new(MANIFEST, manifest.to_string().into_bytes());
        Self {
            layer,
            config,
            manifest,
        }
    }
}

/// A folder in OCI layout with one tagged image or index.
#[derive(Debug)]
pub struct Layout {
    folder: PathBuf,
    /// Digest of the tagged manifest.
    pub digest: String,
}

impl Layout {
    /// An image for one platform, tagged `latest` inside the layout.
    pub fn image(folder: &Path, image: &Image) -> Self {
        let layout = Self {
            folder: folder.to_path_buf(),
            digest: image.manifest.digest.clone(),
        };
        layout.write_image(image);
        layout.finish(&image.manifest);
        layout
    }

    /// An index over images for `amd64` and `arm64`, tagged `latest` inside the layout.
    pub fn index(folder: &Path, seed: u64, size: usize) -> Self {
        let architectures = ["amd64", "arm64"];
        let images =
            [0, 1].map(|offset| Image::new(seed + offset as u64, size, architectures[offset]));
        let children: Vec<Value> = images
            .iter()
            .zip(architectures)
            .map(|(image, architecture)| {
                let mut child = image.manifest.descriptor();
                child["platform"] = json!({"os": "linux", "architecture": architecture});
                child
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children});
        let index = Blob::new(INDEX, index.to_string().into_bytes());
        let layout = Self {
            folder: folder.to_path_buf(),
            digest: index.digest.clone(),
        };
        for image in &images {
            layout.write_image(image);
        }
        layout.write_blob(&index);
        layout.finish(&index);
        layout
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// How skopeo and podman name it.
    pub fn reference(&self) -> String {
        format!("oci:{}:latest", self.folder.display())
    }

    fn write_image(&self, image: &Image) {
        for blob in [&image.layer, &image.config, &image.manifest] {
            self.write_blob(blob);
        }
    }

    fn write_blob(&self, blob: &Blob) {
        let hash = blob
            .digest
            .strip_prefix("sha256:")
            .expect("digests are sha256");
        write(&self.folder.join("blobs/sha256").join(hash), &blob.bytes);
    }

    fn finish(&self, tagged: &Blob) {
        let mut descriptor = tagged.descriptor();
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": "latest"});
        let index = json!({"schemaVersion": 2, "manifests": [descriptor]});
        write(
            &self.folder.join("index.json"),
            index.to_string().as_bytes(),
        );
        write(
            &self.folder.join("oci-layout"),
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        );
    }
}

/// Writes a file, its folders too.
pub fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().expect("a file has a folder");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, bytes))
        .unwrap_or_else(|error| {
            panic!("cannot write `{}`: {error}", path.display());
        });
}

/// A tar archive of one file.
fn archive(content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_data(&mut header, "data", content)
        .expect("memory takes everything");
    builder.into_inner().expect("memory takes everything")
}

/// Compressed the same way every time.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}
