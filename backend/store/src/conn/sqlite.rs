//! SQLite: statements run where they are asked for, and transactions share commits.
//!
//! A statement is answered from memory in microseconds, less than a hop to another thread costs, so
//! it runs in the task that asks ([`Inline`]). Thereby no statement is ever half done when a task is
//! dropped. What waits for the disk, the commit, gives the worker's other tasks away first.
//!
//! There is one writer. Each commit costs a sync of the disk, so transactions that queue up form a
//! [`Group`]: one transaction of the database, each member in a savepoint of its own. The member after
//! which nobody waits commits for all of them.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use berth_domain::{Error, Result};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::result::{ConnectionError, Error as DieselError};
use diesel::sqlite::SqliteConnection;
use diesel_async::AsyncConnection;
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::{CHECKOUT_TIMEOUT, Manner, db_error, lost_race, unavailable};

/// A SQLite connection behind the asynchronous interface.
pub(crate) type Lite = SyncConnectionWrapper<SqliteConnection, Inline>;
type Pooled = PooledConnection<'static, Lite>;

/// Members of a group at most.
const MEMBERS_MAX: usize = 64;
/// How long a group takes in members; the first one's answer waits that long at most.
const GROUP_AGE_MAX: Duration = Duration::from_millis(5);
/// How long the writer waits for another process, such as a command, to give its lock back.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);
/// Pause between two tries to take that lock.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// Runs statements at once, in the task that polls.
#[derive(Debug, Clone, Copy)]
pub struct Inline;

impl SpawnBlocking for Inline {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, std::result::Result<R, Box<dyn StdError + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        async move { Ok(task()) }.boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// The one writer of a file.
pub(super) struct Writer {
    pool: Pool<Lite>,
    /// The group that the next transaction joins. Whoever holds the lock has the turn; it is fair.
    open: Arc<Mutex<Option<Group>>>,
    /// Transactions that wait for their turn.
    waiting: AtomicUsize,
}

/// Transactions that will be committed together.
struct Group {
    conn: Pooled,
    members: Members,
}

/// Who is to be told, and what they were promised.
struct Members {
    answers: Vec<oneshot::Sender<Outcome>>,
    since: Instant,
    manner: Manner,
}

/// What became of a shared commit.
#[derive(Clone)]
enum Outcome {
    Committed,
    Full(String),
    Failed(String),
}

/// The turn of one transaction, within the group that it is a member of. Dropped, it takes the
/// group along: the connection is discarded, and the other members run again.
pub(super) struct Turn {
    writer: Arc<Writer>,
    open: OwnedMutexGuard<Option<Group>>,
    members: Members,
    is_alone: bool,
}

/// A transaction in the queue.
struct Waiting<'a> {
    writer: &'a Arc<Writer>,
    has_arrived: bool,
}

impl Writer {
    pub(super) async fn open(url: &str) -> Result<Self> {
        Ok(Self {
            pool: pool(url, 1, false).await?,
            open: Arc::new(Mutex::new(None)),
            waiting: AtomicUsize::new(0),
        })
    }

    /// The connection without a transaction, for migrations.
    pub(super) async fn connection(&self) -> Result<Pooled> {
        self.pool.get_owned().await.map_err(unavailable)
    }

    /// Its one connection, to be looked at by tests.
    #[cfg(feature = "faults")]
    pub(super) const fn pool(&self) -> &Pool<Lite> {
        &self.pool
    }

    /// Waits for the turn, and joins the group that is open or begins one.
    pub(super) async fn begin(self: &Arc<Self>, manner: Manner) -> Result<(Pooled, Turn)> {
        let waiting = Waiting::new(self);
        let mut open = Arc::clone(&self.open).lock_owned().await;
        waiting.arrive();
        let joined = match open.take() {
            Some(group) if !group.takes(manner) => {
                group.settle();
                None
            }
            group => group,
        };
        let Group { mut conn, members } = match joined {
            Some(group) => group,
            None => self.group(manner).await?,
        };
        on(&mut conn, AnsiTransactionManager::begin_transaction).map_err(db_error)?;
        let turn = Turn {
            writer: Arc::clone(self),
            open,
            members,
            is_alone: manner == Manner::Alone,
        };
        Ok((conn, turn))
    }

