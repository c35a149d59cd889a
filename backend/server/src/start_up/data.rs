//! The data folder: what an embedded registry keeps beside itself.

use std::path::{Path, PathBuf};

use super::StartUpError;

/// The folder that `--data` names.
#[derive(Debug, Clone)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at a path; it is made when the first file is needed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The SQLite file.
    pub fn database(&self) -> PathBuf {
        self.0.join("berth.db")
    }

    /// The folder of the blobs.
    pub fn storage(&self) -> PathBuf {
        self.0.join("storage")
    }

    /// The file of the sealing key.
    pub fn secret_key(&self) -> PathBuf {
        self.0.join("secret.key")
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, readable by nobody else, where it is missing.
    pub fn make(&self) -> Result<(), StartUpError> {
        let made = make_private(&self.0);
        made.map_err(|error| {
            StartUpError::new(
                "--data",
                format!("the folder `{}` cannot be made: {error}", self.0.display()),
                "name a folder that this user may write to",
            )
        })
    }
}

#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}
