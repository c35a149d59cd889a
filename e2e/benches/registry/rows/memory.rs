//! What a server holds in memory, idle and under many long streams.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use berth_e2e::random;

use super::metric;
use crate::content::{Blob, Manner, Pusher};
use crate::report::{Aim, Bound, Metric, Table};
use crate::servers::{Contender, Kind, REPOSITORY};
use crate::wire::{Connection, ignore};
use crate::{Scale, compare};

const IDLE: Metric = metric("idle, MB", 0);
const PULLS: Metric = metric("200 pulls of 1 GB, most, MB", 0);
const PUSHES: Metric = metric("200 pushes of 1 GB, most, MB", 0);
/// With a bucket parts gather in buffers; who gets none waits, so that pushes have to end for the others.
const WHOLE_PUSHES: Metric = metric("200 whole pushes of 10 MB, most, MB", 0);
/// Parts of 8 MiB, 32 of them, twice while they are sent, and 200 streams beside them.
const BUCKET_MAX: f64 = 32.0 * 2.0 * 8.4 + 200.0;
/// What a push announces; it is broken off long before.
const ANNOUNCED_BYTES: usize = 1_000_000_000;
/// What is sent at once.
const PIECE_BYTES: usize = 64 * 1024;
/// What each push sends before it is broken off: together they must fit on the disk.
const SENT_BYTES: usize = 10_000_000;
const POLL: Duration = Duration::from_millis(20);

pub(super) fn run(scale: &Scale) -> (Table, Vec<Aim>) {
    let kinds = [
        Kind::Embedded,
        Kind::Postgres,
        Kind::Bucket,
        Kind::DockerRegistry,
        Kind::Distribution,
    ];
    let streams = scale.pick(200, 10);
    let blob = Blob::noise(3, scale.pick(ANNOUNCED_BYTES, 1_000_000));
    let table = compare(
        scale,
        &kinds,
        |contender| {
            // Signing in took memory, which an allocator gives back once it has nothing better to do.
            std::thread::sleep(Duration::from_secs(scale.pick(20, 0) as u64));
            let idle = contender.process.memory_bytes();
            Pusher::new(contender).blob(&blob, Manner::Streamed);
            idle
        },
        |contender, idle, round| {
            let pulls = pulls(contender, &blob, streams, scale);
            let pushed = if contender.kind == Kind::Bucket {
                let size = scale.pick(10_000_000, 1_000_000);
                let seed = (1 << 50) + round as u64 * 1_000;
                (WHOLE_PUSHES, whole_pushes(contender, streams, size, seed))
            } else {
                (PUSHES, pushes(contender, streams, scale))
            };
            vec![
                (IDLE, megabytes(*idle)),
                (PULLS, megabytes(pulls)),
                (pushed.0, megabytes(pushed.1)),
            ]
        },
    );
    let mut aims = table.ratios(IDLE.name, IDLE, Some(1.0), Bound::AtMost(60.0));
    aims.extend(table.ratios(PULLS.name, PULLS, Some(1.0), Bound::AtMost(200.0)));
    aims.extend(table.ratios(PUSHES.name, PUSHES, Some(1.0), Bound::AtMost(200.0)));
    let (metric, most) = (WHOLE_PUSHES, Bound::AtMost(BUCKET_MAX));
    aims.extend(table.ratios(metric.name, metric, Some(1.0), most));
    (table, aims)
}

/// The most that is held while streams are pulled, all at once, for a while.
fn pulls(contender: &Contender, blob: &Blob, streams: usize, scale: &Scale) -> u64 {
    let path = format!("/v2/{REPOSITORY}/blobs/{}", blob.digest);
    let stop = AtomicBool::new(false);
    let flowing = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..streams {
            let (path, stop, flowing) = (&path, &stop, &flowing);
            scope.spawn(move || {
                let mut connection = Connection::open(contender.address);
                connection.begin("GET", path, &contender.headers, &[]);
                flowing.fetch_add(1, Ordering::SeqCst);
                connection.drain(|| !stop.load(Ordering::Relaxed));
            });
        }
        let most = watch(contender, &flowing, streams, scale.round);
        stop.store(true, Ordering::Relaxed);
        most
    })
}

/// The most that is held while streams are pushed, all at once.
fn pushes(contender: &Contender, streams: usize, scale: &Scale) -> u64 {
    let piece = random::bytes(5, PIECE_BYTES);
    let flowing = AtomicUsize::new(0);
    let all_sent = Barrier::new(streams + 1);
    let sent = scale.pick(SENT_BYTES, PIECE_BYTES * 2);
    std::thread::scope(|scope| {
        for _ in 0..streams {
            let (piece, flowing, all_sent) = (&piece, &flowing, &all_sent);
            scope.spawn(move || {
                let mut connection = Connection::open(contender.address);
                let path = format!("/v2/{REPOSITORY}/blobs/uploads/");
                let opened = connection.ask("POST", &path, &contender.headers, &mut ignore);
                let location = crate::content::relative(&opened.location.expect("an upload"));
                flowing.fetch_add(1, Ordering::SeqCst);
                connection.send_part(&location, &contender.headers, ANNOUNCED_BYTES, piece, sent);
                all_sent.wait();
            });
        }
        let most = watch(contender, &flowing, streams, scale.round);
        all_sent.wait();
        most.max(contender.process.memory_bytes())
    })
}

/// The most that is held while blobs are pushed to their end, all at once.
fn whole_pushes(contender: &Contender, streams: usize, size: usize, seed: u64) -> u64 {
    let left = AtomicUsize::new(streams);
    std::thread::scope(|scope| {
        for stream in 0..streams {
            let left = &left;
            scope.spawn(move || {
                let blob = Blob::noise(seed + stream as u64, size);
                Pusher::new(contender).blob(&blob, Manner::Streamed);
                left.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let mut most = 0;
        while left.load(Ordering::SeqCst) > 0 {
            most = most.max(contender.process.memory_bytes());
            std::thread::sleep(POLL);
        }
        most
    })
}

/// Looks at a server's memory for a while, once all streams flow.
fn watch(contender: &Contender, flowing: &AtomicUsize, streams: usize, duration: Duration) -> u64 {
    let mut most = 0;
    let mut until = None;
    while until.is_none_or(|until| Instant::now() < until) {
        most = most.max(contender.process.memory_bytes());
        if until.is_none() && flowing.load(Ordering::SeqCst) == streams {
            until = Some(Instant::now() + duration);
        }
        std::thread::sleep(POLL);
    }
    most
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
