//! The own account, and what superusers do with users.

use berth_domain::Secret;
use berth_services::{Origin, Settings};
use berth_testkit::PASSWORD;
use serde_json::{Value, json};

use crate::registry::Registry;
use crate::seed;

/// Lists of people, each asked for 10 rows and for 100.
const LISTS: [(&str, &str); 12] = [
    (
        "users with what would go with them",
        "administration { users(first: $n) { nodes { name lastUsedAt soleOrganizationCount contents { repositoryCount robotCount } } } }",
    ),
    (
        "users who were away",
        "administration { users(first: $n, filter: { inactiveSince: \"2099-01-01T00:00:00Z\" }) { totalCount nodes { name } } }",
    ),
    (
        "all namespaces",
        "administration { namespaces(first: $n) { totalCount nodes { __typename name contents { repositoryCount robotCount lastPushedAt sizeBytes } } } }",
    ),
    (
        "namespaces of users",
        "administration { namespaces(first: $n, filter: { kind: USER }) { totalCount nodes { name } } }",
    ),
    (
        "users",
        "administration { users(first: $n) { totalCount nodes { name email emailVerified enabled isSuperuser company } } }",
    ),
    (
        "disabled users",
        "administration { users(first: $n, filter: { enabled: false }) { totalCount nodes { name } } }",
    ),
    (
        "users by text",
        "administration { users(first: $n, filter: { search: \"user-1\" }) { totalCount nodes { name } } }",
    ),
    (
        "all organizations",
        "administration { organizations(first: $n) { totalCount nodes { name email } } }",
    ),
    (
        "keys of services",
        "administration { serviceKeys(first: $n) { nodes { kid service expiresAt } } }",
    ),
    (
        "the bell",
        "viewer { notifications(first: $n) { unreadCount nodes { uuid kind organization } } }",
    ),
    (
        "own app tokens that end soon",
        "viewer { appTokens(first: $n, expiring: true) { nodes { uuid } } }",
    ),
    (
        "own sessions, tokens and logins",
        "viewer { sessions(first: $n) { nodes { id } } appTokens(first: $n) { nodes { uuid } } logins { kind } }",
    ),
];

/// Everything of this page, as a superuser in a session.
pub(crate) async fn people(r: &mut Registry) {
    let services = r.t.services.clone();
    let root = r.t.superuser("root").await;
    let ann = std::mem::replace(&mut r.ann, root.actor.clone());
    for (name, selection) in LISTS {
        for rows in [10, 100] {
            let document = format!("query ($n: Int!) {{ {selection} }}");
            let what = format!("query {name}: {rows} rows");
            r.query(&what, &document, json!({ "n": rows })).await;
        }
    }
    everybodys_tokens(r).await;
    let look = "{ administration { usage { bytes blobCount } jobs { kind state nextRunAt } } }";
    r.query("query what is stored and done", look, json!({}))
        .await;
    let made = r
        .change(
            "createUser",
            json!({ "username": "new-user", "email": "new@users.test" }),
            "user { id }",
        )
        .await;
    let id = &made["user"]["id"];
    for (name, input) in [
        (
            "updateUser",
            json!({ "id": id, "email": "newer@users.test" }),
        ),
        ("setUserPassword", json!({ "id": id, "password": PASSWORD })),
        ("disableUser", json!({ "id": id })),
        ("enableUser", json!({ "id": id })),
    ] {
        r.change(name, input, "user { id enabled }").await;
    }
    r.change("deleteUser", json!({ "id": id }), "deletedId")
        .await;
    let message = json!({ "content": "hello", "severity": "INFO", "mediaType": "PLAIN" });
    let made = r.change("createMessage", message, "message { uuid }").await;
    let uuid = json!({ "uuid": made["message"]["uuid"] });
    r.query(
        "query messages",
        "{ registry { messages { content } } }",
        json!({}),
    )
    .await;
    r.change("deleteMessage", uuid, "deletedUuid").await;
    seed::messages(&r.raw).await;
    let email = json!({ "email": "root@users.test" });
    r.change("changeEmail", email, "user { email }").await;
    r.change(
        "verifyPassword",
        json!({ "password": PASSWORD }),
        "freshUntil",
    )
    .await;
    let made = r
        .change(
            "createAppToken",
            json!({ "title": "laptop" }),
            "token appToken { uuid }",
        )
        .await;
    let token = Secret::from(made["token"].as_str().unwrap());
    for what in ["an app token's first login", "an app token's next login"] {
        let login = services.authn.basic("$app", &token, Origin::default());
        Box::pin(r.measure(what, login)).await.unwrap();
    }
    let uuid = json!({ "uuid": made["appToken"]["uuid"] });
    r.change("deleteAppToken", uuid, "deletedUuid").await;
    let session = r.t.session("ann").await.actor;
    let account = services.accounts.delete(&session);
    // It administers `acme` alone.
    assert!(r.measure("a refused deleteAccount", account).await.is_err());
    r.ann = ann;
}

/// Superusers see these alone where they reach everything.
async fn everybodys_tokens(r: &mut Registry) {
    let mut settings = Settings::default();
    settings.users.superusers_full_access = true;
    let full = r.t.replica(settings);
    let plain = std::mem::replace(&mut r.t.services, full);
    let lists = [
        ("", "nodes { uuid user { name } }"),
        (" that end soon", "nodes { uuid }"),
    ];
    for (which, selection) in lists {
        let filter = if which.is_empty() {
            ""
        } else {
            ", expiring: true"
        };
        let document = format!(
            "query ($n: Int!) {{ administration {{ appTokens(first: $n{filter}) {{ {selection} }} }} }}"
        );
        for rows in [10, 100] {
            let what = format!("query everybody's app tokens{which}: {rows} rows");
            let found = r.query(&what, &document, json!({ "n": rows })).await;
            assert!(!found["administration"]["appTokens"].is_null());
        }
    }
    // A list of everything has a condition from its second page on.
    let list = "query ($after: String) { administration { appTokens(first: 100, after: $after) { \
                pageInfo { endCursor } nodes { uuid } } } }";
    let mut after = Value::Null;
    for what in ["-", "query everybody's app tokens: 100 rows on"] {
        let page = r.query(what, list, json!({ "after": after })).await;
        after = page["administration"]["appTokens"]["pageInfo"]["endCursor"].clone();
    }
    r.t.services = plain;
}
