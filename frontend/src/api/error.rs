//! Why a call failed, in the classes of the schema's `ErrorCode` and a reason that has words of its own.

use cynic::GraphQlError;
use serde::Deserialize;

/// The class of a failure; the console words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    Unauthenticated,
    Forbidden,
    EmailUnverified,
    FreshLogin,
    NotFound,
    InvalidInput,
    AlreadyExists,
    Conflict,
    RateLimited,
    ReadOnly,
    FeatureOff,
    Unavailable,
    Offline,
    Internal,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// What kind of failure.
    pub(crate) class: ErrorClass,
    /// The input that was refused.
    pub(crate) field: Option<String>,
    /// The server's own words, shown as a detail where the console has no better ones.
    pub(crate) message: String,
    /// What operators find in the log.
    pub(crate) request_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extensions {
    code: Option<String>,
    reason: Option<String>,
    field: Option<String>,
    request_id: Option<String>,
}

impl ApiError {
    /// Whether nobody answered, or only to say that the registry cannot now.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self.class, ErrorClass::Offline | ErrorClass::Unavailable)
    }

    fn plain(class: ErrorClass, request_id: Option<String>) -> Self {
        Self {
            class,
            field: None,
            message: String::new(),
            request_id,
        }
    }

    /// The server could not be reached.
    pub(crate) fn offline() -> Self {
        Self::plain(ErrorClass::Offline, None)
    }

    /// What is needed is not there, or hidden.
    pub(crate) fn not_found() -> Self {
        Self::plain(ErrorClass::NotFound, None)
    }

    /// A name is taken.
    pub(crate) fn already_exists() -> Self {
        Self::plain(ErrorClass::AlreadyExists, None)
    }

    /// The answer was not what the schema promises.
    pub(crate) fn unreadable() -> Self {
        Self::plain(ErrorClass::Internal, None)
    }

    pub(super) fn of_status(status: u16, request_id: Option<String>) -> Self {
        let class = match status {
            401 => ErrorClass::Unauthenticated,
            403 => ErrorClass::Forbidden,
            404 => ErrorClass::NotFound,
            429 => ErrorClass::RateLimited,
            502..=504 => ErrorClass::Unavailable,
            _ => ErrorClass::Internal,
        };
        Self::plain(class, request_id)
    }

    pub(super) fn of_graphql(error: GraphQlError<Extensions>, request_id: Option<String>) -> Self {
        let extensions = error.extensions;
        let code = extensions
            .as_ref()
            .and_then(|e| e.code.as_deref())
            .unwrap_or_default();
        let reason = extensions.as_ref().and_then(|e| e.reason.as_deref());
        let class = match code {
            _ if reason == Some("EMAIL_UNVERIFIED") => ErrorClass::EmailUnverified,
            "UNAUTHENTICATED" => ErrorClass::Unauthenticated,
            "FRESH_LOGIN_REQUIRED" => ErrorClass::FreshLogin,
            "FORBIDDEN" => ErrorClass::Forbidden,
            "NOT_FOUND" => ErrorClass::NotFound,
            "INVALID_INPUT" => ErrorClass::InvalidInput,
            "ALREADY_EXISTS" => ErrorClass::AlreadyExists,
            "CONFLICT" => ErrorClass::Conflict,
            "RATE_LIMITED" => ErrorClass::RateLimited,
            "READ_ONLY" => ErrorClass::ReadOnly,
            "FEATURE_OFF" => ErrorClass::FeatureOff,
            "UNAVAILABLE" => ErrorClass::Unavailable,
            _ => ErrorClass::Internal,
        };
        Self {
            class,
            message: error.message,
            request_id: extensions
                .as_ref()
                .and_then(|e| e.request_id.clone())
                .or(request_id),
            field: extensions.and_then(|e| e.field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graphql_error_keeps_class_field_and_request() {
        let error: GraphQlError<Extensions> = serde_json::from_str(
            r#"{"message":"taken","extensions":{"code":"ALREADY_EXISTS","reason":"X","field":"name","requestId":"r1"}}"#,
        )
        .unwrap();
        assert_eq!(
            ApiError::of_graphql(error, None),
            ApiError {
                class: ErrorClass::AlreadyExists,
                field: Some("name".into()),
                message: "taken".into(),
                request_id: Some("r1".into()),
            }
        );
    }

    #[test]
    fn an_address_that_waits_for_its_confirmation_is_more_than_forbidden() {
        for (extensions, class) in [
            (
                r#"{"code":"FORBIDDEN","reason":"EMAIL_UNVERIFIED"}"#,
                ErrorClass::EmailUnverified,
            ),
            (
                r#"{"code":"FORBIDDEN","reason":"FORBIDDEN"}"#,
                ErrorClass::Forbidden,
            ),
            (r#"{"code":"FRESH_LOGIN_REQUIRED"}"#, ErrorClass::FreshLogin),
        ] {
            let text = format!(r#"{{"message":"?","extensions":{extensions}}}"#);
            let error: GraphQlError<Extensions> = serde_json::from_str(&text).unwrap();
            assert_eq!(ApiError::of_graphql(error, None).class, class);
        }
    }

    #[test]
    fn an_unknown_code_is_internal() {
        let error: GraphQlError<Extensions> =
            serde_json::from_str(r#"{"message":"?","extensions":{"code":"NEW"}}"#).unwrap();
        assert_eq!(
            ApiError::of_graphql(error, None).class,
            ErrorClass::Internal
        );
    }
}
