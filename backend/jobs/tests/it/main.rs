//! Turns of periodic work: who has one, how it ends, and what whoever died or came late leaves behind.
//!
//! Three processes that race for them are in the tests of the services (`races/leases.rs`).

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use berth_domain::Error;
use berth_jobs::{Periodic, RUN_MAX, Workers};
use berth_testkit::{TestRegistry, db_test};
use futures::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

const KIND: &str = "tested";
const INTERVAL: Duration = Duration::from_mins(30);
/// Claims are written down to the millisecond.
const TICK: Duration = Duration::from_millis(1);

/// A process that has this work alone.
async fn process(t: &TestRegistry, work: &Periodic) -> Workers {
    let clock = Arc::clone(&t.clock);
    let workers = Workers::new(t.db().clone(), clock, vec![work.clone()]);
    workers.prepare().await.unwrap();
    workers
}

/// Whether this process had the turn.
async fn has_turn(process: &Workers) -> bool {
    process.run_kind_if_due(KIND).await.unwrap()
}

/// Work that counts its runs.
fn counted(count: &Arc<AtomicU32>) -> Periodic {
    let count = Arc::clone(count);
    Periodic::new(KIND, INTERVAL, move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    })
}

/// Work that says that it has begun, and goes on when it is told to.
fn held(
    begun: mpsc::Sender<oneshot::Sender<()>>,
    count: &Arc<AtomicU32>,
    interval: Duration,
) -> Periodic {
    let count = Arc::clone(count);
    Periodic::new(KIND, interval, move || {
        let (begun, count) = (begun.clone(), Arc::clone(&count));
        async move {
            let (go_on, told) = oneshot::channel();
            begun.send(go_on).await.unwrap();
            // Whoever waits for it may be gone: then it is never told.
            told.await.map_err(Error::internal)?;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    })
}

db_test!(
    async fn of_all_processes_one_has_a_turn_and_the_next_is_an_interval_later(t: TestRegistry) {
        let count = Arc::default();
        let work = counted(&count);
        let mut processes = Vec::new();
        for _ in 0..4 {
            processes.push(process(t, &work).await);
        }
        for turn in 1..=3 {
            let had = join_all(processes.iter().map(has_turn)).await;
            assert_eq!(had.iter().filter(|had| **had).count(), 1, "{had:?}");
            assert_eq!(count.load(Ordering::SeqCst), turn);
            t.clock.advance(INTERVAL.checked_sub(TICK).unwrap());
            let had = join_all(processes.iter().map(has_turn)).await;
            assert_eq!(had, [false; 4], "before it is due");
            t.clock.advance(TICK);
        }
    }
);

db_test!(
    async fn work_that_failed_waits_for_its_next_turn(t: TestRegistry) {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let work = Periodic::new(KIND, INTERVAL, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Err(Error::conflict("not today")) }
        });
        let process = process(t, &work).await;
        assert!(has_turn(&process).await, "it ran, whatever came of it");
        assert!(!has_turn(&process).await, "it is not tried over and over");
        t.clock.advance(INTERVAL);
        assert!(has_turn(&process).await);
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
);

db_test!(
    async fn what_a_dead_process_held_is_free_after_the_longest_run(t: TestRegistry) {
        let (begun, mut has_begun) = mpsc::channel(1);
        let doomed = process(t, &held(begun, &Arc::default(), INTERVAL)).await;
        let running = tokio::spawn(async move { has_turn(&doomed).await });
        let never_told = has_begun.recv().await.unwrap();
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        drop(never_told);
        let count = Arc::default();
        let heir = process(t, &counted(&count)).await;
        t.clock.advance(RUN_MAX);
        assert!(!has_turn(&heir).await, "it might be at work until now");
        t.clock.advance(TICK);
        assert!(has_turn(&heir).await);
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
);

db_test!(
    async fn a_run_past_its_limit_is_cut_off_and_its_turn_is_over(t: TestRegistry) {
        let (begun, mut has_begun) = mpsc::channel(1);
        let count = Arc::default();
        let slow = process(t, &held(begun, &count, INTERVAL)).await;
        let slow = slow.with_run_max(Duration::from_millis(20));
        // Nobody tells it to go on.
        let (had, go_on) = tokio::join!(has_turn(&slow), has_begun.recv());
        assert!(had);
        assert!(
            go_on.unwrap().send(()).is_err(),
            "nothing of it is left to go on"
        );
        assert_eq!(count.load(Ordering::SeqCst), 0);
        assert!(!has_turn(&slow).await, "the next turn is an interval later");
    }
);

db_test!(
    async fn whoever_comes_back_late_ends_no_claim_of_another(t: TestRegistry) {
        let (begun, mut has_begun) = mpsc::channel(1);
        let count = Arc::default();
        // Due again at once, so that nothing but its claim protects a run.
        let work = held(begun, &count, Duration::ZERO);
        let (late, heir) = (process(t, &work).await, process(t, &work).await);
        let other = process(t, &work).await;
        let late = tokio::spawn(async move { has_turn(&late).await });
        let late_goes_on: oneshot::Sender<()> = has_begun.recv().await.unwrap();
        t.clock.advance(RUN_MAX + TICK);
        let heir = tokio::spawn(async move { has_turn(&heir).await });
        let heir_goes_on = has_begun.recv().await.unwrap();
        late_goes_on.send(()).unwrap();
        assert!(late.await.unwrap());
        assert!(!has_turn(&other).await, "the heir is at work");
        heir_goes_on.send(()).unwrap();
        assert!(heir.await.unwrap());
        let (had, go_on) = tokio::join!(has_turn(&other), async {
            has_begun.recv().await.unwrap().send(())
        });
        assert!(had && go_on.is_ok(), "then it is free");
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }
);

db_test!(
    async fn who_is_told_to_stop_ends_the_run_in_progress_and_begins_no_other(t: TestRegistry) {
        let (begun, mut has_begun) = mpsc::channel(1);
        let count = Arc::default();
        let first = held(begun, &count, INTERVAL);
        let later = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&later);
        let second = Periodic::new("later", INTERVAL, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        });
        let clock = Arc::clone(&t.clock);
        let workers = Workers::new(t.db().clone(), clock, vec![first, second]);
        let stop = CancellationToken::new();
        let running = tokio::spawn(workers.run(stop.clone()));
        let go_on = has_begun.recv().await.unwrap();
        stop.cancel();
        go_on.send(()).unwrap();
        running.await.unwrap().unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert_eq!(later.load(Ordering::SeqCst), 0);
    }
);
