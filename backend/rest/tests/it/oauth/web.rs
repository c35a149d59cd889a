//! The pages at the root of the site, as browsers, applications and scripts call them.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_services::Settings;
use berth_testkit::{PASSWORD, TestRegistry, db_test};
use serde_json::{Value, json};

use super::{CALLBACK, OWN, application, csrf, encoded, parameter, refused, send};
use crate::api::{ALL_SCOPES, Api, Who, user, with_settings};

const AUTHORIZE: (&str, &str) = ("GET", "/oauth/authorize");
const CONSENT: (&str, &str) = ("POST", "/oauth/authorizeapp");
const DENY: (&str, &str) = ("POST", "/oauth/denyapp");
const ASSIGN: (&str, &str) = ("POST", "/oauth/authorize/assignuser");
const EXCHANGE: (&str, &str) = ("POST", "/oauth/access_token");

/// A browser in which ann is signed in, and her application.
async fn signed_in(t: &TestRegistry) -> (Api, Who, Value) {
    let (api, by_token) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
    let made = application(&api, &by_token, "acme").await;
    let browser = api.sign_in("ann").await;
    (api, browser, made)
}

fn client_id(made: &Value) -> &str {
    made["client_id"].as_str().unwrap()
}

fn basic(name: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{name}:{password}"))
    )
}

/// What an application asks, with the CSRF token that the answer has to show.
fn asking<'a>(
    made: &'a Value,
    scope: &'a str,
    kind: &'a str,
    who: &'a Who,
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", client_id(made)),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("response_type", kind),
        ("state", "s&1"),
        ("_csrf_token", csrf(who)),
    ]
}

fn replaced<'a>(
    pairs: &[(&'a str, &'a str)],
    name: &str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let pairs = pairs.iter().copied();
    pairs
        .map(|(key, old)| (key, if key == name { value } else { old }))
        .collect()
}

db_test!(
    async fn a_question_in_json_a_consent_a_code_and_its_token(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let pairs = asking(&made, "repo:read user:admin", "code", &ann);
        let question = send(&api, &ann, AUTHORIZE, &pairs, &[]).await;
        assert_eq!(question.header("cache-control"), "no-store");
        let told = question.json();
        assert_eq!(told["client_id"], made["client_id"]);
        assert_eq!(told["redirect_uri"], CALLBACK);
        assert_eq!(told["scope"], "repo:read user:admin");
        assert_eq!(told["response_type"], "code");
        assert_eq!(told["state"], "s&1");
        assert_eq!(told["assignment_uuid"], Value::Null);
        assert_eq!(told["has_dangerous_scopes"], true);
        let Who::Browser { session, .. } = &ann else {
            panic!("a browser")
        };
        let shown = told["csrf_token_val"].as_str().unwrap();
        assert!(t.services.authn.csrf_matches(session, shown));
        assert_eq!(told["scopes"][0]["scope"], "repo:read");
        assert_eq!(told["application"]["name"], "viewer");
        assert_eq!(told["application"]["organization"]["name"], "acme");
        // Pictures are JSON in a text here.
        let avatar = told["application"]["avatar"].as_str().unwrap();
        let avatar: Value = serde_json::from_str(avatar).unwrap();
        assert_eq!(avatar["kind"], "app");
        let consent = send(&api, &ann, CONSENT, &pairs, &[]).await;
        assert_eq!((consent.status, consent.text.as_str()), (302, ""));
        let location = consent.header("location");
        assert!(
            location.starts_with("https://app.test/cb?code="),
            "{location}"
        );
        assert_eq!(parameter(&consent, "state"), "s%261");
        let code = parameter(&consent, "code");
        let exchange = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id(&made)),
            ("client_secret", made["client_secret"].as_str().unwrap()),
            ("redirect_uri", CALLBACK),
            ("code", &*code),
            ("scope", "repo:read user:admin"),
        ];
        for missing in ["grant_type", "client_id", "redirect_uri", "code", "scope"] {
            let pairs: Vec<_> = exchange
                .into_iter()
                .filter(|(name, _)| *name != missing)
                .collect();
            let answer = send(&api, &Who::Nobody, EXCHANGE, &pairs, &[]).await;
            assert_eq!(
                refused(&answer),
                (400, format!("Required param: {missing}"))
            );
        }
        let given = send(&api, &Who::Nobody, EXCHANGE, &exchange, &[]).await;
        assert_eq!(given.status, 200, "{}", given.text);
        assert_eq!(given.header("cache-control"), "no-store");
        let token = given.json();
        assert_eq!(
            (
                &token["token_type"],
                &token["expires_in"],
                token.get("refresh_token")
            ),
            (&json!("Bearer"), &json!(315_576_000), Some(&Value::Null))
        );
        let app = Who::Token(token["access_token"].as_str().unwrap().to_owned());
        assert_eq!(api.get(&app, "/user/").await.json()["username"], "ann");
        // The second time it is over with both.
        let again = send(&api, &Who::Nobody, EXCHANGE, &exchange, &[]).await;
        assert_eq!(refused(&again), (400, "invalid_grant".into()));
        assert_eq!(api.get(&app, "/user/").await.status, 401);
    }
);

