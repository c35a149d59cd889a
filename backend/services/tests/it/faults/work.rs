//! What a client does, in the repository `ann/{name}`, and would do again after an error.

use berth_domain::{
    Digest, Error, Namespace, Reference, RepositoryName, RepositoryPath, Secret, Visibility,
};
use berth_services::manifests::{Accept, PullKind};
use berth_services::many::{Refused, Selection};
use berth_services::uploads::Started;
use berth_services::{Actor, Origin, Services};
use berth_testkit::{PASSWORD, TestImage, body, path_of};
use bytes::Bytes;
use futures::TryStreamExt;

use super::Outcome;

pub(crate) fn path(name: &str) -> RepositoryPath {
    path_of(&format!("ann/{name}"))
}

fn tag(name: &str) -> Reference {
    name.parse().unwrap()
}

/// What stood in the way of the first item.
pub(crate) fn cause(mut refused: Refused) -> Error {
    refused.causes.remove(0).1
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
        push_blobs(services, ann, name, image).await?;
        push_manifest(services, ann, name, image, "1").await
    })
}

/// Pushes what an image is made of, and no manifest.
pub(crate) fn push_blobs<'a>(
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
        Ok(())
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
                .map_err(cause),
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
