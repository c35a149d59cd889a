//! What superusers do with users, and what those who only read see.

use std::time::Duration;

use berth_domain::{Error, MessageFormat, PageRequest, Secret, Severity, TeamRole};
use berth_services::superuser::{UserChange, UserFilter};
use berth_services::{Actor, Origin, Settings};
use berth_testkit::{PASSWORD, TestRegistry, db_test};

use super::account::logged;
use super::people::{join, organization, robot};

async fn names(t: &TestRegistry, actor: &Actor, filter: UserFilter) -> Vec<String> {
    let page = PageRequest::new(None, 10);
    let page = t.services.superuser.users(actor, &filter, &page).await;
    let users = page.unwrap().items.into_iter();
    users.map(|user| user.name.to_string()).collect()
}

db_test!(
    async fn a_superuser_lists_users_by_name_text_and_state(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        organization(t, &ann, "acme").await;
        robot(t, &ann, "ann", "ci").await;
        let superuser = &t.services.superuser;
        let bob_id = bob.user_id().unwrap();
        superuser.set_enabled(&root, bob_id, false).await.unwrap();
        let email = "Ann@Users.test".parse().unwrap();
        let ann_id = ann.user_id().unwrap();
        superuser.change_email(&root, ann_id, &email).await.unwrap();
        let all = UserFilter::default();
        assert_eq!(names(t, &root, all.clone()).await, ["ann", "bob", "root"]);
        assert_eq!(superuser.count(&root, &all).await.unwrap(), 3);
        let text = |text: &str| UserFilter {
            search: Some(text.into()),
            ..UserFilter::default()
        };
        assert_eq!(names(t, &root, text("O")).await, ["bob", "root"]);
        assert_eq!(names(t, &root, text("ann@users")).await, ["ann"]);
        assert!(names(t, &root, text("%")).await.is_empty());
        let state = |enabled| UserFilter {
            enabled: Some(enabled),
            ..UserFilter::default()
        };
        assert_eq!(names(t, &root, state(false)).await, ["bob"]);
        assert_eq!(names(t, &root, state(true)).await, ["ann", "root"]);
        let first = PageRequest::new(None, 2);
        let page = superuser.users(&root, &all, &first).await.unwrap();
        assert!(page.has_more);
        let next = PageRequest::new(Some(page.items[1].name.clone()), 2);
        let page = superuser.users(&root, &all, &next).await.unwrap();
        assert_eq!(page.items[0].name.as_str(), "root");
        assert!(page.items[0].superuser && !page.has_more);
    }
);

db_test!(
    async fn nobody_else_gets_anything_of_it(t: TestRegistry) {
        t.superuser("root").await;
        let ann = t.user("ann").await;
        let id = ann.user_id().unwrap();
        let token = t
            .oauth_token(&t.login("root", PASSWORD).await, "user:admin")
            .await;
        let authn = &t.services.authn;
        let narrow = authn.bearer(&token, Origin::default()).await.unwrap();
        let superuser = &t.services.superuser;
        let messages = &t.services.messages;
        let email = "x@y.test".parse().unwrap();
        let password = Secret::from(PASSWORD);
        let (filter, page) = (UserFilter::default(), PageRequest::new(None, 10));
        let session = t.session("ann").await.actor;
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&ann, "FORBIDDEN"),
            (&session, "FORBIDDEN"),
            // A superuser's token without the scope.
            (&narrow, "FORBIDDEN"),
        ] {
            assert!(!superuser.may_view(who));
            let refusals = [
                superuser.users(who, &filter, &page).await.map(drop),
                superuser.count(who, &filter).await.map(drop),
                superuser.footing(who).await.map(drop),
                superuser.create_user(who, "new", None).await.map(drop),
                superuser.change_email(who, id, &email).await.map(drop),
                superuser.set_password(who, id, &password).await.map(drop),
                superuser.set_enabled(who, id, false).await.map(drop),
                superuser.delete_user(who, id).await,
                superuser.send_recovery(who, id).await.map(drop),
                messages
                    .create(who, "x", Severity::Info, MessageFormat::Plain)
                    .await
                    .map(drop),
                messages.delete(who, "x").await,
            ];
            for refused in refusals {
                assert_eq!(refused.unwrap_err().code(), code, "{who:?}");
            }
        }
    }
);

