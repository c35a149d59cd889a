//! Users, sessions, registry tokens.

use std::time::Duration;

use berth_domain::{Error, Secret};
use berth_services::authn::{InitialUser, RequestedScope};
use berth_services::{Actor, Origin, Settings};
use berth_store::logs;
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test, path_of};
use serde_json::{Value, json};

fn first(name: &str) -> InitialUser {
    InitialUser {
        username: name.into(),
        password: Secret::from(PASSWORD),
        email: Some(format!("{name}@example.com")),
        setup_code: None,
    }
}

fn origin(ip: &str) -> Origin {
    Origin {
        ip: Some(ip.parse().unwrap()),
        ..Origin::default()
    }
}

async fn granted(t: &TestRegistry, actor: &Actor, name: &str) -> Actor {
    let scope = RequestedScope {
        kind: "repository".into(),
        name: name.into(),
        actions: vec!["pull".into(), "push".into()],
    };
    let authn = &t.services.authn;
    let issued = authn
        .issue_registry_token(actor, "registry.test", &[scope])
        .await
        .unwrap();
    authn
        .registry_token(&issued.token, "registry.test", Origin::default())
        .await
        .unwrap()
}

db_test!(
    async fn only_the_first_user_is_made_by_set_up(t: TestRegistry) {
        let authn = &t.services.authn;
        assert!(authn.needs_setup().await.unwrap());
        let session = authn
            .initialize(first("admin"), Origin::default())
            .await
            .unwrap();
        assert!(session.actor.is_superuser());
        assert!(!authn.needs_setup().await.unwrap());
        let again = authn
            .initialize(first("other"), Origin::default())
            .await
            .unwrap_err();
        assert!(matches!(again, Error::Conflict { .. }), "{again:?}");
    }
);

