//! What superusers see over GraphQL, and what they do beside changing users.

use std::time::Duration;

use berth_services::Settings;
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, db_test};
use serde_json::{Value, json};

use crate::client::ask;

db_test!(
    async fn users_tell_when_they_were_there_and_what_would_go_with_them(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let acme = "acme".parse().unwrap();
        let organizations = &t.services.organizations;
        organizations.create(&ann, &acme, None).await.unwrap();
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let list = "query ($since: DateTime) { registry { notesLastUse } administration { \
             users(filter: { inactiveSince: $since }) { totalCount nodes { name lastUsedAt soleOrganizationCount \
             contents { repositoryCount robotCount } } } } }";
        let data = ask(t, &root, list, json!({})).await.data();
        assert_eq!(data["registry"]["notesLastUse"], true);
        let user = &data["administration"]["users"]["nodes"][0];
        let (at, name) = (user["lastUsedAt"].clone(), user["name"].clone());
        assert!(at.is_string() && name == "ann", "{user}");
        assert_eq!(
            (&user["soleOrganizationCount"], &user["contents"]),
            (&json!(1), &json!({ "repositoryCount": 1, "robotCount": 0 }))
        );
        t.clock.advance(Duration::from_hours(24));
        t.login("root", PASSWORD).await;
        let since = json!({ "since": "2026-09-21T15:00:00Z" });
        let data = ask(t, &root, list, since).await.data();
        let away = &data["administration"]["users"];
        assert_eq!(
            (&away["totalCount"], &away["nodes"][0]["name"]),
            (&json!(1), &json!("ann"))
        );
        // Others learn nothing of it, and of themselves what is theirs.
        let own =
            "{ viewer { user { lastUsedAt soleOrganizationCount contents { repositoryCount } } } }";
        let session = t.session("ann").await.actor;
        let data = ask(t, &session, own, json!({})).await.data();
        let user = &data["viewer"]["user"];
        assert!(user["lastUsedAt"].is_string(), "{user}");
        assert_eq!(
            (&user["soleOrganizationCount"], &user["contents"]),
            (&Value::Null, &json!({ "repositoryCount": 1 }))
        );
        let other = "{ namespace(name: \"ann\") { ... on User { lastUsedAt soleOrganizationCount } contents { robotCount } } }";
        let bob = t.user("bob").await;
        let data = ask(t, &bob, other, json!({})).await.data();
        assert_eq!(data["namespace"], Value::Null);
    }
);

db_test!(
    async fn all_namespaces_stand_in_one_list_with_their_kind(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let acme = "acme".parse().unwrap();
        let organizations = &t.services.organizations;
        organizations.create(&ann, &acme, None).await.unwrap();
        t.push(&ann, "acme/app:1", &TestImage::new(1)).await;
        let list = "query ($first: Int, $after: String, $filter: NamespaceFilter) { administration { \
             namespaces(first: $first, after: $after, filter: $filter) { totalCount pageInfo { endCursor hasNextPage } \
             nodes { __typename name createdAt viewerCanAdminister \
             contents { repositoryCount robotCount sizeBytes lastPushedAt } } } } }";
        let page = async |variables: Value| {
            let data = ask(t, &root, list, variables).await.data();
            data["administration"]["namespaces"].clone()
        };
        let first = page(json!({ "first": 2 })).await;
        assert_eq!(first["totalCount"], 3);
        let kinds = |page: &Value| {
            let nodes = page["nodes"].as_array().unwrap().clone();
            nodes
                .iter()
                .map(|node| format!("{} {}", node["__typename"], node["name"]).replace('"', ""))
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(&first), ["Organization acme", "User ann"]);
        let acme = &first["nodes"][0];
        assert_eq!(acme["contents"]["repositoryCount"], 1);
        assert!(acme["contents"]["lastPushedAt"].is_string());
        assert_ne!(acme["contents"]["sizeBytes"], "0");
        assert_eq!(acme["viewerCanAdminister"], false);
        let end = &first["pageInfo"]["endCursor"];
        let second = page(json!({ "first": 2, "after": end })).await;
        assert_eq!(kinds(&second), ["User root"]);
        let organizations = page(json!({ "filter": { "kind": "ORGANIZATION" } })).await;
        assert_eq!(kinds(&organizations), ["Organization acme"]);
        let found = page(json!({ "filter": { "kind": "USER", "search": "N" } })).await;
        assert_eq!(kinds(&found), ["User ann"]);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_everybody_are_null_for_a_superuser_who_does_not_reach_everything() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for full_access in [false, true] {
            let mut settings = Settings::default();
            settings.users.superusers_full_access = full_access;
            let Some(t) = TestRegistry::with(backend, settings).await else {
                continue;
            };
            let root = t.superuser("root").await.actor;
            t.services.app_tokens.create(&root, "laptop").await.unwrap();
            let list = "{ viewer { canListAppTokens } administration { appTokens { nodes { title user { name } } } } }";
            let data = ask(&t, &root, list, json!({})).await.data();
            let tokens = json!({ "nodes": [{ "title": "laptop", "user": { "name": "root" } }] });
            let told = if full_access { tokens } else { Value::Null };
            assert_eq!(data["viewer"]["canListAppTokens"], full_access);
            assert_eq!(data["administration"]["appTokens"], told);
            t.close().await;
        }
    }
}

