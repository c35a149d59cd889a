//! Connections to either database, and the transactions on them.

mod postgres;
mod refusal;
mod sqlite;
mod tls;

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Error, Result, Secret};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};

pub use self::postgres::PostgresUrl;
pub use self::refusal::Refusal;
pub(crate) use self::sqlite::Lite;
use self::sqlite::{Turn, Writer};

/// Where the rows are.
#[derive(Debug, Clone)]
pub enum DbConfig {
    /// A file beside the server, made when absent.
    Sqlite {
        /// The database file.
        path: PathBuf,
        /// How many readers at once.
        readers: u32,
    },
    /// A server that any number of replicas share.
    Postgres {
        /// What [`PostgresUrl`] parses.
        url: Secret<String>,
        /// How many connections at most.
        connections: u32,
    },
}

/// The database: hands out connections and runs transactions.
#[derive(Clone)]
pub struct Db {
    pools: Arc<Pools>,
    #[cfg(feature = "faults")]
    probe: Option<Probe>,
}

/// Where a test may have the database fail.
#[cfg(feature = "faults")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A connection for reads is asked for.
    Read,
    /// A transaction is to begin.
    Begin,
    /// Its statements are done and it is to be committed.
    Commit,
    /// It was committed, and the answer is on its way.
    Committed,
    /// A statement is to run, within a transaction or for a read.
    Statement,
}

/// Asked at each call; its error becomes the database's.
#[cfg(feature = "faults")]
pub type Probe = Arc<dyn Fn(Call) -> Result<()> + Send + Sync>;

#[cfg(feature = "faults")]
tokio::task_local! {
    static STATEMENTS: Probe;
}

/// Asks `probe` at each statement of this work; what it spawns is not asked.
#[cfg(feature = "faults")]
pub async fn probe_statements<R>(probe: Probe, work: impl Future<Output = R>) -> R {
    STATEMENTS.scope(probe, work).await
}

/// Lets a test fail the statement that comes next; nothing in a build without the feature.
#[cfg_attr(
    not(feature = "faults"),
    expect(clippy::unnecessary_wraps, reason = "it fails in tests alone")
)]
pub(crate) fn statement() -> diesel::QueryResult<()> {
    #[cfg(feature = "faults")]
    if let Ok(Err(error)) = STATEMENTS.try_with(|probe| probe(Call::Statement)) {
        let kind = DatabaseErrorKind::UnableToSendCommand;
        return Err(DieselError::DatabaseError(
            kind,
            Box::new(error.to_string()),
        ));
    }
    Ok(())
}

enum Pools {
    Pg(Pool<AsyncPgConnection>),
    Lite {
        readers: Pool<Lite>,
        writer: Arc<Writer>,
    },
}

/// How a transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// On disk before the answer.
    Durable,
    /// On disk some time later.
    Relaxed,
    /// On disk before the answer, and nobody else's answer waits for it.
    Alone,
}

/// A connection for reading.
#[expect(
    clippy::large_enum_variant,
    reason = "one per request, and a box would cost each query a hop"
)]
pub enum Conn {
    /// To PostgreSQL.
    #[doc(hidden)]
    Pg(PooledConnection<'static, AsyncPgConnection>),
    /// To SQLite.
    #[doc(hidden)]
    Lite(PooledConnection<'static, Lite>),
}

/// An open transaction; reads work on it as on any connection.
pub struct Tx {
    conn: Conn,
    /// The turn at SQLite's one writer.
    turn: Option<Turn>,
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// Expands a query once for each database: `$c` is the connection, `Backend` its Diesel backend.
macro_rules! on_backend {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $crate::conn::statement() {
            Err(e) => Err(e),
            Ok(()) => match $conn {
                $crate::Conn::Pg(c) => {
                    #[allow(dead_code, reason = "only boxed queries name their backend")]
                    type Backend = diesel::pg::Pg;
                    let $c: &mut diesel_async::AsyncPgConnection = &mut **c;
                    $body
                }
                $crate::Conn::Lite(c) => {
                    #[allow(dead_code, reason = "only boxed queries name their backend")]
                    type Backend = diesel::sqlite::Sqlite;
                    let $c: &mut $crate::conn::Lite = &mut **c;
                    $body
                }
            },
        }
    };
}

/// Inserts many rows in few statements. SQLite has no multi-row insert through the asynchronous
/// interface, so there each chunk is one hop to a plain Diesel insert.
macro_rules! insert_all {
    ($tx:expr, $table:expr, $rows:expr) => {{
        /// Rows in one statement; below the bind limit of either database.
        const CHUNK: usize = 500;
        let mut rows = $rows;
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(CHUNK));
            $crate::conn::statement().map_err($crate::conn::db_error)?;
            match &mut **$tx {
                $crate::Conn::Pg(c) => {
                    diesel_async::RunQueryDsl::execute(
                        diesel::insert_into($table).values(&rows),
                        &mut **c,
                    )
                    .await
                    .map_err($crate::conn::db_error)?;
                }
                $crate::Conn::Lite(c) => {
                    c.spawn_blocking(move |c| {
                        diesel::RunQueryDsl::execute(diesel::insert_into($table).values(&rows), c)
                    })
                    .await
                    .map_err($crate::conn::db_error)?;
                }
            }
            rows = rest;
        }
        Ok(())
    }};
}

