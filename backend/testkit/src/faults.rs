//! Faults at chosen calls: the n-th call of database or storage fails, before or after its deed.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use berth_domain::{Error, ManualClock, Result};
use berth_storage::{ByteStream, Object, StorageDriver, Write};
use berth_store::{Call, Probe};
use url::Url;

/// When the failing call does what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not at all: an error.
    Before,
    /// It does, and the answer is lost.
    After,
    /// It does, but so late that leases have passed, and the answer is lost.
    Late,
    /// Not at all, and the call is a single statement of a transaction or a read.
    Statement,
}

/// How late that is.
const LATE: Duration = Duration::from_secs(16);

/// Counts calls and fails one of them.
#[derive(Debug)]
pub struct Faults {
    fault: Fault,
    calls: AtomicU64,
    failing: u64,
    is_the_end: bool,
    /// Of a call that is late: the clock, and whether its answer is still to be lost.
    clock: Option<Arc<ManualClock>>,
    is_late: AtomicBool,
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

    const fn new(failing: u64, fault: Fault) -> Self {
        Self {
            fault,
            calls: AtomicU64::new(0),
            failing,
            is_the_end: false,
            clock: None,
            is_late: AtomicBool::new(false),
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

    /// Whether the call came that was to fail.
    pub fn has_failed(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > self.failing
    }

    /// Counts a call, which comes to its deed or to its answer.
    fn count(&self, moment: Fault) -> Result<()> {
        let is_dead = self.is_the_end && self.has_failed();
        let counted = match self.fault {
            Fault::Late => Fault::Before,
            other => other,
        };
        let is_chosen =
            moment == counted && self.calls.fetch_add(1, Ordering::SeqCst) == self.failing;
        let fails = match (&self.clock, moment) {
            (Some(clock), Fault::Before) => {
                if is_chosen {
                    clock.advance(LATE);
                    self.is_late.store(true, Ordering::SeqCst);
                }
                false
            }
            (Some(_), _) => self.is_late.swap(false, Ordering::SeqCst),
            (None, _) => is_dead || is_chosen,
        };
        if fails {
            return Err(Error::unavailable(
                "the test",
                std::io::Error::other("made to fail"),
            ));
        }
        Ok(())
    }

    /// What the database asks.
    pub fn probe(self: &Arc<Self>) -> Probe {
        let faults = Arc::clone(self);
        Arc::new(move |call| match call {
            // There is nothing to lose of a connection but the connection.
            Call::Statement => match faults.fault {
                Fault::Statement => faults.count(Fault::Statement),
                _ => Ok(()),
            },
            Call::Read | Call::Begin if faults.clock.is_some() => {
                faults.count(Fault::Before)?;
                faults.count(Fault::After)
            }
            Call::Read | Call::Begin | Call::Commit => faults.count(Fault::Before),
            Call::Committed => faults.count(Fault::After),
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
    async fn call<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.faults.count(Fault::Before)?;
        // A disk or a bucket takes its time, so whoever asks may go away meanwhile.
        tokio::task::yield_now().await;
        let done = work.await?;
        tokio::task::yield_now().await;
        self.faults.count(Fault::After)?;
        Ok(done)
    }
}

#[async_trait]
impl StorageDriver for FaultyStorage {
    async fn append(&self, write: &mut Write, body: &mut ByteStream) -> Result<()> {
        self.call(self.storage.append(write, body)).await
    }

    async fn append_last(&self, write: &mut Write, body: &mut ByteStream) -> Result<()> {
        self.call(self.storage.append_last(write, body)).await
    }

    async fn finish(&self, write: Write) -> Result<String> {
        self.call(self.storage.finish(write)).await
    }

    async fn abort(&self, write: Write) -> Result<()> {
        self.call(self.storage.abort(write)).await
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<ByteStream>> {
        self.call(self.storage.read(key, range)).await
    }

    async fn stat(&self, key: &str) -> Result<Option<u64>> {
        self.call(self.storage.stat(key)).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.call(self.storage.delete(key)).await
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Object>> {
        self.call(self.storage.list(after, limit)).await
    }

    async fn presigned_get(
        &self,
        key: &str,
        ttl: Duration,
        content_type: &str,
    ) -> Result<Option<Url>> {
        self.call(self.storage.presigned_get(key, ttl, content_type))
            .await
    }

    async fn check(&self) -> Result<()> {
        self.call(self.storage.check()).await
    }

    fn kind(&self) -> &'static str {
        self.storage.kind()
    }
}
