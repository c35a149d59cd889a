//! Teams as the console asks and changes them.

use berth_domain::Namespace;
use berth_services::Actor;
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::client::{Answer, ask};

const CREATE: &str = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id name role description \
     memberCount repositoryCount viewerCanManage avatar { kind name } organization { name } } } }";
const UPDATE: &str = "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { role description } } }";
const DELETE: &str = "mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedId organization { \
     teams { totalCount } } } }";
const ADD: &str = "mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { memberCount } \
     member { account kind avatar { kind } } } }";
const REMOVE: &str = "mutation ($input: RemoveTeamMemberInput!) { removeTeamMember(input: $input) { \
     team { memberCount } removedAccount } }";
const LIST: &str = "query ($n: String!) { namespace(name: $n) { ... on Organization { viewerRole teams(first: 10) { \
     totalCount nodes { name role memberCount members { totalCount nodes { account kind } } viewerCanManage } } } } }";

async fn with_organization(t: &TestRegistry) -> Actor {
    let ann = t.user("ann").await;
    let name: Namespace = "acme".parse().unwrap();
    let (organizations, robots) = (&t.services.organizations, &t.services.robots);
    organizations.create(&ann, &name, None).await.unwrap();
    robots.create(&ann, &name, "ci", "").await.unwrap();
    ann
}

async fn change(t: &TestRegistry, actor: &Actor, document: &str, input: Value) -> Answer {
    ask(t, actor, document, json!({ "input": input })).await
}

async fn listed(t: &TestRegistry, actor: &Actor) -> Value {
    let data = ask(t, actor, LIST, json!({ "n": "acme" })).await.data();
    data["namespace"].clone()
}

db_test!(
    async fn a_team_lives_from_its_making_to_its_end(t: TestRegistry) {
        let ann = with_organization(t).await;
        let input = json!({ "organization": "acme", "name": "qa", "role": "MEMBER", "description": "Tests" });
        let made = change(t, &ann, CREATE, input).await.data();
        let team = &made["createTeam"]["team"];
        let id = team["id"].clone();
        assert_eq!(
            *team,
            json!({
                "id": id, "name": "qa", "role": "MEMBER", "description": "Tests", "memberCount": 0,
                "repositoryCount": 0, "viewerCanManage": true, "avatar": { "kind": "team", "name": "qa" },
                "organization": { "name": "acme" },
            })
        );
        let input = json!({ "id": id, "role": "CREATOR" });
        let changed = change(t, &ann, UPDATE, input).await.data();
        assert_eq!(
            changed["updateTeam"]["team"],
            json!({ "role": "CREATOR", "description": "Tests" })
        );
        for (account, kind, picture) in [("ann", "USER", "user"), ("acme+ci", "ROBOT", "robot")] {
            let input = json!({ "team": id, "account": account });
            let added = change(t, &ann, ADD, input).await.data();
            assert_eq!(
                added["addTeamMember"]["member"],
                json!({ "account": account, "kind": kind, "avatar": { "kind": picture } })
            );
        }
        let by_id = "query ($id: ID!) { node(id: $id) { ... on Team { name members(first: 1) { \
             pageInfo { hasNextPage endCursor } nodes { account } } } } }";
        let node = ask(t, &ann, by_id, json!({ "id": id })).await.data();
        let page = &node["node"]["members"];
        assert_eq!(page["nodes"], json!([{ "account": "ann" }]));
        assert_eq!(page["pageInfo"]["hasNextPage"], true);
        let on = "query ($id: ID!, $after: String) { node(id: $id) { ... on Team { members(after: $after, \
             search: \"C\") { totalCount nodes { account } } } } }";
        let variables = json!({ "id": id, "after": page["pageInfo"]["endCursor"] });
        let node = ask(t, &ann, on, variables).await.data();
        assert_eq!(
            node["node"]["members"],
            json!({ "totalCount": 1, "nodes": [{ "account": "acme+ci" }] })
        );
        let input = json!({ "team": id, "account": "ann" });
        let left = change(t, &ann, REMOVE, input).await.data();
        assert_eq!(
            left["removeTeamMember"],
            json!({ "team": { "memberCount": 1 }, "removedAccount": "ann" })
        );
        let gone = change(t, &ann, DELETE, json!({ "id": id })).await.data();
        assert_eq!(
            gone["deleteTeam"],
            json!({ "deletedId": id, "organization": { "teams": { "totalCount": 1 } } })
        );
        let node = ask(t, &ann, by_id, json!({ "id": id })).await.data();
        assert_eq!(node["node"], Value::Null);
    }
);

