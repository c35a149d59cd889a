//! Tokens that users' clients sign in with.

use std::time::Duration;

use berth_domain::{Clock as _, PageRequest, Secret};
use berth_services::authn::RequestedScope;
use berth_services::{Origin, Settings};
use berth_testkit::{PASSWORD, TestImage, db_test};

use super::account::logged;

db_test!(
    async fn a_client_pushes_with_a_token_and_not_after_it_was_taken_back(t: TestRegistry) {
        t.user("ann").await;
        let session = t.session("ann").await.actor;
        let (authn, app_tokens) = (&t.services.authn, &t.services.app_tokens);
        let (view, token) = app_tokens.create(&session, " laptop ").await.unwrap();
        assert_eq!((view.title.as_str(), token.expose().len()), ("laptop", 120));
        let client = t.login("$app", token.expose()).await;
        assert_eq!(client.name().as_deref(), Some("ann"));
        t.push(&client, "ann/app:1", &TestImage::new(1)).await;
        let scope = RequestedScope {
            kind: "repository".into(),
            name: "ann/app".into(),
            actions: vec!["pull".into()],
        };
        let issued = authn
            .issue_registry_token(&client, "registry.test", &[scope])
            .await
            .unwrap();
        let use_token = async || {
            authn
                .registry_token(&issued.token, "registry.test", Origin::default())
                .await
        };
        assert!(use_token().await.is_ok());
        // With it no more of its kind are made.
        let refused = app_tokens.create(&client, "more").await.unwrap_err();
        assert_eq!(refused.code(), "FORBIDDEN");
        app_tokens.delete(&session, &view.uuid).await.unwrap();
        let dead = authn.basic("$app", &token, Origin::default()).await;
        assert_eq!(dead.unwrap_err().to_string(), "Invalid token");
        assert!(use_token().await.is_err(), "what was made from it ends too");
        let log = logged(t, session.user_id().unwrap()).await;
        let kinds: Vec<&str> = log.iter().map(|(kind, _)| kind.as_str()).collect();
        assert!(kinds.contains(&"create_app_specific_token"));
        assert!(kinds.contains(&"revoke_app_specific_token"));
        let push = log.iter().find(|(kind, _)| kind == "push_repo").unwrap();
        assert_eq!(push.1["app_specific_token_title"], "laptop");
        assert_eq!(push.1["app_specific_token"], view.uuid.as_str());
        assert!(!format!("{log:?}").contains(token.expose()));
    }
);

db_test!(
    async fn a_token_is_read_again_by_its_user_alone(t: TestRegistry) {
        t.user("ann").await;
        t.superuser("root").await;
        let (ann, root) = (t.session("ann").await.actor, t.session("root").await.actor);
        let app_tokens = &t.services.app_tokens;
        let (view, token) = app_tokens.create(&ann, "laptop").await.unwrap();
        let (_, again) = app_tokens.reveal(&ann, &view.uuid).await.unwrap();
        assert_eq!(again.expose(), token.expose());
        for stranger in [&root, &t.user("bob").await, &t.anonymous()] {
            let read = app_tokens.reveal(stranger, &view.uuid).await.unwrap_err();
            let deleted = app_tokens.delete(stranger, &view.uuid).await.unwrap_err();
            let codes = ["APP_TOKEN_NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"];
            assert!(codes.contains(&read.code()) && codes.contains(&deleted.code()));
        }
        let page = PageRequest::new(None, 10);
        t.login("$app", token.expose()).await;
        t.clock.advance(Duration::from_mins(11));
        let stale = t.services.authn.check_fresh(&ann).await.unwrap_err();
        assert_eq!(stale.code(), "FRESH_LOGIN_REQUIRED");
        for refused in [
            app_tokens.create(&ann, "more").await.map(drop),
            app_tokens.reveal(&ann, &view.uuid).await.map(drop),
            app_tokens.delete(&ann, &view.uuid).await.map(drop),
        ] {
            assert_eq!(refused.unwrap_err().code(), "FRESH_LOGIN_REQUIRED");
        }
        assert_eq!(
            app_tokens
                .page(&ann, false, &page)
                .await
                .unwrap()
                .items
                .len(),
            1,
            "reading the list needs no fresh login"
        );
    }
);