db_test!(
    async fn an_application_may_show_itself_in_the_header_and_by_query(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let pairs = asking(&made, "repo:read", "code", &ann);
        let secret = made["client_secret"].as_str().unwrap();
        let by_header = basic(client_id(&made), secret);
        for in_query in [false, true] {
            let answer = send(&api, &ann, CONSENT, &pairs, &[]).await;
            let code = parameter(&answer, "code");
            let exchange = [
                ("grant_type", "authorization_code"),
                ("redirect_uri", CALLBACK),
                ("code", &*code),
                ("scope", "repo:read"),
            ];
            let headers = [("authorization", by_header.as_str())];
            let given = if in_query {
                let path = format!("{}?{}", EXCHANGE.1, encoded(&exchange));
                send(&api, &Who::Nobody, ("POST", &path), &[], &headers).await
            } else {
                send(&api, &Who::Nobody, EXCHANGE, &exchange, &headers).await
            };
            assert_eq!(given.status, 200, "{}", given.text);
        }
        let wrong = basic(client_id(&made), "guessed");
        let exchange = [
            ("grant_type", "authorization_code"),
            ("redirect_uri", CALLBACK),
            ("code", "x"),
            ("scope", "repo:read"),
        ];
        let headers = [("authorization", wrong.as_str())];
        let answer = send(&api, &Who::Nobody, EXCHANGE, &exchange, &headers).await;
        assert_eq!(refused(&answer), (400, "invalid_client".into()));
        let other = replaced(&exchange, "grant_type", "refresh_token");
        let answer = send(&api, &Who::Nobody, EXCHANGE, &other, &headers).await;
        assert_eq!(refused(&answer), (400, "unsupported_grant_type".into()));
    }
);

db_test!(
    async fn a_token_goes_to_the_browser_and_nobody_asks_again(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let mut pairs = asking(&made, "repo:read", "token", &ann);
        let own = format!("{OWN}/oauth/localapp");
        for address in [CALLBACK, &own] {
            pairs = replaced(&pairs, "redirect_uri", address);
            let consent = send(&api, &ann, CONSENT, &pairs, &[]).await;
            let location = consent.header("location");
            let token = parameter(&consent, "access_token");
            assert_eq!(
                location,
                format!(
                    "{address}?scope=repo%3Aread&state=s%261\
                     #access_token={token}&token_type=Bearer&expires_in=315576000"
                )
            );
            assert_eq!(token.len(), 40);
        }
        // It has been consented to, so the browser goes on at once, a page wanted or not.
        for accept in ["*/*", "text/html,application/xhtml+xml;q=0.9"] {
            let again = send(&api, &ann, AUTHORIZE, &pairs, &[("accept", accept)]).await;
            assert_eq!(again.status, 302, "{}", again.text);
            assert_eq!(parameter(&again, "access_token").len(), 40);
        }
        let more = replaced(&pairs, "scope", "repo:write");
        let asked = send(&api, &ann, AUTHORIZE, &more, &[]).await;
        assert_eq!(asked.status, 200, "more than before is asked");
    }
);

