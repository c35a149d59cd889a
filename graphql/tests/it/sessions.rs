//! Set-up, signing in and out, and what a session may do next.

use berth_graphql::SessionEffect;
use berth_services::Origin;
use berth_testkit::{PASSWORD, db_test};
use serde_json::json;

use crate::client::{ask, execute};

const SIGN_IN: &str = "mutation ($u: String!, $p: String!) { signIn(input: { username: $u, password: $p }) \
     { viewer { credential user { name } creatableNamespaces } } }";

db_test!(
    async fn signing_in_makes_the_viewer_of_the_same_answer_and_a_session(t: TestRegistry) {
        t.user("ann").await;
        let variables = json!({ "u": "ann", "p": PASSWORD });
        let (answer, effect) = execute(t, &t.anonymous(), SIGN_IN, variables).await;
        let data = answer.data();
        assert_eq!(data["signIn"]["viewer"]["user"]["name"], "ann");
        assert_eq!(data["signIn"]["viewer"]["credential"], "SESSION");
        assert_eq!(
            data["signIn"]["viewer"]["creatableNamespaces"],
            json!(["ann"])
        );
        let Some(SessionEffect::Started { token, csrf, .. }) = effect else {
            panic!("no session")
        };
        let authn = &t.services.authn;
        assert!(authn.csrf_matches(token.expose(), &csrf));
        let actor = authn
            .session(token.expose(), Origin::default())
            .await
            .unwrap()
            .unwrap();
        let (answer, effect) =
            execute(t, &actor, "mutation { signOut { success } }", json!({})).await;
        assert_eq!(answer.data()["signOut"]["success"], true);
        assert!(matches!(effect, Some(SessionEffect::Ended)));
        assert!(
            authn
                .session(token.expose(), Origin::default())
                .await
                .unwrap()
                .is_none()
        );
    }
);

db_test!(
    async fn a_wrong_password_and_an_unknown_name_are_told_alike(t: TestRegistry) {
        t.user("ann").await;
        for name in ["ann", "nobody"] {
            let variables = json!({ "u": name, "p": "wrong-password" });
            let (answer, effect) = execute(t, &t.anonymous(), SIGN_IN, variables).await;
            assert_eq!(answer.refused("code"), Some("UNAUTHENTICATED"), "{name}");
            assert!(effect.is_none());
        }
    }
);

db_test!(
    async fn the_first_user_sets_the_registry_up_and_nobody_does_again(t: TestRegistry) {
        let nobody = t.anonymous();
        let needs = "{ registry { needsSetup } viewer { user { name } } }";
        let before = ask(t, &nobody, needs, json!({})).await.data();
        assert_eq!(
            before,
            json!({ "registry": { "needsSetup": true }, "viewer": null })
        );
        let setup = "mutation ($p: String!) { initializeRegistry(input: { username: \"ann\", password: $p }) \
             { viewer { isSuperuser } } }";
        let (answer, effect) = execute(t, &nobody, setup, json!({ "p": PASSWORD })).await;
        assert_eq!(
            answer.data()["initializeRegistry"]["viewer"]["isSuperuser"],
            true
        );
        assert!(matches!(effect, Some(SessionEffect::Started { .. })));
        let again = ask(t, &nobody, setup, json!({ "p": PASSWORD })).await;
        assert!(again.refused("code").is_some());
    }
);

db_test!(
    async fn a_changed_password_begins_a_new_session_and_ends_the_others(t: TestRegistry) {
        t.user("ann").await;
        let variables = json!({ "u": "ann", "p": PASSWORD });
        let (_, effect) = execute(t, &t.anonymous(), SIGN_IN, variables).await;
        let Some(SessionEffect::Started { token: old, .. }) = effect else {
            panic!("no session")
        };
        let authn = &t.services.authn;
        let actor = authn
            .session(old.expose(), Origin::default())
            .await
            .unwrap()
            .unwrap();
        let change = "mutation ($c: String!, $n: String!) { changePassword(input: { currentPassword: $c, newPassword: $n }) \
             { viewer { user { name } } } }";
        let wrong = json!({ "c": "wrong-password", "n": "another-password" });
        let refused = ask(t, &actor, change, wrong).await;
        assert_eq!(refused.refused("field"), Some("currentPassword"));
        // A failed attempt slows the next one down.
        t.clock.advance(std::time::Duration::from_mins(1));
        let right = json!({ "c": PASSWORD, "n": "another-password" });
        let (answer, effect) = execute(t, &actor, change, right).await;
        assert_eq!(
            answer.data()["changePassword"]["viewer"]["user"]["name"],
            "ann"
        );
        let Some(SessionEffect::Started { token, .. }) = effect else {
            panic!("no session")
        };
        assert!(
            authn
                .session(old.expose(), Origin::default())
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            authn
                .session(token.expose(), Origin::default())
                .await
                .unwrap()
                .is_some()
        );
    }
);
