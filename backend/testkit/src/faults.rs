//! Faults at chosen calls: the n-th call of database or storage fails, before or after its deed, or is never
//! answered.

use std::ops::Range;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use berth_domain::{Error, ManualClock, Result, Timestamp};
use berth_storage::{ByteStream, Object, Space, StorageDriver, Write, caller};
use berth_store::{Call, Probe};
use tokio::sync::watch;
use url::Url;

/// When the failing call does what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Not at all: an error.
    Before,
    /// It does, and the answer is lost.
    After,
    /// It does, but so late that leases have passed, and the answer is lost.
    Late,
    /// Not at all, and the call is a single statement of a transaction or a read.
    Statement,
    /// There is never an answer, whether it did it or not.
    Silent,
    /// Not at all, and neither does any call after it, until [`Faults::end`].
    Outage,
}

/// How late that is.
const LATE: Duration = Duration::from_secs(16);

/// The line of source that made a call.
pub type Site = &'static Location<'static>;

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// A call of the storage.
    Storage,
    /// A call of the database.
    Database(Call),
}

/// Counts calls and fails one of them.
#[derive(Debug)]
pub struct Faults {
    fault: Fault,
    calls: AtomicU64,
    failing: u64,
    is_the_end: bool,
    only_storage: bool,
    /// Of a call that is late: the clock, and whether its answer is still to be lost.
    clock: Option<Arc<ManualClock>>,
    is_late: AtomicBool,
    failed: Mutex<Vec<(Failing, Option<Site>)>>,
    stage: watch::Sender<Stage>,
}

/// How far a call is that gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    Silent,
    /// Whatever was away is back.
    Ended,
}

/// What becomes of a call.
enum Fate {
    Goes,
    Fails,
    IsSilent,
}

impl Faults {
    /// Lets call number `failing` fail, counted from zero.
    pub fn at(failing: u64, fault: Fault) -> Arc<Self> {
        Arc::new(Self::new(failing, fault))
    }

    /// Lets call number `failing` come late by this clock, and its answer be lost.
    pub fn late(failing: u64, clock: &Arc<ManualClock>) -> Arc<Self> {
        Arc::new(Self {
            clock: Some(Arc::clone(clock)),
            ..Self::new(failing, Fault::Late)
        })
    }

    fn new(failing: u64, fault: Fault) -> Self {
        Self {
            fault,
            calls: AtomicU64::new(0),
            failing,
            is_the_end: fault == Fault::Outage,
            only_storage: false,
            clock: None,
            is_late: AtomicBool::new(false),
            failed: Mutex::default(),
            stage: watch::Sender::new(Stage::Running),
        }
    }

    /// Nothing fails.
    pub fn never() -> Arc<Self> {
        Self::at(u64::MAX, Fault::Before)
    }

    /// Call number `failing` fails and every call after it: a process that has died.
    pub fn from(failing: u64, fault: Fault) -> Arc<Self> {
        Arc::new(Self {
            is_the_end: true,
            ..Self::new(failing, fault)
        })
    }

    /// The same for calls of the storage alone, by `clock` where they come late.
    pub fn of_storage(failing: u64, fault: Fault, clock: &Arc<ManualClock>) -> Arc<Self> {
        Arc::new(Self {
            only_storage: true,
            clock: (fault == Fault::Late).then(|| Arc::clone(clock)),
            ..Self::new(failing, fault)
        })
    }

    /// Whether the call came that was to fail.
    pub fn has_failed(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > self.failing
    }

