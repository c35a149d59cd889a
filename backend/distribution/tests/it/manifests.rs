//! Manifests: pushed, pulled and deleted byte for byte.

use berth_domain::{Algorithm, Digest, MediaType};
use berth_services::Settings;
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test, images};
use bytes::Bytes;
use serde_json::json;

use crate::client::Client;

const APP: &str = "ann/app";

async fn ann(t: &TestRegistry) -> Client {
    t.user("ann").await;
    Client::of(t, "ann", APP).await
}

fn at(reference: impl std::fmt::Display) -> String {
    format!("/v2/{APP}/manifests/{reference}")
}

db_test!(
    async fn an_image_comes_back_byte_for_byte(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        let digest = image.digest();
        let pushed = client.push_image(APP, "1.4", &image).await;
        assert_eq!(
            (
                pushed.header("location"),
                pushed.header("docker-content-digest")
            ),
            (at(&digest).as_str(), digest.as_str())
        );
        assert!(!pushed.has("oci-subject"));
        for path in [
            at("1.4"),
            at(&digest),
            at(digest.as_str().replace(':', "%3A")),
        ] {
            let (get, head) = (client.get(&path).await, client.head(&path).await);
            assert_eq!(get.body, image.manifest);
            for answer in [get, head] {
                answer.is(200);
                assert_eq!(answer.header("content-type"), MediaType::OCI_MANIFEST);
                assert_eq!(answer.header("docker-content-digest"), digest.as_str());
                assert_eq!(
                    answer.header("content-length"),
                    image.manifest.len().to_string()
                );
                assert_eq!(answer.header("etag"), format!("\"{digest}\""));
            }
        }
        client
            .push_manifest(APP, "1.4", &image.manifest)
            .await
            .is(201);
        client
            .push_manifest(APP, digest.as_str(), &image.manifest)
            .await
            .is(201);
    }
);

db_test!(
    async fn words_of_the_protocol_are_ordinary_repository_names(t: TestRegistry) {
        t.user("ann").await;
        let image = TestImage::new(1);
        for name in [
            "build",
            "trigger",
            "tag",
            "blobs",
            "manifests/tags",
            "a/blobs/uploads/blobs",
            "tags/list",
        ] {
            let path = format!("ann/{name}");
            let client = Client::of(t, "ann", &path).await;
            client.push_image(&path, "list", &image).await;
            assert_eq!(
                client.get(&format!("/v2/{path}/manifests/list")).await.body,
                image.manifest
            );
            let tags = client.get(&format!("/v2/{path}/tags/list")).await;
            assert_eq!(
                tags.is(200).json(),
                json!({ "name": path, "tags": ["list"] })
            );
            let location = client.start_upload(&path).await;
            client.get(&location).await.is(204);
            client
                .delete(&format!("/v2/{path}/manifests/list"))
                .await
                .is(202);
            client
                .get(&format!("/v2/{path}/manifests/list"))
                .await
                .is(404);
        }
    }
);

db_test!(
    async fn a_manifest_that_is_not_right_says_why(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        for blob in image.blobs() {
            client.push_blob(APP, blob).await.is(201);
        }
        let put = async |reference: &str, kind: &str, body: Bytes| {
            client
                .send("PUT", &at(reference), &[("content-type", kind)], body)
                .await
        };
        let good = image.manifest.clone();
        put("1", MediaType::OCI_MANIFEST, Bytes::from("{"))
            .await
            .is_error(400, "MANIFEST_INVALID");
        put("1", MediaType::OCI_INDEX, good.clone())
            .await
            .is_error(400, "MANIFEST_INVALID");
        put("1", "text/plain", good.clone())
            .await
            .is_error(415, "MANIFEST_INVALID");
        put("-bad", MediaType::OCI_MANIFEST, good.clone())
            .await
            .is_error(400, "TAG_INVALID");
        put("sha256:zz", MediaType::OCI_MANIFEST, good.clone())
            .await
            .is_error(400, "DIGEST_INVALID");
        let other = Digest::of(b"other");
        put(other.as_str(), MediaType::OCI_MANIFEST, good.clone())
            .await
            .is_error(400, "DIGEST_INVALID");
        let absent = TestImage::new(2);
        let answer = put("1", MediaType::OCI_MANIFEST, absent.manifest.clone()).await;
        answer.is_error(400, "MANIFEST_BLOB_UNKNOWN");
        assert!(
            answer.json()["errors"][0]["detail"]["digest"]
                .as_str()
                .unwrap()
                .starts_with("sha256:")
        );
        let index = images::index(&[(&absent, "linux", "amd64")]);
        client
            .push_manifest(APP, "1", &index)
            .await
            .is_error(400, "MANIFEST_BLOB_UNKNOWN");
        let large = Bytes::from(vec![b' '; 4 * 1024 * 1024 + 1]);
        put("1", MediaType::OCI_MANIFEST, large)
            .await
            .is_error(413, "SIZE_INVALID");
        let parameters = format!("{}; charset=utf-8", MediaType::OCI_MANIFEST);
        put("1", &parameters, good).await.is(201);
    }
);

