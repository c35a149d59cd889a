//! What users are told in the bell.

use std::pin::pin;
use std::time::Duration;

use berth_domain::{AccountId, Clock as _, NotificationKind, PageRequest};
use berth_services::notifications::{Audience, DISMISSED_MAX, Notice};
use berth_services::service_keys::{KeyChange, KeyToBe};
use berth_services::{Actor, Origin, Settings};
use berth_store::notifications::{self as rows, NewNotification};
use berth_testkit::{PASSWORD, TestRegistry, db_test};
use futures::StreamExt;
use serde_json::{Value, json};

use super::people::{organization, robot};

/// What a user is told, by subject.
async fn told(t: &TestRegistry, actor: &Actor) -> Vec<Value> {
    let page = PageRequest::new(None, 100);
    let page = t
        .services
        .notifications
        .page(actor, false, &page)
        .await
        .unwrap();
    let unread = t.services.notifications.unread(actor).await.unwrap();
    assert_eq!(unread, u64::try_from(page.items.len()).unwrap());
    let items = page.items.into_iter();
    items.map(|view| view.metadata["what"].clone()).collect()
}

async fn tell(t: &TestRegistry, audience: Audience<'_>, subject: &str, about: Option<AccountId>) {
    let metadata = json!({ "what": subject });
    let notice = Notice {
        kind: NotificationKind::Maintenance,
        subject,
        organization: about,
        metadata: &metadata,
    };
    let local = t.services.authn.local();
    t.services
        .notifications
        .tell(&local, audience, notice)
        .await
        .unwrap();
}

async fn session(t: &TestRegistry, name: &str) -> Actor {
    t.user(name).await;
    t.session(name).await.actor
}

db_test!(
    async fn each_is_told_once_and_puts_it_away_alone(t: TestRegistry) {
        let (ann, bob) = (session(t, "ann").await, session(t, "bob").await);
        let ids = [ann.user_id().unwrap(), bob.user_id().unwrap()];
        let acme = organization(t, &ann, "acme").await;
        for _ in 0..2 {
            tell(t, Audience::Users(&ids), "one", Some(acme.id)).await;
        }
        tell(t, Audience::Users(&ids[..1]), "two", None).await;
        // Neither organizations nor robots have a bell.
        let ci = robot(t, &ann, "acme", "ci").await;
        tell(
            t,
            Audience::Users(&[acme.id, ci.id, AccountId(987_654)]),
            "three",
            None,
        )
        .await;
        assert_eq!(told(t, &ann).await, ["two", "one"]);
        assert_eq!(told(t, &bob).await, ["one"]);
        let notifications = &t.services.notifications;
        let page = PageRequest::new(None, 1);
        let first = notifications.page(&ann, false, &page).await.unwrap();
        assert!(first.has_more);
        let page = PageRequest::new(Some(first.items[0].id), 1);
        let second = notifications.page(&ann, false, &page).await.unwrap();
        let one = &second.items[0];
        assert!(!second.has_more);
        assert_eq!(one.organization.as_ref().unwrap().as_str(), "acme");
        assert_eq!((one.kind.as_str(), one.dismissed), ("maintenance", false));
        let away = notifications.dismiss(&ann, &one.uuid, true).await.unwrap();
        assert!(away.dismissed);
        assert_eq!(told(t, &ann).await, ["two"]);
        assert_eq!(told(t, &bob).await, ["one"]);
        let all = notifications
            .page(&ann, true, &PageRequest::new(None, 10))
            .await;
        assert_eq!(all.unwrap().items.len(), 2);
        notifications.dismiss(&ann, &one.uuid, false).await.unwrap();
        assert_eq!(told(t, &ann).await, ["two", "one"]);
        // What is another's is not there.
        for refused in [
            notifications
                .get(&bob, &first.items[0].uuid)
                .await
                .map(drop),
            notifications.dismiss(&bob, &one.uuid, true).await.map(drop),
            notifications.get(&ann, "none").await.map(drop),
        ] {
            assert_eq!(refused.unwrap_err().code(), "NOTIFICATION_NOT_FOUND");
        }
        assert_eq!(told(t, &ann).await, ["two", "one"]);
        let numbered = notifications.numbered_page(&ann, 1, 1).await.unwrap();
        assert_eq!((numbered.items.len(), numbered.has_more), (1, false));
        assert_eq!(numbered.items[0].uuid, one.uuid);
    }
);

