//! Periodic work shared by any number of replicas; knows no concrete job.
//!
//! Invariants: a row of `job_schedules` decides who runs a kind of work and when, never a process
//! timer; work reads state and takes no input, so a missed run only costs delay; a run that dies is
//! taken over when its lease has passed.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use berth_domain::{CLOCKS_APART, Clock, Result};
use berth_store::{Db, schedules};
use futures::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Longest run of a piece of work; after that another replica may take it, so it is cut off.
pub const RUN_MAX: Duration = Duration::from_mins(10);
/// How often a process looks for due work.
const POLL: Duration = Duration::from_secs(5);

type Run = Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// One kind of periodic work.
#[derive(Clone)]
pub struct Periodic {
    /// Its name: the key of its row, in logs and metrics.
    pub kind: &'static str,
    /// From the end of a run to the start of the next one.
    pub interval: Duration,
    run: Run,
}

impl Periodic {
    /// Names a piece of work; it must be safe to run again at any time.
    pub fn new<F, Fut>(kind: &'static str, interval: Duration, run: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            kind,
            interval,
            run: Arc::new(move || Box::pin(run())),
        }
    }
}

/// Runs periodic work in this process.
pub struct Workers {
    db: Db,
    clock: Arc<dyn Clock>,
    name: String,
    work: Vec<Periodic>,
    run_max: Duration,
}

impl Workers {
    /// Workers over these pieces of work.
    pub fn new(db: Db, clock: Arc<dyn Clock>, work: Vec<Periodic>) -> Self {
        Self {
            db,
            clock,
            name: uuid::Uuid::now_v7().to_string(),
            work,
            run_max: RUN_MAX,
        }
    }

    /// The same with another limit than [`RUN_MAX`], for claim and run alike: tests have no ten minutes.
    #[must_use]
    pub const fn with_run_max(mut self, run_max: Duration) -> Self {
        self.run_max = run_max;
        self
    }

    /// Runs whatever is due until `stop`; a run in progress ends first.
    pub async fn run(self, stop: CancellationToken) -> Result<()> {
        self.prepare().await?;
        loop {
            for work in &self.work {
                if stop.is_cancelled() {
                    return Ok(());
                }
                if let Err(e) = self.run_if_due(work).await {
                    tracing::error!(job.kind = work.kind, error = ?e, "periodic work could not be claimed or finished");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Makes the rows of work that this registry has not had before.
    pub async fn prepare(&self) -> Result<()> {
        let now = self.clock.now();
        self.db
            .write(async |tx| {
                for work in &self.work {
                    schedules::ensure(tx, work.kind, now).await?;
                }
                Ok(())
            })
            .await
    }

    /// Runs the work of this kind when it is due; tells whether it ran.
    pub async fn run_kind_if_due(&self, kind: &str) -> Result<bool> {
        match self.work.iter().find(|work| work.kind == kind) {
            Some(work) => self.run_if_due(work).await,
            None => Ok(false),
        }
    }

    /// Runs one piece of work when it is due and nobody else holds it; tells whether it ran.
    pub async fn run_if_due(&self, work: &Periodic) -> Result<bool> {
        // Both clocks are read before the claim: the run is over when others may take the work, however
        // long the database took to say that it is ours.
        let started = Instant::now();
        let now = self.clock.now();
        let until = now.after(self.run_max);
        let far = now.after(work.interval).after(CLOCKS_APART);
        let claimed = self
            .db
            .write(async |tx| schedules::claim(tx, work.kind, &self.name, now, until, far).await)
            .await?;
        if !claimed {
            return Ok(false);
        }
        let error = match until_then(started + self.run_max, (work.run)()).await {
            Some(Ok(())) => None,
            Some(Err(e)) => Some(format!("{}: {e:?}", e.code())),
            None => Some(format!("stopped after {:?}", self.run_max)),
        };
        let took = started.elapsed();
        metrics::histogram!("worker_operation_duration_seconds", "operation" => work.kind)
            .record(took);
        if let Some(error) = &error {
            tracing::error!(
                job.kind = work.kind,
                error,
                "periodic work failed, it is tried again at its next turn"
            );
        } else {
            tracing::debug!(
                job.kind = work.kind,
                duration_ms = took.as_millis(),
                "periodic work done"
            );
        }
        let next = self.clock.now().after(work.interval);
        self.db
            .write(async |tx| {
                schedules::finish(tx, work.kind, &self.name, next, error.as_deref()).await
            })
            .await?;
        Ok(true)
    }
}

/// What `work` came to before `end`. Past that it takes no further step, not even where the process stood
/// still meanwhile and finds out late: a timer would let it go on once more before it is looked at.
async fn until_then<T>(end: Instant, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut timer = std::pin::pin!(tokio::time::sleep_until(end));
    std::future::poll_fn(|cx| {
        if Instant::now() >= end || timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}
