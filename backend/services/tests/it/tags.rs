//! Tags that are deleted and brought back.

use std::time::Duration;

use berth_domain::{AccountKind, Error, Namespace, RepositoryId, RepositoryRole, TagId, TeamRole};
use berth_services::manifests::{Accept, PullKind};
use berth_services::many::Selection;
use berth_services::organizations::NamespaceView;
use berth_services::permissions::RoleChange;
use berth_services::tags::{DeletedTags, TagFilter};
use berth_services::{Actor, Services, Settings};
use berth_store::{logs, teams};
use berth_testkit::{TestImage, TestRegistry, db_test, path_of};

const DAY: Duration = Duration::from_hours(24);

async fn id_of(t: &TestRegistry, actor: &Actor, path: &str) -> RepositoryId {
    let repositories = &t.services.repositories;
    let view = repositories.by_path(actor, &path_of(path)).await.unwrap();
    view.repository.id
}

async fn delete(t: &TestRegistry, actor: &Actor, id: RepositoryId, names: &[&str]) -> DeletedTags {
    let names: Vec<_> = names.iter().map(|name| name.parse().unwrap()).collect();
    let selection = Selection::Items(&names);
    t.services
        .tags
        .delete_many(actor, id, selection)
        .await
        .unwrap()
}

/// The digest that a name points to.
async fn target(
    services: &Services,
    actor: &Actor,
    id: RepositoryId,
    name: &str,
) -> Option<String> {
    let tag = services
        .tags
        .get(actor, id, &name.parse().unwrap())
        .await
        .unwrap()?;
    let views = services
        .manifests
        .views(actor, &[tag.manifest_id])
        .await
        .unwrap();
    Some(views[0].row.digest.to_string())
}

db_test!(
    async fn deleted_tags_come_back_to_what_they_pointed_to_and_it_is_logged(t: TestRegistry) {
        let ann = t.user("ann").await;
        let one = t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let two = t.push(&ann, "ann/app:2", &TestImage::new(2)).await;
        let id = id_of(t, &ann, "ann/app").await;
        let deleted = delete(t, &ann, id, &["1", "2"]).await;
        assert_eq!(deleted.names.len(), 2);
        assert_eq!(target(&t.services, &ann, id, "1").await, None);
        t.clock.advance(13 * DAY);
        assert!(deleted.restorable_until > berth_domain::Clock::now(&*t.clock));
        let restored = t
            .services
            .tags
            .restore(&ann, id, &deleted.ids)
            .await
            .unwrap();
        assert_eq!(restored.len(), 2);
        assert_eq!(
            target(&t.services, &ann, id, "1").await,
            Some(one.to_string())
        );
        assert_eq!(
            target(&t.services, &ann, id, "2").await,
            Some(two.to_string())
        );
        let mut conn = t.db().read().await.unwrap();
        let entries = logs::of_repository(&mut conn, id).await.unwrap();
        let reverts = entries.iter().filter(|(kind, _)| kind == "revert_tag");
        assert_eq!(reverts.count(), 2, "{entries:?}");
        drop(conn);
        // Again, it changes nothing and is no error.
        let again = t
            .services
            .tags
            .restore(&ann, id, &deleted.ids)
            .await
            .unwrap();
        assert_eq!(again, restored);
        // And it lasts, after everything that nothing keeps has gone.
        let workers = t.services.workers();
        workers.prepare().await.unwrap();
        for _ in 0..4 {
            t.clock.advance(5 * DAY);
            for kind in ["collection", "object_sweep"] {
                assert!(workers.run_kind_if_due(kind).await.unwrap());
            }
        }
        assert_eq!(
            target(&t.services, &ann, id, "1").await,
            Some(one.to_string())
        );
        let layer = berth_domain::Digest::of(&TestImage::new(1).layer);
        t.services
            .blobs
            .stat(&ann, &path_of("ann/app"), &layer)
            .await
            .unwrap();
    }
);

