//! What a path means.

use axum::body::Body;
use axum::http::{Request, header};
use berth_services::Settings;
use berth_testkit::{TestRegistry, db_test, path_of};
use serde_json::json;

use crate::api::{ALL_SCOPES, Api, Who, user, with_settings};

/// A repository of an owner's.
async fn repository(t: &TestRegistry, owner: &str, path: &str) {
    let actor = t.login(owner, berth_testkit::PASSWORD).await;
    let path = path_of(path);
    t.services
        .repositories
        .create(
            &actor,
            &path.namespace,
            &path.name,
            berth_domain::Visibility::Private,
            "",
        )
        .await
        .unwrap();
}

db_test!(
    async fn both_forms_of_a_path_are_answered_directly(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        for (number, path) in ["/organization/", "/organization"].iter().enumerate() {
            let made = api
                .post(&ann, path, &json!({ "name": format!("acme{number}") }))
                .await;
            assert_eq!(made.told(), (201, json!("Created")), "{path}");
        }
        for path in [
            "/organization/acme0",
            "/organization/acme0/",
            "/user",
            "/user/",
            "/discovery/",
        ] {
            assert_eq!(api.get(&ann, path).await.status, 200, "{path}");
        }
        for path in [
            "/organization/acme0//",
            "//organization/acme0",
            "/organization//robots",
        ] {
            assert_eq!(
                api.get(&ann, path).await.problem(),
                (404, "Not Found".into()),
                "{path}"
            );
        }
    }
);

db_test!(
    async fn a_repository_is_named_with_slashes_or_as_one_escaped_segment(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        repository(t, "ann", "ann/app").await;
        repository(t, "ann", "ann/deep/er/app").await;
        for (path, name) in [
            ("/repository/ann/app", "app"),
            ("/repository/ann%2Fapp", "app"),
            ("/repository/ann%2fapp/", "app"),
            ("/repository/ann/deep/er/app", "deep/er/app"),
            ("/repository/ann%2Fdeep%2Fer%2Fapp", "deep/er/app"),
        ] {
            let answer = api.get(&ann, path).await;
            assert_eq!(
                (answer.status, &answer.json()["name"]),
                (200, &json!(name)),
                "{path}"
            );
        }
        for path in ["/repository/ann/app", "/repository/ann%2Fapp"] {
            let path = format!("{path}/changevisibility");
            let answer = api
                .post(&ann, &path, &json!({ "visibility": "public" }))
                .await;
            assert_eq!(answer.told(), (200, json!({ "success": true })), "{path}");
        }
    }
);

db_test!(
    async fn no_name_of_a_repository_is_reserved(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let name_of = async |path: &str| api.get(&ann, path).await.json()["name"].clone();
        for name in [
            "build",
            "tag",
            "changevisibility",
            "permissions",
            "a/tag",
            "a/changevisibility",
        ] {
            let body = json!({ "repository": name, "visibility": "private", "description": "" });
            assert_eq!(
                api.post(&ann, "/repository", &body).await.status,
                201,
                "{name}"
            );
            assert_eq!(
                name_of(&format!("/repository/ann/{name}")).await,
                json!(name)
            );
            let described = api
                .put(
                    &ann,
                    &format!("/repository/ann/{name}"),
                    &json!({ "description": "mine" }),
                )
                .await;
            assert_eq!(described.status, 200, "{name}: {}", described.text);
            let path = format!("/repository/ann/{name}/changevisibility");
            assert_eq!(
                api.post(&ann, &path, &json!({ "visibility": "public" }))
                    .await
                    .status,
                200
            );
        }
        // A list below a repository that is there, although its path could be a name.
        repository(t, "ann", "ann/app").await;
        let roles = api.get(&ann, "/repository/ann/app/permissions/user/").await;
        assert_eq!(roles.told(), (200, json!({ "permissions": {} })));
        // And the name, once there is such a repository and not the one above it.
        repository(t, "ann", "ann/b/permissions/user").await;
        assert_eq!(
            name_of("/repository/ann/b/permissions/user").await,
            json!("b/permissions/user")
        );
        // With both, the list; the name can be escaped.
        repository(t, "ann", "ann/b").await;
        let roles = api.get(&ann, "/repository/ann/b/permissions/user").await;
        assert_eq!(roles.told(), (200, json!({ "permissions": {} })));
        assert_eq!(
            name_of("/repository/ann%2Fb%2Fpermissions%2Fuser").await,
            json!("b/permissions/user")
        );
    }
);

db_test!(
    async fn below_a_repository_nothing_is_deleted_by_accident(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        repository(t, "ann", "ann/app").await;
        let wrong = api
            .delete(&ann, "/repository/ann/app/changevisibility")
            .await;
        assert_eq!(
            (wrong.status, wrong.header("allow")),
            (405, "OPTIONS, POST")
        );
        assert_eq!(
            wrong.json(),
            json!({ "message": "The method is not allowed for the requested URL." })
        );
        for path in [
            "/repository/ann/app/star",
            "/repository/ann/app/manifest/latest",
        ] {
            assert_eq!(
                api.delete(&ann, path).await.problem(),
                (404, "Not Found".into()),
                "{path}"
            );
        }
        let digest = "/repository/ann/app/manifest/sha256:abc";
        assert_eq!(api.delete(&ann, digest).await.status, 403);
        assert_eq!(api.get(&ann, "/repository/ann/app").await.status, 200);
        // Where nothing is above, it is as good as deleted.
        assert_eq!(
            api.delete(&ann, "/repository/ann/none/star").await.status,
            204
        );
    }
);

