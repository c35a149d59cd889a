//! Consents that administrators ask other users for.

use berth_domain::{Error, PageRequest, TeamRole};
use berth_services::oauth::{ApplicationView, Asked, AssignmentView, Reason, Which};
use berth_services::{Actor, Settings};
use berth_testkit::{TestRegistry, db_test};

use super::{OWN, application, asked, authorize, bearer, description, parameter, refusal, which};
use crate::account::logged;
use crate::people::{join, organization};

async fn assign(
    t: &TestRegistry,
    actor: &Actor,
    view: &ApplicationView,
    username: &str,
    scope: &str,
) -> AssignmentView {
    let asked = asked(view, scope, "token");
    let authorizations = &t.services.authorizations;
    let assigned = authorizations.assign(actor, &asked, OWN, username).await;
    assigned.unwrap()
}

fn with(asked: Asked, assignment: &AssignmentView) -> Asked {
    Asked {
        assignment: Some(assignment.uuid.clone()),
        ..asked
    }
}

db_test!(
    async fn a_user_accepts_what_was_assigned_once_and_acts_under_the_own_name(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let bob = t.user("bob").await;
        // Before, the application is not for bob.
        let question = asked(&view, "repo:create", "token");
        assert_eq!(refusal(t, &bob, &question).await, Reason::AccessDenied);
        let assigned = assign(t, &ann, &view, "bob", "repo:create").await;
        let session = t.session("bob").await.actor;
        let authorizations = &t.services.authorizations;
        let page = PageRequest::new(None, 10);
        let listed = authorizations.assigned(&session, &page).await.unwrap();
        assert_eq!(listed.items, std::slice::from_ref(&assigned));
        let (bell, first) = (&t.services.notifications, PageRequest::new(None, 10));
        let told = bell.page(&session, false, &first);
        let told = told.await.unwrap().items;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].kind, "assigned_authorization");
        assert_eq!(told[0].metadata["application"], view.name);
        assert_eq!(listed.items[0].application.client_id, view.client_id);
        let question = with(question, &assigned);
        let consent = authorizations.consent(&session, &question, OWN).await;
        let consent = consent.unwrap().unwrap();
        assert_eq!(consent.scopes.as_str(), "repo:create");
        assert!(!consent.is_covered);
        let location = authorize(t, &session, &question).await.unwrap();
        let token = parameter(&location, "access_token");
        let app = bearer(t, &token).await.unwrap();
        assert_eq!(app.name().as_deref(), Some("bob"));
        // It is used up.
        assert_eq!(refusal(t, &session, &question).await, Reason::AccessDenied);
        assert_eq!(bell.unread(&session).await.unwrap(), 0, "it is settled");
        let left = authorizations.assigned(&session, &page).await.unwrap();
        assert!(left.items.is_empty());
        let acme = t
            .services
            .organizations
            .by_name(&ann, &"acme".parse().unwrap())
            .await;
        let log = logged(t, acme.unwrap().id).await;
        let entry = log.iter().find(|(kind, _)| kind == "oauth_token_assigned");
        let metadata = &entry.unwrap().1;
        assert_eq!(metadata["assigning_user"], "ann");
        assert_eq!(metadata["assigned_user"], "bob");
        assert_eq!(metadata["client_id"], view.client_id.as_str());
    }
);

db_test!(
    async fn an_assignment_is_not_widened_by_who_accepts_it(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let bob = t.user("bob").await;
        let assigned = assign(t, &ann, &view, "bob", "repo:read").await;
        for wider in ["repo:admin", "repo:read org:admin user:admin"] {
            let question = with(asked(&view, wider, "token"), &assigned);
            let authorizations = &t.services.authorizations;
            let consent = authorizations.consent(&bob, &question, OWN).await;
            assert_eq!(consent.unwrap().unwrap().scopes.as_str(), "repo:read");
        }
        let question = with(asked(&view, "repo:admin user:admin", "token"), &assigned);
        let location = authorize(t, &bob, &question).await.unwrap();
        assert_eq!(parameter(&location, "scope"), "repo%3Aread");
        let app = bearer(t, &parameter(&location, "access_token"))
            .await
            .unwrap();
        assert_eq!(app.scopes().as_str(), "repo:read");
    }
);