db_test!(
    async fn everybodys_tokens_are_listed_for_who_reaches_or_only_sees_everything(t: TestRegistry) {
        t.user("ann").await;
        t.user("auditor").await;
        t.superuser("root").await;
        let ann = t.session("ann").await.actor;
        let (view, _) = t.services.app_tokens.create(&ann, "laptop").await.unwrap();
        let replica = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
            change(&mut settings);
            t.replica(settings)
        };
        let plain = replica(|_| ());
        let full = replica(|settings| settings.users.superusers_full_access = true);
        let page = PageRequest::new(None, 10);
        for (services, name, sees) in [
            (&plain, "ann", Err("FORBIDDEN")),
            // A superuser who does not reach what others have.
            (&plain, "root", Err("FORBIDDEN")),
            (&plain, "auditor", Ok(())),
            (&full, "ann", Err("FORBIDDEN")),
            (&full, "root", Ok(())),
            (&full, "auditor", Ok(())),
        ] {
            let password = Secret::from(PASSWORD);
            let session = services.authn.sign_in(name, &password, Origin::default());
            let actor = session.await.unwrap().actor;
            let tokens = &services.app_tokens;
            assert_eq!(tokens.may_list_all(&actor), sees.is_ok(), "{name}");
            let all = tokens.page_of_all(&actor, false, &page).await;
            match (all, sees) {
                (Ok(all), Ok(())) => assert_eq!(all.items, std::slice::from_ref(&view)),
                (Err(refused), Err(code)) => assert_eq!(refused.code(), code, "{name}"),
                (all, _) => panic!("{name}: {all:?}"),
            }
        }
        let nobody = full
            .app_tokens
            .page_of_all(&t.anonymous(), false, &page)
            .await;
        assert_eq!(nobody.unwrap_err().code(), "UNAUTHENTICATED");
        let off = replica(|settings| {
            settings.users.superusers_full_access = true;
            settings.app_tokens.enabled = false;
        });
        let root = t.session("root").await.actor;
        assert!(!off.app_tokens.may_list_all(&root));
    }
);

db_test!(
    async fn a_token_ends_when_its_time_is_over_and_is_shown_for_a_day(t: TestRegistry) {
        t.user("ann").await;
        let mut settings = Settings::default();
        settings.app_tokens.life = Some(Duration::from_hours(100));
        let replica = t.replica(settings.clone());
        let ann = t.session("ann").await.actor;
        let app_tokens = &replica.app_tokens;
        let (_, token) = app_tokens.create(&ann, "laptop").await.unwrap();
        let (_, endless) = t.services.app_tokens.create(&ann, "server").await.unwrap();
        let page = PageRequest::new(None, 10);
        let titles = async |expiring| {
            let page = app_tokens.page(&ann, expiring, &page).await.unwrap();
            let titles = page.items.into_iter().map(|view| view.title);
            titles.collect::<Vec<_>>()
        };
        assert_eq!(titles(false).await, ["server", "laptop"]);
        assert!(titles(true).await.is_empty());
        t.clock.advance(Duration::from_hours(91));
        assert_eq!(
            titles(true).await,
            ["laptop"],
            "a tenth of its life is left"
        );
        t.login("$app", token.expose()).await;
        t.clock.advance(Duration::from_hours(9));
        let authn = &t.services.authn;
        let dead = authn.basic("$app", &token, Origin::default()).await;
        assert_eq!(dead.unwrap_err().to_string(), "Invalid token");
        t.login("$app", endless.expose()).await;
        t.work_after(Duration::from_hours(1), "expiry_sweep").await;
        assert_eq!(titles(false).await, ["server", "laptop"]);
        t.work_after(Duration::from_hours(24), "expiry_sweep").await;
        assert_eq!(titles(false).await, ["server"]);
    }
);

db_test!(
    async fn the_last_use_is_noted_now_and_then_and_not_at_each_request(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        let app_tokens = &t.services.app_tokens;
        let (_, token) = app_tokens.create(&ann, "laptop").await.unwrap();
        let page = PageRequest::new(None, 10);
        let last_use = async || {
            let page = app_tokens.page(&ann, false, &page).await.unwrap();
            page.items[0].last_used_at
        };
        assert_eq!(last_use().await, None);
        let first = t.clock.now();
        t.login("$app", token.expose()).await;
        t.clock.advance(Duration::from_mins(4));
        t.login("$app", token.expose()).await;
        assert_eq!(last_use().await, Some(first));
        t.clock.advance(Duration::from_mins(2));
        t.login("$app", token.expose()).await;
        assert_eq!(last_use().await, Some(t.clock.now()));
    }
);

db_test!(
    async fn titles_have_bounds_and_the_switch_counts_everywhere(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        let app_tokens = &t.services.app_tokens;
        for title in ["", "  ", &"x".repeat(256)] {
            let refused = app_tokens.create(&ann, title).await.unwrap_err();
            assert_eq!(refused.field(), Some("title"), "{title:?}");
        }
        let (view, token) = app_tokens.create(&ann, "laptop").await.unwrap();
        let mut settings = Settings::default();
        settings.app_tokens.enabled = false;
        let off = t.replica(settings);
        let page = PageRequest::new(None, 10);
        for refused in [
            off.app_tokens.create(&ann, "more").await.map(drop),
            off.app_tokens.page(&ann, false, &page).await.map(drop),
            off.app_tokens.reveal(&ann, &view.uuid).await.map(drop),
            off.app_tokens.delete(&ann, &view.uuid).await.map(drop),
        ] {
            assert_eq!(refused.unwrap_err().code(), "FEATURE_OFF");
        }
        let login = off.authn.basic("$app", &token, Origin::default()).await;
        assert_eq!(login.unwrap_err().to_string(), "Invalid token");
        let wrong = t
            .services
            .authn
            .basic("$app", &Secret::from("not-a-token"), Origin::default())
            .await;
        assert_eq!(wrong.unwrap_err().to_string(), "Invalid token");
    }
);
