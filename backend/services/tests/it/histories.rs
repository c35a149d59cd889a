//! What clients of two replicas see of one tag can be told as one story.

use berth_domain::{Digest, Error, Reference};
use berth_model::history::{History, Kind};
use berth_services::manifests::{Accept, PullKind};
use berth_services::{Actor, Services, Settings};
use berth_testkit::{TestImage, db_test, path_of};
use futures::future::join_all;

use super::races::rounds;

/// Clients of one tag, half of them at each replica.
const CLIENTS: u64 = 6;
/// What each of them does with a tag.
const OPERATIONS: u64 = 10;

/// Does the next thing with the tag and takes it down.
async fn act(services: &Services, actor: &Actor, tag: &str, choice: u64, story: &History<Digest>) {
    let path = path_of("ann/app");
    let reference: Reference = tag.parse().unwrap();
    let manifests = &services.manifests;
    let called = story.call();
    match choice % 8 {
        0..=2 => {
            let image = TestImage::new(choice % 3);
            let (digest, bytes) = (image.digest(), image.manifest);
            match manifests.push(actor, &path, &reference, None, bytes).await {
                Ok(pushed) => story.answered(called, Kind::Put(pushed.digest)),
                Err(Error::Unavailable { .. }) => story.unknown(called, Kind::Put(digest)),
                // Fought over by too many: nothing happened.
                Err(Error::Conflict { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        3 => match manifests.delete(actor, &path, &reference).await {
            Ok(()) => story.answered(called, Kind::Delete(Some(true))),
            Err(Error::NotFound { .. }) => story.answered(called, Kind::Delete(Some(false))),
            Err(Error::Unavailable { .. }) => story.unknown(called, Kind::Delete(None)),
            Err(other) => panic!("{other:?}"),
        },
        _ => {
            let accept = Accept::default();
            let got = manifests.get(actor, &path, &reference, &accept, PullKind::Get);
            match got.await {
                Ok(stored) => story.answered(called, Kind::Get(Some(stored.digest))),
                Err(Error::NotFound { .. } | Error::TagExpired { .. }) => {
                    story.answered(called, Kind::Get(None));
                }
                Err(Error::Unavailable { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

db_test!(
    async fn pushes_pulls_and_deletions_of_one_tag_at_two_replicas_are_one_story(t: TestRegistry) {
        let ann = t.user("ann").await;
        for seed in 0..3 {
            t.push(&ann, "ann/app:other", &TestImage::new(seed)).await;
        }
        let replicas = [
            t.replica(Settings::default()),
            t.replica(Settings::default()),
        ];
        let mut operations = 0;
        for round in 0..rounds() {
            let (story, tag) = (History::default(), format!("contended-{round}"));
            let clients = (0..CLIENTS).map(|client| {
                let services = &replicas[usize::from(client % 2 == 1)];
                let (ann, tag, story) = (&ann, &tag, &story);
                async move {
                    for operation in 0..OPERATIONS {
                        let choice = round * 31 + client * 7 + operation * 5;
                        act(services, ann, tag, choice, story).await;
                    }
                }
            });
            join_all(clients).await;
            operations += story.check().unwrap_or_else(|bad| panic!("{tag}: {bad}"));
        }
        eprintln!("{}: {operations} operations are one story", t.db().kind());
    }
);
