//! What administrators do with the applications of their organization.

use berth_domain::{Error, PageRequest, TeamRole};
use berth_services::oauth::{
    ApplicationKey, ApplicationList, ApplicationSort, Asked, Change, Description, Exchange, Reason,
    Which,
};
use berth_services::{Actor, Settings};
use berth_testkit::{Backend, TestRegistry, db_test};

use super::{
    application, asked, authorize, bearer, code, description, exchange, parameter, shown, which,
};
use crate::account::logged;
use crate::people::{join, organization};

db_test!(
    async fn an_administrator_makes_changes_and_deletes_an_application(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let acme = "acme".parse().unwrap();
        let applications = &t.services.applications;
        let private = view.private.clone().unwrap();
        let old = private.client_secret.unwrap();
        assert_eq!((view.client_id.len(), old.expose().len()), (20, 40));
        let read = applications.get(&ann, &acme, &view.client_id, true).await;
        assert_eq!(read.unwrap(), view, "the secret can be read again");
        let change = Change {
            name: Some("looker".into()),
            avatar_email: Some(Some("looker@app.test".into())),
            ..Change::default()
        };
        let changed = applications.update(&ann, which(&view), &change).await;
        let changed = changed.unwrap();
        assert_eq!(changed.name, "looker");
        assert_eq!(changed.homepage, view.homepage, "what is not named stays");
        let email = changed.private.as_ref().unwrap().avatar_email.as_deref();
        assert_eq!(email, Some("looker@app.test"));
        let reset = applications.reset_secret(&ann, which(&view)).await.unwrap();
        let secret = reset.private.unwrap().client_secret.unwrap();
        assert_ne!(secret, old);
        let second = applications
            .create(&ann, &acme, &Description::default())
            .await
            .unwrap();
        let page = |after| PageRequest::new(after, 1);
        let all = ApplicationList::default();
        let first = page(None);
        let first = applications.page(&ann, &acme, false, &all, &first).await;
        let first = first.unwrap();
        assert_eq!(first.items[0].client_id, view.client_id);
        let settings = first.items[0].private.as_ref().unwrap();
        assert_eq!(settings.client_secret, None, "nobody asked for it");
        assert!(first.has_more);
        let next = page(Some(ApplicationKey::of(&first.items[0], all.by)));
        let next = applications.page(&ann, &acme, true, &all, &next).await;
        assert_eq!(next.unwrap().items, [second]);
        applications.delete(&ann, which(&view)).await.unwrap();
        let gone = applications.get(&ann, &acme, &view.client_id, true).await;
        assert_eq!(gone.unwrap_err().code(), "APPLICATION_NOT_FOUND");
        let id = t.services.organizations.by_name(&ann, &acme).await;
        let log = logged(t, id.unwrap().id).await;
        for kind in [
            "create_application",
            "update_application",
            "reset_application_client_secret",
            "read_application_client_secret",
            "delete_application",
        ] {
            let entry = log.iter().find(|(found, _)| found == kind);
            let (_, metadata) = entry.unwrap_or_else(|| panic!("no {kind}: {log:?}"));
            assert_eq!(metadata["username"], "ann", "{kind}");
            assert!(metadata["client_id"].is_string(), "{kind}");
        }
        let written = format!("{log:?}");
        assert!(!written.contains(secret.expose()) && !written.contains(old.expose()));
    }
);

db_test!(
    async fn nobody_else_makes_resets_or_sees_an_application(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let acme = "acme".parse().unwrap();
        let (bob, mia, cleo) = (
            t.user("bob").await,
            t.user("mia").await,
            t.user("cleo").await,
        );
        join(t, "acme", "mia", TeamRole::Member).await;
        join(t, "acme", "cleo", TeamRole::Creator).await;
        organization(t, &bob, "other").await;
        let narrow = t.oauth_token(&ann, "repo:admin user:admin").await;
        let narrow = bearer(t, &narrow).await.unwrap();
        let applications = &t.services.applications;
        let page = PageRequest::new(None, 10);
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&bob, "hidden"),
            (&mia, "FORBIDDEN"),
            (&cleo, "FORBIDDEN"),
            // An administrator by a token without `org:admin`.
            (&narrow, "FORBIDDEN"),
        ] {
            let by_path = Which {
                organization: Some(&acme),
                client_id: &view.client_id,
            };
            let refused: Vec<Error> = vec![
                applications
                    .create(who, &acme, &description("mine"))
                    .await
                    .unwrap_err(),
                applications
                    .page(who, &acme, true, &ApplicationList::default(), &page)
                    .await
                    .unwrap_err(),
                applications
                    .get(who, &acme, &view.client_id, true)
                    .await
                    .unwrap_err(),
                applications
                    .update(who, which(&view), &Change::default())
                    .await
                    .unwrap_err(),
                applications
                    .update(who, by_path, &Change::default())
                    .await
                    .unwrap_err(),
                applications
                    .reset_secret(who, which(&view))
                    .await
                    .unwrap_err(),
                applications.delete(who, which(&view)).await.unwrap_err(),
                applications
                    .create_token(who, which(&view), "mine", "repo:read", None)
                    .await
                    .unwrap_err(),
            ];
            for error in refused {
                let found = match &error {
                    Error::Hidden(_) => "hidden",
                    other => other.code(),
                };
                assert_eq!(found, code, "{error:?}");
            }
        }
        // The administrator of another organization cannot reach it by that.
        let other = "other".parse().unwrap();
        let beside = Which {
            organization: Some(&other),
            client_id: &view.client_id,
        };
        let refused = applications.reset_secret(&bob, beside).await.unwrap_err();
        assert_eq!(refused.code(), "APPLICATION_NOT_FOUND");
        let unchanged = applications.get(&ann, &acme, &view.client_id, true).await;
        assert_eq!(unchanged.unwrap(), view);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_everything_and_changes_nothing_sees_no_secret() {
    let mut settings = Settings::default();
    settings.users.read_only_superusers = vec!["rita".parse().unwrap()];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        let (_, view) = application(&t, "ann", "acme").await;
        let rita = t.user("rita").await;
        let acme = "acme".parse().unwrap();
        let applications = &t.services.applications;
        let page = PageRequest::new(None, 10);
        let all = ApplicationList::default();
        let seen = applications.page(&rita, &acme, true, &all, &page).await;
        let seen = seen.unwrap();
        assert_eq!(seen.items[0].client_id, view.client_id);
        assert_eq!(seen.items[0].private, None);
        let refused = applications.reset_secret(&rita, which(&view)).await;
        assert!(refused.is_err());
        t.close().await;
    }
}

