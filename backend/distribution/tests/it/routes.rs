//! What is no route, no verb and no name.

use axum::body::Body;
use berth_services::Settings;
use berth_testkit::{Backend, TestImage, TestRegistry, db_test};

use crate::client::Client;

db_test!(
    async fn an_unknown_path_is_a_404_with_a_code(t: TestRegistry) {
        let client = Client::without_token(&t.services);
        for path in [
            "/v2/ann",
            "/v2/ann/app",
            "/v2/ann/app/tags",
            "/v2/ann/app/manifests/",
            "/v2/%ff/tags/list",
        ] {
            client.get(path).await.is_error(404, "UNSUPPORTED");
        }
    }
);

db_test!(
    async fn another_verb_is_told_which_are_offered(t: TestRegistry) {
        let client = Client::without_token(&t.services);
        for (method, path, allowed) in [
            ("POST", "/v2/", "GET, HEAD"),
            ("PUT", "/v2/_catalog", "GET, HEAD"),
            ("DELETE", "/v2/ann/app/tags/list", "GET, HEAD"),
            ("PATCH", "/v2/ann/app/manifests/1", "GET, HEAD, PUT, DELETE"),
            ("PUT", "/v2/ann/app/blobs/sha256:x", "GET, HEAD, DELETE"),
            ("GET", "/v2/ann/app/blobs/uploads/", "POST"),
            (
                "POST",
                "/v2/ann/app/blobs/uploads/x",
                "GET, PATCH, PUT, DELETE",
            ),
        ] {
            let answer = client.send(method, path, &[], "").await;
            answer.is_error(405, "UNSUPPORTED");
            assert_eq!(answer.header("allow"), allowed);
        }
    }
);

db_test!(
    async fn a_name_outside_the_grammar_is_a_400(t: TestRegistry) {
        let client = Client::without_token(&t.services);
        let long = "a".repeat(256);
        for name in [
            "Ann/app",
            "ann/App",
            "ann//app",
            "ann/-app",
            &format!("ann/{long}"),
        ] {
            client
                .get(&format!("/v2/{name}/tags/list"))
                .await
                .is_error(400, "NAME_INVALID");
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn nested_names_and_the_library_can_be_switched_off() {
    let mut settings = Settings::default();
    settings.push.nested_names = false;
    settings.registry.library = None;
    let t = TestRegistry::with(Backend::Sqlite, settings).await.unwrap();
    t.user("ann").await;
    let client = Client::of(&t, "ann", "ann/app").await;
    client.push_image("ann/app", "1", &TestImage::new(1)).await;
    client
        .get("/v2/busybox/manifests/1")
        .await
        .is_error(400, "NAME_INVALID");
    let nobody = Client::without_token(&t.services);
    for (client, method, path) in [
        (&client, "POST", "/v2/ann/a/b/blobs/uploads/"),
        (&client, "GET", "/v2/ann/a/b/tags/list"),
        (&nobody, "GET", "/v2/auth?scope=repository:ann/a/b:pull"),
    ] {
        let nested = client.send(method, path, &[], "").await;
        nested.is_error(400, "NAME_INVALID");
        let message = nested.json()["errors"][0]["message"].to_string();
        assert!(message.contains("nested repositories are not supported"));
    }
    t.close().await;
}

db_test!(
    async fn a_refused_client_that_goes_on_sending_still_gets_its_answer(t: TestRegistry) {
        let client = Client::without_token(&t.services);
        let body = Body::from(vec![0; 1 << 20]);
        let answer = client
            .send("PUT", "/v2/ann/app/manifests/1", &[], body)
            .await;
        answer.is_error(401, "UNAUTHORIZED");
    }
);
