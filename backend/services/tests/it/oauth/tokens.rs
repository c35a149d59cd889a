//! Access tokens: what they may do, who made them, and how they end.

use std::time::Duration;

use berth_domain::{Clock as _, PageRequest, Secret, Visibility};
use berth_services::Origin;
use berth_services::authn::RequestedScope;
use berth_services::oauth::ApplicationList;
use berth_testkit::{TestImage, db_test, path_of};

use super::{OWN, application, asked, authorize, bearer, code, exchange, parameter, shown, which};
use crate::account::logged;
use crate::people::{organization, repository};

db_test!(
    async fn a_user_consents_and_the_application_acts_within_scopes_and_rights(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        repository(t, &ann, "acme", "app", Visibility::Private).await;
        let location = authorize(t, &ann, &asked(&view, "repo:read", "code")).await;
        let location = location.unwrap();
        assert!(
            location.starts_with("https://app.test/cb?code="),
            "{location}"
        );
        assert!(location.ends_with("&state=s+1"), "{location}");
        let code = parameter(&location, "code");
        let token = exchange(&t.services, &shown(&view, &code, "repo:read")).await;
        let token = token.unwrap();
        assert_eq!(token.expose().len(), 40);
        let app = bearer(t, token.expose()).await.unwrap();
        assert_eq!(app.name().as_deref(), Some("ann"));
        let path = path_of("acme/app");
        let seen = t.services.repositories.by_path(&app, &path).await.unwrap();
        assert!(!seen.can_administer && !seen.can_push);
        // The owner may, the token may not.
        let acme = "acme".parse().unwrap();
        let name = "new".parse().unwrap();
        let repositories = &t.services.repositories;
        let made = repositories
            .create(&app, &acme, &name, Visibility::Private, "")
            .await;
        assert_eq!(made.unwrap_err().code(), "FORBIDDEN");
        // At `/v2` it is the same.
        let client = t.login("$oauthtoken", token.expose()).await;
        let new = repositories
            .create(&client, &acme, &name, Visibility::Private, "")
            .await;
        assert_eq!(new.unwrap_err().code(), "FORBIDDEN");
    }
);

db_test!(
    async fn a_token_comes_in_the_fragment_in_the_order_that_clients_cut(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let location = authorize(t, &ann, &asked(&view, "repo:write,repo:create", "token")).await;
        let location = location.unwrap();
        let (address, fragment) = location.split_once('#').unwrap();
        assert_eq!(
            address,
            "https://app.test/cb?scope=repo%3Awrite+repo%3Acreate&state=s+1"
        );
        let token = fragment.strip_prefix("access_token=").unwrap();
        let (token, rest) = token.split_once('&').unwrap();
        assert_eq!(
            (token.len(), rest),
            (40, "token_type=Bearer&expires_in=315576000")
        );
        let app = bearer(t, token).await.unwrap();
        t.push(&app, "acme/pushed:1", &TestImage::new(1)).await;
        let acme = t
            .services
            .organizations
            .by_name(&ann, &"acme".parse().unwrap())
            .await;
        let log = logged(t, acme.unwrap().id).await;
        let made = log
            .iter()
            .find(|(kind, _)| kind == "create_oauth_api_token");
        assert_eq!(made.unwrap().1["scope"], "repo:write repo:create");
        // The log shows the user and the application that acted for it.
        let push = log.iter().find(|(kind, _)| kind == "push_repo").unwrap();
        assert_eq!(push.1["username"], "ann");
        assert_eq!(push.1["oauth_token_application"], "viewer");
        assert_eq!(
            push.1["oauth_token_application_id"],
            view.client_id.as_str()
        );
        assert!(!format!("{log:?}").contains(token));
    }
);

