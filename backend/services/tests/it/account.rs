//! A user's own account: signing up, its fresh login, address, names, sessions, end.

use std::time::Duration;

use berth_domain::{AccountId, Clock as _, Error, PageRequest, Secret, TeamRole};
use berth_services::accounts::{EmailChange, Names};
use berth_services::authn::{NewAccount, SignedUp};
use berth_services::{Actor, Origin, Settings};
use berth_store::{logs, teams};
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test};
use serde_json::Value;

use super::people::{organization, robot};

/// Kinds and metadata of what the log says of a namespace.
pub(crate) async fn logged(t: &TestRegistry, namespace: AccountId) -> Vec<(String, Value)> {
    let rows = logs::of_namespace(&mut t.db().read().await.unwrap(), namespace).await;
    let rows = rows.unwrap().into_iter();
    rows.map(|(kind, metadata)| (kind, serde_json::from_str(&metadata).unwrap()))
        .collect()
}

fn new(name: &str) -> NewAccount {
    NewAccount {
        username: name.into(),
        password: Secret::from(PASSWORD),
        email: Some(format!("{name}@users.test")),
        invite_code: None,
    }
}

fn told(error: &Error) -> (&'static str, Option<&str>, String) {
    (error.code(), error.field(), error.to_string())
}

/// The same account with a token of this scope, in place of its session.
async fn by_token(t: &TestRegistry, owner: &Actor, scopes: &str) -> Actor {
    let token = t.oauth_token(owner, scopes).await;
    let authn = &t.services.authn;
    authn.bearer(&token, Origin::default()).await.unwrap()
}

db_test!(
    async fn a_stranger_signs_up_and_is_signed_in(t: TestRegistry) {
        t.user("root").await;
        let authn = &t.services.authn;
        let signed_up = authn.sign_up(new("ann"), Origin::default()).await.unwrap();
        let SignedUp::SignedIn(session) = signed_up else {
            panic!("{signed_up:?}")
        };
        assert_eq!(session.actor.name().as_deref(), Some("ann"));
        assert!(!session.actor.is_superuser());
        t.push(&session.actor, "ann/app:1", &TestImage::new(1))
            .await;
        let log = logged(t, session.actor.user_id().unwrap()).await;
        assert_eq!(log[0].0, "user_create");
        assert_eq!(log[0].1["email"], "ann@users.test");
        // The address signs in too, in any case.
        t.login("ANN@users.test", PASSWORD).await;
    }
);

db_test!(
    async fn a_refused_sign_up_says_why_in_the_words_that_clients_know(t: TestRegistry) {
        let root = t.user("root").await;
        organization(t, &root, "acme").await;
        t.user("gone").await;
        t.services
            .accounts
            .delete(&t.session("gone").await.actor)
            .await
            .unwrap();
        let authn = &t.services.authn;
        authn.sign_up(new("ann"), Origin::default()).await.unwrap();
        let cases = [
            (new("ann"), None, "The username already exists"),
            (
                new("acme"),
                None,
                "Username has already been taken by an organization and cannot be reused: acme",
            ),
            (new("gone"), None, "Username is not available"),
            (
                NewAccount {
                    email: Some("Ann@users.test".into()),
                    ..new("bob")
                },
                None,
                "Email has already been used: Ann@users.test",
            ),
            (
                NewAccount {
                    email: Some("nowhere".into()),
                    ..new("bob")
                },
                Some("email"),
                "Invalid email address: nowhere",
            ),
            (
                NewAccount {
                    password: "short".into(),
                    ..new("bob")
                },
                Some("password"),
                "Invalid password, password must be at least 8 characters and contain no whitespace.",
            ),
            (
                new("Bob"),
                Some("username"),
                "Invalid namespace Bob: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$",
            ),
            (
                new("b"),
                Some("username"),
                "Invalid namespace b: Namespace must be between 2 and 255 characters in length",
            ),
        ];
        for (account, field, message) in cases {
            let refused = authn.sign_up(account, Origin::default()).await.unwrap_err();
            assert_eq!(
                (refused.field(), refused.to_string().as_str()),
                (field, message)
            );
            // Each address may ask that often only.
            t.clock.advance(Duration::from_hours(2));
        }
        let elsewhere = Settings::default();
        let off = |change: fn(&mut Settings)| {
            let mut settings = elsewhere.clone();
            change(&mut settings);
            t.replica(settings).authn.clone()
        };
        for authn in [
            off(|settings| settings.users.sign_up = false),
            off(|settings| settings.users.direct_login = false),
        ] {
            let refused = authn.sign_up(new("bob"), Origin::default()).await;
            assert_eq!(refused.unwrap_err().code(), "FEATURE_OFF");
        }
        let invited = off(|settings| settings.users.sign_up_by_invitation = true);
        let refused = invited.sign_up(new("bob"), Origin::default()).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "Cannot create non-invited user"
        );
        let read_only = off(|settings| settings.registry.read_only = true);
        let refused = read_only.sign_up(new("bob"), Origin::default()).await;
        assert_eq!(refused.unwrap_err().code(), "READ_ONLY");
    }
);

