//! The own user, and others.

use berth_services::Settings;
use berth_testkit::db_test;
use serde_json::json;

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};

db_test!(
    async fn a_user_reads_everything_about_itself(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        api.post(&ann, "/organization/", &json!({ "name": "acme" }))
            .await;
        let told = api.get(&ann, "/user/").await.json();
        let (mine, theirs) = (&told["avatar"], &told["organizations"][0]["avatar"]);
        assert_eq!(
            (&mine["kind"], &theirs["kind"], &theirs["name"]),
            (&json!("user"), &json!("org"), &json!("acme"))
        );
        assert_eq!(
            told,
            json!({
                "anonymous": false, "username": "ann", "avatar": mine, "can_create_repo": true,
                "is_me": true, "verified": true, "email": null, "logins": [],
                "invoice_email": false, "invoice_email_address": null, "preferred_namespace": false,
                "tag_expiration_s": 1_209_600, "prompts": [], "company": null, "family_name": null,
                "given_name": null, "location": null, "is_free_account": true,
                "has_password_set": true,
                "organizations": [{
                    "name": "acme", "avatar": theirs, "can_create_repo": true, "public": false,
                    "is_org_admin": true, "preferred_namespace": false,
                }],
            })
        );
        assert_eq!(api.get(&ann, "/users/ann").await.json(), told);
        assert_eq!(
            api.get(&api.sign_in("ann").await, "/user/").await.json(),
            told
        );
    }
);

db_test!(
    async fn a_token_reads_of_its_user_what_its_scopes_allow(t: TestRegistry) {
        let (api, _) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let told = api
            .get(&token(t, "ann", "user:read").await, "/user/")
            .await
            .json();
        let keys: Vec<_> = told
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, ["anonymous", "avatar", "organizations", "username"]);
        // Never 403: scripts ask here whether they are known.
        for who in [Who::Nobody, token(t, "ann", "repo:admin").await] {
            let answer = api.get(&who, "/user/").await;
            assert_eq!(answer.problem(), (401, "Requires authentication".into()));
            assert_eq!(answer.json()["session_required"], json!(false));
        }
    }
);

db_test!(
    async fn everybody_finds_a_user_by_name_and_nothing_else(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let bob = user(t, "bob", ALL_SCOPES).await;
        api.post(&ann, "/organization/", &json!({ "name": "acme" }))
            .await;
        api.put(&ann, "/user/robots/ci", &json!({})).await;
        for who in [&Who::Nobody, &bob] {
            let told = api.get(who, "/users/ann").await.json();
            let expected = json!({
                "anonymous": false, "username": "ann", "avatar": told["avatar"],
            });
            assert_eq!(told, expected);
            for name in ["nobody", "acme", "ann+ci", "ann%2Bci", "No%20Name"] {
                let answer = api.get(who, &format!("/users/{name}")).await;
                assert_eq!(
                    answer.told(),
                    (404, json!({ "message": "Not Found" })),
                    "{name}"
                );
            }
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn only_superusers_are_told_that_they_are() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
    with_settings(settings, async |t| {
        let api = Api::of(t);
        for name in ["root", "auditor", "ann"] {
            t.user(name).await;
        }
        for (name, scopes, superuser, read_only) in [
            ("root", ALL_SCOPES, Some(true), None),
            ("root", "user:admin", None, None),
            ("auditor", ALL_SCOPES, None, Some(true)),
            // Reading needs no scope.
            ("auditor", "user:read", None, Some(true)),
            ("ann", ALL_SCOPES, None, None),
        ] {
            let who = token(t, name, scopes).await;
            let told = api.get(&who, "/user/").await.json();
            let flag = |name: &str| told.get(name).map(|flag| flag == &json!(true));
            assert_eq!(
                (flag("super_user"), flag("global_readonly_super_user")),
                (superuser, read_only),
                "{name} by {scopes}: {told}"
            );
        }
    })
    .await;
}
