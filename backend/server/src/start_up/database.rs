//! Opens the database and looks at its schema.

use std::path::{Path, PathBuf};

use berth_domain::Error;
use berth_store::migrations::{self, SchemaState};
use berth_store::{Db, DbConfig, Refusal};

use super::failure::with_causes;
use super::ownership::SqliteFile;
use super::{DataFolder, StartUpError};
use crate::config::Config;
use crate::config::database::DatabaseUri;
use crate::config::storage::Place;

const KEY: &str = "DB_URI";

const POSTGRES_HINT: &str = "check that the server runs and has connections left";

/// What to do about a schema that is not current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up: `berth migrate`, and `berth serve` on SQLite.
    Yes,
    /// Refuse: other replicas may be running on it.
    No,
}

impl Config {
    /// The SQLite file, where the database is one.
    pub fn database_file(&self, data: &DataFolder) -> Option<PathBuf> {
        match &self.database.uri {
            None => Some(data.database()),
            Some(DatabaseUri::Sqlite(path)) => Some(path.clone()),
            Some(DatabaseUri::Postgres(_)) => None,
        }
    }

    /// What `serve` does about a schema that is behind: SQLite has one process, which migrates;
    /// replicas share PostgreSQL, where migrating is a step of its own.
    pub fn migrate_at_start(&self) -> Migrate {
        if self.is_embedded() {
            Migrate::Yes
        } else {
            Migrate::No
        }
    }

    /// Whether one server has the database for itself, as it has a file.
    pub fn is_embedded(&self) -> bool {
        !matches!(self.database.uri, Some(DatabaseUri::Postgres(_)))
    }
}

/// Opens the database with a current schema.
pub async fn database(
    config: &Config,
    data: &DataFolder,
    migrate: Migrate,
) -> Result<Db, StartUpError> {
    let db = connect(config, data).await?;
    let subject = if config.database.uri.is_some() {
        KEY
    } else {
        "--data"
    };
    let failed = |error| {
        StartUpError::new(
            subject,
            format!("the schema cannot be read: {}", with_causes(&error)),
            "the database user needs the right to read and create tables",
        )
    };
    match (migrations::state(&db).await.map_err(failed)?, migrate) {
        (SchemaState::Current, _) => {}
        (SchemaState::Unknown, _) => {
            return Err(StartUpError::new(
                subject,
                "the database was made by a newer version of berth",
                "start that version, or restore the backup made before the upgrade",
            ));
        }
        (SchemaState::Empty, Migrate::No) => {
            return Err(StartUpError::new(
                subject,
                "the database is empty",
                "check that it is the right one, then run `berth migrate` with the same configuration",
            ));
        }
        (SchemaState::Behind, Migrate::No) => {
            return Err(StartUpError::new(
                subject,
                "the database was made by an older version of berth",
                "make a backup, then run `berth migrate` with the same configuration",
            ));
        }
        (SchemaState::Empty | SchemaState::Behind, Migrate::Yes) => {
            let count = migrations::run(&db).await.map_err(|error| {
                let what = with_causes(&error);
                let hint = if what.contains("full") || what.contains("No space") {
                    "make room on the disk, or put the database elsewhere"
                } else {
                    "restore the backup, or start the version that made the database"
                };
                let what = format!("the schema cannot be brought up: {what}");
                StartUpError::new(subject, what, hint)
            })?;
            tracing::info!(migrations = count, "brought the database schema up");
        }
    }
    Ok(db)
}

async fn connect(config: &Config, data: &DataFolder) -> Result<Db, StartUpError> {
    let size = config.database.pool_size;
    let file = match &config.database.uri {
        None => SqliteFile::in_data(data)?,
        Some(DatabaseUri::Sqlite(path)) => SqliteFile::at(path)?,
        Some(uri @ DatabaseUri::Postgres(url)) => {
            let settings = DbConfig::Postgres {
                url: url.clone(),
                connections: size,
            };
            return Db::connect(&settings).await.map_err(|error| {
                let refusal = match &error {
                    Error::Unavailable { source, .. } => source.downcast_ref::<Refusal>(),
                    _ => None,
                };
                StartUpError::new(
                    KEY,
                    format!("no connection to `{uri}`: {}", with_causes(&error)),
                    refusal.map_or(POSTGRES_HINT, Refusal::mend),
                )
            });
        }
    };
    if !file.path.exists() {
        no_silent_new_database(config, data, &file)?;
    }
    sqlite(file, size).await
}

/// A registry whose database is gone must not become an empty one.
fn no_silent_new_database(
    config: &Config,
    data: &DataFolder,
    file: &SqliteFile,
) -> Result<(), StartUpError> {
    let blobs = match config.storage_place() {
        None => Some(data.storage()),
        Some(Place::Local(options)) => Some(options.storage_path.clone()),
        Some(_) => None,
    };
    match blobs.filter(|folder| holds_a_file(folder)) {
        None => Ok(()),
        Some(folder) => Err(StartUpError::new(
            file.subject,
            format!(
                "there are blobs in `{}`, but no database at `{}`",
                folder.display(),
                file.path.display()
            ),
            "correct the path, or bring the database back from the backup; for a new registry empty the folder first",
        )),
    }
}

fn holds_a_file(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => holds_a_file(&entry.path()),
        kind => kind.is_ok(),
    })
}

async fn sqlite(file: SqliteFile, readers: u32) -> Result<Db, StartUpError> {
    let SqliteFile { path, subject } = file;
    let is_new = !path.exists();
    writable(&path, subject)?;
    let settings = DbConfig::Sqlite {
        path: path.clone(),
        readers,
    };
    let db = Db::connect(&settings).await.map_err(|error| {
        StartUpError::new(
            subject,
            format!(
                "`{}` cannot be opened: {}",
                path.display(),
                with_causes(&error)
            ),
            "check that it is a SQLite database, that its folder can be written and has room",
        )
    })?;
    if is_new {
        tracing::info!(path = %path.display(), "made a new database");
    }
    Ok(db)
}

/// SQLite takes a file that it cannot write for a read-only one, and would tell only at the first
/// change. A new file is its owner's alone; SQLite gives what lies beside it the same mode.
fn writable(path: &Path, subject: &str) -> Result<(), StartUpError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StartUpError::new(
            subject,
            format!("`{}` cannot be written: {error}", path.display()),
            "let this user write the file and its folder, and see that the disk has room",
        )),
    }
}
