//! A migrated database for one test.

use std::path::PathBuf;

use berth_domain::Secret;
use berth_store::{Db, DbConfig, migrations};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;
use url::Url;
use uuid::Uuid;

use crate::Backend;

/// Names a PostgreSQL server on which databases may be created and dropped.
const POSTGRES_URL: &str = "BERTH_TEST_POSTGRES_URL";

/// A migrated, empty database that goes with the test.
pub struct TestDatabase {
    /// The database.
    pub db: Db,
    place: Place,
}

enum Place {
    Sqlite { folder: TempDir },
    Postgres { server: Url, name: String },
}

impl TestDatabase {
    /// A new database; `None` for PostgreSQL where no server is named.
    pub async fn new(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let config = DbConfig::Sqlite {
                    path: sqlite_file(&folder),
                    readers: 4,
                };
                let db = Db::connect(&config).await.expect("SQLite opens");
                migrations::run(&db).await.expect("SQLite migrates");
                Some(Self {
                    db,
                    place: Place::Sqlite { folder },
                })
            }
            Backend::Postgres => {
                let server: Url = std::env::var(POSTGRES_URL).ok()?.parse().expect("a URL");
                let template = template(&server).await;
                let name = format!("berth_{}", Uuid::new_v4().simple());
                execute(
                    &server,
                    &format!("create database {name} template {template}"),
                )
                .await;
                let db = connect(&server, &name).await;
                Some(Self {
                    db,
                    place: Place::Postgres { server, name },
                })
            }
        }
    }

    /// Where a replica would connect to.
    pub fn postgres_url(&self) -> Option<String> {
        match &self.place {
            Place::Sqlite { .. } => None,
            Place::Postgres { server, name } => Some(database_url(server, name).to_string()),
        }
    }

    /// The file of an embedded one.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Sqlite { folder } => Some(sqlite_file(folder)),
            Place::Postgres { .. } => None,
        }
    }

    /// Removes the database; a test that panics leaves it to the server's end.
    pub async fn close(self) {
        if let Place::Postgres { server, name } = self.place {
            execute(&server, &format!("drop database {name} with (force)")).await;
        }
    }
}

fn sqlite_file(folder: &TempDir) -> PathBuf {
    folder.path().join("berth.db")
}

/// A migrated database to copy, made once for each test binary.
async fn template(server: &Url) -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("berth_template_{}", Uuid::new_v4().simple());
            execute(server, &format!("create database {name}")).await;
            {
                let db = connect(server, &name).await;
                migrations::run(&db).await.expect("PostgreSQL migrates");
            }
            // A database that somebody is connected to cannot be copied.
            let ended = format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            );
            execute(server, &ended).await;
            name
        })
        .await
}

fn database_url(server: &Url, name: &str) -> Url {
    let mut url = server.clone();
    url.set_path(name);
    url
}

async fn connect(server: &Url, name: &str) -> Db {
    let url = Secret::new(database_url(server, name).to_string());
    Db::connect(&DbConfig::Postgres {
        url,
        connections: 8,
    })
    .await
    .expect("PostgreSQL connects")
}

async fn execute(server: &Url, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server.as_str(), NoTls)
        .await
        .expect("PostgreSQL answers");
    let connection = tokio::spawn(connection);
    client
        .batch_execute(sql)
        .await
        .expect("the server does as told");
    drop(client);
    connection
        .await
        .expect("no panic")
        .expect("the connection ends well");
}
