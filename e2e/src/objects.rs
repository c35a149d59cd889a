//! The stored objects of a registry, listed past its servers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use s3::creds::Credentials;
use s3::{Bucket, Region};

use crate::deployment::Deployment;

/// Where a registry keeps its objects.
#[derive(Debug)]
pub enum Objects {
    /// A folder.
    Folder(PathBuf),
    /// A folder in the bucket of the test services, with the slash that ends its name.
    Bucket(Box<Bucket>, String),
}

impl Objects {
    /// Those of a running registry.
    pub fn of(deployment: &Deployment) -> Self {
        let Some(storage) = deployment.key("DISTRIBUTED_STORAGE_CONFIG") else {
            return Self::Folder(deployment.folder().join("data/storage"));
        };
        let (_, folder) = storage
            .split_once("storage_path: /")
            .expect("each registry has a folder of its own");
        let folder = folder.trim_end_matches(['}', ']']);
        let service = |name: &str| {
            std::env::var(format!("BERTH_TEST_S3_{name}")).expect("the scaled shape has it")
        };
        let (access, secret) = (service("ACCESS_KEY"), service("SECRET_KEY"));
        let keys = Credentials::new(Some(&access), Some(&secret), None, None, None);
        let region = Region::Custom {
            region: "us-east-1".to_owned(),
            endpoint: service("ENDPOINT"),
        };
        let bucket = Bucket::new(&service("BUCKET"), region, keys.expect("two keys"));
        let bucket = bucket.expect("the bucket has a name").with_path_style();
        Self::Bucket(bucket, format!("{folder}/"))
    }

    /// The keys of all that is stored at this moment.
    pub async fn keys(&self) -> BTreeSet<String> {
        match self {
            Self::Folder(root) => {
                let mut keys = BTreeSet::new();
                gather(root, root, &mut keys);
                keys
            }
            Self::Bucket(bucket, prefix) => {
                let pages = bucket.list(prefix.clone(), None).await;
                let pages = pages.expect("the bucket lists").into_iter();
                let objects = pages.flat_map(|page| page.contents);
                objects
                    .filter_map(|object| object.key.strip_prefix(prefix).map(str::to_owned))
                    .collect()
            }
        }
    }
}

/// Every file below a folder, by its path from the root. What goes meanwhile is left out.
fn gather(root: &Path, folder: &Path, keys: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => gather(root, &path, keys),
            _ => {
                let key = path.strip_prefix(root).expect("it lies below");
                keys.insert(key.display().to_string());
            }
        }
    }
}