db_test!(
    async fn two_set_ups_at_once_make_one_user(t: TestRegistry) {
        let authn = &t.services.authn;
        let both = futures::future::join(
            authn.initialize(first("one-of"), Origin::default()),
            authn.initialize(first("two-of"), Origin::default()),
        );
        let (one, two) = both.await;
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
);

db_test!(
    async fn set_up_off_loopback_asks_for_the_printed_code(t: TestRegistry) {
        let mut settings = Settings::default();
        settings.users.setup_needs_code = true;
        let authn = t.replica(settings.clone()).authn.clone();
        let refused = authn
            .initialize(first("admin"), Origin::default())
            .await
            .unwrap_err();
        assert_eq!(refused.field(), Some("setupCode"));
        let code = t.replica(settings).authn.setup_code().await.unwrap();
        let user = InitialUser {
            setup_code: Some(code),
            ..first("admin")
        };
        assert!(authn.initialize(user, Origin::default()).await.is_ok());
    }
);

db_test!(
    async fn a_session_lives_until_sign_out_or_its_time(t: TestRegistry) {
        t.user("ann").await;
        let authn = &t.services.authn;
        let sign_in = async || {
            authn
                .sign_in("ann", &Secret::from(PASSWORD), Origin::default())
                .await
                .unwrap()
        };
        let session = sign_in().await;
        let actor = authn
            .session(session.token.expose(), Origin::default())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(actor.name().as_deref(), Some("ann"));
        assert!(authn.csrf_matches(session.token.expose(), &session.csrf));
        authn.sign_out(&actor).await.unwrap();
        assert!(
            authn
                .session(session.token.expose(), Origin::default())
                .await
                .unwrap()
                .is_none()
        );
        let session = sign_in().await;
        t.clock.advance(Duration::from_hours(32 * 24));
        assert!(
            authn
                .session(session.token.expose(), Origin::default())
                .await
                .unwrap()
                .is_none()
        );
    }
);

db_test!(
    async fn a_password_change_ends_the_other_sessions(t: TestRegistry) {
        t.user("ann").await;
        let authn = &t.services.authn;
        let old = Secret::from(PASSWORD);
        let one = authn.sign_in("ann", &old, Origin::default()).await.unwrap();
        let two = authn.sign_in("ann", &old, Origin::default()).await.unwrap();
        let new = Secret::from("another-long-one");
        let wrong = authn
            .change_password(&one.actor, &new, &new)
            .await
            .unwrap_err();
        assert_eq!(wrong.field(), Some("currentPassword"));
        let short = authn
            .change_password(&one.actor, &old, &Secret::from("short"))
            .await
            .unwrap_err();
        assert_eq!(short.field(), Some("newPassword"));
        let fresh = authn.change_password(&one.actor, &old, &new).await.unwrap();
        for ended in [&one, &two] {
            assert!(
                authn
                    .session(ended.token.expose(), Origin::default())
                    .await
                    .unwrap()
                    .is_none()
            );
        }
        assert!(
            authn
                .session(fresh.token.expose(), Origin::default())
                .await
                .unwrap()
                .is_some()
        );
        assert!(authn.sign_in("ann", &old, Origin::default()).await.is_err());
    }
);

db_test!(
    async fn wrong_passwords_slow_down_their_address_and_not_the_owner_elsewhere(t: TestRegistry) {
        t.user("ann").await;
        let authn = &t.services.authn;
        let wrong = Secret::from("not-the-password");
        let right = Secret::from(PASSWORD);
        for _ in 0..3 {
            let refused = authn
                .sign_in("ann", &wrong, origin("10.0.0.1"))
                .await
                .unwrap_err();
            assert!(
                matches!(refused, Error::Unauthenticated { .. }),
                "{refused:?}"
            );
        }
        let waits = authn
            .sign_in("ann", &right, origin("10.0.0.1"))
            .await
            .unwrap_err();
        assert!(
            matches!(waits, Error::RateLimited { retry_after_s: 1 }),
            "{waits:?}"
        );
        assert!(
            authn
                .sign_in("ann", &right, origin("10.0.0.2"))
                .await
                .is_ok()
        );
        t.clock.advance(Duration::from_secs(1));
        assert!(
            authn
                .sign_in("ann", &right, origin("10.0.0.1"))
                .await
                .is_ok()
        );
    }
);

db_test!(
    async fn guesses_sent_at_once_are_as_few_as_guesses_one_after_another(t: TestRegistry) {
        t.user("ann").await;
        let authn = &t.services.authn;
        let wrong = Secret::from("not-the-password");
        for name in ["ann", "nobody"] {
            let from = origin(if name == "ann" {
                "10.0.0.1"
            } else {
                "10.0.0.2"
            });
            let tries = (0..50).map(|_| authn.sign_in(name, &wrong, from.clone()));
            let answers = futures::future::join_all(tries).await;
            let tried = answers
                .iter()
                .filter(|answer| matches!(answer, Err(Error::Unauthenticated { .. })));
            assert_eq!(tried.count(), 3, "{name}");
            let waiting = answers
                .iter()
                .filter(|answer| matches!(answer, Err(Error::RateLimited { .. })));
            assert_eq!(waiting.count(), 47, "{name}");
        }
        let right = Secret::from(PASSWORD);
        let waits = authn.sign_in("ann", &right, origin("10.0.0.1")).await;
        assert!(matches!(waits, Err(Error::RateLimited { .. })));
    }
);

db_test!(
    async fn how_long_a_login_waits_does_not_tell_whether_there_is_such_a_user(t: TestRegistry) {
        t.user("ann").await;
        let authn = &t.services.authn;
        let wrong = Secret::from("not-the-password");
        let mut seen = Vec::new();
        for (name, ip) in [("ann", "10.0.0.1"), ("nobody", "10.0.0.2")] {
            let mut answers = Vec::new();
            for _ in 0..8 {
                let refused = authn.sign_in(name, &wrong, origin(ip)).await.unwrap_err();
                answers.push(refused.to_string());
                t.clock.advance(Duration::from_millis(700));
            }
            seen.push(answers);
        }
        assert_eq!(seen[0], seen[1]);
    }
);

db_test!(
    async fn a_registry_token_narrows_and_never_grants(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        t.push(&ann, "ann/one:1", &TestImage::new(1)).await;
        t.push(&ann, "ann/two:1", &TestImage::new(2)).await;
        let narrowed = granted(t, &ann, "ann/one").await;
        let uploads = &t.services.uploads;
        assert!(uploads.start(&narrowed, &path_of("ann/one")).await.is_ok());
        assert!(uploads.start(&narrowed, &path_of("ann/two")).await.is_err());
        assert!(
            uploads
                .start(&narrowed, &path_of("ann/three"))
                .await
                .is_err()
        );
        let with_host = granted(t, &ann, "registry.test/ann/one").await;
        assert!(uploads.start(&with_host, &path_of("ann/one")).await.is_ok());
        let stranger = granted(t, &bob, "ann/one").await;
        assert!(uploads.start(&stranger, &path_of("ann/one")).await.is_err());
    }
);

db_test!(
    async fn a_registry_token_is_for_one_registry_and_one_hour(t: TestRegistry) {
        let ann = t.user("ann").await;
        let authn = &t.services.authn;
        let issued = authn
            .issue_registry_token(&ann, "registry.test", &[])
            .await
            .unwrap();
        assert!(
            authn
                .registry_token(&issued.token, "other.test", Origin::default())
                .await
                .is_err()
        );
        let elsewhere = t.replica(Settings::default()).authn.clone();
        assert!(
            elsewhere
                .registry_token(&issued.token, "registry.test", Origin::default())
                .await
                .is_ok()
        );
        t.clock.advance(Duration::from_secs(3700));
        assert!(
            authn
                .registry_token(&issued.token, "registry.test", Origin::default())
                .await
                .is_err()
        );
    }
);

db_test!(
    async fn keys_rotate_without_refusing_anyone(t: TestRegistry) {
        let ann = t.user("ann").await;
        let authn = &t.services.authn;
        authn
            .issue_registry_token(&ann, "registry.test", &[])
            .await
            .unwrap();
        let first = t.services.keys.public_jwks().await.unwrap().remove(0);
        t.clock.advance(Duration::from_hours(31 * 24));
        let before = authn
            .issue_registry_token(&ann, "registry.test", &[])
            .await
            .unwrap();
        t.services.keys.rotate_if_old().await.unwrap();
        let keys = t.services.keys.public_jwks().await.unwrap();
        assert_eq!(keys.len(), 2);
        let mut conn = t.db().read().await.unwrap();
        let logged = logs::of_kind(&mut conn, "service_key_rotate")
            .await
            .unwrap();
        drop(conn);
        let logged: Vec<Value> = logged
            .iter()
            .map(|row| serde_json::from_str(row).unwrap())
            .collect();
        assert_eq!(
            logged,
            [json!({
                "kid": keys[0]["kid"], "service": "berth", "name": "token signer", "expiration_date": null,
                "preshared": false, "auto_approved": true, "signer_kid": first["kid"], "ip": null,
            })]
        );
        let after = authn
            .issue_registry_token(&ann, "registry.test", &[])
            .await
            .unwrap();
        for token in [before, after] {
            assert!(
                authn
                    .registry_token(&token.token, "registry.test", Origin::default())
                    .await
                    .is_ok()
            );
        }
        t.clock.advance(Duration::from_hours(3));
        assert_eq!(t.services.keys.public_jwks().await.unwrap().len(), 1);
    }
);

db_test!(
    async fn an_access_token_of_a_repository_is_refused_as_one(t: TestRegistry) {
        t.user("ann").await;
        let mut settings = Settings::default();
        settings.users.encrypted_passwords_only = true;
        let strict = t.replica(settings);
        for authn in [&t.services.authn, &strict.authn] {
            let token = Secret::from("a-token-of-elsewhere");
            let login = authn.basic("$token", &token, Origin::default()).await;
            let refused = login.unwrap_err();
            assert_eq!(
                (refused.code(), refused.to_string().as_str()),
                ("UNAUTHENTICATED", "Invalid access token")
            );
        }
    }
);
