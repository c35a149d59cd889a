//! Tokens: who gets which, and what they are good for.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use berth_domain::{RepositoryRole, Secret};
use berth_services::authn::InitialUser;
use berth_services::{Origin, Settings};
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, db_test};
use serde_json::{Value, json};

use crate::client::{Client, HOST, allow, publish};

/// What a token says.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice(&payload).expect("JSON")
}

/// The access list that somebody gets for scopes.
pub(crate) async fn access(
    t: &TestRegistry,
    login: Option<(&str, &str)>,
    scopes: &[&str],
) -> Value {
    let answer = Client::without_token(&t.services)
        .ask_token(login, scopes)
        .await;
    answer.is(200);
    claims(answer.json()["token"].as_str().expect("a token"))["access"].clone()
}

pub(crate) fn entry(name: &str, actions: &[&str]) -> Value {
    json!({ "type": "repository", "name": name, "actions": actions })
}

db_test!(
    async fn the_base_asks_for_a_token_of_this_host(t: TestRegistry) {
        let nobody = Client::without_token(&t.services);
        for path in ["/v2/", "/v2"] {
            let answer = nobody.get(path).await;
            answer.is_error(401, "UNAUTHORIZED");
            assert_eq!(
                answer.header("www-authenticate"),
                format!("Bearer realm=\"http://{HOST}/v2/auth\",service=\"{HOST}\"")
            );
        }
        t.user("ann").await;
        let ann = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &[]).await;
        let answer = ann.get("/v2/").await;
        assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]));
        assert!(!answer.has("x-sparse-manifest-support"));
        ann.head("/v2/").await.is(200);
    }
);

db_test!(
    async fn a_login_is_checked_without_a_scope(t: TestRegistry) {
        t.user("ann").await;
        let nobody = Client::without_token(&t.services);
        let answer = nobody.ask_token(Some(("ann", PASSWORD)), &[]).await;
        assert_eq!(answer.is(200).header("cache-control"), "no-store");
        let body = answer.json();
        assert_eq!(
            (&body["token"], &body["expires_in"]),
            (&body["access_token"], &json!(3600))
        );
        assert!(body["issued_at"].as_str().unwrap().ends_with('Z'));
        let claims = claims(body["token"].as_str().unwrap());
        assert_eq!(
            (&claims["aud"], &claims["sub"], &claims["access"]),
            (&json!(HOST), &json!("ann"), &json!([]))
        );
        nobody
            .ask_token(None, &[])
            .await
            .is_error(401, "UNAUTHORIZED");
    }
);

db_test!(
    async fn a_wrong_password_is_never_an_anonymous_token(t: TestRegistry) {
        t.user("ann").await;
        let nobody = Client::without_token(&t.services);
        let answer = nobody
            .ask_token(Some(("ann", "wrong")), &["repository:ann/app:pull"])
            .await;
        answer.is_error(401, "UNAUTHORIZED");
        assert_eq!(
            answer.json()["errors"][0]["message"],
            "Invalid Username or Password"
        );
        assert!(answer.header("www-authenticate").starts_with("Basic "));
        t.clock.advance(Duration::from_mins(10));
        let form = format!("grant_type=password&service={HOST}&scope=&username=ann&password=wrong");
        nobody
            .send("POST", "/v2/auth", &[], form)
            .await
            .is_error(401, "UNAUTHORIZED");
        for header in ["Basic !", "Bearer x", "Digest x"] {
            let path = "/v2/auth?scope=repository:ann/app:pull";
            let answer = nobody
                .send("GET", path, &[("authorization", header)], "")
                .await;
            answer.is_error(401, "UNAUTHORIZED");
        }
    }
);

