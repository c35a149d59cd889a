//! What is pushed and pulled, and how a client pushes it.

use std::fmt::Write as _;

use berth_e2e::{image, random};

use crate::servers::{Contender, Kind, REPOSITORY};
use crate::wire::{Connection, ignore};

/// Bytes with their digest.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) digest: String,
    pub(crate) bytes: Vec<u8>,
}

/// An image of one layer.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) layer: Blob,
    pub(crate) config: Blob,
    pub(crate) manifest: Vec<u8>,
}

impl Blob {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self {
            digest: image::digest(&bytes),
            bytes,
        }
    }

    /// Noise that depends on the seed.
    pub(crate) fn noise(seed: u64, size: usize) -> Self {
        Self::new(random::bytes(seed, size))
    }
}

impl Image {
    /// An image whose layer is noise of this size.
    pub(crate) fn new(seed: u64, size: usize) -> Self {
        Self::of(Blob::noise(seed, size), seed)
    }

    /// An image with this layer.
    pub(crate) fn of(layer: Blob, seed: u64) -> Self {
        let config = format!(
            "{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{{\"Labels\":{{\"seed\":\"{seed}\"}}}},\
             \"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"{}\"]}}}}",
            layer.digest
        );
        let config = Blob::new(config.into_bytes());
        let manifest = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"config\":{},\"layers\":[{}]}}",
            image::MANIFEST,
            descriptor("application/vnd.oci.image.config.v1+json", &config),
            descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &layer),
        );
        Self {
            layer,
            config,
            manifest: manifest.into_bytes(),
        }
    }
}

fn descriptor(media_type: &str, blob: &Blob) -> String {
    format!(
        "{{\"mediaType\":\"{media_type}\",\"digest\":\"{}\",\"size\":{}}}",
        blob.digest,
        blob.bytes.len()
    )
}

/// How a client sends a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `POST`, `PATCH` with the bytes, `PUT`: docker, podman, skopeo, crane.
    Streamed,
    /// `POST`, `PUT` with the bytes: containerd, oras.
    Whole,
}

/// A client that pushes to one server.
pub(crate) struct Pusher<'a> {
    contender: &'a Contender,
    pub(crate) connection: Connection,
}

impl<'a> Pusher<'a> {
    pub(crate) fn new(contender: &'a Contender) -> Self {
        Self {
            contender,
            connection: Connection::open(contender.address),
        }
    }

    /// Pushes a blob, as a client does that asked before and heard that it is not there.
    pub(crate) fn blob(&mut self, blob: &Blob, manner: Manner) {
        if self.contender.kind == Kind::Nginx {
            return self.put_file(&format!("blobs/{}", blob.digest), &blob.bytes);
        }
        let headers = &self.contender.headers;
        let path = format!("/v2/{REPOSITORY}/blobs/{}", blob.digest);
        let known = self.connection.ask("HEAD", &path, headers, &mut ignore);
        assert_eq!(known.status, 404, "the blob is new");
        let path = format!("/v2/{REPOSITORY}/blobs/uploads/");
        let opened = self.connection.ask("POST", &path, headers, &mut ignore);
        assert_eq!(opened.status, 202, "an upload begins");
        let mut location = relative(&opened.location.expect("an upload has a location"));
        let binary = format!("{headers}Content-Type: application/octet-stream\r\n");
        let mut rest: &[u8] = &blob.bytes;
        if manner == Manner::Streamed {
            let taken = self
                .connection
                .send("PATCH", &location, &binary, &[rest], &mut ignore);
            assert_eq!(taken.status, 202, "bytes are taken");
            location = relative(&taken.location.expect("an upload has a location"));
            rest = &[];
        }
        let separator = if location.contains('?') { '&' } else { '?' };
        let _ = write!(location, "{separator}digest={}", blob.digest);
        let done = self
            .connection
            .send("PUT", &location, &binary, &[rest], &mut ignore);
        assert_eq!(done.status, 201, "a blob is made");
    }

    /// Pushes a manifest under a tag.
    pub(crate) fn manifest(&mut self, manifest: &[u8], tag: &str) {
        if self.contender.kind == Kind::Nginx {
            return self.put_file(&format!("manifests/{tag}"), manifest);
        }
        let headers = format!(
            "{}Content-Type: {}\r\n",
            self.contender.headers,
            image::MANIFEST
        );
        let path = format!("/v2/{REPOSITORY}/manifests/{tag}");
        let done = self
            .connection
            .send("PUT", &path, &headers, &[manifest], &mut ignore);
        assert_eq!(done.status, 201, "a manifest is taken");
    }

    /// Pushes all of an image.
    pub(crate) fn image(&mut self, image: &Image, tag: &str, manner: Manner) {
        self.blob(&image.layer, manner);
        self.blob(&image.config, manner);
        self.manifest(&image.manifest, tag);
    }

    /// Pulls all of an image and hashes it: what is measured is the right thing.
    pub(crate) fn check(&mut self, image: &Image, tag: &str) {
        let manifest = self.pull(&format!("manifests/{tag}"));
        assert!(manifest == image.manifest, "the manifest of `{tag}`");
        for blob in [&image.layer, &image.config] {
            let bytes = self.pull(&format!("blobs/{}", blob.digest));
            assert_eq!(image::digest(&bytes), blob.digest, "a blob of `{tag}`");
        }
    }

    /// The body under a path of the repository.
    fn pull(&mut self, path: &str) -> Vec<u8> {
        let headers = format!("{}Accept: {}\r\n", self.contender.headers, image::MANIFEST);
        let path = format!("/v2/{REPOSITORY}/{path}");
        let mut body = Vec::new();
        let answer = self.connection.ask("GET", &path, &headers, &mut |bytes| {
            body.extend_from_slice(bytes);
        });
        assert_eq!(answer.status, 200, "{path}");
        body
    }

    fn put_file(&self, name: &str, bytes: &[u8]) {
        let path = self.contender.folder().join("v2").join(REPOSITORY);
        image::write(&path.join(name), bytes);
    }
}

/// Path and query of a location.
pub(crate) fn relative(location: &str) -> String {
    match location.split_once("://") {
        Some((_, rest)) => rest[rest.find('/').expect("a location has a path")..].to_owned(),
        None => location.to_owned(),
    }
}
