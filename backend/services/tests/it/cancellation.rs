//! Whoever asked goes away at every await: nothing half done shows, nothing stays locked, the same work
//! done again succeeds, and sweeps leave nothing behind.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use berth_domain::{Digest, Error};
use berth_testkit::faults::Faults;
use berth_testkit::places::Place;
use berth_testkit::{TestImage, TestRegistry, body, db_test, path_of};
use bytes::Bytes;
use futures::TryStreamExt;

use crate::faults::{
    PATIENCE, Work, at_machine_time, create_repository, delete, delete_repository, is_gone,
    mount_from_another, nothing, nothing_is_left_in, nothing_is_taken, pull, push, push_in_chunks,
    retag, sign_in,
};

/// More awaits than any scenario has.
const AWAITS_MAX: usize = 500;
/// More than a lease.
const LEASE_PASSED: Duration = Duration::from_secs(16);
/// How often an upload is asked for again while something of a dropped request is under way.
const TRIES_MAX: u32 = 100;

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
    at_every_await_in(t, &Place::of(&t.storage), before, work, after).await;
}

/// The same over any storage.
async fn at_every_await_in(t: &TestRegistry, place: &Place, before: Work, work: Work, after: Work) {
    let ann = t.user("ann").await;
    let replica = t.over(&place.storage, Some(&Faults::never()));
    let workers = replica.workers();
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
            nothing_is_taken(t, place).await;
            let again = tokio::time::timeout(PATIENCE, work(&replica, &ann, &name, &image));
            let again = again.await.expect("nothing stays taken");
            again.unwrap_or_else(|e| panic!("again after {polls} awaits: {e:?}"));
        }
        after(&replica, &ann, &name, &image).await.unwrap();
        nothing_is_taken(t, place).await;
        if is_over {
            break;
        }
    }
    let waits = t.database().postgres_url().is_some();
    assert!(made.len() > 1 || !waits, "the work has awaits");
    nothing_is_left_in(t, place, &ann, &made).await;
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

async fn pushed_into(t: &TestRegistry, place: Option<Place>, push: Work) {
    let Some(place) = place else { return };
    at_machine_time(t);
    at_every_await_in(t, &place, nothing, push, pull).await;
}

db_test!(on sqlite;
    async fn a_push_into_a_folder_may_be_dropped_at_every_await(t: TestRegistry) {
        pushed_into(t, Some(Place::folder()), push).await;
    }
);

db_test!(on sqlite;
    async fn a_push_in_chunks_into_a_folder_may_be_dropped_at_every_await(t: TestRegistry) {
        pushed_into(t, Some(Place::folder()), push_in_chunks).await;
    }
);

db_test!(on postgres;
    async fn a_push_into_a_bucket_may_be_dropped_at_every_await(t: TestRegistry) {
        pushed_into(t, Place::bucket(), push).await;
    }
);

db_test!(on postgres;
    async fn a_push_in_chunks_into_a_bucket_may_be_dropped_at_every_await(t: TestRegistry) {
        pushed_into(t, Place::bucket(), push_in_chunks).await;
    }
);

/// What an upload answers while something of a request whose client went away is still under way.
fn may_be_at_work(error: &Error) -> bool {
    matches!(error, Error::UploadBusy | Error::UploadOffset { .. })
}

db_test!(
    /// The transfer itself comes to its end and gives its lease back, whether its client is there or not. A lease
    /// that was taken for a client who went away before that runs out.
    async fn an_upload_goes_on_where_its_client_was_dropped(t: TestRegistry) {
        let ann = t.user("ann").await;
        let (place, path) = (Place::folder(), path_of("ann/app"));
        let uploads = t
            .over(&place.storage, Some(&Faults::never()))
            .uploads
            .clone();
        let mut given_back = 0;
        for polls in 1.. {
            assert!(polls < AWAITS_MAX, "the work ends");
            let (first, second) = (format!("part of {polls}, "), format!("rest of {polls}"));
            let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
            let part = body([first.clone().into()]);
            let append = uploads.append(&ann, &path, uuid, Some(0), part);
            let is_over = polled(append, polls).await.is_some();
            nothing_is_taken(t, &place).await;
            let whole = format!("{first}{second}");
            let digest = Digest::of(whole.as_bytes());
            let finish = async || {
                let stands = uploads.status(&ann, &path, uuid).await?.offset_bytes;
                let rest = whole[usize::try_from(stands).unwrap()..].to_owned();
                let rest = body([rest.into()]);
                uploads
                    .finish(&ann, &path, uuid, &digest, Some(stands), rest)
                    .await
            };
            match finish().await {
                Ok(_) => given_back += 1,
                Err(error) if may_be_at_work(&error) => {
                    t.clock.advance(LEASE_PASSED);
                    // What was dropped may be at work for a moment, and take its lease anew or go a step on.
                    let mut tries = 0;
                    while let Err(error) = finish().await {
                        tries += 1;
                        let goes_on = may_be_at_work(&error) && tries < TRIES_MAX;
                        assert!(goes_on, "after {polls} awaits and {tries} tries: {error:?}");
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        t.clock.advance(LEASE_PASSED);
                    }
                }
                Err(other) => panic!("after {polls} awaits: {other:?}"),
            }
            let up = t.over(&place.storage, None);
            let open = up.blobs.open(&ann, &path, &digest).await.unwrap();
            let read: Vec<Bytes> = open.read(None).await.unwrap().try_collect().await.unwrap();
            assert_eq!(read.concat(), whole.as_bytes());
            if is_over {
                break;
            }
        }
        assert!(given_back > 0, "no lease was given back");
    }
);
