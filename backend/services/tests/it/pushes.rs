//! Pushing, pulling, tagging, deleting.

use std::time::Duration;

use berth_domain::{Digest, Error, Noun, PageRequest, Reference, TagName};
use berth_services::Settings;
use berth_services::manifests::{Accept, PullKind};
use berth_testkit::{TestImage, TestRegistry, db_test, images, path_of};

async fn pull(
    t: &TestRegistry,
    actor: &berth_services::Actor,
    target: &str,
) -> berth_domain::Result<Digest> {
    let (path, reference) = target
        .split_once('@')
        .or_else(|| target.rsplit_once(':'))
        .unwrap();
    let reference: Reference = reference.parse().unwrap();
    let manifests = &t.services.manifests;
    let accept = Accept::default();
    let stored = manifests
        .get(actor, &path_of(path), &reference, &accept, PullKind::Get)
        .await?;
    assert_eq!(Digest::of(&stored.bytes), stored.digest);
    Ok(stored.digest)
}

async fn tag_names(t: &TestRegistry, actor: &berth_services::Actor, path: &str) -> Vec<String> {
    let page = PageRequest::new(None, 100);
    let names = t
        .services
        .tags
        .names(actor, &path_of(path), &page)
        .await
        .unwrap();
    names.items.iter().map(ToString::to_string).collect()
}

db_test!(
    async fn push_to_an_absent_repository_creates_it_private(t: TestRegistry) {
        let ann = t.user("ann").await;
        let digest = t.push(&ann, "ann/app:1.0", &TestImage::new(1)).await;
        assert_eq!(pull(t, &ann, "ann/app:1.0").await.unwrap(), digest);
        assert_eq!(
            pull(t, &ann, &format!("ann/app@{digest}")).await.unwrap(),
            digest
        );
        let stranger = t.user("bob").await;
        let refused = pull(t, &stranger, "ann/app:1.0").await.unwrap_err();
        assert!(
            matches!(refused, Error::Hidden(Noun::Repository)),
            "{refused:?}"
        );
        let refused = pull(t, &t.anonymous(), "ann/app:1.0").await.unwrap_err();
        assert!(
            matches!(refused, Error::Unauthenticated { .. }),
            "{refused:?}"
        );
    }
);

db_test!(
    async fn nobody_pushes_into_a_foreign_namespace(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        for path in ["ann/app", "nobody-at-all/app"] {
            let refused = t
                .services
                .uploads
                .start(&bob, &path_of(path))
                .await
                .unwrap_err();
            assert!(
                matches!(refused, Error::Hidden(Noun::Repository)),
                "{path}: {refused:?}"
            );
            let refused = t
                .services
                .uploads
                .start(&t.anonymous(), &path_of(path))
                .await
                .unwrap_err();
            assert!(
                matches!(refused, Error::Unauthenticated { .. }),
                "{path}: {refused:?}"
            );
        }
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        assert!(
            t.services
                .uploads
                .start(&bob, &path_of("ann/app"))
                .await
                .is_err()
        );
    }
);

db_test!(
    async fn second_push_moves_the_tag_and_keeps_both_manifests(t: TestRegistry) {
        let ann = t.user("ann").await;
        let old = t.push(&ann, "ann/app:1.4", &TestImage::new(1)).await;
        t.clock.advance(Duration::from_mins(1));
        let new = t.push(&ann, "ann/app:1.4", &TestImage::new(2)).await;
        assert_ne!(old, new);
        assert_eq!(pull(t, &ann, "ann/app:1.4").await.unwrap(), new);
        assert_eq!(pull(t, &ann, &format!("ann/app@{old}")).await.unwrap(), old);
        assert_eq!(tag_names(t, &ann, "ann/app").await, ["1.4"]);
    }
);

db_test!(
    async fn parallel_pushes_of_one_image_all_succeed_and_leave_one_tag(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(7);
        let pushes = (0..8).map(|_| t.push(&ann, "ann/app:same", &image));
        let digests = futures::future::join_all(pushes).await;
        assert!(digests.iter().all(|digest| *digest == image.digest()));
        assert_eq!(tag_names(t, &ann, "ann/app").await, ["same"]);
        // The losers' objects are queued for deletion and go with the next sweep.
        t.services.workers().prepare().await.unwrap();
    }
);

