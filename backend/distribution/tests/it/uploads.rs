//! Uploads: in one request, in a stream, in chunks, resumed, mounted, given up.

use berth_domain::{Algorithm, Digest};
use berth_services::Settings;
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, db_test};
use bytes::Bytes;
use serde_json::json;

use crate::client::{Client, publish};

const APP: &str = "ann/app";

async fn ann(t: &TestRegistry) -> Client {
    t.user("ann").await;
    Client::of(t, "ann", APP).await
}

fn of(digest: &Digest) -> String {
    format!("/v2/{APP}/blobs/{digest}")
}

/// `PATCH` with a chunk at a place.
async fn chunk(
    client: &Client,
    location: &str,
    range: &str,
    content: &'static str,
) -> crate::client::Answer {
    client
        .send("PATCH", location, &[("content-range", range)], content)
        .await
}

db_test!(
    async fn a_blob_is_pushed_in_one_request(t: TestRegistry) {
        let client = ann(t).await;
        for content in ["layer", "{}", ""] {
            let content = Bytes::from(content);
            let digest = Digest::of(&content);
            for _ in 0..2 {
                let answer = client.push_blob(APP, &content).await;
                answer.is(201);
                assert_eq!(
                    (
                        answer.header("location"),
                        answer.header("docker-content-digest"),
                        answer.header("content-length")
                    ),
                    (of(&digest).as_str(), digest.as_str(), "0")
                );
            }
            assert_eq!(client.get(&of(&digest)).await.is(200).body, content);
        }
    }
);

db_test!(
    async fn a_blob_is_pushed_as_a_stream(t: TestRegistry) {
        let client = ann(t).await;
        let begun = client
            .send("POST", "/v2/ann/app/blobs/uploads", &[], "")
            .await;
        begun.is(202);
        assert_eq!(
            (begun.header("range"), begun.header("content-length")),
            ("0-0", "0")
        );
        let location = begun.header("location").to_owned();
        assert_eq!(
            location,
            format!(
                "/v2/ann/app/blobs/uploads/{}",
                begun.header("docker-upload-uuid")
            )
        );
        let sent = client.send("PATCH", &location, &[], "hello ").await;
        assert_eq!(sent.is(202).header("range"), "0-5");
        let digest = Digest::of(b"hello world");
        let finish = format!("{}?digest={digest}", sent.header("location"));
        let done = client.send("PUT", &finish, &[], "world").await;
        assert_eq!(done.is(201).header("location"), of(&digest));
        assert_eq!(client.get(&of(&digest)).await.body, "hello world");
        client
            .get(&location)
            .await
            .is_error(404, "BLOB_UPLOAD_UNKNOWN");
    }
);

db_test!(
    async fn chunks_out_of_order_do_no_harm(t: TestRegistry) {
        let client = ann(t).await;
        let location = client.start_upload(APP).await;
        let standing = client.get(&location).await;
        assert_eq!(standing.is(204).header("range"), "0-0");
        assert_eq!(
            chunk(&client, &location, "0-2", "abc")
                .await
                .is(202)
                .header("range"),
            "0-2"
        );
        for range in ["0-2", "1-3", "5-7"] {
            let refused = chunk(&client, &location, range, "xyz").await;
            refused.is_error(416, "BLOB_UPLOAD_INVALID");
            assert_eq!(
                (refused.header("range"), refused.header("location")),
                ("0-2", location.as_str())
            );
            assert!(location.ends_with(refused.header("docker-upload-uuid")));
        }
        for range in ["bytes=3-5", "3", "5-3", "3-5/6", "a-b", ""] {
            chunk(&client, &location, range, "def")
                .await
                .is_error(400, "INVALID_REQUEST");
        }
        let contradiction = [("content-range", "3-5"), ("content-length", "2")];
        client
            .send("PATCH", &location, &contradiction, "de")
            .await
            .is_error(400, "INVALID_REQUEST");
        let digest = Digest::of(b"abcdef");
        let finish = format!("{location}?digest={digest}");
        let early = client
            .send("PUT", &finish, &[("content-range", "4-6")], "def")
            .await;
        assert_eq!(early.status, 416);
        assert_eq!(client.get(&location).await.is(204).header("range"), "0-2");
        client
            .send("PUT", &finish, &[("content-range", "3-5")], "def")
            .await
            .is(201);
        assert_eq!(client.get(&of(&digest)).await.body, "abcdef");
    }
);

db_test!(
    async fn another_replica_goes_on_with_an_upload(t: TestRegistry) {
        let client = ann(t).await;
        let location = client.start_upload(APP).await;
        chunk(&client, &location, "0-2", "abc").await.is(202);
        let replica = t.replica(Settings::default());
        let scopes = ["repository:ann/app:pull,push"];
        let other = Client::with_scopes(&replica, Some(("ann", PASSWORD)), &scopes).await;
        assert_eq!(other.get(&location).await.is(204).header("range"), "0-2");
        let finish = format!("{location}?digest={}", Digest::of(b"abcdef"));
        other
            .send("PUT", &finish, &[("content-range", "3-5")], "def")
            .await
            .is(201);
    }
);

