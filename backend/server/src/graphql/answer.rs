//! What an operation's answer looks like in HTTP.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use berth_domain::Error;
use berth_graphql::{ErrorCode, error_response, refusal};
use serde_json::json;

use super::Executed;

/// The media type of the GraphQL over HTTP specification.
const GRAPHQL: &str = "application/graphql-response+json";

/// How a client wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Answer {
    /// The status tells whether the operation was executed.
    #[default]
    GraphQl,
    /// Older clients: the status of a well-formed request is 200 whatever became of it.
    Json,
}

/// A request that is not executed.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    response: Box<async_graphql::Response>,
    retry_after_s: Option<u64>,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        code: ErrorCode,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            response: Box::new(refusal(code, reason, message)),
            retry_after_s: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::InvalidInput,
            "REQUEST_INVALID",
            message,
        )
    }

    /// What refused the credentials, or kept them from being checked.
    pub(super) fn of(error: &Error) -> Self {
        let (status, retry_after_s) = match error {
            Error::Unauthenticated { .. } => (StatusCode::UNAUTHORIZED, None),
            Error::Forbidden { .. } => (StatusCode::FORBIDDEN, None),
            Error::RateLimited { retry_after_s } => {
                (StatusCode::TOO_MANY_REQUESTS, Some(*retry_after_s))
            }
            fault if fault.is_fault() => (StatusCode::SERVICE_UNAVAILABLE, None),
            _ => (StatusCode::BAD_REQUEST, None),
        };
        Self {
            status,
            response: Box::new(error_response(error)),
            retry_after_s,
        }
    }
}

impl Answer {
    /// What the `Accept` headers ask for; nothing at all is an older client.
    pub(super) fn accepted(headers: &HeaderMap) -> Result<Self, Refusal> {
        let accept: Vec<String> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(|entry| entry.split(';').next())
            .map(|entry| entry.trim().to_ascii_lowercase())
            .filter(|entry| !entry.is_empty())
            .collect();
        let names = |wanted: &[&str]| accept.iter().any(|entry| wanted.contains(&entry.as_str()));
        if names(&[GRAPHQL]) {
            Ok(Self::GraphQl)
        } else if accept.is_empty() || names(&["application/json", "application/*", "*/*"]) {
            Ok(Self::Json)
        } else {
            Err(Refusal::new(
                StatusCode::NOT_ACCEPTABLE,
                ErrorCode::InvalidInput,
                "NOT_ACCEPTABLE",
                format!("this answers with `{GRAPHQL}` or `application/json`"),
            ))
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    pub(super) fn render(self, result: Executed) -> Response {
        let (status, response, cookies, retry_after_s) = match result {
            Ok((response, cookies)) => (self.status(&response), response, cookies, None),
            Err(refused) => (
                refused.status,
                *refused.response,
                Vec::new(),
                refused.retry_after_s,
            ),
        };
        let mut answer = Response::new(Body::from(body(&response)));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.media_type()),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            _ => {}
        }
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for line in cookies {
            headers.append(header::SET_COOKIE, line);
        }
        answer
    }

    fn status(self, response: &async_graphql::Response) -> StatusCode {
        match self {
            Self::GraphQl if is_request_error(response) => StatusCode::BAD_REQUEST,
            Self::GraphQl | Self::Json => StatusCode::OK,
        }
    }
}

/// True when nothing was executed: errors without a path, and no data.
fn is_request_error(response: &async_graphql::Response) -> bool {
    response.data == async_graphql::Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// The body, its fields in the order asked for; a request that was not executed has no `data` at all.
fn body(response: &async_graphql::Response) -> String {
    let text = if is_request_error(response) {
        serde_json::to_string(&json!({ "errors": response.errors }))
    } else {
        serde_json::to_string(response)
    };
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &[&'static str]) -> Option<Answer> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        Answer::accepted(&headers).ok()
    }

    #[test]
    fn the_specified_type_is_given_to_who_names_it_and_json_to_older_clients() {
        let both = "application/graphql-response+json, application/json;q=0.9";
        assert_eq!(accepted(&[both]), Some(Answer::GraphQl));
        assert_eq!(accepted(&[]), Some(Answer::Json));
        assert_eq!(accepted(&["*/*"]), Some(Answer::Json));
        assert_eq!(
            accepted(&["text/html", "application/json"]),
            Some(Answer::Json)
        );
        assert_eq!(accepted(&["text/html"]), None);
    }
}
