//! Error bodies. There are several, and scripts read a field of the one they know from each place.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use berth_domain::Error;
use berth_http::address::PublicAddress;
use serde_json::{Value, json};

/// What a client waits before it asks again for what is not available.
const RETRY_AFTER_S: u64 = 1;

/// An error on its way out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An API error: `error_type`, `detail` and their older spellings.
    Problem {
        status: StatusCode,
        error_type: &'static str,
        detail: String,
    },
    /// `{"message": …}`
    Message { status: StatusCode, message: String },
    /// The registry takes no writes.
    ReadOnly(String),
    /// A verb that the path does not offer.
    Verb(Method),
    /// Plain text, with the seconds to wait.
    Throttled(u64),
}

impl Failure {
    pub(crate) fn problem(
        status: StatusCode,
        error_type: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self::Problem {
            status,
            error_type,
            detail: detail.into(),
        }
    }

    pub(crate) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Message {
            status,
            message: message.into(),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::problem(StatusCode::NOT_FOUND, "not_found", "Not Found")
    }

    pub(crate) fn verb_not_offered(offered: &Method) -> Self {
        Self::Verb(offered.clone())
    }

    /// Renders it. The address makes the link to the error's description.
    pub(crate) fn respond(self, address: &PublicAddress) -> Response {
        match self {
            Self::Problem {
                status,
                error_type,
                detail,
            } => {
                let body = json!({
                    "detail": detail,
                    "error_message": detail,
                    "error_type": error_type,
                    "title": error_type,
                    "type": format!("{address}/api/v1/error/{error_type}"),
                    "status": status.as_u16(),
                });
                json_answer(status, &body)
            }
            Self::Message { status, message } => {
                let mut response = json_answer(status, &json!({ "message": message }));
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    let headers = response.headers_mut();
                    headers.insert(header::RETRY_AFTER, RETRY_AFTER_S.into());
                }
                response
            }
            Self::ReadOnly(message) => json_answer(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({ "message": message, "is_readonly": true }),
            ),
            Self::Verb(offered) => {
                let message = "The method is not allowed for the requested URL.";
                let body = json!({ "message": message });
                let mut response = json_answer(StatusCode::METHOD_NOT_ALLOWED, &body);
                if let Ok(allowed) = HeaderValue::from_str(offered.as_str()) {
                    response.headers_mut().insert(header::ALLOW, allowed);
                }
                response
            }
            Self::Throttled(retry_after_s) => {
                let text =
                    "Too many login attempts. \nPlease reset your Berth password and try again.";
                let mut response = Response::new(Body::from(text));
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, retry_after_s.into());
                response
            }
        }
    }
}

/// JSON and a line feed, as all answers end.
pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(format!("{body}\n")));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use StatusCode as S;
        if error.is_fault() {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(error = %error, cause, "an API request failed");
        } else {
            tracing::debug!(error = %error, error.code = error.code(), "an API request was refused");
        }
        let text = error.to_string();
        match error {
            Error::Unauthenticated { .. } => {
                Self::problem(S::UNAUTHORIZED, "invalid_token", "Requires authentication")
            }
            // Identity without right, whether or not the thing exists.
            Error::Forbidden { .. } | Error::Hidden(_) => {
                Self::problem(S::FORBIDDEN, "insufficient_scope", "Unauthorized")
            }
            Error::NotFound { .. } | Error::TagExpired { .. } | Error::FeatureOff { .. } => {
                Self::not_found()
            }
            Error::Invalid { .. }
            | Error::AlreadyExists { .. }
            | Error::DigestMismatch { .. }
            | Error::ManifestUnsupported { .. }
            | Error::ManifestBlobUnknown { .. }
            | Error::BlobInUse { .. }
            | Error::TooLarge { .. }
            | Error::UploadOffset { .. }
            | Error::UploadBusy => Self::problem(S::BAD_REQUEST, "invalid_request", text),
            Error::Conflict { .. } => Self::message(S::BAD_REQUEST, text),
            Error::RateLimited { retry_after_s } => Self::Throttled(retry_after_s),
            Error::ReadOnly => Self::ReadOnly(text),
            Error::BodyInterrupted { .. } => Self::message(S::REQUEST_TIMEOUT, text),
            Error::Unavailable { .. } => Self::message(S::SERVICE_UNAVAILABLE, text),
            Error::StorageFull { .. } => Self::message(S::INSUFFICIENT_STORAGE, text),
            Error::Internal { .. } => Self::message(S::INTERNAL_SERVER_ERROR, text),
        }
    }
}
