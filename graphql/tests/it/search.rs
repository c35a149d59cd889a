//! Search, names that are offered, and who may do what, as the console asks them.

use berth_domain::{RepositoryRole, TeamRole, Visibility};
use berth_services::Actor;
use berth_services::permissions::RoleChange;
use berth_services::teams::TeamKey;
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::client::{Answer, ask};

const SEARCH: &str = "query ($q: String!, $kinds: [SearchKind!], $first: Int, $after: String) { \
     search(query: $q, kinds: $kinds, first: $first, after: $after) { pageInfo { hasNextPage hasPreviousPage endCursor } \
     edges { cursor } nodes { __typename ... on Repository { path } ... on Organization { name } \
     ... on User { name } ... on Team { teamName: name organization { name } } ... on Robot { robot: name } } } }";
const ENTITIES: &str = "query ($p: String!, $within: ID, $kinds: [EntityKind!], $first: Int) { \
     entities(prefix: $p, within: $within, kinds: $kinds, first: $first) { id kind name isMember avatar { kind name } } }";
const ACCESS: &str = "query ($ns: String!, $of: ID, $first: Int, $after: String) { repository(namespace: $ns, name: \"app\") { \
     access(of: $of, first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { entity { id kind name } \
     permission isShutOut canPull canPush canAdminister reasons { kind role teamName team { name } } } } } }";

/// The organization `acme` of ann with the robot `ci`, the team `crew` that holds bob, and the repository `app`.
async fn acme(t: &TestRegistry) -> Actor {
    let ann = t.user("ann").await;
    t.user("bob").await;
    let services = &t.services;
    let name = "acme".parse().unwrap();
    services
        .organizations
        .create(&ann, &name, None)
        .await
        .unwrap();
    services.robots.create(&ann, &name, "ci", "").await.unwrap();
    let team = "crew".parse().unwrap();
    let made = services
        .teams
        .create(&ann, &name, &team, TeamRole::Member, "");
    made.await.unwrap();
    let key = TeamKey::Name {
        organization: &name,
        team: "crew",
    };
    services.teams.add_member(&ann, key, "bob").await.unwrap();
    let app = "app".parse().unwrap();
    let repositories = &services.repositories;
    let app = repositories.create(&ann, &name, &app, Visibility::Private, "");
    let id = app.await.unwrap().repository.id;
    let change = RoleChange {
        account: "bob".to_owned(),
        role: Some(RepositoryRole::Write),
    };
    services.permissions.set(&ann, id, &[change]).await.unwrap();
    ann
}

async fn access(t: &TestRegistry, actor: &Actor, of: Value, first: i32, after: Value) -> Answer {
    let variables = json!({ "ns": "acme", "of": of, "first": first, "after": after });
    ask(t, actor, ACCESS, variables).await
}