db_test!(
    async fn nobody_signs_up_into_rights(t: TestRegistry) {
        let authn = &t.services.authn;
        let early = authn.sign_up(new("ann"), Origin::default()).await;
        assert_eq!(
            early.unwrap_err().code(),
            "CONFLICT",
            "the first user is made by set-up"
        );
        t.user("root").await;
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["boss".parse().unwrap()]);
        settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
        let authn = t.replica(settings).authn.clone();
        for name in ["boss", "auditor"] {
            let refused = authn.sign_up(new(name), Origin::default()).await;
            let refused = refused.unwrap_err();
            assert_eq!(
                told(&refused),
                (
                    "INVALID_INPUT",
                    Some("username"),
                    "Username is not available".into()
                )
            );
        }
    }
);

db_test!(
    async fn an_address_that_signs_up_again_and_again_has_to_wait(t: TestRegistry) {
        t.user("root").await;
        let authn = &t.services.authn;
        let mut refused = None;
        for n in 0..30 {
            let result = authn
                .sign_up(new(&format!("user{n}")), Origin::default())
                .await;
            if let Err(error) = result {
                refused = Some((n, error));
                break;
            }
        }
        let (n, error) = refused.unwrap();
        assert!(matches!(error, Error::RateLimited { .. }), "{error:?}");
        assert!(n >= 10, "the first ten pass, {n} did");
        // Who signs in from there does not wait for it.
        t.login("root", PASSWORD).await;
    }
);

db_test!(
    async fn what_is_dangerous_asks_a_session_for_the_password_again_and_a_token_not(
        t: TestRegistry,
    ) {
        let basic = t.user("ann").await;
        let session = t.session("ann").await;
        let (authn, accounts) = (&t.services.authn, &t.services.accounts);
        let email = "ann@new.test".parse().unwrap();
        accounts.change_email(&session.actor, &email).await.unwrap();
        t.clock.advance(Duration::from_mins(11));
        let reload = async || {
            let token = session.token.expose();
            let found = authn.session(token, Origin::default()).await.unwrap();
            found.unwrap()
        };
        let stale = reload().await;
        let refused = accounts.change_email(&stale, &email).await.unwrap_err();
        assert_eq!(refused.code(), "FRESH_LOGIN_REQUIRED");
        assert!(authn.check_fresh(&stale).await.is_err());
        let wrong = authn
            .verify_password(&stale, &Secret::from("not-the-password"))
            .await
            .unwrap_err();
        assert_eq!(wrong.field(), Some("password"));
        t.clock.advance(Duration::from_mins(1));
        authn
            .verify_password(&stale, &Secret::from(PASSWORD))
            .await
            .unwrap();
        let fresh = reload().await;
        accounts.change_email(&fresh, &email).await.unwrap();
        let token = by_token(t, &basic, "user:admin").await;
        t.clock.advance(Duration::from_hours(1));
        accounts.change_email(&token, &email).await.unwrap();
        // No session, no clock.
        let none = authn
            .verify_password(&token, &Secret::from(PASSWORD))
            .await
            .unwrap_err();
        assert_eq!(none.code(), "UNAUTHENTICATED");
    }
);

