//! Errors as `/v2` shows them: a code of the distribution-spec, a status, a message and a detail.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use berth_domain::{Error, Invalid, Noun};
use serde_json::{Value, json};

use crate::challenge::Challenge;

/// What to wait, in seconds, before a resource that is busy or away is tried again.
const RETRY_AFTER_S: u64 = 1;

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a handler returns.
pub(crate) type Answer = Result<Response, Failure>;

impl Failure {
    /// No such path.
    pub(crate) fn no_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "UNSUPPORTED",
            "there is no such path in this registry",
        )
    }

    /// A path that does not offer the verb.
    pub(crate) fn verb_not_offered(allowed: &'static str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            format!("this path offers {allowed}"),
        )
        .with(header::ALLOW, allowed)
    }

    /// Something this registry is configured not to have.
    pub(crate) fn switched_off(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "UNSUPPORTED", message)
    }

    /// A range that a blob does not have.
    pub(crate) fn range_not_there(size_bytes: u64) -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "INVALID_REQUEST",
            format!("the blob has {size_bytes} bytes"),
        )
        .with(header::CONTENT_RANGE, &format!("bytes */{size_bytes}"))
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            detail: None,
            headers: Vec::new(),
        }
    }

    /// Adds a header; one that cannot be written is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers
            .extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// Renders it; a 401 gets the challenge.
    pub(crate) fn respond(self, challenge: Option<&Challenge>) -> Response {
        let is_challenged = self.status == StatusCode::UNAUTHORIZED;
        let mut response = self.into_response();
        if let Some(challenge) = challenge
            .and_then(Challenge::header)
            .filter(|_| is_challenged)
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(detail) = self.detail {
            error["detail"] = detail;
        }
        let mut response = (self.status, Json(json!({ "errors": [error] }))).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (status, code) = face(&error);
        if error.is_fault() {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(error = %error, cause, "a request to the registry failed");
        } else {
            tracing::debug!(error = %error, error.code = error.code(), "a request was refused");
        }
        let failure = Self {
            detail: error.detail(),
            ..Self::new(status, code, error.to_string())
        };
        match error {
            Error::RateLimited { retry_after_s } => {
                failure.with(header::RETRY_AFTER, &retry_after_s.to_string())
            }
            Error::UploadBusy | Error::Unavailable { .. } => {
                failure.with(header::RETRY_AFTER, &RETRY_AFTER_S.to_string())
            }
            _ => failure,
        }
    }
}

/// Status and code of each error. Whatever a caller may not do or not know is the same 401.
fn face(error: &Error) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        Error::Unauthenticated { .. }
        | Error::Forbidden { .. }
        | Error::FreshLoginRequired
        | Error::EmailUnverified => (S::UNAUTHORIZED, "UNAUTHORIZED"),
        Error::Hidden(noun) => match noun {
            Noun::Namespace
            | Noun::Organization
            | Noun::User
            | Noun::Robot
            | Noun::Team
            | Noun::Invitation
            | Noun::DefaultPermission
            | Noun::Repository
            | Noun::Key
            | Noun::Session
            | Noun::AppToken
            | Noun::Application
            | Noun::AccessToken
            | Noun::Assignment
            | Noun::Message
            | Noun::Notification
            | Noun::BulkChange => (S::UNAUTHORIZED, "UNAUTHORIZED"),
            Noun::Tag | Noun::Manifest | Noun::Blob | Noun::Upload => {
                (S::NOT_FOUND, unknown(*noun))
            }
        },
        Error::NotFound { noun, .. } => (S::NOT_FOUND, unknown(*noun)),
        Error::TagExpired { .. } => (S::NOT_FOUND, "TAG_EXPIRED"),
        Error::Invalid { kind, .. } => (S::BAD_REQUEST, invalid(*kind)),
        Error::DigestMismatch { .. } => (S::BAD_REQUEST, "DIGEST_INVALID"),
        Error::ManifestUnsupported { .. } => (S::UNSUPPORTED_MEDIA_TYPE, "MANIFEST_INVALID"),
        Error::ManifestBlobUnknown { .. } => (S::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN"),
        Error::BlobInUse { .. } | Error::FeatureOff { .. } => {
            (S::METHOD_NOT_ALLOWED, "UNSUPPORTED")
        }
        Error::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
        Error::UploadOffset { .. } => (S::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
        Error::UploadBusy => (S::SERVICE_UNAVAILABLE, "BLOB_UPLOAD_INVALID"),
        Error::AlreadyExists { .. } | Error::Conflict { .. } => (S::CONFLICT, "DENIED"),
        Error::RateLimited { .. } => (S::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
        Error::ReadOnly => (S::METHOD_NOT_ALLOWED, "DENIED"),
        Error::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        Error::StorageFull { .. } => (S::INSUFFICIENT_STORAGE, "UNAVAILABLE"),
        Error::BodyInterrupted { .. } => (S::REQUEST_TIMEOUT, "INVALID_REQUEST"),
        Error::Internal { .. } => (S::INTERNAL_SERVER_ERROR, "UNKNOWN"),
    }
}

const fn unknown(noun: Noun) -> &'static str {
    match noun {
        Noun::Namespace
        | Noun::Organization
        | Noun::User
        | Noun::Robot
        | Noun::Team
        | Noun::Invitation
        | Noun::DefaultPermission
        | Noun::Repository
        | Noun::Key
        | Noun::Session
        | Noun::AppToken
        | Noun::Application
        | Noun::AccessToken
        | Noun::Assignment
        | Noun::Message
        | Noun::Notification
        | Noun::BulkChange => "NAME_UNKNOWN",
        Noun::Tag | Noun::Manifest => "MANIFEST_UNKNOWN",
        Noun::Blob => "BLOB_UNKNOWN",
        Noun::Upload => "BLOB_UPLOAD_UNKNOWN",
    }
}