/// Lets a test fail a call; nothing in a build without the feature.
macro_rules! probe {
    ($db:expr, $call:ident) => {
        #[cfg(feature = "faults")]
        if let Some(probe) = &$db.probe {
            probe(Call::$call)?;
        }
    };
}

/// A transaction's body. Stable Rust cannot name the future of an `AsyncFn`, and without its name
/// nobody can demand that it is `Send`; this trait gives it one.
pub trait TxFn<T, R>: AsyncFn(T) -> R + Fn(T) -> <Self as TxFn<T, R>>::Fut {
    /// What calling the body gives.
    type Fut: Future<Output = R>;
}

impl<F, T, Fut, R> TxFn<T, R> for F
where
    F: AsyncFn(T) -> R + Fn(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// How often a transaction is tried when it loses a race.
const ATTEMPTS_MAX: u32 = 4;
/// How long a caller waits for a connection before it is told that the database is not available.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(10);

impl Db {
    /// Opens the database; does not migrate it.
    ///
    /// # Errors
    /// A file that cannot be opened or a server that does not answer or refuses the credentials.
    pub async fn connect(config: &DbConfig) -> Result<Self> {
        let pools = match config {
            DbConfig::Sqlite { path, readers } => {
                let url = path.to_string_lossy();
                let writer = Writer::open(&url).await?;
                Pools::Lite {
                    readers: sqlite::pool(&url, *readers, true).await?,
                    writer: Arc::new(writer),
                }
            }
            DbConfig::Postgres { url, connections } => {
                let target: PostgresUrl = url.expose().parse().map_err(|what| {
                    let mend = "correct the URL";
                    Error::unavailable("the database", Refusal::new(what, mend))
                })?;
                Pools::Pg(target.pool(url.expose(), *connections).await?)
            }
        };
        Ok(Self {
            pools: Arc::new(pools),
            #[cfg(feature = "faults")]
            probe: None,
        })
    }

    /// The same database, failing where `probe` says.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn probed(&self, probe: Probe) -> Self {
        Self {
            pools: Arc::clone(&self.pools),
            probe: Some(probe),
        }
    }

    /// `postgresql` or `sqlite`.
    pub fn kind(&self) -> &'static str {
        match &*self.pools {
            Pools::Pg(_) => "postgresql",
            Pools::Lite { .. } => "sqlite",
        }
    }

    /// A connection for reads.
    pub async fn read(&self) -> Result<Conn> {
        probe!(self, Read);
        Ok(match &*self.pools {
            Pools::Pg(pool) => Conn::Pg(pool.get_owned().await.map_err(unavailable)?),
            Pools::Lite { readers, .. } => {
                Conn::Lite(readers.get_owned().await.map_err(unavailable)?)
            }
        })
    }

    /// A connection that may write outside a transaction, for migrations alone.
    pub(crate) async fn read_write(&self) -> Result<Conn> {
        Ok(match &*self.pools {
            Pools::Pg(pool) => Conn::Pg(pool.get_owned().await.map_err(unavailable)?),
            Pools::Lite { writer, .. } => Conn::Lite(writer.connection().await?),
        })
    }

    /// Runs `body` in one transaction: commits when it returns `Ok`, rolls back otherwise. The answer
    /// comes when the commit is on disk. The body runs again when the database broke a deadlock with
    /// it or a row that it names was deleted meanwhile, so it borrows what it captures and has no effect outside the transaction.
    ///
    /// On SQLite, transactions that queue up run one after the other and share a commit; each sees
    /// what those before it did, and none is answered before that is on disk.
    pub fn write<'a, R, F>(&'a self, body: F) -> impl Future<Output = Result<R>> + Send + 'a
    where
        for<'r> F: AsyncFn(&'r mut Tx) -> Result<R>
            + TxFn<&'r mut Tx, Result<R>, Fut: Send>
            + Send
            + Sync
            + 'a,
        R: Send + 'a,
    {
        self.write_in(Manner::Durable, body)
    }

    /// [`Db::write`] for what may be forgotten: the answer does not wait for the disk, so a power cut
    /// (on PostgreSQL, a crash of the server) may undo it. The end of this process undoes nothing, and
    /// a later durable commit makes it durable too.
    pub fn write_relaxed<'a, R, F>(&'a self, body: F) -> impl Future<Output = Result<R>> + Send + 'a
    where
        for<'r> F: AsyncFn(&'r mut Tx) -> Result<R>
            + TxFn<&'r mut Tx, Result<R>, Fut: Send>
            + Send
            + Sync
            + 'a,
        R: Send + 'a,
    {
        self.write_in(Manner::Relaxed, body)
    }

    /// [`Db::write`] for a body of many statements that nobody waits for, like a batch of the
    /// collector: nobody else's commit is put off until it is done.
    pub fn write_alone<'a, R, F>(&'a self, body: F) -> impl Future<Output = Result<R>> + Send + 'a
    where
        for<'r> F: AsyncFn(&'r mut Tx) -> Result<R>
            + TxFn<&'r mut Tx, Result<R>, Fut: Send>
            + Send
            + Sync
            + 'a,
        R: Send + 'a,
    {
        self.write_in(Manner::Alone, body)
    }

    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` cannot promise that its future is `Send`"
    )]
    fn write_in<'a, R, F>(
        &'a self,
        manner: Manner,
        body: F,
    ) -> impl Future<Output = Result<R>> + Send + 'a
    where
        for<'r> F: AsyncFn(&'r mut Tx) -> Result<R>
            + TxFn<&'r mut Tx, Result<R>, Fut: Send>
            + Send
            + Sync
            + 'a,
        R: Send + 'a,
    {
        async move {
            let mut manner = manner;
            let mut attempt = 1;
            loop {
                let result = self.write_once(manner, &body).await;
                match result {
                    Err(e) if attempt < ATTEMPTS_MAX && is_retryable(&e) => {
                        tracing::debug!(attempt, "transaction lost a race, running it again");
                        attempt += 1;
                        // Whoever shared a commit that came to nothing does not depend on others again.
                        manner = Manner::Alone;
                    }
                    other => return other,
                }
            }
        }
    }

    async fn write_once<R, F>(&self, manner: Manner, body: &F) -> Result<R>
    where
        for<'r> F:
            AsyncFn(&'r mut Tx) -> Result<R> + TxFn<&'r mut Tx, Result<R>, Fut: Send> + Send + Sync,
        R: Send,
    {
        probe!(self, Begin);
        let mut tx = self.begin(manner).await?;
        match body(&mut tx).await {
            Ok(value) => {
                probe!(self, Commit);
                tx.commit().await?;
                probe!(self, Committed);
                Ok(value)
            }
            Err(error) => {
                tx.rollback().await?;
                Err(error)
            }
        }
    }

    async fn begin(&self, manner: Manner) -> Result<Tx> {
        match &*self.pools {
            Pools::Pg(pool) => {
                let mut c = pool.get_owned().await.map_err(unavailable)?;
                begin(&mut c, manner).await.map_err(db_error)?;
                Ok(Tx {
                    conn: Conn::Pg(c),
                    turn: None,
                })
            }
            Pools::Lite { writer, .. } => {
                let (c, turn) = writer.begin(manner).await?;
                Ok(Tx {
                    conn: Conn::Lite(c),
                    turn: Some(turn),
                })
            }
        }
    }

    /// Asks the database for an answer, for readiness probes.
    pub async fn ping(&self) -> Result<()> {
        let mut conn = self.read().await?;
        on_backend!(&mut conn, |c| c.batch_execute("select 1").await).map_err(db_error)
    }
}

impl Tx {
    async fn commit(self) -> Result<()> {
        match (self.conn, self.turn) {
            (Conn::Lite(c), Some(turn)) => turn.commit(c).await,
            (Conn::Pg(mut c), _) => commit(&mut *c).await.map_err(db_error),
            (Conn::Lite(mut c), None) => commit(&mut *c).await.map_err(db_error),
        }
    }

    /// Undoes what the body did. Its error counts, unless it may have come from a neighbour's rows
    /// that were not committed in the end.
    async fn rollback(self) -> Result<()> {
        let rolled_back = match (self.conn, self.turn) {
            (Conn::Lite(c), Some(turn)) => return turn.roll_back(c).await,
            (Conn::Pg(mut c), _) => rollback(&mut *c).await,
            (Conn::Lite(mut c), None) => rollback(&mut *c).await,
        };
        // A failed rollback leaves the connection broken, and the pool discards it.
        if let Err(e) = rolled_back {
            tracing::warn!(error = %e, "rollback failed, the connection is discarded");
        }
        Ok(())
    }
}

async fn begin(c: &mut AsyncPgConnection, manner: Manner) -> diesel::QueryResult<()> {
    match manner {
        Manner::Durable | Manner::Alone => {
            <AsyncPgConnection as AsyncConnection>::TransactionManager::begin_transaction(c).await
        }
        // One round trip.
        Manner::Relaxed => {
            diesel_async::AnsiTransactionManager::begin_transaction_sql(
                c,
                "BEGIN; SET LOCAL synchronous_commit = off",
            )
            .await
        }
    }
}

async fn commit<C: AsyncConnection>(c: &mut C) -> diesel::QueryResult<()> {
    C::TransactionManager::commit_transaction(c).await
}

async fn rollback<C: AsyncConnection>(c: &mut C) -> diesel::QueryResult<()> {
    C::TransactionManager::rollback_transaction(c).await
}

fn unavailable<E>(error: E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    Error::unavailable("the database", error)
}

/// What databases say without a kind of its own when nothing is wrong with the query.
const UNAVAILABLE: [&str; 6] = [
    "deadlock detected",
    "database is locked",
    "disk I/O error",
    "readonly database",
    "shutting down",
    "terminating connection",
];

/// What a failed query is to the rest of the product.
pub(crate) fn db_error(error: DieselError) -> Error {
    if let DieselError::DatabaseError(kind, info) = &error {
        let message = info.message();
        match kind {
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction
            | DatabaseErrorKind::ForeignKeyViolation => {
                return Error::unavailable("the database", error);
            }
            _ if message.contains("disk is full") || message.contains("No space left") => {
                return Error::StorageFull {
                    source: Box::new(error),
                };
            }
            _ if UNAVAILABLE.iter().any(|text| message.contains(text)) => {
                return Error::unavailable("the database", error);
            }
            // PostgreSQL has no NUL in text and JSON, SQLite does.
            _ if message.contains("invalid byte sequence for encoding")
                || message.contains("unsupported Unicode escape sequence") =>
            {
                return Error::invalid_value(
                    "text holds the character NUL, which is not kept here",
                );
            }
            _ => {}
        }
    }
    Error::internal(error)
}

fn is_retryable(error: &Error) -> bool {
    let Error::Unavailable { source, .. } = error else {
        return false;
    };
    if source.is::<LostRace>() {
        return true;
    }
    match source.downcast_ref::<DieselError>() {
        // A row that the body found was collected before it was named: the next run sees it gone.
        Some(DieselError::DatabaseError(
            DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ForeignKeyViolation,
            _,
        )) => true,
        Some(DieselError::DatabaseError(_, info)) => info.message().contains("deadlock detected"),
        _ => false,
    }
}

/// A transaction that saw a row which is gone now; [`Db::write`] runs it again.
pub(crate) fn lost_race(what: &'static str) -> Error {
    Error::unavailable("the database", LostRace(what))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct LostRace(&'static str);

/// True when a write broke a unique constraint; the caller knows which.
pub(crate) fn is_unique_violation(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}
