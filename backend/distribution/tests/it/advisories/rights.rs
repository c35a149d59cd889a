//! Reading and writing what somebody has no right to, and learning that it exists.

use berth_domain::{Digest, MediaType, RepositoryRole};
use berth_services::many::Selection;
use berth_testkit::{PASSWORD, TestImage, db_test, images};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::{Answer, Client, allow};

const APP: &str = "ann/app";

db_test!(
    async fn knowing_a_digest_is_not_reading_the_blob(t: TestRegistry) {
        let bob = t.user("bob").await;
        t.user("ann").await;
        let secret = Bytes::from("a secret of bob");
        let digest = t.push_blob(&bob, "bob/closed", &secret).await;
        let client = Client::of(t, "ann", APP).await;
        client.push_blob(APP, &Bytes::from("x")).await.is(201);
        let mine = format!("/v2/ann/app/blobs/{digest}");
        let unreadable = async || {
            client.get(&mine).await.is_error(404, "BLOB_UNKNOWN");
            assert_eq!(client.head(&mine).await.status, 404);
        };
        unreadable().await;
        let uploads = "/v2/ann/app/blobs/uploads/";
        for query in [
            format!("mount={digest}&from=bob/closed"),
            format!("mount={digest}"),
            format!("mount={digest}&from=ann/app"),
        ] {
            let answer = client
                .send("POST", &format!("{uploads}?{query}"), &[], "")
                .await;
            let location = answer.is(202).header("location").to_owned();
            // Content that is known somewhere is still to be sent.
            let finish = format!("{location}?digest={digest}");
            client
                .send("PUT", &finish, &[], "")
                .await
                .is_error(400, "DIGEST_INVALID");
            unreadable().await;
        }
        let whole = format!("{uploads}?digest={digest}");
        client
            .send("POST", &whole, &[], "")
            .await
            .is_error(400, "DIGEST_INVALID");
        let mut image: Value = serde_json::from_slice(&TestImage::new(1).manifest).unwrap();
        image["config"] = images::descriptor(MediaType::OCI_CONFIG, &secret);
        image["layers"] = json!([]);
        client
            .push_manifest(APP, "1", &Bytes::from(image.to_string()))
            .await
            .is_error(400, "MANIFEST_BLOB_UNKNOWN");
        unreadable().await;
    }
);

db_test!(
    async fn a_mount_is_judged_by_the_token_as_well(t: TestRegistry) {
        let ann = t.user("ann").await;
        let digest = t
            .push_blob(&ann, "ann/closed", &Bytes::from("both are ann's"))
            .await;
        let client = Client::of(t, "ann", APP).await;
        for from in ["&from=ann/closed", ""] {
            let path = format!("/v2/ann/app/blobs/uploads/?mount={digest}{from}");
            client.send("POST", &path, &[], "").await.is(202);
        }
        client
            .get(&format!("/v2/ann/closed/blobs/{digest}"))
            .await
            .is_error(401, "UNAUTHORIZED");
    }
);

db_test!(
    async fn the_id_of_an_upload_gives_no_right(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        t.user("eve").await;
        let owner = Client::of(t, "ann", APP).await;
        let location = owner.start_upload(APP).await;
        owner.send("PATCH", &location, &[], "abc").await.is(202);
        allow(t, &ann, APP, "bob", RepositoryRole::Read).await;
        let reader = Client::of(t, "bob", APP).await;
        let stranger = Client::of(t, "eve", APP).await;
        let nobody = Client::without_token(&t.services);
        let finish = format!("{location}?digest={}", Digest::of(b"abc"));
        for client in [&reader, &stranger, &nobody] {
            for (method, path) in [
                ("PATCH", &location),
                ("PUT", &finish),
                ("DELETE", &location),
            ] {
                client
                    .send(method, path, &[], "")
                    .await
                    .is_error(401, "UNAUTHORIZED");
            }
        }
        for client in [&stranger, &nobody] {
            client.get(&location).await.is_error(401, "UNAUTHORIZED");
        }
        // In a repository of their own it means nothing.
        let own = Client::of(t, "eve", "eve/app").await;
        own.push_blob("eve/app", &Bytes::from("x")).await.is(201);
        for (method, path) in [("GET", &location), ("PATCH", &location), ("PUT", &finish)] {
            let path = path.replace("/ann/", "/eve/");
            own.send(method, &path, &[], "")
                .await
                .is_error(404, "BLOB_UPLOAD_UNKNOWN");
        }
        owner.send("PUT", &finish, &[], "").await.is(201);
    }
);

