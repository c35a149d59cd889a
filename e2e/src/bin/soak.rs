//! A long run of both shapes at 70 % of the load that they just bore, with a fault a minute: no wrong
//! answer, memory and descriptors flat, and answers between the faults as fast as at the beginning.

#![expect(clippy::print_stdout, reason = "it reports to the terminal")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::gate::Gate;
use berth_e2e::hand::Hand;
use berth_e2e::world::World;
use tokio::task::JoinHandle;

/// Clients that work at the same time.
const HANDS: u32 = 6;
/// How long the peak is measured, before the minutes count.
const PEAK: Duration = Duration::from_secs(15);
/// Part of the peak that the run keeps up.
const LOAD: f64 = 0.7;
/// When in its minute a fault begins.
const FAULT_AT: Duration = Duration::from_secs(20);
/// How long a service is away or a server stopped.
const AWAY: Duration = Duration::from_secs(3);
/// After a fault, what was held up is made up for: these answers count for no percentile.
const SETTLING: Duration = Duration::from_secs(10);
/// Aim for the slowest hundredth of a minute against the first minutes.
const SLOWER_MAX: f64 = 1.5;
/// So many minutes are the first, of which the middle one counts: a minute has too few slow answers to be one by itself.
const FIRST: usize = 5;
/// A collector that is always close behind, so that it takes part in everything.
const KEYS: &[(&str, &str)] = &[
    ("PUSH_TEMP_TAG_EXPIRATION_SEC", "10"),
    ("DEFAULT_TAG_EXPIRATION", "0s"),
    ("GARBAGE_COLLECTION_FREQUENCY", "1"),
    ("GARBAGE_COLLECTION_GRACE", "10s"),
];

/// What goes wrong in a minute.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// SIGKILL, and a start a second later.
    Kill,
    /// SIGSTOP for a while: a server that everybody takes for dead.
    Stop,
    /// Connections to the bucket break, and new ones are refused.
    Bucket,
    /// The same for the database.
    Database,
}

/// One operation: when it began, and how long it took.
type Answer = (Instant, Duration);

/// What the hands measure.
#[derive(Default)]
struct Log {
    answers: Mutex<Vec<Answer>>,
    stop: AtomicBool,
}

/// A server at one moment: seconds since the beginning, bytes of memory, descriptors.
type Sample = (f64, f64, usize);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((minutes, shapes)) = parse(&words) else {
        eprintln!("usage: soak --minutes N [embedded | scaled]");
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Runtime::new().expect("the system gives threads");
    let mut well = true;
    for shape in shapes {
        well &= runtime.block_on(soak(*shape, minutes));
    }
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parse(words: &[String]) -> Option<(u32, &'static [Shape])> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["--minutes", minutes, shapes @ ..] = words.as_slice() else {
        return None;
    };
    let shapes: &[Shape] = match shapes {
        [] => &[Shape::Embedded, Shape::Scaled],
        ["embedded"] => &[Shape::Embedded],
        ["scaled"] => &[Shape::Scaled],
        _ => return None,
    };
    Some((minutes.parse().ok()?, shapes))
}

fn port_in(variable: &str) -> u16 {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("`{variable}` is not set"));
    let url: reqwest::Url = url.parse().expect("a URL");
    url.port().expect("test services have ports of their own")
}

/// Lets the hands work, each as often as `pace` says, until the log says stop.
fn work(hands: Vec<Hand>, log: &Arc<Log>, pace: Option<Duration>) -> Vec<JoinHandle<Hand>> {
    let hands = hands.into_iter().map(|mut hand| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            let mut turn = tokio::time::interval(pace.unwrap_or(Duration::from_nanos(1)));
            // Who was held up does not make up for it with a burst.
            turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while !log.stop.load(Ordering::SeqCst) {
                if pace.is_some() {
                    turn.tick().await;
                }
                let begun = Instant::now();
                hand.mix().await;
                let mut answers = log.answers.lock().expect("no hand panics while it writes");
                answers.push((begun, begun.elapsed()));
            }
            hand
        })
    });
    hands.collect()
}