db_test!(
    async fn a_manifest_whose_blob_is_elsewhere_is_refused(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/one:1", &image).await;
        t.push_blob(&ann, "ann/two", &image.config).await;
        let tag: Reference = "1".parse().unwrap();
        let refused = t
            .services
            .manifests
            .push(
                &ann,
                &path_of("ann/two"),
                &tag,
                None,
                image.manifest.clone(),
            )
            .await
            .unwrap_err();
        let missing = Digest::of(&image.layer);
        assert!(matches!(refused, Error::ManifestBlobUnknown { digest } if digest == missing));
        assert!(tag_names(t, &ann, "ann/two").await.is_empty());
    }
);

db_test!(
    async fn an_index_needs_its_children_and_old_clients_get_one_of_them(t: TestRegistry) {
        let ann = t.user("ann").await;
        let amd = TestImage::for_platform(1, "linux", "amd64");
        let arm = TestImage::for_platform(1, "linux", "arm64");
        let index = images::index(&[(&arm, "linux", "arm64"), (&amd, "linux", "amd64")]);
        let tag: Reference = "multi".parse().unwrap();
        let path = path_of("ann/app");
        let manifests = &t.services.manifests;
        t.push(&ann, "ann/app:arm", &arm).await;
        let refused = manifests
            .push(&ann, &path, &tag, None, index.clone())
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::ManifestBlobUnknown { digest } if digest == amd.digest()));
        t.push(&ann, "ann/app:amd", &amd).await;
        manifests
            .push(&ann, &path, &tag, None, index.clone())
            .await
            .unwrap();
        let old_client =
            Accept::parse(["application/vnd.docker.distribution.manifest.v2+json"].into_iter());
        let stored = manifests
            .get(&ann, &path, &tag, &old_client, PullKind::Get)
            .await
            .unwrap();
        assert_eq!(stored.digest, amd.digest());
        let stored = manifests
            .get(&ann, &path, &tag, &Accept::default(), PullKind::Get)
            .await
            .unwrap();
        assert_eq!(stored.bytes, index);
    }
);

db_test!(
    async fn a_deleted_tag_is_gone_at_once_and_remembered_by_the_time_machine(t: TestRegistry) {
        let ann = t.user("ann").await;
        let digest = t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let manifests = &t.services.manifests;
        let path = path_of("ann/app");
        manifests
            .delete(&ann, &path, &"1".parse().unwrap())
            .await
            .unwrap();
        let gone = pull(t, &ann, "ann/app:1").await.unwrap_err();
        assert!(matches!(gone, Error::TagExpired { .. }), "{gone:?}");
        assert_eq!(
            pull(t, &ann, &format!("ann/app@{digest}")).await.unwrap(),
            digest
        );
        t.clock.advance(Duration::from_hours(15 * 24));
        let gone = pull(t, &ann, "ann/app:1").await.unwrap_err();
        assert!(
            matches!(
                gone,
                Error::NotFound {
                    noun: Noun::Tag,
                    ..
                }
            ),
            "{gone:?}"
        );
    }
);

db_test!(
    async fn deleting_by_digest_ends_every_tag_and_a_new_push_brings_it_back(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        let digest = t.push(&ann, "ann/app:1", &image).await;
        t.push(&ann, "ann/app:2", &image).await;
        let path = path_of("ann/app");
        t.services
            .manifests
            .delete(&ann, &path, &Reference::Digest(digest.clone()))
            .await
            .unwrap();
        assert!(tag_names(t, &ann, "ann/app").await.is_empty());
        let gone = pull(t, &ann, &format!("ann/app@{digest}"))
            .await
            .unwrap_err();
        assert!(
            matches!(
                gone,
                Error::NotFound {
                    noun: Noun::Manifest,
                    ..
                }
            ),
            "{gone:?}"
        );
        t.push(&ann, "ann/app:3", &image).await;
        assert_eq!(
            pull(t, &ann, &format!("ann/app@{digest}")).await.unwrap(),
            digest
        );
    }
);