db_test!(
    async fn what_an_application_says_of_itself_has_bounds(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let acme = "acme".parse().unwrap();
        let applications = &t.services.applications;
        let with = |change: fn(&mut Description)| {
            let mut changed = description("viewer");
            change(&mut changed);
            changed
        };
        for (refused, field) in [
            (with(|new| new.name = "x".repeat(256)), "name"),
            (
                with(|new| new.description = "x".repeat(4_097)),
                "description",
            ),
            (
                with(|new| new.homepage = "javascript:alert(1)".into()),
                "homepage",
            ),
            (with(|new| new.homepage = "app.test".into()), "homepage"),
            (
                with(|new| new.homepage = "file:///etc/passwd".into()),
                "homepage",
            ),
            (with(|new| new.name = "__quay_bootstrap_app".into()), "name"),
            (
                with(|new| new.name = " __quay_bootstrap_app\n".into()),
                "name",
            ),
            (
                with(|new| new.redirect_prefix = "javascript://app.test/".into()),
                "redirectPrefix",
            ),
            (
                with(|new| new.redirect_prefix = "https://u:p@app.test/".into()),
                "redirectPrefix",
            ),
            (
                with(|new| new.redirect_prefix = "data:/text,x".into()),
                "redirectPrefix",
            ),
            (
                with(|new| new.redirect_prefix = "myapp:callback".into()),
                "redirectPrefix",
            ),
            (
                with(|new| new.avatar_email = Some("nobody".into())),
                "avatarEmail",
            ),
        ] {
            let error = applications
                .create(&ann, &acme, &refused)
                .await
                .unwrap_err();
            assert_eq!(error.field(), Some(field), "{refused:?}");
            let change = Change {
                name: Some(refused.name),
                homepage: Some(refused.homepage),
                description: Some(refused.description),
                avatar_email: Some(refused.avatar_email),
                redirect_prefix: Some(refused.redirect_prefix),
            };
            let error = applications.update(&ann, which(&view), &change).await;
            assert_eq!(error.unwrap_err().field(), Some(field));
        }
    }
);

/// Names of all applications of `acme`, by pages of two.
async fn walk(t: &TestRegistry, actor: &Actor, list: &ApplicationList) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(after, 2);
        let acme = "acme".parse().unwrap();
        let applications = &t.services.applications;
        let page = applications.page(actor, &acme, false, list, &request);
        let page = page.await.unwrap();
        let last = page.items.last();
        after = last.map(|view| ApplicationKey::of(view, list.by));
        names.extend(page.items.into_iter().map(|view| view.name));
        if !page.has_more {
            return names;
        }
    }
}

