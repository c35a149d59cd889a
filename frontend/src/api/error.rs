//! Why a call failed, in the classes of the schema's `ErrorCode` and a reason that has words of its own.

use cynic::GraphQlError;
use serde::Deserialize;
use serde_json::value::RawValue;

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
    /// Too many changes of many repositories go on already.
    ManyChanges,
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
    /// What else the server says of it, as JSON.
    detail: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extensions {
    code: Option<String>,
    reason: Option<String>,
    field: Option<String>,
    request_id: Option<String>,
    detail: Option<Box<RawValue>>,
}

/// What stood in the way of a change of many.
#[derive(Deserialize)]
struct Items {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    code: String,
    reason: String,
    message: String,
}

/// The class of the schema's `ErrorCode`, and of a reason that has words of its own.
fn class_of(code: &str, reason: &str) -> ErrorClass {
    match code {
        _ if reason == "EMAIL_UNVERIFIED" => ErrorClass::EmailUnverified,
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
    }
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
            detail: None,
        }
    }

    /// Of a change of many that was refused: each item in the way, by its place in what was sent, and why. None where
    /// the change was refused as a whole.
    pub(crate) fn refused_items(&self) -> Vec<(usize, Self)> {
        let detail = self.detail.as_deref().unwrap_or_default();
        // Other failures have details of other shapes.
        let Ok(Items { items }) = serde_json::from_str(detail) else {
            return Vec::new();
        };
        let items = items.into_iter().map(|item| {
            let class = class_of(&item.code, &item.reason);
            let error = Self {
                message: item.message,
                ..Self::plain(class, self.request_id.clone())
            };
            (item.index, error)
        });
        items.collect()
    }

    /// The server could not be reached.
    pub(crate) fn offline() -> Self {
        Self::plain(ErrorClass::Offline, None)
    }

    /// What is told by its reason alone.
    pub(crate) fn of_reason(reason: &str) -> Self {
        let code = if reason.ends_with("_NOT_FOUND") {
            "NOT_FOUND"
        } else {
            reason
        };
        Self::plain(class_of(code, reason), None)
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
        let Some(extensions) = error.extensions else {
            return Self {
                message: error.message,
                ..Self::plain(ErrorClass::Internal, request_id)
            };
        };
        let code = extensions.code.as_deref().unwrap_or_default();
        let reason = extensions.reason.as_deref().unwrap_or_default();
        Self {
            class: class_of(code, reason),
            message: error.message,
            request_id: extensions.request_id.or(request_id),
            field: extensions.field,
            detail: extensions.detail.map(|detail| detail.get().to_owned()),
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
                detail: None,
            }
        );
    }

    #[test]
    fn a_change_of_many_tells_each_item_in_the_way() {
        let refused = |detail: &str| {
            let text = format!(
                r#"{{"message":"?","extensions":{{"code":"FORBIDDEN","detail":{detail}}}}}"#
            );
            let error: GraphQlError<Extensions> = serde_json::from_str(&text).unwrap();
            let items = ApiError::of_graphql(error, None).refused_items();
            let items = items.into_iter().map(|(at, error)| (at, error.class));
            items.collect::<Vec<_>>()
        };
        assert_eq!(
            refused(
                r#"{"items":[{"index":2,"code":"NOT_FOUND","reason":"REPOSITORY_NOT_FOUND","message":"?"}]}"#
            ),
            [(2, ErrorClass::NotFound)]
        );
        assert!(refused(r#"{"retryAfter":3}"#).is_empty());
        assert!(refused("null").is_empty());
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
    fn a_reason_alone_has_its_class() {
        for (reason, class) in [
            ("FORBIDDEN", ErrorClass::Forbidden),
            ("REPOSITORY_NOT_FOUND", ErrorClass::NotFound),
            ("EMAIL_UNVERIFIED", ErrorClass::EmailUnverified),
            ("NEW", ErrorClass::Internal),
        ] {
            assert_eq!(ApiError::of_reason(reason).class, class, "{reason}");
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
