//! What somebody tries who should not get in.

use std::time::Duration;

use berth_domain::{PageRequest, Secret};
use berth_services::oauth::{Exchange, ExchangeRefusal, Reason};
use berth_testkit::db_test;

use super::{
    OWN, application, asked, authorize, bearer, code, exchange, parameter, refusal, shown, which,
};

db_test!(
    async fn a_code_that_is_shown_twice_ends_the_token_it_gave(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let code = code(t, &ann, &view, "repo:read").await;
        let shown = shown(&view, &code, "repo:read");
        let token = exchange(&t.services, &shown).await.unwrap();
        assert!(bearer(t, token.expose()).await.is_ok());
        let again = exchange(&t.services, &shown).await;
        assert_eq!(again, Err(ExchangeRefusal::InvalidGrant));
        let dead = bearer(t, token.expose()).await.unwrap_err();
        assert_eq!(dead.code(), "UNAUTHENTICATED");
        let again = exchange(&t.services, &shown).await;
        assert_eq!(again, Err(ExchangeRefusal::InvalidGrant));
    }
);

db_test!(
    async fn of_two_that_show_a_code_at_once_nobody_keeps_a_token(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        for _ in 0..5 {
            let code = code(t, &ann, &view, "repo:read").await;
            let shown = shown(&view, &code, "repo:read");
            let (one, two) =
                tokio::join!(exchange(&t.services, &shown), exchange(&t.services, &shown));
            assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
            let token = one.or(two).unwrap();
            assert!(bearer(t, token.expose()).await.is_err());
        }
    }
);

db_test!(
    async fn a_code_is_worth_nothing_to_another_application_or_address(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let (_, other) = application(t, "bob", "beta").await;
        let code = code(t, &ann, &view, "repo:read").await;
        let right = shown(&view, &code, "repo:read");
        let of_another = shown(&other, &code, "repo:read");
        let mixed = Exchange {
            client_secret: of_another.client_secret.clone(),
            ..right.clone()
        };
        let address = |address: &str| Exchange {
            redirect_uri: address.into(),
            ..right.clone()
        };
        let scope = |scope: &str| Exchange {
            scope: scope.into(),
            ..right.clone()
        };
        for (shown, refused) in [
            (of_another, "invalid_grant"),
            (mixed, "invalid_client"),
            (
                Exchange {
                    client_secret: None,
                    ..right.clone()
                },
                "invalid_client",
            ),
            (
                Exchange {
                    client_id: "NOBODY".into(),
                    ..right.clone()
                },
                "invalid_client",
            ),
            (
                Exchange {
                    code: Secret::from("made-up"),
                    ..right.clone()
                },
                "invalid_grant",
            ),
            (
                Exchange {
                    grant_type: "password".into(),
                    ..right.clone()
                },
                "unsupported_grant_type",
            ),
            (address("https://app.test/cb/deep"), "invalid_grant"),
            (address("https://app.test/CB"), "invalid_grant"),
            (address(""), "invalid_grant"),
            (scope("repo:write"), "invalid_scope"),
            (scope("repo:read repo:write"), "invalid_scope"),
            (scope(""), "invalid_scope"),
            (scope("repo:fly"), "invalid_scope"),
        ] {
            let answer = exchange(&t.services, &shown).await;
            assert_eq!(answer.unwrap_err().code(), refused, "{shown:?}");
        }
        // None of these has used it up.
        assert!(exchange(&t.services, &right).await.is_ok());
    }
);

db_test!(
    async fn a_code_lives_for_ten_minutes_and_a_new_secret_replaces_the_old(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let late = code(t, &ann, &view, "repo:read").await;
        t.clock.advance(Duration::from_mins(10));
        let answer = exchange(&t.services, &shown(&view, &late, "repo:read")).await;
        assert_eq!(answer, Err(ExchangeRefusal::InvalidGrant));
        let code = code(t, &ann, &view, "repo:read").await;
        t.clock.advance(Duration::from_mins(9));
        let applications = &t.services.applications;
        let reset = applications.reset_secret(&ann, which(&view)).await.unwrap();
        let old = exchange(&t.services, &shown(&view, &code, "repo:read")).await;
        assert_eq!(old, Err(ExchangeRefusal::InvalidClient));
        let new = exchange(&t.services, &shown(&reset, &code, "repo:read")).await;
        assert!(new.is_ok());
    }
);

