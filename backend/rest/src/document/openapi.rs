//! OpenAPI 3.1, for tools that no longer read Swagger 2.0. It says the same.

use berth_http::address::PublicAddress;
use serde_json::{Map, Value, json};

use super::{API_ERROR, AUTHORIZE_PATH, OAUTH, REFUSALS};
use crate::operation::{Audience, Body, Operation};
use crate::parameters::{Kind, Parameter};
use crate::schema::Dialect;
use crate::table::Table;

/// The description.
pub(crate) fn document(table: &Table, address: &PublicAddress, with_internal: bool) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": super::info(),
        "servers": [{ "url": address.to_string() }],
        "paths": super::paths(table, with_internal, operation),
        "components": {
            "schemas": super::schemas(table, with_internal, Dialect::OpenApi),
            "securitySchemes": {
                OAUTH: {
                    "type": "oauth2",
                    "flows": {
                        "implicit": {
                            "authorizationUrl": format!("{address}{AUTHORIZE_PATH}"),
                            "scopes": super::scopes(),
                        },
                    },
                },
            },
        },
        "tags": super::tags(table, with_internal),
    })
}

fn operation(tag: &'static str, operation: &Operation) -> Value {
    let mut document = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [tag],
        "parameters": parameters(operation),
        "responses": responses(operation),
    });
    if let Some(schema) = super::body(operation) {
        document["requestBody"] = json!({
            "required": matches!(operation.body, Body::Required(_)),
            "content": { "application/json": { "schema": Dialect::OpenApi.reference(schema.name) } },
        });
    }
    if let Some(scope) = super::scope(operation) {
        let mut ways = vec![json!({ OAUTH: [scope.as_str()] })];
        if matches!(operation.audience, Audience::PublicOr(_)) {
            // Nobody has to be known for what is public.
            ways.push(json!({}));
        }
        document["security"] = json!(ways);
    }
    if operation.needs_fresh_login {
        document["x-requires-fresh-login"] = json!(true);
    }
    document
}

fn parameters(operation: &Operation) -> Value {
    let path = super::path_parameters(operation.path).map(|(name, description)| {
        json!({
            "in": "path", "name": name, "required": true, "description": description,
            "schema": { "type": "string" },
        })
    });
    path.chain(operation.query.iter().map(query_parameter))
        .collect()
}

fn query_parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Boolean => json!({ "type": "boolean", "default": parameter.is_on }),
    };
    json!({
        "in": "query",
        "name": parameter.name,
        "description": parameter.description,
        "schema": schema,
    })
}

fn responses(operation: &Operation) -> Value {
    let (status, meaning) = operation.success;
    let mut responses = Map::new();
    let mut success = json!({ "description": meaning });
    if let Some(shape) = &operation.answer {
        let schema = shape.document(Dialect::OpenApi);
        success["content"] = json!({ "application/json": { "schema": schema } });
    }
    responses.insert(status.as_str().to_owned(), success);
    for kind in REFUSALS {
        responses.insert(
            kind.status.as_str().to_owned(),
            json!({
                "description": kind.description,
                "content": { "application/json": { "schema": Dialect::OpenApi.reference(API_ERROR) } },
            }),
        );
    }
    responses.into()
}