db_test!(
    async fn too_many_wrong_passwords_make_even_the_right_one_wait(t: TestRegistry) {
        t.user("ann").await;
        let nobody = Client::without_token(&t.services);
        let mut answer = nobody.ask_token(Some(("ann", "wrong")), &[]).await;
        for _ in 0..20 {
            if answer.status != 401 {
                break;
            }
            answer = nobody.ask_token(Some(("ann", "wrong")), &[]).await;
        }
        answer.is_error(429, "TOOMANYREQUESTS");
        let answer = nobody.ask_token(Some(("ann", PASSWORD)), &[]).await;
        answer.is_error(429, "TOOMANYREQUESTS");
        let wait_s: u64 = answer.header("retry-after").parse().unwrap();
        t.clock.advance(Duration::from_secs(wait_s + 1));
        nobody.ask_token(Some(("ann", PASSWORD)), &[]).await.is(200);
    }
);

db_test!(
    async fn a_form_is_as_good_as_a_header(t: TestRegistry) {
        t.user("ann").await;
        let nobody = Client::without_token(&t.services);
        let form = format!(
            "grant_type=password&service={HOST}&client_id=x&username=ann&password={PASSWORD}\
         &scope=repository%3Aann%2Fapp%3Apull%2Cpush"
        );
        let answer = nobody.send("POST", "/v2/auth", &[], form).await;
        let claims = claims(answer.is(200).json()["access_token"].as_str().unwrap());
        assert_eq!(
            claims["access"],
            json!([entry("ann/app", &["push", "pull"])])
        );
        let anonymous = format!("service={HOST}&scope=repository%3Aann%2Fapp%3Apull");
        nobody
            .send("POST", "/v2/auth", &[], anonymous)
            .await
            .is(200);
        let refresh = "grant_type=refresh_token&refresh_token=x&scope=repository:ann/app:pull";
        nobody
            .send("POST", "/v2/auth", &[], refresh)
            .await
            .is_error(401, "UNAUTHORIZED");
        let large = vec![b'x'; 70_000];
        nobody
            .send("POST", "/v2/auth", &[], large)
            .await
            .is_error(413, "SIZE_INVALID");
        let answer = nobody.send("PUT", "/v2/auth", &[], "").await;
        answer.is_error(405, "UNSUPPORTED");
        assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    }
);

db_test!(
    async fn a_malformed_scope_is_a_bad_request_and_a_bad_name_says_so(t: TestRegistry) {
        let nobody = Client::without_token(&t.services);
        nobody
            .ask_token(None, &["repository:ann/app"])
            .await
            .is_error(400, "INVALID_REQUEST");
        let long = format!("repository:ann/{}:pull", "a".repeat(256));
        nobody
            .ask_token(None, &[&long])
            .await
            .is_error(400, "NAME_INVALID");
        let foreign = "/v2/auth?service=other.example&scope=repository:ann/app:pull";
        nobody.get(foreign).await.is_error(400, "INVALID_REQUEST");
    }
);

db_test!(
    async fn our_host_in_front_of_a_name_is_echoed_and_the_token_works(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let scope = format!("repository:{HOST}/ann/app:pull");
        let login = Some(("ann", PASSWORD));
        let name = format!("{HOST}/ann/app");
        assert_eq!(
            access(t, login, &[&scope]).await,
            json!([entry(&name, &["pull"])])
        );
        let client = Client::with_scopes(&t.services, login, &[&scope]).await;
        client.get("/v2/ann/app/manifests/1").await.is(200);
    }
);

