//! `/v2/<name>/blobs/uploads/`: begin, send, ask, finish, cancel.

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::Response;
use berth_domain::{Algorithm, Digest, Error, Invalid, Noun, RepositoryPath, Result};
use berth_services::uploads::{ByteStream, Started, UploadStatus};
use futures::TryStreamExt as _;
use uuid::Uuid;

use crate::call::{Call, DOCKER_CONTENT_DIGEST, empty, set};
use crate::error::{Answer, Failure};
use crate::range::{chunk, received};

const DOCKER_UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// `POST`: begins an upload, or does without one where a mount or a single body will do.
pub(crate) async fn start(call: &Call<'_>, path: &RepositoryPath) -> Answer {
    let uploads = &call.services.uploads;
    if let Some(mount) = call.query("mount") {
        return match mounted(call, path, &mount).await? {
            Started::Linked(digest) => Ok(stored(path, &digest)),
            Started::Open(upload) => Ok(open(StatusCode::ACCEPTED, path, &upload)),
        };
    }
    if let Some(digest) = call.query("digest") {
        let digest = digest.parse()?;
        let digest = uploads
            .push(&call.actor, path, &digest, content(call))
            .await?;
        return Ok(stored(path, &digest));
    }
    let algorithm = call
        .query("digest-algorithm")
        .map_or(Ok(Algorithm::default()), |text| text.parse())?;
    let upload = uploads.start_hashing(&call.actor, path, algorithm).await?;
    Ok(open(StatusCode::ACCEPTED, path, &upload))
}

/// A mount that cannot be is an ordinary upload, whatever the reason: clients send then.
async fn mounted(call: &Call<'_>, path: &RepositoryPath, mount: &str) -> Result<Started> {
    let uploads = &call.services.uploads;
    let from = call
        .query("from")
        .map(|from| call.services.repository_path(&from));
    match (mount.parse::<Digest>(), from.transpose()) {
        (Ok(digest), Ok(from)) => {
            uploads
                .mount(&call.actor, path, &digest, from.as_ref())
                .await
        }
        _ => uploads.start(&call.actor, path).await.map(Started::Open),
    }
}

/// Everything below an upload's own address.
pub(crate) async fn answer(call: &Call<'_>, path: &RepositoryPath, id: &str) -> Answer {
    let uuid = Uuid::try_parse(id).map_err(|_| Error::not_found(Noun::Upload, id))?;
    let uploads = &call.services.uploads;
    match *call.method() {
        Method::GET => {
            let upload = uploads.status(&call.actor, path, uuid).await?;
            Ok(open(StatusCode::NO_CONTENT, path, &upload))
        }
        Method::DELETE => {
            uploads.cancel(&call.actor, path, uuid).await?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        Method::PATCH => {
            let from = chunk_start(call)?;
            let upload = uploads
                .append(&call.actor, path, uuid, from, content(call))
                .await
                .map_err(|error| standing(error, path, uuid))?;
            Ok(open(StatusCode::ACCEPTED, path, &upload))
        }
        _ => finish(call, path, uuid).await,
    }
}

async fn finish(call: &Call<'_>, path: &RepositoryPath, uuid: Uuid) -> Answer {
    let digest = call.query("digest").ok_or_else(|| {
        Error::invalid(
            Invalid::Upload,
            "an upload is finished with `?digest=`, the digest of the whole blob",
        )
    })?;
    let digest = digest.parse()?;
    let from = chunk_start(call)?;
    let digest = call
        .services
        .uploads
        .finish(&call.actor, path, uuid, &digest, from, content(call))
        .await
        .map_err(|error| standing(error, path, uuid))?;
    Ok(stored(path, &digest))
}

/// The body, counted for the measurements as it comes.
fn content(call: &Call<'_>) -> ByteStream {
    let received = metrics::counter!("registry_image_pushed_bytes_total");
    Box::pin(
        call.body
            .stream()
            .inspect_ok(move |chunk| received.increment(chunk.len() as u64)),
    )
}

/// Where the chunk says it begins; a stream does not say.
fn chunk_start(call: &Call<'_>) -> Result<Option<u64>> {
    let Some(value) = call.parts.headers.get(header::CONTENT_RANGE) else {
        return Ok(None);
    };
    let (first, last) = chunk(value.to_str().unwrap_or_default())?;
    let length = call
        .header(&header::CONTENT_LENGTH)
        .and_then(|text| text.parse::<u64>().ok());
    if length.is_some_and(|length| length != (last - first).saturating_add(1)) {
        return Err(Error::invalid_value(
            "`Content-Range` and `Content-Length` contradict each other",
        )
        .in_field("Content-Range"));
    }
    Ok(Some(first))
}

/// A chunk out of order does no harm; the answer says where to go on.
fn standing(error: Error, path: &RepositoryPath, uuid: Uuid) -> Failure {
    let Error::UploadOffset { offset_bytes } = error else {
        return error.into();
    };
    Failure::from(error)
        .with(header::LOCATION, &address(path, uuid))
        .with(header::RANGE, &received(offset_bytes))
        .with(DOCKER_UPLOAD_UUID, &uuid.to_string())
}

fn address(path: &RepositoryPath, uuid: Uuid) -> String {
    format!("/v2/{path}/blobs/uploads/{uuid}")
}

/// An upload that goes on. Its address is relative, which is right behind every proxy.
fn open(status: StatusCode, path: &RepositoryPath, upload: &UploadStatus) -> Response {
    let mut response = empty(status);
    let headers: &mut HeaderMap = response.headers_mut();
    set(headers, header::LOCATION, address(path, upload.uuid));
    set(headers, header::RANGE, received(upload.offset_bytes));
    set(headers, DOCKER_UPLOAD_UUID, upload.uuid.to_string());
    response
}

/// A blob that is there now.
fn stored(path: &RepositoryPath, digest: &Digest) -> Response {
    let mut response = empty(StatusCode::CREATED);
    set(
        response.headers_mut(),
        header::LOCATION,
        format!("/v2/{path}/blobs/{digest}"),
    );
    set(
        response.headers_mut(),
        DOCKER_CONTENT_DIGEST,
        digest.as_str(),
    );
    response
}
