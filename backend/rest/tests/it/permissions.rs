//! Roles in a repository.

use berth_testkit::{TestRegistry, db_test};
use serde_json::json;

use crate::api::{ALL_SCOPES, Api, Who, token, user};

const USERS: &str = "/repository/ann/app/permissions/user";

async fn with_repository(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
    let body = json!({ "repository": "app", "visibility": "private", "description": "" });
    assert_eq!(api.post(&ann, "/repository", &body).await.status, 201);
    assert_eq!(
        api.put(&ann, "/user/robots/ci", &json!({})).await.status,
        201
    );
    user(t, "bob", ALL_SCOPES).await;
    (api, ann)
}

db_test!(
    async fn roles_are_given_changed_and_taken_by_name(t: TestRegistry) {
        let (api, ann) = with_repository(t).await;
        let given = api
            .put(&ann, &format!("{USERS}/bob"), &json!({ "role": "read" }))
            .await;
        assert_eq!(given.status, 200);
        let given = given.json();
        assert_eq!(
            given,
            json!({ "role": "read", "name": "bob", "is_robot": false, "avatar": given["avatar"] })
        );
        assert_eq!(given["avatar"]["kind"], json!("user"));
        for robot in ["ann+ci", "ann%2Bci"] {
            let answer = api
                .put(
                    &ann,
                    &format!("{USERS}/{robot}"),
                    &json!({ "role": "write" }),
                )
                .await;
            assert_eq!(
                (answer.status, &answer.json()["is_robot"]),
                (200, &json!(true))
            );
        }
        let changed = api
            .put(&ann, &format!("{USERS}/bob"), &json!({ "role": "admin" }))
            .await;
        assert_eq!(changed.json()["role"], json!("admin"));
        assert_eq!(
            api.get(&ann, &format!("{USERS}/bob")).await.json(),
            changed.json()
        );
        let list = api.get(&ann, &format!("{USERS}/")).await.json();
        let names: Vec<_> = list["permissions"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["ann+ci", "bob"]);
        assert_eq!(list["permissions"]["bob"], changed.json());
        assert_eq!(api.delete(&ann, &format!("{USERS}/bob")).await.status, 204);
        let none = "User does not have permission for repo.";
        let gone = api.get(&ann, &format!("{USERS}/bob")).await;
        assert_eq!(gone.told(), (400, json!({ "message": none })));
        let again = api.delete(&ann, &format!("{USERS}/bob")).await;
        assert_eq!(again.problem(), (400, none.into()));
    }
);

db_test!(
    async fn whoever_cannot_have_a_role_is_named(t: TestRegistry) {
        let (api, ann) = with_repository(t).await;
        for (account, role, says) in [
            ("nobody", "read", "Invalid username: nobody"),
            ("ann", "read", "Namespace owner must always be admin."),
            ("ann+none", "read", "Invalid username: ann+none"),
            (
                "bob+ci",
                "read",
                "Cannot add robot bob+ci under namespace ann",
            ),
            (
                "bob",
                "owner",
                "'owner' is not one of ['read', 'write', 'admin']",
            ),
        ] {
            let answer = api
                .put(
                    &ann,
                    &format!("{USERS}/{account}"),
                    &json!({ "role": role }),
                )
                .await;
            assert_eq!(answer.problem(), (400, says.into()), "{account}");
        }
    }
);

db_test!(
    async fn only_administrators_see_and_change_roles(t: TestRegistry) {
        let (api, ann) = with_repository(t).await;
        let bob = token(t, "bob", ALL_SCOPES).await;
        let small = token(t, "ann", "repo:write").await;
        let role = json!({ "role": "admin" });
        let one = format!("{USERS}/bob");
        for level in [None, Some("read"), Some("write")] {
            if let Some(level) = level {
                let given = api.put(&ann, &one, &json!({ "role": level })).await;
                assert_eq!(given.status, 200);
            }
            for who in [&bob, &small] {
                assert_eq!(
                    api.get(who, &format!("{USERS}/")).await.status,
                    403,
                    "{level:?}"
                );
                assert_eq!(api.get(who, &one).await.status, 403, "{level:?}");
                assert_eq!(api.put(who, &one, &role).await.status, 403, "{level:?}");
                assert_eq!(api.delete(who, &one).await.status, 403, "{level:?}");
            }
        }
        assert_eq!(api.put(&ann, &one, &role).await.status, 200);
        assert_eq!(api.get(&bob, &one).await.json()["role"], json!("admin"));
        assert_eq!(api.get(&Who::Nobody, &one).await.status, 401);
        for path in [
            "/repository/ann/none/permissions/user/",
            "/repository/ann/none/permissions/user/bob",
        ] {
            assert_eq!(api.get(&ann, path).await.status, 404, "{path}");
            assert_eq!(api.get(&bob, path).await.status, 403, "{path}");
        }
    }
);
