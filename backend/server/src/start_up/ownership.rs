//! SQLite belongs to one process: a lock beside the database, held as long as that process lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::{DataFolder, StartUpError};
use crate::config::Config;
use crate::config::database::DatabaseUri;

/// What is added to the name of the database.
const SUFFIX: &str = ".lock";

/// The sole use of an embedded registry, until it is dropped; the system takes it back from a process
/// that dies. With PostgreSQL it stands for nothing, since replicas share that.
#[derive(Debug)]
pub struct Ownership {
    _lock: Option<File>,
}

/// The SQLite file of a configuration and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqliteFile {
    pub(super) path: PathBuf,
    /// The key or option that a message about it starts with.
    pub(super) subject: &'static str,
}

impl SqliteFile {
    /// In the data folder, which is made where it is missing.
    pub(super) fn in_data(data: &DataFolder) -> Result<Self, StartUpError> {
        data.make()?;
        Ok(Self {
            path: data.database(),
            subject: "--data",
        })
    }

    /// Where `DB_URI` says, in a folder that has to be there.
    pub(super) fn at(path: &Path) -> Result<Self, StartUpError> {
        let folder = folder_of(path);
        if !folder.is_dir() {
            return Err(StartUpError::new(
                "DB_URI",
                format!("the folder `{}` does not exist", folder.display()),
                "make the folder, or write the path with four slashes, `sqlite:////…`, if it is absolute",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            subject: "DB_URI",
        })
    }

    fn of(config: &Config, data: &DataFolder) -> Result<Option<Self>, StartUpError> {
        match &config.database.uri {
            None => Self::in_data(data).map(Some),
            Some(DatabaseUri::Sqlite(path)) => Self::at(path).map(Some),
            Some(DatabaseUri::Postgres(_)) => Ok(None),
        }
    }

    fn failed(&self, what: String, hint: &str) -> StartUpError {
        StartUpError::new(self.subject, what, hint)
    }
}

/// Takes the database for this process alone.
///
/// # Errors
/// Another process has it; the folder cannot be written.
pub fn own(config: &Config, data: &DataFolder) -> Result<Ownership, StartUpError> {
    let Some(file) = SqliteFile::of(config, data)? else {
        return Ok(Ownership { _lock: None });
    };
    match lock(&file)? {
        Ok(lock) => Ok(Ownership { _lock: Some(lock) }),
        Err(owner) => Err(file.failed(
            format!(
                "the folder `{}` is in use by another berth{owner}",
                folder_of(&file.path).display()
            ),
            "stop that process, or name another folder; SQLite serves one process, replicas need PostgreSQL",
        )),
    }
}

/// The same for a command that works beside a server too: none where one is running.
pub fn own_if_free(config: &Config, data: &DataFolder) -> Result<Option<Ownership>, StartUpError> {
    let Some(file) = SqliteFile::of(config, data)? else {
        return Ok(Some(Ownership { _lock: None }));
    };
    let lock = lock(&file)?;
    Ok(lock.ok().map(|lock| Ownership { _lock: Some(lock) }))
}

/// The lock, or what is known of who holds it.
fn lock(file: &SqliteFile) -> Result<Result<File, String>, StartUpError> {
    let mut name = file.path.clone().into_os_string();
    name.push(SUFFIX);
    let path = PathBuf::from(name);
    let failed = |error: std::io::Error| {
        file.failed(
            format!("`{}` cannot be locked: {error}", path.display()),
            "name a folder of a local disk that this user may write to and that has room",
        )
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut lock = options.open(&path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Err(owner(&mut lock))),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // For the message above alone: a disk without room for it says so soon enough.
    let _ = lock
        .set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| write!(lock, "{}", std::process::id()));
    Ok(Ok(lock))
}

fn owner(lock: &mut File) -> String {
    let mut process = String::new();
    match lock.take(20).read_to_string(&mut process) {
        Ok(1..) => format!(" (process {process})"),
        _ => String::new(),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path());
        let config = Config::default();
        let first = own(&config, &data).unwrap();
        let refusal = own(&config, &data).unwrap_err().to_string();
        let expected = format!(
            "`--data`: the folder `{}` is in use by another berth (process {})",
            folder.path().display(),
            std::process::id()
        );
        assert!(refusal.starts_with(&expected), "{refusal}");
        assert!(own_if_free(&config, &data).unwrap().is_none());
        drop(first);
        assert!(own_if_free(&config, &data).unwrap().is_some());
        own(&config, &data).unwrap();
    }

    #[test]
    fn databases_beside_each_other_have_owners_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path());
        let named = |name: &str| {
            let mut config = Config::default();
            config.database.uri = Some(DatabaseUri::Sqlite(folder.path().join(name)));
            config
        };
        let _first = own(&named("one.db"), &data).unwrap();
        own(&named("two.db"), &data).unwrap();
        let refusal = own(&named("one.db"), &data).unwrap_err().to_string();
        assert!(refusal.starts_with("`DB_URI`: the folder `"), "{refusal}");
    }
}
