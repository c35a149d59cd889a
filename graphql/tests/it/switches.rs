//! What the configuration takes away, as the console is told of it.

use berth_services::Settings;
use berth_services::settings::Authentication;
use berth_testkit::{Backend, TestRegistry};
use serde_json::json;

use crate::client::ask;

/// Runs a test with settings on both databases, PostgreSQL where a server is named.
async fn with_settings(settings: Settings, run: impl AsyncFn(&TestRegistry)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if let Some(t) = TestRegistry::with(backend, settings.clone()).await {
            run(&t).await;
            t.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_user_is_offered_nothing_that_is_refused() {
    const OFFERED: &str = "query ($name: String!) { viewer { canCreateOrganization creatableNamespaces } \
         namespace(name: $name) { viewerCanCreateRepository viewerCanCreateRobot viewerCanAdminister } }";
    let mut settings = Settings::default();
    settings.users.restricted = true;
    settings.users.unrestricted_names = vec!["free".parse().unwrap()];
    with_settings(settings, async |t| {
        for (name, may) in [("ann", false), ("free", true)] {
            t.user(name).await;
            let who = t.session(name).await.actor;
            let own = json!({ "name": name });
            let offered = ask(t, &who, OFFERED, own.clone()).await.data();
            let names = if may { json!([name]) } else { json!([]) };
            assert_eq!(
                offered,
                json!({
                    "viewer": { "canCreateOrganization": may, "creatableNamespaces": names },
                    "namespace": {
                        "viewerCanCreateRepository": may, "viewerCanCreateRobot": may, "viewerCanAdminister": true,
                    },
                })
            );
            for (mutation, input, payload) in [
                ("createOrganization", "name: \"acme\"".to_owned(), "organization"),
                ("createRobot", format!("namespace: \"{name}\", shortName: \"ci\""), "robot"),
                ("createRepository", format!("namespace: \"{name}\", name: \"app\""), "repository"),
            ] {
                let document = format!("mutation {{ {mutation}(input: {{ {input} }}) {{ {payload} {{ id }} }} }}");
                let answer = ask(t, &who, &document, json!({})).await;
                if may {
                    answer.data();
                } else {
                    assert_eq!(answer.refused("code"), Some("FORBIDDEN"), "{mutation}");
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_everything_and_changes_nothing_reads_the_repositories_of_others() {
    const ASKED: &str = "{ repository(namespace: \"ann\", name: \"app\") { id viewerPermission viewerCanPush \
         viewerCanAdminister permissions { account role } } repositories { nodes { path } } }";
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    with_settings(settings, async |t| {
        t.user("ann").await;
        t.user("auditor").await;
        let ann = t.session("ann").await.actor;
        let auditor = t.session("auditor").await.actor;
        let make = "mutation { createRepository(input: { namespace: \"ann\", name: \"app\" }) { repository { id } } }";
        ask(t, &ann, make, json!({})).await.data();
        let mut seen = ask(t, &auditor, ASKED, json!({})).await.data();
        let id = seen["repository"]["id"].take();
        assert_eq!(
            seen,
            json!({
                "repository": {
                    "id": null, "viewerPermission": "READ", "viewerCanPush": false,
                    "viewerCanAdminister": false, "permissions": [],
                },
                "repositories": { "nodes": [{ "path": "ann/app" }] },
            })
        );
        for mutation in [
            "updateRepository(input: { id: $id, description: \"mine\" }) { repository { id } }",
            "setPermissions(input: { repository: $id, permissions: [{ account: \"auditor\", role: ADMIN }] }) \
             { repository { id } }",
            "deleteRepositories(input: { ids: [$id] }) { deletedIds }",
        ] {
            let document = format!("mutation ($id: ID!) {{ {mutation} }}");
            let answer = ask(t, &auditor, &document, json!({ "id": id })).await;
            assert!(answer.refused("code").is_some(), "{mutation}");
        }
        let unchanged = ask(t, &ann, ASKED, json!({})).await.data();
        assert_eq!(unchanged["repository"]["permissions"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_accounts_are_kept_elsewhere_nobody_signs_up() {
    const OFFERED: &str = "{ registry { keepsAccounts signUp } }";
    const SIGN_UP: &str = "mutation { signUp(input: { username: \"carol\", password: \"a-long-password\" }) \
         { awaitingVerification } }";
    let mut settings = Settings::default();
    settings.users.authentication = Authentication::Elsewhere;
    for (settings, keeps) in [(settings, false), (Settings::default(), true)] {
        with_settings(settings, async |t| {
            t.user("ann").await;
            let nobody = t.anonymous();
            let offered = ask(t, &nobody, OFFERED, json!({})).await.data();
            assert_eq!(
                offered["registry"],
                json!({ "keepsAccounts": keeps, "signUp": keeps })
            );
            let answer = ask(t, &nobody, SIGN_UP, json!({})).await;
            if keeps {
                answer.data();
            } else {
                assert_eq!(answer.refused("code"), Some("FEATURE_OFF"));
            }
        })
        .await;
    }
}