db_test!(
    async fn only_a_session_or_a_token_with_the_scope_manages_an_account(t: TestRegistry) {
        let ann = t.user("ann").await;
        let ci = robot(t, &ann, "ann", "ci").await;
        let robots = &t.services.robots;
        let token = robots.credentials(&ann, ci.id).await.unwrap().token;
        let machine = t.login(&ci.name.to_string(), token.expose()).await;
        let narrow = by_token(t, &ann, "user:read repo:admin org:admin").await;
        let accounts = &t.services.accounts;
        let email = "x@y.test".parse().unwrap();
        let names = Names {
            company: Some("Acme".into()),
            ..Names::default()
        };
        let page = PageRequest::new(None, 10);
        let id = berth_domain::SessionId(1);
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&machine, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
            // Name and password of a client: a token made with them would outlive a new password.
            (&ann, "FORBIDDEN"),
        ] {
            let refusals = [
                accounts.change_email(who, &email).await.unwrap_err(),
                accounts.tell_names(who, &names).await.unwrap_err(),
                accounts.delete(who).await.unwrap_err(),
                accounts.logins(who).await.unwrap_err(),
                accounts.sessions(who, &page).await.unwrap_err(),
                accounts.revoke_session(who, id).await.unwrap_err(),
            ];
            for refused in refusals {
                assert_eq!(refused.code(), code, "{who:?}");
            }
        }
        let wide = by_token(t, &ann, "user:admin").await;
        assert_eq!(accounts.logins(&wide).await.unwrap()[0].kind, "password");
    }
);

db_test!(
    async fn without_mail_an_address_changes_at_once(t: TestRegistry) {
        t.user("ann").await;
        let (accounts, ann) = (&t.services.accounts, t.session("ann").await.actor);
        let authn = &t.services.authn;
        let password = Secret::from(PASSWORD);
        authn
            .create_user(
                &authn.local(),
                "bob",
                Some("bob@users.test"),
                &password,
                false,
            )
            .await
            .unwrap();
        let email = "ann@new.test".parse().unwrap();
        let change = accounts.change_email(&ann, &email).await.unwrap();
        assert_eq!(change, EmailChange::Done);
        t.login("ann@new.test", PASSWORD).await;
        // The address that it is already is no change.
        let again = accounts.change_email(&ann, &email).await.unwrap();
        assert_eq!(again, EmailChange::Done);
        let taken = "BOB@users.test".parse().unwrap();
        let refused = accounts.change_email(&ann, &taken).await.unwrap_err();
        assert_eq!(refused.to_string(), "E-mail address already used");
        let log = logged(t, ann.user_id().unwrap()).await;
        let changes: Vec<_> = log
            .iter()
            .filter(|(kind, _)| kind == "user_change_email")
            .collect();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].1["email"], "ann@new.test");
        assert_eq!(changes[0].1["old_email"], Value::Null);
        for refused in [
            authn.request_recovery(&email, &Origin::default()).await,
            authn.confirm_email("x", Origin::default()).await.map(drop),
            authn
                .recover_account("x", &password, Origin::default())
                .await
                .map(drop),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), "FEATURE_OFF");
            assert!(refused.to_string().contains("sends no mail"), "{refused}");
        }
    }
);