db_test!(
    async fn tokens_run_out_and_are_good_for_one_registry(t: TestRegistry) {
        t.user("ann").await;
        let answer = Client::without_token(&t.services)
            .ask_token(Some(("ann", PASSWORD)), &[])
            .await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        let ann = Client::with_token(&t.services, &token);
        ann.get("/v2/").await.is(200);
        let forged = format!("{}x", &token[..token.len() - 1]);
        Client::with_token(&t.services, &forged)
            .get("/v2/")
            .await
            .is_error(401, "UNAUTHORIZED");
        let replica = t.replica(Settings::default());
        Client::with_token(&replica, &token)
            .get("/v2/")
            .await
            .is(200);
        let mut elsewhere = Settings::default();
        elsewhere.registry.hostname = Some("other.example".into());
        let elsewhere = t.replica(elsewhere);
        Client::with_token(&elsewhere, &token)
            .get("/v2/")
            .await
            .is_error(401, "UNAUTHORIZED");
        t.clock.advance(Duration::from_secs(3600 + 31));
        ann.get("/v2/").await.is_error(401, "UNAUTHORIZED");
        // What does not verify is no narrow token: the challenge asks for one, and no more.
        for client in [ann, Client::with_token(&t.services, "garbage")] {
            let answer = client.get("/v2/ann/app/tags/list").await;
            answer.is_error(401, "UNAUTHORIZED");
            assert!(
                answer
                    .header("www-authenticate")
                    .ends_with("scope=\"repository:ann/app:pull\"")
            );
        }
    }
);

db_test!(
    async fn a_password_opens_no_door_but_the_token_endpoint(t: TestRegistry) {
        t.user("ann").await;
        let basic = (
            "authorization",
            "Basic YW5uOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==",
        );
        let client = Client::without_token(&t.services);
        for path in ["/v2/", "/v2/ann/app/manifests/1"] {
            let answer = client.send("GET", path, &[basic], "").await;
            answer.is_error(401, "UNAUTHORIZED");
            assert!(answer.header("www-authenticate").starts_with("Bearer "));
        }
        client.send("GET", "/v2/auth", &[basic], "").await.is(200);
    }
);