db_test!(
    async fn a_large_manifest_is_taken(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        let mut manifest: serde_json::Value = serde_json::from_slice(&image.manifest).unwrap();
        for n in 0..390 {
            manifest["annotations"][format!("org.example.{n}")] = json!("x".repeat(10_000));
        }
        let manifest = Bytes::from(manifest.to_string());
        client.push_manifest(APP, "large", &manifest).await.is(201);
        assert_eq!(client.get(&at("large")).await.body, manifest);
    }
);

db_test!(
    async fn what_is_not_there_is_unknown(t: TestRegistry) {
        let client = ann(t).await;
        client.push_image(APP, "1", &TestImage::new(1)).await;
        for reference in ["2", Digest::of(b"none").as_str(), "-bad", "sha256:zz"] {
            client
                .get(&at(reference))
                .await
                .is_error(404, "MANIFEST_UNKNOWN");
            client
                .delete(&at(reference))
                .await
                .is_error(404, "MANIFEST_UNKNOWN");
            assert_eq!(client.head(&at(reference)).await.status, 404);
        }
        let other = Client::of(t, "ann", "ann/absent").await;
        other
            .get("/v2/ann/absent/manifests/1")
            .await
            .is_error(404, "NAME_UNKNOWN");
        other
            .get("/v2/ann/absent/tags/list")
            .await
            .is_error(404, "NAME_UNKNOWN");
    }
);

db_test!(
    async fn a_deleted_tag_can_be_restored_and_its_manifest_pulled(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        client
            .push_manifest(APP, "2", &image.manifest)
            .await
            .is(201);
        client.delete(&at("1")).await.is(202);
        let ended = client.get(&at("1")).await;
        ended.is_error(404, "TAG_EXPIRED");
        let message = ended.json()["errors"][0]["message"].to_string();
        assert!(message.contains("Time Machine"), "{message}");
        client.get(&at("2")).await.is(200);
        client.get(&at(image.digest())).await.is(200);
        client.delete(&at(image.digest())).await.is(202);
        client
            .get(&at(image.digest()))
            .await
            .is_error(404, "MANIFEST_UNKNOWN");
        client.get(&at("2")).await.is_error(404, "TAG_EXPIRED");
        let tags = client.get("/v2/ann/app/tags/list").await;
        assert_eq!(tags.json(), json!({ "name": APP, "tags": [] }));
        client
            .push_manifest(APP, "1", &image.manifest)
            .await
            .is(201);
        client.get(&at(image.digest())).await.is(200);
    }
);

db_test!(
    async fn an_index_is_pushed_behind_its_children(t: TestRegistry) {
        let client = ann(t).await;
        let amd = TestImage::for_platform(1, "linux", "amd64");
        let arm = TestImage::for_platform(1, "linux", "arm64");
        for image in [&amd, &arm] {
            client.push_image(APP, image.digest().as_str(), image).await;
        }
        let index = images::index(&[(&amd, "linux", "amd64"), (&arm, "linux", "arm64")]);
        client.push_manifest(APP, "1", &index).await.is(201);
        let get = async |accept: &[&str]| {
            let headers: Vec<_> = accept.iter().map(|value| ("accept", *value)).collect();
            let answer = client.send("GET", &at("1"), &headers, "").await;
            answer.is(200);
            answer
        };
        for accept in [
            &[] as &[&str],
            &["*/*"],
            &["text/html"],
            &[MediaType::DOCKER_MANIFEST, MediaType::OCI_INDEX],
        ] {
            let answer = get(accept).await;
            assert_eq!(
                (&answer.body, answer.header("content-type")),
                (&index, MediaType::OCI_INDEX)
            );
        }
        // By digest the bytes are the ones of that digest, whatever a client prefers.
        let by_digest = client
            .send(
                "GET",
                &at(Digest::of(&index)),
                &[("accept", MediaType::DOCKER_MANIFEST)],
                "",
            )
            .await;
        assert_eq!(by_digest.is(200).body, index);
        let single = get(&[MediaType::DOCKER_MANIFEST]).await;
        assert_eq!(single.body, amd.manifest);
        assert_eq!(
            single.header("docker-content-digest"),
            amd.digest().as_str()
        );
    }
);

