//! Organizations that are deleted with everything in them.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{Digest, Error, Namespace, TeamRole};
use berth_services::uploads::empty_body;
use berth_services::{Actor, Origin, Settings};
use berth_store::teams;
use berth_testkit::faults::{Fault, Faults};
use berth_testkit::places::Place;
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};
use bytes::Bytes;
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use super::faults::{FAULTS, Reached, nothing_is_taken, tried};
use super::people::{organization, robot};

/// More calls than a removal makes.
const CALLS_MAX: u64 = 400;

fn acme() -> Namespace {
    "acme".parse().unwrap()
}

/// Lets the periodic work of a deletion have some turns.
async fn remove(t: &TestRegistry) {
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    for _ in 0..3 {
        t.clock.advance(Duration::from_hours(2));
        for kind in ["repository_removal", "organization_removal", "object_sweep"] {
            assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
        }
    }
}

/// Whether an organization can be called `acme`.
async fn is_free(t: &TestRegistry, actor: &Actor) -> bool {
    match t.services.organizations.create(actor, &acme(), None).await {
        Ok(_) => true,
        Err(Error::AlreadyExists { .. }) => false,
        Err(other) => panic!("{other:?}"),
    }
}

db_test!(
    async fn a_deleted_organization_is_gone_at_once_and_its_name_free_at_last(t: TestRegistry) {
        let ann = t.user("ann").await;
        let id = organization(t, &ann, "acme").await.id;
        t.push(&ann, "acme/app:1", &TestImage::new(1)).await;
        let ci = robot(t, &ann, "acme", "ci").await;
        let token = t
            .services
            .robots
            .credentials(&ann, ci.id)
            .await
            .unwrap()
            .token;
        let (authn, login) = (&t.services.authn, ci.name.to_string());
        authn
            .basic(&login, &token, Origin::default())
            .await
            .unwrap();
        t.push(&ann, "ann/other:1", &TestImage::new(2)).await;

        let organizations = &t.services.organizations;
        let deleted = organizations.delete(&ann, &[id]).await.unwrap();
        assert_eq!(deleted, [acme()]);
        let gone = organizations.by_name(&ann, &acme()).await;
        assert!(matches!(gone, Err(Error::Hidden(_))), "{gone:?}");
        let app = t
            .services
            .repositories
            .by_path(&ann, &path_of("acme/app"))
            .await;
        assert!(
            matches!(app, Err(Error::NotFound { .. } | Error::Hidden(_))),
            "{app:?}"
        );
        let refused = authn.basic(&login, &token, Origin::default()).await;
        assert!(refused.is_err(), "{refused:?}");
        let again = organizations.delete(&ann, &[id]).await.unwrap_err();
        assert!(matches!(again.causes[0].1, Error::Hidden(_)), "{again:?}");
        assert!(!is_free(t, &ann).await, "the name stays taken");

        remove(t).await;
        assert!(is_free(t, &ann).await, "everything is removed");
        let view = organizations.by_name(&ann, &acme()).await.unwrap();
        let counts = organizations.counts(&ann, &[view.id]).await.unwrap();
        let counts = counts[&view.id];
        assert_eq!((counts.repositories, counts.robots), (0, Some(0)));
        // What another namespace holds is untouched.
        assert_eq!(t.storage.list(None, 10).await.unwrap().len(), 2);
    }
);

db_test!(
    async fn only_administrators_delete_organizations_all_or_none(t: TestRegistry) {
        let (ann, bob, eve) = (
            t.user("ann").await,
            t.user("bob").await,
            t.user("eve").await,
        );
        let (one, two) = (
            organization(t, &ann, "acme").await.id,
            organization(t, &bob, "bobs").await.id,
        );
        let (member, now) = (bob.user_id().unwrap(), berth_domain::Clock::now(&*t.clock));
        t.db()
            .write(async |tx| {
                let team = teams::insert(tx, one, "makers", TeamRole::Creator, now).await?;
                teams::add_member(tx, team, member, now).await
            })
            .await
            .unwrap();
        let organizations = &t.services.organizations;
        let own = organizations
            .by_name(&ann, &"ann".parse().unwrap())
            .await
            .unwrap()
            .id;
        let cause = async |actor: &Actor, ids: &[_], at: usize| {
            let mut refused = organizations.delete(actor, ids).await.unwrap_err();
            assert_eq!(refused.causes.len(), 1, "{refused:?}");
            let (item, cause) = refused.causes.remove(0);
            assert_eq!(item, at);
            cause
        };
        assert!(matches!(
            cause(&bob, &[two, one], 1).await,
            Error::Forbidden { .. }
        ));
        assert!(matches!(cause(&eve, &[one], 0).await, Error::Hidden(_)));
        assert!(matches!(
            cause(&t.anonymous(), &[one], 0).await,
            Error::Unauthenticated { .. }
        ));
        assert!(matches!(
            cause(&ann, &[one, own], 1).await,
            Error::Hidden(_)
        ));
        for (actor, name) in [(&ann, "acme"), (&bob, "bobs")] {
            let there = organizations.by_name(actor, &name.parse().unwrap()).await;
            assert!(there.is_ok(), "{name} is as it was");
        }
    }
);

