//! Teams of organizations, and who is in them.

use berth_domain::TeamRole;
use berth_services::Settings;
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};
use crate::organizations::join;

const TEAM: &str = "/organization/acme/team/qa";

async fn with_organization(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
    let made = api
        .post(&ann, "/organization/", &json!({ "name": "acme" }))
        .await;
    assert_eq!(made.status, 201);
    (api, ann)
}

/// The same with the team `qa`.
async fn with_team(t: &TestRegistry) -> (Api, Who) {
    let (api, ann) = with_organization(t).await;
    let made = api.put(&ann, TEAM, &json!({ "role": "member" })).await;
    assert_eq!(made.status, 200);
    (api, ann)
}

fn message(text: &str) -> (u16, Value) {
    (400, json!({ "message": text }))
}

db_test!(
    async fn a_team_is_made_changed_and_deleted_by_name(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        let body = json!({ "role": "member", "description": "Tests", "name": "qa" });
        let made = api.put(&ann, TEAM, &body).await;
        let expected = json!({
            "name": "qa", "description": "Tests", "can_view": true, "role": "member",
            "avatar": made.json()["avatar"], "new_team": true,
        });
        assert_eq!(made.told(), (200, expected.clone()));
        assert_eq!(made.json()["avatar"]["kind"], json!("team"));
        // What is left out stays.
        let changed = api.put(&ann, TEAM, &json!({ "role": "creator" })).await;
        let mut expected = expected;
        expected["role"] = json!("creator");
        expected["new_team"] = json!(false);
        assert_eq!(changed.told(), (200, expected));
        let body = json!({ "role": "creator", "description": "" });
        let emptied = api.put(&ann, TEAM, &body).await.json();
        assert_eq!(emptied["description"], json!(""));
        let view = api.get(&ann, "/organization/acme").await.json();
        assert_eq!(view["ordered_teams"], json!(["owners", "qa"]));
        assert_eq!(view["teams"]["qa"]["role"], json!("creator"));
        assert_eq!(api.delete(&ann, TEAM).await.status, 204);
        let gone = api.delete(&ann, TEAM).await;
        assert_eq!(
            gone.told(),
            message("Team 'qa' is not a team in org 'acme'")
        );
        let members = api.get(&ann, &format!("{TEAM}/members")).await;
        assert_eq!(members.problem(), (404, "Not Found".into()));
    }
);

db_test!(
    async fn what_no_team_can_be_is_told_in_the_words_that_scripts_match(t: TestRegistry) {
        let (api, ann) = with_organization(t).await;
        let body = json!({ "role": "member" });
        for (name, says) in [
            (
                "QA",
                "Invalid team name QA: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$",
            ),
            (
                "q",
                "Invalid team name q: Team must be between 2 and 255 characters in length",
            ),
        ] {
            let path = format!("/organization/acme/team/{name}");
            assert_eq!(api.put(&ann, &path, &body).await.told(), message(says));
            let says = format!("Team '{name}' is not a team in org 'acme'");
            assert_eq!(api.delete(&ann, &path).await.told(), message(&says));
        }
        let long = json!({ "role": "member", "description": "x".repeat(1_001) });
        assert_eq!(
            api.put(&ann, TEAM, &long).await.told(),
            message("a description has at most 1000 characters, this one has 1001")
        );
        for (body, says) in [
            (json!({}), "'role' is a required property"),
            (
                json!({ "role": "owner" }),
                "'owner' is not one of ['member', 'creator', 'admin']",
            ),
            (
                json!({ "role": "member", "description": null }),
                "None is not of type 'string'",
            ),
        ] {
            let answer = api.put(&ann, TEAM, &body).await;
            assert_eq!(answer.problem(), (400, says.into()), "{body}");
        }
    }
);

db_test!(
    async fn members_come_and_go_by_name(t: TestRegistry) {
        let (api, ann) = with_team(t).await;
        t.user("bob").await;
        let made = api
            .put(&ann, "/organization/acme/robots/ci", &json!({}))
            .await;
        assert_eq!(made.status, 201);
        let mut listed = Vec::new();
        for (name, in_path, is_robot) in [("bob", "bob", false), ("acme+ci", "acme%2Bci", true)] {
            // Clients send neither a body nor a type.
            let path = format!("{TEAM}/members/{in_path}");
            let added = api.call(&ann, "PUT", &path, None).await;
            let kind = if is_robot { "robot" } else { "user" };
            assert_eq!(added.json()["avatar"]["kind"], json!(kind));
            assert_eq!(
                added.told(),
                (
                    200,
                    json!({
                        "name": name, "kind": "user", "is_robot": is_robot, "invited": false,
                        "avatar": added.json()["avatar"],
                    })
                )
            );
            listed.push(added.json());
            let again = api.call(&ann, "PUT", &path, None).await;
            let says = format!("User {name} is already a member of team qa");
            assert_eq!(again.told(), message(&says));
        }
        let list = api.get(&ann, &format!("{TEAM}/members")).await;
        assert_eq!(
            list.told(),
            (
                200,
                json!({ "name": "qa", "members": listed, "can_edit": true })
            )
        );
        let one = format!("{TEAM}/members/bob");
        assert_eq!(api.delete(&ann, &one).await.status, 204);
        assert_eq!(
            api.delete(&ann, &one).await.told(),
            message("User bob does not belong to team qa")
        );
        let unknown = api.delete(&ann, &format!("{TEAM}/members/nobody")).await;
        assert_eq!(unknown.problem(), (404, "Not Found".into()));
    }
);