    /// What has failed so far, and by whose call where that is known.
    pub fn failed(&self) -> Vec<(Failing, Option<Site>)> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.clone()
    }

    fn note(&self, failing: Failing, site: Option<Site>) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.push((failing, site));
    }

    /// Waits until a call gets no answer; without such a call for ever.
    pub async fn silence(&self) {
        let mut stage = self.stage.subscribe();
        let silent = stage.wait_for(|stage| *stage == Stage::Silent).await;
        if silent.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Brings what is away back. A call that got no answer fails now, as when who asked has had enough.
    pub fn end(&self) {
        self.stage.send_replace(Stage::Ended);
    }

    fn has_ended(&self) -> bool {
        *self.stage.borrow() == Stage::Ended
    }

    /// Counts a call, which comes to its deed, to its answer, or is a statement.
    fn fate(&self, moment: Fault) -> Fate {
        let is_dead = self.is_the_end && self.has_failed() && !self.has_ended();
        let is_counted = match self.fault {
            Fault::Late | Fault::Outage => moment == Fault::Before,
            Fault::Silent => true,
            other => moment == other,
        };
        let is_chosen = is_counted && self.calls.fetch_add(1, Ordering::SeqCst) == self.failing;
        let fails = match (&self.clock, moment) {
            (Some(clock), Fault::Before) => {
                if is_chosen {
                    clock.advance(LATE);
                    self.is_late.store(true, Ordering::SeqCst);
                }
                false
            }
            (Some(_), Fault::After) => self.is_late.swap(false, Ordering::SeqCst),
            (Some(_), _) => false,
            (None, _) => is_dead || is_chosen,
        };
        match self.fault {
            _ if !fails => Fate::Goes,
            Fault::Silent => Fate::IsSilent,
            _ => Fate::Fails,
        }
    }

    /// A call comes to its deed or to its answer.
    async fn meet(&self, moment: Fault, failing: Failing, site: Option<Site>) -> Result<()> {
        let fate = self.fate(moment);
        if let Fate::Goes = fate {
            return Ok(());
        }
        self.note(failing, site);
        if let Fate::IsSilent = fate {
            let mut stage = self.stage.subscribe();
            self.stage.send_replace(Stage::Silent);
            // The sender is here.
            let _ = stage.wait_for(|stage| *stage == Stage::Ended).await;
        }
        Err(Error::unavailable(
            "the test",
            std::io::Error::other("made to fail"),
        ))
    }

    /// What the database asks.
    pub fn probe(self: &Arc<Self>) -> Probe {
        let faults = Arc::clone(self);
        Arc::new(move |call, site| {
            let faults = Arc::clone(&faults);
            Box::pin(async move {
                if faults.only_storage {
                    return Ok(());
                }
                let failing = Failing::Database(call);
                let moment = match call {
                    Call::Statement => Fault::Statement,
                    Call::Read | Call::Begin | Call::Commit => Fault::Before,
                    Call::Committed => Fault::After,
                };
                faults.meet(moment, failing, site).await?;
                // There is nothing to lose of a connection but the connection.
                if matches!(call, Call::Read | Call::Begin) && faults.clock.is_some() {
                    faults.meet(Fault::After, failing, site).await?;
                }
                Ok(())
            })
        })
    }

    /// The same storage, failing where this says.
    pub fn storage(self: &Arc<Self>, storage: &Arc<dyn StorageDriver>) -> Arc<dyn StorageDriver> {
        Arc::new(FaultyStorage {
            faults: Arc::clone(self),
            storage: Arc::clone(storage),
        })
    }
}

struct FaultyStorage {
    faults: Arc<Faults>,
    storage: Arc<dyn StorageDriver>,
}

impl FaultyStorage {
    async fn call<T>(
        &self,
        site: Option<Site>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let failing = Failing::Storage;
        self.faults.meet(Fault::Before, failing, site).await?;
        // A disk or a bucket takes its time, so whoever asks may go away meanwhile.
        tokio::task::yield_now().await;
        let done = work.await?;
        tokio::task::yield_now().await;
        self.faults.meet(Fault::After, failing, site).await?;
        Ok(done)
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Who calls is known when the call is made. Those three are made ready first and waited for later, so they are
/// written out; the others are waited for at once.
#[async_trait]
impl StorageDriver for FaultyStorage {
    fn append<'s, 'w, 'b, 'a>(
        &'s self,
        write: &'w mut Write,
        body: &'b mut ByteStream,
    ) -> Answer<'a, ()>
    where
        's: 'a,
        'w: 'a,
        'b: 'a,
        Self: 'a,
    {
        let site = caller();
        Box::pin(async move { self.call(site, self.storage.append(write, body)).await })
    }

    fn append_last<'s, 'w, 'b, 'a>(
        &'s self,
        write: &'w mut Write,
        body: &'b mut ByteStream,
    ) -> Answer<'a, ()>
    where
        's: 'a,
        'w: 'a,
        'b: 'a,
        Self: 'a,
    {
        let site = caller();
        Box::pin(async move { self.call(site, self.storage.append_last(write, body)).await })
    }

    fn finish<'s, 'a>(&'s self, write: Write) -> Answer<'a, String>
    where
        's: 'a,
        Self: 'a,
    {
        let site = caller();
        Box::pin(async move { self.call(site, self.storage.finish(write)).await })
    }

    async fn abort(&self, write: Write) -> Result<()> {
        self.call(caller(), self.storage.abort(write)).await
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<ByteStream>> {
        self.call(caller(), self.storage.read(key, range)).await
    }

    async fn stat(&self, key: &str) -> Result<Option<u64>> {
        self.call(caller(), self.storage.stat(key)).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.call(caller(), self.storage.delete(key)).await
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Object>> {
        self.call(caller(), self.storage.list(after, limit)).await
    }

    async fn abort_abandoned(&self, before: Timestamp) -> Result<u64> {
        self.call(caller(), self.storage.abort_abandoned(before))
            .await
    }

    async fn presigned_get(
        &self,
        key: &str,
        ttl: Duration,
        content_type: &str,
    ) -> Result<Option<Url>> {
        let answer = self.storage.presigned_get(key, ttl, content_type);
        self.call(caller(), answer).await
    }

    async fn check(&self) -> Result<()> {
        self.call(caller(), self.storage.check()).await
    }

    fn kind(&self) -> &'static str {
        self.storage.kind()
    }

    async fn free_space(&self) -> Option<Space> {
        self.storage.free_space().await
    }
}