db_test!(
    async fn an_assignment_is_for_its_user_its_application_and_its_answer(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let (cleo, other) = application(t, "cleo", "beta").await;
        let (bob, eve) = (t.user("bob").await, t.user("eve").await);
        let assigned = assign(t, &ann, &view, "bob", "repo:read").await;
        let question = with(asked(&view, "repo:read", "token"), &assigned);
        // Not even who asked for it may use it.
        for stranger in [&eve, &cleo, &ann] {
            assert_eq!(refusal(t, stranger, &question).await, Reason::AccessDenied);
        }
        let elsewhere = with(asked(&other, "repo:read", "token"), &assigned);
        assert_eq!(refusal(t, &bob, &elsewhere).await, Reason::AccessDenied);
        let code = with(asked(&view, "repo:read", "code"), &assigned);
        assert_eq!(refusal(t, &bob, &code).await, Reason::AssignmentUnusable);
        let mut made_up = question.clone();
        made_up.assignment = Some("b9c4ad5c-0000-4000-8000-000000000000".into());
        assert_eq!(refusal(t, &bob, &made_up).await, Reason::AccessDenied);
        let authorizations = &t.services.authorizations;
        let session = t.session("eve").await.actor;
        let declined = authorizations.decline(&session, &assigned.uuid).await;
        assert_eq!(declined.unwrap_err().code(), "ASSIGNMENT_NOT_FOUND");
        assert!(authorize(t, &bob, &question).await.is_ok());
    }
);

db_test!(
    async fn of_two_that_use_an_assignment_at_once_one_gets_a_token(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let bob = t.user("bob").await;
        for _ in 0..5 {
            let assigned = assign(t, &ann, &view, "bob", "repo:read").await;
            let question = with(asked(&view, "repo:read", "token"), &assigned);
            let (one, two) =
                tokio::join!(authorize(t, &bob, &question), authorize(t, &bob, &question));
            assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
        }
    }
);

db_test!(
    async fn only_administrators_assign_and_only_to_users_who_are_there(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let root = t.superuser("root").await.actor;
        let (bob, gone) = (t.user("bob").await, t.user("gone").await);
        let superuser = &t.services.superuser;
        let id = gone.user_id().unwrap();
        superuser.set_enabled(&root, id, false).await.unwrap();
        let authorizations = &t.services.authorizations;
        let question = asked(&view, "repo:read", "token");
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&bob, "APPLICATION_NOT_FOUND"),
        ] {
            let refused = authorizations.assign(who, &question, OWN, "bob").await;
            assert_eq!(refused.unwrap_err().code(), code);
        }
        for name in ["gone", "nobody", "acme", "No Name", "acme+ci"] {
            let refused = authorizations.assign(&ann, &question, OWN, name).await;
            assert_eq!(refused.unwrap_err().code(), "USER_NOT_FOUND", "{name}");
        }
        let mut elsewhere = question.clone();
        elsewhere.redirect_uri = "https://app.test.evil.test/cb".into();
        let refused = authorizations.assign(&ann, &elsewhere, OWN, "bob").await;
        assert_eq!(refused.unwrap_err().field(), Some("redirectUri"));
        // A token of an application asks nobody.
        let token = t.oauth_token(&ann, "org:admin user:admin").await;
        let by_token = bearer(t, &token).await.unwrap();
        let refused = authorizations
            .assign(&by_token, &question, OWN, "bob")
            .await;
        assert_eq!(refused.unwrap_err().code(), "FORBIDDEN");
    }
);

db_test!(
    async fn a_user_declines_and_the_switch_counts_everywhere(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let bob = t.user("bob").await;
        let assigned = assign(t, &ann, &view, "bob", "repo:read").await;
        let session = t.session("bob").await.actor;
        let mut settings = Settings::default();
        settings.oauth.assignments = false;
        let off = t.replica(settings);
        let question = with(asked(&view, "repo:read", "token"), &assigned);
        let page = PageRequest::new(None, 10);
        for refused in [
            off.authorizations
                .assign(&ann, &question, OWN, "bob")
                .await
                .map(drop),
            off.authorizations.assigned(&session, &page).await.map(drop),
            off.authorizations.decline(&session, &assigned.uuid).await,
        ] {
            assert_eq!(refused.unwrap_err().code(), "FEATURE_OFF");
        }
        let refused = off.authorizations.authorize(&bob, &question, OWN).await;
        let refused = refused.unwrap().unwrap_err();
        assert_eq!(refused.reason, Reason::AssignmentUnusable);
        let authorizations = &t.services.authorizations;
        authorizations
            .decline(&session, &assigned.uuid)
            .await
            .unwrap();
        assert_eq!(refusal(t, &bob, &question).await, Reason::AccessDenied);
        // Who asked reads of it in the log of the organization, once.
        let again = authorizations.decline(&session, &assigned.uuid).await;
        assert_eq!(again.unwrap_err().code(), "ASSIGNMENT_NOT_FOUND");
        let acme = "acme".parse().unwrap();
        let acme = t.services.organizations.by_name(&ann, &acme).await.unwrap();
        let log = logged(t, acme.id).await.into_iter();
        let declined = |(kind, _): &(String, _)| kind == "oauth_token_assignment_declined";
        let declined: Vec<_> = log.filter(declined).map(|(_, row)| row).collect();
        assert_eq!(declined.len(), 1);
        for (key, value) in [
            ("assigned_user", "bob"),
            ("username", "bob"),
            ("application", "viewer"),
            ("client_id", &*view.client_id),
        ] {
            assert_eq!(declined[0][key], value, "{key}");
        }
    }
);