db_test!(
    async fn whoever_cannot_be_in_a_team_is_named(t: TestRegistry) {
        let (api, ann) = with_team(t).await;
        let add = async |name: &str| {
            let path = format!("{TEAM}/members/{name}");
            api.put(&ann, &path, &json!({})).await
        };
        for name in ["nobody", "acme", "acme+none", "No%20Name"] {
            let answer = add(name).await;
            assert_eq!(answer.problem(), (400, "Unknown user".into()), "{name}");
        }
        let foreign = "Cannot add the specified robot to this team, as it is not a member of the organization";
        for name in ["ann+ci", "none+ci"] {
            assert_eq!(add(name).await.told(), message(foreign), "{name}");
        }
        let absent = "/organization/acme/team/none/members/ann";
        let answer = api.put(&ann, absent, &json!({})).await;
        assert_eq!(answer.problem(), (404, "Not Found".into()));
    }
);

db_test!(
    async fn the_last_administrator_stays(t: TestRegistry) {
        let (api, ann) = with_team(t).await;
        t.user("bob").await;
        let owners = "/organization/acme/team/owners";
        let itself = format!("{owners}/members/ann");
        assert_eq!(
            api.put(&ann, owners, &json!({ "role": "creator" }))
                .await
                .told(),
            message(
                "Cannot remove admin from team 'owners' because calling user would no longer have admin on org 'acme'"
            )
        );
        assert_eq!(
            api.delete(&ann, owners).await.told(),
            message(
                "Deleting team 'owners' would remove admin ability for user 'ann' in organization 'acme'"
            )
        );
        assert_eq!(
            api.delete(&ann, &itself).await.told(),
            message("User cannot remove themselves from their only admin team.")
        );
        let bob = format!("{owners}/members/bob");
        assert_eq!(api.put(&ann, &bob, &json!({})).await.status, 200);
        assert_eq!(api.delete(&ann, &itself).await.status, 204);
        assert_eq!(api.delete(&ann, TEAM).await.status, 403);
        let bob = token(t, "bob", ALL_SCOPES).await;
        assert_eq!(api.delete(&bob, TEAM).await.status, 204);
    }
);

db_test!(
    async fn members_see_their_teams_and_change_none(t: TestRegistry) {
        let (api, ann) = with_team(t).await;
        let mia = user(t, "mia", ALL_SCOPES).await;
        let eve = user(t, "eve", ALL_SCOPES).await;
        join(t, "acme", "mia", TeamRole::Creator).await;
        let own = "/organization/acme/team/of-mia/members";
        let seen = api.get(&mia, own).await.json();
        assert_eq!(
            (&seen["members"][0]["name"], &seen["can_edit"]),
            (&json!("mia"), &json!(false))
        );
        let refused = (403, "Unauthorized".to_owned());
        let small = token(t, "mia", "repo:create").await;
        assert_eq!(api.get(&small, own).await.problem(), refused);
        let members = format!("{TEAM}/members");
        let absent = "/organization/acme/team/none/members".to_owned();
        for who in [&mia, &eve] {
            for path in [&members, &absent] {
                assert_eq!(api.get(who, path).await.problem(), refused, "{path}");
                let one = format!("{path}/eve");
                assert_eq!(api.put(who, &one, &json!({})).await.problem(), refused);
                assert_eq!(api.delete(who, &one).await.problem(), refused);
            }
            let body = json!({ "role": "admin" });
            for path in [
                TEAM,
                "/organization/acme/team/new",
                "/organization/none/team/qa",
            ] {
                assert_eq!(api.put(who, path, &body).await.problem(), refused, "{path}");
                assert_eq!(api.delete(who, path).await.problem(), refused, "{path}");
            }
        }
        assert_eq!(api.get(&eve, own).await.problem(), refused);
        let view = api.get(&ann, "/organization/acme").await.json();
        assert_eq!(view["ordered_teams"], json!(["owners", "qa", "of-mia"]));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_everything_and_changes_nothing_reads_teams() {
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    with_settings(settings, async |t| {
        let (api, ann) = with_team(t).await;
        let auditor = user(t, "auditor", ALL_SCOPES).await;
        let members = format!("{TEAM}/members");
        let seen = api.get(&auditor, &members).await.json();
        assert_eq!(
            seen,
            json!({ "name": "qa", "members": [], "can_edit": false })
        );
        let view = api.get(&auditor, "/organization/acme").await.json();
        assert_eq!(view["ordered_teams"], json!(["owners", "qa"]));
        let body = json!({ "role": "admin" });
        for answer in [
            api.put(&auditor, TEAM, &body).await,
            api.delete(&auditor, TEAM).await,
            api.put(&auditor, &format!("{members}/ann"), &body).await,
        ] {
            assert_eq!(answer.problem(), (403, "Unauthorized".into()));
        }
        assert_eq!(api.delete(&ann, TEAM).await.status, 204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn superusers_who_reach_everything_manage_teams_of_others() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.superusers_full_access = true;
    with_settings(settings, async |t| {
        let (api, _) = with_team(t).await;
        let root = user(t, "root", ALL_SCOPES).await;
        let owners = "/organization/acme/team/owners";
        assert_eq!(
            api.delete(&root, owners).await.told(),
            message(
                "Deleting team 'owners' would remove the last administrator of organization 'acme'"
            )
        );
        assert_eq!(
            api.delete(&root, &format!("{owners}/members/ann"))
                .await
                .told(),
            message("Cannot remove user as they are the only organization admin")
        );
        assert_eq!(api.delete(&root, TEAM).await.status, 204);
    })
    .await;
}
