//! Every call of database and storage fails once, before its deed, after it, and after it and too late:
//! nothing panics, nothing half done shows, the same work done again succeeds, and sweeps leave nothing behind.

use std::pin::Pin;
use std::time::Duration;

use berth_domain::{Digest, Error, Namespace, Reference, RepositoryName, Secret, Visibility};
use berth_services::manifests::{Accept, PullKind};
use berth_services::many::Selection;
use berth_services::uploads::Started;
use berth_services::{Actor, Origin, Services, Settings};
use berth_store::probe_statements;
use berth_testkit::faults::Fault;
use berth_testkit::{PASSWORD, TestImage, TestRegistry, body, db_test, path_of};
use bytes::Bytes;
use futures::TryStreamExt;

/// Each way in which a call fails.
const FAULTS: [Fault; 4] = [Fault::Before, Fault::After, Fault::Late, Fault::Statement];
/// More calls than any scenario makes; reaching it means that one never comes to its end.
const CALLS_MAX: u64 = 200;

pub(crate) type Outcome<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Work that a client does, in the repository `ann/{name}`, and would do again after an error.
pub(crate) type Work = for<'a> fn(&'a Services, &'a Actor, &'a str, &'a TestImage) -> Outcome<'a>;

/// Fails each call of `work` in turn. `before` runs first and without faults.
async fn at_every_call(t: &TestRegistry, before: Work, work: Work, after: Work) {
    let ann = t.user("ann").await;
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    // As at the first start of a server: what comes later is this registry's own.
    assert!(workers.run_kind_if_due("orphan_sweep").await.unwrap());
    let mut made = Vec::new();
    for fault in FAULTS {
        for call in 0.. {
            assert!(call < CALLS_MAX, "the work ends");
            let name = format!("{fault:?}{call}").to_lowercase();
            let image = TestImage::new(made.len() as u64);
            before(&t.services, &ann, &name, &image).await.unwrap();
            made.push(name.clone());
            let faults = t.faults(call, fault);
            let faulty = t.faulty(Settings::default(), &faults);
            let outcome = work(&faulty, &ann, &name, &image);
            let outcome = probe_statements(faults.probe(), outcome).await;
            if !faults.has_failed() {
                outcome.unwrap();
                after(&t.services, &ann, &name, &image).await.unwrap();
                assert!(call > 0, "the work has calls that fail {fault:?}");
                break;
            }
            match outcome {
                Ok(()) | Err(Error::Unavailable { .. }) => {}
                Err(other) => panic!("call {call} failed {fault:?}: {other:?}"),
            }
            // What died is not asked again: another replica does the same, when leases are over.
            t.clock.advance(Duration::from_secs(16));
            let again = work(&t.services, &ann, &name, &image).await;
            again.unwrap_or_else(|e| panic!("again after call {call} failed {fault:?}: {e:?}"));
            after(&t.services, &ann, &name, &image).await.unwrap();
        }
    }
    nothing_is_left(t, &ann, &made).await;
}

/// Deletes every repository; then the sweeps leave no object.
pub(crate) async fn nothing_is_left(t: &TestRegistry, ann: &Actor, made: &[String]) {
    let mounted = made.iter().map(|name| format!("{name}-to"));
    for name in made.iter().cloned().chain(mounted) {
        let repositories = &t.services.repositories;
        if let Ok(view) = repositories.by_path(ann, &path(&name)).await {
            repositories
                .delete(ann, Selection::Items(&[view.repository.id]))
                .await
                .unwrap();
        }
    }
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    for _ in 0..2 {
        t.clock.advance(Duration::from_hours(100));
        for kind in [
            "upload_sweep",
            "repository_removal",
            "collection",
            "orphan_sweep",
            "object_sweep",
        ] {
            assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
        }
    }
    let left = t.storage.list(None, 10).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

fn path(name: &str) -> berth_domain::RepositoryPath {
    path_of(&format!("ann/{name}"))
}

fn tag(name: &str) -> Reference {
    name.parse().unwrap()
}

pub(crate) fn nothing<'a>(
    _: &'a Services,
    _: &'a Actor,
    _: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async { Ok(()) })
}

pub(crate) fn push<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        for blob in image.blobs() {
            let (digest, body) = (Digest::of(blob), body([blob.clone()]));
            services
                .uploads
                .push(ann, &path(name), &digest, body)
                .await?;
        }
        push_manifest(services, ann, name, image, "1").await
    })
}

async fn push_manifest(
    services: &Services,
    ann: &Actor,
    name: &str,
    image: &TestImage,
    to: &str,
) -> Result<(), Error> {
    let bytes = image.manifest.clone();
    let manifests = &services.manifests;
    manifests
        .push(ann, &path(name), &tag(to), None, bytes)
        .await?;
    Ok(())
}

pub(crate) fn push_in_chunks<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let (path, uploads) = (path(name), &services.uploads);
        for blob in image.blobs() {
            let uuid = uploads.start(ann, &path).await?.uuid;
            let (first, second) = (blob.slice(..5), blob.slice(5..));
            uploads
                .append(ann, &path, uuid, Some(0), body([first]))
                .await?;
            let (digest, last) = (Digest::of(blob), body([second]));
            uploads
                .finish(ann, &path, uuid, &digest, Some(5), last)
                .await?;
        }
        push_manifest(services, ann, name, image, "1").await
    })
}

