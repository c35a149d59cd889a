//! Who asks, and what is refused before anything is looked at.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use berth_services::Settings;
use berth_testkit::{PASSWORD, TestRegistry, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Answer, Api, Who, token, user, with_settings};
use crate::descriptions::operations;

/// What a session has to have shown its password for lately; the rest it may do for as long as it lives. Clients
/// that got `fresh_login_required` show the password and ask again, so no more may be marked than they know of.
const WANTS_PASSWORD: [&str; 27] = [
    "delete /message/{uuid}",
    "delete /organization/{orgname}",
    "delete /superuser/keys/{kid}",
    "delete /superuser/organizations/{name}",
    "delete /superuser/users/{username}",
    "delete /user/",
    "delete /user/apptoken/{token_uuid}",
    "get /superuser/apptokens",
    "get /superuser/changelog/",
    "get /superuser/config",
    "get /superuser/keys/{kid}",
    "get /superuser/organizations/",
    "get /superuser/users/",
    "get /superuser/users/{username}",
    "get /user/apptoken/{token_uuid}",
    "post /messages",
    "post /superuser/approvedkeys/{kid}",
    "post /superuser/keys",
    "post /superuser/takeownership/{namespace}",
    "post /superuser/users/",
    "post /superusers/users/{username}/sendrecovery",
    "post /user/apptoken",
    "post /user/convert",
    "put /superuser/keys/{kid}",
    "put /superuser/organizations/{name}",
    "put /superuser/users/{username}",
    "put /user/",
];

fn error(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let text = body["error"].as_str().unwrap_or_default();
    (answer.status, text.to_owned())
}

/// Sends with a header, without a body.
async fn with_header(api: &Api, method: &str, path: &str, header: (&str, &str)) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"));
    let request = request.header(header.0, header.1).body(Body::empty());
    api.send(request.unwrap()).await
}

db_test!(
    async fn a_token_that_is_unknown_or_expired_is_refused_whatever_is_asked_for(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let refused = (401, "Requires authentication".to_owned());
        let unknown = Who::Token("x".repeat(40));
        for (method, path) in [
            ("GET", "/error/not_found"),
            ("GET", "/user/"),
            ("POST", "/organization/"),
        ] {
            let answer = api.call(&unknown, method, path, None).await;
            assert_eq!(answer.problem(), refused, "{path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        assert_eq!(api.get(&ann, "/user/").await.status, 200);
        t.clock.advance(Duration::from_hours(25));
        assert_eq!(api.get(&ann, "/user/").await.problem(), refused);
    }
);

db_test!(
    async fn only_tokens_are_read_from_the_header_and_in_any_case(t: TestRegistry) {
        let api = Api::of(t);
        let ann = t.user("ann").await;
        let token = t.oauth_token(&ann, ALL_SCOPES).await;
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let value = format!("{scheme} {token}");
            let answer = with_header(&api, "GET", "/user/", ("authorization", &value)).await;
            assert_eq!(answer.status, 200, "{scheme}");
        }
        // Name and password are nobody's here, and neither are robots' and other things.
        let basic = "Basic YW5uOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==";
        let answer = with_header(&api, "GET", "/user/", ("authorization", basic)).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["session_required"], json!(false));
        let open = with_header(&api, "GET", "/error/not_found", ("authorization", basic)).await;
        assert_eq!(open.status, 200);
        let digest = with_header(
            &api,
            "GET",
            "/error/not_found",
            ("authorization", "Digest x"),
        )
        .await;
        assert_eq!(digest.status, 401);
    }
);

db_test!(
    async fn a_change_with_cookies_shows_a_csrf_token(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let Who::Browser { session, csrf } = api.sign_in("ann").await else {
            panic!()
        };
        let body = json!({ "name": "acme" });
        let refused = "CSRF token was invalid or missing.";
        let nobody = api.post(&Who::Nobody, "/organization/", &body).await;
        assert_eq!(error(&nobody), (403, refused.into()));
        for wrong in ["", "wrong"] {
            let who = Who::Browser {
                session: session.clone(),
                csrf: wrong.into(),
            };
            let answer = api.post(&who, "/organization/", &body).await;
            assert_eq!(
                error(&answer),
                (403, format!("{refused} (authorized: user ann)"))
            );
        }
        // The token of one session is nothing in another one.
        let Who::Browser { csrf: other, .. } = api.sign_in("ann").await else {
            panic!()
        };
        let who = Who::Browser {
            session: session.clone(),
            csrf: other,
        };
        assert_eq!(api.post(&who, "/organization/", &body).await.status, 403);
        // Reading needs none, and a change may show it in the query.
        let read = Who::Browser {
            session: session.clone(),
            csrf: String::new(),
        };
        assert_eq!(api.get(&read, "/user/").await.status, 200);
        let path = format!("/organization/?_csrf_token={csrf}");
        assert_eq!(
            api.post(&read, &path, &body).await.told(),
            (201, json!("Created"))
        );
        // Who is about to sign in shows the token that the cookie holds.
        let visitor = api.post(&Who::Visitor, "/organization/", &body).await;
        assert_eq!(visitor.problem(), (401, "Requires authentication".into()));
    }
);

