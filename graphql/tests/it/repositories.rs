//! Repositories as the console and scripts change them.

use berth_domain::{Namespace, Visibility};
use berth_services::Actor;
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::client::{Answer, ask};

const STATE: &str = "mutation ($input: ChangeStateInput!) { changeState(input: $input) { repository { state \
     viewerCanPush } } }";
const SET: &str = "mutation ($input: SetSubjectPermissionsInput!) { setSubjectPermissions(input: $input) { \
     repositories { path permissions { account role } teamPermissions { name role } } } }";

async fn change(t: &TestRegistry, actor: &Actor, document: &str, input: Value) -> Answer {
    ask(t, actor, document, json!({ "input": input })).await
}

/// The ids of new repositories of `acme`.
async fn repositories(t: &TestRegistry, owner: &Actor, names: &[&str]) -> Vec<Value> {
    let acme: Namespace = "acme".parse().unwrap();
    let mut ids = Vec::new();
    for name in names {
        let repositories = &t.services.repositories;
        let name = name.parse().unwrap();
        let made = repositories.create(owner, &acme, &name, Visibility::Private, "");
        made.await.unwrap();
        let find = "query ($n: String!) { repository(namespace: \"acme\", name: $n) { id } }";
        let found = ask(t, owner, find, json!({ "n": name })).await.data();
        ids.push(found["repository"]["id"].clone());
    }
    ids
}

async fn with_organization(t: &TestRegistry) -> Actor {
    let ann = t.user("ann").await;
    let acme: Namespace = "acme".parse().unwrap();
    let (organizations, robots) = (&t.services.organizations, &t.services.robots);
    organizations.create(&ann, &acme, None).await.unwrap();
    robots.create(&ann, &acme, "ci", "").await.unwrap();
    ann
}

db_test!(
    async fn a_repository_takes_no_pushes_until_it_does_again(t: TestRegistry) {
        let ann = with_organization(t).await;
        let ids = repositories(t, &ann, &["app"]).await;
        for (state, can_push) in [("READ_ONLY", false), ("NORMAL", true)] {
            let input = json!({ "id": ids[0], "state": state });
            let changed = change(t, &ann, STATE, input).await.data();
            assert_eq!(
                changed["changeState"]["repository"],
                json!({ "state": state, "viewerCanPush": can_push })
            );
        }
        let input = json!({ "id": ids[0], "state": "MIRROR" });
        let refused = change(t, &ann, STATE, input).await;
        assert_eq!(refused.refused("field"), Some("state"));
    }
);

db_test!(
    async fn one_subject_gets_roles_in_many_repositories(t: TestRegistry) {
        let ann = with_organization(t).await;
        let eve = t.user("eve").await;
        let ids = repositories(t, &ann, &["one", "two"]).await;
        let roles = |role: Value| -> Value {
            let roles = ids
                .iter()
                .map(|id| json!({ "repository": id, "role": role }));
            roles.collect()
        };
        let input = json!({ "account": "acme+ci", "roles": roles("WRITE".into()) });
        let given = change(t, &ann, SET, input).await.data();
        let given = &given["setSubjectPermissions"]["repositories"];
        for (position, path) in ["acme/one", "acme/two"].into_iter().enumerate() {
            assert_eq!(given[position]["path"], path);
            let permissions = given[position]["permissions"].as_array().unwrap();
            let robot = json!({ "account": "acme+ci", "role": "WRITE" });
            assert!(permissions.contains(&robot), "{permissions:?}");
        }
        let input = json!({ "team": "owners", "roles": roles("READ".into()) });
        let given = change(t, &ann, SET, input).await.data();
        let given = &given["setSubjectPermissions"]["repositories"];
        assert_eq!(
            given[1]["teamPermissions"],
            json!([{ "name": "owners", "role": "READ" }])
        );
        let input = json!({ "account": "acme+ci", "roles": roles(Value::Null) });
        let taken = change(t, &ann, SET, input).await.data();
        let left = &taken["setSubjectPermissions"]["repositories"][0]["permissions"];
        assert!(!left.to_string().contains("acme+ci"), "{left}");
        // Both, neither, an unknown one; and who may not.
        for wrong in [
            json!({ "account": "acme+ci", "team": "owners", "roles": roles("READ".into()) }),
            json!({ "roles": roles("READ".into()) }),
            json!({ "account": "acme+none", "roles": roles("READ".into()) }),
        ] {
            let refused = change(t, &ann, SET, wrong.clone()).await;
            assert_eq!(refused.refused("field"), Some("account"), "{wrong}");
        }
        let input = json!({ "account": "eve", "roles": roles("ADMIN".into()) });
        let refused = change(t, &eve, SET, input.clone()).await;
        assert_eq!(refused.refused("code"), Some("NOT_FOUND"));
        let refused = change(t, &t.anonymous(), SET, input).await;
        assert_eq!(refused.refused("code"), Some("UNAUTHENTICATED"));
    }
);

