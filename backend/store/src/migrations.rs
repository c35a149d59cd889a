//! Bringing a database to the schema that this binary knows.

use berth_domain::{Error, Result};
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel_async::pooled_connection::bb8::PooledConnection;
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::conn::{Conn, Db, Patient, db_error};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Any number of `migrate` commands at once: one works, the others wait (PostgreSQL advisory lock).
const LOCK: i64 = 0x6265_7274_6800;

/// How a database's schema stands to this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// It is the one this binary knows.
    Current,
    /// No table is there yet.
    Empty,
    /// It is older: `berth migrate` brings it up.
    Behind,
    /// A newer binary made it.
    Unknown,
}

/// Applies what is missing; returns how many migrations ran.
///
/// # Errors
/// A database that a newer binary has migrated is left alone.
pub async fn run(db: &Db) -> Result<usize> {
    if state(db).await? == SchemaState::Unknown {
        return Err(Error::conflict(
            "the database was migrated by a newer version of berth",
        ));
    }
    match db.read_write().await? {
        Conn::Pg(mut c) => {
            diesel::sql_query(format!("select pg_advisory_lock({LOCK})"))
                .execute(&mut *c)
                .await
                .map_err(db_error)?;
            let (result, mut c) = run_postgres(c).await?;
            diesel::sql_query(format!("select pg_advisory_unlock({LOCK})"))
                .execute(&mut *c)
                .await
                .map_err(db_error)?;
            result
        }
        Conn::Lite(mut c) => c
            .spawn_blocking(|c| {
                c.batch_execute("pragma busy_timeout=10000")?;
                let ran = c.run_pending_migrations(SQLITE).map(|ran| ran.len());
                c.batch_execute("pragma busy_timeout=0")?;
                Ok(ran.map_err(Error::internal))
            })
            .await
            .map_err(db_error)?,
    }
}

type PgConn = PooledConnection<'static, Patient>;

async fn run_postgres(c: PgConn) -> Result<(Result<usize>, PgConn)> {
    tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(c);
        let result = harness
            .run_pending_migrations(POSTGRES)
            .map(|ran| ran.len())
            .map_err(Error::internal);
        (result, harness.into_inner())
    })
    .await
    .map_err(Error::internal)
}

/// Compares what was applied with what this binary knows.
pub async fn state(db: &Db) -> Result<SchemaState> {
    let mut conn = db.read().await?;
    let known: Vec<String> = match &conn {
        Conn::Pg(_) => names::<diesel::pg::Pg>(&POSTGRES)?,
        Conn::Lite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE)?,
    };
    let Some(applied) = applied(&mut conn).await? else {
        return Ok(SchemaState::Empty);
    };
    if applied.is_empty() {
        return Ok(SchemaState::Empty);
    }
    if applied.iter().any(|version| !known.contains(version)) {
        return Ok(SchemaState::Unknown);
    }
    Ok(if applied.len() == known.len() {
        SchemaState::Current
    } else {
        SchemaState::Behind
    })
}

fn names<B: diesel::backend::Backend>(migrations: &EmbeddedMigrations) -> Result<Vec<String>>
where
    EmbeddedMigrations: MigrationSource<B>,
{
    let all = MigrationSource::<B>::migrations(migrations).map_err(Error::internal)?;
    Ok(all.iter().map(|m| m.name().version().to_string()).collect())
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// The versions that were applied; `None` where the table of versions does not exist.
async fn applied(conn: &mut Conn) -> Result<Option<Vec<String>>> {
    let probe = match conn {
        Conn::Pg(_) => {
            "select table_name::text as version from information_schema.tables \
             where table_schema = current_schema() and table_name = '__diesel_schema_migrations'"
        }
        Conn::Lite(_) => {
            "select name as version from sqlite_master where type = 'table' and name = '__diesel_schema_migrations'"
        }
    };
    let found: Vec<Version> =
        on_backend!(conn, |c| diesel::sql_query(probe).load(c).await).map_err(db_error)?;
    if found.is_empty() {
        return Ok(None);
    }
    let query = "select version from __diesel_schema_migrations order by version";
    let rows: Vec<Version> =
        on_backend!(conn, |c| diesel::sql_query(query).load(c).await).map_err(db_error)?;
    Ok(Some(rows.into_iter().map(|row| row.version).collect()))
}
