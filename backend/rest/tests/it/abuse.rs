//! Bad input and bad intent at the REST API: other sites, planted sessions, names tried out, bodies that are no
//! ordinary JSON, storms of logins.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use berth_domain::Secret;
use berth_http::origin::RequestOrigin;
use berth_services::ports::{Mailer, NotSent, OutgoingMail};
use berth_services::{Origin, Settings};
use berth_testkit::{Backend, PASSWORD, TestRegistry, db_test};
use serde_json::{Map, Value, json};

use crate::api::{ALL_SCOPES, Answer, Api, Who, user, with_settings};
use crate::descriptions::operations;

/// Sends a body as it is.
async fn send_text(api: &Api, who: &Who, method: &str, path: &str, body: String) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::CONTENT_TYPE, "application/json");
    let request = match who {
        Who::Token(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        _ => request
            .header(header::COOKIE, "berth_csrf=shown")
            .header("x-csrf-token", "shown"),
    };
    api.send(request.body(Body::from(body)).unwrap()).await
}

/// Signs in from an address.
async fn sign_in_from(api: &Api, ip: [u8; 4], name: &str, password: &str) -> Answer {
    let origin = Origin {
        ip: Some(ip.into()),
        ..Origin::default()
    };
    let body = json!({ "username": name, "password": password });
    let request = Request::post("/api/v1/signin")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, "berth_csrf=shown")
        .header("x-csrf-token", "shown")
        .extension(RequestOrigin(origin));
    api.send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

/// All that a client can tell two answers apart by.
fn seen(answer: &Answer) -> (u16, HeaderMap, String) {
    (answer.status, answer.headers.clone(), answer.text.clone())
}

db_test!(
    async fn every_change_with_cookies_wants_the_csrf_token_of_its_session(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        t.user("bob").await;
        let ann = api.sign_in("ann").await;
        let (Who::Browser { session, .. }, Who::Browser { csrf: other, .. }) =
            (&ann, api.sign_in("bob").await)
        else {
            panic!("two browsers")
        };
        let document = api
            .get(&Who::Nobody, "/discovery?internal=true")
            .await
            .json();
        let mut tried = 0;
        for (verb, template, _) in operations(&document) {
            // What makes the first user is nobody's yet.
            if verb == "get" || template.ends_with("/user/initialize") {
                continue;
            }
            let path = template.replace("/api/v1", "");
            let path = path.replace("{repository}", "acme/app");
            let path = path.replace(['{', '}'], "");
            for csrf in ["", "guessed", &other] {
                let who = Who::Browser {
                    session: session.clone(),
                    csrf: csrf.to_owned(),
                };
                let verb = verb.to_uppercase();
                let answer = api.call(&who, &verb, &path, Some(&json!({}))).await;
                let refused = "CSRF token was invalid or missing. (authorized: user ann)";
                assert_eq!(
                    answer.told(),
                    (403, json!({ "error": refused })),
                    "{verb} {path}"
                );
            }
            tried += 1;
        }
        assert!(tried > 40, "{tried}");
        assert_eq!(api.get(&ann, "/user/").await.status, 200);
    }
);

db_test!(
    async fn a_planted_session_is_not_taken_and_every_sign_in_begins_a_new_one(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        // What somebody else has put into the browser, tokens included.
        let planted = Who::Browser {
            session: "chosen-by-somebody-else".into(),
            csrf: "chosen-too".into(),
        };
        let body = json!({ "username": "ann", "password": PASSWORD });
        let browser = |answer: &Answer| Who::Browser {
            session: answer.cookie("berth_session"),
            csrf: answer.header("x-next-csrf-token").to_owned(),
        };
        let value = |who: &Who| match who {
            Who::Browser { session, csrf } => (session.clone(), csrf.clone()),
            other => panic!("{other:?}"),
        };
        let first = api.post(&planted, "/signin", &body).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let first = browser(&first);
        assert_eq!(api.get(&planted, "/user/").await.status, 401);
        // In a browser that is signed in already, and by a sign-up.
        let second = browser(&api.post(&first, "/signin", &body).await);
        let new = json!({ "username": "bob", "password": PASSWORD, "email": "bob@users.test" });
        let third = api.post(&planted, "/user/", &new).await;
        assert_eq!(third.status, 200, "{}", third.text);
        let all = [
            value(&planted),
            value(&first),
            value(&second),
            value(&browser(&third)),
        ];
        for (position, (session, csrf)) in all.iter().enumerate() {
            for (other, other_csrf) in &all[..position] {
                assert!(session != other && csrf != other_csrf, "{all:?}");
            }
        }
        assert_eq!(api.get(&planted, "/user/").await.status, 401);
        // The token of the session before is none for the next.
        let mixed = Who::Browser {
            session: value(&second).0,
            csrf: value(&first).1,
        };
        assert_eq!(api.post(&mixed, "/signout", &json!({})).await.status, 403);
    }
);

