//! Clocks that jump by a day, there and back: nothing acknowledged is lost, and nothing has to be
//! waited for until the day is over.

use std::time::Duration;

use berth_domain::{Digest, Error, Secret};
use berth_services::{Origin, Settings};
use berth_testkit::faults::{Fault, Faults};
use berth_testkit::{PASSWORD, TestImage, TestRegistry, body, db_test, path_of};

use crate::faults::{
    create_repository, delete, is_gone, nothing_is_left, pull, push, push_in_chunks, retag, sign_in,
};

const DAY: Duration = Duration::from_hours(24);
/// What runs without anybody asking, at most an hour apart.
const PERIODIC: [&str; 6] = [
    "upload_sweep",
    "repository_removal",
    "collection",
    "object_sweep",
    "key_rotation",
    "expiry_sweep",
];

/// Everything that a client does works, and what was pushed as `old` is still there.
async fn all_works(t: &TestRegistry, name: &str, old: &TestImage) {
    let ann = t.login("ann", PASSWORD).await;
    let (services, image) = (&t.services, TestImage::new(name.len() as u64));
    pull(services, &ann, "old", old).await.unwrap();
    // The tag moves to something else and back, whatever its lifetimes say of when.
    for content in [&image, old] {
        push(services, &ann, "old", content).await.unwrap();
        pull(services, &ann, "old", content).await.unwrap();
    }
    create_repository(services, &ann, name, &image)
        .await
        .unwrap();
    push_in_chunks(services, &ann, name, &image).await.unwrap();
    retag(services, &ann, name, &image).await.unwrap();
    pull(services, &ann, name, &image).await.unwrap();
    delete(services, &ann, name, &image).await.unwrap();
    is_gone(services, &ann, name, &image).await.unwrap();
    sign_in(services, &ann, name, &image).await.unwrap();
}

async fn work_runs(t: &TestRegistry) {
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    for kind in PERIODIC {
        assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} runs");
    }
}

db_test!(
    async fn a_clock_may_jump_a_day_ahead_and_back(t: TestRegistry) {
        let ann = t.user("ann").await;
        let old = TestImage::new(901);
        push(&t.services, &ann, "old", &old).await.unwrap();
        work_runs(t).await;
        all_works(t, "before", &old).await;

        t.clock.advance(DAY);
        all_works(t, "ahead", &old).await;
        work_runs(t).await;

        t.clock.turn_back(DAY);
        all_works(t, "back-again", &old).await;
        // What is due in a day is due now, by the clock of today.
        t.clock.advance(Duration::from_mins(1));
        work_runs(t).await;
        all_works(t, "and-after-that", &old).await;
        let names = ["old", "before", "ahead", "back-again", "and-after-that"];
        nothing_is_left(t, &ann, &names.map(str::to_owned)).await;
    }
);

db_test!(
    async fn who_died_while_the_clock_was_ahead_holds_nothing_up(t: TestRegistry) {
        let ann = t.user("ann").await;
        let (path, uploads) = (path_of("ann/torn"), &t.services.uploads);
        let content = TestImage::new(902).blobs()[0].clone();
        let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
        let part = content.slice(..5);
        uploads
            .append(&ann, &path, uuid, Some(0), body([part]))
            .await
            .unwrap();

        t.clock.advance(DAY);
        // A server dies at one of its calls, with the lease in its hands.
        let mut died = false;
        for call in 0..20 {
            let faults = Faults::from(call, Fault::Before);
            let dying = t.faulty(Settings::default(), &faults);
            let digest = Digest::of(&content);
            let rest = body([content.slice(5..)]);
            let asked = dying
                .uploads
                .finish(&ann, &path, uuid, &digest, Some(5), rest);
            if asked.await.is_ok() {
                break;
            }
            // Does somebody hold it?
            let asked = uploads.append(&ann, &path, uuid, Some(5), body([])).await;
            if matches!(asked, Err(Error::UploadBusy)) {
                died = true;
                break;
            }
        }
        assert!(died, "one of its deaths keeps the lease");
        t.clock.turn_back(DAY);
        let (digest, rest) = (Digest::of(&content), body([content.slice(5..)]));
        uploads
            .finish(&ann, &path, uuid, &digest, Some(5), rest)
            .await
            .unwrap();
    }
);

db_test!(
    async fn wrong_passwords_of_a_clock_that_was_ahead_are_forgotten(t: TestRegistry) {
        t.user("ann").await;
        t.clock.advance(DAY);
        let wrong = Secret::from("not-the-password");
        let mut last = None;
        for _ in 0..4 {
            let tried = t.services.authn.basic("ann", &wrong, Origin::default());
            last = tried.await.err();
        }
        assert!(matches!(last, Some(Error::RateLimited { .. })), "{last:?}");
        t.clock.turn_back(DAY);
        t.login("ann", PASSWORD).await;
    }
);
