//! Roles that new repositories begin with.

use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, user};

const PROTOTYPES: &str = "/organization/acme/prototypes";

async fn with_organization(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
    t.user("bob").await;
    let made = api
        .post(&ann, "/organization/", &json!({ "name": "acme" }))
        .await;
    assert_eq!(made.status, 201);
    for (path, body, status) in [
        (
            "/organization/acme/team/qa",
            json!({ "role": "member" }),
            200,
        ),
        ("/organization/acme/robots/ci", json!({}), 201),
    ] {
        assert_eq!(api.put(&ann, path, &body).await.status, status);
    }
    (api, ann)
}

fn new(role: &str, name: &str, kind: &str) -> Value {
    json!({ "role": role, "delegate": { "name": name, "kind": kind } })
}

db_test!(
    async fn a_prototype_is_made_changed_listed_and_deleted(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        let made = api.post(&ann, PROTOTYPES, &new("read", "qa", "team")).await;
        let of_team = made.json();
        assert_eq!(
            made.told(),
            (
                200,
                json!({
                    "id": of_team["id"], "role": "read", "activating_user": null,
                    "delegate": { "name": "qa", "kind": "team", "avatar": of_team["delegate"]["avatar"] },
                })
            )
        );
        let mut body = new("write", "acme+ci", "user");
        body["activating_user"] = json!({ "name": "bob" });
        let of_robot = api.post(&ann, PROTOTYPES, &body).await.json();
        let entity = |name: &str, is_robot: bool, at: &Value| {
            json!({
                "name": name, "kind": "user", "is_robot": is_robot, "is_org_member": is_robot,
                "avatar": at["avatar"],
            })
        };
        assert_eq!(
            of_robot,
            json!({
                "id": of_robot["id"], "role": "write",
                "activating_user": entity("bob", false, &of_robot["activating_user"]),
                "delegate": entity("acme+ci", true, &of_robot["delegate"]),
            })
        );
        let one = format!("{PROTOTYPES}/{}", of_team["id"].as_str().unwrap());
        let changed = api.put(&ann, &one, &json!({ "role": "admin" })).await;
        let mut of_team = of_team;
        of_team["role"] = json!("admin");
        assert_eq!(changed.told(), (200, of_team.clone()));
        let list = api.get(&ann, PROTOTYPES).await;
        assert_eq!(
            list.told(),
            (200, json!({ "prototypes": [of_team, of_robot] }))
        );
        let app = json!({
            "namespace": "acme", "repository": "app", "visibility": "private", "description": "",
        });
        assert_eq!(api.post(&ann, "/repository", &app).await.status, 201);
        let held = api
            .get(&ann, "/repository/acme/app/permissions/team/qa")
            .await;
        assert_eq!(held.told(), (200, json!({ "role": "admin" })));
        assert_eq!(api.delete(&ann, &one).await.status, 204);
        for gone in [
            api.delete(&ann, &one).await,
            api.put(&ann, &one, &json!({ "role": "read" })).await,
        ] {
            assert_eq!(gone.problem(), (404, "Not Found".into()));
        }
    }
);

db_test!(
    async fn what_no_prototype_can_say_is_told_in_the_words_that_scripts_match(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        let mut unknown = new("read", "qa", "team");
        unknown["activating_user"] = json!({ "name": "nobody" });
        let mut nulled = new("read", "qa", "team");
        nulled["activating_user"] = Value::Null;
        for (body, says) in [
            (unknown, "Unknown activating user"),
            (
                new("read", "nobody", "user"),
                "Missing delegate user or team",
            ),
            (nulled, "None is not of type 'object'"),
            (
                new("owner", "qa", "team"),
                "'owner' is not one of ['read', 'write', 'admin']",
            ),
            (
                json!({ "role": "read" }),
                "'delegate' is a required property",
            ),
        ] {
            let answer = api.post(&ann, PROTOTYPES, &body).await;
            assert_eq!(answer.problem(), (400, says.into()), "{body}");
        }
        let absent = api
            .post(&ann, PROTOTYPES, &new("read", "none", "team"))
            .await;
        assert_eq!(
            absent.told(),
            (400, json!({ "message": "Team does not exist: acme/none" }))
        );
    }
);