db_test!(
    async fn a_dangerous_change_wants_the_password_lately(t: TestRegistry) {
        let (api, by_token) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let browser = api.sign_in("ann").await;
        for name in ["acme1", "acme2", "acme3"] {
            assert_eq!(
                api.post(&browser, "/organization/", &json!({ "name": name }))
                    .await
                    .status,
                201
            );
        }
        assert_eq!(
            api.delete(&browser, "/organization/acme1").await.status,
            204
        );
        t.clock.advance(Duration::from_secs(601));
        let stale = api.delete(&browser, "/organization/acme2").await;
        assert_eq!(stale.problem(), (401, "Requires fresh login".into()));
        assert_eq!(stale.json()["error_type"], json!("fresh_login_required"));
        // What is not dangerous goes on, and a token is always fresh.
        assert_eq!(api.get(&browser, "/organization/acme2").await.status, 200);
        assert_eq!(
            api.delete(&by_token, "/organization/acme3").await.status,
            204
        );
        // The password again, and the change.
        let wrong = api
            .post(&browser, "/signin/verify", &json!({ "password": "wrong" }))
            .await;
        assert_eq!(
            wrong.told(),
            (
                403,
                json!({ "message": "Invalid Username or Password", "invalidCredentials": true })
            )
        );
        let shown = api
            .post(&browser, "/signin/verify", &json!({ "password": PASSWORD }))
            .await;
        assert_eq!(shown.told(), (200, json!({ "success": true })));
        assert_eq!(
            api.delete(&browser, "/organization/acme2").await.status,
            204
        );
        let other = api
            .post(
                &by_token,
                "/signin/verify",
                &json!({ "password": PASSWORD }),
            )
            .await;
        assert_eq!(other.status, 403);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn an_old_login_gets_nothing_that_wants_the_password_and_a_token_all_of_it() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    settings.users.superusers_full_access = true;
    with_settings(settings, async |t| {
        let api = Api::of(t);
        let by_token = user(t, "root", ALL_SCOPES).await;
        t.user("auditor").await;
        let browsers = [api.sign_in("root").await, api.sign_in("auditor").await];
        let document = api.get(&Who::Nobody, "/discovery?internal=true").await;
        let document = document.json();
        let marked = operations(&document).into_iter();
        let marked = marked.filter(|(.., operation)| operation["x-requires-fresh-login"] == true);
        let mut marked: Vec<String> = marked
            .map(|(verb, path, _)| format!("{verb} {}", path.replace("/api/v1", "")))
            .collect();
        marked.sort_unstable();
        assert_eq!(marked, WANTS_PASSWORD);

        let path_of = |line: &str| {
            let (verb, path) = line.split_once(' ').unwrap();
            let path = path.replace("{username}", "auditor");
            (verb.to_uppercase(), path.replace(['{', '}'], ""))
        };
        for line in WANTS_PASSWORD {
            let (verb, path) = path_of(line);
            if verb == "GET" {
                for who in browsers.iter().chain([&by_token]) {
                    let fresh = api.get(who, &path).await;
                    assert_ne!(fresh.status, 401, "{path}: {}", fresh.text);
                }
            }
        }
        t.clock.advance(Duration::from_secs(601));
        let stale = (401, "Requires fresh login".to_owned());
        for line in WANTS_PASSWORD {
            let (verb, path) = path_of(line);
            let [root, auditor] = &browsers;
            let answer = api.call(root, &verb, &path, None).await;
            assert_eq!(answer.problem(), stale, "{line}");
            if verb == "GET" {
                assert_eq!(api.get(auditor, &path).await.problem(), stale, "{line}");
                assert_ne!(api.get(&by_token, &path).await.status, 401, "{line}");
            }
        }
        for path in ["/superuser/keys", "/superuser/registrystatus", "/messages"] {
            assert_eq!(api.get(&browsers[0], path).await.status, 200, "{path}");
        }
    })
    .await;
}

db_test!(
    async fn a_token_needs_the_scope_before_anything_else(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let small = token(t, "ann", "repo:read").await;
        let refused = (403, "Unauthorized".to_owned());
        let body = json!({ "name": "acme" });
        assert_eq!(
            api.post(&small, "/organization/", &body).await.problem(),
            refused
        );
        // Also with a body that nobody would take.
        assert_eq!(
            api.post(&small, "/organization/", &json!(5))
                .await
                .problem(),
            refused
        );
        assert_eq!(api.post(&ann, "/organization/", &body).await.status, 201);
        let admin = token(t, "ann", "org:admin").await;
        assert_eq!(
            api.post(&admin, "/organization/", &json!({ "name": "more" }))
                .await
                .problem(),
            refused
        );
        assert_eq!(
            api.delete(&small, "/organization/acme").await.problem(),
            refused
        );
        assert_eq!(api.delete(&admin, "/organization/acme").await.status, 204);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn without_anonymous_access_only_the_way_in_is_open() {
    let mut settings = Settings::default();
    settings.users.anonymous_access = false;
    with_settings(settings, async |t| {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let refused = (401, "Anonymous access is not allowed".to_owned());
        for path in [
            "/users/ann",
            "/repository?public=true",
            "/error/not_found",
            "/messages",
        ] {
            assert_eq!(error(&api.get(&Who::Nobody, path).await), refused, "{path}");
            assert_eq!(api.get(&ann, path).await.status, 200, "{path}");
        }
        for path in ["/discovery", "/registry/capabilities"] {
            assert_eq!(api.get(&Who::Nobody, path).await.status, 200, "{path}");
        }
        // Refused for what is asked, not for who asks.
        let login = json!({ "kind": "login" });
        let external = api.post(&Who::Visitor, "/externallogin/oidc", &login).await;
        assert_eq!(external.problem(), (400, "Request error.".into()));
        assert_eq!(api.get(&Who::Nobody, "/user/").await.status, 401);
        api.sign_in("ann").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_registry_takes_no_change_but_lets_people_in() {
    with_settings(Settings::default(), async |t| {
        let ann = user(t, "ann", ALL_SCOPES).await;
        let made = Api::of(t).put(&ann, "/user/robots/ci", &json!({})).await;
        assert_eq!(made.status, 201);
        let mut settings = Settings::default();
        settings.registry.read_only = true;
        let api = Api::over(&t.replica(settings));
        let refused = api
            .post(&ann, "/organization/", &json!({ "name": "acme" }))
            .await;
        assert_eq!(refused.header("retry-after"), "60");
        assert_eq!(
            refused.told(),
            (
                503,
                json!({
                    "message": "System is currently read-only. Pulls will succeed but all write \
                        operations are currently suspended.",
                    "is_readonly": true,
                })
            )
        );
        for path in ["/user/", "/user/robots", "/user/robots/ci", "/users/ann"] {
            assert_eq!(api.get(&ann, path).await.status, 200, "{path}");
        }
        let browser = api.sign_in("ann").await;
        let verified = api
            .post(&browser, "/signin/verify", &json!({ "password": PASSWORD }))
            .await;
        assert_eq!(verified.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_says_that_a_script_reads() {
    const SAYS: &str =
        "API calls must be invoked with an X-Requested-With header if called from a browser";
    let ask = async |t: &TestRegistry, agent: &str, is_script: bool| {
        let mut request = Request::get("/api/v1/error/not_found").header(header::USER_AGENT, agent);
        if is_script {
            request = request.header("X-Requested-With", "XMLHttpRequest");
        }
        let answer = Api::of(t).send(request.body(Body::empty()).unwrap()).await;
        (answer.status, answer.json()["error"].clone())
    };
    let browser = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0";
    with_settings(Settings::default(), async |t| {
        assert_eq!(ask(t, browser, false).await, (400, json!(SAYS)));
        assert_eq!(ask(t, browser, true).await, (200, Value::Null));
        for program in [
            "curl/8.5.0",
            "Go-http-client/1.1",
            "python-requests/2.32",
            "",
        ] {
            assert_eq!(
                ask(t, program, false).await,
                (200, Value::Null),
                "{program}"
            );
        }
    })
    .await;
    let mut settings = Settings::default();
    settings.api.xhr_only = false;
    with_settings(settings, async |t| {
        assert_eq!(ask(t, browser, false).await, (200, Value::Null));
    })
    .await;
}
