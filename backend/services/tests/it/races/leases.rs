//! Leases that many want at once: three processes race for one kind of periodic work, and four writers
//! at two replicas for one upload. In every round one of them stands still until the others have taken it
//! for dead, and goes on then. What `berth-model` explores of claims and leases is real here.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use berth_domain::{Digest, Error, ManualClock, Noun, Result, SystemClock, Timestamp};
use berth_jobs::{Periodic, Workers};
use berth_services::uploads::{ByteStream, empty_body};
use berth_services::{Actor, Services};
use berth_store::{Db, outbox};
use berth_testkit::power::PowerDisk;
use berth_testkit::{db_test, path_of};
use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::rounds;

/// How long somebody who was refused waits before asking again. What is raced for is time itself here.
const PAUSE: Duration = Duration::from_millis(1);
/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_mins(1);

const KIND: &str = "raced";
const PROCESSES: usize = 3;
/// The longest run, long against a run that nobody stops.
const RUN_MAX: Duration = Duration::from_millis(250);

/// A process that can be stopped as a signal would stop it: its work is not polled, whatever becomes of
/// time meanwhile.
#[derive(Default)]
struct Process {
    is_stopped: AtomicBool,
    /// It stops itself when it has been polled so often; 0 is never.
    polls_left: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Process {
    fn go_on(&self) {
        self.polls_left.store(0, Ordering::SeqCst);
        self.is_stopped.store(false, Ordering::SeqCst);
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }

    /// Does its work, except while it is stopped.
    async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
            *waker = Some(cx.waker().clone());
            drop(waker);
            let left = self.polls_left.load(Ordering::SeqCst);
            if left > 0 {
                self.polls_left.store(left - 1, Ordering::SeqCst);
            }
            if left == 1 {
                self.is_stopped.store(true, Ordering::SeqCst);
            }
            if self.is_stopped.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
            work.as_mut().poll(cx)
        })
        .await
    }
}

/// Where the first run of a round stops its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    BeforeLooking,
    BeforeTheDeed,
    AfterTheDeed,
}

/// Work that has to be done once in each round, and who races for it.
struct Race {
    db: Db,
    processes: [Process; PROCESSES],
    round: AtomicU64,
    halt: Mutex<Option<Halt>>,
    /// The run that stopped its process.
    halted: AtomicU64,
    /// Runs that have begun; the last of them has this number.
    begun: AtomicU64,
    /// Runs that came to their end.
    ended: AtomicU64,
    is_over: AtomicBool,
}

