//! Changes of more repositories than one transaction takes, as the console asks for them and looks how far they are.

use std::time::Duration;

use berth_domain::Visibility;
use berth_services::Actor;
use berth_testkit::{TestRegistry, db_test};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::client::ask;

/// One more than one transaction takes.
const MANY: usize = 1_001;
const FIELDS: &str =
    "bulkChange { id kind state total done refused error causes { reason } endedAt }";

/// So many private repositories of a user, some at a time.
async fn many(t: &TestRegistry, owner: &Actor) {
    let namespace = owner.name().unwrap().parse().unwrap();
    let names: Vec<String> = (0..MANY).map(|n| format!("app{n:04}")).collect();
    for some in names.chunks(50) {
        let made = some.iter().map(|name| {
            let (repositories, namespace) = (&t.services.repositories, &namespace);
            async move {
                let name = name.parse().unwrap();
                let made = repositories.create(owner, namespace, &name, Visibility::Private, "");
                made.await.map(drop)
            }
        });
        for made in join_all(made).await {
            made.unwrap();
        }
    }
}

async fn asked(t: &TestRegistry, actor: &Actor, mutation: &str, input: Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let document =
        format!("mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {FIELDS} }} }}");
    let answer = ask(t, actor, &document, json!({ "input": input })).await;
    answer.data()[mutation]["bulkChange"].clone()
}

/// What the viewer is told of a change.
async fn told(t: &TestRegistry, actor: &Actor, id: &Value) -> Value {
    let fields = FIELDS.replace("bulkChange", "bulkChange(id: $id)");
    let document = format!("query ($id: ID!) {{ viewer {{ {fields} }} }}");
    let answer = ask(t, actor, &document, json!({ "id": id })).await;
    answer.data()["viewer"]["bulkChange"].clone()
}

db_test!(
    async fn a_large_change_tells_how_far_it_is_until_it_ends(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        many(t, &ann).await;
        let all = json!({ "namespace": "ann", "search": "app" });
        let input = json!({ "filter": all, "visibility": "PUBLIC" });
        let begun = asked(t, &ann, "changeVisibility", input).await;
        let expected = json!({
            "id": begun["id"], "kind": "VISIBILITY", "state": "RUNNING", "total": MANY, "done": 0, "refused": 0,
            "error": null, "causes": [], "endedAt": null,
        });
        assert_eq!(begun, expected);
        assert_eq!(told(t, &ann, &begun["id"]).await, expected);
        t.work_after(Duration::from_mins(1), "bulk_changes").await;
        let done = told(t, &ann, &begun["id"]).await;
        assert_eq!(
            (&done["state"], &done["done"], &done["refused"]),
            (&json!("DONE"), &json!(MANY), &json!(0))
        );
        let count =
            "{ repositories(filter: { namespace: \"ann\", visibility: PUBLIC }) { totalCount } }";
        let public = ask(t, &t.anonymous(), count, json!({})).await.data();
        assert_eq!(public["repositories"]["totalCount"], MANY);
        // One role everywhere, and a deletion that is ended before it begins.
        let input = json!({
            "account": "bob", "roles": [], "matching": { "filter": all, "role": "READ" },
        });
        let roles = asked(t, &ann, "setSubjectPermissions", input).await;
        assert_eq!(roles["kind"], "PERMISSIONS");
        let deletion = asked(t, &ann, "deleteRepositories", json!({ "filter": all })).await;
        let input = json!({ "id": deletion["id"] });
        let ended = asked(t, &ann, "cancelBulkChange", input.clone()).await;
        assert_eq!(ended["state"], "CANCELLED");
        t.work_after(Duration::from_mins(1), "bulk_changes").await;
        let list = "{ viewer { bulkChanges(first: 2) { nodes { kind state done } pageInfo { hasNextPage } } } }";
        let list = ask(t, &ann, list, json!({})).await.data();
        assert_eq!(
            list["viewer"]["bulkChanges"],
            json!({
                "nodes": [
                    { "kind": "DELETION", "state": "CANCELLED", "done": 0 },
                    { "kind": "PERMISSIONS", "state": "DONE", "done": MANY },
                ],
                "pageInfo": { "hasNextPage": true },
            })
        );
        // Nobody else knows of them.
        assert_eq!(told(t, &bob, &begun["id"]).await, Value::Null);
        assert_eq!(told(t, &ann, &json!("nonsense")).await, Value::Null);
        let cancel = "mutation ($input: CancelBulkChangeInput!) { cancelBulkChange(input: $input) { bulkChange { id } } }";
        for (who, code) in [(&bob, "NOT_FOUND"), (&t.anonymous(), "UNAUTHENTICATED")] {
            let refused = ask(t, who, cancel, json!({ "input": input })).await;
            assert_eq!(refused.refused("code"), Some(code));
        }
        // Either a list of roles or one for all that matches.
        let document = "mutation ($input: SetSubjectPermissionsInput!) { setSubjectPermissions(input: $input) { \
             bulkChange { id } } }";
        let repository = "{ repository(namespace: \"ann\", name: \"app0001\") { id } }";
        let repository = ask(t, &ann, repository, json!({})).await.data();
        let input = json!({
            "account": "bob", "roles": [{ "repository": repository["repository"]["id"], "role": "READ" }],
            "matching": { "filter": all, "role": "READ" },
        });
        let refused = ask(t, &ann, document, json!({ "input": input })).await;
        assert_eq!(refused.refused("field"), Some("matching"));
    }
);