db_test!(
    async fn a_wrong_sign_in_is_answered_alike_whoever_is_named(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let gone = t.user("gone").await.user_id().unwrap();
        let services = &t.services;
        let acme = "acme".parse().unwrap();
        services
            .organizations
            .create(&ann, &acme, None)
            .await
            .unwrap();
        let superuser = &services.superuser;
        let id = ann.user_id().unwrap();
        let email = "ann@users.test".parse().unwrap();
        superuser.change_email(&root, id, &email).await.unwrap();
        superuser.set_enabled(&root, gone, false).await.unwrap();
        let api = Api::of(t);
        let expected = seen(&sign_in_from(&api, [10, 0, 0, 1], "nobody", "wrong-password").await);
        assert_eq!(expected.0, 403);
        for (number, name) in [
            "ann",
            "ann@users.test",
            "nobody@users.test",
            "gone",
            "acme",
            "acme+ci",
            "root",
            "$app",
            "$oauthtoken",
            "",
            "not a name",
        ]
        .into_iter()
        .enumerate()
        {
            let ip = [10, 0, 1, u8::try_from(number).unwrap()];
            let answer = sign_in_from(&api, ip, name, "wrong-password").await;
            assert_eq!(seen(&answer), expected, "{name}");
        }
    }
);

/// Takes every mail.
struct Silent;

#[async_trait]
impl Mailer for Silent {
    async fn send(&self, _: &OutgoingMail) -> Result<(), NotSent> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_password_is_asked_for_alike_whoever_has_the_address() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mailer: Arc<dyn Mailer> = Arc::new(Silent);
        let settings = Settings::default();
        let Some(t) = TestRegistry::mailing(backend, settings, Some(mailer)).await else {
            continue;
        };
        let authn = &t.services.authn;
        for name in ["ann", "gone"] {
            let (local, email) = (authn.local(), format!("{name}@users.test"));
            let password = Secret::from(PASSWORD);
            let made = authn.create_user(&local, name, Some(&email), &password, false);
            made.await.unwrap();
        }
        let gone = t.login("gone", PASSWORD).await.user_id().unwrap();
        t.db()
            .write(async |tx| berth_store::users::set_enabled(tx, gone, false).await)
            .await
            .unwrap();
        let api = Api::of(&t);
        let ask = async |address: &str| {
            let body = json!({ "email": address });
            api.post(&Who::Visitor, "/recovery", &body).await
        };
        let expected = seen(&ask("nobody@users.test").await);
        assert_eq!(expected.2.trim_end(), "{\"status\":\"sent\"}");
        for address in ["ann@users.test", "ANN@users.test", "gone@users.test", "a@b"] {
            assert_eq!(seen(&ask(address).await), expected, "{address}");
        }
        // Nor does the wait tell: it is of who asks.
        let mut waits = Vec::new();
        for address in ["ann@users.test", "nobody@users.test"] {
            let mut statuses = Vec::new();
            for _ in 0..14 {
                statuses.push(ask(address).await.status);
            }
            waits.push(statuses.contains(&429));
            t.clock.advance(Duration::from_hours(2));
        }
        assert_eq!(waits, [true, true]);
        t.close().await;
    }
}

