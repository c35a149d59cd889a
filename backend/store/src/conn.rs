//! Connections to either database, and the transactions on them.

mod failure;
mod patience;
mod postgres;
mod probe;
mod refusal;
mod sqlite;
mod tls;

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Error, Result, Secret};
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::{AsyncConnection, SimpleAsyncConnection, TransactionManager};

pub(crate) use self::failure::{db_error, is_unique_violation, lost_race};
use self::failure::{is_retryable, unavailable};
pub(crate) use self::patience::Patient;
pub use self::postgres::PostgresUrl;
use self::probe::Site;
pub(crate) use self::probe::statement;
#[cfg(feature = "faults")]
pub use self::probe::{Call, Probe, probe_statements};
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

enum Pools {
    Pg(Pool<Patient>),
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
    Pg(PooledConnection<'static, Patient>),
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
        match $crate::conn::statement().await {
            Err(e) => Err(e),
            Ok(()) => match $conn {
                $crate::Conn::Pg(c) => {
                    #[allow(dead_code, reason = "only boxed queries name their backend")]
                    type Backend = diesel::pg::Pg;
                    let $c: &mut $crate::conn::Patient = &mut **c;
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
            $crate::conn::statement()
                .await
                .map_err($crate::conn::db_error)?;
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
    ($db:expr, $call:ident, $site:expr) => {
        #[cfg(feature = "faults")]
        probe::ask($db.probe.as_ref(), Call::$call, $site).await?;
        #[cfg(not(feature = "faults"))]
        let _ = $site;
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
    #[cfg_attr(feature = "faults", track_caller)]
    pub fn read(&self) -> impl Future<Output = Result<Conn>> + Send {
        let site = Site::here();
        async move {
            probe!(self, Read, site);
            Ok(match &*self.pools {
                Pools::Pg(pool) => Conn::Pg(checked_out(pool).await?),
                Pools::Lite { readers, .. } => {
                    Conn::Lite(readers.get_owned().await.map_err(unavailable)?)
                }
            })
        }
    }

    /// A connection that may write outside a transaction and take its time, for migrations alone.
    pub(crate) async fn read_write(&self) -> Result<Conn> {
        Ok(match &*self.pools {
            Pools::Pg(pool) => {
                let mut c = checked_out(pool).await?;
                c.wait_for_ever().await.map_err(db_error)?;
                Conn::Pg(c)
            }
            Pools::Lite { writer, .. } => Conn::Lite(writer.connection().await?),
        })
    }

    /// How many connections somebody has; none while nobody is at work.
    #[cfg(feature = "faults")]
    pub fn in_use(&self) -> u32 {
        /// Of one pool.
        macro_rules! taken {
            ($pool:expr) => {{
                let state = $pool.state();
                state.connections.saturating_sub(state.idle_connections)
            }};
        }
        match &*self.pools {
            Pools::Pg(pool) => taken!(pool),
            Pools::Lite { readers, writer } => taken!(readers) + taken!(writer.pool()),
        }
    }

    /// Runs `body` in one transaction: commits when it returns `Ok`, rolls back otherwise. The answer
    /// comes when the commit is on disk. The body runs again when the database broke a deadlock with
    /// it or a row that it names was deleted meanwhile, so it borrows what it captures and has no effect outside the transaction.
    ///
    /// On SQLite, transactions that queue up run one after the other and share a commit; each sees
    /// what those before it did, and none is answered before that is on disk.
    #[cfg_attr(feature = "faults", track_caller)]
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
    #[cfg_attr(feature = "faults", track_caller)]
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
    /// collector: nobody else's commit is put off until it is done, and on PostgreSQL a statement has
    /// minutes where others have seconds.
    #[cfg_attr(feature = "faults", track_caller)]
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

    #[cfg_attr(feature = "faults", track_caller)]
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
        let site = Site::here();
        async move {
            let mut manner = manner;
            let mut attempt = 1;
            loop {
                let result = self.write_once(manner, site, &body).await;
                match result {
                    Err(e) if attempt < ATTEMPTS_MAX && is_retryable(&e) => {
                        tracing::debug!(attempt, "transaction lost a race, running it again");
                        attempt += 1;
                        if let Pools::Lite { .. } = &*self.pools {
                            // Whoever shared a commit that came to nothing does not depend on others again.
                            manner = Manner::Alone;
                        }
                    }
                    other => return other,
                }
            }
        }
    }

    async fn write_once<R, F>(&self, manner: Manner, site: Site, body: &F) -> Result<R>
    where
        for<'r> F:
            AsyncFn(&'r mut Tx) -> Result<R> + TxFn<&'r mut Tx, Result<R>, Fut: Send> + Send + Sync,
        R: Send,
    {
        probe!(self, Begin, site);
        let mut tx = self.begin(manner).await?;
        #[cfg(feature = "faults")]
        let done = probe::within(self.probe.as_ref(), site, body(&mut tx)).await;
        #[cfg(not(feature = "faults"))]
        let done = body(&mut tx).await;
        match done {
            Ok(value) => {
                probe!(self, Commit, site);
                tx.commit().await?;
                probe!(self, Committed, site);
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
                let mut c = checked_out(pool).await?;
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

/// A connection of the pool, waited for as by a request.
async fn checked_out(pool: &Pool<Patient>) -> Result<PooledConnection<'static, Patient>> {
    let mut c = pool.get_owned().await.map_err(unavailable)?;
    c.hurry();
    Ok(c)
}

async fn begin(c: &mut Patient, manner: Manner) -> diesel::QueryResult<()> {
    match manner {
        Manner::Durable => {
            <Patient as AsyncConnection>::TransactionManager::begin_transaction(c).await
        }
        Manner::Alone => c.begin_alone().await,
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