db_test!(
    async fn a_blob_that_a_manifest_names_is_not_deleted(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        let path = path_of("ann/app");
        let layer = Digest::of(&image.layer);
        let refused = t
            .services
            .blobs
            .delete(&ann, &path, &layer)
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::BlobInUse { .. }));
        let loose = t.push_blob(&ann, "ann/app", &"loose".into()).await;
        t.services.blobs.delete(&ann, &path, &loose).await.unwrap();
        assert!(t.services.blobs.stat(&ann, &path, &loose).await.is_err());
    }
);

db_test!(
    async fn referrers_are_listed_filtered_and_merged_with_the_fallback_tag(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        let subject = t.push(&ann, "ann/app:1", &image).await;
        t.push_blob(&ann, "ann/app", &"{}".into()).await;
        let path = path_of("ann/app");
        let manifests = &t.services.manifests;
        for kind in [
            "application/vnd.example.sbom",
            "application/vnd.example.signature",
        ] {
            let bytes = images::artifact(&image.manifest, kind);
            let reference = Reference::Digest(Digest::of(&bytes));
            let pushed = manifests
                .push(&ann, &path, &reference, None, bytes)
                .await
                .unwrap();
            assert_eq!(pushed.subject, Some(subject.clone()));
        }
        let old = TestImage::new(9);
        t.push(&ann, "ann/app:old", &old).await;
        let fallback: Reference = format!("sha256-{}", subject.hex()).parse().unwrap();
        let index = images::index(&[(&old, "linux", "amd64")]);
        manifests
            .push(&ann, &path, &fallback, None, index)
            .await
            .unwrap();

        let referrers = &t.services.referrers;
        let page = PageRequest::new(None, 100);
        let all = referrers
            .list(&ann, &path, &subject, None, &page)
            .await
            .unwrap();
        assert_eq!(all.items.len(), 3);
        let sbom = Some("application/vnd.example.sbom");
        let some = referrers
            .list(&ann, &path, &subject, sbom, &page)
            .await
            .unwrap();
        assert_eq!(some.items.len(), 1);
        assert_eq!(
            some.items[0].annotations["org.example.about"],
            "application/vnd.example.sbom"
        );
        let nothing = referrers
            .list(&ann, &path, &Digest::of(b"nothing"), None, &page)
            .await
            .unwrap();
        assert!(nothing.items.is_empty());
    }
);

db_test!(
    async fn tag_pages_follow_each_other_in_byte_order(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        for tag in ["b", "A", "a", "_", "10", "9"] {
            t.push(&ann, &format!("ann/app:{tag}"), &image).await;
        }
        let path = path_of("ann/app");
        let mut seen: Vec<TagName> = Vec::new();
        let mut after = None;
        loop {
            let page = t
                .services
                .tags
                .names(&ann, &path, &PageRequest::new(after, 4))
                .await
                .unwrap();
            seen.extend(page.items);
            if !page.has_more {
                break;
            }
            after = seen.last().map(ToString::to_string);
        }
        assert_eq!(
            seen.iter().map(TagName::as_str).collect::<Vec<_>>(),
            ["10", "9", "A", "_", "a", "b"]
        );
    }
);

