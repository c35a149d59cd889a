//! What clients do beside pushing and pulling: looking at everything, settings, tags, blobs, sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use berth_domain::{
    Algorithm, Digest, Error, ManualClock, PageRequest, RepositoryId, Secret, TagId, TagName,
    Visibility,
};
use berth_services::many::Selection;
use berth_services::repositories::{Filter, RepositoryView, Sort, SortBy};
use berth_services::tags::TagOrder;
use berth_services::uploads::empty_body;
use berth_services::{Actor, Origin, Services};
use berth_testkit::{PASSWORD, TestImage, body, db_test, images};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;

use super::work::{cause, is_gone, nothing, path, pull, push, push_blobs};
use super::{Outcome, at_every_call, knowing};

/// More than a third of a lease, after which it is looked at before bytes are touched.
const A_WHILE: Duration = Duration::from_secs(6);
/// The gzip of an empty archive, which is everywhere without a push.
const EMPTY_LAYER: [u8; 32] = [
    31, 139, 8, 0, 0, 9, 110, 136, 0, 255, 98, 24, 5, 163, 96, 20, 140, 88, 0, 8, 0, 0, 255, 255,
    46, 175, 181, 239, 0, 4, 0, 0,
];

fn page<K>() -> PageRequest<K> {
    PageRequest::new(None, 10)
}

fn one() -> TagName {
    "1".parse().unwrap()
}

/// Looks at a repository with all that is in it.
fn look<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let path = path(name);
        let repositories = &services.repositories;
        let id = repositories.by_path(ann, &path).await?.repository.id;
        let sort = Sort {
            by: SortBy::Name,
            descending: false,
        };
        let filter = Filter {
            search: Some(format!("ann/{name}")),
            ..Filter::default()
        };
        assert!(repositories.by_ids(ann, &[id]).await?.contains_key(&id));
        let found = repositories.page(ann, &filter, sort, &page()).await?;
        let listed = repositories.list(ann, &filter, true, &page()).await?;
        let seen = |view: &RepositoryView| view.repository.id == id;
        assert!(found.items.iter().any(seen) && listed.items.iter().any(seen));
        assert!(repositories.count(ann, &filter).await? > 0);
        assert!(!repositories.catalog(ann, &page()).await?.items.is_empty());
        assert_eq!(repositories.figures(ann, &[id]).await?[&id].tags, 1);
        let details = repositories.details(ann, &path, true).await?;
        assert_eq!(details.tags.map(|tags| tags.len()), Some(1));
        assert!(repositories.starred_among(ann, &[id]).await?.is_empty());
        look_inside(services, ann, name, image, id).await?;
        assert!(!services.authn.needs_setup().await?);
        Ok(())
    })
}

async fn look_inside(
    services: &Services,
    ann: &Actor,
    name: &str,
    image: &TestImage,
    id: RepositoryId,
) -> Result<(), Error> {
    let path = path(name);
    let tags = &services.tags;
    assert_eq!(tags.names(ann, &path, &page()).await?.items, [one()]);
    let order = TagOrder::Name(None);
    assert_eq!(
        tags.page(ann, id, None, &order, false, 10)
            .await?
            .items
            .len(),
        1
    );
    assert_eq!(tags.count(ann, id, None).await?, 1);
    let tag = tags.get(ann, id, &one()).await?.expect("tag 1");
    assert_eq!(tags.by_ids(ann, &[tag.id]).await?.len(), 1);
    let (manifests, manifest, digest) = (&services.manifests, tag.manifest_id, image.digest());
    assert!(manifests.view(ann, id, &digest).await?.is_some());
    assert_eq!(manifests.views(ann, &[manifest]).await?.len(), 1);
    assert!(manifests.children_of(ann, &[manifest]).await?.is_empty());
    assert_eq!(
        manifests.tags_on(ann, &[manifest]).await?[&manifest],
        [one()]
    );
    assert_eq!(manifests.document(ann, manifest).await?.0, image.manifest);
    assert!(manifests.image_config(ann, manifest).await?.is_some());
    let referrers = &services.referrers;
    let told = referrers.list(ann, &path, &digest, None, &page()).await?;
    let views = referrers.views(ann, id, &digest, None, &page()).await?;
    assert!(told.items.is_empty() && views.items.is_empty());
    let layer = Digest::of(&image.layer);
    services.blobs.stat(ann, &path, &layer).await?;
    let open = services.blobs.open(ann, &path, &layer).await?;
    assert_eq!(open.redirect().await?, None, "memory has no addresses");
    Ok(())
}

