//! Periodic work: what fails in one turn is done in a later one, and what is needed stays.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Digest, Error};
use berth_store::{collection, uploads};
use berth_testkit::faults::{Fault, Faults};
use berth_testkit::places::Place;
use berth_testkit::{TestImage, TestRegistry, body, db_test};

use super::work::{delete, delete_repository, nothing, path, pull, push};
use super::{AnyWork, CALLS_MAX, FAULTS, Reached, knowing, nothing_is_taken, settings, tried};

const DAY: Duration = Duration::from_hours(24);
/// Longer than the claim of a run that died.
const LATER: Duration = Duration::from_hours(2);

/// Fails each call of a turn of `kind`, which has to do what `before` leaves to it; `after` sees that a later turn
/// has done it.
async fn at_every_call_of(t: &TestRegistry, kind: &str, before: &AnyWork<'_>, after: &AnyWork<'_>) {
    let ann = t.user("ann").await;
    let sound = t.services.workers();
    sound.prepare().await.unwrap();
    assert!(sound.run_kind_if_due("orphan_sweep").await.unwrap());
    let place = Place::of(&t.storage);
    let (mut reached, mut seed) = (Reached::default(), 0);
    for fault in FAULTS {
        for call in 0.. {
            assert!(call < CALLS_MAX, "the work ends");
            seed += 1;
            let name = format!("{fault:?}{call}").to_lowercase();
            let image = TestImage::new(seed);
            before(&t.services, &ann, &name, &image).await.unwrap();
            t.clock.advance(LATER);
            let faults = t.faults(call, fault);
            let faulty = t.over_with(&t.storage, settings(), Some(&faults)).workers();
            let _ = tried(&faults, faulty.run_kind_if_due(kind)).await;
            reached.note(fault, &faults);
            faults.end();
            nothing_is_taken(t, &place).await;
            t.clock.advance(LATER);
            assert!(sound.run_kind_if_due(kind).await.unwrap(), "{kind} runs");
            let done = after(&t.services, &ann, &name, &image).await;
            done.unwrap_or_else(|e| panic!("after {fault:?} at {call}: {e:?}"));
            if !faults.has_failed() {
                assert!(call > 0, "{kind} has calls that fail {fault:?}");
                break;
            }
        }
    }
    reached.has_all_of(kind);
}

/// Nothing is left once objects without a row are swept: those whose removal failed are among them.
async fn sweep_objects(t: &TestRegistry) {
    let workers = t.services.workers();
    t.clock.advance(30 * DAY);
    for kind in ["object_sweep", "orphan_sweep"] {
        assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
    }
    let left = Place::of(&t.storage).keys().await;
    assert!(left.is_empty(), "{left:?}");
}

db_test!(
    async fn collection_survives_a_fault_at_every_call(t: TestRegistry) {
        let place = Place::of(&t.storage);
        let faults = |call, fault| t.faults(call, fault);
        let reached = collected_at_every_call(t, &place, &FAULTS, faults).await;
        reached.has_all_of("collection");
    }
);