db_test!(
    async fn the_registry_tells_what_it_holds_and_how_its_work_stands(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        t.work_after(Duration::from_secs(1), "expiry_sweep").await;
        let look = "{ administration { usage { bytes blobCount } changeLog changeLogHtml \
             jobs { kind state nextRunAt intervalSeconds error } } }";
        let data = ask(t, &root, look, json!({})).await.data();
        let administration = &data["administration"];
        let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        let usage = &administration["usage"];
        assert!(number(&usage["bytes"]) > 0 && number(&usage["blobCount"]) >= 2);
        let jobs = administration["jobs"].as_array().unwrap();
        let sweep = jobs.iter().find(|job| job["kind"] == "expiry_sweep");
        let sweep = sweep.unwrap().clone();
        assert_eq!(
            (&sweep["state"], &sweep["intervalSeconds"], &sweep["error"]),
            (&json!("WAITING"), &json!(600), &Value::Null)
        );
        let retry = "mutation ($kind: String!) { retryJob(input: { kind: $kind }) { job { kind nextRunAt } } }";
        let due = ask(t, &root, retry, json!({ "kind": "expiry_sweep" })).await;
        let due = due.data()["retryJob"]["job"].clone();
        assert_ne!(due["nextRunAt"], sweep["nextRunAt"]);
        let unknown = ask(t, &root, retry, json!({ "kind": "nothing" })).await;
        assert_eq!(unknown.refused("field"), Some("kind"));
        let refused = ask(t, &ann, retry, json!({ "kind": "expiry_sweep" })).await;
        assert_eq!(refused.refused("code"), Some("FORBIDDEN"));
        // The page has a heading of its own.
        let log = administration["changeLog"].as_str().unwrap();
        let html = administration["changeLogHtml"].as_str().unwrap();
        assert!(log.starts_with("# Changelog"), "{log}");
        assert!(html.contains("<h2>") && !html.contains("<h1>"), "{html}");
    }
);

db_test!(
    async fn a_recovery_mail_is_refused_where_none_is_sent_and_to_who_is_no_superuser(
        t: TestRegistry,
    ) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let find = "{ administration { users(filter: { search: \"ann\" }) { nodes { id } } } }";
        let data = ask(t, &root, find, json!({})).await.data();
        let id = json!({ "id": data["administration"]["users"]["nodes"][0]["id"] });
        let send =
            "mutation ($id: ID!) { sendUserRecovery(input: { id: $id }) { email user { name } } }";
        let refused = ask(t, &root, send, id.clone()).await;
        assert_eq!(refused.refused("code"), Some("FEATURE_OFF"));
        let refused = ask(t, &ann, send, id).await;
        assert_eq!(refused.refused("code"), Some("FORBIDDEN"));
    }
);
