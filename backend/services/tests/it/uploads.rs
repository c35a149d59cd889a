//! Uploads: chunks, interruptions, other replicas.

use std::time::Duration;

use berth_domain::{Clock, Digest, Error, Noun};
use berth_services::Settings;
use berth_services::uploads::{ByteStream, Started, empty_body};
use berth_testkit::{TestImage, TestRegistry, body, db_test, path_of};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

fn interrupted(chunk: &'static str) -> ByteStream {
    let cut = Error::BodyInterrupted {
        source: "the client went away".into(),
    };
    futures::stream::iter([Ok(Bytes::from(chunk)), Err(cut)]).boxed()
}

db_test!(
    async fn chunks_make_a_blob_and_any_replica_goes_on(t: TestRegistry) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let here = &t.services.uploads;
        let there = t.replica(Settings::default());
        let uuid = here.start(&ann, &path).await.unwrap().uuid;
        let status = here
            .append(&ann, &path, uuid, Some(0), body(["hello ".into()]))
            .await
            .unwrap();
        assert_eq!(status.offset_bytes, 6);
        let status = there
            .uploads
            .append(&ann, &path, uuid, None, body(["wor".into()]))
            .await
            .unwrap();
        assert_eq!(status.offset_bytes, 9);
        let digest = Digest::of(b"hello world");
        here.finish(&ann, &path, uuid, &digest, Some(9), body(["ld".into()]))
            .await
            .unwrap();
        let blob = there.blobs.open(&ann, &path, &digest).await.unwrap();
        let bytes: Vec<Bytes> = blob
            .read(Some(6..11))
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(bytes.concat(), b"world");
        let gone = here.status(&ann, &path, uuid).await.unwrap_err();
        assert!(matches!(
            gone,
            Error::NotFound {
                noun: Noun::Upload,
                ..
            }
        ));
    }
);

db_test!(
    async fn a_chunk_out_of_order_is_refused_and_leaves_the_upload_usable(t: TestRegistry) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let uploads = &t.services.uploads;
        let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
        uploads
            .append(&ann, &path, uuid, Some(0), body(["abc".into()]))
            .await
            .unwrap();
        for wrong in [0, 2, 4] {
            let refused = uploads
                .append(&ann, &path, uuid, Some(wrong), body(["x".into()]))
                .await;
            assert!(
                matches!(refused, Err(Error::UploadOffset { offset_bytes: 3 })),
                "{refused:?}"
            );
        }
        let digest = Digest::of(b"abc");
        uploads
            .finish(&ann, &path, uuid, &digest, None, empty_body())
            .await
            .unwrap();
    }
);

db_test!(
    async fn an_interrupted_chunk_keeps_what_arrived(t: TestRegistry) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let uploads = &t.services.uploads;
        let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
        let cut = uploads
            .append(&ann, &path, uuid, None, interrupted("half "))
            .await
            .unwrap_err();
        assert!(matches!(cut, Error::BodyInterrupted { .. }));
        assert_eq!(
            uploads
                .status(&ann, &path, uuid)
                .await
                .unwrap()
                .offset_bytes,
            5
        );
        let digest = Digest::of(b"half whole");
        uploads
            .finish(&ann, &path, uuid, &digest, Some(5), body(["whole".into()]))
            .await
            .unwrap();
    }
);

db_test!(
    async fn a_wrong_digest_ends_the_upload(t: TestRegistry) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let uploads = &t.services.uploads;
        let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
        let other = Digest::of(b"something else");
        let refused = uploads
            .finish(&ann, &path, uuid, &other, None, body(["abc".into()]))
            .await;
        assert!(
            matches!(refused, Err(Error::DigestMismatch { .. })),
            "{refused:?}"
        );
        assert!(uploads.status(&ann, &path, uuid).await.is_err());
        assert!(t.storage.list(None, 10).await.unwrap().is_empty());
    }
);