/// Waits for the hands; `None` where one of them saw what may not happen.
async fn join(running: Vec<JoinHandle<Hand>>) -> Option<Vec<Hand>> {
    let mut hands = Vec::new();
    for hand in running {
        hands.push(hand.await.ok()?);
    }
    Some(hands)
}

async fn soak(shape: Shape, minutes: u32) -> bool {
    let mut gates = Vec::new();
    let mut detours = Vec::new();
    if shape == Shape::Scaled {
        for variable in ["BERTH_TEST_POSTGRES_URL", "BERTH_TEST_S3_ENDPOINT"] {
            let gate = Gate::to(port_in(variable)).await;
            detours.push((port_in(variable), gate.port()));
            gates.push(gate);
        }
    }
    let deployment = Deployment::start_behind(shape, KEYS, &detours).await;
    let mut world = World::set_up(deployment).await;
    let (hands, _) = Hand::several(&world, HANDS.into(), 1).await;

    let log = Arc::new(Log::default());
    let running = work(hands, &log, None);
    tokio::time::sleep(PEAK).await;
    log.stop.store(true, Ordering::SeqCst);
    let Some(hands) = join(running).await else {
        return told(shape, "a wrong answer before any fault");
    };
    let peak = count(&log) / PEAK.as_secs_f64();
    let pace = Duration::from_secs_f64(f64::from(HANDS) / (peak * LOAD));
    println!(
        "{shape}: peak {peak:.0} operations/s of {HANDS} clients, held at 70 % for {minutes} min"
    );

    let log = Arc::new(Log::default());
    let running = work(hands, &log, Some(pace));
    let begun = Instant::now();
    let faults: &[Fault] = match shape {
        Shape::Embedded => &[Fault::Stop, Fault::Kill],
        Shape::Scaled => &[Fault::Bucket, Fault::Kill, Fault::Database, Fault::Stop],
    };
    // The one process of the embedded shape is killed in the first sixth alone: the rest shows whether its memory is flat.
    let kills_until = minutes.div_ceil(6);
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new()];
    let mut windows = Vec::new();
    for (minute, fault) in (0..minutes).zip(faults.iter().copied().cycle()) {
        let fault = match fault {
            Fault::Kill if shape == Shape::Embedded && minute >= kills_until => Fault::Stop,
            fault => fault,
        };
        let from = begun + Duration::from_mins(1) * minute;
        watch(&world, begun, from + FAULT_AT, &mut samples).await;
        let since = Instant::now();
        strike(fault, &mut world, &gates).await;
        if shape == Shape::Embedded && matches!(fault, Fault::Kill) {
            // Another process, whose memory begins anew.
            samples.push(Vec::new());
        }
        windows.push((since, Instant::now() + SETTLING));
        println!(
            "{shape}: minute {minute}: {fault:?}, over after {:.1} s",
            since.elapsed().as_secs_f64()
        );
        watch(&world, begun, from + Duration::from_mins(1), &mut samples).await;
    }
    log.stop.store(true, Ordering::SeqCst);
    let Some(mut hands) = join(running).await else {
        return told(shape, "a wrong answer, see above");
    };
    for hand in &mut hands {
        hand.check().await;
    }
    let acknowledged: u64 = hands.iter().map(|hand| hand.acknowledged).sum();
    println!(
        "{shape}: {:.0} operations, {acknowledged} acknowledged changes, 0 wrong answers",
        count(&log)
    );
    let answers = log.answers.lock().expect("the hands are done").clone();
    report_speed(shape, &answers, begun, minutes, &windows);
    report_memory(shape, &samples);
    true
}

fn told(shape: Shape, what: &str) -> bool {
    println!("{shape}: FAILED: {what}");
    false
}

fn count(log: &Log) -> f64 {
    let answers = log.answers.lock().expect("no hand panics while it writes");
    f64::from(u32::try_from(answers.len()).expect("fewer than four billion"))
}