/// Deletes an organization and lets `faults` spoil the turn that removes it: a later turn does the rest.
async fn removed_in_the_end(t: &TestRegistry, ann: &Actor, faults: &Arc<Faults>, seed: u64) {
    let id = organization(t, ann, "acme").await.id;
    t.push(ann, "acme/app:1", &TestImage::new(seed)).await;
    robot(t, ann, "acme", "ci").await;
    t.services.organizations.delete(ann, &[id]).await.unwrap();
    let faulty = t.faulty(Settings::default(), faults).workers();
    t.clock.advance(Duration::from_hours(2));
    for kind in ["repository_removal", "organization_removal"] {
        let _ = tried(faults, faulty.run_kind_if_due(kind)).await;
        if faults.has_failed() {
            faults.end();
        }
    }
    nothing_is_taken(t, &Place::of(&t.storage)).await;
    remove(t).await;
    assert!(is_free(t, ann).await, "its name is free in the end");
    let again = t.services.organizations.by_name(ann, &acme()).await;
    let again = [again.unwrap().id];
    t.services.organizations.delete(ann, &again).await.unwrap();
    remove(t).await;
}

db_test!(
    async fn the_removal_of_an_organization_survives_a_fault_at_every_call(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.services.workers().prepare().await.unwrap();
        let mut reached = Reached::default();
        for fault in FAULTS {
            for call in 0.. {
                assert!(call < CALLS_MAX, "the work ends");
                let faults = t.faults(call, fault);
                removed_in_the_end(t, &ann, &faults, call).await;
                reached.note(fault, &faults);
                if !faults.has_failed() {
                    assert!(call > 0, "the removal has calls that fail {fault:?}");
                    break;
                }
            }
        }
        reached.has_all_of("organization_removal");
        assert_eq!(t.storage.list(None, 10).await.unwrap(), []);
    }
);

db_test!(
    /// A process that dies in the middle leaves the rest to the next turn.
    async fn the_removal_of_an_organization_survives_a_death_at_every_call(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.services.workers().prepare().await.unwrap();
        for fault in [Fault::Before, Fault::After] {
            for call in 0.. {
                assert!(call < CALLS_MAX, "the work ends");
                let faults = Faults::from(call, fault);
                removed_in_the_end(t, &ann, &faults, call).await;
                if !faults.has_failed() {
                    assert!(call > 2, "the removal has calls that can fail");
                    break;
                }
            }
        }
        assert_eq!(t.storage.list(None, 10).await.unwrap(), []);
    }
);

db_test!(
    async fn a_push_that_runs_while_its_organization_is_deleted_leaves_nothing(t: TestRegistry) {
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await.id;
        let image = TestImage::new(1);
        t.push(&ann, "acme/app:1", &image).await;
        let path = path_of("acme/app");
        let uploads = &t.services.uploads;
        let uuid = uploads.start(&ann, &path).await.unwrap().uuid;
        let (mut sender, chunks) = mpsc::channel(0);
        let append = uploads.append(&ann, &path, uuid, Some(0), chunks.boxed());
        let delete = async {
            // The second one waits until the first was taken.
            for chunk in ["hel", "lo "] {
                sender.send(Ok(Bytes::from(chunk))).await.unwrap();
            }
            let organizations = &t.services.organizations;
            organizations.delete(&ann, &[acme]).await.unwrap();
            // Whether the rest is taken or refused is the same to who reads it never.
            let _ = sender.send(Ok(Bytes::from("world"))).await;
            drop(sender);
        };
        let (_, ()) = futures::join!(append, delete);
        let digest = Digest::of(b"hello world");
        let finished = uploads.finish(&ann, &path, uuid, &digest, None, empty_body());
        assert!(finished.await.is_err());
        let manifests = &t.services.manifests;
        let tag = "2".parse().unwrap();
        let late = manifests.push(&ann, &path, &tag, None, image.manifest.clone());
        assert!(late.await.is_err());
        remove(t).await;
        t.work_after(Duration::from_hours(24 * 8), "upload_sweep")
            .await;
        t.work_after(Duration::from_hours(2), "object_sweep").await;
        assert!(is_free(t, &ann).await, "everything is removed");
        let left = t.storage.list(None, 10).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
);