/// Changes what a repository says of itself and who sees it, and stars it for a moment.
fn change_settings<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let repositories = &services.repositories;
        let id = repositories.by_path(ann, &path(name)).await?.repository.id;
        let told = repositories.describe(ann, id, "An app.").await?;
        assert_eq!(told.repository.description, "An app.");
        let ids = [id];
        let these = Selection::Items(&ids[..]);
        let changed = repositories
            .change_visibility(ann, these, Visibility::Public)
            .await;
        changed.map_err(cause)?;
        // Stars are given in a session.
        let password = Secret::from(PASSWORD);
        let session = services.authn.sign_in("ann", &password, Origin::default());
        let own = session.await?.actor;
        repositories.star(&own, id).await?;
        repositories.unstar(&own, id).await
    })
}

/// Deletes tag 1 as a console does.
fn delete_tags<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let view = services.repositories.by_path(ann, &path(name)).await?;
        let (id, names) = (view.repository.id, [one()]);
        let these = Selection::Items(&names[..]);
        match services
            .tags
            .delete_many(ann, id, these)
            .await
            .map_err(cause)
        {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    })
}

/// Begins an upload and gives it up.
fn cancel_an_upload<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let (path, uploads) = (path(name), &services.uploads);
        let uuid = uploads.start(ann, &path).await?.uuid;
        let part = body(["half".into()]);
        uploads.append(ann, &path, uuid, Some(0), part).await?;
        assert_eq!(uploads.status(ann, &path, uuid).await?.offset_bytes, 4);
        uploads.cancel(ann, &path, uuid).await
    })
}

/// Pushes by a digest of another algorithm than the bytes were hashed with.
fn push_by_another_digest<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let (path, uploads) = (path(name), &services.uploads);
        let uuid = uploads.start(ann, &path).await?.uuid;
        let whole = body([image.layer.clone()]);
        uploads.append(ann, &path, uuid, Some(0), whole).await?;
        let digest = Digest::by(Algorithm::Sha512, &image.layer);
        let finished = uploads.finish(ann, &path, uuid, &digest, None, empty_body());
        assert_eq!(finished.await?, digest);
        Ok(())
    })
}

/// Pushes an image that names the empty layer, which nobody sent.
fn push_with_an_empty_layer<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": images::descriptor("application/vnd.oci.image.config.v1+json", &image.config),
            "layers": [images::descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &EMPTY_LAYER)],
        });
        let (config, content) = (Digest::of(&image.config), body([image.config.clone()]));
        let uploads = &services.uploads;
        uploads.push(ann, &path(name), &config, content).await?;
        let (tag, bytes) = ("1".parse().unwrap(), manifest.to_string().into());
        let manifests = &services.manifests;
        manifests.push(ann, &path(name), &tag, None, bytes).await?;
        Ok(())
    })
}

/// Deletes the blobs of an image that no manifest names.
fn delete_blobs<'a>(
    services: &'a Services,
    ann: &'a Actor,
    name: &'a str,
    image: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(async move {
        for blob in image.blobs() {
            let digest = Digest::of(blob);
            match services.blobs.delete(ann, &path(name), &digest).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    })
}

fn sign_out<'a>(
    services: &'a Services,
    ann: &'a Actor,
    _: &'a str,
    _: &'a TestImage,
) -> Outcome<'a> {
    Box::pin(services.authn.sign_out(ann))
}

/// A layer comes so slowly that the lease is looked at meanwhile.
async fn push_slowly(
    services: &Services,
    ann: &Actor,
    name: &str,
    layer: Bytes,
    clock: Arc<ManualClock>,
) -> Result<(), Error> {
    let digest = Digest::of(&layer);
    let slowly = futures::stream::once(async move {
        clock.advance(A_WHILE);
        Ok(layer)
    });
    let uploads = &services.uploads;
    uploads
        .push(ann, &path(name), &digest, slowly.boxed())
        .await?;
    Ok(())
}

/// Gives a wrong password, and then the right one.
async fn sign_in_at_the_second_try(services: &Services) -> Result<(), Error> {
    let sign_in = async |password: &str| {
        let password = Secret::from(password);
        let authn = &services.authn;
        authn.sign_in("ann", &password, Origin::default()).await
    };
    match sign_in("a-wrong-password").await {
        Err(Error::Unauthenticated { .. }) => {}
        Ok(_) => panic!("the password is wrong"),
        Err(other) => return Err(other),
    }
    sign_in(PASSWORD).await.map(|_| ())
}