db_test!(
    async fn a_robot_pushes_with_its_token(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let robots = &t.services.robots;
        let robot = robots
            .create(&ann, &"ann".parse().unwrap(), "ci", "")
            .await
            .unwrap();
        let credentials = robots.credentials(&ann, robot.id).await.unwrap();
        allow(t, &ann, "ann/app", "ann+ci", RepositoryRole::Write).await;
        let login = Some(("ann+ci", credentials.token.expose().as_str()));
        let scopes = ["repository:ann/app:pull,push"];
        let client = Client::with_scopes(&t.services, login, &scopes).await;
        client.push_image("ann/app", "2", &TestImage::new(2)).await;
        let nobody = Client::without_token(&t.services);
        let wrong = nobody.ask_token(Some(("ann+ci", "WRONG")), &scopes).await;
        wrong.is_error(401, "UNAUTHORIZED");
        assert_eq!(
            wrong.json()["errors"][0]["message"],
            "Could not find robot with username: ann+ci and supplied password."
        );
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_logs_in_under_its_own_name() {
    let mut settings = Settings::default();
    settings.users.initialize_by_api = true;
    let t = TestRegistry::with(Backend::Sqlite, settings).await.unwrap();
    let user = InitialUser {
        username: "admin".into(),
        password: Secret::from(PASSWORD),
        email: None,
        setup_code: None,
    };
    let made = t
        .services
        .authn
        .initialize_by_api(user, true, Origin::default())
        .await
        .unwrap();
    let token = made.access_token.unwrap();
    let login = Some(("$oauthtoken", token.expose().as_str()));
    let scopes = ["repository:admin/app:pull,push"];
    let client = Client::with_scopes(&t.services, login, &scopes).await;
    client
        .push_image("admin/app", "1", &TestImage::new(1))
        .await;
    let nobody = Client::without_token(&t.services);
    nobody
        .ask_token(Some(("$oauthtoken", "x")), &scopes)
        .await
        .is_error(401, "UNAUTHORIZED");
    t.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anonymous_access_everybody_logs_in() {
    let mut settings = Settings::default();
    settings.users.anonymous_access = false;
    let t = TestRegistry::with(Backend::Sqlite, settings).await.unwrap();
    let ann = t.user("ann").await;
    t.push(&ann, "ann/open:1", &TestImage::new(1)).await;
    publish(&t, &ann, "ann/open").await;
    let nobody = Client::without_token(&t.services);
    nobody
        .ask_token(None, &["repository:ann/open:pull"])
        .await
        .is_error(401, "UNAUTHORIZED");
    nobody
        .get("/v2/ann/open/manifests/1")
        .await
        .is_error(401, "UNAUTHORIZED");
    Client::of(&t, "ann", "ann/open")
        .await
        .get("/v2/ann/open/manifests/1")
        .await
        .is(200);
    t.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_user_pushes_to_what_is_there_and_makes_nothing() {
    let mut settings = Settings::default();
    settings.users.restricted = true;
    settings.push.create_namespaces = true;
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        let before = t.replica(Settings::default());
        let login = Some(("ann", PASSWORD));
        let scope = ["repository:ann/old:pull,push"];
        let client = Client::with_scopes(&before, login, &scope).await;
        client.push_image("ann/old", "1", &image).await;
        for path in ["ann/app", "fresh/app"] {
            let client = Client::of(&t, "ann", path).await;
            assert_eq!(claims(client.token())["access"], json!([entry(path, &[])]));
            client.push_blob(path, &image.manifest).await.is(401);
            // Nor with a token that was made when it could.
            let scope = [format!("repository:{path}:pull,push")];
            let scope = scope.each_ref().map(String::as_str);
            let old = Client::with_scopes(&before, login, &scope).await;
            let old = Client::with_token(&t.services, old.token());
            old.push_blob(path, &image.manifest).await.is(401);
        }
        let client = Client::of(&t, "ann", "ann/old").await;
        client.push_image("ann/old", "2", &image).await;
        let (fresh, organizations) = ("fresh".parse().unwrap(), &t.services.organizations);
        assert!(organizations.by_name(&ann, &fresh).await.is_err());
        t.close().await;
    }
}

db_test!(
    async fn the_keys_that_sign_tokens_are_public(t: TestRegistry) {
        t.user("ann").await;
        let client = Client::with_scopes(&t.services, Some(("ann", PASSWORD)), &[]).await;
        let keys = client.get("/keys/services/berth/keys").await;
        let keys = keys.is(200).json();
        let key = &keys["keys"][0];
        assert_eq!((&key["kty"], key.get("d")), (&json!("RSA"), None));
        let kid = key["kid"].as_str().unwrap();
        let one = client
            .get(&format!("/keys/services/berth/keys/{kid}"))
            .await;
        assert_eq!(&one.is(200).json(), key);
        client.get("/keys/services/berth/keys/none").await.is(404);
        let other = client.get("/keys/services/other/keys").await;
        assert_eq!(other.is(200).json(), json!({ "keys": [] }));
    }
);

db_test!(
    async fn a_name_without_a_namespace_is_of_the_library(t: TestRegistry) {
        let library = t.user("library").await;
        t.push(&library, "library/busybox:1", &TestImage::new(1))
            .await;
        let login = Some(("library", PASSWORD));
        let client = Client::with_scopes(&t.services, login, &["repository:busybox:pull"]).await;
        client.get("/v2/busybox/manifests/1").await.is(200);
        client.get("/v2/library/busybox/manifests/1").await.is(200);
    }
);

db_test!(
    async fn an_address_is_as_good_as_a_name(t: TestRegistry) {
        let authn = &t.services.authn;
        let password = Secret::from(PASSWORD);
        authn
            .create_user(
                &authn.local(),
                "eve",
                Some("eve@example.com"),
                &password,
                false,
            )
            .await
            .unwrap();
        let nobody = Client::without_token(&t.services);
        let answer = nobody
            .ask_token(Some(("eve@example.com", PASSWORD)), &[])
            .await;
        let token = answer.is(200).json()["token"].as_str().unwrap().to_owned();
        assert_eq!(claims(&token)["sub"], "eve");
        nobody
            .ask_token(Some(("eve@example.com", "wrong")), &[])
            .await
            .is_error(401, "UNAUTHORIZED");
    }
);