db_test!(
    async fn a_manifest_is_pushed_by_its_sha512(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        for blob in image.blobs() {
            client.push_blob(APP, blob).await.is(201);
        }
        let digest = Digest::by(Algorithm::Sha512, &image.manifest);
        let pushed = client
            .push_manifest(APP, digest.as_str(), &image.manifest)
            .await;
        assert_eq!(
            (
                pushed.is(201).header("location"),
                pushed.header("docker-content-digest")
            ),
            (at(&digest).as_str(), digest.as_str())
        );
        let got = client.get(&at(&digest)).await;
        assert_eq!(
            (
                got.is(200).body.clone(),
                got.header("docker-content-digest")
            ),
            (image.manifest.clone(), digest.as_str())
        );
        client.get(&at(image.digest())).await.is(404);
        let wrong = Digest::by(Algorithm::Sha512, b"other");
        client
            .push_manifest(APP, wrong.as_str(), &image.manifest)
            .await
            .is_error(400, "DIGEST_INVALID");
        client.delete(&at(&digest)).await.is(202);
        client.get(&at(&digest)).await.is(404);
    }
);

db_test!(
    async fn a_push_by_digest_sets_tags_in_the_same_call(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        let other = TestImage::new(2);
        client.push_image(APP, "b", &other).await;
        for blob in image.blobs() {
            client.push_blob(APP, blob).await.is(201);
        }
        let put = async |reference: &str, query: &str, body: &Bytes| {
            let path = format!("{}?{query}", at(reference));
            client.send("PUT", &path, &[], body.clone()).await
        };
        let digest = image.digest();
        let pushed = put(digest.as_str(), "tag=b&tag=a&tag=b", &image.manifest).await;
        assert_eq!(pushed.is(201).header("oci-tag"), "a, b");
        for tag in ["a", "b"] {
            assert_eq!(client.get(&at(tag)).await.body, image.manifest);
        }
        // All of them or none.
        let refused = put(other.digest().as_str(), "tag=a&tag=-bad", &other.manifest).await;
        refused.is_error(400, "TAG_INVALID");
        let many: Vec<String> = (0..101).map(|n| format!("tag=t{n}")).collect();
        put(other.digest().as_str(), &many.join("&"), &other.manifest)
            .await
            .is_error(400, "TAG_INVALID");
        assert_eq!(client.get(&at("a")).await.body, image.manifest);
        // What is pushed by tag has that tag alone.
        let by_tag = put("c", "tag=d", &image.manifest).await;
        assert!(!by_tag.is(201).has("oci-tag"));
        client.get(&at("d")).await.is_error(404, "MANIFEST_UNKNOWN");
    }
);

db_test!(
    async fn unusual_manifests_are_taken_as_they_are(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        client.push_blob(APP, &Bytes::from("{}")).await.is(201);
        let base = |kind: &str| json!({ "schemaVersion": 2, "mediaType": kind });
        let with = |mut manifest: serde_json::Value, extra: serde_json::Value| {
            let extra = extra.as_object().unwrap().clone();
            manifest.as_object_mut().unwrap().extend(extra);
            manifest
        };
        let child = images::descriptor(MediaType::OCI_MANIFEST, &image.manifest);
        let empty = images::descriptor("application/vnd.oci.empty.v1+json", b"{}");
        let artifact = with(
            base(MediaType::OCI_MANIFEST),
            json!({ "config": empty, "layers": [empty] }),
        );
        let nowhere = json!({
            "mediaType": "a/b", "size": 3, "digest": Digest::of(b"far"), "urls": ["https://far.example/x"],
        });
        for manifest in [
            // No layers, no children, a child twice.
            with(artifact.clone(), json!({ "layers": [] })),
            with(base(MediaType::OCI_INDEX), json!({ "manifests": [] })),
            with(
                base(MediaType::OCI_INDEX),
                json!({ "manifests": [child, child] }),
            ),
            with(
                base(MediaType::DOCKER_LIST),
                json!({ "manifests": [child] }),
            ),
            // Any type, embedded data, unknown fields, other scripts, bytes that are elsewhere.
            with(
                artifact.clone(),
                json!({ "artifactType": "text/x-anything; a=b" }),
            ),
            with(
                artifact.clone(),
                json!({ "layers": [with(empty.clone(), json!({ "data": "e30=" }))] }),
            ),
            with(
                artifact.clone(),
                json!({ "org.example": { "deep": [1, null] } }),
            ),
            with(
                artifact.clone(),
                json!({ "annotations": { "名前": "パン🍞", "": "" } }),
            ),
            with(artifact.clone(), json!({ "layers": [nowhere] })),
        ] {
            let bytes = Bytes::from(manifest.to_string());
            let pushed = client.push_manifest(APP, "odd", &bytes).await;
            assert!(!pushed.is(201).has("oci-subject"));
            let got = client
                .send("GET", &at("odd"), &[("accept", "text/html")], "")
                .await;
            assert_eq!(got.is(200).body, bytes);
        }
        // A subject need not be here to be confirmed.
        let absent = images::descriptor(MediaType::OCI_MANIFEST, b"nobody pushed this");
        for manifest in [
            with(artifact, json!({ "subject": absent })),
            with(
                base(MediaType::OCI_INDEX),
                json!({ "manifests": [], "subject": absent }),
            ),
        ] {
            let bytes = Bytes::from(manifest.to_string());
            let pushed = client.push_manifest(APP, "about", &bytes).await;
            assert_eq!(
                pushed.is(201).header("oci-subject"),
                absent["digest"].as_str().unwrap()
            );
        }
    }
);

