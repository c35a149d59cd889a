//! Forged tokens, and tokens that are good for more than they were made for.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use berth_domain::RepositoryRole;
use berth_services::many::Selection;
use berth_testkit::{PASSWORD, TestImage, db_test};
use serde_json::{Value, json};

use crate::client::{Client, allow, publish};

/// The claims of a token under another header and another signature.
fn forged(token: &str, header: &Value, signature: &str) -> String {
    let payload = token.split('.').nth(1).expect("a payload");
    let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    format!("{header}.{payload}.{signature}")
}

db_test!(
    async fn a_token_brings_neither_its_key_nor_its_algorithm(t: TestRegistry) {
        t.user("ann").await;
        let answer = Client::without_token(&t.services)
            .ask_token(Some(("ann", PASSWORD)), &["repository:ann/app:pull"])
            .await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        let signature = token.rsplit('.').next().unwrap();
        let keys = Client::with_token(&t.services, &token)
            .get("/keys/services/berth/keys")
            .await;
        let key = keys.json()["keys"][0].clone();
        let kid = key["kid"].clone();
        for (header, signature) in [
            (json!({ "alg": "none", "typ": "JWT", "kid": kid }), ""),
            (json!({ "alg": "None", "typ": "JWT", "kid": kid }), ""),
            (
                json!({ "alg": "HS256", "typ": "JWT", "kid": kid }),
                signature,
            ),
            (
                json!({ "alg": "RS256", "typ": "JWT", "jwk": key }),
                signature,
            ),
            (
                json!({ "alg": "RS256", "kid": "other", "jwk": key }),
                signature,
            ),
            (
                json!({ "alg": "RS256", "kid": "x", "jku": "http://127.0.0.1:1/keys" }),
                signature,
            ),
            (
                json!({ "alg": "RS256", "kid": "x", "x5c": ["AAAA"] }),
                signature,
            ),
            (json!({ "alg": "RS256", "kid": "../../dev/null" }), ""),
            (json!({ "alg": "RS256", "kid": "' or '1'='1" }), ""),
        ] {
            let forged = forged(&token, &header, signature);
            let answer = Client::with_token(&t.services, &forged).get("/v2/").await;
            answer.is_error(401, "UNAUTHORIZED");
        }
    }
);

db_test!(
    async fn a_token_is_as_narrow_in_every_form_of_credentials(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        t.push(&bob, "bob/open:1", &image).await;
        publish(t, &bob, "bob/open").await;
        let scopes = [
            "repository:ann/app:pull,push,*",
            "repository:ann/fresh:pull,push",
            "repository:bob/open:pull,push",
        ];
        for (granted, app, fresh) in [
            ("repo:read", &["pull"] as &[&str], &[] as &[&str]),
            ("repo:write", &["push", "pull"], &[]),
            ("repo:admin", &["push", "pull", "*"], &[]),
            ("repo:create", &[], &["push", "pull"]),
            ("user:admin", &[], &[]),
        ] {
            let token = t.oauth_token(&ann, granted).await;
            let nobody = Client::without_token(&t.services);
            let basic = nobody
                .ask_token(Some(("$oauthtoken", &token)), &scopes)
                .await;
            let form: String = scopes.iter().fold(
                format!("username=%24oauthtoken&password={token}"),
                |form, scope| form + "&scope=" + scope,
            );
            let form = nobody.send("POST", "/v2/auth", &[], form).await;
            for answer in [basic, form] {
                let issued = answer.is(200).json()["token"].as_str().unwrap().to_owned();
                let payload = issued.split('.').nth(1).unwrap();
                let claims: Value =
                    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap())
                        .unwrap();
                let actions: Vec<&Value> = claims["access"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|entry| &entry["actions"])
                    .collect();
                // What is public takes no scope to read: scopes cap roles.
                assert_eq!(
                    actions,
                    [&json!(app), &json!(fresh), &json!(["pull"])],
                    "{granted}"
                );
                let client = Client::with_token(&t.services, &issued);
                let pull = client.get("/v2/ann/app/manifests/1").await;
                assert_eq!(pull.status == 200, app.contains(&"pull"), "{granted}");
                let push = client.push_manifest("ann/app", "2", &image.manifest).await;
                assert_eq!(push.status == 201, app.contains(&"push"), "{granted}");
            }
            // Neither kind of token stands in for the other.
            let raw = Client::with_token(&t.services, &token);
            raw.get("/v2/").await.is_error(401, "UNAUTHORIZED");
        }
        let issued = Client::without_token(&t.services)
            .ask_token(Some(("ann", PASSWORD)), &scopes)
            .await;
        let issued = issued.json()["token"].as_str().unwrap().to_owned();
        let nobody = Client::without_token(&t.services);
        for name in ["ann", "$oauthtoken"] {
            let answer = nobody.ask_token(Some((name, &issued)), &scopes).await;
            assert!([401, 429].contains(&answer.status), "{answer:?}");
        }
    }
);

db_test!(
    async fn a_scope_is_of_one_repository_whatever_others_are_called(t: TestRegistry) {
        t.user("ann").await;
        t.user("a.b").await;
        let ann = t.login("ann", PASSWORD).await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let other = t.login("a.b", PASSWORD).await;
        t.push(&other, "a.b/ann/app:1", &TestImage::new(2)).await;
        publish(t, &other, "a.b/ann/app").await;
        // The name of this namespace looks like the host of a registry.
        let scopes = ["repository:a.b/ann/app:pull"];
        let client = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &scopes).await;
        client.get("/v2/a.b/ann/app/manifests/1").await.is(200);
        client
            .get("/v2/ann/app/manifests/1")
            .await
            .is_error(401, "UNAUTHORIZED");
    }
);

db_test!(
    async fn a_token_ends_with_the_account_it_was_made_for(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let robots = &t.services.robots;
        let robot = robots
            .create(&ann, &"ann".parse().unwrap(), "ci", "")
            .await
            .unwrap();
        let credentials = robots.credentials(&ann, robot.id).await.unwrap();
        allow(t, &ann, "ann/app", "ann+ci", RepositoryRole::Read).await;
        let login = Some(("ann+ci", credentials.token.expose().as_str()));
        let scopes = ["repository:ann/app:pull"];
        let client = Client::with_scopes(&t.services, login, &scopes).await;
        client.get("/v2/ann/app/manifests/1").await.is(200);
        let deleted = robots.delete(&ann, Selection::Items(&[robot.id])).await;
        assert!(deleted.is_ok());
        let refused = client.get("/v2/ann/app/manifests/1").await;
        refused.is_error(401, "UNAUTHORIZED");
        // A wider token of the same account would not help; a new login may.
        let challenge = refused.header("www-authenticate");
        assert!(
            challenge.ends_with("scope=\"repository:ann/app:pull\""),
            "{challenge}"
        );
    }
);