db_test!(
    async fn an_upload_belongs_to_one_repository(t: TestRegistry) {
        let client = ann(t).await;
        let location = client.start_upload(APP).await;
        let scopes = ["repository:ann/other:pull,push"];
        let other = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &scopes).await;
        other
            .push_blob("ann/other", &Bytes::from("x"))
            .await
            .is(201);
        let elsewhere = location.replace("/app/", "/other/");
        other
            .get(&elsewhere)
            .await
            .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        other
            .send("PATCH", &elsewhere, &[], "x")
            .await
            .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        other
            .delete(&elsewhere)
            .await
            .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        client
            .get("/v2/ann/app/blobs/uploads/no-uuid")
            .await
            .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        client.get(&location).await.is(204);
    }
);

db_test!(
    async fn an_upload_that_is_given_up_is_unknown(t: TestRegistry) {
        let client = ann(t).await;
        let location = client.start_upload(APP).await;
        client.delete(&location).await.is(204);
        for method in ["GET", "PATCH", "DELETE"] {
            client
                .send(method, &location, &[], "")
                .await
                .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        }
    }
);

db_test!(
    async fn content_that_is_not_what_was_announced_ends_the_upload(t: TestRegistry) {
        let client = ann(t).await;
        let location = client.start_upload(APP).await;
        client
            .send("PUT", &location, &[], "x")
            .await
            .is_error(400, "BLOB_UPLOAD_INVALID");
        let bad = format!("{location}?digest=sha256:zz");
        client
            .send("PUT", &bad, &[], "x")
            .await
            .is_error(400, "DIGEST_INVALID");
        let (actual, expected) = (Digest::of(b"x"), Digest::of(b"y"));
        let wrong = client
            .send("PUT", &format!("{location}?digest={expected}"), &[], "x")
            .await;
        wrong.is_error(400, "DIGEST_INVALID");
        let detail = &wrong.json()["errors"][0]["detail"];
        assert_eq!(*detail, json!({ "expected": expected, "actual": actual }));
        client
            .get(&location)
            .await
            .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        client.head(&of(&actual)).await.is(404);
    }
);