db_test!(
    async fn two_writers_of_one_upload_never_interleave(t: TestRegistry) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let uploads = &t.services.uploads;
        let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (send, receive) = tokio::sync::oneshot::channel::<()>();
        let slow: ByteStream = futures::stream::once(async move {
            begun.send(()).ok();
            receive.await.ok();
            Ok(Bytes::from("slow"))
        })
        .boxed();
        let first = {
            let (uploads, ann, path) = (uploads.clone(), ann.clone(), path.clone());
            tokio::spawn(async move { uploads.append(&ann, &path, uuid, None, slow).await })
        };
        has_begun.await.unwrap();
        let second = uploads
            .append(&ann, &path, uuid, None, empty_body())
            .await
            .unwrap_err();
        assert!(matches!(second, Error::UploadBusy), "{second:?}");
        send.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap().offset_bytes, 4);
    }
);

db_test!(
    async fn an_upload_whose_server_was_killed_is_free_soon_or_at_once_for_its_heir(
        t: TestRegistry,
    ) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let uploads = &t.services.uploads;
        for heir_takes_over in [false, true] {
            let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            let endless: ByteStream = futures::stream::once(async move {
                begun.send(()).ok();
                std::future::pending().await
            })
            .boxed();
            let doomed = t.replica(Settings::default());
            let (ann_, path_) = (ann.clone(), path.clone());
            tokio::spawn(async move {
                doomed
                    .uploads
                    .append(&ann_, &path_, uuid, None, endless)
                    .await
            });
            has_begun.await.unwrap();
            if heir_takes_over {
                t.services.take_over().await.unwrap();
            } else {
                t.clock.advance(Duration::from_secs(14));
                let early = uploads.append(&ann, &path, uuid, None, empty_body()).await;
                assert!(matches!(early, Err(Error::UploadBusy)), "{early:?}");
                t.clock.advance(Duration::from_secs(1));
            }
            let digest = Digest::of(b"abc");
            uploads
                .finish(&ann, &path, uuid, &digest, Some(0), body(["abc".into()]))
                .await
                .unwrap();
        }
    }
);

db_test!(
    async fn a_mount_links_what_the_actor_may_read_and_nothing_else(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/one:1", &image).await;
        let layer = Digest::of(&image.layer);
        let uploads = &t.services.uploads;
        let from = path_of("ann/one");
        let mounted = uploads
            .mount(&ann, &path_of("ann/two"), &layer, Some(&from))
            .await
            .unwrap();
        assert_eq!(mounted, Started::Linked(layer.clone()));
        let mounted = uploads
            .mount(&ann, &path_of("ann/three"), &layer, None)
            .await
            .unwrap();
        assert_eq!(mounted, Started::Linked(layer.clone()));
        for from in [Some(&from), None] {
            let refused = uploads
                .mount(&bob, &path_of("bob/x"), &layer, from)
                .await
                .unwrap();
            assert!(matches!(refused, Started::Open(_)));
        }
        assert!(
            t.services
                .blobs
                .stat(&bob, &path_of("bob/x"), &layer)
                .await
                .is_err()
        );
    }
);

db_test!(
    async fn same_content_is_stored_once(t: TestRegistry) {
        let ann = t.user("ann").await;
        for path in ["ann/one", "ann/two", "ann/one"] {
            t.push_blob(&ann, path, &"shared".into()).await;
        }
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        assert!(workers.run_kind_if_due("object_sweep").await.unwrap());
        assert_eq!(t.storage.list(None, 10).await.unwrap().len(), 1);
    }
);

db_test!(
    async fn an_idle_upload_is_swept_in_time(t: TestRegistry) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let uuid = t.services.uploads.start(&ann, &path).await.unwrap().uuid;
        t.services
            .uploads
            .append(&ann, &path, uuid, None, body(["abc".into()]))
            .await
            .unwrap();
        t.clock.advance(Duration::from_hours(49));
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        assert!(workers.run_kind_if_due("upload_sweep").await.unwrap());
        assert!(t.services.uploads.status(&ann, &path, uuid).await.is_err());
        assert!(t.storage.list(None, 10).await.unwrap().is_empty());
    }
);

db_test!(
    async fn a_layer_over_the_limit_ends_its_upload(t: TestRegistry) {
        let mut settings = Settings::default();
        settings.push.layer_bytes_max = 4;
        let small = t.replica(settings);
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let uuid = small.uploads.start(&ann, &path).await.unwrap().uuid;
        let chunks = body(["abc".into(), "de".into()]);
        let refused = small
            .uploads
            .append(&ann, &path, uuid, None, chunks)
            .await
            .unwrap_err();
        assert!(
            matches!(refused, Error::TooLarge { max_bytes: 4, .. }),
            "{refused:?}"
        );
        assert!(small.uploads.status(&ann, &path, uuid).await.is_err());
    }
);

