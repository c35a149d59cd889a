//! The power is cut at every call of database and storage, over a folder that then forgets what was not
//! synced: what was acknowledged is whole, what is shown is whole, and the same work done again succeeds.

use std::time::Duration;

use berth_domain::{Digest, Error};
use berth_testkit::faults::{Fault, Faults};
use berth_testkit::power::{Left, PowerDisk};
use berth_testkit::{TestImage, TestRegistry, body, db_test, path_of};
use bytes::Bytes;
use futures::TryStreamExt;

use crate::faults::{
    Work, delete, is_gone, mount_from_another, nothing, pull, push, push_in_chunks, retag,
};

/// More calls than any scenario makes.
const CALLS_MAX: u64 = 200;

/// Cuts the power at each call of `work` in turn, and once after its end. What `work` has done can be
/// pulled, by the repository's name with this ending.
async fn cut_at_every_call(t: &TestRegistry, before: Work, work: Work, ending: &str) {
    let ann = t.user("ann").await;
    let disk = PowerDisk::new();
    let mut done = Vec::new();
    let ways = [
        (Left::Nothing, Fault::Before),
        (Left::Nothing, Fault::After),
        (Left::Names, Fault::After),
    ];
    for (left, fault) in ways {
        for call in 0.. {
            assert!(call < CALLS_MAX, "the work ends");
            let name = format!("{left:?}-{fault:?}{call}").to_lowercase();
            let image = TestImage::new(done.len() as u64);
            let storage = disk.driver();
            let up = t.over(&storage, None);
            before(&up, &ann, &name, &image).await.unwrap();
            let faults = Faults::from(call, fault);
            let dying = t.over(&storage, Some(&faults));
            let outcome = work(&dying, &ann, &name, &image).await;
            drop((up, dying, storage));

            disk.cut(left);
            // The new process does not wait for a lease of the old one.
            t.clock.advance(Duration::from_secs(16));
            let storage = disk.driver();
            let up = t.over(&storage, None);
            let made = format!("{name}{ending}");
            match (&outcome, pull(&up, &ann, &made, &image).await) {
                (_, Ok(())) | (Err(_), Err(Error::NotFound { .. })) => {}
                (Ok(()), Err(lost)) => panic!("acknowledged and lost after call {call}: {lost:?}"),
                (_, Err(half)) => panic!("half of it shows after call {call}: {half:?}"),
            }
            let again = work(&up, &ann, &name, &image).await;
            again.unwrap_or_else(|e| panic!("again after the cut at call {call} {fault:?}: {e:?}"));
            done.push((made, image));
            if !faults.has_failed() {
                outcome.unwrap();
                break;
            }
        }
    }
    assert!(
        done.len() > 4,
        "the work has calls at which the power can go"
    );
    disk.cut(Left::Nothing);
    let storage = disk.driver();
    let up = t.over(&storage, None);
    for (name, image) in &done {
        let pulled = pull(&up, &ann, name, image).await;
        pulled.unwrap_or_else(|e| panic!("{name} is whole in the end: {e:?}"));
    }
}

db_test!(
    async fn a_push_survives_a_power_cut_at_every_call(t: TestRegistry) {
        cut_at_every_call(t, nothing, push, "").await;
    }
);

db_test!(
    async fn a_push_in_chunks_survives_a_power_cut_at_every_call(t: TestRegistry) {
        cut_at_every_call(t, nothing, push_in_chunks, "").await;
    }
);

db_test!(
    async fn a_mount_survives_a_power_cut_at_every_call(t: TestRegistry) {
        cut_at_every_call(t, push, mount_from_another, "-to").await;
    }
);

db_test!(
    async fn a_retag_survives_a_power_cut_at_every_call(t: TestRegistry) {
        cut_at_every_call(t, push, retag, "").await;
    }
);

db_test!(
    async fn an_upload_is_resumed_or_gone_after_a_power_cut(t: TestRegistry) {
        let ann = t.user("ann").await;
        let disk = PowerDisk::new();
        let path = path_of("ann/app");
        for left in [Left::Nothing, Left::Names] {
            let storage = disk.driver();
            let uuid = {
                let uploads = t.over(&storage, None).uploads.clone();
                let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
                let part = body(["the first part, ".into()]);
                uploads
                    .append(&ann, &path, uuid, Some(0), part)
                    .await
                    .unwrap();
                uuid
            };
            drop(storage);
            disk.cut(left);
            t.clock.advance(Duration::from_secs(16));
            let up = t.over(&disk.driver(), None);
            let whole = format!("the first part, and the last after {left:?}");
            let digest = Digest::of(whole.as_bytes());
            let last = body([whole[16..].to_owned().into()]);
            let finished = up
                .uploads
                .finish(&ann, &path, uuid, &digest, Some(16), last)
                .await;
            match finished {
                Ok(_) => {
                    let open = up.blobs.open(&ann, &path, &digest).await.unwrap();
                    let read: Vec<Bytes> =
                        open.read(None).await.unwrap().try_collect().await.unwrap();
                    assert_eq!(read.concat(), whole.as_bytes());
                }
                Err(Error::Hidden(_) | Error::NotFound { .. }) => {
                    assert_eq!(left, Left::Nothing, "bytes that are there are used");
                }
                Err(other) => panic!("{left:?}: {other:?}"),
            }
        }
    }
);

db_test!(
    /// Deleting and collecting one image takes nothing from another that shares a layer with it.
    async fn collection_survives_a_power_cut(t: TestRegistry) {
        let ann = t.user("ann").await;
        let disk = PowerDisk::new();
        let (kept, gone) = (TestImage::new(1), TestImage::new(2));
        let storage = disk.driver();
        let up = t.over(&storage, None);
        push(&up, &ann, "kept", &kept).await.unwrap();
        push(&up, &ann, "gone", &gone).await.unwrap();
        push(&up, &ann, "gone", &kept).await.unwrap();
        delete(&up, &ann, "gone", &gone).await.unwrap();
        let kinds = ["collection", "object_sweep"];
        for call in 0.. {
            assert!(call < CALLS_MAX, "the work ends");
            // The Time Machine's window, the lease and the grace period pass one by one.
            t.clock.advance(Duration::from_hours(15 * 24));
            let storage = disk.driver();
            let faults = Faults::from(call, Fault::Before);
            let dying = t.over(&storage, Some(&faults));
            let workers = dying.workers();
            for kind in kinds {
                let _ = workers.run_kind_if_due(kind).await;
            }
            drop((workers, dying, storage));
            disk.cut(Left::Nothing);
            let storage = disk.driver();
            let up = t.over(&storage, None);
            pull(&up, &ann, "kept", &kept).await.unwrap();
            is_gone(&up, &ann, "gone", &gone).await.unwrap();
            if !faults.has_failed() {
                break;
            }
        }
        push(&t.over(&disk.driver(), None), &ann, "gone", &gone)
            .await
            .unwrap();
        disk.cut(Left::Nothing);
        let up = t.over(&disk.driver(), None);
        pull(&up, &ann, "gone", &gone).await.unwrap();
    }
);
