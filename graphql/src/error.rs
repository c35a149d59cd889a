//! What a failure looks like on the wire: a message, and `extensions { code, reason, field, detail }`.

use async_graphql::{Enum, ErrorExtensionValues, ErrorExtensions, Value};
use berth_domain::Error;
use berth_services::many::Refused;

/// The class of an error, in `extensions.code`; `extensions.reason` holds the domain's own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ErrorCode {
    /// Credentials are missing or wrong.
    Unauthenticated,
    /// The caller is known and lacks a right.
    Forbidden,
    /// The session is too old for this: call `verifyPassword`, then again.
    FreshLoginRequired,
    /// Absent, or not visible to the caller.
    NotFound,
    /// An argument or the document itself was refused; `extensions.field` names the argument.
    InvalidInput,
    /// The name is taken.
    AlreadyExists,
    /// The state changed meanwhile, or forbids this.
    Conflict,
    /// Too many attempts; `extensions.detail` says how long to wait.
    RateLimited,
    /// The whole registry takes no writes.
    ReadOnly,
    /// Switched off by configuration.
    FeatureOff,
    /// A database or a bucket cannot be reached; try again.
    Unavailable,
    /// The operation asks for more than one request may; see `registry.limits`.
    TooComplex,
    /// A fault of the registry.
    Internal,
}

impl ErrorCode {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::FreshLoginRequired => "FRESH_LOGIN_REQUIRED",
            Self::NotFound => "NOT_FOUND",
            Self::InvalidInput => "INVALID_INPUT",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::Conflict => "CONFLICT",
            Self::RateLimited => "RATE_LIMITED",
            Self::ReadOnly => "READ_ONLY",
            Self::FeatureOff => "FEATURE_OFF",
            Self::Unavailable => "UNAVAILABLE",
            Self::TooComplex => "TOO_COMPLEX",
            Self::Internal => "INTERNAL",
        }
    }
}

/// The class of a domain error. No `_` arm: a new variant is decided here before it compiles.
const fn class(error: &Error) -> ErrorCode {
    match error {
        Error::Unauthenticated { .. } => ErrorCode::Unauthenticated,
        Error::Hidden(_) | Error::NotFound { .. } | Error::TagExpired { .. } => ErrorCode::NotFound,
        Error::Forbidden { .. } | Error::EmailUnverified => ErrorCode::Forbidden,
        Error::FreshLoginRequired => ErrorCode::FreshLoginRequired,
        Error::Invalid { .. }
        | Error::DigestMismatch { .. }
        | Error::ManifestUnsupported { .. }
        | Error::ManifestBlobUnknown { .. }
        | Error::TooLarge { .. }
        | Error::BodyInterrupted { .. } => ErrorCode::InvalidInput,
        Error::AlreadyExists { .. } => ErrorCode::AlreadyExists,
        Error::BlobInUse { .. }
        | Error::UploadOffset { .. }
        | Error::UploadBusy
        | Error::Conflict { .. } => ErrorCode::Conflict,
        Error::RateLimited { .. } => ErrorCode::RateLimited,
        Error::ReadOnly => ErrorCode::ReadOnly,
        Error::FeatureOff { .. } => ErrorCode::FeatureOff,
        Error::Unavailable { .. } | Error::StorageFull { .. } => ErrorCode::Unavailable,
        Error::Internal { .. } => ErrorCode::Internal,
    }
}

fn json(value: serde_json::Value) -> Value {
    Value::from_json(value).unwrap_or_default()
}

/// A domain error as a GraphQL error; faults are logged here, once.
#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(gql)`")]
pub(crate) fn gql(error: Error) -> async_graphql::Error {
    gql_ref(&error)
}

/// As [`gql`], for an error that several fields share.
pub(crate) fn gql_ref(error: &Error) -> async_graphql::Error {
    if error.is_fault() {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::error!(
            error.code = error.code(),
            error.cause = cause,
            "a resolver failed: {error}"
        );
    }
    async_graphql::Error::new(error.to_string()).extend_with(|_, extensions| {
        extensions.set("code", class(error).as_str());
        extensions.set("reason", error.code());
        if let Some(field) = error.field() {
            extensions.set("field", field);
        }
        if let Some(detail) = error.detail() {
            extensions.set("detail", json(detail));
        }
    })
}