db_test!(
    async fn a_blob_is_mounted_from_where_the_caller_may_read(t: TestRegistry) {
        let bob = t.user("bob").await;
        let client = ann(t).await;
        let (open, closed) = (Bytes::from("open"), Bytes::from("closed"));
        t.push_blob(&bob, "bob/open", &open).await;
        t.push_blob(&bob, "bob/closed", &closed).await;
        publish(t, &bob, "bob/open").await;
        let mount = async |digest: &str, from: &str| {
            let from = if from.is_empty() {
                String::new()
            } else {
                format!("&from={from}")
            };
            let path = format!("/v2/ann/app/blobs/uploads/?mount={digest}{from}");
            client.send("POST", &path, &[], "").await
        };
        let digest = Digest::of(&open);
        // The token names nothing but the target; what is public is read all the same, or uploaded.
        let scopes = ["repository:ann/app:pull,push", "repository:bob/open:pull"];
        let both = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &scopes).await;
        let path = format!("/v2/ann/app/blobs/uploads/?mount={digest}&from=bob/open");
        let linked = both.send("POST", &path, &[], "").await;
        assert_eq!(linked.is(201).header("location"), of(&digest));
        assert_eq!(linked.header("docker-content-digest"), digest.as_str());
        assert_eq!(client.get(&of(&digest)).await.is(200).body, open);
        for (digest, from) in [
            (Digest::of(&closed).as_str(), "bob/closed"),
            (Digest::of(&closed).as_str(), ""),
            (Digest::of(b"nothing").as_str(), "bob/open"),
            (digest.as_str(), "bob/absent"),
            (digest.as_str(), "NOT/a/name"),
            ("sha256:zz", "bob/open"),
        ] {
            let answer = mount(digest, from).await;
            answer.is(202);
            client.delete(answer.header("location")).await.is(204);
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_over_the_limit_is_refused_with_both_sizes() {
    let mut settings = Settings::default();
    settings.push.layer_bytes_max = 8;
    let t = TestRegistry::with(Backend::Sqlite, settings).await.unwrap();
    let client = ann(&t).await;
    client
        .push_blob(APP, &Bytes::from("12345678"))
        .await
        .is(201);
    let answer = client.push_blob(APP, &Bytes::from("123456789")).await;
    answer.is_error(413, "SIZE_INVALID");
    let detail = &answer.json()["errors"][0]["detail"];
    assert_eq!(*detail, json!({ "max_allowed": 8, "uploaded": 9 }));
    t.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_takes_no_pushes_says_which_way() {
    let image = TestImage::new(1);
    let mut off = Settings::default();
    off.push.disabled = true;
    let mut frozen = Settings::default();
    frozen.registry.read_only = true;
    for (settings, code) in [(off, "UNSUPPORTED"), (frozen, "DENIED")] {
        let t = TestRegistry::on(Backend::Sqlite).await.unwrap();
        let owner = t.user("ann").await;
        t.push(&owner, "ann/app:1", &image).await;
        let services = t.replica(settings);
        let scopes = ["repository:ann/app:pull,push"];
        let client = Client::with_scopes(&services, Some(("ann", PASSWORD)), &scopes).await;
        client.get("/v2/ann/app/manifests/1").await.is(200);
        let blob = client.push_blob(APP, &image.layer).await;
        blob.is_error(405, code);
        let manifest = client.push_manifest(APP, "2", &image.manifest).await;
        manifest.is_error(405, code);
        if code == "DENIED" {
            for path in [
                "/v2/ann/app/manifests/1".to_owned(),
                of(&Digest::of(&image.layer)),
            ] {
                client.delete(&path).await.is_error(405, code);
            }
            client.get("/v2/ann/app/manifests/1").await.is(200);
            assert_eq!(
                blob.json()["errors"][0]["detail"],
                json!({ "is_readonly": true })
            );
        }
        t.close().await;
    }
}

/// Bytes named by sha512.
fn long(content: &[u8]) -> Digest {
    Digest::by(Algorithm::Sha512, content)
}

db_test!(
    async fn a_blob_is_pushed_by_sha512_in_every_way(t: TestRegistry) {
        let client = ann(t).await;
        let announced = "/v2/ann/app/blobs/uploads/?digest-algorithm=sha512";
        for (start, chunks) in [
            // Hashed as it comes, from the start or from the last request on.
            (announced, &["", "all at once"] as &[&str]),
            (announced, &["one ", "and ", "two"]),
            ("/v2/ann/app/blobs/uploads/", &["not announced, at once"]),
            ("/v2/ann/app/blobs/uploads/", &[""]),
            // Hashed by the other algorithm so far, and read again.
            ("/v2/ann/app/blobs/uploads/", &["not ", "announced"]),
            ("/v2/ann/app/blobs/uploads/", &["not announced", ""]),
        ] {
            let (last, first) = chunks.split_last().expect("a chunk");
            let mut location = client.send("POST", start, &[], "").await;
            for chunk in first {
                let path = location.is(202).header("location").to_owned();
                location = client.send("PATCH", &path, &[], *chunk).await;
            }
            let content = chunks.concat();
            let digest = long(content.as_bytes());
            let finish = format!("{}?digest={digest}", location.header("location"));
            let done = client.send("PUT", &finish, &[], *last).await;
            assert_eq!(
                (
                    done.is(201).header("location"),
                    done.header("docker-content-digest")
                ),
                (of(&digest).as_str(), digest.as_str())
            );
            let got = client.get(&of(&digest)).await;
            assert_eq!(
                (
                    got.is(200).body.as_ref(),
                    got.header("docker-content-digest")
                ),
                (content.as_bytes(), digest.as_str())
            );
        }
        let content = "in one request";
        let digest = long(content.as_bytes());
        let whole = format!("/v2/ann/app/blobs/uploads/?digest={digest}");
        client.send("POST", &whole, &[], content).await.is(201);
        client.get(&of(&digest)).await.is(200);
        let mount = format!("/v2/ann/other/blobs/uploads/?mount={digest}&from=ann/app");
        let scopes = ["repository:ann/other:pull,push", "repository:ann/app:pull"];
        let both = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &scopes).await;
        let mounted = both.send("POST", &mount, &[], "").await;
        assert_eq!(
            mounted.is(201).header("docker-content-digest"),
            digest.as_str()
        );
    }
);

db_test!(
    async fn content_is_checked_by_whichever_algorithm_it_is_finished_with(t: TestRegistry) {
        let client = ann(t).await;
        for (algorithm, wrong) in [
            ("sha256", long(b"other")),
            ("sha512", long(b"other")),
            ("sha512", Digest::of(b"other")),
        ] {
            let start = format!("/v2/ann/app/blobs/uploads/?digest-algorithm={algorithm}");
            let begun = client.send("POST", &start, &[], "").await;
            let location = begun.is(202).header("location").to_owned();
            client
                .send("PATCH", &location, &[], "content")
                .await
                .is(202);
            let finish = format!("{location}?digest={wrong}");
            let refused = client.send("PUT", &finish, &[], "").await;
            refused.is_error(400, "DIGEST_INVALID");
            let actual = Digest::by(wrong.algorithm(), b"content");
            assert_eq!(
                refused.json()["errors"][0]["detail"],
                json!({ "expected": wrong, "actual": actual })
            );
            client
                .get(&location)
                .await
                .is_error(404, "BLOB_UPLOAD_UNKNOWN");
            client.get(&of(&actual)).await.is(404);
        }
        assert!(t.storage.list(None, 1).await.unwrap().is_empty());
        let unknown = "/v2/ann/app/blobs/uploads/?digest-algorithm=md5";
        client
            .send("POST", unknown, &[], "")
            .await
            .is_error(400, "DIGEST_INVALID");
    }
);