/// Deletes an image and fails each call of the collector that removes it, of those that `failing` fails, while
/// another image stays.
pub(super) async fn collected_at_every_call(
    t: &TestRegistry,
    place: &Place,
    faults: &[Fault],
    failing: impl Fn(u64, Fault) -> Arc<Faults>,
) -> Reached {
    let ann = t.user("ann").await;
    let kept = TestImage::new(1);
    let sound = t.over(&place.storage, None);
    push(&sound, &ann, "kept", &kept).await.unwrap();
    let workers = sound.workers();
    workers.prepare().await.unwrap();
    let objects = place.keys().await;
    let kinds = ["collection", "object_sweep"];
    let (mut reached, mut seed) = (Reached::default(), 1);
    for fault in faults.iter().copied() {
        for call in 0.. {
            assert!(call < CALLS_MAX, "the work ends");
            seed += 1;
            let image = TestImage::new(seed);
            push(&sound, &ann, "gone", &image).await.unwrap();
            delete(&sound, &ann, "gone", &image).await.unwrap();
            let faults = failing(call, fault);
            let faulty = t.over(&place.storage, Some(&faults)).workers();
            // Window, lease and grace period, each in its turn, and one after what failed.
            for turn in 0..5 {
                t.clock.advance(15 * DAY);
                for kind in kinds {
                    if turn < 3 {
                        let _ = tried(&faults, faulty.run_kind_if_due(kind)).await;
                    } else {
                        faults.end();
                        assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
                    }
                    if faults.has_failed() {
                        faults.end();
                    }
                }
                pull(&sound, &ann, "kept", &kept).await.unwrap();
            }
            reached.note(fault, &faults);
            nothing_is_taken(t, place).await;
            // PostgreSQL needs a moment to see that who never answered is gone, and its rows are passed over until then.
            for _ in 0..20 {
                if place.keys().await == objects {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                t.clock.advance(15 * DAY);
                for kind in kinds {
                    workers.run_kind_if_due(kind).await.unwrap();
                }
            }
            let left = place.keys().await;
            assert_eq!(left, objects, "{fault:?} at {call} leaves garbage");
            let strays = place.strays().await;
            assert!(strays.is_empty(), "{fault:?} at {call} leaves {strays:?}");
            if !faults.has_failed() {
                assert!(call > 0, "the collector has calls that fail {fault:?}");
                break;
            }
        }
    }
    reached
}

db_test!(
    /// An upload past its time.
    async fn the_sweep_of_uploads_survives_a_fault_at_every_call(t: TestRegistry) {
        let clock = Arc::clone(&t.clock);
        let begun = knowing(|services, ann, name, _| {
            let clock = Arc::clone(&clock);
            Box::pin(async move {
                let (path, uploads) = (path(name), &services.uploads);
                let uuid = uploads.start(ann, &path).await?.uuid;
                let part = body(["half".into()]);
                uploads.append(ann, &path, uuid, Some(0), part).await?;
                clock.advance(3 * DAY);
                Ok(())
            })
        });
        let db = t.db().clone();
        let is_over = knowing(|_, _, _, _| {
            let db = db.clone();
            Box::pin(async move {
                let open = uploads::open_writes(&mut db.read().await?).await?;
                assert!(open.is_empty(), "{open:?}");
                Ok(())
            })
        });
        at_every_call_of(t, "upload_sweep", &begun, &is_over).await;
        sweep_objects(t).await;
    }
);

db_test!(
    /// A repository with an image and with an upload that is still open.
    async fn the_removal_of_repositories_survives_a_fault_at_every_call(t: TestRegistry) {
        let deleted = knowing(|services, ann, name, image| {
            Box::pin(async move {
                push(services, ann, name, image).await?;
                let (path, uploads) = (path(name), &services.uploads);
                let uuid = uploads.start(ann, &path).await?.uuid;
                let part = body(["half".into()]);
                uploads.append(ann, &path, uuid, Some(0), part).await?;
                delete_repository(services, ann, name, image).await
            })
        });
        let db = t.db().clone();
        let is_removed = knowing(|_, _, _, _| {
            let db = db.clone();
            Box::pin(async move {
                let mut conn = db.read().await?;
                let left = collection::deleting_repository(&mut conn, &[]).await?;
                assert_eq!(left, None);
                Ok(())
            })
        });
        at_every_call_of(t, "repository_removal", &deleted, &is_removed).await;
        sweep_objects(t).await;
    }
);

db_test!(
    /// Bytes that no row names.
    async fn the_sweep_of_orphans_survives_a_fault_at_every_call(t: TestRegistry) {
        let (storage, clock) = (Arc::clone(&t.storage), Arc::clone(&t.clock));
        let torn = knowing(|_, _, _, image| {
            let (storage, clock) = (Arc::clone(&storage), Arc::clone(&clock));
            Box::pin(async move {
                let mut write = storage.begin();
                let content = &mut body([image.layer.clone()]);
                storage.append(&mut write, content).await?;
                storage.finish(write).await?;
                clock.advance(5 * DAY);
                Ok(())
            })
        });
        let is_gone = knowing(|_, _, _, _| {
            let place = Place::of(&storage);
            Box::pin(async move {
                assert_eq!(place.keys().await, [""; 0]);
                Ok(())
            })
        });
        at_every_call_of(t, "orphan_sweep", &torn, &is_gone).await;
    }
);

db_test!(
    /// Bytes that are lost; once they are known to be, a push brings them back.
    async fn the_scrub_survives_a_fault_at_every_call(t: TestRegistry) {
        let image = TestImage::new(7);
        let (storage, clock) = (Arc::clone(&t.storage), Arc::clone(&t.clock));
        let lost = knowing(|services, ann, _, _| {
            let (image, clock) = (image.clone(), Arc::clone(&clock));
            let place = Place::of(&storage);
            Box::pin(async move {
                push(services, ann, "app", &image).await?;
                let layer_bytes = u64::try_from(image.layer.len()).unwrap();
                for key in place.keys().await {
                    if place.storage.stat(&key).await? == Some(layer_bytes) {
                        place.storage.delete(&key).await?;
                    }
                }
                clock.advance(31 * DAY);
                Ok(())
            })
        });
        let is_back = knowing(|services, ann, _, _| {
            let image = image.clone();
            Box::pin(async move {
                let layer = Digest::of(&image.layer);
                let found = services.blobs.stat(ann, &path("app"), &layer).await;
                assert!(matches!(found, Err(Error::NotFound { .. })), "{found:?}");
                push(services, ann, "app", &image).await?;
                // What was pushed twice is kept once.
                services.workers().run_kind_if_due("object_sweep").await?;
                pull(services, ann, "app", &image).await
            })
        });
        at_every_call_of(t, "scrub", &lost, &is_back).await;
    }
);

db_test!(
    async fn the_sweep_of_parts_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call_of(t, "part_sweep", &nothing, &nothing).await;
    }
);

db_test!(
    async fn the_sweep_of_rows_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call_of(t, "expiry_sweep", &nothing, &nothing).await;
    }
);