db_test!(
    async fn ten_megabytes_of_json_are_refused_and_change_nothing(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let long = "x".repeat(10 << 20);
        for (who, method, path, field) in [
            (&Who::Visitor, "POST", "/signin", "password"),
            (&Who::Visitor, "POST", "/user/", "username"),
            (&ann, "POST", "/organization/", "name"),
            (&ann, "PUT", "/user/", "company"),
            (&ann, "PUT", "/user/robots/ci", "description"),
        ] {
            for more in [
                format!("\"{field}\":\"{long}\""),
                format!("\"more\":[\"{long}\"]"),
            ] {
                let named =
                    format!("\"name\":\"acme\",\"username\":\"bob\",\"password\":\"{PASSWORD}\"");
                let body = format!("{{{named},{more}}}");
                let answer = send_text(&api, who, method, path, body).await;
                assert_eq!(answer.status, 400, "{path}: {:.200}", answer.text);
                assert_eq!(answer.header("content-type"), "application/json");
                assert!(answer.text.len() < 1000, "{path}: {:.200}", answer.text);
            }
        }
        assert_eq!(api.get(&ann, "/organization/acme").await.status, 404);
        assert_eq!(api.get(&ann, "/users/bob").await.status, 404);
        let robots = api.get(&ann, "/user/robots").await.json();
        assert_eq!(robots, json!({ "robots": [] }));
    }
);

db_test!(
    async fn json_that_is_deeper_than_any_form_is_refused(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for depth in [200, 100_000] {
                let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                for body in [
                    nested.clone(),
                    format!("{{\"name\":\"acme\",\"more\":{nested}}}"),
                    format!("{{\"name\":{nested}}}"),
                ] {
                    let answer = send_text(&api, &ann, "POST", "/organization/", body).await;
                    assert_eq!(answer.status, 400, "{open} {depth}: {}", answer.text);
                    assert!(answer.text.len() < 1000, "{:.200}", answer.text);
                }
            }
        }
        assert_eq!(api.get(&ann, "/organization/acme").await.status, 404);
    }
);

db_test!(
    async fn of_a_key_that_is_there_twice_the_last_counts_for_check_and_work(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let ask = async |body: &str| {
            send_text(&api, &ann, "POST", "/organization/", body.to_owned()).await
        };
        let made = ask("{\"name\":\"first\",\"name\":\"last\"}").await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(api.get(&ann, "/organization/last").await.status, 200);
        assert_eq!(api.get(&ann, "/organization/first").await.status, 404);
        // No first one gets past the check in front of it, and none behind it either.
        let refused = ask("{\"name\":\"good\",\"name\":5}").await;
        assert_eq!(refused.problem(), (400, "5 is not of type 'string'".into()));
        let refused = ask("{\"name\":\"good\",\"name\":\"No Name\"}").await;
        assert_eq!(refused.status, 400);
        let made = ask("{\"name\":5,\"name\":\"next\"}").await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(api.get(&ann, "/organization/good").await.status, 404);
    }
);

db_test!(
    async fn user_names_in_odd_unicode_are_nobodys(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        for (number, name) in [
            "\u{430}nn",
            "\u{ff41}nn",
            "ann\u{200b}",
            "ann\u{1}",
            "\u{202e}nna",
            "ANN",
            "ann\r\nSet-Cookie: a=b",
        ]
        .into_iter()
        .enumerate()
        {
            let ip = [10, 0, 2, u8::try_from(number).unwrap()];
            let answer = sign_in_from(&api, ip, name, PASSWORD).await;
            assert_eq!(answer.status, 403, "{name:?}: {}", answer.text);
            assert!(answer.headers.get(header::SET_COOKIE).is_none());
            let new = json!({ "username": name, "password": PASSWORD });
            let answer = api.post(&Who::Visitor, "/user/", &new).await;
            assert_eq!(answer.status, 400, "{name:?}: {}", answer.text);
            assert!(answer.problem().1.starts_with("Invalid namespace "));
            t.clock.advance(Duration::from_mins(6));
            let mut path = "/users/".to_owned();
            for byte in name.bytes() {
                write!(path, "%{byte:02x}").unwrap();
            }
            assert_eq!(api.get(&ann, &path).await.status, 404, "{name:?}");
        }
        let own = api.get(&ann, "/users/ann").await;
        assert_eq!(own.json()["username"], "ann");
    }
);

