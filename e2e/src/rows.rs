//! The rows of a registry, read past its servers: what no client is shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::deployment::Deployment;

/// How long a file is waited for that its server writes to.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// The database of a registry.
#[derive(Debug, Clone)]
pub enum Rows {
    /// A file.
    Sqlite(PathBuf),
    /// A URL, without any detour that the registry itself takes.
    Postgres(String),
}

impl Rows {
    /// Those of a running registry.
    pub fn of(deployment: &Deployment) -> Self {
        let Some(uri) = deployment.key("DB_URI") else {
            return Self::Sqlite(deployment.folder().join("data/berth.db"));
        };
        let (uri, _) = uri.split_once('?').unwrap_or((uri, ""));
        let (_, database) = uri.rsplit_once('/').expect("a URL ends with its database");
        let server = std::env::var("BERTH_TEST_POSTGRES_URL").expect("the scaled shape has it");
        let (server, _) = server
            .rsplit_once('/')
            .expect("a URL ends with its database");
        Self::Postgres(format!("{server}/{database}"))
    }

    /// What one statement finds or changes: the rows, each as its columns in text. Null is the empty text.
    pub async fn ask(&self, statement: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(path) => {
                let found = ask_sqlite(path, statement);
                found.unwrap_or_else(|error| panic!("{error}: {statement}"))
            }
            Self::Postgres(url) => {
                let found = ask_postgres(url, statement).await;
                found.unwrap_or_else(|error| panic!("{error:?}: {statement}"))
            }
        }
    }

    /// Bytes that are a text, for a statement.
    pub fn as_text(&self, bytes: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("cast({bytes} as text)"),
            Self::Postgres(_) => format!("convert_from({bytes}, 'UTF8')"),
        }
    }

    /// The present instant by the database's clock, in milliseconds. A file is not opened for that.
    pub async fn now_ms(&self) -> i64 {
        let text = match self {
            Self::Sqlite(_) => {
                let clock = rusqlite::Connection::open_in_memory();
                let clock = clock.expect("memory takes a database");
                let now = "select cast(cast(unixepoch('subsec') * 1000 as integer) as text)";
                clock.query_row(now, [], |row| row.get(0)).expect(now)
            }
            Self::Postgres(_) => {
                let now = "select cast(extract(epoch from now()) * 1000 as bigint)";
                self.ask(now).await.concat().concat()
            }
        };
        text.parse().expect("a number")
    }
}

fn ask_sqlite(path: &Path, statement: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    assert!(path.is_file(), "there is no file `{}`", path.display());
    let connection = rusqlite::Connection::open(path)?;
    connection.busy_timeout(BUSY_MAX)?;
    let mut statement = connection.prepare(statement)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let texts = (0..columns).map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => String::new(),
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => number.to_string(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
            })
        });
        found.push(texts.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}

async fn ask_postgres(
    url: &str,
    statement: &str,
) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let connection = tokio::spawn(connection);
    let messages = client.simple_query(statement).await?;
    drop(client);
    let _ = connection.await;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let texts = (0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned());
            Some(texts.collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}