db_test!(
    async fn who_has_consented_before_is_not_asked_again_for_as_much(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let authorizations = &t.services.authorizations;
        let covered = async |scope: &str| {
            let asked = asked(&view, scope, "token");
            let consent = authorizations.consent(&ann, &asked, OWN).await;
            consent.unwrap().unwrap().is_covered
        };
        assert!(!covered("repo:read").await);
        // A token that was made for a script is no consent.
        let applications = &t.services.applications;
        let made = applications.create_token(&ann, which(&view), "script", "repo:read", None);
        made.await.unwrap();
        assert!(!covered("repo:read").await);
        let asked = asked(&view, "repo:write user:read", "token");
        authorize(t, &ann, &asked).await.unwrap();
        assert!(covered("repo:read").await && covered("user:read repo:write").await);
        assert!(!covered("repo:admin").await && !covered("repo:read org:admin").await);
        let (session, page) = (t.session("ann").await.actor, PageRequest::new(None, 10));
        let held = authorizations.page(&session, &page).await.unwrap();
        let consented = held.items.iter().find(|view| view.name.is_none());
        let uuid = &consented.unwrap().uuid;
        authorizations.revoke(&session, uuid).await.unwrap();
        assert!(!covered("repo:read").await, "a consent that was taken back");
    }
);

db_test!(
    async fn a_token_that_is_taken_back_is_refused_at_once_everywhere(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        repository(t, &ann, "acme", "app", Visibility::Private).await;
        let session = t.session("ann").await.actor;
        let authn = &t.services.authn;
        let scope = RequestedScope {
            kind: "repository".into(),
            name: "acme/app".into(),
            actions: vec!["pull".into()],
        };
        for by_administrator in [false, true] {
            let code = code(t, &ann, &view, "repo:read").await;
            let token = exchange(&t.services, &shown(&view, &code, "repo:read")).await;
            let token = token.unwrap();
            let client = t.login("$oauthtoken", token.expose()).await;
            let issued = authn
                .issue_registry_token(&client, "registry.test", std::slice::from_ref(&scope))
                .await
                .unwrap();
            let at_v2 = async || {
                authn
                    .registry_token(&issued.token, "registry.test", Origin::default())
                    .await
            };
            assert!(at_v2().await.is_ok());
            let page = PageRequest::new(None, 10);
            let authorizations = &t.services.authorizations;
            let held = authorizations.page(&session, &page).await.unwrap();
            let uuid = held.items[0].uuid.clone();
            if by_administrator {
                let applications = &t.services.applications;
                applications
                    .revoke_token(&ann, which(&view), &uuid)
                    .await
                    .unwrap();
            } else {
                authorizations.revoke(&session, &uuid).await.unwrap();
            }
            assert!(bearer(t, token.expose()).await.is_err());
            assert!(
                authn
                    .basic("$oauthtoken", &token, Origin::default())
                    .await
                    .is_err()
            );
            assert!(at_v2().await.is_err(), "what was made from it ends too");
            let again = authorizations.revoke(&session, &uuid).await.unwrap_err();
            assert_eq!(again.code(), "ACCESS_TOKEN_NOT_FOUND");
        }
        let acme = t
            .services
            .organizations
            .by_name(&ann, &"acme".parse().unwrap())
            .await;
        let log = logged(t, acme.unwrap().id).await;
        for kind in ["oauth_token_revoked", "revoke_oauth_api_token"] {
            assert!(log.iter().any(|(found, _)| found == kind), "{kind}");
        }
    }
);

