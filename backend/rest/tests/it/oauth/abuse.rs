//! What nobody should get out of the pages of OAuth, and what the bell says of what is assigned there.

use berth_services::Settings;
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use super::{CALLBACK, application, csrf, parameter, refused, send};
use crate::api::{ALL_SCOPES, Answer, Api, Who, user};

const AUTHORIZE: &str = "/oauth/authorize";
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

/// What an application asks, with the CSRF token that the answer has to show.
fn asking<'a>(made: &'a Value, scope: &'a str, who: &'a Who) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", made["client_id"].as_str().unwrap()),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("response_type", "token"),
        ("_csrf_token", csrf(who)),
    ]
}

db_test!(
    async fn a_head_gives_no_token(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let pairs = asking(&made, "repo:read", &ann);
        assert_eq!(send(&api, &ann, CONSENT, &pairs, &[]).await.status, 302);
        let held = async || {
            let list = api.get(&ann, "/user/authorizations").await.json();
            // Beside the token of the test itself.
            list["authorizations"].as_array().unwrap().len()
        };
        let before = held().await;
        for accept in ["*/*", "text/html"] {
            let head = ("HEAD", AUTHORIZE);
            let answer = send(&api, &ann, head, &pairs, &[("accept", accept)]).await;
            assert_eq!((answer.text.as_str(), answer.header("location")), ("", ""));
            assert!(answer.status < 300 || answer.status == 404, "{answer:?}");
        }
        assert_eq!(held().await, before);
        let get = send(&api, &ann, ("GET", AUTHORIZE), &pairs, &[]).await;
        assert_eq!((get.status, held().await), (302, before + 1));
    }
);

db_test!(
    async fn no_parameter_adds_a_header_to_a_redirect(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let evil = "s\r\nSet-Cookie: planted=1\r\n\r\n<script>";
        let plain = |answer: &Answer| {
            let location = answer.header("location");
            assert!(location.starts_with("https://app.test/cb?"), "{answer:?}");
            assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
            assert!(!answer.text.contains("<script>"), "{answer:?}");
            location.to_owned()
        };
        let mut pairs = asking(&made, "repo:read", &ann);
        pairs.push(("state", evil));
        let escaped = "state=s%0D%0ASet-Cookie%3A+planted%3D1%0D%0A%0D%0A%3Cscript%3E";
        for page in [CONSENT, DENY, ("GET", AUTHORIZE)] {
            let answer = send(&api, &ann, page, &pairs, &[]).await;
            assert_eq!(answer.status, 302, "{answer:?}");
            assert!(plain(&answer).contains(escaped), "{answer:?}");
        }
        // Where a word is refused, it is not repeated.
        for name in ["scope", "response_type"] {
            let pairs: Vec<_> = asking(&made, "repo:read", &ann)
                .into_iter()
                .map(|(key, value)| (key, if key == name { evil } else { value }))
                .collect();
            let answer = send(&api, &ann, CONSENT, &pairs, &[]).await;
            assert_eq!(answer.status, 302, "{name}: {answer:?}");
            assert!(!plain(&answer).contains("planted"), "{name}: {answer:?}");
        }
    }
);

db_test!(
    async fn no_grant_but_a_code_gives_a_token_and_none_a_wider_one(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let mut pairs = asking(&made, "repo:read", &ann);
        for pair in &mut pairs {
            if pair.0 == "response_type" {
                pair.1 = "code";
            }
        }
        let consent = send(&api, &ann, CONSENT, &pairs, &[]).await;
        let code = parameter(&consent, "code");
        let exchange = async |grant: &str, scope: &str, more: &[(&str, &str)]| {
            let mut pairs = vec![
                ("grant_type", grant),
                ("client_id", made["client_id"].as_str().unwrap()),
                ("client_secret", made["client_secret"].as_str().unwrap()),
                ("redirect_uri", CALLBACK),
                ("code", &*code),
                ("scope", scope),
            ];
            pairs.extend_from_slice(more);
            send(&api, &Who::Nobody, EXCHANGE, &pairs, &[]).await
        };
        for grant in [
            "refresh_token",
            "client_credentials",
            "password",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "",
        ] {
            let more = [
                ("refresh_token", &*code),
                ("username", "ann"),
                ("password", berth_testkit::PASSWORD),
            ];
            let answer = exchange(grant, "repo:admin", &more).await;
            assert_eq!(refused(&answer), (400, "unsupported_grant_type".into()));
        }
        for wider in ["repo:admin", "repo:read user:admin", "repo:read super:user"] {
            let answer = exchange("authorization_code", wider, &[]).await;
            assert_eq!(refused(&answer), (400, "invalid_scope".into()), "{wider}");
        }
        let given = exchange("authorization_code", "repo:read", &[("scope", "org:admin")]).await;
        assert_eq!(given.status, 200, "{}", given.text);
        let token = given.json();
        assert_eq!(token["refresh_token"], Value::Null);
        let app = Who::Token(token["access_token"].as_str().unwrap().to_owned());
        // What it was given for, and nothing of the user's beyond.
        let new = json!({ "name": "more" });
        assert_eq!(api.post(&app, "/organization/", &new).await.status, 403);
        assert_eq!(api.get(&app, "/user/authorizations").await.status, 403);
        assert_eq!(
            api.get(&app, "/repository?namespace=acme").await.status,
            200
        );
    }
);

/// What the bell of a user holds that is not put away.
async fn bell(api: &Api, who: &Who) -> Vec<Value> {
    let bell = api.get(who, "/user/notifications").await.json();
    bell["notifications"].as_array().unwrap().clone()
}

db_test!(
    async fn reading_what_is_assigned_puts_the_bell_of_the_reader_away(t: TestRegistry) {
        let (api, ann, made) = signed_in(t).await;
        let mut browsers = Vec::new();
        for name in ["bob", "cleo"] {
            t.user(name).await;
            browsers.push(api.sign_in(name).await);
            let mut pairs = asking(&made, "repo:read", &ann);
            pairs.push(("username", name));
            assert_eq!(send(&api, &ann, ASSIGN, &pairs, &[]).await.status, 200);
        }
        let (bob, cleo) = (&browsers[0], &browsers[1]);
        let told = bell(&api, bob).await;
        assert_eq!(told[0]["kind"], "assigned_authorization");
        // One registry that takes no writes shows the list, and leaves the bell.
        let mut settings = Settings::default();
        settings.registry.read_only = true;
        let read_only = Api::over(&t.replica(settings));
        let path = "/user/assignedauthorization";
        let list = read_only.get(bob, path).await;
        assert_eq!(list.json()["authorizations"].as_array().unwrap().len(), 1);
        assert_eq!(bell(&api, bob).await, told);
        assert_eq!(api.get(bob, path).await.told(), list.told());
        assert!(bell(&api, bob).await.is_empty());
        assert_eq!(bell(&api, cleo).await.len(), 1, "who has read nothing");
        // It is put away and not gone, and what is assigned is there still.
        let row = format!("/user/notifications/{}", told[0]["id"].as_str().unwrap());
        assert_eq!(api.get(bob, &row).await.json()["dismissed"], true);
        assert_eq!(api.get(bob, path).await.told(), list.told());
    }
);
