//! Who belongs to an organization, and who works with it from outside.

use berth_domain::TeamRole;
use berth_services::Settings;
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};
use crate::organizations::join;

const MEMBERS: &str = "/organization/acme/members";
const COLLABORATORS: &str = "/organization/acme/collaborators";

/// `acme` of ann with the repository `app`, in which bob, a member, carol and a robot have roles of their own.
async fn with_people(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
    for name in ["bob", "carol", "eve"] {
        t.user(name).await;
    }
    let new = json!({ "namespace": "acme", "repository": "app", "visibility": "private", "description": "" });
    for (path, body) in [
        ("/organization/", json!({ "name": "acme" })),
        ("/repository", new),
    ] {
        let made = api.post(&ann, path, &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    for name in ["ci", "idle"] {
        let path = format!("/organization/acme/robots/{name}");
        assert_eq!(api.put(&ann, &path, &json!({})).await.status, 201);
    }
    join(t, "acme", "bob", TeamRole::Creator).await;
    for account in ["bob", "carol", "acme%2Bci"] {
        let path = format!("/repository/acme/app/permissions/user/{account}");
        let given = api.put(&ann, &path, &json!({ "role": "write" })).await;
        assert_eq!(given.status, 200, "{}", given.text);
    }
    (api, ann)
}

/// The pictures, whose hashes nobody can guess, as they came.
fn avatar(value: &Value, name: &str, kind: &str) -> Value {
    assert_eq!(
        (&value["name"], &value["kind"]),
        (&json!(name), &json!(kind))
    );
    value.clone()
}

db_test!(
    async fn members_are_listed_with_their_teams_and_repositories(t: TestRegistry) {
        let (api, ann) = with_people(t).await;
        let listed = api.get(&ann, MEMBERS).await;
        let (one, two) = (&listed.json()["members"][0], &listed.json()["members"][1]);
        assert_eq!(
            listed.told(),
            (
                200,
                json!({ "members": [
                    {
                        "name": "ann", "kind": "user", "avatar": avatar(&one["avatar"], "ann", "user"),
                        "teams": [{
                            "name": "owners", "avatar": avatar(&one["teams"][0]["avatar"], "owners", "team"),
                        }],
                        "repositories": [],
                    },
                    {
                        "name": "bob", "kind": "user", "avatar": avatar(&two["avatar"], "bob", "user"),
                        "teams": [{
                            "name": "of-bob", "avatar": avatar(&two["teams"][0]["avatar"], "of-bob", "team"),
                        }],
                        "repositories": ["app"],
                    },
                ] })
            )
        );
        assert_eq!(
            api.get(&ann, &format!("{MEMBERS}/bob")).await.told(),
            (200, two.clone())
        );
        let robot = api.get(&ann, &format!("{MEMBERS}/acme%2Bci")).await.json();
        assert_eq!(
            robot,
            json!({
                "name": "acme+ci", "kind": "robot", "avatar": avatar(&robot["avatar"], "acme+ci", "robot"),
                "teams": [], "repositories": ["app"],
            })
        );
        for absent in ["carol", "nobody", "acme%2Bnone", "eve%2Bci"] {
            let answer = api.get(&ann, &format!("{MEMBERS}/{absent}")).await;
            assert_eq!(answer.problem(), (404, "Not Found".into()), "{absent}");
        }
    }
);

db_test!(
    async fn collaborators_have_roles_and_no_team(t: TestRegistry) {
        let (api, ann) = with_people(t).await;
        let listed = api.get(&ann, COLLABORATORS).await;
        let all = &listed.json()["collaborators"];
        assert_eq!(
            listed.told(),
            (
                200,
                json!({ "collaborators": [
                    {
                        "kind": "user", "name": "carol", "avatar": avatar(&all[0]["avatar"], "carol", "user"),
                        "repositories": ["app"],
                    },
                    {
                        "kind": "user", "name": "acme+ci",
                        "avatar": avatar(&all[1]["avatar"], "acme+ci", "robot"), "repositories": ["app"],
                    },
                ] })
            )
        );
    }
);

db_test!(
    async fn a_member_is_removed_and_the_last_administrator_stays(t: TestRegistry) {
        let (api, ann) = with_people(t).await;
        let bob = token(t, "bob", ALL_SCOPES).await;
        assert_eq!(api.get(&bob, "/repository/acme/app").await.status, 200);
        let path = format!("{MEMBERS}/bob");
        assert_eq!(api.delete(&ann, &path).await.status, 204);
        assert_eq!(api.get(&bob, "/repository/acme/app").await.status, 403);
        assert_eq!(api.get(&ann, &path).await.status, 404);
        // Who is out already is out.
        assert_eq!(api.delete(&ann, &path).await.status, 204);
        assert_eq!(
            api.delete(&ann, &format!("{MEMBERS}/carol")).await.status,
            204
        );
        let left = api.get(&ann, COLLABORATORS).await.json();
        assert_eq!(left["collaborators"].as_array().map(Vec::len), Some(1));
        let last = api.delete(&ann, &format!("{MEMBERS}/ann")).await;
        assert_eq!(
            last.told(),
            (
                400,
                json!({ "message": "Cannot remove user as they are the only organization admin" })
            )
        );
        for absent in ["acme%2Bci", "acme%2Bnone", "nobody"] {
            let answer = api.delete(&ann, &format!("{MEMBERS}/{absent}")).await;
            assert_eq!(answer.problem(), (404, "Not Found".into()), "{absent}");
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_and_auditors_see_who_belongs_to_it() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.superusers_full_access = true;
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    with_settings(settings, async |t| {
        let (api, ann) = with_people(t).await;
        let (bob, eve) = (
            token(t, "bob", ALL_SCOPES).await,
            token(t, "eve", ALL_SCOPES).await,
        );
        let narrow = token(t, "ann", "repo:admin user:admin").await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let root = user(t, "root", ALL_SCOPES).await;
        let refused = (403, "Unauthorized".to_owned());
        let one = format!("{MEMBERS}/bob");
        for path in [MEMBERS, COLLABORATORS, &one, "/organization/none/members"] {
            for who in [&bob, &eve, &narrow] {
                assert_eq!(api.get(who, path).await.problem(), refused, "{path}");
            }
            assert_eq!(api.get(&Who::Nobody, path).await.status, 401);
        }
        for who in [&ann, &auditor, &root] {
            for path in [MEMBERS, COLLABORATORS, &one] {
                assert_eq!(api.get(who, path).await.status, 200, "{path}");
            }
        }
        let absent = api.get(&root, "/organization/none/members").await;
        assert_eq!(absent.problem(), (404, "Not Found".into()));
        for who in [&bob, &eve, &narrow, &auditor] {
            assert_eq!(api.delete(who, &one).await.problem(), refused);
        }
        assert_eq!(api.delete(&root, &one).await.status, 204);
    })
    .await;
}
