//! Rights: which actions a token gets, and what it is then good for.

use berth_domain::RepositoryRole;
use berth_services::Settings;
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, db_test};
use serde_json::json;

use crate::auth::{access, claims, entry};
use crate::client::{Client, HOST, allow, publish};

db_test!(
    async fn refused_actions_are_left_out_and_the_entry_stays(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        t.push(&ann, "ann/open:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/closed:1", &TestImage::new(1)).await;
        publish(t, &ann, "ann/open").await;
        let scopes = [
            "repository:ann/open:pull,push,delete,fly,*",
            "repository:ann/closed:pull,push",
            "repository:nobody/nothing:pull",
            "user:bob:read",
        ];
        let expected = |open: &[&str], closed: &[&str]| {
            json!([
                entry("ann/open", open),
                entry("ann/closed", closed),
                entry("nobody/nothing", &[])
            ])
        };
        let owner = access(t, Some(("ann", PASSWORD)), &scopes).await;
        assert_eq!(owner, expected(&["push", "pull", "*"], &["push", "pull"]));
        let stranger = access(t, Some(("bob", PASSWORD)), &scopes).await;
        assert_eq!(stranger, expected(&["pull"], &[]));
        assert_eq!(access(t, None, &scopes).await, expected(&["pull"], &[]));
    }
);

db_test!(
    async fn anybody_pulls_what_is_public_and_nobody_sees_what_is_not(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        t.push(&ann, "ann/open:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/closed:1", &TestImage::new(1)).await;
        publish(t, &ann, "ann/open").await;
        let scopes = [
            "repository:ann/open:pull,push",
            "repository:ann/closed:pull,push",
        ];
        let image = TestImage::new(2);
        for client in [
            Client::without_token(&t.services),
            Client::with_scopes(&t.services, None, &scopes).await,
            Client::with_scopes(&t.services, Some(("bob", PASSWORD)), &scopes).await,
        ] {
            client.get("/v2/ann/open/manifests/1").await.is(200);
            client.get("/v2/ann/open/tags/list").await.is(200);
            for path in ["/v2/ann/closed/manifests/1", "/v2/ann/closed/tags/list"] {
                client.get(path).await.is_error(401, "UNAUTHORIZED");
            }
            let absent = client.get("/v2/ann/absent/manifests/1").await;
            absent.is_error(401, "UNAUTHORIZED");
            assert!(
                absent
                    .header("www-authenticate")
                    .contains("scope=\"repository:ann/absent:pull\"")
            );
            let push = client.push_manifest("ann/open", "2", &image.manifest).await;
            push.is_error(401, "UNAUTHORIZED");
            assert!(
                push.header("www-authenticate")
                    .contains("scope=\"repository:ann/open:pull,push\"")
            );
            client
                .push_blob("ann/open", &image.layer)
                .await
                .is_error(401, "UNAUTHORIZED");
            client
                .delete("/v2/ann/open/manifests/1")
                .await
                .is_error(401, "UNAUTHORIZED");
        }
    }
);

