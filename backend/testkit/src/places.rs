//! Storage as servers have it, empty and of a test's own, with a look at what is left in it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use berth_domain::Timestamp;
use berth_storage::{Filesystem, FilesystemConfig, S3, S3Config, StorageDriver};
use tempfile::TempDir;
use uuid::Uuid;

/// A place for objects.
pub struct Place {
    /// Its driver.
    pub storage: Arc<dyn StorageDriver>,
    kind: Kind,
}

enum Kind {
    Memory,
    Folder(TempDir),
    Bucket,
}

impl Place {
    /// Objects in memory, or wherever this driver puts them.
    pub fn of(storage: &Arc<dyn StorageDriver>) -> Self {
        Self {
            storage: Arc::clone(storage),
            kind: Kind::Memory,
        }
    }

    /// A temporary folder.
    pub fn folder() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().to_owned();
        let driver = Filesystem::open(FilesystemConfig { root }).expect("the folder is there");
        Self {
            storage: Arc::new(driver),
            kind: Kind::Folder(folder),
        }
    }

    /// A folder of its own in the bucket that `BERTH_TEST_S3_*` names; `None` where they name none.
    pub fn bucket() -> Option<Self> {
        let setting = |name: &str| std::env::var(format!("BERTH_TEST_S3_{name}")).ok();
        let (bucket, endpoint) = (setting("BUCKET")?, setting("ENDPOINT")?);
        let (access, secret) = (setting("ACCESS_KEY")?, setting("SECRET_KEY")?);
        let mut config = S3Config::new(bucket, access, secret);
        config.endpoint_url = Some(endpoint.parse().expect("a URL"));
        config.storage_path = format!("/test-{}", Uuid::new_v4().simple());
        Some(Self {
            storage: Arc::new(S3::new(&config).expect("a bucket")),
            kind: Kind::Bucket,
        })
    }

    /// The file of an object.
    ///
    /// # Panics
    /// A place that is no folder.
    pub fn file(&self, key: &str) -> PathBuf {
        let Kind::Folder(folder) = &self.kind else {
            panic!("only a folder has files")
        };
        folder.path().join(key)
    }

    /// How many files of it this process has open; none where it has no files.
    pub fn open_files(&self) -> usize {
        let Kind::Folder(folder) = &self.kind else {
            return 0;
        };
        let open = fs::read_dir("/proc/self/fd").expect("Linux tells what is open");
        // One that was closed meanwhile is not open.
        let files = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        files.filter(|file| file.starts_with(folder.path())).count()
    }

    /// Keys of all objects.
    pub async fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().map(String::as_str);
            let page = self.storage.list(after, 1000).await.expect("a list");
            if page.is_empty() {
                return keys;
            }
            keys.extend(page.into_iter().map(|object| object.key));
        }
    }

    /// What is there and no object: files under other names, uploads in parts that nobody has ended. Those are
    /// ended by this.
    pub async fn strays(&self) -> Vec<String> {
        match &self.kind {
            Kind::Memory => Vec::new(),
            Kind::Folder(folder) => {
                let objects: HashSet<String> = self.keys().await.into_iter().collect();
                let mut files = Vec::new();
                walk(folder.path(), folder.path(), &mut files);
                files.retain(|file| !objects.contains(file));
                files
            }
            Kind::Bucket => {
                let ended = self.storage.abort_abandoned(Timestamp(i64::MAX)).await;
                let ended = ended.expect("uploads are listed");
                (0..ended)
                    .map(|number| format!("upload {number}"))
                    .collect()
            }
        }
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("it is in there");
            files.push(name.to_string_lossy().into_owned());
        }
    }
}
