//! What nothing needs goes, what something needs stays.

use std::time::Duration;

use berth_domain::{Digest, Error, Reference};
use berth_services::Actor;
use berth_services::manifests::{Accept, PullKind};
use berth_services::many::Selection;
use berth_store::collection;
use berth_testkit::places::Place;
use berth_testkit::{TestImage, TestRegistry, body, db_test, images, path_of};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use crate::faults;

pub(super) const DAY: Duration = Duration::from_hours(24);
/// Longer than a lease and than the grace of bytes.
const HOURS: Duration = Duration::from_hours(2);

/// Lets every kind of removal have its turns, with the time in between that each asks for.
pub(super) async fn collect(t: &TestRegistry) {
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    for _ in 0..4 {
        t.clock.advance(HOURS);
        for kind in ["collection", "repository_removal", "object_sweep"] {
            assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
        }
    }
}

pub(super) async fn objects(t: &TestRegistry) -> usize {
    t.storage.list(None, 1000).await.unwrap().len()
}

/// Pulls a manifest and every blob it names, and checks each digest.
pub(super) async fn pull(
    t: &TestRegistry,
    actor: &Actor,
    path: &str,
    reference: &str,
) -> Result<(), Error> {
    let path = path_of(path);
    let reference: Reference = reference.parse().unwrap();
    let accept = Accept::default();
    let stored = t
        .services
        .manifests
        .get(actor, &path, &reference, &accept, PullKind::Get)
        .await?;
    assert_eq!(Digest::of(&stored.bytes), stored.digest);
    let manifest: serde_json::Value = serde_json::from_slice(&stored.bytes).unwrap();
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    for named in layers.iter().chain([&manifest["config"]]) {
        let Some(digest) = named["digest"].as_str() else {
            continue;
        };
        let digest: Digest = digest.parse().unwrap();
        let blob = t.services.blobs.open(actor, &path, &digest).await?;
        let bytes: Vec<Bytes> = blob.read(None).await?.try_collect().await?;
        assert_eq!(Digest::of(&bytes.concat()), digest);
    }
    for child in manifest["manifests"].as_array().into_iter().flatten() {
        let digest = child["digest"].as_str().unwrap();
        Box::pin(pull(t, actor, &path.to_string(), digest)).await?;
    }
    Ok(())
}

pub(super) async fn delete(t: &TestRegistry, actor: &Actor, path: &str, reference: &str) {
    let reference: Reference = reference.parse().unwrap();
    let manifests = &t.services.manifests;
    manifests
        .delete(actor, &path_of(path), &reference)
        .await
        .unwrap();
}

async fn push_manifest(
    t: &TestRegistry,
    actor: &Actor,
    path: &str,
    reference: &str,
    bytes: &Bytes,
) {
    let reference: Reference = reference.parse().unwrap();
    let manifests = &t.services.manifests;
    manifests
        .push(actor, &path_of(path), &reference, None, bytes.clone())
        .await
        .unwrap();
}

db_test!(
    async fn a_deleted_tag_keeps_its_image_for_the_window_and_not_longer(t: TestRegistry) {
        let ann = t.user("ann").await;
        let digest = t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/app:2", &TestImage::new(2)).await;
        delete(t, &ann, "ann/app", "1").await;
        t.clock.advance(13 * DAY);
        collect(t).await;
        pull(t, &ann, "ann/app", digest.as_str()).await.unwrap();
        t.clock.advance(DAY);
        collect(t).await;
        let gone = pull(t, &ann, "ann/app", digest.as_str()).await.unwrap_err();
        assert!(matches!(gone, Error::NotFound { .. }), "{gone:?}");
        pull(t, &ann, "ann/app", "2").await.unwrap();
        assert_eq!(objects(t).await, 2, "configuration and layer of the other");
    }
);

db_test!(
    async fn a_moved_tag_gives_the_old_image_up(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/app:1", &TestImage::new(2)).await;
        t.clock.advance(15 * DAY);
        collect(t).await;
        pull(t, &ann, "ann/app", "1").await.unwrap();
        assert_eq!(objects(t).await, 2);
    }
);