db_test!(
    async fn looking_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "look", &push, &look, &pull).await;
    }
);

db_test!(
    async fn settings_survive_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "settings", &push, &change_settings, &pull).await;
    }
);

db_test!(
    async fn deleting_tags_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "tags", &push, &delete_tags, &is_gone).await;
    }
);

db_test!(
    async fn restoring_a_tag_survives_a_fault_at_every_call(t: TestRegistry) {
        let ended: Arc<Mutex<HashMap<String, Vec<TagId>>>> = Arc::default();
        let deleted = knowing(|services, ann, name, image| {
            let ended = Arc::clone(&ended);
            Box::pin(async move {
                push(services, ann, name, image).await?;
                let view = services.repositories.by_path(ann, &path(name)).await?;
                let (id, names) = (view.repository.id, [one()]);
                let these = Selection::Items(&names[..]);
                let deleted = services.tags.delete_many(ann, id, these).await;
                let ids = deleted.map_err(cause)?.ids;
                ended.lock().unwrap().insert(name.to_owned(), ids);
                Ok(())
            })
        });
        let restore = knowing(|services, ann, name, _| {
            let ended = Arc::clone(&ended);
            Box::pin(async move {
                let view = services.repositories.by_path(ann, &path(name)).await?;
                let ids = ended.lock().unwrap()[name].clone();
                let tags = &services.tags;
                let restored = tags.restore(ann, view.repository.id, &ids).await;
                restored.map(|_| ()).map_err(cause)
            })
        });
        at_every_call(t, "restoration", &deleted, &restore, &pull).await;
    }
);

db_test!(
    async fn cancelling_an_upload_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "cancellation", &nothing, &cancel_an_upload, &nothing).await;
    }
);

db_test!(
    async fn another_digest_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "digest", &nothing, &push_by_another_digest, &nothing).await;
    }
);

db_test!(
    async fn an_empty_layer_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(
            t,
            "empty layer",
            &nothing,
            &push_with_an_empty_layer,
            &nothing,
        )
        .await;
    }
);

db_test!(
    async fn deleting_a_blob_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "blob deletion", &push_blobs, &delete_blobs, &nothing).await;
    }
);

db_test!(
    /// A pusher asks for a blob whose lease is more than half gone, and it is renewed.
    async fn renewing_the_lease_of_a_blob_survives_a_fault_at_every_call(t: TestRegistry) {
        let clock = Arc::clone(&t.clock);
        let pushed = knowing(|services, ann, name, image| {
            let clock = Arc::clone(&clock);
            Box::pin(async move {
                push_blobs(services, ann, name, image).await?;
                clock.advance(Duration::from_mins(40));
                Ok(())
            })
        });
        let ask = knowing(|services, ann, name, image| {
            Box::pin(async move {
                let layer = Digest::of(&image.layer);
                services.blobs.stat(ann, &path(name), &layer).await?;
                Ok(())
            })
        });
        at_every_call(t, "blob lease", &pushed, &ask, &nothing).await;
    }
);

db_test!(
    async fn a_slow_push_survives_a_fault_at_every_call(t: TestRegistry) {
        let clock = Arc::clone(&t.clock);
        let push = knowing(|services, ann, name, image| {
            let (layer, clock) = (image.layer.clone(), Arc::clone(&clock));
            Box::pin(push_slowly(services, ann, name, layer, clock))
        });
        at_every_call(t, "slow push", &nothing, &push, &nothing).await;
    }
);

db_test!(
    async fn a_sign_out_survives_a_fault_at_every_call(t: TestRegistry) {
        at_every_call(t, "sign-out", &nothing, &sign_out, &nothing).await;
    }
);

db_test!(
    async fn a_wrong_password_survives_a_fault_at_every_call(t: TestRegistry) {
        let clock = Arc::clone(&t.clock);
        let sign_in = knowing(|services, _, _, _| {
            // Earlier wrong ones are forgotten by then.
            clock.advance(Duration::from_hours(2));
            Box::pin(sign_in_at_the_second_try(services))
        });
        at_every_call(t, "wrong password", &nothing, &sign_in, &nothing).await;
    }
);