db_test!(
    async fn who_only_reads_sees_everything_and_changes_nothing(t: TestRegistry) {
        t.superuser("root").await;
        t.user("auditor").await;
        let ann = t.user("ann").await;
        organization(t, &ann, "acme").await;
        let mut settings = Settings::default();
        settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
        let replica = t.replica(settings);
        let password = Secret::from(PASSWORD);
        let auditor = replica
            .authn
            .sign_in("auditor", &password, Origin::default())
            .await
            .unwrap()
            .actor;
        assert!(!auditor.is_superuser() && auditor.reads_everything());
        let (filter, page) = (UserFilter::default(), PageRequest::new(None, 10));
        let superuser = &replica.superuser;
        let users = superuser.users(&auditor, &filter, &page).await.unwrap();
        let read_only: Vec<bool> = users.items.iter().map(|u| u.read_only_superuser).collect();
        assert_eq!(read_only, [false, true, false]);
        let organizations = &replica.organizations;
        let page = PageRequest::new(None, 10);
        let seen = organizations.page(&auditor, None, &page).await.unwrap();
        assert_eq!(seen.items[0].name.as_str(), "acme");
        assert!(!seen.items[0].can_administer);
        let footing = superuser.footing(&auditor).await.unwrap();
        assert_eq!(
            (footing.database, footing.storage),
            (t.db().kind(), "memory")
        );
        assert!(footing.health.is_ready());
        let id = ann.user_id().unwrap();
        for refused in [
            superuser.set_enabled(&auditor, id, false).await.map(drop),
            superuser.create_user(&auditor, "new", None).await.map(drop),
            superuser.delete_user(&auditor, id).await,
            replica.messages.delete(&auditor, "x").await,
        ] {
            assert_eq!(refused.unwrap_err().code(), "FORBIDDEN");
        }
    }
);

db_test!(
    async fn a_created_user_signs_in_with_the_generated_password(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        organization(t, &root, "acme").await;
        let superuser = &t.services.superuser;
        let (view, password) = superuser
            .create_user(&root, "ann", Some("ann@users.test"))
            .await
            .unwrap();
        assert_eq!(password.expose().len(), 32);
        assert!(view.email_verified && view.enabled && !view.superuser);
        t.login("ann", password.expose()).await;
        let log = logged(t, view.id).await;
        assert_eq!(log[0].0, "user_create");
        assert!(!format!("{log:?}").contains(password.expose()));
        for (name, email, message) in [
            (
                "ann",
                None,
                "Username has already been taken by user cannot be reused: ann",
            ),
            (
                "acme",
                None,
                "Username has already been taken by an organization and cannot be reused: acme",
            ),
            (
                "bob",
                Some("ANN@users.test"),
                "Email has already been used: ANN@users.test",
            ),
        ] {
            let refused = superuser.create_user(&root, name, email).await.unwrap_err();
            assert_eq!(refused.to_string(), message);
        }
        t.clock.advance(Duration::from_mins(11));
        let stale = superuser.create_user(&root, "bob", None).await;
        assert!(matches!(stale, Err(Error::FreshLoginRequired)));
    }
);

