//! `/v2/<name>/blobs/<digest>`

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use berth_domain::{Noun, RepositoryPath};
use berth_http::body::outgoing;
use berth_services::blobs::BlobFacts;

use crate::call::{Call, DOCKER_CONTENT_DIGEST, digest_to_read, empty, set};
use crate::error::{Answer, Failure};
use crate::range::{Wanted, wanted};

pub(crate) async fn answer(call: &Call<'_>, path: &RepositoryPath, digest: &str) -> Answer {
    match *call.method() {
        Method::DELETE => {
            call.services
                .blobs
                .delete(&call.actor, path, &digest.parse()?)
                .await?;
            Ok(empty(StatusCode::ACCEPTED))
        }
        Method::HEAD => {
            let digest = digest_to_read(Noun::Blob, digest)?;
            let facts = call.services.blobs.stat(&call.actor, path, &digest).await?;
            let mut response = Response::new(Body::empty());
            describe(response.headers_mut(), &facts, facts.size_bytes);
            Ok(response)
        }
        _ => read(call, path, digest).await,
    }
}

async fn read(call: &Call<'_>, path: &RepositoryPath, digest: &str) -> Answer {
    let digest = digest_to_read(Noun::Blob, digest)?;
    let blob = call.services.blobs.open(&call.actor, path, &digest).await?;
    let facts = blob.facts();
    // The bucket reads the range itself when the client repeats it there.
    if let Some(url) = blob.redirect().await? {
        let mut response = empty(StatusCode::TEMPORARY_REDIRECT);
        set(response.headers_mut(), header::LOCATION, url.as_str());
        set(
            response.headers_mut(),
            DOCKER_CONTENT_DIGEST,
            facts.digest.as_str(),
        );
        return Ok(response);
    }
    let (status, range, length) = match asked_range(call, facts) {
        Wanted::Whole => (StatusCode::OK, None, facts.size_bytes),
        Wanted::Part(part) => {
            let length = part.end - part.start;
            (StatusCode::PARTIAL_CONTENT, Some(part), length)
        }
        Wanted::Nothing => return Err(Failure::range_not_there(facts.size_bytes)),
    };
    metrics::counter!("registry_image_pulled_bytes_total").increment(length);
    let mut response = Response::new(outgoing(blob.read(range.clone()).await?));
    *response.status_mut() = status;
    describe(response.headers_mut(), facts, length);
    if let Some(part) = range {
        let text = format!("bytes {}-{}/{}", part.start, part.end - 1, facts.size_bytes);
        set(response.headers_mut(), header::CONTENT_RANGE, text);
    }
    Ok(response)
}

/// A range that depends on an older state of the blob asks for all of it; but blobs never change.
fn asked_range(call: &Call<'_>, facts: &BlobFacts) -> Wanted {
    match call.header(&header::IF_RANGE) {
        Some(known) if known != etag(facts) => Wanted::Whole,
        _ => wanted(call.header(&header::RANGE), facts.size_bytes),
    }
}

fn etag(facts: &BlobFacts) -> String {
    format!("\"{}\"", facts.digest)
}

fn describe(headers: &mut HeaderMap, facts: &BlobFacts, length: u64) {
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // The content cannot change, and who may read it can: no shared cache may keep it.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=31536000, immutable"),
    );
    set(headers, header::ETAG, etag(facts));
    set(headers, DOCKER_CONTENT_DIGEST, facts.digest.as_str());
}