db_test!(
    async fn a_refusal_goes_back_to_the_application(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let pairs = asking(&made, "repo:read", "code", &ann);
        let denied = send(&api, &ann, DENY, &pairs, &[]).await;
        assert_eq!(denied.status, 302);
        assert_eq!(
            denied.header("location"),
            "https://app.test/cb?error=authorization_denied&state=s%261"
        );
        for (name, value, error) in [
            ("scope", "repo:fly", "invalid_scope"),
            ("response_type", "id_token", "unsupported_response_type"),
        ] {
            let answer = send(&api, &ann, CONSENT, &replaced(&pairs, name, value), &[]).await;
            assert_eq!(answer.status, 302, "{name}: {}", answer.text);
            assert_eq!(parameter(&answer, "error"), error);
        }
    }
);

db_test!(
    async fn nobody_is_redirected_to_an_address_that_was_not_checked(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let pairs = asking(&made, "repo:read", "token", &ann);
        for address in [
            "http://app.test/cb",
            "https://app.test.evil.test/cb",
            "https://app.test@evil.test/cb",
            "https://app.test/cb/../evil",
            "https://app.test/cb@evil.test",
            "https://app.test/cb/%2e%2e/evil",
            "https://app.test/cb\r\nSet-Cookie: a=b",
            "//evil.test",
            "",
        ] {
            let pairs = replaced(&pairs, "redirect_uri", address);
            for (path, query) in [(AUTHORIZE, true), (CONSENT, false), (DENY, false)] {
                let answer = send(&api, &ann, path, &pairs, &[]).await;
                let location = answer.header("location");
                if query {
                    assert_eq!(answer.status, 302, "{address:?}");
                    let own = "https://app.test/cb?error=redirect_uri_mismatch&state=s%261";
                    assert_eq!(location, own);
                } else {
                    assert_eq!(
                        refused(&answer),
                        (400, "invalid_request".into()),
                        "{address:?}"
                    );
                    assert_eq!(location, "");
                }
                assert!(!answer.headers.contains_key("set-cookie"));
            }
        }
        // Of an application that is none there is no address.
        let pairs = replaced(&pairs, "client_id", "NOBODY");
        let question = send(&api, &ann, AUTHORIZE, &pairs, &[]).await;
        assert_eq!(refused(&question), (404, "unauthorized_client".into()));
        for path in [CONSENT, DENY] {
            let answer = send(&api, &ann, path, &pairs, &[]).await;
            assert_eq!(refused(&answer), (400, "unauthorized_client".into()));
        }
    }
);

db_test!(
    async fn no_page_of_another_site_consents_denies_or_assigns(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        t.user("bob").await;
        let bob = api.sign_in("bob").await;
        let own = asking(&made, "repo:read", "token", &ann);
        for shown in ["", "guessed", csrf(&bob)] {
            let mut pairs = replaced(&own, "_csrf_token", shown);
            pairs.push(("username", "bob"));
            for path in [CONSENT, DENY, ASSIGN] {
                let answer = send(&api, &ann, path, &pairs, &[]).await;
                let error = "CSRF token was invalid or missing. (authorized: user ann)";
                assert_eq!(refused(&answer), (403, error.into()));
                assert_eq!(answer.header("location"), "");
            }
        }
        // The header does as well.
        let pairs = replaced(&own, "_csrf_token", "");
        let answer = send(&api, &ann, DENY, &pairs, &[("x-csrf-token", csrf(&ann))]).await;
        assert_eq!(answer.status, 302);
        for path in [CONSENT, DENY, ASSIGN, EXCHANGE] {
            let get = send(&api, &ann, ("GET", path.1), &own, &[]).await;
            assert_eq!(get.status, 405, "{}", path.1);
        }
        let list = api.get(&bob, "/user/assignedauthorization").await.json();
        assert_eq!(list, json!({ "authorizations": [] }));
    }
);

