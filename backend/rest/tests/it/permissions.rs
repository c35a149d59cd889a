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

const TEAMS: &str = "/repository/acme/app/permissions/team";

/// The organization `acme` with the team `qa`, which holds bob, and the repository `app`.
async fn with_team(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = with_repository(t).await;
    let made = api
        .post(&ann, "/organization/", &json!({ "name": "acme" }))
        .await;
    assert_eq!(made.status, 201);
    let body = json!({
        "namespace": "acme", "repository": "app", "visibility": "private", "description": "",
    });
    assert_eq!(api.post(&ann, "/repository", &body).await.status, 201);
    let team = "/organization/acme/team/qa";
    for (path, body) in [
        (team.to_owned(), json!({ "role": "member" })),
        (format!("{team}/members/bob"), json!({})),
    ] {
        assert_eq!(api.put(&ann, &path, &body).await.status, 200);
    }
    (api, ann)
}

db_test!(
    async fn roles_of_teams_are_given_changed_and_taken_by_name(t: TestRegistry) {
        let (api, ann) = with_team(t).await;
        let bob = token(t, "bob", ALL_SCOPES).await;
        let (one, app) = (format!("{TEAMS}/qa"), "/repository/acme/app");
        let none = "Team does not have permission for repo.";
        let absent = api.get(&ann, &one).await;
        assert_eq!(absent.told(), (400, json!({ "message": none })));
        assert_eq!(api.get(&bob, app).await.status, 403);
        let given = api.put(&ann, &one, &json!({ "role": "read" })).await;
        let expected = json!({ "role": "read", "name": "qa", "avatar": given.json()["avatar"] });
        assert_eq!(given.told(), (200, expected));
        assert_eq!(given.json()["avatar"]["kind"], json!("team"));
        assert_eq!(api.get(&bob, app).await.status, 200);
        let changed = api.put(&ann, &one, &json!({ "role": "write" })).await;
        assert_eq!(
            api.get(&ann, &one).await.told(),
            (200, json!({ "role": "write" }))
        );
        // With the slash and without.
        for path in [TEAMS.to_owned(), format!("{TEAMS}/")] {
            assert_eq!(
                api.get(&ann, &path).await.told(),
                (200, json!({ "permissions": { "qa": changed.json() } }))
            );
        }
        let of_team = "/organization/acme/team/qa/permissions";
        assert_eq!(
            api.get(&ann, of_team).await.told(),
            (
                200,
                json!({ "permissions": [
                    { "repository": { "name": "app", "is_public": false }, "role": "write" },
                ] })
            )
        );
        assert_eq!(api.get(&bob, of_team).await.status, 403);
        let view = api.get(&ann, "/organization/acme").await.json();
        assert_eq!(view["teams"]["qa"]["repo_count"], json!(1));
        assert_eq!(api.delete(&ann, &one).await.status, 204);
        assert_eq!(
            api.delete(&ann, &one).await.problem(),
            (400, none.to_owned())
        );
        assert_eq!(api.get(&bob, app).await.status, 403);
        for (path, says) in [
            (format!("{TEAMS}/none"), "No team none in organization acme"),
            (
                "/repository/ann/app/permissions/team/qa".to_owned(),
                "No team qa in organization ann",
            ),
        ] {
            let answer = api.put(&ann, &path, &json!({ "role": "read" })).await;
            assert_eq!(answer.problem(), (400, says.into()));
        }
        let absent = "/repository/acme/none/permissions/team/";
        assert_eq!(api.get(&ann, absent).await.status, 404);
    }
);

db_test!(
    async fn all_ways_to_a_repository_are_told_together(t: TestRegistry) {
        let (api, ann) = with_team(t).await;
        let of = |name: &str| format!("/repository/acme/app/permissions/user/{name}/transitive");
        assert_eq!(
            api.get(&ann, &of("bob")).await.problem(),
            (404, "Not Found".into())
        );
        let role = json!({ "role": "read" });
        let team = format!("{TEAMS}/qa");
        assert_eq!(api.put(&ann, &team, &role).await.status, 200);
        let user = "/repository/acme/app/permissions/user/bob";
        let role = json!({ "role": "admin" });
        assert_eq!(api.put(&ann, user, &role).await.status, 200);
        assert_eq!(
            api.get(&ann, &of("bob")).await.told(),
            (
                200,
                json!({ "permissions": [{ "role": "read" }, { "role": "admin" }] })
            )
        );
        let unknown = api.get(&ann, &of("nobody")).await;
        assert_eq!(unknown.problem(), (404, "Not Found".into()));
        let small = token(t, "ann", "repo:write").await;
        assert_eq!(api.get(&small, &of("bob")).await.status, 403);
    }
);