/// As [`gql`]; a taken name, and what names no field by itself, is told at the field that holds it.
pub(crate) fn gql_named(field: &'static str) -> impl Fn(Error) -> async_graphql::Error {
    move |error| {
        let taken = matches!(error, Error::AlreadyExists { .. });
        let error = match error.field() {
            Some(_) => gql(error),
            None => gql(error.in_field(field)),
        };
        if taken {
            return error.extend_with(|_, extensions| extensions.set("field", field));
        }
        error
    }
}

/// A change of many that was refused: the first cause in front, all of them in `detail.items`.
pub(crate) fn gql_many(refused: Refused) -> async_graphql::Error {
    gql_many_in("ids")(refused)
}

/// The same where the items came in another field.
pub(crate) fn gql_many_in(field: &'static str) -> impl FnOnce(Refused) -> async_graphql::Error {
    move |refused| many_in(field, refused)
}

fn many_in(field: &str, refused: Refused) -> async_graphql::Error {
    let items: Vec<serde_json::Value> = refused
        .causes
        .iter()
        .map(|(index, cause)| {
            serde_json::json!({
                "index": index, "code": class(cause).as_str(), "reason": cause.code(), "message": cause.to_string(),
            })
        })
        .collect();
    let mut causes = refused.causes.into_iter();
    let Some((_, first)) = causes.next() else {
        return gql(Error::internal("a refusal without a cause"));
    };
    let whole = matches!(&first, Error::Invalid { .. });
    let error = gql(first);
    if whole {
        return error;
    }
    error.extend_with(|_, extensions| {
        extensions.set("field", field);
        extensions.set("detail", json(serde_json::json!({ "items": items })));
    })
}

/// What a look-up gives: null where the caller finds nothing, whatever the reason.
pub(crate) fn found<T>(result: berth_domain::Result<T>) -> async_graphql::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(
            Error::Hidden(_)
            | Error::NotFound { .. }
            | Error::TagExpired { .. }
            | Error::Unauthenticated { .. }
            | Error::Forbidden { .. }
            | Error::Invalid { .. },
        ) => Ok(None),
        Err(other) => Err(gql(other)),
    }
}

/// The extensions of an error that arose before any resolver ran.
pub(crate) fn extensions(code: ErrorCode, reason: &'static str) -> ErrorExtensionValues {
    let mut values = ErrorExtensionValues::default();
    values.set("code", code.as_str());
    values.set("reason", reason);
    values
}

/// A response that holds a domain error alone, such as refused credentials.
pub fn error_response(error: &Error) -> async_graphql::Response {
    let shown = gql_ref(error);
    let mut told = async_graphql::ServerError::new(shown.message, None);
    told.extensions = shown.extensions;
    async_graphql::Response::from_errors(vec![told])
}

/// A response that holds one error alone, for what the endpoint refuses before execution.
pub fn refusal(
    code: ErrorCode,
    reason: &'static str,
    message: impl Into<String>,
) -> async_graphql::Response {
    let mut error = async_graphql::ServerError::new(message, None);
    error.extensions = Some(extensions(code, reason));
    async_graphql::Response::from_errors(vec![error])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_argument_names_its_field_and_reason() {
        let error = gql(Error::invalid_value("too long").in_field("description"));
        let extensions = error.extensions.unwrap();
        assert_eq!(extensions.get("code"), Some(&Value::from("INVALID_INPUT")));
        assert_eq!(
            extensions.get("reason"),
            Some(&Value::from("INVALID_INPUT"))
        );
        assert_eq!(extensions.get("field"), Some(&Value::from("description")));
    }

    #[test]
    fn a_refused_selection_tells_each_item() {
        let refused = Refused {
            causes: vec![
                (1, Error::Hidden(berth_domain::Noun::Repository)),
                (4, Error::forbidden("no")),
            ],
        };
        let error = gql_many(refused);
        let detail = error.extensions.unwrap().get("detail").cloned().unwrap();
        let detail = detail.into_json().unwrap();
        assert_eq!(detail["items"][0]["reason"], "REPOSITORY_NOT_FOUND");
        assert_eq!(detail["items"][1]["index"], 4);
    }
}