db_test!(
    async fn a_restored_tag_brings_back_a_manifest_that_was_deleted_by_digest(t: TestRegistry) {
        let ann = t.user("ann").await;
        let digest = t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let id = id_of(t, &ann, "ann/app").await;
        let name = "1".parse().unwrap();
        let tag = t.services.tags.get(&ann, id, &name).await.unwrap().unwrap();
        let reference = digest.as_str().parse().unwrap();
        let manifests = &t.services.manifests;
        manifests
            .delete(&ann, &path_of("ann/app"), &reference)
            .await
            .unwrap();
        t.services.tags.restore(&ann, id, &[tag.id]).await.unwrap();
        assert_eq!(
            target(&t.services, &ann, id, "1").await,
            Some(digest.to_string())
        );
    }
);

db_test!(
    async fn what_cannot_come_back_is_told_item_by_item_and_then_nothing_does(t: TestRegistry) {
        let ann = t.user("ann").await;
        for (n, name) in (1..).zip(["old", "moved", "fine"]) {
            t.push(&ann, &format!("ann/app:{name}"), &TestImage::new(n))
                .await;
        }
        t.push(&ann, "ann/other:1", &TestImage::new(9)).await;
        let id = id_of(t, &ann, "ann/app").await;
        let other = id_of(t, &ann, "ann/other").await;
        let old = delete(t, &ann, id, &["old"]).await.ids[0];
        t.clock.advance(14 * DAY);
        let (moved, fine) = {
            let deleted = delete(t, &ann, id, &["moved", "fine"]).await;
            let of = |name: &str| {
                let at = deleted
                    .names
                    .iter()
                    .position(|n| n.as_str() == name)
                    .unwrap();
                deleted.ids[at]
            };
            (of("moved"), of("fine"))
        };
        t.push(&ann, "ann/app:moved", &TestImage::new(7)).await;
        let foreign = delete(t, &ann, other, &["1"]).await.ids[0];
        let ids = [fine, old, moved, foreign, TagId(999_999)];
        let refused = t.services.tags.restore(&ann, id, &ids).await.unwrap_err();
        let told: Vec<_> = refused
            .causes
            .iter()
            .map(|(at, e)| (*at, e.to_string()))
            .collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(
            told[0].0 == 1 && told[0].1.contains("longer ago"),
            "{told:?}"
        );
        assert!(
            told[1].0 == 2 && told[1].1.contains("another manifest"),
            "{told:?}"
        );
        assert!(
            matches!(refused.causes[2], (3, Error::Hidden(_))),
            "{told:?}"
        );
        assert!(
            matches!(refused.causes[3], (4, Error::Hidden(_))),
            "{told:?}"
        );
        assert_eq!(target(&t.services, &ann, id, "fine").await, None);
    }
);

db_test!(
    async fn only_who_may_push_deletes_and_restores_tags(t: TestRegistry) {
        let (ann, bob, eve) = (
            t.user("ann").await,
            t.user("bob").await,
            t.user("eve").await,
        );
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let id = id_of(t, &ann, "ann/app").await;
        let reader = RoleChange {
            account: "bob".into(),
            role: Some(RepositoryRole::Read),
        };
        t.services
            .permissions
            .set(&ann, id, &[reader])
            .await
            .unwrap();
        let ids = delete(t, &ann, id, &["1"]).await.ids;
        let everything = TagFilter::default();
        for (actor, hidden) in [(&bob, false), (&eve, true)] {
            let tags = &t.services.tags;
            let restored = tags.restore(actor, id, &ids).await.unwrap_err();
            let deleted = tags
                .delete_many(actor, id, Selection::Matching(&everything))
                .await;
            for refused in [restored, deleted.unwrap_err()] {
                let cause = &refused.causes[0].1;
                assert_eq!(matches!(cause, Error::Hidden(_)), hidden, "{cause:?}");
                assert_eq!(
                    matches!(cause, Error::Forbidden { .. }),
                    !hidden,
                    "{cause:?}"
                );
            }
        }
        let nobody = t
            .services
            .tags
            .restore(&t.anonymous(), id, &ids)
            .await
            .unwrap_err();
        assert!(matches!(nobody.causes[0].1, Error::Unauthenticated { .. }));
    }
);

