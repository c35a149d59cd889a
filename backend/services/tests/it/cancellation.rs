//! Whoever asked goes away at every await: nothing half done shows, nothing stays locked, the same work
//! done again succeeds, and sweeps leave nothing behind.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use berth_services::Settings;
use berth_testkit::faults::Faults;
use berth_testkit::{TestImage, TestRegistry, db_test};

use crate::faults::{
    Work, create_repository, delete, delete_repository, is_gone, mount_from_another, nothing,
    nothing_is_left, pull, push, push_in_chunks, retag, sign_in,
};

/// More awaits than any scenario has.
const AWAITS_MAX: usize = 500;
/// Whatever takes longer waits for something that will never be free again.
const PATIENCE: Duration = Duration::from_secs(20);

/// Polls a future this many times and then drops it; what it gave where it came to its end.
async fn polled<T>(work: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut work = Box::pin(work);
    let mut left = polls;
    poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => {
            left -= 1;
            if left == 0 {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        }
    })
    .await
}

/// Drops `work` at each of its awaits in turn, always at the same replica. On SQLite, whose statements
/// run in place, only storage and other writers make anybody wait.
async fn at_every_await(t: &TestRegistry, before: Work, work: Work, after: Work) {
    let ann = t.user("ann").await;
    let replica = t.faulty(Settings::default(), &Faults::never());
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
    let mut made = Vec::new();
    for polls in 1.. {
        assert!(polls < AWAITS_MAX, "the work ends");
        let name = format!("await{polls}");
        let image = TestImage::new(polls as u64);
        before(&replica, &ann, &name, &image).await.unwrap();
        made.push(name.clone());
        let outcome = polled(work(&replica, &ann, &name, &image), polls).await;
        let is_over = outcome.is_some();
        if let Some(outcome) = outcome {
            outcome.unwrap();
        } else {
            // The lease of an upload that nobody continues.
            t.clock.advance(Duration::from_secs(16));
            let again = tokio::time::timeout(PATIENCE, work(&replica, &ann, &name, &image));
            let again = again.await.expect("nothing stays taken");
            again.unwrap_or_else(|e| panic!("again after {polls} awaits: {e:?}"));
        }
        after(&replica, &ann, &name, &image).await.unwrap();
        if is_over {
            break;
        }
    }
    let waits = t.database().postgres_url().is_some();
    assert!(made.len() > 1 || !waits, "the work has awaits");
    nothing_is_left(t, &ann, &made).await;
}

db_test!(
    async fn a_push_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, nothing, push, pull).await;
    }
);

db_test!(
    async fn a_push_in_chunks_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, nothing, push_in_chunks, pull).await;
    }
);

db_test!(
    async fn a_mount_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, push, mount_from_another, pull).await;
    }
);

db_test!(
    async fn a_retag_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, push, retag, pull).await;
    }
);

db_test!(
    async fn a_pull_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, push, pull, pull).await;
    }
);

db_test!(
    async fn a_deletion_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, push, delete, is_gone).await;
    }
);

db_test!(
    async fn deleting_a_repository_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, push, delete_repository, is_gone).await;
    }
);

db_test!(
    async fn creating_a_repository_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, nothing, create_repository, nothing).await;
    }
);

db_test!(
    async fn a_sign_in_may_be_dropped_at_every_await(t: TestRegistry) {
        at_every_await(t, nothing, sign_in, nothing).await;
    }
);
