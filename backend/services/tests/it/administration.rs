//! What superusers see of all namespaces and of the registry itself.

use std::time::Duration;

use berth_domain::{AccountKind, Clock as _, PageRequest, TeamRole};
use berth_services::organizations::Contents;
use berth_services::superuser::NamespaceFilter;
use berth_services::{Actor, Origin};
use berth_store::schedules;
use berth_testkit::{PASSWORD, TestImage, TestRegistry, db_test};

use super::people::{join, organization, robot};

async fn namespaces(t: &TestRegistry, actor: &Actor, filter: NamespaceFilter) -> Vec<String> {
    let page = PageRequest::new(None, 10);
    let superuser = &t.services.superuser;
    let found = superuser.namespaces(actor, &filter, &page).await.unwrap();
    let count = superuser.count_namespaces(actor, &filter).await.unwrap();
    assert_eq!(count, u64::try_from(found.items.len()).unwrap());
    let items = found.items.into_iter();
    items.map(|view| view.name.to_string()).collect()
}

db_test!(
    async fn a_superuser_finds_users_and_organizations_in_one_list(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        organization(t, &ann, "acme").await;
        organization(t, &ann, "gone").await;
        robot(t, &ann, "ann", "ci").await;
        let superuser = &t.services.superuser;
        let gone = superuser.organization(&root, "gone").await.unwrap().id;
        superuser.delete_organization(&root, gone).await.unwrap();
        let all = NamespaceFilter::default();
        assert_eq!(
            namespaces(t, &root, all.clone()).await,
            ["acme", "ann", "root"]
        );
        let of = |kind| NamespaceFilter {
            kind: Some(kind),
            search: None,
        };
        assert_eq!(
            namespaces(t, &root, of(AccountKind::User)).await,
            ["ann", "root"]
        );
        assert_eq!(
            namespaces(t, &root, of(AccountKind::Organization)).await,
            ["acme"]
        );
        let text = |text: &str| NamespaceFilter {
            kind: None,
            search: Some(text.into()),
        };
        assert_eq!(namespaces(t, &root, text("A")).await, ["acme", "ann"]);
        assert!(namespaces(t, &root, text("%")).await.is_empty());
        let first = PageRequest::new(None, 2);
        let page = superuser.namespaces(&root, &all, &first).await.unwrap();
        assert!(page.has_more);
        let next = PageRequest::new(Some(page.items[1].name.clone()), 2);
        let page = superuser.namespaces(&root, &all, &next).await.unwrap();
        assert_eq!((page.items.len(), page.has_more), (1, false));
        assert_eq!(page.items[0].kind, AccountKind::User);
        for (who, code) in [(&ann, "FORBIDDEN"), (&t.anonymous(), "UNAUTHENTICATED")] {
            for refused in [
                superuser.namespaces(who, &all, &first).await.map(drop),
                superuser.count_namespaces(who, &all).await.map(drop),
                superuser.sole_administrations(who, &[]).await.map(drop),
                superuser.stored(who).await.map(drop),
                t.services.jobs(who).await.map(drop),
                t.services.retry_job(who, "collection").await.map(drop),
            ] {
                assert_eq!(refused.unwrap_err().code(), code);
            }
        }
    }
);

db_test!(
    async fn how_much_would_go_with_a_namespace_is_known_to_who_may_end_it(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        let acme = organization(t, &ann, "acme").await;
        robot(t, &ann, "acme", "ci").await;
        robot(t, &ann, "ann", "one").await;
        robot(t, &ann, "ann", "two").await;
        let image = TestImage::new(1);
        // Private ones, which the superuser does not see.
        t.push(&ann, "acme/app:1", &image).await;
        t.push(&ann, "acme/web:1", &image).await;
        let organizations = &t.services.organizations;
        let user = ann.user_id().unwrap();
        let ids = [acme.id, user];
        let of_organization = Contents {
            repositories: 2,
            robots: 1,
            last_pushed_at: Some(t.clock.now()),
        };
        let of_user = Contents {
            robots: 2,
            ..Contents::default()
        };
        let owner = t.session("ann").await.actor;
        let bytes = organizations.sizes(&owner, &ids).await.unwrap()[&acme.id];
        assert!(bytes > 0);
        for who in [&root, &owner] {
            let found = organizations.contents(who, &ids).await.unwrap();
            assert_eq!((found[&acme.id], found[&user]), (of_organization, of_user));
            let sizes = organizations.content_sizes(who, &ids).await.unwrap();
            assert_eq!((sizes[&acme.id], sizes[&user]), (bytes, 0));
        }
        let seen = organizations.counts(&root, &ids).await.unwrap();
        assert_eq!(seen[&acme.id].repositories, 0);
        for stranger in [&bob, &t.anonymous()] {
            let found = organizations.contents(stranger, &ids).await.unwrap();
            assert!(found.is_empty());
            let found = organizations.content_sizes(stranger, &ids).await.unwrap();
            assert!(found.is_empty());
        }
    }
);