db_test!(
    async fn a_script_gets_a_token_by_name_with_no_more_than_its_maker_holds(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let applications = &t.services.applications;
        let make = async |actor: &berth_services::Actor, name: &str, scope: &str, life| {
            let made = applications.create_token(actor, which(&view), name, scope, life);
            made.await
        };
        let week = Duration::from_hours(7 * 24);
        let (made, text) = make(&ann, " nightly ", "repo:read org:admin", Some(week))
            .await
            .unwrap();
        assert_eq!(
            (made.name.as_deref(), made.user.as_str()),
            (Some("nightly"), "ann")
        );
        assert_eq!(made.expires_at, t.clock.now().after(week));
        let script = bearer(t, text.expose()).await.unwrap();
        // It makes tokens of its own kind, and none that is wider.
        make(&script, "next", "repo:read", None).await.unwrap();
        for wider in ["repo:write", "user:admin", "repo:read super:user"] {
            let refused = make(&script, "wider", wider, None).await.unwrap_err();
            assert_eq!(refused.code(), "FORBIDDEN", "{wider}");
        }
        // Nobody holds what only superusers have.
        let refused = make(&ann, "root", "super:user", None).await.unwrap_err();
        assert_eq!(refused.code(), "FORBIDDEN");
        for (name, scope, field, message) in [
            ("", "repo:read", "name", "'name' must not be empty"),
            ("  ", "repo:read", "name", "'name' must not be empty"),
            ("x", "repo:fly", "scope", "Invalid scope: repo:fly"),
            ("x", "repo:read,fly", "scope", "Invalid scope: fly"),
            ("x", " ", "scope", "Invalid scope: "),
            (
                "x",
                "a\r\n\u{1b}[2J",
                "scope",
                "Invalid scope: a\\r\\n\\u{1b}[2J",
            ),
        ] {
            let refused = make(&ann, name, scope, None).await.unwrap_err();
            assert_eq!(refused.field(), Some(field));
            assert_eq!(refused.to_string(), message);
        }
        let long = make(&ann, &"x".repeat(256), "repo:read", None).await;
        assert_eq!(long.unwrap_err().field(), Some("name"));
        let acme = "acme".parse().unwrap();
        let page = PageRequest::new(None, 10);
        let listed = async || {
            let page = applications
                .tokens(&ann, &acme, &view.client_id, &page)
                .await;
            let names = page.unwrap().items.into_iter();
            names.map(|view| view.name.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(listed().await, ["next", "nightly"]);
        t.clock.advance(week);
        assert_eq!(listed().await, ["next"], "one that has ended is not shown");
        let dead = bearer(t, text.expose()).await.unwrap_err();
        assert_eq!(dead.to_string(), "the access token has expired");
        t.work_after(Duration::from_hours(25), "expiry_sweep").await;
        let dead = bearer(t, text.expose()).await.unwrap_err();
        assert_eq!(dead.to_string(), "the access token is unknown");
    }
);

db_test!(
    async fn a_token_that_an_application_of_one_organization_has_opens_no_other(t: TestRegistry) {
        let (ann, acme) = application(t, "ann", "acme").await;
        let (bob, beta) = application(t, "bob", "beta").await;
        let applications = &t.services.applications;
        let all = "repo:admin repo:create user:admin org:admin";
        let (made, text) = applications
            .create_token(&ann, which(&acme), "all", all, None)
            .await
            .unwrap();
        let token = bearer(t, text.expose()).await.unwrap();
        let refused = applications.reset_secret(&token, which(&beta)).await;
        assert_eq!(refused.unwrap_err().code(), "APPLICATION_NOT_FOUND");
        let beta_name = "beta".parse().unwrap();
        let page = PageRequest::new(None, 10);
        assert!(
            applications
                .page(&token, &beta_name, true, &ApplicationList::default(), &page)
                .await
                .is_err()
        );
        // Nor does the uuid of a token open it to the administrator of another application.
        let refused = applications
            .revoke_token(&bob, which(&beta), &made.uuid)
            .await;
        assert_eq!(refused.unwrap_err().code(), "ACCESS_TOKEN_NOT_FOUND");
        let authorizations = &t.services.authorizations;
        let session = t.session("bob").await.actor;
        let refused = authorizations.revoke(&session, &made.uuid).await;
        assert_eq!(refused.unwrap_err().code(), "ACCESS_TOKEN_NOT_FOUND");
        assert!(authorizations.get(&session, &made.uuid).await.is_err());
        organization(t, &bob, "third").await;
        assert!(bearer(t, text.expose()).await.is_ok());
    }
);

db_test!(
    async fn the_last_use_of_a_token_is_noted_now_and_then(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let applications = &t.services.applications;
        let (_, text) = applications
            .create_token(&ann, which(&view), "script", "repo:read", None)
            .await
            .unwrap();
        let acme = "acme".parse().unwrap();
        let last_use = async || {
            let page = PageRequest::new(None, 10);
            let page = applications
                .tokens(&ann, &acme, &view.client_id, &page)
                .await;
            page.unwrap().items[0].last_used_at
        };
        assert_eq!(last_use().await, None);
        let first = t.clock.now();
        bearer(t, text.expose()).await.unwrap();
        t.clock.advance(Duration::from_mins(4));
        bearer(t, text.expose()).await.unwrap();
        assert_eq!(last_use().await, Some(first));
        t.clock.advance(Duration::from_mins(2));
        let wrong = Secret::from("not-a-token");
        assert!(bearer(t, wrong.expose()).await.is_err());
        bearer(t, text.expose()).await.unwrap();
        assert_eq!(last_use().await, Some(t.clock.now()));
    }
);
