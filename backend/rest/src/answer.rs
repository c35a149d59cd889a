//! Answers: JSON with a line feed, or nothing.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// An answer on its way out.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    /// JSON.
    body: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    /// A value with a status.
    ///
    /// # Errors
    /// 500 for what is no JSON, which no wire struct is.
    pub(crate) fn new(status: StatusCode, body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_string(body).map_err(berth_domain::Error::internal)?;
        Ok(Self {
            status,
            body: Some(body),
            headers: Vec::new(),
        })
    }

    /// 200 with a value.
    pub(crate) fn ok(body: &impl Serialize) -> Result<Self, Failure> {
        Self::new(StatusCode::OK, body)
    }

    /// 201 with a value. Where nothing else is said of what was made it is the text "Created", in quotes.
    pub(crate) fn created(body: &impl Serialize) -> Result<Self, Failure> {
        Self::new(StatusCode::CREATED, body)
    }

    /// 204.
    pub(crate) const fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// Another status without a body.
    pub(crate) const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            headers: Vec::new(),
        }
    }

    /// With a header more.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Its status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its body, read again.
    pub(crate) fn value(&self) -> Option<Value> {
        serde_json::from_str(self.body.as_ref()?).ok()
    }

    /// Renders it.
    pub(crate) fn respond(self) -> Response {
        let mut response = if let Some(body) = self.body {
            json_text(self.status, &body)
        } else {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = self.status;
            response
        };
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

/// JSON and a line feed, as all answers end.
pub(crate) fn json_text(status: StatusCode, body: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{body}\n")));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