db_test!(
    async fn a_user_who_was_shut_out_gives_no_token_and_has_none(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let (ann, view) = application(t, "ann", "acme").await;
        let token = authorize(t, &ann, &asked(&view, "repo:read", "token")).await;
        let token = parameter(&token.unwrap(), "access_token");
        let code = code(t, &ann, &view, "repo:read").await;
        let superuser = &t.services.superuser;
        let id = ann.user_id().unwrap();
        superuser.set_enabled(&root, id, false).await.unwrap();
        let answer = exchange(&t.services, &shown(&view, &code, "repo:read")).await;
        assert_eq!(answer, Err(ExchangeRefusal::InvalidGrant));
        assert!(bearer(t, &token).await.is_err());
        superuser.delete_user(&root, id).await.unwrap();
        let answer = exchange(&t.services, &shown(&view, &code, "repo:read")).await;
        assert_eq!(answer, Err(ExchangeRefusal::InvalidGrant));
    }
);

db_test!(
    async fn nobody_is_sent_to_an_address_that_is_not_the_applications(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        for address in [
            "http://app.test/cb",
            "https://app.test.evil.test/cb",
            "https://evil.test/cb",
            "https://app.test@evil.test/cb",
            "https://app.test/cb/../../evil",
            "https://app.test/cb@evil.test",
            "https://app.test/cb/%2e%2e/evil",
            "https://app.test/cb\r\nLocation: https://evil.test",
            "javascript:alert(1)",
            "",
        ] {
            let mut question = asked(&view, "repo:read", "token");
            question.redirect_uri = address.into();
            let refused = authorize(t, &ann, &question).await.unwrap_err();
            assert_eq!(refused.reason, Reason::RedirectMismatch, "{address}");
            // The application hears of it where it is at home.
            assert_eq!(
                refused.location.as_deref(),
                Some("https://app.test/cb?error=redirect_uri_mismatch&state=s+1")
            );
            let authorizations = &t.services.authorizations;
            let denied = authorizations.deny(&ann, &question, OWN).await.unwrap();
            assert_eq!(denied.unwrap_err().reason, Reason::RedirectMismatch);
            // Of an application that is none there is nowhere to go.
            question.client_id = "NOBODY".into();
            let refused = authorize(t, &ann, &question).await.unwrap_err();
            assert_eq!(
                (refused.reason, refused.location),
                (Reason::UnknownClient, None)
            );
        }
        let page = PageRequest::new(None, 10);
        let session = t.session("ann").await.actor;
        let made = t
            .services
            .authorizations
            .page(&session, &page)
            .await
            .unwrap();
        assert!(made.items.is_empty(), "{made:?}");
    }
);

db_test!(
    async fn what_comes_back_is_escaped(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let mut question = asked(&view, "repo:fly", "token");
        question.state = Some("x\r\nSet-Cookie: a=b&error=none#frag".into());
        let refused = authorize(t, &ann, &question).await.unwrap_err();
        assert_eq!(
            refused.location.as_deref(),
            Some(
                "https://app.test/cb?error=invalid_scope\
                 &state=x%0D%0ASet-Cookie%3A+a%3Db%26error%3Dnone%23frag"
            )
        );
        question.scope = "repo:read".into();
        question.response_type = "id_token".into();
        assert_eq!(
            refusal(t, &ann, &question).await,
            Reason::UnsupportedResponseType
        );
    }
);

db_test!(
    async fn a_stranger_cannot_be_asked_and_learns_nothing(t: TestRegistry) {
        let (_, view) = application(t, "ann", "acme").await;
        let eve = t.user("eve").await;
        let question = asked(&view, "repo:read", "token");
        assert_eq!(refusal(t, &eve, &question).await, Reason::AccessDenied);
        let authorizations = &t.services.authorizations;
        let nobody = authorizations.consent(&t.anonymous(), &question, OWN).await;
        assert_eq!(nobody.unwrap_err().code(), "UNAUTHENTICATED");
    }
);

db_test!(
    async fn no_token_lets_another_application_in(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let all = "repo:admin repo:create user:admin org:admin";
        let by_token = bearer(t, &t.oauth_token(&ann, all).await).await.unwrap();
        let (_, text) = t
            .services
            .app_tokens
            .create(&t.session("ann").await.actor, "laptop")
            .await
            .unwrap();
        let by_app_token = t.login("$app", text.expose()).await;
        let question = asked(&view, "repo:read", "token");
        let authorizations = &t.services.authorizations;
        for actor in [&by_token, &by_app_token] {
            let refused = authorizations.authorize(actor, &question, OWN).await;
            assert_eq!(refused.unwrap_err().code(), "FORBIDDEN");
            let refused = authorizations.deny(actor, &question, OWN).await;
            assert_eq!(refused.unwrap_err().code(), "FORBIDDEN");
        }
        assert!(
            authorize(t, &t.session("ann").await.actor, &question)
                .await
                .is_ok()
        );
    }
);