db_test!(
    async fn a_user_tells_names_where_that_is_switched_on(t: TestRegistry) {
        t.user("ann").await;
        let bob = t.user("bob").await;
        let ann = t.session("ann").await.actor;
        let id = ann.user_id().unwrap();
        let names = Names {
            given_name: Some("Ann".into()),
            company: Some("Acme".into()),
            ..Names::default()
        };
        let off = t.services.accounts.tell_names(&ann, &names).await;
        assert_eq!(off.unwrap_err().code(), "FEATURE_OFF");
        let mut settings = Settings::default();
        settings.users.names = true;
        let accounts = t.replica(settings).accounts.clone();
        accounts.tell_names(&ann, &names).await.unwrap();
        let removed = Names {
            company: Some(String::new()),
            ..Names::default()
        };
        accounts.tell_names(&ann, &removed).await.unwrap();
        let profile = accounts.profiles(&ann, &[id]).await.unwrap();
        assert_eq!(
            (
                profile[&id].given_name.as_deref(),
                profile[&id].company.as_deref()
            ),
            (Some("Ann"), None)
        );
        let long = Names {
            location: Some("x".repeat(256)),
            ..Names::default()
        };
        let refused = accounts.tell_names(&ann, &long).await.unwrap_err();
        assert_eq!(refused.field(), Some("location"));
        for stranger in [bob, t.anonymous()] {
            assert!(
                accounts
                    .profiles(&stranger, &[id])
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
        let log = logged(t, id).await;
        let told: Vec<_> = log
            .iter()
            .filter(|(kind, _)| kind == "user_change_metadata")
            .collect();
        assert_eq!(
            (told.len(), &told[0].1["given_name"]),
            (2, &Value::from("Ann"))
        );
        assert!(told[0].1.get("location").is_none());
    }
);

db_test!(
    async fn sessions_are_listed_and_ended_one_by_one(t: TestRegistry) {
        t.user("ann").await;
        t.user("bob").await;
        let (first, second) = (t.session("ann").await, t.session("ann").await);
        let foreign = t.session("bob").await;
        let accounts = &t.services.accounts;
        let page = PageRequest::new(None, 1);
        let newest = accounts.sessions(&first.actor, &page).await.unwrap();
        assert!(newest.has_more);
        let next = PageRequest::new(Some(newest.items[0].id), 1);
        let oldest = accounts.sessions(&first.actor, &next).await.unwrap();
        assert!(!oldest.has_more);
        let theirs = accounts.sessions(&foreign.actor, &page).await.unwrap();
        let refused = accounts
            .revoke_session(&first.actor, theirs.items[0].id)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), "SESSION_NOT_FOUND");
        let is_own = accounts
            .revoke_session(&first.actor, newest.items[0].id)
            .await
            .unwrap();
        assert!(!is_own);
        let authn = &t.services.authn;
        let live = async |session: &berth_services::authn::Session| {
            let token = session.token.expose();
            authn
                .session(token, Origin::default())
                .await
                .unwrap()
                .is_some()
        };
        assert_eq!(
            (
                live(&first).await,
                live(&second).await,
                live(&foreign).await
            ),
            (true, false, true)
        );
        let is_own = accounts
            .revoke_session(&first.actor, oldest.items[0].id)
            .await
            .unwrap();
        assert!(is_own && !live(&first).await);
    }
);

db_test!(
    async fn the_only_administrator_of_an_organization_is_told_which_and_stays(t: TestRegistry) {
        t.user("ann").await;
        let bob = t.user("bob").await;
        let session = t.session("ann").await.actor;
        for name in ["zoo", "acme"] {
            organization(t, &session, name).await;
        }
        let shared = organization(t, &session, "shared").await;
        let bob_id = bob.user_id().unwrap();
        let now = t.clock.now();
        t.db()
            .write(async |tx| {
                let team = teams::insert(tx, shared.id, "more", TeamRole::Admin, now).await?;
                teams::add_member(tx, team, bob_id, now).await
            })
            .await
            .unwrap();
        let accounts = &t.services.accounts;
        let refused = accounts.delete(&session).await.unwrap_err();
        assert_eq!(
            told(&refused),
            (
                "CONFLICT",
                None,
                "Cannot delete ann as you are the only admin for organizations: acme, zoo".into()
            )
        );
        t.login("ann", PASSWORD).await;
    }
);

