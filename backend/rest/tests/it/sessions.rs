//! Signing in and out, as scripts of browsers do it.

use axum::body::Body;
use axum::http::Request;
use berth_services::Settings;
use berth_testkit::{PASSWORD, db_test};
use serde_json::json;

use crate::api::{Api, Who, with_settings};

db_test!(
    async fn a_script_signs_in_with_the_csrf_token_it_was_given(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let given = api
            .send(Request::get("/csrf_token").body(Body::empty()).unwrap())
            .await;
        let csrf = given.json()["csrf_token"].as_str().unwrap().to_owned();
        assert_eq!(given.cookie("berth_csrf"), csrf);
        let request = Request::post("/api/v1/signin")
            .header("content-type", "application/json")
            .header("cookie", format!("berth_csrf={csrf}"))
            .header("x-csrf-token", &csrf);
        let body = json!({ "username": "ann", "password": PASSWORD, "invite_code": "" });
        let answer = api
            .send(request.body(Body::from(body.to_string())).unwrap())
            .await;
        assert_eq!(answer.told(), (200, json!({ "success": true })));
        let next = answer.header("x-next-csrf-token").to_owned();
        assert_ne!(next, csrf);
        let is_url_safe = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        for token in [&csrf, &next] {
            assert!(
                token.len() == 64 && token.chars().all(is_url_safe),
                "{token}"
            );
        }
        let browser = Who::Browser {
            session: answer.cookie("berth_session"),
            csrf: next,
        };
        assert_eq!(
            api.get(&browser, "/user/").await.json()["username"],
            json!("ann")
        );
    }
);

db_test!(
    async fn a_wrong_password_and_an_unknown_name_are_refused_alike(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        for (name, password) in [("ann", "wrong-password"), ("nobody", PASSWORD)] {
            let body = json!({ "username": name, "password": password });
            let answer = api.post(&Who::Visitor, "/signin", &body).await;
            assert_eq!(
                answer.told(),
                (
                    403,
                    json!({
                        "needsEmailVerification": false,
                        "invalidCredentials": true,
                        "message": "Invalid Username or Password",
                    })
                )
            );
        }
        let body = json!({ "username": "ann" });
        let answer = api.post(&Who::Visitor, "/signin", &body).await;
        assert_eq!(
            answer.problem(),
            (400, "'password' is a required property".into())
        );
    }
);

db_test!(
    async fn guesses_are_slowed_down_in_plain_text(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let mut last = None;
        for _ in 0..8 {
            let body = json!({ "username": "ann", "password": "wrong-password" });
            last = Some(api.post(&Who::Visitor, "/signin", &body).await);
        }
        let last = last.unwrap();
        assert_eq!(last.status, 429);
        assert_eq!(
            last.text,
            "Too many login attempts. \nPlease reset your Berth password and try again."
        );
        assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
        assert!(last.header("content-type").starts_with("text/plain"));
    }
);

db_test!(
    async fn showing_the_password_again_tells_what_the_next_change_shows(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let browser = api.sign_in("ann").await;
        let body = json!({ "password": PASSWORD });
        let verified = api.post(&browser, "/signin/verify", &body).await;
        assert_eq!(verified.told(), (200, json!({ "success": true })));
        let Who::Browser { session, csrf } = browser else {
            panic!("a browser")
        };
        let next = verified.header("x-next-csrf-token").to_owned();
        assert_ne!(next, csrf);
        assert_eq!(verified.cookie("berth_csrf"), next);
        let next = Who::Browser {
            session,
            csrf: next,
        };
        let made = api.put(&next, "/user/robots/ci", &json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
);

db_test!(
    async fn signing_out_ends_every_session_of_the_user(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        t.user("bob").await;
        let (here, there) = (api.sign_in("ann").await, api.sign_in("ann").await);
        let other = api.sign_in("bob").await;
        let out = api.post(&here, "/signout", &json!({})).await;
        assert_eq!(out.told(), (200, json!({ "success": true })));
        assert_eq!(out.cookie("berth_session"), "");
        for ended in [&here, &there] {
            assert_eq!(api.get(ended, "/user/").await.status, 401);
        }
        assert_eq!(api.get(&other, "/user/").await.status, 200);
        // An ended session is nobody, and nobody may sign out.
        assert_eq!(api.post(&here, "/signout", &json!({})).await.status, 200);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn without_passwords_there_is_no_such_path() {
    let mut settings = Settings::default();
    settings.users.direct_login = false;
    with_settings(settings, async |t| {
        let body = json!({ "username": "ann", "password": PASSWORD });
        for path in ["/signin", "/signin/verify"] {
            let answer = Api::of(t).post(&Who::Visitor, path, &body).await;
            assert_eq!(answer.problem(), (404, "Not Found".into()), "{path}");
        }
    })
    .await;
}