/// Pulls tag 1 and everything it names.
pub(crate) fn pull<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let (path, accept) = (path(name), Accept::default());
        let manifests = &services.manifests;
        let stored = manifests
            .get(ann, &path, &tag("1"), &accept, PullKind::Get)
            .await?;
        assert_eq!(stored.bytes, image.manifest);
        for blob in image.blobs() {
            let open = services.blobs.open(ann, &path, &Digest::of(blob)).await?;
            let bytes: Vec<Bytes> = open.read(None).await?.try_collect().await?;
            assert_eq!(bytes.concat(), blob.as_ref());
        }
        Ok(())
    })
}

/// Nothing is there by tag.
pub(crate) fn is_gone<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let found = pull(services, ann, name, image).await;
        assert!(
            matches!(
                found,
                Err(Error::NotFound { .. } | Error::TagExpired { .. })
            ),
            "{found:?}"
        );
        Ok(())
    })
}

pub(crate) fn mount_from_another<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let (to, from) = (format!("{name}-to"), path(name));
        for blob in image.blobs() {
            let digest = Digest::of(blob);
            let uploads = &services.uploads;
            let mounted = uploads.mount(ann, &path(&to), &digest, Some(&from)).await?;
            assert_eq!(mounted, Started::Linked(digest));
        }
        push_manifest(services, ann, &to, image, "1").await
    })
}

pub(crate) fn retag<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(push_manifest(services, ann, name, image, "2"))
}

/// Deletes tag 1; one that an earlier try deleted is no error for who wants it gone.
pub(crate) fn delete<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        match services.manifests.delete(ann, &path(name), &tag("1")).await {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    })
}

pub(crate) fn delete_repository<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let repositories = &services.repositories;
        match repositories.by_path(ann, &path(name)).await {
            Ok(view) => repositories
                .delete(ann, Selection::Items(&[view.repository.id]))
                .await
                .map(|_| ())
                .map_err(|mut refused| refused.causes.remove(0).1),
            Err(Error::NotFound { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    })
}

pub(crate) fn create_repository<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let (namespace, name): (Namespace, RepositoryName) =
            ("ann".parse().unwrap(), name.parse().unwrap());
        let repositories = &services.repositories;
        match repositories
            .create(ann, &namespace, &name, Visibility::Private, "")
            .await
        {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    })
}

pub(crate) fn sign_in<'a>(
    services: &'a Services,
    _: &'a Actor,
    _: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let password = Secret::from(PASSWORD);
        let session = services
            .authn
            .sign_in("ann", &password, Origin::default())
            .await?;
        let again = services
            .authn
            .session(session.token.expose(), Origin::default())
            .await?;
        assert!(again.is_some(), "the session is there");
        Ok(())
    })
}

db_test!(
    async fn a_push_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, nothing, push, pull).await;
    }
);

db_test!(
    async fn a_push_in_chunks_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, nothing, push_in_chunks, pull).await;
    }
);

db_test!(
    async fn a_mount_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, push, mount_from_another, pull).await;
    }
);

db_test!(
    async fn a_retag_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, push, retag, pull).await;
    }
);

db_test!(
    async fn a_pull_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, push, pull, pull).await;
    }
);

db_test!(
    async fn a_deletion_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, push, delete, is_gone).await;
    }
);

db_test!(
    async fn deleting_a_repository_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, push, delete_repository, is_gone).await;
    }
);

db_test!(
    async fn creating_a_repository_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, nothing, create_repository, nothing).await;
    }
);

db_test!(
    async fn a_sign_in_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, nothing, sign_in, nothing).await;
    }
);

db_test!(
    /// What fails in a turn is done in the next, and what is needed stays.
    async fn collection_survives_a_fault_at_every_call(t: TestRegistry) {
        let ann = t.user("ann").await;
        let kept = TestImage::new(1);
        push(&t.services, &ann, "kept", &kept).await.unwrap();
        t.services.workers().prepare().await.unwrap();
        let objects = t.storage.list(None, 100).await.unwrap().len();
        let kinds = ["collection", "object_sweep"];
        let mut seed = 1;
        for fault in FAULTS {
            for call in 0.. {
                assert!(call < CALLS_MAX, "the work ends");
                seed += 1;
                let image = TestImage::new(seed);
                push(&t.services, &ann, "gone", &image).await.unwrap();
                delete(&t.services, &ann, "gone", &image).await.unwrap();
                let faults = t.faults(call, fault);
                let faulty = t.faulty(Settings::default(), &faults).workers();
                // Window, lease and grace period, each in its turn, and one after what failed.
                for turn in 0..5 {
                    t.clock.advance(Duration::from_hours(15 * 24));
                    for kind in kinds {
                        if turn < 3 {
                            let turn = faulty.run_kind_if_due(kind);
                            let _ = probe_statements(faults.probe(), turn).await;
                        } else {
                            let workers = t.services.workers();
                            assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
                        }
                    }
                    pull(&t.services, &ann, "kept", &kept).await.unwrap();
                }
                let left = t.storage.list(None, 100).await.unwrap().len();
                assert_eq!(left, objects, "{fault:?} at {call} leaves garbage");
                if !faults.has_failed() {
                    assert!(call > 0, "the collector has calls that fail {fault:?}");
                    break;
                }
            }
        }
    }
);
