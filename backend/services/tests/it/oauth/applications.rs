//! What administrators do with the applications of their organization.

use berth_domain::{Error, PageRequest, TeamRole};
use berth_services::Settings;
use berth_services::oauth::{Change, Description, Which};
use berth_testkit::{Backend, TestRegistry, db_test};

use super::{application, bearer, code, description, exchange, shown, which};
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
        let first = applications.page(&ann, &acme, false, &page(None)).await;
        let first = first.unwrap();
        assert_eq!(first.items[0].client_id, view.client_id);
        let settings = first.items[0].private.as_ref().unwrap();
        assert_eq!(settings.client_secret, None, "nobody asked for it");
        assert!(first.has_more);
        let next = page(Some(first.items[0].id));
        let next = applications.page(&ann, &acme, true, &next).await.unwrap();
        assert_eq!(next.items, [second]);
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
                    .page(who, &acme, true, &page)
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
        let seen = applications.page(&rita, &acme, true, &page).await.unwrap();
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
                with(|new| new.redirect_prefix = "javascript://app.test/".into()),
                "redirectPrefix",
            ),
            (
                with(|new| new.redirect_prefix = "https://u:p@app.test/".into()),
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