db_test!(
    async fn every_pull_and_push_is_in_the_log_with_who_did_it(t: TestRegistry) {
        let ann = t.user("ann").await;
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        pull(t, &ann, "ann/app:1").await.unwrap();
        // Neither a question nor a push by digest is an event.
        let (manifests, path) = (&t.services.manifests, path_of("ann/app"));
        let other = TestImage::new(1).manifest;
        let by_digest = Reference::Digest(Digest::of(&other));
        manifests
            .push(&ann, &path, &by_digest, None, other)
            .await
            .unwrap();
        let tag: Reference = "1".parse().unwrap();
        for reference in [&tag, &by_digest] {
            manifests
                .get(&ann, &path, reference, &Accept::default(), PullKind::Head)
                .await
                .unwrap();
        }
        let mut conn = t.db().read().await.unwrap();
        let facts = berth_store::gate::repository(&mut conn, &path_of("ann/app"), None)
            .await
            .unwrap();
        let id = facts.unwrap().1.unwrap().repository.id;
        let log = berth_store::logs::of_repository(&mut conn, id)
            .await
            .unwrap();
        let kinds: Vec<&str> = log.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["create_repo", "push_repo", "pull_repo"]);
        assert!(
            log.iter()
                .all(|(_, metadata)| metadata.contains(r#""username":"ann""#)),
            "{log:?}"
        );
    }
);

/// Services of the same registry where pushes create namespaces.
fn creating(t: &TestRegistry) -> berth_services::Services {
    let mut settings = Settings::default();
    settings.push.create_namespaces = true;
    t.replica(settings)
}

db_test!(
    async fn a_push_creates_its_namespace_where_that_is_switched_on(t: TestRegistry) {
        let ann = t.user("ann").await;
        let bob = t.user("bob").await;
        let services = creating(t);
        let (one, two) = (path_of("fresh/one"), path_of("fresh/two"));
        // Both find nothing and create the namespace; the slower one takes what the faster has made.
        let (first, second) = tokio::join!(
            services.uploads.start(&ann, &one),
            services.uploads.start(&ann, &two)
        );
        assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
        let made = services
            .organizations
            .by_name(&ann, &one.namespace)
            .await
            .unwrap();
        assert!(made.can_administer && made.can_create_repository);
        // What is there now is ann's, and nothing is created beside it.
        let refused = services.uploads.start(&bob, &one).await.unwrap_err();
        assert!(
            matches!(refused, Error::Hidden(Noun::Repository)),
            "{refused:?}"
        );
        let refused = services.uploads.start(&bob, &path_of("ann/app")).await;
        assert!(
            matches!(refused, Err(Error::Hidden(Noun::Repository))),
            "{refused:?}"
        );
        let page = PageRequest::new(None, 100);
        let tags = services.tags.names(&ann, &two, &page).await.unwrap();
        assert!(tags.items.is_empty());
    }
);

db_test!(
    async fn only_users_who_may_create_organizations_create_namespaces(t: TestRegistry) {
        let ann = t.user("ann").await;
        let services = creating(t);
        let path = path_of("fresh/app");
        let robots = &t.services.robots;
        let robot = robots
            .create(&ann, &"ann".parse().unwrap(), "ci", "")
            .await
            .unwrap();
        let credentials = robots.credentials(&ann, robot.id).await.unwrap();
        let robot = t.login("ann+ci", credentials.token.expose()).await;
        let mut reserved = Settings::default();
        reserved.push.create_namespaces = true;
        reserved.users.superusers_create_organizations = true;
        let reserved = t.replica(reserved);
        for (who, services) in [(&robot, &services), (&ann, &reserved), (&ann, &t.services)] {
            let refused = services.uploads.start(who, &path).await.unwrap_err();
            assert!(
                matches!(refused, Error::Hidden(Noun::Repository)),
                "{refused:?}"
            );
        }
        let nobody = t.anonymous();
        let refused = services.uploads.start(&nobody, &path).await.unwrap_err();
        assert!(
            matches!(refused, Error::Unauthenticated { .. }),
            "{refused:?}"
        );
        let known = services.organizations.by_name(&ann, &path.namespace).await;
        assert!(known.is_err());
    }
);

db_test!(
    async fn pushing_the_same_again_starts_the_tag_again(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        let path = path_of("ann/app");
        let tag: TagName = "1".parse().unwrap();
        let repository = t.services.repositories.by_path(&ann, &path).await.unwrap();
        let id = repository.repository.id;
        let live = async || t.services.tags.get(&ann, id, &tag).await.unwrap().unwrap();
        let first = live().await;
        t.clock.advance(Duration::from_mins(1));
        t.push(&ann, "ann/app:1", &image).await;
        let second = live().await;
        assert_eq!(second.manifest_id, first.manifest_id);
        assert_ne!(second.id, first.id);
        assert_eq!(second.started_at.0 - first.started_at.0, 60_000);
        assert_eq!(tag_names(t, &ann, "ann/app").await, ["1"]);
    }
);

db_test!(
    async fn a_push_makes_a_public_repository_where_that_is_configured(t: TestRegistry) {
        let ann = t.user("ann").await;
        let mut settings = Settings::default();
        settings.push.private_on_push = false;
        let open = t.replica(settings);
        let path = path_of("ann/open");
        open.uploads.start(&ann, &path).await.unwrap();
        let page = PageRequest::new(None, 100);
        let nobody = t.anonymous();
        assert!(open.tags.names(&nobody, &path, &page).await.is_ok());
    }
);