/// A body of the shape that an operation asks for, with the character NUL in every text.
fn with_nul(document: &Value, operation: &Value) -> Option<Value> {
    let parameters = operation["parameters"].as_array()?;
    let body = parameters.iter().find(|it| it["in"] == "body")?;
    let reference = body["schema"]["$ref"].as_str()?.strip_prefix('#')?;
    let properties = document.pointer(reference)?["properties"].as_object()?;
    let value = |property: &Value| match property["type"].as_str().unwrap_or_default() {
        "string" => property["enum"].get(0).cloned().unwrap_or("a\0b".into()),
        "boolean" => true.into(),
        "integer" => 1.into(),
        _ => json!({ "a\0b": "a\0b" }),
    };
    let fields = properties.iter();
    let fields = fields.map(|(name, property)| (name.clone(), value(property)));
    Some(fields.collect::<Map<_, _>>().into())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_character_nul_names_nothing_and_is_no_fault_of_ours() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.superusers_full_access = true;
    with_settings(settings, async |t| {
        let (api, root) = (Api::of(t), user(t, "root", ALL_SCOPES).await);
        let document = api.get(&Who::Nobody, "/discovery?internal=true").await;
        let document = document.json();
        let (mut tried, mut named_nul) = (0, 0);
        for (verb, template, operation) in operations(&document) {
            let verb = verb.to_uppercase();
            let template = template.replace("/api/v1", "");
            let template = template.replace("{repository}", "root/{repository}");
            let named = |path: &str| path.replace(['{', '}'], "");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let (path, status) = match parameter["in"].as_str() {
                    Some("path") => (template.replace(&format!("{{{name}}}"), "a%00b"), 404),
                    Some("query") if parameter["type"] == "string" => {
                        (format!("{template}?{name}=a%00b"), 400)
                    }
                    _ => continue,
                };
                let path = named(&path);
                let answer = api.call(&root, &verb, &path, None).await;
                assert_eq!(answer.status, status, "{verb} {path}: {}", answer.text);
                tried += 1;
            }
            if let Some(body) = with_nul(&document, &operation) {
                let path = named(&template);
                let answer = api.call(&root, &verb, &path, Some(&body)).await;
                let has_nul = body.to_string().contains("\\u0000");
                assert!(
                    answer.status == 400 || (!has_nul && answer.status < 500),
                    "{verb} {path}: {} {}",
                    answer.status,
                    answer.text
                );
                named_nul += usize::from(answer.text.contains("character NUL"));
                tried += 1;
            }
        }
        assert!(tried > 80, "{tried}");
        assert!(named_nul > 20, "{named_nul}");
        // In a text of any field, on both databases alike.
        let message = json!({ "message": {
            "content": "a\0b", "media_type": "text/plain", "severity": "info",
        } });
        let refused = api.post(&root, "/messages", &message).await;
        let says = "'message' holds the character NUL, which is not kept here";
        assert_eq!(refused.problem(), (400, says.into()));
        let told = api.get(&Who::Nobody, "/repository?namespace=%00").await;
        assert_eq!(told.status, 400, "{}", told.text);
    })
    .await;
}

db_test!(
    async fn a_storm_of_logins_waits_as_it_is_told_and_the_owner_elsewhere_does_not(
        t: TestRegistry,
    ) {
        let api = Api::of(t);
        t.user("ann").await;
        let (storm, home) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        let mut last = 0;
        for _ in 0..12 {
            let answer = sign_in_from(&api, storm, "ann", "wrong-password").await;
            if answer.status == 429 {
                let wait: u64 = answer.header("retry-after").parse().unwrap();
                assert!(
                    (1..=300).contains(&wait) && wait >= last,
                    "{wait} after {last}"
                );
                last = wait;
                // Not even the right password, and nothing says that it is.
                let right = sign_in_from(&api, storm, "ann", PASSWORD).await;
                assert_eq!(seen(&right), seen(&answer));
                t.clock.advance(Duration::from_secs(wait));
            } else {
                assert_eq!(answer.status, 403, "{}", answer.text);
            }
            assert_eq!(sign_in_from(&api, home, "ann", PASSWORD).await.status, 200);
        }
        assert!(last > 1, "the wait grows: {last}");
        // Who waits as long as it was told gets in.
        let mut right = sign_in_from(&api, storm, "ann", PASSWORD).await;
        if right.status == 429 {
            let wait: u64 = right.header("retry-after").parse().unwrap();
            t.clock.advance(Duration::from_secs(wait));
            right = sign_in_from(&api, storm, "ann", PASSWORD).await;
        }
        assert_eq!(right.status, 200, "{}", right.text);
    }
);