    async fn group(&self, manner: Manner) -> Result<Group> {
        let mut conn = self.connection().await?;
        // FULL syncs with each commit. NORMAL leaves that to the next commit that does.
        let level = match manner {
            Manner::Relaxed => "pragma synchronous=normal",
            Manner::Durable | Manner::Alone => "pragma synchronous=full",
        };
        on(&mut conn, move |c| c.batch_execute(level)).map_err(db_error)?;
        let until = Instant::now() + LOCK_WAIT_MAX;
        // IMMEDIATE takes the write lock at once: a transaction that reads first never fails to upgrade.
        while let Err(error) = on(&mut conn, |c| {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")
        }) {
            if !is_locked(&error) || Instant::now() > until {
                return Err(db_error(error));
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Ok(Group {
            conn,
            members: Members {
                answers: Vec::new(),
                since: Instant::now(),
                manner,
            },
        })
    }

    /// Commits a group that everybody who could has left.
    async fn settle_abandoned(self: Arc<Self>) {
        let mut open = self.open.lock().await;
        if self.waiting.load(Ordering::SeqCst) == 0
            && let Some(group) = open.take()
        {
            group.settle();
        }
    }
}

impl Group {
    /// Whether a transaction may join: not where its promise is stronger, nor to hold others up.
    fn takes(&self, manner: Manner) -> bool {
        match manner {
            Manner::Durable => self.members.manner == Manner::Durable,
            Manner::Relaxed => true,
            Manner::Alone => false,
        }
    }

    /// Commits, and tells the members.
    fn settle(mut self) -> Outcome {
        let committed =
            waiting_for_the_disk(|| on(&mut self.conn, AnsiTransactionManager::commit_transaction));
        let outcome = Outcome::of(committed.map_err(db_error));
        for answer in self.members.answers {
            // A member that went away does not mind.
            drop(answer.send(outcome.clone()));
        }
        outcome
    }
}

impl Turn {
    /// Commits, with the others of the group, and returns when that is done.
    pub(super) async fn commit(self, mut conn: Pooled) -> Result<()> {
        on(&mut conn, AnsiTransactionManager::commit_transaction).map_err(db_error)?;
        self.end(conn).await
    }

    /// Undoes what this transaction did; what it was told hangs on the rest of the group.
    pub(super) async fn roll_back(self, mut conn: Pooled) -> Result<()> {
        if let Err(error) = on(&mut conn, AnsiTransactionManager::rollback_transaction) {
            tracing::warn!(%error, "rollback failed, the connection is discarded");
            return Ok(());
        }
        if self.members.answers.is_empty() {
            if let Err(error) = on(&mut conn, AnsiTransactionManager::rollback_transaction) {
                tracing::warn!(%error, "rollback failed, the connection is discarded");
            }
            return Ok(());
        }
        self.end(conn).await
    }

    /// Gives the turn to the next one, or commits where there is none.
    async fn end(mut self, conn: Pooled) -> Result<()> {
        let mut group = Group {
            conn,
            members: self.members,
        };
        let is_last = self.is_alone
            || self.writer.waiting.load(Ordering::SeqCst) == 0
            || group.members.answers.len() + 1 >= MEMBERS_MAX
            || group.members.since.elapsed() >= GROUP_AGE_MAX;
        if is_last {
            return group.settle().into_result();
        }
        let (answer, told) = oneshot::channel();
        group.members.answers.push(answer);
        *self.open = Some(group);
        drop(self.open);
        match told.await {
            Ok(outcome) => outcome.into_result(),
            Err(_) => Err(lost_race(
                "a transaction that shares the commit was dropped",
            )),
        }
    }
}

impl Outcome {
    fn of(result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::Committed,
            Err(Error::StorageFull { source }) => Self::Full(source.to_string()),
            Err(Error::Unavailable { source, .. } | Error::Internal { source }) => {
                Self::Failed(source.to_string())
            }
            Err(error) => Self::Failed(error.to_string()),
        }
    }

    fn into_result(self) -> Result<()> {
        match self {
            Self::Committed => Ok(()),
            Self::Full(text) => Err(Error::StorageFull {
                source: text.into(),
            }),
            Self::Failed(text) => Err(Error::unavailable("the database", text)),
        }
    }
}

impl<'a> Waiting<'a> {
    fn new(writer: &'a Arc<Writer>) -> Self {
        writer.waiting.fetch_add(1, Ordering::SeqCst);
        Self {
            writer,
            has_arrived: false,
        }
    }

    fn arrive(mut self) {
        self.has_arrived = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let is_last = self.writer.waiting.fetch_sub(1, Ordering::SeqCst) == 1;
        // The group was left open for the one that gives up here.
        if !self.has_arrived
            && is_last
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(Arc::clone(self.writer).settle_abandoned());
        }
    }
}

/// Runs something on the connection itself.
fn on<T: Send + 'static>(
    conn: &mut Pooled,
    work: impl FnOnce(&mut SqliteConnection) -> diesel::QueryResult<T> + Send + 'static,
) -> diesel::QueryResult<T> {
    let ran = conn.spawn_blocking(work).now_or_never();
    ran.unwrap_or_else(|| Err(DieselError::BrokenTransactionManager))
}

/// Lets other threads take over the tasks of this one while it waits.
fn waiting_for_the_disk<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

fn is_locked(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, info) if info.message().contains("database is locked"))
}

/// A pool of connections to a file.
pub(super) async fn pool(url: &str, size: u32, read_only: bool) -> Result<Pool<Lite>> {
    let mut config = ManagerConfig::<Lite>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let url = url.to_owned();
        async move {
            let mut c = Lite::establish(&url).await?;
            // The writer waits for a lock without blocking its thread.
            let role = if read_only {
                "pragma query_only=on;"
            } else {
                "pragma busy_timeout=0;"
            };
            c.spawn_blocking(move |c| {
                c.batch_execute(&format!(
                    "pragma busy_timeout=10000; pragma journal_mode=wal; pragma foreign_keys=on; \
                     pragma temp_store=memory; pragma cache_size=-16000; \
                     pragma mmap_size=268435456; {role}"
                ))
            })
            .await
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(c)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    let pool = Pool::builder()
        .max_size(size)
        .test_on_check_out(false)
        .connection_timeout(CHECKOUT_TIMEOUT)
        .build(manager)
        .await
        .map_err(|e| Error::unavailable("the database", e))?;
    // The pool itself tells a wrong password or a missing file only as a timeout.
    drop(pool.dedicated_connection().await.map_err(unavailable)?);
    Ok(pool)
}
