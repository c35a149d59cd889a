//! Error bodies. There are several, and scripts read a field of the one they know from each place.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use berth_domain::Error;
use berth_http::address::PublicAddress;
use serde_json::{Map, Value, json};

use crate::answer::json_text;

/// What a client waits before it asks again for what is not available at the moment.
const RETRY_AFTER_S: u64 = 1;
/// And before it writes again to a registry that is read-only, which somebody has to end.
const RETRY_WRITES_AFTER_S: u64 = 60;

/// An error on its way out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An API error: `error_type`, `detail` and their older spellings.
    Problem(Problem),
    /// `{"message": …}`
    Message { status: StatusCode, message: String },
    /// `{"error": …}`: who asks, or how, is refused before anything is looked at.
    Refusal { status: StatusCode, error: String },
    /// The registry takes no writes.
    ReadOnly(String),
    /// A verb that the path does not offer, with those that it does.
    Verb(String),
    /// Plain text, with the seconds to wait.
    Throttled(u64),
    /// A body of its own.
    Other { status: StatusCode, body: Value },
}

/// An API error.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: &'static Kind,
    detail: String,
    /// Fields of the case.
    more: Map<String, Value>,
}

/// A kind of API error, as `/error/{type}` tells it.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name.
    pub(crate) error_type: &'static str,
    /// Its status.
    pub(crate) status: StatusCode,
    /// What it means.
    pub(crate) description: &'static str,
}

/// A request that cannot be carried out as it is.
pub(crate) const INVALID_REQUEST: Kind = Kind {
    error_type: "invalid_request",
    status: StatusCode::BAD_REQUEST,
    description: "The request was malformed, or asked for what cannot be done.",
};
/// Nobody is known behind the request.
pub(crate) const INVALID_TOKEN: Kind = Kind {
    error_type: "invalid_token",
    status: StatusCode::UNAUTHORIZED,
    description: "The access token is missing, unknown or expired, or nobody is signed in.",
};
/// The password has to be shown again.
pub(crate) const FRESH_LOGIN_REQUIRED: Kind = Kind {
    error_type: "fresh_login_required",
    status: StatusCode::UNAUTHORIZED,
    description: "The password was given too long ago for this change: sign in again, and repeat it.",
};
/// A known caller without the right.
pub(crate) const INSUFFICIENT_SCOPE: Kind = Kind {
    error_type: "insufficient_scope",
    status: StatusCode::FORBIDDEN,
    description: "The user does not have the right for this, or the access token not the scope.",
};
/// Absent, and the caller may know.
pub(crate) const NOT_FOUND: Kind = Kind {
    error_type: "not_found",
    status: StatusCode::NOT_FOUND,
    description: "What was asked for does not exist.",
};

/// Every kind there is.
pub(crate) const KINDS: [&Kind; 5] = [
    &INVALID_REQUEST,
    &INVALID_TOKEN,
    &FRESH_LOGIN_REQUIRED,
    &INSUFFICIENT_SCOPE,
    &NOT_FOUND,
];

impl Kind {
    /// Where it is described.
    pub(crate) fn link(&self, address: &PublicAddress) -> String {
        format!("{address}/api/v1/error/{}", self.error_type)
    }
}

impl Failure {
    pub(crate) fn problem(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self::Problem(Problem {
            kind,
            detail: detail.into(),
            more: Map::new(),
        })
    }

    /// 400, with what is wrong.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::problem(&INVALID_REQUEST, detail)
    }

    /// 400, with what is wrong, in the older body.
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self::Message {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    pub(crate) fn refusal(status: StatusCode, error: impl Into<String>) -> Self {
        Self::Refusal {
            status,
            error: error.into(),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::problem(&NOT_FOUND, "Not Found")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::problem(&INVALID_TOKEN, "Requires authentication")
    }

    pub(crate) fn forbidden() -> Self {
        Self::problem(&INSUFFICIENT_SCOPE, "Unauthorized")
    }

    /// With a field more, where the body has room for one.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Self::Problem(problem) = &mut self {
            problem.more.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Renders it. The address makes the link to the error's description.
    pub(crate) fn respond(self, address: &PublicAddress) -> Response {
        match self {
            Self::Problem(problem) => problem.respond(address),
            Self::Message { status, message } => {
                let mut response = json(status, &json!({ "message": message }));
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    let headers = response.headers_mut();
                    headers.insert(header::RETRY_AFTER, RETRY_AFTER_S.into());
                }
                response
            }
            Self::Refusal { status, error } => json(status, &json!({ "error": error })),
            Self::ReadOnly(message) => {
                let body = json!({ "message": message, "is_readonly": true });
                let mut response = json(StatusCode::SERVICE_UNAVAILABLE, &body);
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, RETRY_WRITES_AFTER_S.into());
                response
            }
            Self::Verb(offered) => {
                let message = "The method is not allowed for the requested URL.";
                let body = json!({ "message": message });
                let mut response = json(StatusCode::METHOD_NOT_ALLOWED, &body);
                if let Ok(allowed) = HeaderValue::from_str(&offered) {
                    response.headers_mut().insert(header::ALLOW, allowed);
                }
                response
            }
            Self::Throttled(retry_after_s) => {
                let text =
                    "Too many login attempts. \nPlease reset your Berth password and try again.";
                let mut response = Response::new(Body::from(text));
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                let headers = response.headers_mut();
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                headers.insert(header::CONTENT_TYPE, plain);
                headers.insert(header::RETRY_AFTER, retry_after_s.into());
                response
            }
            Self::Other { status, body } => json(status, &body),
        }
    }
}

impl Problem {
    fn respond(self, address: &PublicAddress) -> Response {
        let Self { kind, detail, more } = self;
        let mut body = json!({
            "detail": detail,
            "error_message": detail,
            "error_type": kind.error_type,
            "title": kind.error_type,
            "type": kind.link(address),
            "status": kind.status.as_u16(),
        });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(more);
        }
        json(kind.status, &body)
    }
}

fn json(status: StatusCode, body: &Value) -> Response {
    json_text(status, &body.to_string())
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
        let message = |status| Self::Message {
            status,
            message: error.to_string(),
        };
        match &error {
            Error::Unauthenticated { .. } => Self::unauthenticated(),
            // Identity without right, whether or not the thing exists.
            Error::Forbidden { .. } | Error::Hidden(_) | Error::EmailUnverified => {
                Self::forbidden()
            }
            Error::FreshLoginRequired => {
                Self::problem(&FRESH_LOGIN_REQUIRED, "Requires fresh login")
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
            | Error::UploadBusy => Self::invalid(text),
            Error::Conflict { .. } => message(S::BAD_REQUEST),
            Error::RateLimited { retry_after_s } => Self::Throttled(*retry_after_s),
            Error::ReadOnly => Self::ReadOnly(text),
            Error::BodyInterrupted { .. } => message(S::REQUEST_TIMEOUT),
            Error::Unavailable { .. } => message(S::SERVICE_UNAVAILABLE),
            Error::StorageFull { .. } => message(S::INSUFFICIENT_STORAGE),
            Error::Internal { .. } => message(S::INTERNAL_SERVER_ERROR),
        }
    }
}

/// A change of one thing names one cause.
impl From<berth_services::many::Refused> for Failure {
    fn from(refused: berth_services::many::Refused) -> Self {
        let first = refused.causes.into_iter().next();
        let error = first.map_or_else(
            || Error::internal("a change was refused without a cause"),
            |(_, error)| error,
        );
        error.into()
    }
}