db_test!(
    async fn organizations_without_another_administrator_are_counted(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        for name in ["acme", "zoo", "shared", "gone"] {
            organization(t, &ann, name).await;
        }
        join(t, "shared", "bob", TeamRole::Admin).await;
        join(t, "zoo", "bob", TeamRole::Member).await;
        let superuser = &t.services.superuser;
        let gone = superuser.organization(&root, "gone").await.unwrap().id;
        superuser.delete_organization(&root, gone).await.unwrap();
        let ids = [ann.user_id().unwrap(), bob.user_id().unwrap()];
        let alone = async || superuser.sole_administrations(&root, &ids).await.unwrap();
        assert_eq!(alone().await, [(ids[0], 2)].into());
        // The other one of two goes.
        superuser.delete_user(&root, ids[1]).await.unwrap();
        assert_eq!(alone().await, [(ids[0], 3)].into());
        let none = superuser.sole_administrations(&root, &[]).await.unwrap();
        assert!(none.is_empty());
    }
);

db_test!(
    async fn what_is_stored_is_counted_once_however_often_it_is_pushed(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        let superuser = &t.services.superuser;
        let before = superuser.stored(&root).await.unwrap();
        t.push(&ann, "ann/web:1", &image).await;
        assert_eq!(superuser.stored(&root).await.unwrap(), before);
        let other = TestImage::new(2);
        t.push(&ann, "ann/app:2", &other).await;
        let after = superuser.stored(&root).await.unwrap();
        let new: usize = other
            .blobs()
            .iter()
            .filter(|blob| !image.blobs().contains(blob))
            .map(|blob| blob.len())
            .sum();
        assert!(new > 0);
        assert_eq!(after.bytes - before.bytes, u64::try_from(new).unwrap());
        assert!(after.blobs > before.blobs);
    }
);

db_test!(
    async fn work_shows_how_it_stands_and_is_made_due(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let services = &t.services;
        let job = async |kind: &str| {
            let jobs = services.jobs(&root).await.unwrap();
            jobs.into_iter().find(|job| job.kind == kind).unwrap()
        };
        // No worker has ever looked.
        let refused = services.retry_job(&root, "expiry_sweep").await.unwrap_err();
        assert_eq!(refused.field(), Some("kind"));
        assert_eq!(job("expiry_sweep").await.next_run_at, None);
        t.work_after(Duration::from_secs(1), "expiry_sweep").await;
        let done = job("expiry_sweep").await;
        let next = t.clock.now().after(done.interval);
        assert_eq!((done.next_run_at, done.is_running), (Some(next), false));
        assert_eq!(done.error, None);

        // Another replica is at it, and fails.
        let (kind, far) = ("expiry_sweep", t.clock.now().after(Duration::from_hours(9)));
        let claimed = t
            .db()
            .write(async |tx| schedules::claim(tx, kind, "replica", far, far, far).await)
            .await;
        assert!(claimed.unwrap() && job(kind).await.is_running);
        let error = "UNAVAILABLE: the disk is full";
        t.db()
            .write(async |tx| schedules::finish(tx, kind, "replica", next, Some(error)).await)
            .await
            .unwrap();
        let stands = job(kind).await;
        assert_eq!(
            (stands.is_running, stands.error.as_deref()),
            (false, Some(error))
        );
        let due = services.retry_job(&root, "expiry_sweep").await.unwrap();
        assert_eq!(due.next_run_at, Some(t.clock.now()));
        let workers = services.workers();
        assert!(workers.run_kind_if_due("expiry_sweep").await.unwrap());
        assert_eq!(job("expiry_sweep").await.error, None);

        let refused = services.retry_job(&root, "nothing").await.unwrap_err();
        assert_eq!(refused.field(), Some("kind"));
        t.clock.advance(Duration::from_mins(11));
        let stale = services.retry_job(&root, "expiry_sweep").await.unwrap_err();
        assert_eq!(stale.code(), "FRESH_LOGIN_REQUIRED");
        let token = t
            .oauth_token(&t.login("root", PASSWORD).await, "user:admin")
            .await;
        let narrow = services
            .authn
            .bearer(&token, Origin::default())
            .await
            .unwrap();
        let refused = services
            .retry_job(&narrow, "expiry_sweep")
            .await
            .unwrap_err();
        assert_eq!(refused.code(), "FORBIDDEN");
    }
);
