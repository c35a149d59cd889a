//! Removing what nothing needs while clients go on, and how much of their time that takes.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use berth_e2e::scale;

use super::{metric, milliseconds};
use crate::Scale;
use crate::content::{Blob, Image, Manner, Pusher};
use crate::load::once;
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Contender, Kind, REPOSITORY};
use crate::stats::percentile;
use crate::wire::{Connection, ignore};

const RATE: Metric = metric("blobs/s, to the last object", 0);
const RATE_LARGE: Metric = metric("blobs/s, 20,000 beside a million tags", 0);
const LARGE: Metric = metric("beside a million tags ÷ in an empty registry", 2);
const PULL: Metric = metric("pull of 4 KB meanwhile, p99, ms", 1);
const PULL_IDLE: Metric = metric("pull of 4 KB before, p99, ms", 1);
const PUSH: Metric = metric("push of a 1 KB image meanwhile, p99, ms", 1);
const PUSH_IDLE: Metric = metric("push of a 1 KB image before, p99, ms", 1);
const PULL_COST: Metric = metric("pull, p99 meanwhile ÷ before", 2);
const PUSH_COST: Metric = metric("push, p99 meanwhile ÷ before", 2);
/// The repository that is deleted.
const GARBAGE: (&str, &str) = ("bench", "garbage");
/// A collector that follows at once, and no time for late readers.
const KEYS: &[(&str, &str)] = &[
    ("GARBAGE_COLLECTION_FREQUENCY", "1"),
    ("GARBAGE_COLLECTION_GRACE", "0s"),
];
/// Between two turns of a client: load, but not all that the server can bear.
const PAUSE: Duration = Duration::from_millis(20);
/// How often the objects are counted.
const LOOK: Duration = Duration::from_secs(1);
/// Clients that fill the repository.
const CLIENTS: usize = 16;
const PULLERS: usize = 4;
const PUSHERS: usize = 2;
/// No two contents are the same.
static SEEDS: AtomicU64 = AtomicU64::new(1 << 33);
/// Longest wait for the collector.
const PATIENCE: Duration = Duration::from_mins(20);

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let (many, some) = (scale.pick(100_000, 300), scale.pick(20_000, 300));
    let repositories = u32::try_from(scale.pick(50_000, 20)).expect("not that many");
    let mut table = Table::default();
    // What is deleted is gone, so there is one round.
    for kind in [Kind::Embedded, Kind::Postgres] {
        let mut contender = kind.start_berth(&scale.runtime, KEYS);
        let idle = Load::start(&contender).during(|_| std::thread::sleep(scale.round * 2));
        let (rate, busy) = collect(&contender, many, scale);
        contender.grow(&scale.runtime, scale::Scale::of(repositories));
        let (rate_large, _) = collect(&contender, some, scale);
        let figures = vec![
            (RATE, rate),
            (RATE_LARGE, rate_large),
            (LARGE, rate_large / rate),
            (PULL_IDLE, idle.pull),
            (PULL, busy.pull),
            (PULL_COST, busy.pull / idle.pull),
            (PUSH_IDLE, idle.push),
            (PUSH, busy.push),
            (PUSH_COST, busy.push / idle.push),
        ];
        table.add(kind, figures);
    }
    let mut aims = table.ratios(RATE.name, RATE, Some(1.0), Bound::AtLeast(500.0));
    aims.extend(table.ratios(LARGE.name, LARGE, Some(1.0), Bound::AtLeast(0.8)));
    aims.extend(table.ratios(PULL_COST.name, PULL_COST, Some(1.0), Bound::AtMost(1.25)));
    aims.extend(table.ratios(PUSH_COST.name, PUSH_COST, Some(1.0), Bound::AtMost(1.25)));
    (table, aims)
}

