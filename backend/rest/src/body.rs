//! Request bodies: JSON objects, refused in the words that scripts know.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use berth_http::body::Incoming;
use serde_json::{Map, Value};

use crate::error::Failure;

/// Longest body; the largest document of the API is far below.
const BODY_BYTES_MAX: usize = 1024 * 1024;

const NOT_JSON: &str = "Did not attempt to load JSON data because the request Content-Type was not \
    'application/json'.";
const NOT_READABLE: &str =
    "The browser (or proxy) sent a request that this server could not understand.";

/// The fields of a request.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body that must be there.
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Failure> {
        if !is_json(headers) {
            return Err(Failure::message(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                NOT_JSON,
            ));
        }
        let bytes = Incoming::new(body)
            .collect("the request", BODY_BYTES_MAX)
            .await?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(other) => Err(not_of_type(&other, "object")),
            Err(_) => Err(Failure::message(StatusCode::BAD_REQUEST, NOT_READABLE)),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        self.optional_text(name)?
            .ok_or_else(|| schema(format!("'{name}' is a required property")))
    }

    /// A text that may be left out; null is no text.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(not_of_type(other, "string")),
        }
    }

    /// A switch, off where it is left out.
    pub(crate) fn switch(&self, name: &str) -> Result<bool, Failure> {
        match self.0.get(name) {
            None => Ok(false),
            Some(Value::Bool(on)) => Ok(*on),
            Some(other) => Err(not_of_type(other, "boolean")),
        }
    }
}

/// `application/json` or `…+json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        let essence = value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        essence == "application/json"
            || (essence.starts_with("application/") && essence.ends_with("+json"))
    })
}

/// Says which type was wanted. A value that may be long or secret is not shown.
fn not_of_type(value: &Value, wanted: &str) -> Failure {
    let shown = match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "the text".to_owned(),
        Value::Array(_) => "the list".to_owned(),
        Value::Object(_) => "the object".to_owned(),
    };
    schema(format!("{shown} is not of type '{wanted}'"))
}

fn schema(detail: String) -> Failure {
    Failure::problem(StatusCode::BAD_REQUEST, "invalid_request", detail)
}