db_test!(
    async fn what_two_repositories_share_stays_until_the_last_of_them_lets_go(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/one:1", &image).await;
        t.push(&ann, "ann/two:1", &image).await;
        delete(t, &ann, "ann/one", image.digest().as_str()).await;
        t.clock.advance(15 * DAY);
        collect(t).await;
        pull(t, &ann, "ann/two", "1").await.unwrap();
        let layer = Digest::of(&image.layer);
        let elsewhere = t
            .services
            .blobs
            .stat(&ann, &path_of("ann/one"), &layer)
            .await;
        assert!(elsewhere.is_err(), "the first repository links it no more");
        delete(t, &ann, "ann/two", image.digest().as_str()).await;
        t.clock.advance(15 * DAY);
        collect(t).await;
        assert_eq!(objects(t).await, 0);
    }
);

db_test!(
    async fn an_index_keeps_its_images_and_takes_them_along(t: TestRegistry) {
        let ann = t.user("ann").await;
        let (amd64, arm64) = (
            TestImage::new(1),
            TestImage::for_platform(2, "linux", "arm64"),
        );
        for image in [&amd64, &arm64] {
            for blob in image.blobs() {
                t.push_blob(&ann, "ann/app", blob).await;
            }
            let digest = image.digest();
            push_manifest(t, &ann, "ann/app", digest.as_str(), &image.manifest).await;
        }
        let index = images::index(&[(&amd64, "linux", "amd64"), (&arm64, "linux", "arm64")]);
        push_manifest(t, &ann, "ann/app", "multi", &index).await;
        push_manifest(t, &ann, "ann/app", "single", &arm64.manifest).await;
        t.clock.advance(15 * DAY);
        collect(t).await;
        pull(t, &ann, "ann/app", "multi").await.unwrap();
        delete(t, &ann, "ann/app", "multi").await;
        t.clock.advance(15 * DAY);
        collect(t).await;
        let gone = pull(t, &ann, "ann/app", amd64.digest().as_str()).await;
        assert!(gone.is_err(), "it was in the index alone");
        pull(t, &ann, "ann/app", "single").await.unwrap();
        assert_eq!(objects(t).await, 2);
    }
);

db_test!(
    async fn what_refers_to_an_image_lives_as_long_as_the_image(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        t.push_blob(&ann, "ann/app", &"{}".into()).await;
        let signature = images::artifact(&image.manifest, "application/vnd.test.signature");
        let doubted = images::artifact(&image.manifest, "application/vnd.test.doubt");
        for artifact in [&signature, &doubted] {
            let digest = Digest::of(artifact);
            push_manifest(t, &ann, "ann/app", digest.as_str(), artifact).await;
        }
        delete(t, &ann, "ann/app", Digest::of(&doubted).as_str()).await;
        t.clock.advance(15 * DAY);
        collect(t).await;
        let (signature, doubted) = (Digest::of(&signature), Digest::of(&doubted));
        pull(t, &ann, "ann/app", signature.as_str()).await.unwrap();
        assert!(pull(t, &ann, "ann/app", doubted.as_str()).await.is_err());
        delete(t, &ann, "ann/app", "1").await;
        t.clock.advance(15 * DAY);
        collect(t).await;
        assert!(pull(t, &ann, "ann/app", signature.as_str()).await.is_err());
        assert_eq!(objects(t).await, 0);
    }
);

db_test!(
    async fn a_push_without_a_tag_is_shielded_for_an_hour(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        for blob in image.blobs() {
            t.push_blob(&ann, "ann/app", blob).await;
        }
        let digest = image.digest();
        push_manifest(t, &ann, "ann/app", digest.as_str(), &image.manifest).await;
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        t.clock.advance(Duration::from_mins(59));
        assert!(workers.run_kind_if_due("collection").await.unwrap());
        pull(t, &ann, "ann/app", digest.as_str()).await.unwrap();
        t.clock.advance(Duration::from_mins(1));
        assert!(workers.run_kind_if_due("collection").await.unwrap());
        assert!(pull(t, &ann, "ann/app", digest.as_str()).await.is_err());

        // The layers are leased for another hour: a client that saw them need not send them again.
        t.clock.advance(Duration::from_mins(40));
        for blob in image.blobs() {
            let (path, digest) = (path_of("ann/app"), Digest::of(blob));
            let stat = t.services.blobs.stat(&ann, &path, &digest).await;
            stat.unwrap();
        }
        t.clock.advance(Duration::from_mins(40));
        assert!(workers.run_kind_if_due("collection").await.unwrap());
        push_manifest(t, &ann, "ann/app", "late", &image.manifest).await;
        collect(t).await;
        pull(t, &ann, "ann/app", "late").await.unwrap();
    }
);