const fn invalid(kind: Invalid) -> &'static str {
    match kind {
        Invalid::RepositoryName => "NAME_INVALID",
        Invalid::TagName => "TAG_INVALID",
        Invalid::Digest => "DIGEST_INVALID",
        Invalid::Manifest => "MANIFEST_INVALID",
        Invalid::Upload => "BLOB_UPLOAD_INVALID",
        Invalid::Value => "INVALID_REQUEST",
    }
}

#[cfg(test)]
mod tests {
    use berth_domain::Digest;
    use berth_http::address::PublicAddress;

    use super::*;

    async fn shown(error: Error) -> (u16, Value) {
        let response = Failure::from(error).respond(None);
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        (
            status,
            serde_json::from_slice::<Value>(&body).unwrap()["errors"][0].clone(),
        )
    }

    #[tokio::test]
    async fn each_error_has_its_status_code_and_detail() {
        let digest = Digest::of(b"x");
        let cases = [
            (
                Error::Hidden(Noun::Repository),
                401,
                "UNAUTHORIZED",
                Value::Null,
            ),
            (Error::forbidden("no"), 401, "UNAUTHORIZED", Value::Null),
            (
                Error::unauthenticated("no"),
                401,
                "UNAUTHORIZED",
                Value::Null,
            ),
            (
                Error::Hidden(Noun::Upload),
                404,
                "BLOB_UPLOAD_UNKNOWN",
                Value::Null,
            ),
            (
                Error::not_found(Noun::Repository, "a/b"),
                404,
                "NAME_UNKNOWN",
                Value::Null,
            ),
            (
                Error::not_found(Noun::Blob, &digest),
                404,
                "BLOB_UNKNOWN",
                Value::Null,
            ),
            (
                Error::TagExpired { tag: "1".into() },
                404,
                "TAG_EXPIRED",
                Value::Null,
            ),
            (
                Error::invalid(Invalid::RepositoryName, "no"),
                400,
                "NAME_INVALID",
                Value::Null,
            ),
            (
                Error::invalid_value("no"),
                400,
                "INVALID_REQUEST",
                Value::Null,
            ),
            (
                Error::ManifestUnsupported {
                    media_type: "a/b".into(),
                },
                415,
                "MANIFEST_INVALID",
                json!({ "mediaType": "a/b" }),
            ),
            (
                Error::ManifestBlobUnknown {
                    digest: digest.clone(),
                },
                400,
                "MANIFEST_BLOB_UNKNOWN",
                json!({ "digest": digest }),
            ),
            (
                Error::TooLarge {
                    what: "a layer",
                    max_bytes: 1,
                    actual_bytes: 2,
                },
                413,
                "SIZE_INVALID",
                json!({ "max_allowed": 1, "uploaded": 2 }),
            ),
            (
                Error::ReadOnly,
                405,
                "DENIED",
                json!({ "is_readonly": true }),
            ),
            (Error::internal("secret cause"), 500, "UNKNOWN", Value::Null),
        ];
        for (error, status, code, detail) in cases {
            let message = error.to_string();
            let (shown_status, body) = shown(error).await;
            assert_eq!(
                (shown_status, body["code"].as_str().unwrap()),
                (status, code)
            );
            assert_eq!(
                (&body["message"], &body["detail"]),
                (&json!(message), &detail)
            );
            assert!(!body.to_string().contains("secret"));
        }
    }

    #[test]
    fn what_passes_says_when_to_come_back() {
        for error in [
            Error::RateLimited { retry_after_s: 1 },
            Error::UploadBusy,
            Error::unavailable("the database", "gone"),
        ] {
            let response = Failure::from(error).respond(None);
            assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        }
    }

    #[test]
    fn only_a_401_is_challenged() {
        let address = PublicAddress {
            scheme: "http".into(),
            host: "h".into(),
        };
        let challenge = Challenge::new(address);
        let refused = Failure::from(Error::Hidden(Noun::Repository)).respond(Some(&challenge));
        assert!(refused.headers().contains_key(header::WWW_AUTHENTICATE));
        let absent = Failure::from(Error::Hidden(Noun::Blob)).respond(Some(&challenge));
        assert!(!absent.headers().contains_key(header::WWW_AUTHENTICATE));
    }
}
