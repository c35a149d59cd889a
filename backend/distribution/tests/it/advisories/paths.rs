//! Spellings of paths that lead somewhere else.

use berth_testkit::{PASSWORD, TestImage, db_test};

use crate::client::{Client, publish};

const APP: &str = "ann/app";

db_test!(
    async fn no_spelling_of_a_path_goes_around_the_gate(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        t.push(&ann, "ann/open:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/closed:1", &TestImage::new(2)).await;
        publish(t, &ann, "ann/open").await;
        let scopes = [
            "repository:ann/open:pull,push",
            "repository:bob/app:pull,push",
        ];
        let bob = Client::with_scopes(&t.services, Some(("bob", PASSWORD)), &scopes).await;
        let nobody = Client::without_token(&t.services);
        for path in [
            "/v2/ann/closed/manifests/1",
            "/v2/ann/closed/manifests/1/",
            "/v2/ann/closed/manifests//1",
            "/v2//ann/closed/manifests/1",
            "/v2/ann//closed/manifests/1",
            "//v2/ann/closed/manifests/1",
            "/v2/ann%2Fclosed/manifests/1",
            "/v2/ann%252Fclosed/manifests/1",
            "/v2/ann/open/../closed/manifests/1",
            "/v2/ann/open/%2e%2e/closed/manifests/1",
            "/v2/ann/open/..%2fclosed/manifests/1",
            "/v2/ann/open/manifests/../../closed/manifests/1",
            "/v2/./ann/closed/manifests/1",
            "/v2/ann/closed%00/manifests/1",
            "/v2/ann/closed;/manifests/1",
            "/v2/ann/closed%20/manifests/1",
            "/v2/ANN/closed/manifests/1",
            "/V2/ann/closed/manifests/1",
            "/v2/ann/closed/manifests/1?scope=repository:ann/open:pull",
            "/v2/ann\\closed/manifests/1",
            "/v2/ann%5Cclosed/manifests/1",
        ] {
            for client in [&bob, &nobody] {
                let Some(answer) = client.try_send("GET", path).await else {
                    continue;
                };
                assert!(
                    [400, 401, 404].contains(&answer.status),
                    "{path}: {answer:?}"
                );
            }
        }
        // An escaped slash is a slash, for who may read it.
        let same = bob.get("/v2/ann%2Fopen/manifests/1").await;
        assert_eq!(same.is(200).body, TestImage::new(1).manifest);
    }
);

db_test!(
    async fn no_name_reaches_a_path_of_the_disk(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::of(t, "ann", APP).await;
        let image = TestImage::new(1);
        client.push_image(APP, "1", &image).await;
        for reference in [
            "..",
            "%2e%2e",
            "..%2f..%2fetc%2fpasswd",
            "sha256:..%2f..%2fetc%2fpasswd",
            "sha256:%2e%2e",
            "a%00b",
            "%0d%0aset-cookie:x",
            "C:%5cwindows",
        ] {
            for (method, path) in [
                ("GET", format!("/v2/ann/app/manifests/{reference}")),
                ("PUT", format!("/v2/ann/app/manifests/{reference}")),
                ("DELETE", format!("/v2/ann/app/manifests/{reference}")),
                ("GET", format!("/v2/ann/app/blobs/{reference}")),
                ("GET", format!("/v2/ann/app/blobs/uploads/{reference}")),
                ("PATCH", format!("/v2/ann/app/blobs/uploads/{reference}")),
                ("GET", format!("/v2/ann/app/referrers/{reference}")),
            ] {
                let body = image.manifest.clone();
                let answer = client.send(method, &path, &[], body).await;
                assert!(
                    [400, 401, 404].contains(&answer.status),
                    "{method} {path}: {answer:?}"
                );
                assert!(!answer.has("set-cookie"));
            }
        }
        // Keys of objects are random: nothing a client says is in them.
        for object in t.storage.list(None, 10).await.unwrap() {
            assert!(!object.key.contains("..") && !object.key.contains("ann"));
        }
    }
);