db_test!(
    async fn search_tells_things_of_every_kind_by_pages(t: TestRegistry) {
        let ann = acme(t).await;
        let variables = json!({ "q": "c" });
        let all = ask(t, &ann, SEARCH, variables).await.data()["search"]["nodes"].clone();
        assert_eq!(
            all,
            json!([
                { "__typename": "Team", "teamName": "crew", "organization": { "name": "acme" } },
                { "__typename": "Robot", "robot": "acme+ci" },
                { "__typename": "Organization", "name": "acme" },
            ])
        );
        let (mut after, mut found) = (Value::Null, Vec::new());
        loop {
            let variables = json!({ "q": "c", "first": 1, "after": after });
            let page = ask(t, &ann, SEARCH, variables).await.data()["search"].clone();
            assert_eq!(page["pageInfo"]["hasPreviousPage"], !after.is_null());
            assert_eq!(page["edges"][0]["cursor"], page["pageInfo"]["endCursor"]);
            found.extend(page["nodes"].as_array().unwrap().clone());
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(json!(found), all);
        let variables = json!({ "q": "APP", "kinds": ["REPOSITORY", "USER"] });
        let found = ask(t, &ann, SEARCH, variables).await.data();
        assert_eq!(
            found["search"]["nodes"],
            json!([{ "__typename": "Repository", "path": "acme/app" }])
        );
        for (query, first) in [("", 10), ("%", 10)] {
            let variables = json!({ "q": query, "first": first });
            let found = ask(t, &ann, SEARCH, variables).await.data();
            assert_eq!(found["search"]["nodes"], json!([]), "{query:?}");
        }
        let refused = ask(t, &ann, SEARCH, json!({ "q": "c", "after": "x" })).await;
        assert_eq!(refused.refused("field"), Some("after"));
        let refused = ask(t, &ann, SEARCH, json!({ "q": "c", "first": 101 })).await;
        assert_eq!(refused.refused("field"), Some("first"));
    }
);

db_test!(
    async fn strangers_find_nothing_of_what_is_private(t: TestRegistry) {
        acme(t).await;
        let eve = t.user("eve").await;
        for actor in [&eve, &t.anonymous()] {
            for query in ["acme", "acme/app", "app", "crew", "ci", "acme+ci", "bob"] {
                let found = ask(t, actor, SEARCH, json!({ "q": query })).await.data();
                assert_eq!(found["search"]["nodes"], json!([]), "{query}");
            }
        }
    }
);

db_test!(
    async fn names_are_offered_with_what_pickers_need(t: TestRegistry) {
        let ann = acme(t).await;
        let id = "{ namespace(name: \"acme\") { id } repository(namespace: \"acme\", name: \"app\") { id } }";
        let ids = ask(t, &ann, id, json!({})).await.data();
        let within = &ids["namespace"]["id"];
        let variables = json!({ "p": "C", "within": within });
        let found = ask(t, &ann, ENTITIES, variables).await.data()["entities"].clone();
        let (team, robot) = (&found[0], &found[1]);
        let entity = |found: &Value, kind: &str, name: &str, picture: &str| {
            json!({
                "id": found["id"], "kind": kind, "name": name, "isMember": true,
                "avatar": { "kind": picture, "name": name },
            })
        };
        assert_eq!(
            found,
            json!([
                entity(team, "TEAM", "crew", "team"),
                entity(robot, "ROBOT", "acme+ci", "robot")
            ])
        );
        for (found, kind) in [(team, "Team"), (robot, "Robot")] {
            let node = "query ($id: ID!) { node(id: $id) { __typename } }";
            let node = ask(t, &ann, node, json!({ "id": found["id"] }))
                .await
                .data();
            assert_eq!(node["node"]["__typename"], kind);
        }
        let bob = t.login("bob", berth_testkit::PASSWORD).await;
        let eve = t.user("eve").await;
        let all = json!(["USER", "ROBOT", "TEAM", "ORGANIZATION"]);
        for (actor, prefix, names) in [
            (&ann, "a", json!(["ann", "acme"])),
            (&bob, "a", json!(["ann"])),
            (&eve, "c", json!([])),
            (&eve, "b", json!(["bob"])),
            (&t.anonymous(), "b", json!(["bob"])),
        ] {
            let variables = json!({ "p": prefix, "within": within, "kinds": all });
            let found = ask(t, actor, ENTITIES, variables).await.data()["entities"].clone();
            let rows = found.as_array().unwrap().iter();
            let found: Vec<&Value> = rows.map(|entity| &entity["name"]).collect();
            assert_eq!(json!(found), names, "{prefix}");
        }
        let variables = json!({ "p": "", "within": within, "first": 1 });
        let found = ask(t, &ann, ENTITIES, variables).await.data();
        assert_eq!(found["entities"][0]["name"], "crew");
        assert_eq!(found["entities"].as_array().unwrap().len(), 1);
        let variables = json!({ "p": "c", "within": ids["repository"]["id"] });
        let refused = ask(t, &ann, ENTITIES, variables).await;
        assert_eq!(refused.refused("field"), Some("within"));
    }
);

db_test!(
    async fn who_may_do_what_is_told_with_its_reasons(t: TestRegistry) {
        let ann = acme(t).await;
        let bob = t.login("bob", berth_testkit::PASSWORD).await;
        let page = access(t, &ann, Value::Null, 1, Value::Null).await.data();
        let page = &page["repository"]["access"];
        assert_eq!(page["pageInfo"]["hasNextPage"], true);
        let first = &page["nodes"][0];
        assert_eq!(
            *first,
            json!({
                "entity": { "id": first["entity"]["id"], "kind": "USER", "name": "ann" },
                "permission": "ADMIN", "isShutOut": false,
                "canPull": true, "canPush": true, "canAdminister": true,
                "reasons": [
                    { "kind": "ORGANIZATION_ADMINISTRATOR", "role": "ADMIN", "teamName": "owners",
                      "team": { "name": "owners" } },
                ],
            })
        );
        let after = page["pageInfo"]["endCursor"].clone();
        let rest = access(t, &ann, Value::Null, 10, after).await.data();
        let rest = rest["repository"]["access"]["nodes"]
            .as_array()
            .unwrap()
            .clone();
        let names: Vec<&Value> = rest.iter().map(|row| &row["entity"]["name"]).collect();
        assert_eq!(json!(names), json!(["bob", "owners"]));
        // Of himself bob may ask, and of nobody else.
        let id = &rest[0]["entity"]["id"];
        let itself = access(t, &bob, id.clone(), 1, Value::Null).await.data();
        assert_eq!(itself["repository"]["access"]["nodes"], json!([rest[0]]));
        assert_eq!(rest[0]["permission"], "WRITE");
        for of in [
            &Value::Null,
            &first["entity"]["id"],
            &rest[1]["entity"]["id"],
        ] {
            let other = access(t, &bob, of.clone(), 1, Value::Null).await.data();
            assert_eq!(other["repository"]["access"], Value::Null, "{of}");
        }
        let team = access(t, &ann, rest[1]["entity"]["id"].clone(), 1, Value::Null).await;
        assert_eq!(
            team.data()["repository"]["access"]["nodes"],
            json!([rest[1]])
        );
        let eve = t.user("eve").await;
        for actor in [&eve, &t.anonymous()] {
            let hidden = access(t, actor, Value::Null, 1, Value::Null).await.data();
            assert_eq!(hidden["repository"], Value::Null);
        }
        let acme = "{ namespace(name: \"acme\") { id } }";
        let acme = ask(t, &ann, acme, json!({})).await.data()["namespace"]["id"].clone();
        let refused = access(t, &ann, acme, 1, Value::Null).await;
        assert_eq!(refused.refused("field"), Some("of"));
    }
);
