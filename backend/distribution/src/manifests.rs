//! `/v2/<name>/manifests/<reference>`

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use berth_domain::{Error, Manifest, Noun, Reference, RepositoryPath, Result, TagName};
use berth_services::manifests::{Accept, PullKind};

use crate::call::{Call, DOCKER_CONTENT_DIGEST, empty, set};
use crate::error::Answer;

/// Tells clients that the subject was understood, so that they need not keep the fallback tag.
const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// Repeats each tag that a push by digest has set.
const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");

pub(crate) async fn answer(call: &Call<'_>, path: &RepositoryPath, reference: &str) -> Answer {
    if *call.method() == Method::PUT {
        return push(call, path, &reference.parse()?).await;
    }
    // What is no reference names nothing.
    let reference: Reference = reference
        .parse()
        .map_err(|_| Error::not_found(Noun::Manifest, reference))?;
    if *call.method() == Method::DELETE {
        call.services
            .manifests
            .delete(&call.actor, path, &reference)
            .await?;
        return Ok(empty(StatusCode::ACCEPTED));
    }
    pull(call, path, &reference).await
}

async fn push(call: &Call<'_>, path: &RepositoryPath, reference: &Reference) -> Answer {
    let bytes = call
        .body
        .collect("the manifest", Manifest::SIZE_BYTES_MAX)
        .await?;
    let content_type = call.header(&header::CONTENT_TYPE);
    let manifests = &call.services.manifests;
    let (pushed, tags) = match reference {
        Reference::Digest(digest) => {
            let tags: BTreeSet<TagName> = call
                .queries("tag")
                .map(|tag| tag.parse())
                .collect::<Result<_>>()?;
            let pushed = manifests
                .push_tagged(&call.actor, path, digest, &tags, content_type, bytes)
                .await?;
            (pushed, tags)
        }
        Reference::Tag(_) => {
            let pushed = manifests
                .push(&call.actor, path, reference, content_type, bytes)
                .await?;
            (pushed, BTreeSet::new())
        }
    };
    metrics::counter!("registry_image_pushes_total", "protocol" => "v2").increment(1);
    let mut response = empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    set(
        headers,
        header::LOCATION,
        format!("/v2/{path}/manifests/{}", pushed.digest),
    );
    set(headers, DOCKER_CONTENT_DIGEST, pushed.digest.as_str());
    if let Some(subject) = &pushed.subject {
        set(headers, OCI_SUBJECT, subject.as_str());
    }
    if !tags.is_empty() {
        let tags: Vec<&str> = tags.iter().map(TagName::as_str).collect();
        set(headers, OCI_TAG, tags.join(", "));
    }
    Ok(response)
}

async fn pull(call: &Call<'_>, path: &RepositoryPath, reference: &Reference) -> Answer {
    let accept = call.parts.headers.get_all(header::ACCEPT);
    let accept = Accept::parse(accept.iter().filter_map(|value| value.to_str().ok()));
    let kind = if call.is_head() {
        PullKind::Head
    } else {
        PullKind::Get
    };
    let manifest = call
        .services
        .manifests
        .get(&call.actor, path, reference, &accept, kind)
        .await?;
    if !call.is_head() {
        let by = match reference {
            Reference::Tag(_) => "tag",
            Reference::Digest(_) => "manifest",
        };
        metrics::counter!("registry_image_pulls_total", "protocol" => "v2", "ref" => by)
            .increment(1);
    }
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(manifest.bytes.len()),
    );
    set(headers, header::CONTENT_TYPE, manifest.media_type.as_str());
    set(headers, DOCKER_CONTENT_DIGEST, manifest.digest.as_str());
    set(headers, header::ETAG, format!("\"{}\"", manifest.digest));
    if !call.is_head() {
        *response.body_mut() = Body::from(manifest.bytes);
    }
    Ok(response)
}