db_test!(
    async fn all_is_put_away_at_once_and_what_is_named_comes_back(t: TestRegistry) {
        let (ann, bob) = (session(t, "ann").await, session(t, "bob").await);
        let ids = [ann.user_id().unwrap(), bob.user_id().unwrap()];
        for subject in ["one", "two", "three"] {
            tell(t, Audience::Users(&ids), subject, None).await;
        }
        let notifications = &t.services.notifications;
        let page = PageRequest::new(None, 10);
        let of_bob = notifications.page(&bob, false, &page).await.unwrap();
        let away = notifications.dismiss_many(&ann, None, true).await.unwrap();
        assert_eq!(away.len(), 3);
        assert!(told(t, &ann).await.is_empty());
        assert_eq!(told(t, &bob).await, ["three", "two", "one"]);
        let again = notifications.dismiss_many(&ann, None, true).await;
        assert_eq!(again.unwrap(), Vec::<String>::new());
        // What is another's, or nobody's, is left out.
        let named = [&away[0], &of_bob.items[0].uuid].map(String::as_str);
        let named = [named[0], named[1], "none"];
        let back = notifications.dismiss_many(&ann, Some(&named), false).await;
        assert_eq!(back.unwrap(), away[..1]);
        assert_eq!(told(t, &ann).await, ["three"]);
        assert_eq!(told(t, &bob).await, ["three", "two", "one"]);
        let nothing = notifications.dismiss_many(&ann, Some(&[]), true).await;
        assert_eq!(nothing.unwrap(), Vec::<String>::new());
        assert_eq!(told(t, &ann).await, ["three"]);

        let many = vec!["none"; DISMISSED_MAX + 1];
        let token = t.oauth_token(&ann, "repo:read").await;
        let authn = &t.services.authn;
        let narrow = authn.bearer(&token, Origin::default()).await.unwrap();
        for (refused, code) in [
            (
                notifications.dismiss_many(&ann, Some(&many), true).await,
                "INVALID_INPUT",
            ),
            (
                notifications.dismiss_many(&ann, None, false).await,
                "INVALID_INPUT",
            ),
            (
                notifications.dismiss_many(&t.anonymous(), None, true).await,
                "UNAUTHENTICATED",
            ),
            (
                notifications.dismiss_many(&narrow, None, true).await,
                "FORBIDDEN",
            ),
        ] {
            assert_eq!(refused.unwrap_err().code(), code);
        }
        assert_eq!(told(t, &ann).await, ["three"]);
    }
);

db_test!(
    async fn who_administers_no_more_sees_it_no_more(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let (ann, bob) = (session(t, "ann").await, session(t, "bob").await);
        let acme = organization(t, &ann, "acme").await;
        tell(t, Audience::Administrators(acme.id), "before", None).await;
        assert_eq!(told(t, &ann).await, ["before"]);
        assert!(told(t, &bob).await.is_empty());
        t.services
            .superuser
            .take_ownership(&root, acme.id)
            .await
            .unwrap();
        // Who comes later was not told then.
        assert!(told(t, &root).await.is_empty());
        tell(t, Audience::Administrators(acme.id), "after", None).await;
        assert_eq!(told(t, &root).await, ["after"]);
        let name = "globex".parse().unwrap();
        t.services
            .superuser
            .rename_organization(&root, acme.id, &name)
            .await
            .unwrap();
        let page = PageRequest::new(None, 1);
        let page = t
            .services
            .notifications
            .page(&root, false, &page)
            .await
            .unwrap();
        assert_eq!(
            page.items[0].organization.as_ref().unwrap().as_str(),
            "globex"
        );
        // As if it had been told before it left the team.
        let new = NewNotification {
            uuid: "told-to-bob",
            account_id: bob.user_id().unwrap(),
            kind: "maintenance",
            subject: "earlier",
            namespace_id: Some(acme.id),
            as_administrator: true,
            metadata: "{}",
            created_at: t.clock.now(),
        };
        let added = t.db().write(async |tx| rows::insert(tx, &new).await);
        assert!(added.await.unwrap());
        assert!(told(t, &bob).await.is_empty());
        let notifications = &t.services.notifications;
        assert!(notifications.get(&bob, "told-to-bob").await.is_err());
        assert!(
            notifications
                .dismiss(&bob, "told-to-bob", true)
                .await
                .is_err()
        );
        t.services
            .superuser
            .delete_organization(&root, acme.id)
            .await
            .unwrap();
        assert!(told(t, &ann).await.is_empty());
    }
);

db_test!(
    async fn only_a_user_itself_has_a_bell_and_only_the_server_rings_it(t: TestRegistry) {
        let ann = session(t, "ann").await;
        let basic = t.login("ann", PASSWORD).await;
        let authn = &t.services.authn;
        let token = t.oauth_token(&ann, "repo:admin").await;
        let narrow = authn.bearer(&token, Origin::default()).await.unwrap();
        let id = ann.user_id().unwrap();
        tell(t, Audience::Users(&[id]), "one", None).await;
        let notifications = &t.services.notifications;
        let page = PageRequest::new(None, 1);
        let one = notifications
            .page(&ann, false, &page)
            .await
            .unwrap()
            .items
            .remove(0);
        let metadata = json!({});
        let notice = Notice {
            kind: NotificationKind::Maintenance,
            subject: "forged",
            organization: None,
            metadata: &metadata,
        };
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&basic, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
        ] {
            for refused in [
                notifications.page(who, false, &page).await.map(drop),
                notifications.numbered_page(who, 0, 1).await.map(drop),
                notifications.unread(who).await.map(drop),
                notifications.get(who, &one.uuid).await.map(drop),
                notifications.dismiss(who, &one.uuid, true).await.map(drop),
                t.services
                    .events
                    .subscribe_bell(who.clone())
                    .await
                    .map(drop),
            ] {
                assert_eq!(refused.unwrap_err().code(), code);
            }
        }
        for who in [&t.anonymous(), &ann, &basic] {
            let refused = notifications
                .tell(who, Audience::Users(&[id]), notice)
                .await;
            assert_eq!(refused.unwrap_err().code(), "FORBIDDEN");
        }
        assert_eq!(told(t, &ann).await, ["one"]);
    }
);