db_test!(
    async fn a_sign_up_tells_of_a_taken_name_only_as_often_as_one_may_ask(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let new = json!({ "username": "ann", "password": PASSWORD });
        let mut told = Vec::new();
        for _ in 0..30 {
            told.push(api.post(&Who::Visitor, "/user/", &new).await.status);
        }
        let answers = told.iter().filter(|status| **status == 400).count();
        assert!((1..=12).contains(&answers), "{told:?}");
        assert_eq!(told.last(), Some(&429), "{told:?}");
    }
);

db_test!(
    async fn a_refusal_is_short_however_long_the_name_was(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let long = "x".repeat(500_000);
        for (method, path, body) in [
            ("POST", "/organization/", json!({ "name": long })),
            (
                "POST",
                "/user/",
                json!({ "username": long, "password": PASSWORD }),
            ),
            ("PUT", "/user/", json!({ "email": long })),
            (
                "POST",
                "/repository",
                json!({
                    "namespace": "ann", "repository": long, "visibility": "public", "description": "",
                }),
            ),
        ] {
            let answer = send_text(&api, &ann, method, path, body.to_string()).await;
            assert_eq!(answer.status, 400, "{path}: {:.200}", answer.text);
            assert!(answer.text.len() < 2000, "{path}: {}", answer.text.len());
        }
    }
);

db_test!(
    async fn no_address_that_somebody_gives_is_fetched(t: TestRegistry) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let picture = format!("![picture]({address}/picture.png)");
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let made = api
            .post(&ann, "/organization/", &json!({ "name": "acme" }))
            .await;
        assert_eq!(made.status, 201);
        let application = json!({
            "name": "app", "application_uri": address, "redirect_uri": address, "description": picture,
            "avatar_email": "ann@users.test",
        });
        let made = api
            .post(&ann, "/organization/acme/applications", &application)
            .await;
        assert_eq!(made.status, 200, "{}", made.text);
        let client_id = made.json()["client_id"].as_str().unwrap().to_owned();
        let robot = json!({ "description": picture, "unstructured_metadata": { "link": address } });
        let made = api.put(&ann, "/organization/acme/robots/ci", &robot).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let repository = json!({
            "namespace": "acme", "repository": "app", "visibility": "public", "description": picture,
        });
        let made = api.post(&ann, "/repository", &repository).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let browser = api.sign_in("ann").await;
        let told = api.get(&browser, &format!("/app/{client_id}")).await;
        assert_eq!(told.json()["uri"], json!(address));
        assert_eq!(api.get(&browser, "/repository/acme/app").await.status, 200);
        // The browser goes there by itself, and the application comes with the code.
        let Who::Browser { session, csrf } = &browser else {
            panic!("{browser:?}")
        };
        let back = format!("{address}/back");
        let form = [
            ("client_id", client_id.as_str()),
            ("redirect_uri", back.as_str()),
            ("scope", "repo:read"),
            ("response_type", "code"),
            ("_csrf_token", csrf.as_str()),
        ];
        let form = serde_urlencoded::to_string(form).unwrap();
        let consent = Request::post("/oauth/authorizeapp")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(
                header::COOKIE,
                format!("berth_session={session}; berth_csrf={csrf}"),
            );
        let consented = api.send(consent.body(Body::from(form)).unwrap()).await;
        assert_eq!(consented.status, 302, "{}", consented.text);
        assert!(consented.header("location").starts_with(&address));
        let knocked = listener.accept().map(|(_, from)| from).unwrap_err();
        assert_eq!(knocked.kind(), std::io::ErrorKind::WouldBlock);
    }
);