/// Who is asked, as an administrator of `acme` sees it in pages of two.
async fn asked_of(t: &TestRegistry, actor: &Actor, view: &ApplicationView) -> Vec<String> {
    let applications = &t.services.applications;
    let (acme, mut names, mut after) = ("acme".parse().unwrap(), Vec::new(), None);
    loop {
        let page = PageRequest::new(after, 2);
        let found = applications.assignments(actor, &acme, &view.client_id, &page);
        let found = found.await.unwrap();
        after = found.items.last().map(|row| row.id);
        let rows = found.items.into_iter();
        names.extend(rows.map(|row| format!("{} {}", row.user, row.scopes)));
        if !found.has_more {
            return names;
        }
    }
}

db_test!(
    async fn administrators_see_whom_they_have_asked_until_there_is_an_answer(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let acme = "acme".parse().unwrap();
        let applications = &t.services.applications;
        let other = description("other");
        let other = applications.create(&ann, &acme, &other).await.unwrap();
        let root = t.superuser("root").await.actor;
        for name in ["bob", "cleo", "dan"] {
            t.user(name).await;
        }
        let first = assign(t, &ann, &view, "bob", "repo:read").await;
        assign(t, &ann, &view, "cleo", "repo:write user:read").await;
        assign(t, &ann, &view, "dan", "repo:create").await;
        assign(t, &ann, &other, "bob", "repo:read").await;
        let all = [
            "dan repo:create",
            "cleo repo:write user:read",
            "bob repo:read",
        ];
        assert_eq!(asked_of(t, &ann, &view).await, all);
        let page = PageRequest::new(None, 10);
        let rows = applications.assignments(&ann, &acme, &view.client_id, &page);
        let rows = rows.await.unwrap().items;
        assert_eq!(rows[2].uuid, first.uuid);
        assert_eq!(rows[2].created_at, first.created_at);
        // One is accepted, one declined, one is of a user who goes.
        let question = with(asked(&view, "repo:read", "token"), &first);
        authorize(t, &t.session("bob").await.actor, &question)
            .await
            .unwrap();
        assert_eq!(asked_of(t, &ann, &view).await, all[..2]);
        let cleo = t.session("cleo").await.actor;
        let authorizations = &t.services.authorizations;
        authorizations.decline(&cleo, &rows[1].uuid).await.unwrap();
        assert_eq!(asked_of(t, &ann, &view).await, all[..1]);
        let dan = t.session("dan").await.actor.user_id().unwrap();
        t.services.superuser.delete_user(&root, dan).await.unwrap();
        assert_eq!(asked_of(t, &ann, &view).await, Vec::<String>::new());
        assert_eq!(asked_of(t, &ann, &other).await, ["bob repo:read"]);
    }
);