db_test!(
    async fn every_verb_of_a_path_is_told(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        for (path, allowed) in [
            ("/organization/acme", "DELETE, GET, HEAD, OPTIONS, PUT"),
            ("/repository", "GET, HEAD, OPTIONS, POST"),
            ("/repository/ann/app", "DELETE, GET, HEAD, OPTIONS, PUT"),
            ("/user/robots/ci/regenerate", "OPTIONS, POST"),
        ] {
            let answer = api.call(&ann, "PATCH", path, None).await;
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, allowed),
                "{path}"
            );
            let options = api.call(&Who::Nobody, "OPTIONS", path, None).await;
            assert_eq!(options.told(), (200, json!(null)), "{path}");
            assert_eq!(options.header("access-control-allow-origin"), "*");
        }
        let head = api.call(&ann, "HEAD", "/user/", None).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert_eq!(head.header("content-type"), "application/json");
        assert_eq!(
            api.call(&ann, "OPTIONS", "/nothing", None).await.status,
            404
        );
    }
);

db_test!(
    async fn a_body_that_is_no_json_is_refused_in_the_words_that_scripts_know(t: TestRegistry) {
        const NO_JSON: &str = "Did not attempt to load JSON data because the request Content-Type was not \
            'application/json'.";
        const UNREADABLE: &str =
            "The browser (or proxy) sent a request that this server could not understand.";
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let Who::Token(token) = &ann else {
            panic!("{ann:?}")
        };
        let as_json = Some("application/json");
        for (kind, body, status, message) in [
            (None, "{\"name\":\"acme\"}", 415, NO_JSON),
            (Some("text/plain"), "{\"name\":\"acme\"}", 415, NO_JSON),
            (Some("application/jsonp"), "{}", 415, NO_JSON),
            (as_json, "", 400, UNREADABLE),
            (as_json, "{", 400, UNREADABLE),
            (
                Some("application/vnd.acme+json"),
                "name=acme",
                400,
                UNREADABLE,
            ),
        ] {
            let mut request = Request::post("/api/v1/organization/")
                .header(header::AUTHORIZATION, format!("Bearer {token}"));
            if let Some(kind) = kind {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            let answer = api.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(
                answer.told(),
                (status, json!({ "message": message })),
                "{kind:?} {body}"
            );
        }
        // The whole body as null is a field of the wrong type.
        let null = api.post(&ann, "/organization/", &json!(null)).await;
        assert_eq!(
            null.problem(),
            (400, "None is not of type 'object'".to_owned())
        );
        assert_eq!(api.get(&ann, "/organization/acme").await.status, 404);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_not_there_whatever_else_its_path_offers() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.superusers_enabled = false;
    with_settings(settings, async |t| {
        let (api, root) = (Api::of(t), user(t, "root", ALL_SCOPES).await);
        let body = json!({ "message": {
            "content": "x", "media_type": "text/plain", "severity": "info",
        } });
        let absent = (404, "Not Found".to_owned());
        let made = api.post(&root, "/messages", &body).await;
        assert_eq!(made.problem(), absent);
        let deleted = api.delete(&root, "/message/x").await;
        assert_eq!(deleted.problem(), absent);
        assert_eq!(api.get(&root, "/messages").await.status, 200);
        let other = api.put(&root, "/messages", &body).await;
        assert_eq!(
            (other.status, other.header("allow")),
            (405, "GET, HEAD, OPTIONS")
        );
        let described = api.get(&Who::Nobody, "/discovery").await.text;
        assert!(!described.contains("createGlobalMessage"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nested_names_a_path_below_a_repository_is_never_a_name() {
    let mut settings = Settings::default();
    settings.push.nested_names = false;
    with_settings(settings, async |t| {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let roles = api.get(&ann, "/repository/ann/app/permissions/user/").await;
        assert_eq!(roles.problem(), (404, "Not Found".into()));
        assert_eq!(api.get(&ann, "/repository/ann/a/b").await.status, 403);
    })
    .await;
}

db_test!(
    async fn answers_carry_what_browsers_and_caches_need(t: TestRegistry) {
        let api = Api::of(t);
        let request =
            Request::get("/api/v1/nothing").header(header::ORIGIN, "https://portal.example");
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn what_asks_for_no_consent_is_for_no_page_of_another_site() {
    let mut settings = Settings::default();
    settings.users.initialize_by_api = true;
    with_settings(settings, async |t| {
        for method in ["OPTIONS", "POST", "GET"] {
            let request = Request::builder()
                .method(method)
                .uri("/api/v1/user/initialize")
                .header(header::ORIGIN, "https://evil.example");
            let answer = Api::of(t).send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_listed_origins_may_call_with_cookies() {
    let mut settings = Settings::default();
    settings.api.cors_origins = vec!["https://portal.example".into()];
    with_settings(settings, async |t| {
        let request = Request::builder()
            .method("OPTIONS")
            .uri("/api/v1/organization/")
            .header(header::ORIGIN, "https://portal.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
        let answer = Api::of(t).send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://portal.example"
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert!(
            answer
                .header("access-control-allow-headers")
                .contains("X-CSRF-Token")
        );
    })
    .await;
}
