//! Opens the database and looks at its schema.

use std::path::{Path, PathBuf};

use berth_store::migrations::{self, SchemaState};
use berth_store::{Db, DbConfig};

use super::failure::with_causes;
use super::{DataFolder, StartUpError};
use crate::config::Config;
use crate::config::database::DatabaseUri;

const KEY: &str = "DB_URI";

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
    let failed = |error| {
        StartUpError::new(
            KEY,
            format!("the schema cannot be read: {}", with_causes(&error)),
            "the database user needs the right to read and create tables",
        )
    };
    match (migrations::state(&db).await.map_err(failed)?, migrate) {
        (SchemaState::Current, _) => {}
        (SchemaState::Unknown, _) => {
            return Err(StartUpError::new(
                KEY,
                "the database was made by a newer version of berth",
                "start that version, or restore the backup made before the upgrade",
            ));
        }
        (SchemaState::Empty, Migrate::No) => {
            return Err(StartUpError::new(
                KEY,
                "the database is empty",
                "check that it is the right one, then run `berth migrate` with the same configuration",
            ));
        }
        (SchemaState::Behind, Migrate::No) => {
            return Err(StartUpError::new(
                KEY,
                "the database was made by an older version of berth",
                "make a backup, then run `berth migrate` with the same configuration",
            ));
        }
        (SchemaState::Empty | SchemaState::Behind, Migrate::Yes) => {
            let count = migrations::run(&db).await.map_err(|error| {
                StartUpError::new(
                    KEY,
                    format!("the schema cannot be brought up: {}", with_causes(&error)),
                    "restore the backup, or start the version that made the database",
                )
            })?;
            tracing::info!(migrations = count, "brought the database schema up");
        }
    }
    Ok(db)
}

async fn connect(config: &Config, data: &DataFolder) -> Result<Db, StartUpError> {
    let size = config.database.pool_size;
    match &config.database.uri {
        None => {
            data.make()?;
            sqlite(data.database(), size, "--data").await
        }
        Some(DatabaseUri::Sqlite(path)) => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                return Err(StartUpError::new(
                    KEY,
                    format!("the folder `{}` does not exist", folder.display()),
                    "make the folder, or write the path with four slashes, `sqlite:////…`, if it is absolute",
                ));
            }
            sqlite(path.clone(), size, KEY).await
        }
        Some(uri @ DatabaseUri::Postgres(url)) => {
            let settings = DbConfig::Postgres {
                url: url.clone(),
                connections: size,
            };
            Db::connect(&settings).await.map_err(|error| {
                StartUpError::new(
                    KEY,
                    format!("no connection to `{uri}`: {}", with_causes(&error)),
                    "check host, port, user, password, database and `sslmode`, and that the server runs",
                )
            })
        }
    }
}

async fn sqlite(path: PathBuf, readers: u32, subject: &str) -> Result<Db, StartUpError> {
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

/// SQLite takes a file that it cannot write for a read-only one, and would tell only at the first change.
fn writable(path: &Path, subject: &str) -> Result<(), StartUpError> {
    let mut options = std::fs::OpenOptions::new();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    match opened {
        Ok(_) => Ok(()),
        Err(error) => Err(StartUpError::new(
            subject,
            format!("`{}` cannot be written: {error}", path.display()),
            "let this user write the file and its folder, and see that the disk has room",
        )),
    }
}
