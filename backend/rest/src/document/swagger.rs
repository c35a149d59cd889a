//! Swagger 2.0, as `/discovery` gives it; clients of several languages are generated from it.

use berth_http::address::PublicAddress;
use serde_json::{Map, Value, json};

use super::{API_ERROR, AUTHORIZE_PATH, OAUTH, REFUSALS};
use crate::operation::{Body, Operation};
use crate::parameters::{Kind, Parameter};
use crate::schema::Dialect;
use crate::table::Table;

/// The description.
pub(crate) fn document(table: &Table, address: &PublicAddress, with_internal: bool) -> Value {
    json!({
        "swagger": "2.0",
        "host": address.host,
        "basePath": "/",
        "schemes": [address.scheme],
        "info": super::info(),
        "securityDefinitions": {
            OAUTH: {
                "type": "oauth2",
                "flow": "implicit",
                "authorizationUrl": format!("{address}{AUTHORIZE_PATH}"),
                "scopes": super::scopes(),
            },
        },
        "paths": super::paths(table, with_internal, operation),
        "definitions": super::schemas(table, with_internal, Dialect::Swagger),
        "tags": super::tags(table, with_internal),
    })
}

fn operation(tag: &'static str, operation: &Operation) -> Value {
    let mut document = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.summary,
        "tags": [tag],
        "parameters": parameters(operation),
        "responses": responses(operation),
    });
    if !matches!(operation.body, Body::Ignored) {
        document["consumes"] = json!(["application/json"]);
    }
    document["produces"] = json!(["application/json"]);
    if let Some(scope) = super::scope(operation) {
        document["security"] = json!([{ OAUTH: [scope.as_str()] }]);
    }
    if operation.needs_fresh_login {
        document["x-requires-fresh-login"] = json!(true);
    }
    if operation.is_internal {
        document["x-internal"] = json!(true);
    }
    document
}

fn parameters(operation: &Operation) -> Value {
    let path = super::path_parameters(operation.path).map(|(name, description)| {
        json!({
            "in": "path", "name": name, "type": "string", "required": true,
            "description": description,
        })
    });
    let query = operation.query.iter().map(query_parameter);
    let body = super::body(operation).map(|schema| {
        json!({
            "in": "body",
            "name": "body",
            "description": "Request body contents.",
            "required": matches!(operation.body, Body::Required(_)),
            "schema": Dialect::Swagger.reference(schema.name),
        })
    });
    path.chain(query).chain(body).collect()
}

fn query_parameter(parameter: &Parameter) -> Value {
    let mut document = json!({
        "in": "query",
        "name": parameter.name,
        "description": parameter.description,
        "required": false,
        "type": match parameter.kind {
            Kind::Text => "string",
            Kind::Integer => "integer",
            Kind::Boolean => "boolean",
        },
    });
    if parameter.kind == Kind::Boolean {
        document["default"] = json!(parameter.is_on);
    }
    document
}

fn responses(operation: &Operation) -> Value {
    let (status, meaning) = operation.success;
    let mut responses = Map::new();
    let mut success = json!({ "description": meaning });
    if let Some(shape) = &operation.answer {
        success["schema"] = shape.document(Dialect::Swagger);
    }
    responses.insert(status.as_str().to_owned(), success);
    for kind in REFUSALS {
        responses.insert(
            kind.status.as_str().to_owned(),
            json!({
                "description": kind.description,
                "schema": Dialect::Swagger.reference(API_ERROR),
            }),
        );
    }
    responses.into()
}