db_test!(
    async fn applications_are_searched_and_sorted_whatever_their_case(t: TestRegistry) {
        let (ann, _) = application(t, "ann", "acme").await;
        let applications = &t.services.applications;
        let acme = "acme".parse().unwrap();
        let mut made = Vec::new();
        for name in [
            "Builder", "app_2", "builder", "appX2", "App 1", "Ämter", "builder",
        ] {
            let view = applications.create(&ann, &acme, &description(name)).await;
            made.push(view.unwrap());
        }
        let list = |by, descending| ApplicationList {
            search: None,
            by,
            descending,
        };
        let by_age = [
            "viewer", "Builder", "app_2", "builder", "appX2", "App 1", "Ämter", "builder",
        ];
        let by_name = [
            "App 1", "app_2", "appX2", "Builder", "builder", "builder", "viewer", "Ämter",
        ];
        for (by, expected) in [
            (ApplicationSort::Created, by_age),
            (ApplicationSort::Name, by_name),
        ] {
            assert_eq!(walk(t, &ann, &list(by, false)).await, expected);
            let mut backwards = walk(t, &ann, &list(by, true)).await;
            backwards.reverse();
            assert_eq!(backwards, expected);
        }
        let found = async |text: &str| {
            let list = ApplicationList {
                search: Some(text.into()),
                ..list(ApplicationSort::Name, false)
            };
            walk(t, &ann, &list).await
        };
        assert_eq!(found("UILD").await, ["Builder", "builder", "builder"]);
        assert_eq!(found("p_").await, ["app_2"], "a wildcard is a letter");
        assert_eq!(found("Ä").await, ["Ämter"]);
        assert_eq!(found("%").await, Vec::<String>::new());
        assert_eq!(found("").await.len(), 8);
        let id = made[3].client_id.to_lowercase();
        assert_eq!(found(&id).await, ["appX2"]);
        // A key of another order begins anew.
        let key = ApplicationKey::of(&made[0], ApplicationSort::Name);
        let request = PageRequest::new(Some(key), 1);
        let all = ApplicationList::default();
        let page = applications.page(&ann, &acme, false, &all, &request).await;
        assert_eq!(page.unwrap().items[0].name, "viewer");
    }
);

db_test!(
    async fn an_application_on_a_device_gets_its_answer_by_a_scheme_of_its_own(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let applications = &t.services.applications;
        for (prefix, address) in [
            ("myapp://callback", "myapp://callback"),
            ("com.example.app:/oauth", "com.example.app:/oauth/cb"),
        ] {
            let change = Change {
                homepage: Some("myapp://home".into()),
                redirect_prefix: Some(prefix.into()),
                ..Change::default()
            };
            let changed = applications.update(&ann, which(&view), &change).await;
            let changed = changed.unwrap();
            assert_eq!(changed.homepage, "myapp://home");
            let question = Asked {
                redirect_uri: address.into(),
                ..asked(&view, "repo:read", "code")
            };
            let location = authorize(t, &ann, &question).await.unwrap();
            assert!(
                location.starts_with(&format!("{address}?code=")),
                "{location}"
            );
            let shown = Exchange {
                redirect_uri: address.into(),
                ..shown(&view, &parameter(&location, "code"), "repo:read")
            };
            assert!(exchange(&t.services, &shown).await.is_ok());
            for elsewhere in [
                "otherapp://callback",
                "myapp://callback.evil",
                "javascript://callback/%0aalert(1)",
                "com.example.app://oauth/cb",
                "https://app.test/cb",
            ] {
                let question = Asked {
                    redirect_uri: elsewhere.into(),
                    ..question.clone()
                };
                let refused = authorize(t, &ann, &question).await.unwrap_err();
                assert_eq!(refused.reason, Reason::RedirectMismatch, "{elsewhere}");
                let home = refused.location.unwrap();
                assert!(home.starts_with(&format!("{prefix}?error=")), "{home}");
            }
        }
    }
);

db_test!(
    async fn an_application_is_known_by_its_client_id_and_not_by_its_secret(t: TestRegistry) {
        let (_, view) = application(t, "ann", "acme").await;
        let applications = &t.services.applications;
        let info = applications.info(&t.anonymous(), &view.client_id).await;
        let info = info.unwrap();
        assert_eq!(
            (info.name.as_str(), info.owner.name.as_str()),
            ("viewer", "acme")
        );
        let absent = applications.info(&t.anonymous(), "NOBODY").await;
        assert_eq!(absent.unwrap_err().code(), "APPLICATION_NOT_FOUND");
    }
);

db_test!(
    async fn a_deleted_application_or_organization_ends_its_tokens_and_codes(t: TestRegistry) {
        for by_organization in [false, true] {
            let (owner, name) = if by_organization {
                ("bob", "beta")
            } else {
                ("ann", "acme")
            };
            let (actor, view) = application(t, owner, name).await;
            let first = code(t, &actor, &view, "repo:read").await;
            let token = exchange(&t.services, &shown(&view, &first, "repo:read")).await;
            let token = token.unwrap();
            assert!(bearer(t, token.expose()).await.is_ok());
            let second = code(t, &actor, &view, "repo:read").await;
            if by_organization {
                let organizations = &t.services.organizations;
                let found = organizations.by_name(&actor, &name.parse().unwrap()).await;
                organizations
                    .delete(&actor, &[found.unwrap().id])
                    .await
                    .unwrap();
            } else {
                let applications = &t.services.applications;
                applications.delete(&actor, which(&view)).await.unwrap();
            }
            let dead = bearer(t, token.expose()).await.unwrap_err();
            assert_eq!(dead.code(), "UNAUTHENTICATED");
            let refused = exchange(&t.services, &shown(&view, &second, "repo:read")).await;
            assert_eq!(refused.unwrap_err().code(), "invalid_client");
            let info = t.services.applications.info(&actor, &view.client_id).await;
            assert!(info.is_err());
        }
    }
);