db_test!(
    async fn who_may_not_be_asked_is_told_so(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        t.user("eve").await;
        let eve = api.sign_in("eve").await;
        let pairs = asking(&made, "repo:read", "token", &eve);
        let question = send(&api, &eve, AUTHORIZE, &pairs, &[]).await;
        assert_eq!(refused(&question), (403, "access_denied".into()));
        let consent = send(&api, &eve, CONSENT, &pairs, &[]).await;
        assert_eq!(consent.status, 302);
        assert_eq!(parameter(&consent, "error"), "access_denied");
        let nobody = send(&api, &Who::Nobody, AUTHORIZE, &pairs, &[]).await;
        assert_eq!(nobody.status, 401);
        let visitor = asking(&made, "repo:read", "token", &Who::Visitor);
        let nobody = send(&api, &Who::Visitor, CONSENT, &visitor, &[]).await;
        assert_eq!(nobody.status, 401);
        // What an application holds lets no other in.
        let actor = t.login("ann", PASSWORD).await;
        let token = Who::Token(t.oauth_token(&actor, ALL_SCOPES).await);
        for path in [AUTHORIZE, CONSENT, DENY, ASSIGN] {
            let answer = send(&api, &token, path, &visitor, &[]).await;
            assert_eq!(answer.status, 401, "{}", path.1);
        }
        for missing in ["client_id", "redirect_uri", "scope"] {
            let all = asking(&made, "repo:read", "token", &ann);
            let pairs: Vec<_> = all
                .into_iter()
                .filter(|(name, _)| *name != missing)
                .collect();
            let answer = send(&api, &ann, AUTHORIZE, &pairs, &[]).await;
            assert_eq!(
                refused(&answer),
                (400, format!("Required param: {missing}"))
            );
        }
        let scope = asking(&made, "repo:fly", "token", &ann);
        let answer = send(&api, &ann, AUTHORIZE, &scope, &[]).await;
        assert_eq!(refused(&answer), (404, "invalid_scope".into()));
    }
);