db_test!(
    async fn superusers_learn_in_time_that_a_key_ends(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = session(t, "ann").await;
        let keys = &t.services.service_keys;
        let make = async |service: &'static str, days: u64| {
            let new = KeyToBe {
                service,
                expires_at: Some(t.clock.now().after(Duration::from_hours(24 * days))),
                ..KeyToBe::default()
            };
            keys.create(&root, &new).await.unwrap().view.kid
        };
        let soon = make("scanner", 5).await;
        let later = make("builder", 50).await;
        let bell = async || {
            let page = PageRequest::new(None, 10);
            let page = t.services.notifications.page(&root, false, &page).await;
            let items = page.unwrap().items.into_iter();
            items
                .map(|view| view.metadata["kid"].clone())
                .collect::<Vec<_>>()
        };
        for _ in 0..2 {
            t.work_after(Duration::from_hours(1), "key_rotation").await;
        }
        assert_eq!(bell().await, [soon.as_str()]);
        let page = PageRequest::new(None, 10);
        let others = t.services.notifications.page(&ann, false, &page).await;
        assert!(others.unwrap().items.is_empty());
        // Another end is another warning, and a key that is gone warns nobody.
        let root = t.session("root").await.actor;
        let change = KeyChange {
            expires_at: Some(None),
            ..KeyChange::default()
        };
        keys.change(&root, &soon, &change).await.unwrap();
        assert!(bell().await.is_empty());
        t.work_after(Duration::from_hours(24 * 44), "key_rotation")
            .await;
        let root = t.session("root").await.actor;
        assert_eq!(bell().await, [later.as_str()]);
        keys.delete(&root, &later).await.unwrap();
        assert!(bell().await.is_empty());
    }
);

db_test!(
    async fn what_the_configuration_says_decides_who_is_a_superuser(t: TestRegistry) {
        t.user("first").await;
        let (ann, bob) = (session(t, "ann").await, session(t, "bob").await);
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["bob".parse().unwrap(), "nobody".parse().unwrap()]);
        let metadata = json!({ "what": "secret" });
        let notice = Notice {
            kind: NotificationKind::Maintenance,
            subject: "secret",
            organization: None,
            metadata: &metadata,
        };
        for (enabled, expected) in [(false, 0), (true, 1)] {
            settings.users.superusers_enabled = enabled;
            let replica = t.replica(settings.clone());
            let local = replica.authn.local();
            let bell = &replica.notifications;
            bell.tell(&local, Audience::Superusers, notice)
                .await
                .unwrap();
            assert_eq!(told(t, &bob).await.len(), expected);
        }
        assert!(told(t, &ann).await.is_empty());
    }
);

db_test!(
    async fn a_subscriber_at_another_replica_hears_the_bell_until_its_session_ends(
        t: TestRegistry,
    ) {
        let ann = session(t, "ann").await;
        let (id, bob) = (ann.user_id().unwrap(), session(t, "bob").await);
        tell(t, Audience::Users(&[id]), "before", None).await;
        t.clock.advance(Duration::from_mins(1));
        let other = t.replica(Settings::default());
        let events = other.events.subscribe_bell(ann.clone()).await.unwrap();
        let mut events = pin!(events);
        tell(
            t,
            Audience::Users(&[bob.user_id().unwrap()]),
            "for bob",
            None,
        )
        .await;
        tell(t, Audience::Users(&[id]), "one", None).await;
        tell(t, Audience::Users(&[id]), "two", None).await;
        for what in ["one", "two"] {
            let view = events.next().await.unwrap();
            assert_eq!(view.metadata["what"], what);
        }
        t.services.authn.sign_out(&ann).await.unwrap();
        tell(t, Audience::Users(&[id]), "too late", None).await;
        assert!(events.next().await.is_none());
    }
);

db_test!(
    async fn the_bell_forgets_after_its_time_and_with_the_person(t: TestRegistry) {
        t.superuser("root").await;
        let ann = session(t, "ann").await;
        let id = ann.user_id().unwrap();
        tell(t, Audience::Users(&[id]), "old", None).await;
        t.work_after(Duration::from_hours(24 * 89), "expiry_sweep")
            .await;
        let ann = t.session("ann").await.actor;
        assert_eq!(told(t, &ann).await, ["old"]);
        tell(t, Audience::Users(&[id]), "new", None).await;
        t.work_after(Duration::from_hours(24 * 2), "expiry_sweep")
            .await;
        assert_eq!(told(t, &ann).await, ["new"]);
        let root = t.session("root").await.actor;
        t.services
            .superuser
            .take_ownership(&root, id)
            .await
            .unwrap();
        let mut conn = t.db().read().await.unwrap();
        let left = rows::page(&mut conn, id, true, None, 0, 10).await;
        assert!(left.unwrap().is_empty());
    }
);
