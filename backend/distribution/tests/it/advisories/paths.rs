//! Spellings of paths that lead somewhere else.

use berth_domain::Digest;
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

/// Pieces that paths of this protocol are made of, and pieces that they should not be made of.
const PIECES: [&str; 20] = [
    "ann",
    "closed",
    "open",
    "bob",
    "blobs",
    "uploads",
    "manifests",
    "tags",
    "list",
    "referrers",
    "_catalog",
    "1",
    "auth",
    "",
    "..",
    ".",
    "%2f",
    "%00",
    "%ff",
    "sha256:00",
];

db_test!(
    async fn no_path_that_can_be_put_together_shows_what_is_hidden(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        t.push(&ann, "ann/closed:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/closed/open:1", &TestImage::new(2)).await;
        let scopes = [
            "repository:ann/closed:pull,push,*",
            "repository:ann/closed/open:pull,push,*",
        ];
        let bob = Client::with_scopes(&t.services, Some(("bob", PASSWORD)), &scopes).await;
        let methods = [
            "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE",
        ];
        for round in 0_u32..1_000 {
            // As good as random, and the same in every run.
            let dice = Digest::of(&round.to_be_bytes());
            let dice: Vec<usize> = dice.hex().bytes().map(usize::from).collect();
            let pick = |n: usize| PIECES[(dice[2 * n] * 31 + dice[2 * n + 1]) % PIECES.len()];
            let pieces: Vec<&str> = (0..=dice[60] % 7).map(pick).collect();
            let path = format!("/v2/{}", pieces.join("/"));
            let method = methods[dice[62] % methods.len()];
            let Some(answer) = bob.try_send(method, &path).await else {
                continue;
            };
            // Only the base, the list of what bob may see and the token endpoint have something to say.
            let has_answer = ["/v2/", "/v2/_catalog", "/v2/auth"].contains(&path.as_str());
            assert!(
                has_answer || [400, 401, 404, 405].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
            let body = String::from_utf8_lossy(&answer.body);
            assert!(!body.contains("layer"), "{method} {path}: {answer:?}");
        }
    }
);