db_test!(
    async fn tags_are_deleted_by_filter_up_to_a_thousand(t: TestRegistry) {
        let ann = t.user("ann").await;
        for name in ["pr-1", "pr-2", "latest"] {
            t.push(&ann, &format!("ann/app:{name}"), &TestImage::new(1))
                .await;
        }
        let id = id_of(t, &ann, "ann/app").await;
        let filter = TagFilter {
            search: Some("pr-".into()),
        };
        let deleted = t
            .services
            .tags
            .delete_many(&ann, id, Selection::Matching(&filter))
            .await;
        let names: Vec<String> = deleted
            .unwrap()
            .names
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["pr-1", "pr-2"]);
        assert!(target(&t.services, &ann, id, "latest").await.is_some());
        let missing = [
            "latest".parse().unwrap(),
            "x".parse().unwrap(),
            "y".parse().unwrap(),
        ];
        let refused = t
            .services
            .tags
            .delete_many(&ann, id, Selection::Items(&missing))
            .await;
        let at: Vec<usize> = refused
            .unwrap_err()
            .causes
            .iter()
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(at, [1, 2]);
    }
);

/// Has the organization `acme` choose a number of days, or none.
async fn choose(
    t: &TestRegistry,
    actor: &Actor,
    days: Option<u32>,
) -> Result<NamespaceView, Error> {
    let acme: Namespace = "acme".parse().unwrap();
    let chosen = days.map(|days| days * DAY);
    t.services
        .organizations
        .choose_tag_expiration(actor, AccountKind::Organization, &acme, chosen)
        .await
}

async fn acme(t: &TestRegistry, owner: &Actor) {
    let name = "acme".parse().unwrap();
    let organizations = &t.services.organizations;
    organizations.create(owner, &name, None).await.unwrap();
}

async fn collect(t: &TestRegistry) {
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    assert!(workers.run_kind_if_due("collection").await.unwrap());
}

/// How a pull of tag 1 is refused.
async fn refused(t: &TestRegistry, actor: &Actor, path: &str) -> Error {
    let (path, tag) = (path_of(path), "1".parse().unwrap());
    let (manifests, accept) = (&t.services.manifests, Accept::default());
    let pulled = manifests.get(actor, &path, &tag, &accept, PullKind::Get);
    pulled.await.expect_err("the tag was deleted")
}

db_test!(
    async fn a_namespace_chooses_how_long_its_deleted_tags_come_back(t: TestRegistry) {
        let ann = t.user("ann").await;
        acme(t, &ann).await;
        let view = choose(t, &ann, Some(1)).await.unwrap();
        assert_eq!(view.tag_expiration, Some(DAY));
        for path in ["acme/app", "ann/app"] {
            t.push(&ann, &format!("{path}:1"), &TestImage::new(1)).await;
        }
        let (here, elsewhere) = (
            id_of(t, &ann, "acme/app").await,
            id_of(t, &ann, "ann/app").await,
        );
        let now = berth_domain::Clock::now(&*t.clock);
        let short = delete(t, &ann, here, &["1"]).await;
        let long = delete(t, &ann, elsewhere, &["1"]).await;
        assert_eq!(short.restorable_until, now.after(DAY));
        assert_eq!(long.restorable_until, now.after(14 * DAY));

        t.clock.advance(2 * DAY);
        let tags = &t.services.tags;
        assert!(matches!(
            refused(t, &ann, "acme/app").await,
            Error::NotFound { .. }
        ));
        assert!(matches!(
            refused(t, &ann, "ann/app").await,
            Error::TagExpired { .. }
        ));
        let late = tags.restore(&ann, here, &short.ids).await.unwrap_err();
        assert!(
            matches!(late.causes[0].1, Error::Conflict { .. }),
            "{late:?}"
        );
        collect(t).await;
        // What the collector took, no longer time brings back; what it left, is there.
        choose(t, &ann, Some(28)).await.unwrap();
        let gone = tags.restore(&ann, here, &short.ids).await.unwrap_err();
        assert!(matches!(gone.causes[0].1, Error::Hidden(_)), "{gone:?}");
        tags.restore(&ann, elsewhere, &long.ids).await.unwrap();
    }
);