impl Race {
    /// Looks whether the deed of this round is done, and does it if not: one read and one write, which
    /// two at once would both get past.
    async fn run(&self, process: usize) -> Result<()> {
        let run = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let round = self.now();
        let halt = self.halt.lock().unwrap().take();
        let passes = |here| self.passes(process, run, halt == Some(here));
        passes(Halt::BeforeLooking).await;
        let is_done = self.is_done(round).await?;
        passes(Halt::BeforeTheDeed).await;
        if !is_done {
            self.db
                .write(async |tx| outbox::insert(tx, KIND, None, None, "{}", round).await)
                .await?;
        }
        passes(Halt::AfterTheDeed).await;
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Goes past a point, where it may stop its process, and sees whether it is still alone.
    async fn passes(&self, process: usize, run: u64, halts: bool) {
        if halts {
            self.halted.store(run, Ordering::SeqCst);
            let stopped = &self.processes[process].is_stopped;
            stopped.store(true, Ordering::SeqCst);
        }
        tokio::task::yield_now().await;
        let latest = self.begun.load(Ordering::SeqCst);
        assert_eq!(latest, run, "another run has begun before this one ended");
    }

    /// Deeds are written down under the number of their round.
    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.round.load(Ordering::SeqCst)).unwrap())
    }

    async fn is_done(&self, round: Timestamp) -> Result<bool> {
        let mut conn = self.db.read().await?;
        Ok(!outbox::since(&mut conn, round, 1).await?.is_empty())
    }

    /// Asks for a turn again and again.
    async fn work(&self, process: usize, workers: Workers) {
        let asking = async {
            while !self.is_over.load(Ordering::SeqCst) {
                match workers.run_kind_if_due(KIND).await {
                    // Who is stopped may hold the database's only writer.
                    Ok(_) | Err(Error::Unavailable { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
                sleep(PAUSE).await;
            }
        };
        self.processes[process].run(asking).await;
    }

    /// Until the deed of this round is done.
    async fn is_done_at_last(&self, round: Timestamp) {
        while !self.is_done(round).await.unwrap() {
            sleep(PAUSE).await;
        }
    }

    /// Until a run of this round has stopped its process, and another has taken over from it.
    async fn is_taken_over(&self) {
        loop {
            let halted = self.halted.load(Ordering::SeqCst);
            if halted > 0 && self.begun.load(Ordering::SeqCst) > halted {
                return;
            }
            sleep(PAUSE).await;
        }
    }
}

db_test!(
    async fn one_of_three_processes_is_at_work_and_each_deed_is_done_once(t: TestRegistry) {
        let race = Arc::new(Race {
            db: t.db().clone(),
            processes: <[Process; PROCESSES]>::default(),
            round: AtomicU64::new(0),
            halt: Mutex::default(),
            halted: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let mut racing = Vec::new();
        for process in 0..race.processes.len() {
            let own = Arc::clone(&race);
            // Due at once: nothing but a claim keeps the others out.
            let work = Periodic::new(KIND, Duration::ZERO, move || {
                let race = Arc::clone(&own);
                async move { race.run(process).await }
            });
            let workers = Workers::new(t.db().clone(), Arc::new(SystemClock), vec![work]);
            workers.prepare().await.unwrap();
            let (race, workers) = (Arc::clone(&race), workers.with_run_max(RUN_MAX));
            racing.push(tokio::spawn(
                async move { race.work(process, workers).await },
            ));
        }
        let rounds = rounds();
        for round in 1..=rounds {
            race.halted.store(0, Ordering::SeqCst);
            race.round.store(round, Ordering::SeqCst);
            let halt = match round % 4 {
                1 => Some(Halt::BeforeLooking),
                2 => Some(Halt::BeforeTheDeed),
                3 => Some(Halt::AfterTheDeed),
                _ => None,
            };
            *race.halt.lock().unwrap() = halt;
            if halt.is_none() {
                // Anywhere: within a claim, a transaction, the end of a turn.
                let victim = usize::try_from(round / 4).unwrap() % PROCESSES;
                let polls = 1 + round * 7 % 20;
                let polls_left = &race.processes[victim].polls_left;
                polls_left.store(polls, Ordering::SeqCst);
            }
            let now = race.now();
            // Who is stopped within a transaction may keep all others from theirs.
            let _ = timeout(RUN_MAX * 4, async {
                if halt.is_some() {
                    race.is_taken_over().await;
                }
                race.is_done_at_last(now).await;
            })
            .await;
            race.processes.iter().for_each(Process::go_on);
            let done = timeout(PATIENCE, race.is_done_at_last(now)).await;
            done.unwrap_or_else(|_| panic!("nobody does the deed of round {round}"));
        }
        race.is_over.store(true, Ordering::SeqCst);
        race.processes.iter().for_each(Process::go_on);
        for process in racing {
            process.await.unwrap();
        }
        let mut conn = t.db().read().await.unwrap();
        let rounds_max = i64::try_from(rounds).unwrap();
        let done = outbox::since(&mut conn, Timestamp(0), 2 * rounds_max + 10).await;
        let done = done.unwrap().into_iter();
        let mut of_rounds: BTreeMap<i64, u32> = BTreeMap::new();
        for deed in done.filter(|deed| deed.kind == KIND && deed.occurred_at > Timestamp(0)) {
            *of_rounds.entry(deed.occurred_at.0).or_default() += 1;
        }
        let once: BTreeMap<i64, u32> = (1..=rounds_max).map(|round| (round, 1)).collect();
        assert_eq!(of_rounds, once, "each deed is done once");
        let begun = race.begun.load(Ordering::SeqCst);
        let cut_off = begun - race.ended.load(Ordering::SeqCst);
        eprintln!(
            "{}: {rounds} rounds, {begun} runs, {cut_off} of them stopped past their limit and cut off",
            t.db().kind()
        );
        assert!(
            cut_off >= rounds / 2,
            "{cut_off} runs were stopped past their limit"
        );
    }
);

const WRITERS: usize = 4;
/// Chunks of each writer that have to be acknowledged.
const CHUNKS: usize = 4;
/// Longer than the lease of an upload.
const LEASE: Duration = Duration::from_secs(20);
/// The longest that a body stalls: less than the real time after which its lease would be renewed.
const STALL_MAX: Duration = Duration::from_secs(4);

/// An upload that everybody writes to.
struct Contended {
    uuid: Uuid,
    actor: Actor,
    clock: Arc<ManualClock>,
    /// Bodies that were asked for their bytes.
    begun: AtomicU64,
    /// The one of them that comes when its lease has long passed.
    stalling: u64,
    /// Stalled requests that the others did not wait for.
    overtaken: AtomicU64,
}

impl Contended {
    async fn offset(&self, services: &Services) -> u64 {
        let path = path_of("ann/raced");
        let status = services.uploads.status(&self.actor, &path, self.uuid).await;
        status.unwrap().offset_bytes
    }

    /// A body for the bytes behind `from`. Who is asked for it holds the lease, so nobody else is about to
    /// write when the stalling one lets time pass.
    fn body(
        self: &Arc<Self>,
        services: &Services,
        from: u64,
        bytes: &Bytes,
        stalled: &Arc<AtomicBool>,
    ) -> ByteStream {
        let (upload, services) = (Arc::clone(self), services.clone());
        let (bytes, stalled) = (bytes.clone(), Arc::clone(stalled));
        futures::stream::once(async move {
            if upload.begun.fetch_add(1, Ordering::SeqCst) == upload.stalling {
                upload.clock.advance(LEASE);
                let overtaken = async {
                    while upload.offset(&services).await == from {
                        sleep(PAUSE).await;
                    }
                };
                let is_overtaken = timeout(STALL_MAX, overtaken).await.is_ok();
                stalled.store(is_overtaken, Ordering::SeqCst);
            }
            Ok(bytes)
        })
        .boxed()
    }

    /// Sends chunks of its own until enough are acknowledged; returns those, by their place.
    async fn write(self: Arc<Self>, services: Services, writer: usize) -> Vec<(u64, Bytes)> {
        let path = path_of("ann/raced");
        let (mut acknowledged, mut from) = (Vec::new(), 0);
        for attempt in 0.. {
            if acknowledged.len() == CHUNKS {
                break;
            }
            // No two are alike, so that it shows whose bytes they are; nor are those of two uploads, of which each has a
            // disk of its own.
            let name = format!("<{writer}.{attempt} of {}>", self.uuid);
            let bytes = Bytes::from(name.repeat(1 + attempt % 5));
            let stalled = Arc::new(AtomicBool::new(false));
            let body = self.body(&services, from, &bytes, &stalled);
            let sent = services
                .uploads
                .append(&self.actor, &path, self.uuid, Some(from), body)
                .await;
            if stalled.load(Ordering::SeqCst) {
                self.overtaken.fetch_add(1, Ordering::SeqCst);
                assert!(
                    matches!(sent, Err(Error::UploadBusy)),
                    "overtaken: {sent:?}"
                );
            }
            match sent {
                Ok(status) => {
                    assert_eq!(status.offset_bytes, from + bytes.len() as u64);
                    acknowledged.push((from, bytes));
                    from = status.offset_bytes;
                }
                Err(Error::UploadOffset { offset_bytes }) => from = offset_bytes,
                Err(Error::UploadBusy) => sleep(PAUSE).await,
                Err(other) => panic!("{other:?}"),
            }
        }
        acknowledged
    }

    /// Ends the upload; false where somebody else did.
    async fn finish(&self, services: &Services, digest: &Digest, total: u64) -> bool {
        let path = path_of("ann/raced");
        loop {
            let uploads = &services.uploads;
            let (actor, uuid) = (&self.actor, self.uuid);
            let finished = uploads.finish(actor, &path, uuid, digest, Some(total), empty_body());
            match finished.await {
                Ok(_) => return true,
                Err(Error::NotFound {
                    noun: Noun::Upload, ..
                }) => return false,
                Err(Error::UploadBusy) => sleep(PAUSE).await,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

db_test!(
    async fn four_writers_of_one_upload_leave_what_was_acknowledged_and_nothing_else(
        t: TestRegistry,
    ) {
        let ann = t.user("ann").await;
        let path = path_of("ann/raced");
        let (rounds, mut chunks, mut overtaken) = (rounds(), 0, 0);
        for round in 0..rounds {
            // A folder, since it is written in place.
            let disk = PowerDisk::new();
            let storage = disk.driver();
            let replicas = [t.over(&storage, None), t.over(&storage, None)];
            let upload = Arc::new(Contended {
                uuid: replicas[0].uploads.start(&ann, &path).await.unwrap().uuid,
                actor: ann.clone(),
                clock: Arc::clone(&t.clock),
                begun: AtomicU64::new(0),
                // While all of them have chunks to send yet.
                stalling: round % CHUNKS as u64,
                overtaken: AtomicU64::new(0),
            });
            let writers = (0..WRITERS).map(|writer| {
                let services = replicas[writer % 2].clone();
                tokio::spawn(Arc::clone(&upload).write(services, writer))
            });
            let mut whole = Vec::new();
            let mut places = BTreeMap::new();
            for acknowledged in join_all(writers).await {
                places.extend(acknowledged.unwrap());
            }
            assert_eq!(places.len(), WRITERS * CHUNKS, "none lies upon another");
            for (place, bytes) in places {
                assert_eq!(place, whole.len() as u64, "each goes on where one ends");
                whole.extend_from_slice(&bytes);
                chunks += 1;
            }
            let (digest, total) = (Digest::of(&whole), whole.len() as u64);
            let ends = (0..WRITERS).map(|writer| {
                let (upload, digest) = (&upload, &digest);
                let services = &replicas[writer % 2];
                async move { upload.finish(services, digest, total).await }
            });
            let ended = join_all(ends).await;
            let ended = ended.iter().filter(|ended| **ended).count();
            assert_eq!(ended, 1, "one of them ends it");
            let blob = replicas[1].blobs.open(&ann, &path, &digest).await.unwrap();
            let bytes = blob.read(None).await.unwrap();
            let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
            assert_eq!(bytes.concat(), whole, "round {round}");
            overtaken += upload.overtaken.load(Ordering::SeqCst);
        }
        eprintln!(
            "{}: {rounds} uploads of {chunks} chunks, {overtaken} writers came back late",
            t.db().kind()
        );
        assert!(
            overtaken >= rounds / 2,
            "{overtaken} writers were taken for dead"
        );
    }
);
