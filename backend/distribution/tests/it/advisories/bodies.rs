//! Bodies, numbers and manifests that are larger or other than they seem.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use berth_domain::{Digest, MediaType};
use berth_services::Settings;
use berth_testkit::{PASSWORD, TestImage, db_test, images};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use crate::client::Client;

const APP: &str = "ann/app";

/// A body without an end, and how many of its bytes were taken.
fn endless() -> (Body, Arc<AtomicU64>) {
    let taken = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&taken);
    let chunk = Bytes::from(vec![b' '; 64 * 1024]);
    let chunks = stream::repeat_with(move || {
        counter.fetch_add(chunk.len() as u64, Ordering::SeqCst);
        Ok::<_, std::io::Error>(chunk.clone())
    });
    (Body::from_stream(chunks), taken)
}

db_test!(
    async fn a_manifest_without_end_is_refused_after_its_limit(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::of(t, "ann", APP).await;
        let (body, taken) = endless();
        let answer = client
            .send("PUT", "/v2/ann/app/manifests/1", &[], body)
            .await;
        answer.is_error(413, "SIZE_INVALID");
        // The manifest's limit, and what is read for a client that looks up only when it has sent.
        assert!(taken.load(Ordering::SeqCst) < 24 << 20);
        let (body, taken) = endless();
        let answer = client.send("POST", "/v2/auth", &[], body).await;
        answer.is_error(413, "SIZE_INVALID");
        assert!(taken.load(Ordering::SeqCst) < 24 << 20);
        let (body, taken) = endless();
        let nobody = Client::without_token(&t.services);
        let answer = nobody
            .send("PUT", "/v2/ann/app/manifests/1", &[], body)
            .await;
        answer.is_error(401, "UNAUTHORIZED");
        assert!(taken.load(Ordering::SeqCst) < 24 << 20);
    }
);

db_test!(
    async fn a_layer_without_end_is_refused_after_its_limit_and_leaves_nothing(t: TestRegistry) {
        t.user("ann").await;
        let mut settings = Settings::default();
        settings.push.layer_bytes_max = 1 << 20;
        let services = t.replica(settings);
        let scopes = ["repository:ann/app:pull,push"];
        let client = Client::with_scopes(&services, Some(("ann", PASSWORD)), &scopes).await;
        for method in ["PATCH", "PUT"] {
            let location = client.start_upload(APP).await;
            let path = format!("{location}?digest={}", Digest::of(b""));
            let (body, taken) = endless();
            let answer = client.send(method, &path, &[], body).await;
            answer.is_error(413, "SIZE_INVALID");
            assert!(taken.load(Ordering::SeqCst) < 24 << 20);
            client
                .get(&location)
                .await
                .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        }
        assert!(t.storage.list(None, 1).await.unwrap().is_empty());
    }
);

db_test!(
    async fn a_page_is_bounded_whatever_n_says(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:0", &image).await;
        let scopes = ["repository:ann/app:pull,push", "registry:catalog:*"];
        let client = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &scopes).await;
        for round in 0..2 {
            let tags: Vec<String> = (0..60).map(|n| format!("tag={round}-{n}")).collect();
            let path = format!(
                "/v2/ann/app/manifests/{}?{}",
                image.digest(),
                tags.join("&")
            );
            client
                .send("PUT", &path, &[], image.manifest.clone())
                .await
                .is(201);
        }
        for n in [
            "101",
            "2147483648",
            "18446744073709551616",
            "-1",
            "1e9",
            "%00",
        ] {
            let answer = client.get(&format!("/v2/ann/app/tags/list?n={n}")).await;
            assert_eq!(answer.is(200).json()["tags"].as_array().unwrap().len(), 100);
            assert!(answer.has("link"));
            client.get(&format!("/v2/_catalog?n={n}")).await.is(200);
        }
    }
);