db_test!(
    async fn tags_that_were_deleted_already_follow_a_new_choice(t: TestRegistry) {
        let ann = t.user("ann").await;
        acme(t, &ann).await;
        t.push(&ann, "acme/app:1", &TestImage::new(1)).await;
        let id = id_of(t, &ann, "acme/app").await;
        let tags = &t.services.tags;
        choose(t, &ann, Some(1)).await.unwrap();
        let deleted = delete(t, &ann, id, &["1"]).await;
        choose(t, &ann, Some(28)).await.unwrap();
        t.clock.advance(20 * DAY);
        collect(t).await;
        tags.restore(&ann, id, &deleted.ids).await.unwrap();

        let deleted = delete(t, &ann, id, &["1"]).await;
        choose(t, &ann, Some(0)).await.unwrap();
        assert!(matches!(
            refused(t, &ann, "acme/app").await,
            Error::NotFound { .. }
        ));
        assert!(tags.restore(&ann, id, &deleted.ids).await.is_err());
        // Back to what counts everywhere, before the collector came.
        let view = choose(t, &ann, None).await.unwrap();
        assert_eq!(view.tag_expiration, Some(14 * DAY));
        tags.restore(&ann, id, &deleted.ids).await.unwrap();
    }
);

db_test!(
    async fn only_administrators_choose_and_only_what_is_offered(t: TestRegistry) {
        let (ann, bob, eve) = (
            t.user("ann").await,
            t.user("bob").await,
            t.user("eve").await,
        );
        acme(t, &ann).await;
        let namespace = t
            .services
            .organizations
            .by_name(&ann, &"acme".parse().unwrap())
            .await
            .unwrap();
        let (member, now) = (bob.user_id().unwrap(), berth_domain::Clock::now(&*t.clock));
        t.db()
            .write(async |tx| {
                let role = TeamRole::Member;
                let team = teams::insert(tx, namespace.id, "readers", role, now).await?;
                teams::add_member(tx, team, member, now).await
            })
            .await
            .unwrap();
        let anonymous = t.anonymous();
        let outcomes = [
            choose(t, &bob, Some(1)).await,
            choose(t, &eve, Some(1)).await,
            choose(t, &anonymous, Some(1)).await,
            choose(t, &ann, Some(3)).await,
        ];
        let [half, stranger, nobody, other] = outcomes.map(Result::unwrap_err);
        assert!(matches!(half, Error::Forbidden { .. }), "{half:?}");
        assert!(matches!(stranger, Error::Hidden(_)), "{stranger:?}");
        assert!(
            matches!(nobody, Error::Unauthenticated { .. }),
            "{nobody:?}"
        );
        let offered = "0, 86400, 604800, 1209600, 2419200";
        assert!(other.to_string().contains(offered), "{other}");
        let mut settings = Settings::default();
        settings.push.time_machine_options.clear();
        let strict = t.replica(settings).organizations.clone();
        let acme = "acme".parse().unwrap();
        let kind = AccountKind::Organization;
        let off = strict
            .choose_tag_expiration(&ann, kind, &acme, Some(DAY))
            .await;
        assert!(matches!(off, Err(Error::Forbidden { .. })), "{off:?}");
        let view = t.services.organizations.by_name(&ann, &acme).await.unwrap();
        assert_eq!(view.tag_expiration, Some(14 * DAY), "nothing has changed");
    }
);
