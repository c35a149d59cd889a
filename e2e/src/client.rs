//! The clients, each with state of its own: nothing a scenario does is seen by another.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;

use crate::command::Run;
use crate::image;
use crate::world::Account;

/// A home folder, an image store and a login file of its own for every client.
#[derive(Debug)]
pub struct Sandbox {
    host: String,
    folder: TempDir,
}

impl Sandbox {
    /// A sandbox whose clients have no login.
    pub fn new(host: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("berth-client-")
            .tempdir()
            .expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("docker"))
            .expect("a temporary folder takes folders");
        Self {
            host: host.to_owned(),
            folder,
        }
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `host/repository`, with `suffix` such as `:tag` or `@digest`.
    pub fn image(&self, repository: &str, suffix: &str) -> String {
        format!("{}/{repository}{suffix}", self.host)
    }

    /// `docker://host/repository…`, as skopeo and buildah name it.
    pub fn docker(&self, repository: &str, suffix: &str) -> String {
        format!("docker://{}", self.image(repository, suffix))
    }

    /// The file that holds the logins, for all clients alike.
    pub fn login_file(&self) -> PathBuf {
        self.path("docker/config.json")
    }

    /// Logs in without a client, by writing the file.
    pub fn write_login(&self, account: &Account) {
        let auth = STANDARD.encode(format!("{}:{}", account.name, account.password));
        let file = json!({"auths": {&self.host: {"auth": auth}}});
        image::write(&self.login_file(), file.to_string().as_bytes());
    }

    /// A client with its state in this sandbox.
    pub fn run(&self, program: &str) -> Run {
        Run::new(program)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("DOCKER_CONFIG", self.path("docker"))
            .env("REGISTRY_AUTH_FILE", self.login_file())
            .env("NO_PROXY", "127.0.0.1")
    }

    /// `podman` with its own image store.
    pub fn podman<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.with_store("podman")
            .args(["--events-backend=none", "--cgroup-manager=cgroupfs"])
            .args(arguments)
    }

    /// `buildah` with the same image store.
    pub fn buildah<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.with_store("buildah").args(arguments)
    }

    fn with_store(&self, program: &str) -> Run {
        let run = self.run(program).arg("--root").arg(self.path("storage"));
        run.arg("--runroot")
            .arg(self.path("run"))
            .arg("--storage-driver=vfs")
    }

    /// `skopeo`.
    pub fn skopeo<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.run("skopeo").args(arguments)
    }

    /// `helm` with its own caches.
    pub fn helm<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.run("helm")
            .env("HELM_REGISTRY_CONFIG", self.login_file())
            .env("HELM_CACHE_HOME", self.path("helm/cache"))
            .env("HELM_CONFIG_HOME", self.path("helm/config"))
            .env("HELM_DATA_HOME", self.path("helm/data"))
            .args(arguments)
    }

    /// `oras`; the caller adds `--plain-http` where the command takes it.
    pub fn oras<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.run("oras").args(arguments)
    }

    /// `crane`, which speaks plain HTTP to loopback by itself.
    pub fn crane<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.run("crane").args(arguments)
    }

    /// `cosign` with a fixed key password.
    pub fn cosign<const N: usize>(&self, arguments: [&str; N]) -> Run {
        self.run("cosign")
            .env("COSIGN_PASSWORD", "e2e")
            .args(arguments)
    }

    /// A one-layer image in OCI layout.
    pub fn image_layout(&self, seed: u64, size: usize) -> image::Layout {
        image::Layout::image(
            &self.path(&format!("layout-{seed}")),
            &image::Image::new(seed, size, "amd64"),
        )
    }

    /// A two-platform image in OCI layout.
    pub fn index_layout(&self, seed: u64, size: usize) -> image::Layout {
        image::Layout::index(&self.path(&format!("layout-{seed}")), seed, size)
    }

    /// Writes a file into the sandbox.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        image::write(&path, text.as_bytes());
        path
    }

    /// Pushes a layout with skopeo.
    pub async fn push(&self, layout: &image::Layout, repository: &str, tag: &str) {
        let target = self.docker(repository, &format!(":{tag}"));
        self.skopeo([
            "copy",
            "--all",
            "--preserve-digests",
            "--dest-tls-verify=false",
            &layout.reference(),
            &target,
        ])
        .ok()
        .await;
    }

    /// The digest that a tag or digest resolves to, asked with skopeo.
    pub async fn digest(&self, repository: &str, suffix: &str) -> String {
        let source = self.docker(repository, suffix);
        let raw = self
            .skopeo(["inspect", "--raw", "--tls-verify=false", &source])
            .finish()
            .await;
        image::digest(raw.stdout.as_bytes())
    }
}

/// Text of a path for a command line.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