db_test!(
    async fn one_digest_never_means_an_image_and_an_index(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::of(t, "ann", APP).await;
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        let index = images::index(&[(&image, "linux", "amd64")]);
        let mut both: Value = serde_json::from_slice(&image.manifest).unwrap();
        both["manifests"] = json!([images::descriptor(MediaType::OCI_MANIFEST, &image.manifest)]);
        let mut untyped = both.clone();
        untyped.as_object_mut().unwrap().remove("mediaType");
        let put = async |kind: &str, body: String| {
            client
                .send(
                    "PUT",
                    "/v2/ann/app/manifests/2",
                    &[("content-type", kind)],
                    body,
                )
                .await
        };
        for kind in [MediaType::OCI_MANIFEST, MediaType::OCI_INDEX] {
            for body in [both.to_string(), untyped.to_string()] {
                put(kind, body).await.is_error(400, "MANIFEST_INVALID");
            }
        }
        let index = String::from_utf8(index.to_vec()).unwrap();
        for kind in [MediaType::OCI_MANIFEST, MediaType::DOCKER_LIST] {
            put(kind, index.clone())
                .await
                .is_error(400, "MANIFEST_INVALID");
        }
        // A key that is written twice is read as one thing by some and as another by others.
        let twice = index.replacen('{', "{\"mediaType\":\"a/b\",", 1);
        put(MediaType::OCI_INDEX, twice)
            .await
            .is_error(400, "MANIFEST_INVALID");
    }
);

db_test!(
    async fn nesting_and_breadth_of_manifests_are_bounded(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::of(t, "ann", APP).await;
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        let index = |child: &[u8], kind: &str| {
            let child = images::descriptor(kind, child);
            Bytes::from(
                json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [child] })
                    .to_string(),
            )
        };
        // An index of an index of an index: each is one row, however deep.
        let mut inner = index(&image.manifest, MediaType::OCI_MANIFEST);
        for _ in 0..50 {
            client.push_manifest(APP, "deep", &inner).await.is(201);
            inner = index(&inner, MediaType::OCI_INDEX);
        }
        client.get("/v2/ann/app/manifests/deep").await.is(200);
        let single = [("accept", MediaType::DOCKER_MANIFEST)];
        client
            .send("GET", "/v2/ann/app/manifests/deep", &single, "")
            .await
            .is(200);
        let opened = Bytes::from("[".repeat(1 << 20));
        client
            .push_manifest(APP, "2", &opened)
            .await
            .is_error(400, "MANIFEST_INVALID");
        let child = |n: u32| images::descriptor("a/b", &n.to_be_bytes());
        for (kind, key) in [
            (MediaType::OCI_INDEX, "manifests"),
            (MediaType::OCI_MANIFEST, "layers"),
        ] {
            let broad = async |count: u32| {
                let mut manifest = json!({ "schemaVersion": 2, "mediaType": kind });
                if kind == MediaType::OCI_MANIFEST {
                    manifest["config"] = images::descriptor(MediaType::OCI_CONFIG, &image.config);
                }
                manifest[key] = (0..count).map(child).collect();
                let body = Bytes::from(manifest.to_string());
                client.push_manifest(APP, "2", &body).await
            };
            broad(10_000).await.is_error(400, "MANIFEST_BLOB_UNKNOWN");
            broad(10_001).await.is_error(400, "MANIFEST_INVALID");
        }
    }
);

db_test!(
    async fn numbers_that_overflow_are_refused_or_cut(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::of(t, "ann", APP).await;
        client
            .push_blob(APP, &Bytes::from("0123456789"))
            .await
            .is(201);
        let blob = format!("/v2/ann/app/blobs/{}", Digest::of(b"0123456789"));
        let most = u64::MAX;
        for (range, status) in [
            (format!("bytes=0-{most}"), 206),
            (format!("bytes={most}-{most}"), 416),
            (format!("bytes={most}0-"), 416),
            (format!("bytes=-{most}0"), 206),
        ] {
            let answer = client.send("GET", &blob, &[("range", &range)], "").await;
            assert_eq!(answer.status, status, "{range}");
        }
        let location = client.start_upload(APP).await;
        for (range, status) in [
            (format!("{most}-{most}"), 416),
            (format!("0-{most}"), 400),
            (format!("{most}0-{most}1"), 416),
        ] {
            let headers = [("content-range", range.as_str()), ("content-length", "3")];
            let answer = client.send("PATCH", &location, &headers, "abc").await;
            assert!(
                [status, 400].contains(&answer.status),
                "{range}: {answer:?}"
            );
        }
        client.get(&location).await.is(204);
    }
);