db_test!(
    async fn sizes_and_configurations_that_are_not_true_are_refused(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        let text = Bytes::from("no JSON");
        client.push_blob(APP, &text).await.is(201);
        let refuse = async |manifest: serde_json::Value| {
            client
                .push_manifest(APP, "2", &Bytes::from(manifest.to_string()))
                .await
                .is_error(400, "MANIFEST_INVALID");
        };
        let mut larger: serde_json::Value = serde_json::from_slice(&image.manifest).unwrap();
        larger["config"]["size"] = json!(1);
        refuse(larger.clone()).await;
        larger["config"]["size"] = json!(-1);
        refuse(larger).await;
        let mut index: serde_json::Value =
            serde_json::from_slice(&images::index(&[(&image, "linux", "amd64")])).unwrap();
        index["manifests"][0]["size"] = json!(1);
        refuse(index).await;
        for (kind, config, is_taken) in [
            (MediaType::DOCKER_MANIFEST, MediaType::DOCKER_CONFIG, false),
            // Of other formats nobody here knows what they mean.
            (MediaType::OCI_MANIFEST, "text/plain", true),
        ] {
            let manifest = json!({
                "schemaVersion": 2, "mediaType": kind, "layers": [],
                "config": images::descriptor(config, &text),
            });
            if is_taken {
                let bytes = Bytes::from(manifest.to_string());
                client.push_manifest(APP, "2", &bytes).await.is(201);
            } else {
                refuse(manifest).await;
            }
        }
    }
);

db_test!(
    async fn an_index_may_come_before_its_children_where_that_is_switched_on(t: TestRegistry) {
        t.user("ann").await;
        let mut settings = Settings::default();
        settings.push.sparse_index = true;
        let services = t.replica(settings);
        let scopes = ["repository:ann/app:pull,push"];
        let client = Client::with_scopes(&services, Some(("ann", PASSWORD)), &scopes).await;
        let ping = client.get("/v2/").await;
        assert_eq!(ping.header("x-sparse-manifest-support"), "true");
        let amd = TestImage::for_platform(1, "linux", "amd64");
        let arm = TestImage::for_platform(1, "linux", "arm64");
        let index = images::index(&[(&amd, "linux", "amd64"), (&arm, "linux", "arm64")]);
        client.push_manifest(APP, "1", &index).await.is(201);
        client
            .get(&at(amd.digest()))
            .await
            .is_error(404, "MANIFEST_UNKNOWN");
        let single = [("accept", MediaType::DOCKER_MANIFEST)];
        let whole = client.send("GET", &at("1"), &single, "").await;
        assert_eq!(whole.is(200).body, index);
        client.push_image(APP, amd.digest().as_str(), &amd).await;
        let child = client.send("GET", &at("1"), &single, "").await;
        assert_eq!(child.is(200).body, amd.manifest);
    }
);

db_test!(
    async fn a_manifest_that_is_refused_makes_no_repository(t: TestRegistry) {
        let client = ann(t).await;
        let image = TestImage::new(1);
        let index = images::index(&[(&image, "linux", "amd64")]);
        for (body, code) in [
            (Bytes::from("{"), "MANIFEST_INVALID"),
            (image.manifest.clone(), "MANIFEST_BLOB_UNKNOWN"),
            (index, "MANIFEST_BLOB_UNKNOWN"),
        ] {
            client
                .push_manifest(APP, "1", &body)
                .await
                .is_error(400, code);
        }
        let wrong = Digest::of(b"other");
        client
            .push_manifest(APP, wrong.as_str(), &image.manifest)
            .await
            .is_error(400, "DIGEST_INVALID");
        let tags = "/v2/ann/app/tags/list";
        client.get(tags).await.is_error(404, "NAME_UNKNOWN");
        // One that needs nothing is a first push like any other.
        let empty =
            json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [] });
        client
            .push_manifest(APP, "1", &Bytes::from(empty.to_string()))
            .await
            .is(201);
        client.get(tags).await.is(200);
    }
);
