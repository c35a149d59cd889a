//! What tools look for at the root of the site, and the capabilities.

use axum::body::Body;
use axum::http::{Request, header};
use berth_services::Settings;
use berth_services::settings::AvatarKind;
use berth_testkit::{PASSWORD, db_test};
use serde_json::json;

use crate::api::{ALL_SCOPES, Answer, Api, Who, user, with_settings};

async fn get(api: &Api, path: &str) -> Answer {
    api.send(Request::get(path).body(Body::empty()).unwrap())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_that_clients_go_by_are_told_to_everybody() {
    let mut settings = Settings::default();
    settings.registry.hostname = Some("reg.example".into());
    settings.registry.scheme = "https".into();
    settings.registry.title = "Harbour".into();
    settings.registry.read_only = true;
    settings.registry.avatars = AvatarKind::Gravatar;
    settings.users.anonymous_access = false;
    settings.users.rename = true;
    with_settings(settings, async |t| {
        let (status, told) = get(&Api::of(t), "/config").await.told();
        assert_eq!(status, 200);
        assert_eq!(
            told["config"],
            json!({
                "AUTHENTICATION_TYPE": "Database",
                "AVATAR_KIND": "gravatar",
                "FEATURE_ASSIGN_OAUTH_TOKEN": true,
                "LOCAL_OAUTH_HANDLER": "/oauth/localapp",
                "PREFERRED_URL_SCHEME": "https",
                "REGISTRY_TITLE": "Harbour",
                "SERVER_HOSTNAME": "reg.example",
                "TAG_EXPIRATION_OPTIONS": ["0s", "1d", "1w", "2w", "4w"],
            })
        );
        for (feature, is_on) in [
            ("ANONYMOUS_ACCESS", false),
            ("USER_RENAME", true),
            ("USER_METADATA", false),
            ("SUPER_USERS", true),
            // What there is not.
            ("QUOTA_MANAGEMENT", false),
            ("SECURITY_SCANNER", false),
        ] {
            assert_eq!(told["features"][feature], json!(is_on), "{feature}");
        }
        for (key, value) in [
            ("oauth", json!({})),
            ("external_login", json!([])),
            ("registry_state", json!("readonly")),
            ("account_recovery_mode", json!(false)),
            ("version_number", json!(env!("CARGO_PKG_VERSION"))),
        ] {
            assert_eq!(told[key], value, "{key}");
        }
    })
    .await;
}

db_test!(
    async fn a_ping_is_answered(t: TestRegistry) {
        let ping = get(&Api::of(t), "/_internal_ping").await;
        assert_eq!((ping.status, ping.text.as_str()), (200, "true"));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn tools_find_the_page_of_an_image() {
    let mut settings = Settings::default();
    settings.registry.hostname = Some("reg.example:8443".into());
    settings.registry.scheme = "https".into();
    with_settings(settings, async |t| {
        let told = get(&Api::of(t), "/.well-known/app-capabilities").await;
        assert_eq!(told.header("content-type"), "application/json");
        let page = "https://reg.example:8443/repository/{namespace}/{reponame}/tag/{tag}";
        assert_eq!(
            told.json(),
            json!({
                "appName": "io.quay",
                "capabilities": { "io.quay.view-image": { "url-template": page } },
            })
        );
    })
    .await;
}

db_test!(
    async fn a_keeper_of_passwords_finds_the_page_that_changes_one(t: TestRegistry) {
        let api = Api::of(t);
        t.user("ann").await;
        let Who::Browser { session, .. } = api.sign_in("ann").await else {
            panic!("a browser")
        };
        let place = async |session: &str| {
            let request = Request::get("/.well-known/change-password")
                .header(header::COOKIE, format!("berth_session={session}"));
            let answer = api.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 302);
            answer.header("location").to_owned()
        };
        assert_eq!(place(&session).await, "/user/ann?tab=Settings");
        assert_eq!(place("ended").await, "/signin");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn capabilities_follow_the_configuration() {
    for sparse in [false, true] {
        let mut settings = Settings::default();
        settings.push.sparse_index = sparse;
        with_settings(settings, async |t| {
            let told = Api::of(t).get(&Who::Nobody, "/registry/capabilities").await;
            assert_eq!(
                told.told(),
                (
                    200,
                    json!({
                        "sparse_manifests": {
                            "supported": sparse,
                            "required_architectures": [],
                            "optional_architectures_allowed": sparse,
                        },
                        "mirror_architectures": [],
                    })
                )
            );
        })
        .await;
    }
}

db_test!(
    async fn no_service_signs_users_in_and_none_is_attached(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let mut settings = Settings::default();
        settings.registry.read_only = true;
        let read_only = Api::over(&t.replica(settings));
        let (path, body) = ("/externallogin/oidc", json!({ "kind": "login" }));
        for api in [&api, &read_only] {
            let unknown = api.post(&Who::Visitor, path, &body).await;
            assert_eq!(unknown.problem(), (400, "Request error.".into()));
        }
        let other = json!({ "kind": "enter" });
        let says = "'enter' is not one of ['login', 'attach', 'cli']";
        let refused = api.post(&Who::Visitor, path, &other).await;
        assert_eq!(refused.problem(), (400, says.into()));
        let path = "/detachexternal/oidc";
        let detached = api.post(&ann, path, &json!({})).await;
        assert_eq!(detached.told(), (200, json!({ "success": true })));
        // The password still lets in.
        t.login("ann", PASSWORD).await;
        let nobody = api.post(&Who::Visitor, path, &json!({})).await;
        assert_eq!(nobody.problem(), (401, "Requires authentication".into()));
        let refused = read_only.post(&ann, path, &json!({})).await;
        assert_eq!(refused.status, 503);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_detached_where_passwords_let_nobody_in() {
    let mut settings = Settings::default();
    settings.users.direct_login = false;
    with_settings(settings, async |t| {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let answer = api.post(&ann, "/detachexternal/oidc", &json!({})).await;
        assert_eq!(answer.problem(), (404, "Not Found".into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_those_of_gravatar_where_it_is_asked_for_them() {
    for (kind, hash, color) in [
        (
            AvatarKind::Local,
            "84059b07d4be67b806386c0aad8070a23f18836bbaae342275dc0a83414c32ee",
            "#2ca02c",
        ),
        (
            AvatarKind::Gravatar,
            "0bc83cb571cd1c50ba6f3e8a78ef1346",
            "#c49c94",
        ),
    ] {
        let mut settings = Settings::default();
        settings.registry.avatars = kind;
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        with_settings(settings, async |t| {
            let api = Api::of(t);
            let root = user(t, "root", ALL_SCOPES).await;
            let email = " MyEmailAddress@example.com ";
            let new = json!({ "username": "ann", "email": email.trim() });
            let made = api.post(&root, "/superuser/users/", &new).await;
            assert_eq!(made.status, 200, "{}", made.text);
            let new = json!({ "name": "acme" });
            let made = api.post(&root, "/organization/", &new).await;
            assert_eq!(made.status, 201, "{}", made.text);
            let new = json!({ "name": "app", "avatar_email": email });
            let path = "/organization/acme/applications";
            let made = api.post(&root, path, &new).await.json();
            let client_id = made["client_id"].as_str().unwrap();
            for path in [
                "/users/ann".to_owned(),
                "/superuser/users/ann".to_owned(),
                format!("/app/{client_id}"),
            ] {
                let picture = api.get(&root, &path).await.json()["avatar"].clone();
                assert_eq!(picture["hash"], json!(hash), "{path}");
                assert_eq!(picture["color"], json!(color), "{path}");
            }
            // Without an address nobody can tell what it is made from, and it is as long.
            let other = api.get(&root, "/organization/acme").await.json();
            let other = other["avatar"]["hash"].as_str().unwrap().to_owned();
            assert!(other != hash && other.len() == hash.len(), "{other}");
        })
        .await;
    }
}