db_test!(
    async fn a_deleted_repository_is_removed_with_what_it_alone_held(t: TestRegistry) {
        let ann = t.user("ann").await;
        let (shared, alone) = (TestImage::new(1), TestImage::new(2));
        t.push(&ann, "ann/kept:1", &shared).await;
        t.push(&ann, "ann/gone:1", &shared).await;
        t.push(&ann, "ann/gone:2", &alone).await;
        let path = path_of("ann/gone");
        let upload = t.services.uploads.start(&ann, &path).await.unwrap();
        let uploads = &t.services.uploads;
        uploads
            .append(&ann, &path, upload.uuid, None, body(["half".into()]))
            .await
            .unwrap();
        let repositories = &t.services.repositories;
        let id = repositories
            .by_path(&ann, &path)
            .await
            .unwrap()
            .repository
            .id;
        repositories
            .delete(&ann, Selection::Items(&[id]))
            .await
            .unwrap();
        assert!(pull(t, &ann, "ann/gone", "1").await.is_err(), "at once");
        // The name is free, and what is pushed under it is another repository.
        t.push(&ann, "ann/gone:new", &TestImage::new(3)).await;
        collect(t).await;
        assert_eq!(objects(t).await, 4);
        pull(t, &ann, "ann/kept", "1").await.unwrap();
        pull(t, &ann, "ann/gone", "new").await.unwrap();
        assert!(pull(t, &ann, "ann/gone", "1").await.is_err());
    }
);

db_test!(
    async fn a_client_that_goes_on_writing_holds_up_no_other_removal(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/slow:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/gone:1", &TestImage::new(2)).await;
        let path = path_of("ann/slow");
        let upload = t.services.uploads.start(&ann, &path).await.unwrap();
        let (reading, is_read) = tokio::sync::oneshot::channel();
        let (done, is_done) = tokio::sync::oneshot::channel::<()>();
        // The upload is held from before its body is read until that ends.
        let dribble = futures::stream::once(async move {
            reading.send(()).unwrap();
            let _ = is_done.await;
            Ok(Bytes::from("half"))
        });
        let (services, actor) = (t.services.clone(), ann.clone());
        let writing = tokio::spawn(async move {
            let path = path_of("ann/slow");
            let uploads = &services.uploads;
            uploads
                .append(&actor, &path, upload.uuid, None, dribble.boxed())
                .await
        });
        let repositories = &t.services.repositories;
        let mut ids = Vec::new();
        for path in ["ann/slow", "ann/gone"] {
            let view = repositories.by_path(&ann, &path_of(path)).await.unwrap();
            ids.push(view.repository.id);
        }
        is_read.await.unwrap();
        for id in &ids {
            repositories
                .delete(&ann, Selection::Items(&[*id]))
                .await
                .unwrap();
            t.clock.advance(Duration::from_secs(1));
        }
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        assert!(workers.run_kind_if_due("repository_removal").await.unwrap());
        let mut conn = t.db().read().await.unwrap();
        let left = collection::deleting_repository(&mut conn, &[])
            .await
            .unwrap();
        let others = collection::deleting_repository(&mut conn, &ids[..1])
            .await
            .unwrap();
        assert_eq!(
            (left, others),
            (Some(ids[0]), None),
            "the other one is gone"
        );
        drop((conn, done));
        let _ = writing.await.unwrap();
        collect(t).await;
        let mut conn = t.db().read().await.unwrap();
        let left = collection::deleting_repository(&mut conn, &[])
            .await
            .unwrap();
        assert_eq!(left, None);
    }
);