db_test!(
    async fn members_see_the_teams_and_strangers_do_not(t: TestRegistry) {
        let ann = with_organization(t).await;
        let (bob, eve) = (t.user("bob").await, t.user("eve").await);
        let input = json!({ "organization": "acme", "name": "qa", "role": "CREATOR" });
        let made = change(t, &ann, CREATE, input).await.data();
        let id = &made["createTeam"]["team"]["id"];
        let input = json!({ "team": id, "account": "bob" });
        change(t, &ann, ADD, input).await.data();
        let of = |account: &str| json!({ "totalCount": 1, "nodes": [{ "account": account, "kind": "USER" }] });
        let row = |name: &str, role: &str, members: Value, can_manage: bool| {
            json!({
                "name": name, "role": role, "memberCount": 1, "members": members,
                "viewerCanManage": can_manage,
            })
        };
        for (actor, role, owners, manages) in [
            (&ann, "ADMIN", of("ann"), true),
            (&bob, "CREATOR", Value::Null, false),
        ] {
            let rows = [
                row("owners", "ADMIN", owners, manages),
                row("qa", "CREATOR", of("bob"), manages),
            ];
            let expected =
                json!({ "viewerRole": role, "teams": { "totalCount": 2, "nodes": rows } });
            assert_eq!(listed(t, actor).await, expected);
        }
        assert_eq!(listed(t, &eve).await, Value::Null);
        for (document, input) in [
            (UPDATE, json!({ "id": id, "role": "ADMIN" })),
            (DELETE, json!({ "id": id })),
            (ADD, json!({ "team": id, "account": "eve" })),
            (REMOVE, json!({ "team": id, "account": "bob" })),
        ] {
            let refused = change(t, &bob, document, input.clone()).await;
            assert_eq!(refused.refused("code"), Some("FORBIDDEN"), "{document}");
            let refused = change(t, &eve, document, input.clone()).await;
            assert_eq!(
                refused.refused("reason"),
                Some("TEAM_NOT_FOUND"),
                "{document}"
            );
            let anonymous = t.anonymous();
            let refused = change(t, &anonymous, document, input).await;
            assert_eq!(
                refused.refused("code"),
                Some("UNAUTHENTICATED"),
                "{document}"
            );
        }
    }
);

db_test!(
    async fn new_repositories_begin_with_default_permissions(t: TestRegistry) {
        let ann = with_organization(t).await;
        t.user("bob").await;
        let input = json!({ "organization": "acme", "name": "qa", "role": "MEMBER" });
        change(t, &ann, CREATE, input).await.data();
        let create = "mutation ($input: CreateDefaultPermissionInput!) { createDefaultPermission(input: $input) { \
             defaultPermission { uuid role creator { account isMember } account { account kind } team { name } } } }";
        let input =
            json!({ "organization": "acme", "creator": "bob", "team": "qa", "role": "READ" });
        let made = change(t, &ann, create, input).await.data();
        let made = &made["createDefaultPermission"]["defaultPermission"];
        let uuid = made["uuid"].clone();
        assert_eq!(
            *made,
            json!({
                "uuid": uuid, "role": "READ", "creator": { "account": "bob", "isMember": false },
                "account": null, "team": { "name": "qa" },
            })
        );
        let update = "mutation ($input: UpdateDefaultPermissionInput!) { updateDefaultPermission(input: $input) { \
             defaultPermission { role } } }";
        let input = json!({ "organization": "acme", "uuid": uuid, "role": "WRITE" });
        let changed = change(t, &ann, update, input).await.data();
        assert_eq!(
            changed["updateDefaultPermission"]["defaultPermission"]["role"],
            "WRITE"
        );
        let list = "{ namespace(name: \"acme\") { ... on Organization { defaultPermissions { totalCount \
             nodes { uuid } } } } }";
        let listed = ask(t, &ann, list, json!({})).await.data();
        assert_eq!(
            listed["namespace"]["defaultPermissions"],
            json!({ "totalCount": 1, "nodes": [{ "uuid": uuid }] })
        );
        let both =
            json!({ "organization": "acme", "account": "bob", "team": "qa", "role": "READ" });
        let refused = change(t, &ann, create, both).await;
        assert_eq!(refused.refused("field"), Some("account"));
        let delete = "mutation ($input: DeleteDefaultPermissionInput!) { deleteDefaultPermission(input: $input) { \
             deletedUuid } }";
        let input = json!({ "organization": "acme", "uuid": uuid });
        let gone = change(t, &ann, delete, input).await.data();
        assert_eq!(gone["deleteDefaultPermission"]["deletedUuid"], uuid);
    }
);