db_test!(
    async fn a_robot_is_made_whole_and_described_anew(t: TestRegistry) {
        const CREATE: &str = "mutation ($input: CreateRobotInput!) { createRobot(input: $input) { robot { id description \
             metadata teams { name } repositoryPermissions(first: 5) { totalCount nodes { role repository { path } } } } } }";
        const UPDATE: &str = "mutation ($input: UpdateRobotInput!) { updateRobot(input: $input) { robot { description \
             metadata } } }";
        let ann = with_organization(t).await;
        let ids = repositories(t, &ann, &["one", "two"]).await;
        let input = json!({
            "namespace": "acme", "shortName": "whole", "description": "Builds", "metadata": { "a": [1] },
            "teams": ["owners"],
            "roles": [{ "repository": ids[1], "role": "READ" }, { "repository": ids[0], "role": "WRITE" }],
        });
        let made = change(t, &ann, CREATE, input).await.data();
        let robot = &made["createRobot"]["robot"];
        assert_eq!(
            *robot,
            json!({
                "id": robot["id"], "description": "Builds", "metadata": { "a": [1] },
                "teams": [{ "name": "owners" }],
                "repositoryPermissions": { "totalCount": 2, "nodes": [
                    { "role": "WRITE", "repository": { "path": "acme/one" } },
                    { "role": "READ", "repository": { "path": "acme/two" } },
                ] },
            })
        );
        let input = json!({ "id": robot["id"], "description": "Tests" });
        let changed = change(t, &ann, UPDATE, input).await.data();
        assert_eq!(
            changed["updateRobot"]["robot"],
            json!({ "description": "Tests", "metadata": { "a": [1] } })
        );
        let input = json!({ "namespace": "acme", "shortName": "half", "teams": ["none"] });
        let refused = change(t, &ann, CREATE, input).await;
        assert_eq!(refused.refused("field"), Some("teams"));
    }
);

db_test!(
    async fn an_organization_changes_its_address(t: TestRegistry) {
        const UPDATE: &str = "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { \
             organization { email } } }";
        let ann = with_organization(t).await;
        for (email, told) in [
            (json!("a@acme.test"), json!("a@acme.test")),
            (Value::Null, Value::Null),
        ] {
            let input = json!({ "name": "acme", "email": email });
            let changed = change(t, &ann, UPDATE, input).await.data();
            assert_eq!(changed["updateOrganization"]["organization"]["email"], told);
        }
        let input = json!({ "name": "acme", "email": "nowhere" });
        let refused = change(t, &ann, UPDATE, input).await;
        assert_eq!(refused.refused("field"), Some("email"));
        let eve = t.user("eve").await;
        let input = json!({ "name": "acme", "email": "eve@acme.test" });
        let refused = change(t, &eve, UPDATE, input).await;
        assert_eq!(refused.refused("code"), Some("NOT_FOUND"));
    }
);
