//! Reading blobs.

use std::time::Duration;

use berth_domain::{Digest, MediaType};
use berth_testkit::{TestImage, TestRegistry, db_test, images};
use bytes::Bytes;
use serde_json::json;

use crate::client::Client;

const APP: &str = "ann/app";

/// A client and the path of a blob with ten bytes.
async fn ten_bytes(t: &TestRegistry) -> (Client, String) {
    t.user("ann").await;
    let client = Client::of(t, "ann", APP).await;
    let content = Bytes::from("0123456789");
    client.push_blob(APP, &content).await.is(201);
    (client, format!("/v2/{APP}/blobs/{}", Digest::of(&content)))
}

db_test!(
    async fn a_blob_says_everything_about_itself(t: TestRegistry) {
        let (client, path) = ten_bytes(t).await;
        let digest = Digest::of(b"0123456789");
        let (get, head) = (client.get(&path).await, client.head(&path).await);
        assert_eq!(get.body, "0123456789");
        for answer in [&get, &head] {
            answer.is(200);
            for (name, value) in [
                ("docker-content-digest", digest.as_str()),
                ("content-length", "10"),
                ("content-type", "application/octet-stream"),
                ("accept-ranges", "bytes"),
                ("etag", &format!("\"{digest}\"")),
            ] {
                assert_eq!(answer.header(name), value, "{name}");
            }
            assert!(answer.header("cache-control").contains("immutable"));
        }
    }
);

db_test!(
    async fn a_part_of_a_blob_is_served(t: TestRegistry) {
        let (client, path) = ten_bytes(t).await;
        for (range, content_range, body) in [
            ("bytes=2-4", "bytes 2-4/10", "234"),
            ("bytes=7-", "bytes 7-9/10", "789"),
            ("bytes=-2", "bytes 8-9/10", "89"),
            ("bytes=8-99", "bytes 8-9/10", "89"),
        ] {
            let answer = client.send("GET", &path, &[("range", range)], "").await;
            answer.is(206);
            assert_eq!(
                (
                    answer.header("content-range"),
                    answer.header("content-length"),
                    &answer.body[..]
                ),
                (
                    content_range,
                    body.len().to_string().as_str(),
                    body.as_bytes()
                )
            );
        }
        for range in ["bytes=10-", "bytes=4-2"] {
            let answer = client.send("GET", &path, &[("range", range)], "").await;
            assert_eq!(answer.is(416).header("content-range"), "bytes */10");
        }
        for range in ["bytes=0-1,3-4", "lines=1-2"] {
            client
                .send("GET", &path, &[("range", range)], "")
                .await
                .is(200);
        }
        let stale = [("range", "bytes=2-4"), ("if-range", "\"other\"")];
        client.send("GET", &path, &stale, "").await.is(200);
        assert_eq!(
            client
                .send("HEAD", &path, &[("range", "bytes=2-4")], "")
                .await
                .status,
            200
        );
    }
);

db_test!(
    async fn the_same_bytes_elsewhere_do_not_count(t: TestRegistry) {
        let (_, path) = ten_bytes(t).await;
        let other = Client::of(t, "ann", "ann/other").await;
        other
            .push_blob("ann/other", &Bytes::from("x"))
            .await
            .is(201);
        let elsewhere = path.replace("/app/", "/other/");
        other.get(&elsewhere).await.is_error(404, "BLOB_UNKNOWN");
        assert_eq!(other.head(&elsewhere).await.status, 404);
        other
            .get("/v2/ann/other/blobs/sha256:zz")
            .await
            .is_error(404, "BLOB_UNKNOWN");
    }
);

db_test!(
    async fn a_blob_is_deleted_unless_a_manifest_needs_it(t: TestRegistry) {
        let (client, path) = ten_bytes(t).await;
        client.delete(&path).await.is(202);
        client.get(&path).await.is_error(404, "BLOB_UNKNOWN");
        client.delete(&path).await.is_error(404, "BLOB_UNKNOWN");
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        let needed = format!("/v2/{APP}/blobs/{}", Digest::of(&image.layer));
        client.delete(&needed).await.is_error(405, "UNSUPPORTED");
        client.get(&needed).await.is(200);
        client
            .delete("/v2/ann/app/blobs/sha256:zz")
            .await
            .is_error(400, "DIGEST_INVALID");
    }
);

db_test!(
    async fn the_empty_layer_is_in_every_repository(t: TestRegistry) {
        let (client, _) = ten_bytes(t).await;
        let digest = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";
        let path = format!("/v2/{APP}/blobs/{digest}");
        let (get, head) = (client.get(&path).await, client.head(&path).await);
        assert_eq!(Digest::of(&get.body).as_str(), digest);
        for answer in [&get, &head] {
            assert_eq!(answer.is(200).header("content-length"), "32");
            assert_eq!(answer.header("docker-content-digest"), digest);
        }
        let part = client
            .send("GET", &path, &[("range", "bytes=30-99")], "")
            .await;
        assert_eq!(
            (&part.is(206).body[..], part.header("content-range")),
            (&get.body[30..], "bytes 30-31/32")
        );
        Client::without_token(&t.services)
            .get(&path)
            .await
            .is_error(401, "UNAUTHORIZED");
        // A client that was told so does not push it, and names it all the same.
        let image = TestImage::new(1);
        client.push_blob(APP, &image.config).await.is(201);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MediaType::DOCKER_MANIFEST,
            "config": images::descriptor(MediaType::DOCKER_CONFIG, &image.config),
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "digest": digest, "size": 32,
            }],
        });
        let manifest = Bytes::from(manifest.to_string());
        client.push_manifest(APP, "padded", &manifest).await.is(201);
        assert_eq!(client.get(&path).await.is(200).body, get.body);
        client.delete(&path).await.is_error(405, "UNSUPPORTED");
        // It outlives the last image that names it.
        let named = format!("/v2/{APP}/manifests/{}", Digest::of(&manifest));
        client.delete(&named).await.is(202);
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        for _ in 0..4 {
            t.clock.advance(Duration::from_hours(15 * 24));
            for kind in ["collection", "object_sweep"] {
                assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
            }
        }
        assert!(t.storage.list(None, 1).await.unwrap().is_empty());
        let client = Client::of(t, "ann", APP).await;
        assert_eq!(client.get(&path).await.is(200).body, get.body);
        client.push_blob(APP, &image.config).await.is(201);
        client.push_manifest(APP, "padded", &manifest).await.is(201);
    }
);