db_test!(
    async fn who_is_shut_out_is_out_at_the_next_request_with_everything(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let id = ann.user_id().unwrap();
        let ci = robot(t, &ann, "ann", "ci").await;
        let robots = &t.services.robots;
        let secret = robots.credentials(&ann, ci.id).await.unwrap().token;
        let oauth = t.oauth_token(&ann, "repo:read").await;
        let session = t.session("ann").await;
        let (_, app) = t
            .services
            .app_tokens
            .create(&session.actor, "laptop")
            .await
            .unwrap();
        let authn = &t.services.authn;
        let logins = [
            ("ann", PASSWORD),
            ("$app", app.expose()),
            ("$oauthtoken", &oauth),
            ("ann+ci", secret.expose()),
        ];
        let superuser = &t.services.superuser;
        superuser.set_enabled(&root, id, false).await.unwrap();
        for (name, password) in logins {
            let login = authn
                .basic(name, &Secret::from(password), Origin::default())
                .await;
            assert_eq!(
                login.unwrap_err().to_string(),
                "This user has been disabled. Please contact your administrator.",
                "{name}"
            );
        }
        let over = authn
            .session(session.token.expose(), Origin::default())
            .await;
        assert!(over.unwrap().is_none());
        superuser.set_enabled(&root, id, true).await.unwrap();
        for (name, password) in logins {
            t.login(name, password).await;
        }
        let over = authn
            .session(session.token.expose(), Origin::default())
            .await;
        assert!(over.unwrap().is_none(), "it signs in again");
        let log = logged(t, id).await;
        let by = |kind: &str| {
            let entry = log.iter().find(|(found, _)| found == kind).unwrap();
            entry.1["superuser"].clone()
        };
        assert_eq!(
            (by("user_disable"), by("user_enable")),
            ("root".into(), "root".into())
        );
    }
);

db_test!(
    async fn a_set_password_ends_the_sessions_and_a_superuser_is_left_alone(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let other = t.user("ann").await.user_id().unwrap();
        let session = t.session("ann").await;
        let superuser = &t.services.superuser;
        let password = Secret::from("another-password");
        let weak = superuser
            .set_password(&root, other, &Secret::from("weak"))
            .await
            .unwrap_err();
        assert_eq!(weak.field(), Some("password"));
        superuser
            .set_password(&root, other, &password)
            .await
            .unwrap();
        let authn = &t.services.authn;
        let over = authn
            .session(session.token.expose(), Origin::default())
            .await;
        assert!(over.unwrap().is_none());
        t.login("ann", "another-password").await;
        let root_id = root.user_id().unwrap();
        let email = "x@y.test".parse().unwrap();
        for refused in [
            superuser
                .set_password(&root, root_id, &password)
                .await
                .map(drop),
            superuser
                .change_email(&root, root_id, &email)
                .await
                .map(drop),
            superuser.set_enabled(&root, root_id, false).await.map(drop),
        ] {
            assert_eq!(
                refused.unwrap_err().to_string(),
                "Cannot update a superuser"
            );
        }
        let refused = superuser.delete_user(&root, root_id).await.unwrap_err();
        assert_eq!(refused.to_string(), "Cannot delete a superuser");
        let nobody = berth_domain::AccountId(987_654);
        let refused = superuser
            .set_enabled(&root, nobody, false)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), "USER_NOT_FOUND");
        superuser.delete_user(&root, other).await.unwrap();
        let log = logged(t, other).await;
        let kinds: Vec<&str> = log.iter().map(|(kind, _)| kind.as_str()).collect();
        assert!(kinds.contains(&"user_change_password") && kinds.contains(&"user_delete"));
    }
);

