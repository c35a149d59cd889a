//! Two replicas and two collectors at the same time, as fast as they can: nothing live is lost.
//!
//! `BERTH_RACE_ROUNDS` says how often each of the racers goes round; `cargo xtask race` sets it. What
//! can happen between two statements is explored in `berth-model`; this is the same on real databases.

mod leases;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use berth_domain::{Digest, Error, Reference};
use berth_services::many::Selection;
use berth_services::uploads::Started;
use berth_services::{Actor, Services, Settings};
use berth_store::collection;
use berth_testkit::{TestImage, TestRegistry, body, db_test, path_of};
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

use super::collection::{DAY, collect, delete, objects, pull};

/// Rounds of a racer where the environment names no number.
const ROUNDS: u64 = 12;
/// Images are few, so that each push meets garbage of another.
const IMAGES: u64 = 3;
/// Longer than a claim on periodic work: the collectors overlap as if each believed the other dead.
const CLAIM: Duration = Duration::from_mins(11);

pub(super) fn rounds() -> u64 {
    std::env::var("BERTH_RACE_ROUNDS").map_or(ROUNDS, |text| {
        text.parse().expect("`BERTH_RACE_ROUNDS` is a number")
    })
}

/// Neither leases nor a window nor grace: all that is not needed at this moment is garbage.
fn shields_nothing() -> Settings {
    let mut settings = Settings::default();
    settings.push.lease = Duration::ZERO;
    settings.push.time_machine = Duration::ZERO;
    // The clock runs far ahead of the racers.
    settings.push.upload_life = 1_000_000 * DAY;
    settings.collection.grace = Duration::ZERO;
    settings.collection.interval = Duration::ZERO;
    settings
}

/// Two collectors that go on and on, but for the turns that somebody else takes.
struct Collectors {
    tasks: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    turns: Arc<AtomicU64>,
    pause: Arc<RwLock<()>>,
}