db_test!(
    async fn what_is_refused_names_its_field(t: TestRegistry) {
        let ann = with_organization(t).await;
        let create = |name: &str, description: &str| json!({ "organization": "acme", "name": name, "role": "ADMIN", "description": description });
        for (input, code, field) in [
            (create("QA", ""), "INVALID_INPUT", "name"),
            (create("owners", ""), "ALREADY_EXISTS", "name"),
            (
                create("qa", &"x".repeat(1_001)),
                "INVALID_INPUT",
                "description",
            ),
        ] {
            let refused = change(t, &ann, CREATE, input).await;
            assert_eq!(
                (refused.refused("code"), refused.refused("field")),
                (Some(code), Some(field))
            );
        }
        let owners = "{ namespace(name: \"acme\") { id ... on Organization { team(name: \"owners\") { id } } } }";
        let owners = ask(t, &ann, owners, json!({})).await.data();
        let id = &owners["namespace"]["team"]["id"];
        for (document, input, code) in [
            (UPDATE, json!({ "id": id, "role": "MEMBER" }), "CONFLICT"),
            (DELETE, json!({ "id": id }), "CONFLICT"),
            (REMOVE, json!({ "team": id, "account": "ann" }), "CONFLICT"),
            (ADD, json!({ "team": id, "account": "ann" }), "CONFLICT"),
            (
                ADD,
                json!({ "team": id, "account": "nobody" }),
                "INVALID_INPUT",
            ),
            (
                REMOVE,
                json!({ "team": id, "account": "nobody" }),
                "NOT_FOUND",
            ),
            (
                DELETE,
                json!({ "id": owners["namespace"]["id"] }),
                "INVALID_INPUT",
            ),
        ] {
            let refused = change(t, &ann, document, input).await;
            assert_eq!(refused.refused("code"), Some(code), "{document}");
        }
        let absent =
            "{ namespace(name: \"acme\") { ... on Organization { team(name: \"NO\") { id } } } }";
        let absent = ask(t, &ann, absent, json!({})).await.data();
        assert_eq!(absent["namespace"]["team"], Value::Null);
    }
);

db_test!(
    async fn teams_get_roles_in_repositories_beside_accounts(t: TestRegistry) {
        let ann = with_organization(t).await;
        t.user("bob").await;
        let input = json!({ "organization": "acme", "name": "qa", "role": "MEMBER" });
        let made = change(t, &ann, CREATE, input).await.data();
        let team = &made["createTeam"]["team"]["id"];
        let create = "mutation { createRepository(input: { namespace: \"acme\", name: \"app\" }) { repository { id } } }";
        let made = ask(t, &ann, create, json!({})).await.data();
        let id = &made["createRepository"]["repository"]["id"];
        let set = "mutation ($input: SetPermissionsInput!) { setPermissions(input: $input) { repository { \
             permissions { account role } teamPermissions { name role team { id repositoryCount } } } } }";
        let input = json!({
            "repository": id, "permissions": [{ "account": "bob", "role": "READ" }],
            "teamPermissions": [{ "team": "qa", "role": "WRITE" }],
        });
        let given = change(t, &ann, set, input).await.data();
        assert_eq!(
            given["setPermissions"]["repository"],
            json!({
                "permissions": [{ "account": "bob", "role": "READ" }],
                "teamPermissions": [
                    { "name": "qa", "role": "WRITE", "team": { "id": team, "repositoryCount": 1 } },
                ],
            })
        );
        let roles = "query ($id: ID!) { node(id: $id) { ... on Team { repositoryPermissions(first: 1) { totalCount \
             pageInfo { hasNextPage } nodes { role repository { path } } } } } }";
        let roles = ask(t, &ann, roles, json!({ "id": team })).await.data();
        assert_eq!(
            roles["node"]["repositoryPermissions"],
            json!({
                "totalCount": 1, "pageInfo": { "hasNextPage": false },
                "nodes": [{ "role": "WRITE", "repository": { "path": "acme/app" } }],
            })
        );
        let input = json!({
            "repository": id, "permissions": [], "teamPermissions": [{ "team": "none", "role": "READ" }],
        });
        let refused = change(t, &ann, set, input).await;
        assert_eq!(refused.refused("field"), Some("teamPermissions.0.team"));
        let input = json!({
            "repository": id, "permissions": [], "teamPermissions": [{ "team": "qa", "role": null }],
        });
        let taken = change(t, &ann, set, input).await.data();
        let left = &taken["setPermissions"]["repository"]["teamPermissions"];
        assert_eq!(*left, json!([]));
    }
);
