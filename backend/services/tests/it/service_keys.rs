//! Keys of services: what superusers make, and what the registry keeps to itself.

use std::time::Duration;

use berth_domain::{Clock as _, Error, PageRequest, Secret, Timestamp};
use berth_services::Origin;
use berth_services::keys::SERVICE;
use berth_services::service_keys::{KEYS_MAX, KeyChange, KeyToBe, ServiceKeyView};
use berth_store::service_keys::{self as rows, NewServiceKey};
use berth_testkit::{PASSWORD, db_test};
use serde_json::{Map, json};

use super::account::logged;

fn scanner<'a>() -> KeyToBe<'a> {
    KeyToBe {
        service: "scanner",
        name: "Scanner: east/1",
        notes: "asked for by ops",
        metadata: Map::from_iter([("rack".to_owned(), json!(7))]),
        expires_at: None,
    }
}

db_test!(
    async fn a_key_is_made_changed_vouched_for_and_removed(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let keys = &t.services.service_keys;
        let made = keys.create(&root, &scanner()).await.unwrap();
        let kid = made.view.kid.as_str();
        assert!(
            made.private_pem
                .expose()
                .starts_with("-----BEGIN PRIVATE KEY-----")
        );
        assert!(made.public_pem.starts_with("-----BEGIN PUBLIC KEY-----"));
        assert_eq!(made.view.approver.as_deref(), Some("root"));
        assert_eq!(made.view.metadata["rack"], 7);
        assert!(!made.view.is_own);
        // Everybody may check what the service signs, by the public half alone.
        let public = &t.services.keys;
        let jwk = public.public_jwk_of("scanner", kid).await.unwrap();
        assert_eq!(jwk, made.view.jwk);
        assert!(jwk.get("d").is_none());
        assert!(public.public_jwk_of("other", kid).await.is_err());
        let row = rows::by_kid(&mut t.db().read().await.unwrap(), kid).await;
        assert_eq!(row.unwrap().unwrap().private_sealed, None);

        let end = t.clock.now().after(Duration::from_hours(1));
        let change = KeyChange {
            name: Some("Scanner 2"),
            metadata: Some(Map::new()),
            expires_at: Some(Some(end)),
        };
        let changed = keys.change(&root, kid, &change).await.unwrap();
        assert_eq!(changed.name, "Scanner 2");
        assert_eq!((changed.expires_at, changed.metadata.len()), (Some(end), 0));
        let nothing = KeyChange::default();
        assert_eq!(keys.change(&root, kid, &nothing).await.unwrap(), changed);
        let approved = keys.approve(&root, kid, "looked at it").await.unwrap();
        assert_eq!(approved.notes, "looked at it");
        assert_eq!(keys.get(&root, kid).await.unwrap(), approved);
        let forever = KeyChange {
            expires_at: Some(None),
            ..KeyChange::default()
        };
        assert_eq!(
            keys.change(&root, kid, &forever).await.unwrap().expires_at,
            None
        );
        keys.change(&root, kid, &change).await.unwrap();
        t.clock.advance(Duration::from_hours(2));
        assert!(public.public_jwk_of("scanner", kid).await.is_err());

        let root = t.session("root").await.actor;
        keys.delete(&root, kid).await.unwrap();
        let gone = keys.delete(&root, kid).await.unwrap_err();
        assert_eq!(gone.code(), "KEY_NOT_FOUND");
        let log = logged(t, root.user_id().unwrap()).await;
        let kinds: Vec<&str> = log.iter().map(|(kind, _)| kind.as_str()).collect();
        for kind in ["create", "modify", "extend", "approve", "delete"] {
            let kind = format!("service_key_{kind}");
            assert!(kinds.contains(&kind.as_str()), "{kind}: {kinds:?}");
        }
        let body = made.private_pem.expose().lines().nth(3).unwrap();
        assert!(!format!("{log:?}").contains(body));
    }
);

db_test!(
    async fn what_the_registry_signs_with_is_nobodys_to_change(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let authn = &t.services.authn;
        let token = authn
            .issue_registry_token(&root, "reg.test", &[])
            .await
            .unwrap();
        let keys = &t.services.service_keys;
        let page = keys.page(&root, &PageRequest::new(None, 10)).await.unwrap();
        let own = &page.items[0];
        assert!(own.is_own && own.service == SERVICE && own.approver.is_none());
        let kid = own.kid.as_str();
        let name = KeyChange {
            name: Some("mine"),
            ..KeyChange::default()
        };
        for refused in [
            keys.delete(&root, kid).await,
            keys.change(&root, kid, &name).await.map(drop),
        ] {
            let message = refused.unwrap_err().to_string();
            assert!(message.contains("signs its own tokens"), "{message}");
        }
        assert_eq!(&keys.approve(&root, kid, "mine").await.unwrap(), own);
        // Nor does anybody get one among them, who could sign for everything.
        let own_service = KeyToBe {
            service: SERVICE,
            ..scanner()
        };
        let refused = keys.create(&root, &own_service).await.unwrap_err();
        assert_eq!(refused.field(), Some("service"));
        let read = authn.registry_token(&token.token, "reg.test", Origin::default());
        assert!(read.await.is_ok());
    }
);

