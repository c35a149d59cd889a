//! Robots of organizations and users.

use berth_domain::TeamRole;
use berth_services::{Origin, Settings};
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, user, with_settings};
use crate::organizations::join;

const UNKNOWN: &str = "Could not find robot with specified username";

async fn with_organization(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
    let made = api
        .post(&ann, "/organization/", &json!({ "name": "acme" }))
        .await;
    assert_eq!(made.status, 201);
    (api, ann)
}

/// Whether a robot logs in with what an answer told.
async fn logs_in(t: &TestRegistry, robot: &Value) -> bool {
    let name = robot["name"].as_str().unwrap();
    let token = robot["token"].as_str().unwrap().into();
    t.services
        .authn
        .basic(name, &token, Origin::default())
        .await
        .is_ok()
}

db_test!(
    async fn a_robot_lives_from_put_to_delete_in_both_trees(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        for (tree, namespace) in [
            ("/organization/acme/robots", "acme"),
            ("/user/robots", "ann"),
        ] {
            let one = format!("{tree}/ci-1");
            let body = json!({ "description": "Builds", "unstructured_metadata": {} });
            let made = api.put(&ann, &one, &body).await;
            assert_eq!(
                (made.status, &made.json()["unstructured_metadata"]),
                (201, &json!({}))
            );
            let made = made.json();
            assert_eq!(made["name"], json!(format!("{namespace}+ci-1")));
            assert!(logs_in(t, &made).await);
            let got = api.get(&ann, &one).await.json();
            assert_eq!(
                (
                    &got["token"],
                    &got["description"],
                    &got["unstructured_metadata"]
                ),
                (&made["token"], &json!("Builds"), &json!({}))
            );
            assert!(got["last_accessed"].is_string());
            let list = api.get(&ann, tree).await.json();
            let mut listed = got.clone();
            listed
                .as_object_mut()
                .unwrap()
                .remove("unstructured_metadata");
            assert_eq!(list, json!({ "robots": [listed] }));
            let renewed = api
                .post(&ann, &format!("{one}/regenerate"), &json!({}))
                .await;
            assert_eq!(renewed.status, 200);
            let renewed = renewed.json();
            assert!(renewed.get("unstructured_metadata").is_none());
            assert!(logs_in(t, &renewed).await && !logs_in(t, &made).await);
            let again = api.put(&ann, &one, &body).await;
            let says = format!("Existing robot with name: {namespace}+ci-1");
            assert_eq!(again.problem(), (400, says));
            assert_eq!(api.delete(&ann, &one).await.status, 204);
            assert!(!logs_in(t, &renewed).await);
            let unknown = (400, json!({ "message": UNKNOWN }));
            assert_eq!(api.get(&ann, &one).await.told(), unknown);
            assert_eq!(api.delete(&ann, &one).await.told(), unknown);
            assert_eq!(
                api.post(&ann, &format!("{one}/regenerate"), &json!({}))
                    .await
                    .told(),
                unknown
            );
            assert_eq!(
                api.get(&ann, &format!("{tree}/No%2BName")).await.told(),
                unknown
            );
        }
    }
);

db_test!(
    async fn a_robot_is_made_without_a_body_or_with_one_of_any_type(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        let made = api.call(&ann, "PUT", "/user/robots/ci", None).await;
        let made_by = made.json();
        assert_eq!((made.status, &made_by["description"]), (201, &json!("")));
        assert_eq!(made_by["unstructured_metadata"], Value::Null);
        let null = api.put(&ann, "/user/robots/r1", &Value::Null).await;
        assert_eq!(null.status, 201, "{}", null.text);
        for (short, body, says) in [
        ("r2", json!({ "description": 5 }), "5 is not of type 'string'".to_owned()),
        ("r2", json!({ "unstructured_metadata": { "a": "x".repeat(16 * 1024) } }), "metadata has at most 16384 bytes of JSON, this has 16392".to_owned()),
        (
            "Ci",
            json!({}),
            "The name for the robot 'Ci' is invalid: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$".to_owned(),
        ),
    ] {
        let answer = api.put(&ann, &format!("/user/robots/{short}"), &body).await;
        assert_eq!(answer.problem(), (400, says), "{body}");
    }
        let long = json!({ "description": "x".repeat(256) });
        let (status, says) = api.put(&ann, "/user/robots/r2", &long).await.problem();
        assert!(status == 400 && says.ends_with(" is too long"), "{says}");
    }
);