/// Until when a push shields a blob, in milliseconds from now.
async fn shielded_ms(t: &TestRegistry, path: &str, digest: &Digest) -> i64 {
    let ann = t.login("ann", berth_testkit::PASSWORD).await;
    let repository = t
        .services
        .repositories
        .by_path(&ann, &path_of(path))
        .await
        .unwrap();
    let mut conn = t.db().read().await.unwrap();
    let linked = berth_store::blobs::linked(&mut conn, repository.repository.id, digest)
        .await
        .unwrap()
        .unwrap();
    linked.keep_until.unwrap().0 - t.clock.now().0
}

db_test!(
    async fn a_pusher_who_asks_for_a_blob_keeps_it_for_the_manifest(t: TestRegistry) {
        let hour_ms = 60 * 60 * 1000;
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let digest = t.push_blob(&ann, "ann/app", &"layer".into()).await;
        assert_eq!(shielded_ms(t, "ann/app", &digest).await, hour_ms);
        let ask = async |who: &berth_services::Actor| {
            t.services.blobs.stat(who, &path, &digest).await.unwrap();
        };
        t.clock.advance(Duration::from_mins(29));
        ask(&ann).await;
        let left = shielded_ms(t, "ann/app", &digest).await;
        assert_eq!(left, hour_ms - 29 * 60 * 1000, "more than half is left");
        t.clock.advance(Duration::from_mins(2));
        // Who may only read shields nothing.
        t.user("bob").await;
        let repository = t.services.repositories.by_path(&ann, &path).await.unwrap();
        let change = berth_services::permissions::RoleChange {
            account: "bob".into(),
            role: Some(berth_domain::RepositoryRole::Read),
        };
        t.services
            .permissions
            .set(&ann, repository.repository.id, &[change])
            .await
            .unwrap();
        let bob = t.login("bob", berth_testkit::PASSWORD).await;
        ask(&bob).await;
        assert_eq!(
            shielded_ms(t, "ann/app", &digest).await,
            hour_ms - 31 * 60 * 1000
        );
        ask(&ann).await;
        assert_eq!(shielded_ms(t, "ann/app", &digest).await, hour_ms);
    }
);

db_test!(
    async fn a_request_that_others_took_for_dead_touches_no_bytes_any_more(t: TestRegistry) {
        let ann = t.user("ann").await;
        let path = path_of("ann/app");
        let digest = Digest::of(b"hello world");
        for finishes in [false, true] {
            let uploads = &t.services.uploads;
            let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
            let (is_waiting, waits) = tokio::sync::oneshot::channel();
            let (go, may_go) = tokio::sync::oneshot::channel::<()>();
            // The lease is taken before the body is asked for.
            let late = futures::stream::once(async move {
                is_waiting.send(()).unwrap();
                may_go.await.unwrap();
                Ok(Bytes::from("HELLO"))
            });
            let (services, actor, to) = (t.services.clone(), ann.clone(), path.clone());
            let (late, expected) = (late.boxed(), digest.clone());
            let stalled = tokio::spawn(async move {
                let uploads = &services.uploads;
                if finishes {
                    let done = uploads.finish(&actor, &to, uuid, &expected, None, late);
                    done.await.map(|_| ())
                } else {
                    let done = uploads.append(&actor, &to, uuid, None, late);
                    done.await.map(|_| ())
                }
            });
            waits.await.unwrap();
            t.clock.advance(Duration::from_secs(20));
            let whole = body(["hello world".into()]);
            let there = t.replica(Settings::default());
            let done = there
                .uploads
                .finish(&ann, &path, uuid, &digest, None, whole);
            done.await.unwrap();
            go.send(()).unwrap();
            let outcome = stalled.await.unwrap();
            assert!(matches!(outcome, Err(Error::UploadBusy)), "{outcome:?}");
            let blob = t.services.blobs.open(&ann, &path, &digest).await.unwrap();
            let bytes = blob.read(None).await.unwrap();
            let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
            assert_eq!(bytes.concat(), b"hello world");
        }
    }
);