db_test!(
    async fn a_deleted_user_is_gone_at_once_and_its_name_free_at_last(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let ci = robot(t, &ann, "ann", "ci").await;
        let robots = &t.services.robots;
        let secret = robots.credentials(&ann, ci.id).await.unwrap().token;
        let token = t.oauth_token(&ann, "user:admin").await;
        let session = t.session("ann").await;
        let (accounts, authn) = (&t.services.accounts, &t.services.authn);
        let email = "ann@users.test".parse().unwrap();
        accounts.change_email(&session.actor, &email).await.unwrap();
        let app_tokens = &t.services.app_tokens;
        let (_, app) = app_tokens.create(&session.actor, "laptop").await.unwrap();
        accounts.delete(&session.actor).await.unwrap();
        let origin = Origin::default;
        let session = authn.session(session.token.expose(), origin()).await;
        assert!(session.unwrap().is_none());
        assert!(authn.bearer(&token, origin()).await.is_err());
        for (name, password) in [
            ("ann", PASSWORD),
            ("ann@users.test", PASSWORD),
            ("$app", app.expose()),
            ("ann+ci", secret.expose()),
        ] {
            let login = authn.basic(name, &Secret::from(password), origin()).await;
            assert!(login.is_err(), "{name}");
        }
        let path = "ann/app".parse().unwrap();
        assert!(t.services.repositories.by_path(&bob, &path).await.is_err());
        let again = authn.sign_up(new("ann"), origin()).await.unwrap_err();
        assert_eq!(again.to_string(), "Username is not available");
        // The address is free at once, the name when everything is removed.
        let bob = t.session("bob").await.actor;
        accounts.change_email(&bob, &email).await.unwrap();
        for _ in 0..3 {
            for kind in ["repository_removal", "organization_removal"] {
                t.work_after(Duration::from_hours(2), kind).await;
            }
        }
        let other = NewAccount {
            email: None,
            ..new("ann")
        };
        let signed_up = authn.sign_up(other, origin()).await.unwrap();
        let SignedUp::SignedIn(session) = signed_up else {
            panic!("{signed_up:?}")
        };
        let path = "ann/app".parse().unwrap();
        let mine = t.services.repositories.by_path(&session.actor, &path).await;
        assert!(mine.is_err(), "the new user finds nothing of the old one");
        let robots = &t.services.robots;
        let page = PageRequest::new(None, 10);
        let id = session.actor.user_id().unwrap();
        let found = robots.page(&session.actor, id, None, &page).await.unwrap();
        assert!(found.items.is_empty());
    }
);

db_test!(
    async fn a_superuser_does_not_delete_itself(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let refused = t.services.accounts.delete(&root).await.unwrap_err();
        assert_eq!(refused.to_string(), "Cannot delete a superuser");
    }
);

db_test!(
    async fn an_encrypted_password_signs_clients_in_until_the_password_changes(t: TestRegistry) {
        t.user("ann").await;
        let session = t.session("ann").await.actor;
        let authn = &t.services.authn;
        let password = Secret::from(PASSWORD);
        let wrong = authn
            .generate_encrypted_password(&session, &Secret::from("not-the-password"))
            .await
            .unwrap_err();
        assert_eq!(wrong.field(), Some("password"));
        t.clock.advance(Duration::from_mins(1));
        let encrypted = authn
            .generate_encrypted_password(&session, &password)
            .await
            .unwrap();
        assert!(!encrypted.expose().contains(PASSWORD));
        t.login("ann", encrypted.expose()).await;
        let mut settings = Settings::default();
        settings.users.encrypted_passwords_only = true;
        let strict = t.replica(settings).authn.clone();
        let refused = strict.basic("ann", &password, Origin::default()).await;
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH"),
            "{refused}"
        );
        strict
            .basic("ann", &encrypted, Origin::default())
            .await
            .unwrap();
        // The web form takes what is typed.
        strict
            .sign_in("ann", &password, Origin::default())
            .await
            .unwrap();
        authn
            .change_password(&session, &password, &Secret::from("another-password"))
            .await
            .unwrap();
        let dead = authn.basic("ann", &encrypted, Origin::default()).await;
        assert_eq!(dead.unwrap_err().code(), "UNAUTHENTICATED");
        let log = logged(t, session.user_id().unwrap()).await;
        assert!(
            log.iter()
                .any(|(kind, _)| kind == "user_generate_client_key")
        );
    }
);