db_test!(
    async fn no_organization_is_left_without_an_administrator_by_a_deletion(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let acme = organization(t, &ann, "acme").await;
        let zoo = organization(t, &ann, "zoo").await;
        let shared = organization(t, &ann, "shared").await;
        join(t, "shared", "bob", TeamRole::Admin).await;
        join(t, "zoo", "bob", TeamRole::Member).await;
        let superuser = &t.services.superuser;
        let id = ann.user_id().unwrap();
        superuser.delete_user(&root, id).await.unwrap();
        let organizations = &t.services.organizations;
        let ids = [acme.id, zoo.id, shared.id];
        let administers = async |actor: &Actor| {
            let views = organizations.by_ids(actor, &ids).await.unwrap();
            let held = ids.iter().map(|id| {
                let view = views.get(id);
                view.is_some_and(|view| view.can_administer)
            });
            held.collect::<Vec<_>>()
        };
        assert_eq!(administers(&root).await, [true, true, false]);
        assert_eq!(administers(&bob).await, [false, false, true]);
        // It is in the log of each who has it now, and in no other.
        for (organization, taken) in [(acme.id, 1), (zoo.id, 1), (shared.id, 0)] {
            let log = logged(t, organization).await;
            let entries = log.iter().filter(|(kind, _)| kind == "take_ownership");
            assert_eq!(entries.count(), taken, "{log:?}");
        }
        // Nobody takes over by trying what is refused.
        let root_id = root.user_id().unwrap();
        let refused = superuser.delete_user(&root, root_id).await.unwrap_err();
        assert_eq!(refused.to_string(), "Cannot delete a superuser");
        let refused = superuser.delete_user(&bob, root_id).await.unwrap_err();
        assert_eq!(refused.code(), "FORBIDDEN");
        assert_eq!(administers(&bob).await, [false, false, true]);
        // The user itself is refused, as ever.
        let bob = t.session("bob").await.actor;
        let refused = t.services.accounts.delete(&bob).await.unwrap_err();
        assert!(refused.to_string().contains("shared"), "{refused}");
    }
);

db_test!(
    async fn of_a_refused_change_of_a_user_nothing_is_left(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let superuser = &t.services.superuser;
        let bob_id = bob.user_id().unwrap();
        let taken = "bob@users.test".parse().unwrap();
        superuser.change_email(&root, bob_id, &taken).await.unwrap();
        let session = t.session("ann").await;
        let id = ann.user_id().unwrap();
        let change = UserChange {
            email: Some(taken),
            password: Some(Secret::from("another-password")),
            enabled: Some(false),
        };
        let before = logged(t, id).await.len();
        let refused = superuser.change_user(&root, id, &change).await.unwrap_err();
        assert_eq!(refused.code(), "ALREADY_EXISTS");
        let live = t
            .services
            .authn
            .session(session.token.expose(), Origin::default());
        assert!(live.await.unwrap().is_some());
        t.login("ann", PASSWORD).await;
        assert_eq!(logged(t, id).await.len(), before);
        let change = UserChange {
            email: Some("ann@users.test".parse().unwrap()),
            ..change
        };
        let view = superuser.change_user(&root, id, &change).await.unwrap();
        assert_eq!(
            (view.email.as_deref(), view.enabled),
            (Some("ann@users.test"), false)
        );
        let log = logged(t, id).await;
        for kind in ["user_change_password", "user_change_email", "user_disable"] {
            assert!(log.iter().any(|(found, _)| found == kind), "{kind}");
        }
    }
);

db_test!(
    async fn everybody_reads_what_a_superuser_says(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let messages = &t.services.messages;
        for text in ["", " \n", &"x".repeat(4_097)] {
            let refused = messages
                .create(&root, text, Severity::Info, MessageFormat::Plain)
                .await
                .unwrap_err();
            assert_eq!(refused.field(), Some("content"));
        }
        let posted = messages
            .create(
                &root,
                "*Tonight*",
                Severity::Warning,
                MessageFormat::Markdown,
            )
            .await
            .unwrap();
        let seen = messages.all(&t.anonymous()).await.unwrap();
        assert_eq!(seen, std::slice::from_ref(&posted));
        messages.delete(&root, &posted.uuid).await.unwrap();
        assert!(messages.all(&t.anonymous()).await.unwrap().is_empty());
        let gone = messages.delete(&root, &posted.uuid).await.unwrap_err();
        assert_eq!(gone.code(), "MESSAGE_NOT_FOUND");
    }
);
