//! Request bodies: JSON of the shape that the operation describes, refused in the words that scripts know.

use axum::http::{HeaderMap, StatusCode, header};
use berth_http::body::Incoming;
use serde_json::Value;

use crate::failure::Failure;
use crate::operation::Body;

/// Longest body; the largest document of the API is far below.
const BODY_BYTES_MAX: usize = 1024 * 1024;

const NOT_JSON: &str = "Did not attempt to load JSON data because the request Content-Type was not \
    'application/json'.";
const NOT_READABLE: &str =
    "The browser (or proxy) sent a request that this server could not understand.";

/// Reads what an operation takes; null where it takes nothing.
pub(crate) async fn read(
    wanted: &Body,
    headers: &HeaderMap,
    incoming: &Incoming,
) -> Result<Value, Failure> {
    let schema = match wanted {
        Body::Ignored => return Ok(Value::Null),
        Body::Required(_) if !is_json(headers) => {
            return Err(Failure::Message {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                message: NOT_JSON.to_owned(),
            });
        }
        Body::Required(schema) | Body::Optional(schema) => schema,
    };
    let bytes = incoming.collect("the request", BODY_BYTES_MAX).await?;
    let parsed = serde_json::from_slice(&bytes).ok();
    let value = match (wanted, parsed) {
        (Body::Optional(_), parsed) => parsed
            .filter(|value: &Value| is_json(headers) && !value.is_null())
            .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        (_, Some(value)) => value,
        (_, None) => return Err(Failure::message(NOT_READABLE)),
    };
    schema.check(&value).map_err(Failure::invalid)?;
    if let Some(field) = field_with_nul(&value) {
        return Err(Failure::invalid(format!(
            "'{field}' holds the character NUL, which is not kept here"
        )));
    }
    Ok(value)
}

/// The first field of a body that holds NUL somewhere, which not every database keeps.
fn field_with_nul(body: &Value) -> Option<&str> {
    let mut fields = body.as_object()?.iter();
    let field = fields
        .find(|(name, value)| name.contains('\0') || holds_nul(value))?
        .0;
    Some(field.trim_matches('\0'))
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
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