impl Collectors {
    fn start(t: &TestRegistry) -> Self {
        let (stop, turns, pause) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<RwLock<()>>)>::default();
        let tasks = (0..2)
            .map(|_| {
                let workers = t.replica(shields_nothing()).workers();
                let clock = Arc::clone(&t.clock);
                let (stop, turns, pause) = (stop.clone(), turns.clone(), pause.clone());
                tokio::spawn(async move {
                    workers.prepare().await.unwrap();
                    while !stop.load(Ordering::SeqCst) {
                        let _turn = pause.read().await;
                        clock.advance(CLAIM);
                        for kind in ["collection", "object_sweep"] {
                            workers.run_kind_if_due(kind).await.unwrap();
                        }
                        turns.fetch_add(1, Ordering::Relaxed);
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        Self {
            tasks,
            stop,
            turns,
            pause,
        }
    }

    /// Lets both end their turns; returns how many they had.
    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.turns.load(Ordering::Relaxed)
    }
}

/// A client that works at one replica and tries again what a client would.
#[derive(Clone)]
struct Racer {
    services: Services,
    actor: Actor,
    pause: Arc<RwLock<()>>,
    /// Pushes that a collector made it do again, by all racers.
    losses: Arc<AtomicU64>,
}

impl Racer {
    /// Pushes again after "unknown blob" or "unavailable", until it is taken. Who lost a few times has
    /// the collectors pause, since without any lease they may win for ever.
    async fn push_until_taken(&self, path: &str, tag: &str, image: &TestImage, mounted: bool) {
        const LOSSES_MAX: u32 = 5;
        for losses in 0.. {
            let paused = if losses < LOSSES_MAX {
                None
            } else {
                Some(self.pause.write().await)
            };
            match self.push(path, tag, image, mounted).await {
                Ok(()) => return,
                Err(Error::ManifestBlobUnknown { .. } | Error::Unavailable { .. })
                    if paused.is_none() =>
                {
                    self.losses.fetch_add(1, Ordering::Relaxed);
                }
                Err(other) => panic!("after {losses} losses: {other:?}"),
            }
        }
    }

    async fn push(
        &self,
        path: &str,
        tag: &str,
        image: &TestImage,
        mounted: bool,
    ) -> Result<(), Error> {
        let (uploads, actor, path) = (&self.services.uploads, &self.actor, path_of(path));
        for blob in image.blobs() {
            let (digest, body) = (Digest::of(blob), body([blob.clone()]));
            if mounted {
                match uploads.mount(actor, &path, &digest, None).await? {
                    Started::Linked(_) => {}
                    Started::Open(upload) => {
                        let uuid = upload.uuid;
                        let done = uploads.finish(actor, &path, uuid, &digest, None, body);
                        done.await?;
                    }
                }
            } else {
                uploads.push(actor, &path, &digest, body).await?;
            }
        }
        let reference: Reference = tag.parse().unwrap();
        let (manifests, bytes) = (&self.services.manifests, image.manifest.clone());
        let pushed = manifests.push(actor, &path, &reference, None, bytes).await;
        pushed.map(|_| ())
    }

    /// Deletes a tag and restores it at once; whether it came back. It does so whole or not at all.
    async fn delete_and_restore(&self, t: &TestRegistry, path: &str, tag: &str) -> bool {
        let (actor, tags) = (&self.actor, &self.services.tags);
        let named = path_of(path);
        let view = self.services.repositories.by_path(actor, &named).await;
        let repository = view.unwrap().repository.id;
        let names = [tag.parse().unwrap()];
        let selection = Selection::Items(&names);
        let deleted = tags.delete_many(actor, repository, selection).await;
        let ids = deleted.unwrap().ids;
        tokio::task::yield_now().await;
        match tags.restore(actor, repository, &ids).await {
            Ok(_) => {
                pull(t, actor, path, tag).await.unwrap();
                true
            }
            Err(refused) => {
                let cause = &refused.causes[0].1;
                // Removed, being removed, or about to be.
                let late = matches!(
                    cause,
                    Error::Hidden(_) | Error::Unavailable { .. } | Error::Conflict { .. }
                );
                assert!(late, "{cause:?}");
                false
            }
        }
    }
}

db_test!(
    async fn two_replicas_and_two_collectors_lose_nothing_live_and_leave_no_garbage(
        t: TestRegistry,
    ) {
        let (rounds, ann) = (rounds(), t.user("ann").await);
        let collectors = Collectors::start(t);
        let racer = |window: Duration| {
            let mut settings = shields_nothing();
            settings.push.time_machine = window;
            Racer {
                services: t.replica(settings),
                actor: ann.clone(),
                pause: collectors.pause.clone(),
                losses: Arc::default(),
            }
        };
        let (one, other) = (racer(Duration::ZERO), racer(Duration::ZERO));
        // What this one ends can be restored until a collector begins its next turn.
        let restorer = racer(CLAIM);
        let push = async |racer: &Racer, path: &str, tag: &str, mounted: bool| {
            for round in 0..rounds {
                let image = TestImage::new(round % IMAGES);
                racer.push_until_taken(path, tag, &image, mounted).await;
                pull(t, &racer.actor, path, tag).await.unwrap();
            }
        };
        let delete_and_push = async |racer: &Racer, path: &str, tag: &str| {
            for round in 0..rounds {
                let image = TestImage::new((round + 1) % IMAGES);
                racer.push_until_taken(path, tag, &image, false).await;
                pull(t, &racer.actor, path, tag).await.unwrap();
                let (path, tag) = (path_of(path), tag.parse().unwrap());
                let deleted = racer.services.manifests.delete(&racer.actor, &path, &tag);
                deleted.await.unwrap();
            }
        };
        let restore = async |racer: &Racer, path: &str, tag: &str| {
            let mut back = 0;
            for round in 0..rounds {
                let image = TestImage::new(round % 2);
                racer.push_until_taken(path, tag, &image, false).await;
                back += u64::from(racer.delete_and_restore(t, path, tag).await);
            }
            back
        };
        let ((), (), (), (), back) = tokio::join!(
            push(&one, "ann/one", "live", false),
            push(&other, "ann/two", "live", false),
            push(&other, "ann/one", "mounted", true),
            delete_and_push(&one, "ann/two", "fickle"),
            restore(&restorer, "ann/one", "restored"),
        );
        let racers = [&one, &other, &restorer];
        let losses: u64 = racers
            .iter()
            .map(|it| it.losses.load(Ordering::Relaxed))
            .sum();
        let turns = collectors.end().await;
        eprintln!(
            "{}: {rounds} rounds each against {turns} turns of collectors: {losses} pushes done \
             again, {back} tags restored",
            t.db().kind()
        );
        for (path, tag) in [
            ("ann/one", "live"),
            ("ann/two", "live"),
            ("ann/one", "mounted"),
        ] {
            pull(t, &ann, path, tag).await.unwrap();
        }
        for path in ["ann/one", "ann/two"] {
            let view = one
                .services
                .repositories
                .by_path(&ann, &path_of(path))
                .await;
            let repository = view.unwrap().repository.id;
            let all = Selection::Matching(&berth_services::tags::TagFilter::default());
            let deleted = one.services.tags.delete_many(&ann, repository, all).await;
            assert!(!deleted.unwrap().names.is_empty());
        }
        // One period, with neither window nor lease nor grace, is all that garbage has.
        let workers = t.replica(shields_nothing()).workers();
        t.clock.advance(CLAIM);
        for kind in ["collection", "object_sweep"] {
            assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
        }
        assert_eq!(objects(t).await, 0);
    }
);

db_test!(
    async fn a_manifest_that_two_collectors_meet_at_is_collected_at_last(t: TestRegistry) {
        if t.db().kind() == "sqlite" {
            return; // One transaction at a time.
        }
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        // The lease of the push has put it on the worklist, where nobody has looked at it yet.
        delete(t, &ann, "ann/app", "1").await;
        t.clock.advance(15 * DAY);
        let (now, db) = (berth_domain::Clock::now(&*t.clock), t.db());
        let both = db.write(async |first| {
            collection::delete_ended_tags(first, now, 10).await?;
            // For the second one the tag is still there.
            db.write(async |second| collection::collect_manifests(second, now, now, 10).await)
                .await
        });
        both.await.unwrap();
        collect(t).await;
        assert_eq!(objects(t).await, 0);
    }
);

db_test!(
    async fn a_link_that_two_collectors_meet_at_is_collected_at_last(t: TestRegistry) {
        if t.db().kind() == "sqlite" {
            return; // One transaction at a time.
        }
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        delete(t, &ann, "ann/app", "1").await;
        t.clock.advance(15 * DAY);
        let (now, db) = (berth_domain::Clock::now(&*t.clock), t.db());
        db.write(async |tx| collection::delete_ended_tags(tx, now, 10).await)
            .await
            .unwrap();
        let both = db.write(async |first| {
            // Without a lease for what the manifest named, its links stay on the worklist as they are.
            let then = berth_domain::Timestamp(0);
            collection::collect_manifests(first, now, then, 10).await?;
            db.write(async |second| collection::collect_links(second, now, now, 10).await)
                .await
        });
        both.await.unwrap();
        collect(t).await;
        assert_eq!(objects(t).await, 0);
    }
);