db_test!(
    async fn only_superusers_come_near_the_keys(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let made = t
            .services
            .service_keys
            .create(&root, &scanner())
            .await
            .unwrap();
        let kid = made.view.kid.as_str();
        let owner = t.login("root", PASSWORD).await;
        let token = t.oauth_token(&owner, "user:admin").await;
        let authn = &t.services.authn;
        let narrow = authn.bearer(&token, Origin::default()).await.unwrap();
        let mut settings = t.services.settings().clone();
        settings.users.read_only_superusers = vec!["ann".parse().unwrap()];
        let replica = t.replica(settings);
        let password = Secret::from(PASSWORD);
        let auditor = replica
            .authn
            .sign_in("ann", &password, Origin::default())
            .await
            .unwrap()
            .actor;
        let page = PageRequest::new(None, 10);
        let keys = &t.services.service_keys;
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&ann, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
        ] {
            for refused in [
                keys.page(who, &page).await.map(drop),
                keys.get(who, kid).await.map(drop),
                // No difference between what is there and what is not.
                keys.get(who, "none").await.map(drop),
            ] {
                assert_eq!(refused.unwrap_err().code(), code);
            }
        }
        assert_eq!(
            replica.service_keys.get(&auditor, kid).await.unwrap(),
            made.view
        );
        for (who, code) in [
            (&t.anonymous(), "UNAUTHENTICATED"),
            (&ann, "FORBIDDEN"),
            (&narrow, "FORBIDDEN"),
            (&auditor, "FORBIDDEN"),
        ] {
            let keys = &replica.service_keys;
            for refused in [
                keys.create(who, &scanner()).await.map(drop),
                keys.change(who, kid, &KeyChange::default()).await.map(drop),
                keys.approve(who, kid, "").await.map(drop),
                keys.delete(who, kid).await,
            ] {
                assert_eq!(refused.unwrap_err().code(), code);
            }
        }
        t.clock.advance(Duration::from_mins(11));
        let stale = keys.delete(&root, kid).await;
        assert!(matches!(stale, Err(Error::FreshLoginRequired)));
    }
);

db_test!(
    async fn refused_fields_are_named(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let keys = &t.services.service_keys;
        let long = "n".repeat(4_097);
        let heavy = Map::from_iter([("x".to_owned(), json!("x".repeat(16 * 1024)))]);
        let now = t.clock.now();
        for (field, new) in [
            (
                "service",
                KeyToBe {
                    service: "",
                    ..scanner()
                },
            ),
            (
                "service",
                KeyToBe {
                    service: "Scanner",
                    ..scanner()
                },
            ),
            (
                "service",
                KeyToBe {
                    service: "a/b",
                    ..scanner()
                },
            ),
            (
                "name",
                KeyToBe {
                    name: "<b>",
                    ..scanner()
                },
            ),
            (
                "name",
                KeyToBe {
                    name: &long,
                    ..scanner()
                },
            ),
            (
                "notes",
                KeyToBe {
                    notes: &long,
                    ..scanner()
                },
            ),
            (
                "metadata",
                KeyToBe {
                    metadata: heavy,
                    ..scanner()
                },
            ),
            (
                "expiresAt",
                KeyToBe {
                    expires_at: Some(now),
                    ..scanner()
                },
            ),
            (
                "expiresAt",
                KeyToBe {
                    expires_at: Some(Timestamp(i64::MAX)),
                    ..scanner()
                },
            ),
        ] {
            let refused = keys.create(&root, &new).await.unwrap_err();
            assert_eq!(refused.field(), Some(field), "{refused}");
        }
    }
);

db_test!(
    async fn lists_go_on_where_they_ended_and_have_an_end(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let now = t.clock.now();
        let fill = async |from: i64, to: i64| {
            let filled = t.db().write(async |tx| {
                for n in from..to {
                    let kid = format!("key-{n:04}");
                    let row = NewServiceKey {
                        kid: &kid,
                        service: "other",
                        name: "",
                        public_jwk: "{}",
                        private_sealed: None,
                        metadata: "{}",
                        approver: Some("root"),
                        approved_at: now,
                        notes: "",
                        expires_at: None,
                        // Three of an instant, as a busy minute makes them.
                        created_at: now.before(Duration::from_secs(n.unsigned_abs() / 3)),
                    };
                    rows::insert(tx, &row).await?;
                }
                Ok(())
            });
            filled.await.unwrap();
        };
        fill(0, 7).await;
        let keys = &t.services.service_keys;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest::new(after, 2);
            let page = keys.page(&root, &page).await.unwrap();
            after = page.items.last().map(ServiceKeyView::place);
            seen.extend(page.items.into_iter().map(|view| view.kid));
            if !page.has_more {
                break;
            }
        }
        let order = [2, 1, 0, 5, 4, 3, 6].map(|n| format!("key-{n:04}"));
        assert_eq!(seen, order);
        fill(7, KEYS_MAX).await;
        let full = keys.create(&root, &scanner()).await.unwrap_err();
        assert!(full.to_string().contains("delete one first"), "{full}");
    }
);