db_test!(
    async fn a_browser_that_wants_a_page_gets_that_of_the_console(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let pairs = asking(&made, "repo:read", "token", &ann);
        let page = ("accept", "text/html");
        // Where the console is not built in, a text says so.
        let is_page = |answer: &crate::api::Answer| {
            answer.header("content-type").starts_with("text/")
                && answer.header("location").is_empty()
        };
        for who in [&ann, &Who::Nobody] {
            let answer = send(&api, who, AUTHORIZE, &pairs, &[page]).await;
            assert!(is_page(&answer), "{answer:?}");
        }
        let mut json = pairs.clone();
        json.push(("format", "json"));
        let answer = send(&api, &ann, AUTHORIZE, &json, &[page]).await;
        assert_eq!(answer.json()["scope"], "repo:read");
        let local = ("GET", "/oauth/localapp");
        let answer = send(&api, &ann, local, &[("scope", "repo:read")], &[]).await;
        assert_eq!(answer.told(), (200, json!({ "scope": "repo:read" })));
        let answer = send(&api, &ann, local, &[], &[]).await;
        assert_eq!(answer.json()["message"], "Authorization canceled");
        let answer = send(&api, &ann, local, &[("scope", "repo:read")], &[page]).await;
        assert!(is_page(&answer), "{answer:?}");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_enough_for_applications_of_the_list_alone() {
    let settings = Settings::default();
    with_settings(settings, async |t| {
        let (api, _, made) = signed_in(t).await;
        let password = basic("ann", PASSWORD);
        let headers = [("authorization", password.as_str())];
        let nobody = Who::Nobody;
        let pairs = replaced(
            &asking(&made, "repo:read", "token", &nobody),
            "_csrf_token",
            "",
        );
        // To be asked it is enough for all.
        let question = send(&api, &nobody, AUTHORIZE, &pairs, &headers).await;
        let shown = question.json()["csrf_token_val"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(question.cookie("berth_csrf"), shown);
        let answer = send(&api, &nobody, CONSENT, &pairs, &headers).await;
        let error = "CSRF token was invalid or missing. (authorized: user ann)";
        assert_eq!(refused(&answer), (403, error.into()));
        let cookie = format!("berth_csrf={shown}");
        let both = [headers[0], ("cookie", cookie.as_str())];
        let with_token = replaced(&pairs, "_csrf_token", &shown);
        let answer = send(&api, &nobody, CONSENT, &with_token, &both).await;
        assert_eq!(answer.status, 302);
        let mut settings = Settings::default();
        settings.oauth.direct_clients = vec![client_id(&made).to_owned()];
        let listed = Api::over(&t.replica(settings));
        let answer = send(&listed, &nobody, CONSENT, &pairs, &headers).await;
        assert_eq!(parameter(&answer, "access_token").len(), 40);
        let wrong = basic("ann", "wrong-password");
        let answer = send(
            &listed,
            &nobody,
            CONSENT,
            &pairs,
            &[("authorization", &*wrong)],
        )
        .await;
        assert_eq!(answer.status, 401);
        // Without a password, the list helps nobody.
        let answer = send(&listed, &Who::Visitor, CONSENT, &pairs, &[]).await;
        assert_eq!(answer.status, 403);
    })
    .await;
}

db_test!(
    async fn an_administrator_assigns_a_token_and_the_user_takes_it(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        t.user("bob").await;
        let bob = api.sign_in("bob").await;
        let mut pairs = asking(&made, "repo:create", "token", &ann);
        pairs.push(("username", "bob"));
        let assigned = send(&api, &ann, ASSIGN, &pairs, &[]).await;
        let message = json!({ "message": "Token assigned successfully" });
        assert_eq!(assigned.told(), (200, message));
        for (name, value, status) in [
            ("username", "nobody", 404),
            ("client_id", "NOBODY", 404),
            ("redirect_uri", "https://evil.test/", 400),
            ("scope", "repo:fly", 400),
        ] {
            let answer = send(&api, &ann, ASSIGN, &replaced(&pairs, name, value), &[]).await;
            assert_eq!(answer.status, status, "{name}: {}", answer.text);
        }
        let by_bob = replaced(&pairs, "_csrf_token", csrf(&bob));
        let answer = send(&api, &bob, ASSIGN, &by_bob, &[]).await;
        assert_eq!(answer.status, 403);
        let list = api.get(&bob, "/user/assignedauthorization").await.json();
        let row = &list["authorizations"][0];
        assert_eq!(row["application"]["clientId"], made["client_id"]);
        assert_eq!(row["redirectUri"], CALLBACK);
        assert_eq!(row["responseType"], "token");
        assert_eq!(row["scopes"][0]["scope"], "repo:create");
        let uuid = row["uuid"].as_str().unwrap();
        // What the form says of scopes does not count.
        let mut pairs = asking(&made, "repo:admin user:admin", "token", &bob);
        pairs.push(("assignment_uuid", uuid));
        let question = send(&api, &bob, AUTHORIZE, &pairs, &[]).await.json();
        assert_eq!(question["scope"], "repo:create");
        assert_eq!(question["assignment_uuid"], uuid);
        let consent = send(&api, &bob, CONSENT, &pairs, &[]).await;
        assert_eq!(parameter(&consent, "scope"), "repo%3Acreate");
        let again = send(&api, &bob, CONSENT, &pairs, &[]).await;
        assert_eq!(parameter(&again, "error"), "access_denied");
        let list = api.get(&bob, "/user/assignedauthorization").await.json();
        assert_eq!(list, json!({ "authorizations": [] }));
        let mut pairs = asking(&made, "repo:read", "token", &ann);
        pairs.push(("username", "bob"));
        assert_eq!(send(&api, &ann, ASSIGN, &pairs, &[]).await.status, 200);
        let list = api.get(&bob, "/user/assignedauthorization").await.json();
        let uuid = list["authorizations"][0]["uuid"].as_str().unwrap();
        let path = format!("/user/assignedauthorization/{uuid}");
        assert_eq!(
            api.delete(&ann, &path).await.problem(),
            (404, "Not Found".into())
        );
        assert_eq!(api.delete(&bob, &path).await.status, 204);
        assert_eq!(api.delete(&bob, &path).await.status, 404);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn without_the_switch_nothing_is_assigned() {
    let mut settings = Settings::default();
    settings.oauth.assignments = false;
    with_settings(settings, async |t| {
        let (api, ann, made) = signed_in(t).await;
        let mut pairs = asking(&made, "repo:read", "token", &ann);
        pairs.push(("username", "ann"));
        assert_eq!(send(&api, &ann, ASSIGN, &pairs, &[]).await.status, 404);
        let answer = api.get(&ann, "/user/assignedauthorization").await;
        assert_eq!(answer.problem(), (404, "Not Found".into()));
    })
    .await;
}

db_test!(
    async fn a_form_that_is_too_long_is_refused(t: TestRegistry) {
        let api = Api::of(t);
        let request = Request::post(EXCHANGE.1)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("x".repeat(65 * 1024)));
        assert_eq!(api.send(request.unwrap()).await.status, 400);
    }
);