db_test!(
    async fn bytes_that_no_row_names_are_swept_after_days(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let mut torn = t.storage.begin();
        let content = &mut body(["a server died before it wrote the row".into()]);
        t.storage.append(&mut torn, content).await.unwrap();
        t.storage.finish(torn).await.unwrap();
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
        assert_eq!(objects(t).await, 3, "it may still be an upload in progress");
        t.clock.advance(4 * DAY);
        let path = path_of("ann/app");
        let upload = t.services.uploads.start(&ann, &path).await.unwrap();
        let uploads = &t.services.uploads;
        uploads
            .append(&ann, &path, upload.uuid, None, body(["open".into()]))
            .await
            .unwrap();
        assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
        assert_eq!(objects(t).await, 3, "image and upload");
        pull(t, &ann, "ann/app", "1").await.unwrap();
        // Nothing has ended the upload yet, so its bytes stay, however old.
        t.clock.advance(4 * DAY);
        assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
        assert_eq!(objects(t).await, 3);
    }
);

db_test!(
    async fn bytes_from_before_this_database_are_not_its_garbage(t: TestRegistry) {
        let mut foreign = t.storage.begin();
        let content = &mut body(["images of a database that was named wrongly".into()]);
        t.storage.append(&mut foreign, content).await.unwrap();
        t.storage.finish(foreign).await.unwrap();
        t.clock.advance(10 * DAY);
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        for _ in 0..2 {
            assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
            assert_eq!(objects(t).await, 1);
            t.clock.advance(10 * DAY);
        }
    }
);

db_test!(
    async fn lost_bytes_are_found_reported_and_taken_again(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        let layer = Digest::of(&image.layer);
        let path = path_of("ann/app");
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        let keys = t.storage.list(None, 10).await.unwrap();
        let key = keys
            .iter()
            .find(|o| o.size_bytes == image.layer.len() as u64);
        t.storage.delete(&key.unwrap().key).await.unwrap();
        t.clock.advance(31 * DAY);
        assert!(workers.run_kind_if_due("scrub").await.unwrap());
        let stat = t.services.blobs.stat(&ann, &path, &layer).await;
        assert!(matches!(stat, Err(Error::NotFound { .. })), "{stat:?}");
        pull(t, &ann, "ann/app", "1").await.unwrap_err();

        // So the client sends it again, and everything that names it is whole.
        t.push_blob(&ann, "ann/app", &image.layer).await;
        pull(t, &ann, "ann/app", "1").await.unwrap();
        t.clock.advance(31 * DAY);
        assert!(workers.run_kind_if_due("scrub").await.unwrap());
        pull(t, &ann, "ann/app", "1").await.unwrap();
    }
);

db_test!(
    /// What a disk that fails, or somebody who means well, makes of a file.
    async fn changed_bytes_are_found_and_taken_again(t: TestRegistry) {
        let ann = t.user("ann").await;
        let place = Place::folder();
        let up = t.over(&place.storage, None);
        let image = TestImage::new(1);
        faults::push(&up, &ann, "app", &image).await.unwrap();
        let layer = Digest::of(&image.layer);
        let path = path_of("ann/app");
        let mut changed = 0;
        for key in place.keys().await {
            let file = place.file(&key);
            if std::fs::read(&file).unwrap() == image.layer {
                // As long as before, so that its length tells nothing.
                std::fs::write(&file, vec![b'x'; image.layer.len()]).unwrap();
                changed += 1;
            }
        }
        assert_eq!(changed, 1, "the layer is one file");
        let workers = up.workers();
        workers.prepare().await.unwrap();
        t.clock.advance(31 * DAY);
        assert!(workers.run_kind_if_due("scrub").await.unwrap());
        let stat = up.blobs.stat(&ann, &path, &layer).await;
        assert!(matches!(stat, Err(Error::NotFound { .. })), "{stat:?}");
        let open = up.blobs.open(&ann, &path, &layer).await;
        assert!(open.is_err(), "wrong bytes are not given out");
        let config = Digest::of(&image.config);
        up.blobs.stat(&ann, &path, &config).await.unwrap();

        faults::push(&up, &ann, "app", &image).await.unwrap();
        faults::pull(&up, &ann, "app", &image).await.unwrap();
        t.clock.advance(31 * DAY);
        assert!(workers.run_kind_if_due("scrub").await.unwrap());
        faults::pull(&up, &ann, "app", &image).await.unwrap();
        // The wrong bytes go; nothing names them any more.
        assert!(workers.run_kind_if_due("object_sweep").await.unwrap());
        assert_eq!(place.keys().await.len(), 2);
    }
);
