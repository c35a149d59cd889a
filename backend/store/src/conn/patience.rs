//! Connections to PostgreSQL that are not waited for without an end.
//!
//! A server that hangs, or something on the way to it, may keep a connection and say nothing any more, and no
//! socket tells that: the system on the other side goes on to take what is sent. So every statement has a limit of
//! our own. One that passes it fails, and its connection is not used again. What a working server takes too
//! long for, such as a lock that others do not give back, it ends by itself before that (`statement_timeout`), so that
//! nothing goes on there that nobody waits for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use diesel::connection::{CacheSize, Instrumentation};
use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::{ConnectionResult, QueryResult};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, AsyncPgConnection,
    SimpleAsyncConnection,
};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use tokio::time::{Sleep, sleep, timeout};

/// How long a statement of a transaction may take that is alone ([`Db::write_alone`](super::Db::write_alone)): as
/// long as a run of periodic work, so that a batch over many rows is not cut off again and again.
const ALONE_MAX: Duration = Duration::from_mins(10);

/// A connection to PostgreSQL, and how long its server may be silent.
pub struct Patient {
    conn: AsyncPgConnection,
    /// Of what a request waits for.
    usual: Duration,
    /// Of what runs now.
    limit: Duration,
    /// The server was silent for longer.
    is_silent: Arc<AtomicBool>,
    /// Its session is not like the others any more.
    is_altered: bool,
}

type Row = <AsyncPgConnection as AsyncConnectionCore>::Row<'static, 'static>;

impl Patient {
    /// Waits for each answer so long; the server itself is told to give up a while earlier.
    ///
    /// # Errors
    /// A server that does not answer, or takes no such setting.
    pub(super) async fn new(conn: AsyncPgConnection, usual: Duration) -> QueryResult<Self> {
        let mut patient = Self {
            conn,
            usual,
            limit: usual,
            is_silent: Arc::default(),
            is_altered: false,
        };
        let server = milliseconds(usual * 3 / 4);
        let settings = format!("set statement_timeout = {server}");
        patient.batch_execute(&settings).await?;
        Ok(patient)
    }

    /// Waits as for what a request needs; for a connection that comes from the pool.
    pub(super) const fn hurry(&mut self) {
        self.limit = self.usual;
    }

    /// Begins a transaction whose statements may take long.
    pub(super) async fn begin_alone(&mut self) -> QueryResult<()> {
        let own = milliseconds(ALONE_MAX);
        let begin = format!("BEGIN; SET LOCAL statement_timeout = {own}");
        AnsiTransactionManager::begin_transaction_sql(self, &begin).await?;
        self.limit = self.usual.max(ALONE_MAX * 4 / 3);
        Ok(())
    }

    /// Waits for ever from now on, as migrations do; the pool does not take it back.
    pub(super) async fn wait_for_ever(&mut self) -> QueryResult<()> {
        self.is_altered = true;
        self.batch_execute("set statement_timeout = 0").await?;
        self.limit = Duration::MAX;
        Ok(())
    }

    fn watch(&self) -> Watch {
        Watch {
            limit: self.limit,
            is_silent: Arc::clone(&self.is_silent),
        }
    }
}

/// What a statement keeps to.
struct Watch {
    limit: Duration,
    is_silent: Arc<AtomicBool>,
}

impl Watch {
    async fn over<R>(&self, work: impl Future<Output = QueryResult<R>>) -> QueryResult<R> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(silent());
        }
        match timeout(self.limit, work).await {
            Ok(done) => done,
            Err(_) => Err(self.give_up()),
        }
    }

    fn give_up(&self) -> DieselError {
        self.is_silent.store(true, Ordering::Relaxed);
        tracing::warn!(
            limit_s = self.limit.as_secs(),
            "the database was silent for too long, its connection is discarded"
        );
        silent()
    }
}

/// The rows of an answer, each of which is waited for as the answer itself.
struct Rows {
    answer: BoxStream<'static, QueryResult<Row>>,
    watch: Watch,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Stream for Rows {
    type Item = QueryResult<Row>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Poll::Ready(row) = this.answer.poll_next_unpin(cx) {
            this.wait = None;
            return Poll::Ready(row);
        }
        let limit = this.watch.limit;
        let wait = this.wait.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(wait.as_mut().poll(cx));
        Poll::Ready(Some(Err(this.watch.give_up())))
    }
}

fn silent() -> DieselError {
    DieselError::DatabaseError(
        DatabaseErrorKind::ClosedConnection,
        Box::new("the server was silent for too long".to_owned()),
    )
}

fn milliseconds(span: Duration) -> u128 {
    // PostgreSQL takes 0 for no limit, and no more than an `int` holds.
    span.as_millis()
        .clamp(1, u128::from(i32::MAX.unsigned_abs()))
}

impl SimpleAsyncConnection for Patient {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let watch = self.watch();
        watch.over(self.conn.batch_execute(query)).await
    }
}

impl AsyncConnectionCore for Patient {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<Row>>;
    type Row<'conn, 'query> = Row;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let watch = self.watch();
        let answer = self.conn.load(source);
        async move {
            let answer = watch.over(answer).await?;
            let wait = None;
            Ok(Rows {
                answer,
                watch,
                wait,
            }
            .boxed())
        }
        .boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let watch = self.watch();
        let answer = self.conn.execute_returning_count(source);
        async move { watch.over(answer).await }.boxed()
    }
}

impl AsyncConnection for Patient {
    type TransactionManager = AnsiTransactionManager;

    /// The pool opens connections in its own way, by [`PostgresUrl`](super::PostgresUrl).
    async fn establish(_: &str) -> ConnectionResult<Self> {
        Err(diesel::ConnectionError::BadConnection(
            "only the pool opens connections".to_owned(),
        ))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.conn.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.conn.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.conn.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.conn.set_prepared_statement_cache_size(size);
    }
}

impl PoolableConnection for Patient {
    fn is_broken(&mut self) -> bool {
        self.is_altered || self.is_silent.load(Ordering::Relaxed) || self.conn.is_broken()
    }
}
