//! The first user, made by API; and what requests have in common.

use axum::body::Body;
use axum::http::{Request, header};
use berth_services::{Origin, Settings};
use berth_testkit::{Backend, TestRegistry};
use serde_json::{Value, json};

use crate::api::{Answer, Api};

const INITIALIZE: &str = "/api/v1/user/initialize";

/// One on each database.
async fn registries(initialize_by_api: bool) -> Vec<TestRegistry> {
    let mut settings = Settings::default();
    settings.users.initialize_by_api = initialize_by_api;
    settings.registry.hostname = Some("reg.example".into());
    let mut registries = Vec::new();
    for backend in [Backend::Sqlite, Backend::Postgres] {
        registries.extend(TestRegistry::with(backend, settings.clone()).await);
    }
    registries
}

async fn send(t: &TestRegistry, request: Request<Body>) -> Answer {
    Api::of(t).send(request).await
}

async fn post(t: &TestRegistry, path: &str, body: &Value) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body.to_string()));
    send(t, request.expect("a request")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_user_gets_a_token_that_works_and_there_is_no_second() {
    for t in registries(true).await {
        let body = json!({
            "username": "admin", "password": "correct-horse", "email": "a@b.example", "access_token": true,
        });
        let made = post(&t, INITIALIZE, &body).await;
        assert_eq!(made.status, 200, "{}", made.text);
        assert!(made.text.ends_with('\n'));
        let made = made.json();
        assert_eq!(
            (&made["username"], &made["email"]),
            (&json!("admin"), &json!("a@b.example"))
        );
        // Clients sign in with the one as they do with the other.
        let encrypted = made["encrypted_password"].as_str().unwrap();
        assert!(encrypted.len() > 13 && !encrypted.contains("correct-horse"));
        t.login("admin", encrypted).await;
        let token = made["access_token"].as_str().unwrap();
        assert_eq!(token.len(), 40);
        let actor = t
            .services
            .authn
            .bearer(token, Origin::default())
            .await
            .unwrap();
        assert!(actor.is_superuser());

        let again = post(&t, "/api/v1/user/initialize/", &body).await;
        assert_eq!(
            (again.status, again.json()),
            (
                400,
                json!({ "message": "Cannot initialize user in a non-empty database" })
            )
        );
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_only_when_it_is_asked_for() {
    for t in registries(true).await {
        let made = post(
            &t,
            INITIALIZE,
            &json!({ "username": "admin", "password": "correct-horse" }),
        )
        .await;
        let made = made.json();
        let encrypted = &made["encrypted_password"];
        assert!(encrypted.is_string());
        assert_eq!(
            made,
            json!({ "username": "admin", "email": null, "encrypted_password": encrypted })
        );
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_field_is_told_in_one_sentence() {
    for t in registries(true).await {
        for (body, says) in [
            (
                json!({ "username": "a", "password": "correct-horse" }),
                "Failed to initialize user: ",
            ),
            (
                json!({ "username": "admin", "password": "short" }),
                "Failed to initialize user: ",
            ),
        ] {
            let answer = post(&t, INITIALIZE, &body).await;
            let message = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(
                answer.status == 400 && message.starts_with(says),
                "{message}"
            );
        }
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_the_wrong_shape_is_a_problem_of_the_request() {
    for t in registries(true).await {
        for (body, detail) in [
            (
                json!({ "username": "admin" }),
                "'password' is a required property",
            ),
            (
                json!({ "username": 5, "password": "x" }),
                "5 is not of type 'string'",
            ),
            (
                json!({ "username": null, "password": "x" }),
                "None is not of type 'string'",
            ),
            (Value::Null, "None is not of type 'object'"),
        ] {
            let answer = post(&t, INITIALIZE, &body).await;
            assert_eq!(
                (answer.status, answer.json()),
                (
                    400,
                    json!({
                        "detail": detail, "error_message": detail, "status": 400,
                        "error_type": "invalid_request", "title": "invalid_request",
                        "type": "http://reg.example/api/v1/error/invalid_request",
                    })
                )
            );
        }
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_is_refused_by_its_type_first() {
    for t in registries(true).await {
        let plain = Request::post(INITIALIZE).body(Body::from("{}")).unwrap();
        let plain = send(&t, plain).await;
        assert!(plain.status == 415 && plain.text.contains("was not 'application/json'"));
        let broken = Request::post(INITIALIZE)
            .header(
                header::CONTENT_TYPE,
                "application/vnd.x+json; charset=utf-8",
            )
            .body(Body::empty())
            .unwrap();
        let broken = send(&t, broken).await;
        assert!(broken.status == 400 && broken.text.contains("could not understand"));
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_longer_or_deeper_than_it_seems_is_refused_and_makes_nobody() {
    for t in registries(true).await {
        let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let long = "x".repeat(2 << 20);
        for body in [
            nested.clone(),
            format!("{{\"username\":\"admin\",\"password\":\"correct-horse\",\"more\":{nested}}}"),
            format!("{{\"username\":\"admin\",\"password\":\"{long}\"}}"),
            format!("{{\"username\":\"{long}\",\"password\":\"correct-horse\"}}"),
            "{\"username\":\"admin\",\"password\":\"correct-horse\"} trailing".to_owned(),
        ] {
            let request =
                Request::post(INITIALIZE).header(header::CONTENT_TYPE, "application/json");
            let answer = send(&t, request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
            assert!(answer.text.len() < 1000, "{}", answer.text);
        }
        assert!(t.services.authn.needs_setup().await.unwrap());
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_or_unknown_is_a_json_404() {
    for t in registries(false).await {
        let body = json!({ "username": "admin", "password": "correct-horse" });
        for path in [INITIALIZE, "/api/v1/nothing", "/api/v1", "/api/v1/"] {
            let answer = post(&t, path, &body).await;
            assert_eq!(
                (answer.status, &answer.json()["error_type"]),
                (404, &json!("not_found")),
                "{path}"
            );
            assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
        }
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_verb_is_told_which_one_is_offered() {
    for t in registries(true).await {
        let answer = send(&t, Request::get(INITIALIZE).body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status, &answer.headers[header::ALLOW]),
            (405, &"OPTIONS, POST".parse().unwrap())
        );
        assert_eq!(
            answer.json(),
            json!({ "message": "The method is not allowed for the requested URL." })
        );
        t.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_another_csrf_token_and_all_of_a_session_are_good() {
    for t in registries(false).await {
        let ask = async |session: Option<&str>| {
            let mut request = Request::get("/csrf_token");
            if let Some(session) = session {
                request = request.header(header::COOKIE, format!("berth_session={session}"));
            }
            let answer = send(&t, request.body(Body::empty()).unwrap()).await;
            let token = answer.json()["csrf_token"].as_str().unwrap().to_owned();
            let cookie = answer.headers[header::SET_COOKIE]
                .to_str()
                .unwrap()
                .to_owned();
            assert!(
                cookie.starts_with(&format!("berth_csrf={token};")),
                "{cookie}"
            );
            token
        };
        let mine = ask(Some("mine")).await;
        let next = ask(Some("mine")).await;
        assert_ne!(next, mine);
        for token in [&mine, &next] {
            assert!(t.services.authn.csrf_matches("mine", token));
            assert!(!t.services.authn.csrf_matches("theirs", token));
        }
        let stranger = ask(None).await;
        assert!(stranger.len() == 64 && stranger != ask(None).await);
        t.close().await;
    }
}