db_test!(
    async fn a_list_shows_tokens_to_administrators_who_want_them(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        for short in ["r1", "r2", "r3"] {
            api.put(
                &ann,
                &format!("/organization/acme/robots/{short}"),
                &json!({}),
            )
            .await;
        }
        let mia = user(t, "mia", ALL_SCOPES).await;
        join(t, "acme", "mia", TeamRole::Member).await;
        let list = async |who: &Who, query: &str| {
            let answer = api
                .get(who, &format!("/organization/acme/robots{query}"))
                .await;
            let robots = answer.json()["robots"].as_array().unwrap().clone();
            let with_token = robots
                .iter()
                .filter(|robot| robot.get("token").is_some())
                .count();
            (robots.len(), with_token)
        };
        assert_eq!(list(&ann, "").await, (3, 3));
        assert_eq!(list(&ann, "?token=false").await, (3, 0));
        assert_eq!(list(&ann, "?limit=2").await, (2, 2));
        assert_eq!(list(&mia, "").await, (3, 0));
        let bad = api.get(&ann, "/organization/acme/robots?limit=x").await;
        assert_eq!(
            bad.told(),
            (
                400,
                json!({ "message": { "limit": "If specified, the number of robots to return." } })
            )
        );
    }
);

db_test!(
    async fn who_does_not_administer_the_namespace_learns_nothing_of_its_robots(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        api.put(&ann, "/organization/acme/robots/ci", &json!({}))
            .await;
        let (mia, eve) = (
            user(t, "mia", ALL_SCOPES).await,
            user(t, "eve", ALL_SCOPES).await,
        );
        join(t, "acme", "mia", TeamRole::Creator).await;
        let refused = (403, "Unauthorized".to_owned());
        for who in [&mia, &eve] {
            for robot in ["ci", "none"] {
                for organization in ["acme", "none"] {
                    let one = format!("/organization/{organization}/robots/{robot}");
                    assert_eq!(api.get(who, &one).await.problem(), refused, "{one}");
                    assert_eq!(api.delete(who, &one).await.problem(), refused, "{one}");
                    assert_eq!(
                        api.put(who, &one, &json!({})).await.problem(),
                        refused,
                        "{one}"
                    );
                    let renew = format!("{one}/regenerate");
                    assert_eq!(
                        api.post(who, &renew, &json!({})).await.problem(),
                        refused,
                        "{one}"
                    );
                }
            }
        }
        assert_eq!(
            api.get(&eve, "/organization/acme/robots").await.problem(),
            refused
        );
        // Of users too: the namespace of one is no organization of another.
        assert_eq!(
            api.get(&eve, "/organization/ann/robots").await.problem(),
            refused
        );
        assert_eq!(
            api.get(&ann, "/organization/acme/robots/ci").await.status,
            200
        );
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_everything_and_changes_nothing_reads_robots_without_tokens() {
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    with_settings(settings, async |t| {
        let (api, ann) = with_organization(t).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let path = "/organization/acme/robots/ci";
        let made = api.put(&ann, path, &json!({})).await.json();
        let list = api.get(&auditor, "/organization/acme/robots").await.json();
        assert_eq!(list["robots"][0]["name"], json!("acme+ci"));
        for robot in [&list["robots"][0], &api.get(&auditor, path).await.json()] {
            assert_eq!(robot["name"], json!("acme+ci"));
            assert!(robot.get("token").is_none(), "{robot}");
        }
        let unknown = api.get(&auditor, "/organization/acme/robots/cd").await;
        assert_eq!(unknown.told(), (400, json!({ "message": UNKNOWN })));
        let again = format!("{path}/regenerate");
        for answer in [
            api.post(&auditor, &again, &json!({})).await,
            api.put(&auditor, "/organization/acme/robots/cd", &json!({}))
                .await,
            api.delete(&auditor, path).await,
        ] {
            assert_eq!(answer.problem(), (403, "Unauthorized".into()));
        }
        assert!(logs_in(t, &made).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_no_organization_with_robots() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    settings.users.superusers_full_access = true;
    with_settings(settings, async |t| {
        let api = Api::of(t);
        let ann = user(t, "ann", ALL_SCOPES).await;
        let root = user(t, "root", ALL_SCOPES).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let made = api.put(&ann, "/user/robots/ci", &json!({})).await.json();
        for who in [&Who::Nobody, &ann, &root, &auditor] {
            for (method, path) in [
                ("GET", "robots"),
                ("GET", "robots/ci"),
                ("PUT", "robots/cd"),
                ("POST", "robots/ci/regenerate"),
                ("DELETE", "robots/ci"),
            ] {
                let ask = async |name: &str| {
                    let path = format!("/organization/{name}/{path}");
                    let answer = api.call(who, method, &path, None).await;
                    (answer.status, answer.text.replace(name, "NAME"))
                };
                let absent = ask("no-such-name").await;
                assert_eq!(ask("ann").await, absent, "{who:?} {method} {path}");
            }
        }
        let list = api.get(&root, "/organization/ann/robots").await;
        assert_eq!(list.problem(), (404, "Not Found".into()));
        let list = api.get(&ann, "/organization/ann/robots").await;
        assert_eq!(list.problem(), (403, "Unauthorized".into()));
        let own = api.get(&ann, "/user/robots").await.json();
        assert_eq!(own["robots"].as_array().unwrap().len(), 1);
        assert!(logs_in(t, &made).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_robots_are_switched_off_none_is_made() {
    let mut settings = Settings::default();
    settings.robots.disallowed = true;
    with_settings(settings, async |t| {
        let (api, ann) = with_organization(t).await;
        let says = "Robot accounts have been disabled. Please contact your administrator.";
        for path in ["/user/robots/ci", "/organization/acme/robots/ci"] {
            let answer = api.put(&ann, path, &json!({})).await;
            assert_eq!(answer.problem(), (400, says.into()), "{path}");
        }
    })
    .await;
}

db_test!(
    async fn a_robot_keeps_its_metadata(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        let metadata = json!({ "owner": "build", "tags": ["a", { "b": null }], "n": 1.5 });
        for tree in ["/organization/acme/robots", "/user/robots"] {
            let one = format!("{tree}/ci");
            let body = json!({ "description": "Builds", "unstructured_metadata": metadata });
            let made = api.put(&ann, &one, &body).await;
            assert_eq!(made.status, 201, "{}", made.text);
            assert_eq!(made.json()["unstructured_metadata"], metadata);
            let got = api.get(&ann, &one).await.json();
            assert_eq!(got["unstructured_metadata"], metadata);
        }
    }
);

db_test!(
    async fn what_a_robot_may_do_is_told_to_administrators(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        let eve = user(t, "eve", ALL_SCOPES).await;
        let mia = user(t, "mia", ALL_SCOPES).await;
        join(t, "acme", "mia", TeamRole::Member).await;
        let robots = "/organization/acme/robots";
        for robot in ["ci", "idle"] {
            let made = api
                .put(&ann, &format!("{robots}/{robot}"), &json!({}))
                .await;
            assert_eq!(made.status, 201);
        }
        let team = json!({ "role": "member" });
        assert_eq!(
            api.put(&ann, "/organization/acme/team/qa", &team)
                .await
                .status,
            200
        );
        let member = "/organization/acme/team/qa/members/acme+ci";
        assert_eq!(api.call(&ann, "PUT", member, None).await.status, 200);
        for (name, visibility, role) in [("open", "public", "read"), ("app", "private", "write")] {
            let new = json!({
                "namespace": "acme", "repository": name, "visibility": visibility, "description": "",
            });
            assert_eq!(api.post(&ann, "/repository", &new).await.status, 201);
            let path = format!("/repository/acme/{name}/permissions/user/acme+ci");
            assert_eq!(
                api.put(&ann, &path, &json!({ "role": role })).await.status,
                200
            );
        }
        let list = api
            .get(&ann, &format!("{robots}?permissions=true&token=false"))
            .await
            .json();
        let (ci, idle) = (&list["robots"][0], &list["robots"][1]);
        assert_eq!(ci["repositories"], json!(["app", "open"]));
        assert_eq!(ci["teams"][0]["name"], "qa");
        assert_eq!(ci["teams"][0]["avatar"]["kind"], "team");
        assert_eq!(
            (&idle["repositories"], &idle["teams"]),
            (&json!([]), &json!([]))
        );
        // Members see the robots, and not what they may do.
        let seen = api
            .get(&mia, &format!("{robots}?permissions=true"))
            .await
            .json();
        assert!(seen["robots"][0].get("repositories").is_none(), "{seen}");
        let plain = api.get(&ann, &format!("{robots}?token=false")).await.json();
        assert!(plain["robots"][0].get("teams").is_none());
        let path = format!("{robots}/ci/permissions");
        assert_eq!(
            api.get(&ann, &path).await.told(),
            (
                200,
                json!({ "permissions": [
                    { "repository": { "name": "app", "is_public": false }, "role": "write" },
                    { "repository": { "name": "open", "is_public": true }, "role": "read" },
                ] })
            )
        );
        for (who, status) in [(&mia, 403), (&eve, 403), (&Who::Nobody, 401)] {
            assert_eq!(api.get(who, &path).await.status, status);
        }
        let narrow = crate::api::token(t, "ann", "org:admin").await;
        assert_eq!(api.get(&narrow, &path).await.status, 403);
        let none = api.get(&ann, &format!("{robots}/none/permissions")).await;
        assert_eq!(none.told(), (400, json!({ "message": UNKNOWN })));
    }
);