/// Deletes a repository with so many blobs of its own while clients go on: blobs in a second, and what
/// the clients noticed.
fn collect(contender: &Contender, blobs: usize, scale: &Scale) -> (f64, Slowest) {
    let world = contender.world();
    let (organization, name) = GARBAGE;
    let repository = scale
        .runtime
        .block_on(world.repository(organization, name, "PRIVATE"));
    fill(contender, blobs, scale);
    let load = Load::start(contender);
    let before = objects(contender) - blobs;
    let mut took = Duration::ZERO;
    let slowest = load.during(|pushed| {
        let begun = Instant::now();
        let input = serde_json::json!({"ids": [repository]});
        let deleted = world
            .graphql
            .mutate("deleteRepositories", input, "deletedIds");
        scale.runtime.block_on(deleted);
        // Each push of the load leaves a layer and a configuration, and one may be under way.
        while objects(contender) > before + 2 * pushed() + 8 {
            assert!(begun.elapsed() < PATIENCE, "the collector comes to its end");
            std::thread::sleep(LOOK);
        }
        took = begun.elapsed();
    });
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = blobs as f64 / took.as_secs_f64();
    (rate, slowest)
}

/// Pushes blobs that no manifest names.
fn fill(contender: &Contender, blobs: usize, scale: &Scale) {
    let (organization, name) = GARBAGE;
    let path = format!("/v2/{organization}/{name}/blobs/uploads/");
    let scope = format!("repository:{organization}/{name}:pull,push");
    let headers = contender.authorize(&scale.runtime, None, &[&scope]);
    let headers = format!("{headers}Content-Type: application/octet-stream\r\n");
    let seed = SEEDS.fetch_add(blobs as u64, Ordering::Relaxed);
    once((0..CLIENTS).collect(), |client| {
        let mut connection = Connection::open(contender.address);
        for number in (client..blobs).step_by(CLIENTS) {
            let blob = Blob::noise(seed + number as u64, 100);
            let path = format!("{path}?digest={}", blob.digest);
            let made = connection.send("POST", &path, &headers, &[&blob.bytes], &mut ignore);
            assert_eq!(made.status, 201, "a blob is made");
        }
        (Vec::new(), 0)
    });
}

/// Files in the folder of the storage driver.
fn objects(contender: &Contender) -> usize {
    fn files(folder: &Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return 0; // the collector removes empty ones
        };
        let count = entries.flatten().map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            Ok(_) => 1,
            Err(_) => 0,
        });
        count.sum()
    }
    files(&contender.folder().join("data/storage"))
}

/// Clients that pull and push now and then.
struct Load<'a> {
    contender: &'a Contender,
    blob: Blob,
}

/// The slowest hundredth, in milliseconds.
struct Slowest {
    pull: f64,
    push: f64,
}

impl<'a> Load<'a> {
    fn start(contender: &'a Contender) -> Self {
        let blob = Blob::noise(SEEDS.fetch_add(1, Ordering::Relaxed), 4096);
        Pusher::new(contender).blob(&blob, Manner::Whole);
        Self { contender, blob }
    }

    /// Goes on while `act` runs, which may ask how many images were pushed.
    fn during(self, act: impl FnOnce(&dyn Fn() -> usize)) -> Slowest {
        let stop = AtomicBool::new(false);
        let (pulls, pushes) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let path = format!("/v2/{REPOSITORY}/blobs/{}", self.blob.digest);
        let repeat = |times: &Mutex<Vec<Duration>>, turn: &mut dyn FnMut()| {
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                turn();
                times
                    .lock()
                    .expect("no client panicked")
                    .push(begun.elapsed());
                std::thread::sleep(PAUSE);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..PULLERS {
                scope.spawn(|| {
                    let mut connection = Connection::open(self.contender.address);
                    repeat(&pulls, &mut || {
                        let headers = &self.contender.headers;
                        let answer = connection.ask("GET", &path, headers, &mut ignore);
                        assert_eq!(answer.status, 200, "the blob is there");
                    });
                });
            }
            for _ in 0..PUSHERS {
                scope.spawn(|| {
                    let mut pusher = Pusher::new(self.contender);
                    repeat(&pushes, &mut || {
                        let image = Image::new(SEEDS.fetch_add(1, Ordering::Relaxed), 1000);
                        pusher.image(&image, "load", Manner::Whole);
                    });
                });
            }
            act(&|| pushes.lock().expect("no client panicked").len());
            stop.store(true, Ordering::Relaxed);
        });
        let slowest = |times: Mutex<Vec<Duration>>| {
            let mut times = times.into_inner().expect("no client panicked");
            milliseconds(percentile(&mut times, 0.99))
        };
        Slowest {
            pull: slowest(pulls),
            push: slowest(pushes),
        }
    }
}