db_test!(
    async fn an_administrator_takes_back_what_was_not_answered_and_nobody_else_does(
        t: TestRegistry,
    ) {
        let (ann, view) = application(t, "ann", "acme").await;
        let (eve, foreign) = application(t, "eve", "beta").await;
        let mia = t.user("mia").await;
        join(t, "acme", "mia", TeamRole::Member).await;
        t.user("bob").await;
        let bob = t.session("bob").await.actor;
        let assigned = assign(t, &ann, &view, "bob", "repo:read").await;
        let applications = &t.services.applications;
        let (acme, page) = ("acme".parse().unwrap(), PageRequest::new(None, 10));
        let narrow = t.oauth_token(&ann, "repo:admin user:admin").await;
        let narrow = bearer(t, &narrow).await.unwrap();
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&eve, "hidden"),
            // Not even who is asked: declining is another thing.
            (&bob, "hidden"),
            (&mia, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
        ] {
            let listed = applications.assignments(who, &acme, &view.client_id, &page);
            let withdrawn = applications.withdraw_assignment(who, which(&view), &assigned.uuid);
            for refused in [listed.await.map(drop), withdrawn.await] {
                let refused = refused.unwrap_err();
                let found = match &refused {
                    Error::Hidden(_) => "hidden",
                    other => other.code(),
                };
                assert_eq!(found, code, "{refused:?}");
            }
        }
        // Nor by an application of one's own.
        let beside = applications.withdraw_assignment(&eve, which(&foreign), &assigned.uuid);
        assert_eq!(beside.await.unwrap_err().code(), "ASSIGNMENT_NOT_FOUND");
        organization(t, &ann, "third").await;
        let third = "third".parse().unwrap();
        let elsewhere = Which {
            organization: Some(&third),
            client_id: &view.client_id,
        };
        let beside = applications.withdraw_assignment(&ann, elsewhere, &assigned.uuid);
        assert_eq!(beside.await.unwrap_err().code(), "APPLICATION_NOT_FOUND");
        let bell = &t.services.notifications;
        assert_eq!(bell.unread(&bob).await.unwrap(), 1);
        // The switch stops new ones, and no taking back.
        let mut settings = Settings::default();
        settings.oauth.assignments = false;
        let off = t.replica(settings);
        let still = off
            .applications
            .assignments(&ann, &acme, &view.client_id, &page);
        assert_eq!(still.await.unwrap().items.len(), 1);
        let withdrawn = off
            .applications
            .withdraw_assignment(&ann, which(&view), &assigned.uuid);
        withdrawn.await.unwrap();
        assert_eq!(
            bell.unread(&bob).await.unwrap(),
            0,
            "the bell is quiet about it"
        );
        let question = with(asked(&view, "repo:read", "token"), &assigned);
        assert_eq!(refusal(t, &bob, &question).await, Reason::AccessDenied);
        let again = applications.withdraw_assignment(&ann, which(&view), &assigned.uuid);
        assert_eq!(again.await.unwrap_err().code(), "ASSIGNMENT_NOT_FOUND");
        let found = t.services.organizations.by_name(&ann, &acme).await;
        let log = logged(t, found.unwrap().id).await;
        let kind = "oauth_token_assignment_withdrawn";
        let entries: Vec<_> = log.iter().filter(|(found, _)| found == kind).collect();
        assert_eq!(entries.len(), 1);
        let metadata = &entries[0].1;
        assert_eq!(
            (&metadata["assigned_user"], &metadata["username"]),
            (&"bob".into(), &"ann".into())
        );
        assert_eq!(metadata["client_id"], view.client_id.as_str());
    }
);

db_test!(
    async fn of_two_who_answer_and_take_back_at_once_one_is_first(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let bob = t.user("bob").await;
        let applications = &t.services.applications;
        for _ in 0..5 {
            let assigned = assign(t, &ann, &view, "bob", "repo:read").await;
            let question = with(asked(&view, "repo:read", "token"), &assigned);
            let (accepted, withdrawn) = tokio::join!(
                authorize(t, &bob, &question),
                applications.withdraw_assignment(&ann, which(&view), &assigned.uuid)
            );
            assert_ne!(accepted.is_ok(), withdrawn.is_ok());
            assert!(asked_of(t, &ann, &view).await.is_empty());
        }
    }
);

db_test!(
    async fn the_bell_is_quiet_about_what_is_settled(t: TestRegistry) {
        let (ann, view) = application(t, "ann", "acme").await;
        let applications = &t.services.applications;
        let acme = "acme".parse().unwrap();
        let other = description("other");
        let other = applications.create(&ann, &acme, &other).await.unwrap();
        t.user("bob").await;
        let bob = t.session("bob").await.actor;
        let bell = &t.services.notifications;
        let authorizations = &t.services.authorizations;
        let unread = async || bell.unread(&bob).await.unwrap();
        for scope in ["repo:read", "repo:write", "repo:create"] {
            assign(t, &ann, &view, "bob", scope).await;
        }
        assign(t, &ann, &other, "bob", "repo:read").await;
        assert_eq!(unread().await, 4);
        let page = PageRequest::new(None, 10);
        let listed = authorizations.assigned(&bob, &page).await.unwrap().items;
        // Asking what there is puts nothing away by itself.
        assert_eq!(unread().await, 4);
        let of_view = |asked: &&AssignmentView| asked.application.client_id == view.client_id;
        let mine: Vec<_> = listed.iter().filter(of_view).collect();
        let question = with(asked(&view, "repo:read", "token"), mine[0]);
        authorize(t, &bob, &question).await.unwrap();
        assert_eq!(unread().await, 3, "one is accepted");
        authorizations.decline(&bob, &mine[1].uuid).await.unwrap();
        assert_eq!(unread().await, 2, "one is declined");
        applications.delete(&ann, which(&view)).await.unwrap();
        assert_eq!(unread().await, 1, "the other application still asks");
        let newest = PageRequest::new(None, 10);
        let told = bell.page(&bob, true, &newest).await.unwrap().items;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].metadata["application"], "other");
        // What has been read is put away for who has read it.
        authorizations.note_read(&t.anonymous()).await;
        authorizations.note_read(&ann).await;
        assert_eq!(unread().await, 1);
        authorizations.note_read(&bob).await;
        assert_eq!(unread().await, 0);
        let told = bell.page(&bob, true, &newest).await.unwrap().items;
        assert!(told[0].dismissed);
    }
);