/// Samples the first server until an instant.
async fn watch(world: &World, begun: Instant, until: Instant, samples: &mut [Vec<Sample>]) {
    while Instant::now() < until {
        let (bytes, descriptors) = world.deployment().servers[0].held();
        let mebibytes = f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0;
        if let Some(samples) = samples.last_mut() {
            samples.push((begun.elapsed().as_secs_f64(), mebibytes, descriptors));
        }
        let pause = Duration::from_secs(2).min(until.saturating_duration_since(Instant::now()));
        tokio::time::sleep(pause).await;
    }
}

/// Does the fault to the last server or to a service, and ends it.
async fn strike(fault: Fault, world: &mut World, gates: &[Gate]) {
    let victim = world.deployment().servers.len() - 1;
    match fault {
        Fault::Kill => {
            let server = &mut world.deployment_mut().servers[victim];
            server.kill().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            server.start_again().await;
        }
        Fault::Stop => {
            let server = &world.deployment().servers[victim];
            server.signal("STOP").await;
            tokio::time::sleep(AWAY).await;
            server.signal("CONT").await;
        }
        Fault::Database | Fault::Bucket => {
            let gate = &gates[usize::from(matches!(fault, Fault::Bucket))];
            gate.shut();
            tokio::time::sleep(AWAY).await;
            gate.open();
        }
    }
}

/// The slowest hundredth of each minute, of answers that no fault touched.
fn report_speed(
    shape: Shape,
    answers: &[Answer],
    begun: Instant,
    minutes: u32,
    faults: &[(Instant, Instant)],
) {
    let calm = |(since, took): &&Answer| {
        let end = *since + *took;
        faults.iter().all(|(from, to)| end < *from || since > to)
    };
    let slowest: Vec<f64> = (0..minutes)
        .map(|minute| {
            let from = begun + Duration::from_mins(1) * minute;
            let to = from + Duration::from_mins(1);
            let within = answers
                .iter()
                .filter(|(since, _)| (from..to).contains(since));
            let mut took: Vec<Duration> = within.filter(calm).map(|(_, took)| *took).collect();
            took.sort_unstable();
            let at = (took.len() * 99 / 100).min(took.len().saturating_sub(1));
            took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
        })
        .collect();
    let mut first: Vec<f64> = slowest.iter().take(FIRST).copied().collect();
    first.sort_unstable_by(f64::total_cmp);
    let first = first.get(first.len() / 2).copied().unwrap_or_default();
    let worst = slowest.iter().copied().fold(0.0, f64::max) / first.max(f64::MIN_POSITIVE);
    let list: Vec<String> = slowest.iter().map(|ms| format!("{ms:.0}")).collect();
    println!(
        "{shape}: p99 by minute, ms, faults aside: {}",
        list.join(" ")
    );
    let verdict = if worst <= SLOWER_MAX {
        "kept"
    } else {
        "missed"
    };
    println!(
        "{shape}: worst minute {worst:.2} x the middle of the first {FIRST} (aim {SLOWER_MAX} x: {verdict})"
    );
}

/// How memory and descriptors of the first server went, by the longest life of its process.
fn report_memory(shape: Shape, lives: &[Vec<Sample>]) {
    let longest = lives.iter().max_by_key(|samples| samples.len());
    let Some(samples) = longest.filter(|samples| samples.len() > 1) else {
        return;
    };
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    println!(
        "{shape}: memory {:.0} to {:.0} MiB, slope {:+.2} MiB/min; descriptors {} to {}, over {:.0} s",
        first.1,
        last.1,
        slope(samples) * 60.0,
        first.2,
        last.2,
        last.0 - first.0
    );
}

/// Least squares: MiB in a second.
fn slope(samples: &[Sample]) -> f64 {
    let count = f64::from(u32::try_from(samples.len()).unwrap_or(u32::MAX));
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (time, memory) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let rises = samples.iter().map(|it| (it.0 - time) * (it.1 - memory));
    let runs = samples.iter().map(|it| (it.0 - time).powi(2));
    rises.sum::<f64>() / runs.sum::<f64>().max(f64::MIN_POSITIVE)
}
