//! Descriptions of the API, made from the table of operations: what is routed is what is described.

pub(crate) mod openapi;
pub(crate) mod swagger;

use berth_domain::Scope;
use serde_json::{Map, Value, json};

use crate::failure::{INSUFFICIENT_SCOPE, INVALID_REQUEST, INVALID_TOKEN, Kind, NOT_FOUND};
use crate::operation::{Audience, Body, Operation};
use crate::schema::{Dialect, Schema, integer_from, text};
use crate::table::Table;
use crate::{PREFIX, operations};

/// Where a client asks for a token.
const AUTHORIZE_PATH: &str = "/oauth/authorize";
/// Name of the one way to sign in that tokens come from.
const OAUTH: &str = "oauth2_implicit";
/// Name of the schema of errors.
const API_ERROR: &str = "ApiError";

/// What every operation may be refused with.
const REFUSALS: [&Kind; 4] = [
    &INVALID_REQUEST,
    &INVALID_TOKEN,
    &INSUFFICIENT_SCOPE,
    &NOT_FOUND,
];

/// What is described, in the order of the table.
fn described(
    table: &Table,
    with_internal: bool,
) -> impl Iterator<Item = (&'static str, &Operation)> {
    table
        .operations()
        .filter(move |(_, operation)| with_internal || !operation.is_internal)
}

/// The API itself.
fn info() -> Value {
    json!({
        "version": "v1",
        "title": "Berth API",
        "description": "Repositories, organizations, robots and users of this registry. \
            Send an access token as `Authorization: Bearer`.",
    })
}

/// Tags of what is described.
fn tags(table: &Table, with_internal: bool) -> Value {
    let used: Vec<&str> = described(table, with_internal)
        .map(|(tag, _)| tag)
        .collect();
    let tags = table.tags.iter().filter(|(tag, _)| used.contains(tag));
    tags.map(|(tag, description)| json!({ "name": tag, "description": description }))
        .collect()
}

/// Scopes by name.
fn scopes() -> Value {
    let scopes = Scope::ALL.iter();
    scopes
        .map(|scope| (scope.as_str().to_owned(), json!(scope.title())))
        .collect::<Map<String, Value>>()
        .into()
}

/// Paths with the operations that `describe` makes of each.
fn paths(
    table: &Table,
    with_internal: bool,
    describe: impl Fn(&'static str, &Operation) -> Value,
) -> Value {
    let mut paths = Map::new();
    for (tag, operation) in described(table, with_internal) {
        let path = paths
            .entry(format!("{PREFIX}{}", operation.path))
            .or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = describe(tag, operation);
    }
    paths.into()
}

/// Schemas by name: those of bodies and answers, and that of errors.
fn schemas(table: &Table, with_internal: bool, dialect: Dialect) -> Map<String, Value> {
    let mut schemas = Map::new();
    api_error().define(dialect, &mut schemas);
    for (_, operation) in described(table, with_internal) {
        if let Some(schema) = body(operation) {
            schema.define(dialect, &mut schemas);
        }
        if let Some(shape) = &operation.answer {
            shape.define(dialect, &mut schemas);
        }
    }
    schemas
}

/// None of its fields is in all error bodies: some operations tell no more than a message.
fn api_error() -> Schema {
    Schema::new(API_ERROR)
        .optional("status", integer_from(400, "Status code of the response."))
        .optional("type", text("Reference to the type of the error."))
        .optional(
            "detail",
            text("Details about the specific instance of the error."),
        )
        .optional(
            "title",
            text("Unique error code to identify the type of error."),
        )
        .optional("error_message", text("Deprecated; alias for detail"))
        .optional("error_type", text("Deprecated; alias for title"))
        .optional(
            "message",
            text("What is wrong, where the other fields are missing"),
        )
        .optional(
            "error",
            text("Why the request was not looked at, where the other fields are missing"),
        )
}

/// The body that is looked at.
const fn body(operation: &Operation) -> Option<&Schema> {
    match &operation.body {
        Body::Required(schema) | Body::Optional(schema) => Some(schema),
        Body::Ignored => None,
    }
}

/// The scope that a token needs.
const fn scope(operation: &Operation) -> Option<Scope> {
    match operation.audience {
        Audience::Everybody => None,
        Audience::PublicOr(scope) | Audience::Scope(scope) | Audience::Told(scope) => Some(scope),
        Audience::Superuser => Some(Scope::SuperUser),
    }
}

/// Parameters of a path with what they mean.
fn path_parameters(path: &str) -> impl Iterator<Item = (&str, &'static str)> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| (name, operations::describe(name).unwrap_or_default()))
}