db_test!(
    async fn a_reader_reads_and_a_writer_writes(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        allow(t, &ann, "ann/app", "bob", RepositoryRole::Read).await;
        let bob = Client::of(t, "bob", "ann/app").await;
        bob.get("/v2/ann/app/manifests/1").await.is(200);
        let refused = bob.push_blob("ann/app", &TestImage::new(2).layer).await;
        refused.is_error(401, "UNAUTHORIZED");
        assert!(
            refused
                .header("www-authenticate")
                .ends_with(",error=\"insufficient_scope\"")
        );
        allow(t, &ann, "ann/app", "bob", RepositoryRole::Write).await;
        // The token of before stays as narrow as it was made.
        bob.push_blob("ann/app", &TestImage::new(2).layer)
            .await
            .is_error(401, "UNAUTHORIZED");
        let bob = Client::of(t, "bob", "ann/app").await;
        bob.push_image("ann/app", "2", &TestImage::new(2)).await;
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_everything_and_changes_nothing_pulls_from_everywhere() {
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        let ann = t.user("ann").await;
        let auditor = t.user("auditor").await;
        t.push(&ann, "ann/closed:1", &TestImage::new(1)).await;
        let login = Some(("auditor", PASSWORD));
        let scope = ["repository:ann/closed:pull,push,*"];
        let granted = json!([entry("ann/closed", &["pull"])]);
        assert_eq!(access(&t, login, &scope).await, granted);
        let client = Client::with_scopes(&t.services, login, &scope).await;
        for path in ["manifests/1", "tags/list"] {
            client.get(&format!("/v2/ann/closed/{path}")).await.is(200);
        }
        let image = TestImage::new(2);
        let pushed = client.push_blob("ann/closed", &image.layer).await;
        pushed.is_error(401, "UNAUTHORIZED");
        let deleted = client.delete("/v2/ann/closed/manifests/1").await;
        deleted.is_error(401, "UNAUTHORIZED");
        let scope = ["repository:ann/none:pull"];
        let client = Client::with_scopes(&t.services, login, &scope).await;
        let absent = client.get("/v2/ann/none/manifests/1").await;
        assert_eq!(
            claims(client.token())["access"],
            json!([entry("ann/none", &[])])
        );
        absent.is_error(401, "UNAUTHORIZED");
        // Its access tokens are for what their scopes say.
        for (scopes, actions) in [("repo:read", &["pull"][..]), ("super:user", &[][..])] {
            let token = t.oauth_token(&auditor, scopes).await;
            let login = Some(("$oauthtoken", &*token));
            let granted = json!([entry("ann/closed", actions)]);
            let scope = ["repository:ann/closed:pull,push"];
            assert_eq!(access(&t, login, &scope).await, granted, "{scopes}");
        }
        t.close().await;
    }
}

db_test!(
    async fn a_token_narrows_and_never_grants(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.user("bob").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/second:1", &TestImage::new(1)).await;
        let login = Some(("ann", PASSWORD));
        let puller = Client::with_scopes(&t.services, login, &["repository:ann/app:pull"]).await;
        puller.get("/v2/ann/app/manifests/1").await.is(200);
        puller
            .delete("/v2/ann/app/manifests/1")
            .await
            .is_error(401, "UNAUTHORIZED");
        puller.get("/v2/ann/second/manifests/1").await.is(401);

        allow(t, &ann, "ann/app", "bob", RepositoryRole::Read).await;
        let bob = Client::of(t, "bob", "ann/app").await;
        bob.get("/v2/ann/app/manifests/1").await.is(200);
        let repository = t
            .services
            .repositories
            .by_path(&ann, &"ann/app".parse().unwrap())
            .await
            .unwrap();
        let change = berth_services::permissions::RoleChange {
            account: "bob".into(),
            role: None,
        };
        t.services
            .permissions
            .set(&ann, repository.repository.id, &[change])
            .await
            .unwrap();
        // The token still says pull; the rows say no.
        bob.get("/v2/ann/app/manifests/1")
            .await
            .is_error(401, "UNAUTHORIZED");
    }
);

db_test!(
    async fn a_first_push_may_create_its_namespace(t: TestRegistry) {
        t.user("ann").await;
        t.user("bob").await;
        let mut settings = Settings::default();
        settings.push.create_namespaces = true;
        let services = t.replica(settings);
        let scope = ["repository:fresh/app:pull,push,*"];
        let ann = Client::with_scopes(&services, Some(("ann", PASSWORD)), &scope).await;
        let answer = Client::without_token(&services)
            .ask_token(Some(("ann", PASSWORD)), &scope)
            .await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(
            claims(&token)["access"],
            json!([entry("fresh/app", &["push", "pull"])])
        );
        // A client looks before it pushes, and is told that nothing is there.
        ann.get("/v2/fresh/app/manifests/1")
            .await
            .is_error(404, "NAME_UNKNOWN");
        let narrow = Client::of(t, "ann", "ann/app").await;
        narrow.get("/v2/fresh/app/manifests/1").await.is(401);
        ann.push_image("fresh/app", "1", &TestImage::new(1)).await;
        ann.get("/v2/fresh/app/manifests/1").await.is(200);
        for login in [Some(("bob", PASSWORD)), None] {
            let answer = Client::without_token(&services)
                .ask_token(login, &scope)
                .await;
            let token = answer.json()["token"].as_str().unwrap().to_owned();
            assert_eq!(claims(&token)["access"], json!([entry("fresh/app", &[])]));
            let client = Client::with_token(&services, &token);
            client
                .get("/v2/fresh/app/manifests/1")
                .await
                .is_error(401, "UNAUTHORIZED");
            client
                .push_blob("fresh/app", &"x".into())
                .await
                .is_error(401, "UNAUTHORIZED");
        }
        // Switched off, nobody gets anything.
        let scope = ["repository:other/app:pull,push"];
        assert_eq!(
            access(t, Some(("ann", PASSWORD)), &scope).await,
            json!([entry("other/app", &[])])
        );
    }
);

db_test!(
    async fn a_token_for_another_repository_is_asked_to_be_wider(t: TestRegistry) {
        t.user("ann").await;
        let narrow = Client::of(t, "ann", "ann/app").await;
        for (method, path, scope) in [
            ("GET", "/v2/ann/absent/manifests/1", "pull"),
            ("HEAD", "/v2/ann/absent/manifests/1", "pull"),
            ("GET", "/v2/ann/absent/tags/list", "pull"),
            ("DELETE", "/v2/ann/absent/manifests/1", "pull,push"),
            ("POST", "/v2/ann/absent/blobs/uploads/", "pull,push"),
        ] {
            let answer = narrow.send(method, path, &[], "").await;
            assert_eq!(
                answer.is(401).header("www-authenticate"),
                format!(
                    "Bearer realm=\"http://{HOST}/v2/auth\",service=\"{HOST}\",\
                     scope=\"repository:ann/absent:{scope}\",error=\"insufficient_scope\""
                )
            );
        }
        let wide = Client::of(t, "ann", "ann/absent").await;
        wide.get("/v2/ann/absent/manifests/1")
            .await
            .is_error(404, "NAME_UNKNOWN");
    }
);