db_test!(
    async fn hidden_and_absent_look_alike(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/hidden:1", &image).await;
        let closed = Digest::of(&image.layer);
        let names = ["ann/hidden", "ann/absent", "nobody/absent"];
        let scopes: Vec<String> = names
            .iter()
            .map(|name| format!("repository:{name}:pull,push"))
            .collect();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        for client in [
            Client::without_token(&t.services),
            Client::with_scopes(&t.services, None, &scopes).await,
            Client::with_scopes(&t.services, Some(("bob", PASSWORD)), &scopes).await,
            Client::of(t, "bob", "bob/app").await,
        ] {
            for (method, rest) in [
                ("GET", "manifests/1".to_owned()),
                ("HEAD", "manifests/1".to_owned()),
                ("GET", format!("manifests/{}", image.digest())),
                ("PUT", "manifests/1".to_owned()),
                ("DELETE", "manifests/1".to_owned()),
                ("GET", format!("blobs/{closed}")),
                ("HEAD", format!("blobs/{closed}")),
                ("DELETE", format!("blobs/{closed}")),
                ("POST", "blobs/uploads/".to_owned()),
                ("POST", format!("blobs/uploads/?digest={closed}")),
                ("GET", "tags/list".to_owned()),
                ("GET", format!("referrers/{}", image.digest())),
            ] {
                let mut seen = Vec::new();
                for name in names {
                    let answer = client
                        .send(method, &format!("/v2/{name}/{rest}"), &[], "")
                        .await;
                    seen.push(without(&answer, name));
                }
                assert_eq!(seen[0], seen[1], "{method} {rest}");
                assert_eq!(seen[0], seen[2], "{method} {rest}");
            }
        }
    }
);

/// Everything of a refusal but the name that was asked for.
fn without(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 401, "{answer:?}");
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(key, _)| *key != "content-length")
        .map(|(key, value)| format!("{key}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = String::from_utf8_lossy(&answer.body);
    format!("{headers:?} {body}").replace(name, "NAME")
}

db_test!(
    async fn what_was_deleted_is_not_readable_again(t: TestRegistry) {
        let ann = t.user("ann").await;
        let content = Bytes::from("deleted");
        let digest = Digest::of(&content);
        let scopes = [
            "repository:ann/app:pull,push",
            "repository:ann/gone:pull,push",
        ];
        let client = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &scopes).await;
        client.push_blob(APP, &content).await.is(201);
        client.push_blob("ann/gone", &content).await.is(201);
        let repository = t
            .services
            .repositories
            .by_path(&ann, &"ann/gone".parse().unwrap())
            .await
            .unwrap();
        let deleted = t
            .services
            .repositories
            .delete(&ann, Selection::Items(&[repository.repository.id]))
            .await;
        assert!(deleted.is_ok());
        let at = |path: &str| format!("/v2/{path}/blobs/{digest}");
        client
            .get(&at("ann/gone"))
            .await
            .is_error(404, "NAME_UNKNOWN");
        client.delete(&at(APP)).await.is(202);
        for from in ["&from=ann/app", "&from=ann/gone", ""] {
            let mount = format!("/v2/ann/app/blobs/uploads/?mount={digest}{from}");
            let answer = client.send("POST", &mount, &[], "").await;
            client
                .delete(answer.is(202).header("location"))
                .await
                .is(204);
            client.get(&at(APP)).await.is_error(404, "BLOB_UNKNOWN");
        }
        // A new repository of the old name begins empty.
        client
            .push_blob("ann/gone", &Bytes::from("new"))
            .await
            .is(201);
        client
            .get(&at("ann/gone"))
            .await
            .is_error(404, "BLOB_UNKNOWN");
        client.push_blob(APP, &content).await.is(201);
        client.get(&at(APP)).await.is(200);
    }
);
