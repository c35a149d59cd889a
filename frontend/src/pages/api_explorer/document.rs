//! The registry's own description of `/api/v1` (OpenAPI 3.1), as far as the explorer needs it.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

/// What `/api/v1/openapi.json` says.
#[derive(Debug, Deserialize)]
struct Document {
    paths: BTreeMap<String, BTreeMap<String, Described>>,
    components: Components,
}

#[derive(Debug, Deserialize)]
struct Components {
    schemas: BTreeMap<String, Schema>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    operation_id: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    request_body: Option<RequestBody>,
    #[serde(default)]
    security: Vec<BTreeMap<String, Vec<String>>>,
    #[serde(default, rename = "x-requires-fresh-login")]
    needs_fresh_login: bool,
}

#[derive(Debug, Deserialize)]
struct RequestBody {
    #[serde(default)]
    required: bool,
    content: BTreeMap<String, Content>,
}

#[derive(Debug, Deserialize)]
struct Content {
    schema: Reference,
}

#[derive(Debug, Deserialize)]
struct Reference {
    #[serde(rename = "$ref")]
    name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Schema {
    #[serde(default)]
    properties: BTreeMap<String, Value>,
    #[serde(default)]
    required: Vec<String>,
}

/// Where a parameter of a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    Path,
    Query,
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: Place,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) description: String,
}

/// One field of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) required: bool,
    /// `string`, `integer`, `string or null`, or the values that are allowed.
    pub(super) kind: String,
    pub(super) description: String,
}

/// What a body may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) required: bool,
    /// Those that have to be there first.
    pub(super) fields: Vec<Field>,
    /// A body to begin with: all fields that have to be there.
    pub(super) example: String,
}

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) id: String,
    /// `GET`, `PUT`, …
    pub(super) verb: String,
    /// From the root, with `{names}`.
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) tag: String,
    /// What a token needs.
    pub(super) scope: Option<String>,
    pub(super) needs_fresh_login: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
}

/// Reads the description: operations by tag, then path. None where it is no description.
pub(super) fn read(text: &str) -> Option<Vec<Operation>> {
    let document: Document = serde_json::from_str(text).ok()?;
    let mut operations = Vec::new();
    for (path, verbs) in document.paths {
        for (verb, described) in verbs {
            let body = described.request_body.map(|body| {
                let reference = body.content.into_values().next();
                let name = reference.map(|content| content.schema.name);
                let name = name.as_deref().and_then(|name| name.rsplit('/').next());
                let schemas = &document.components.schemas;
                let schema = name.and_then(|name| schemas.get(name));
                let schema = schema.cloned().unwrap_or_default();
                schema.body(schemas, body.required)
            });
            let mut scopes = described
                .security
                .into_iter()
                .flat_map(BTreeMap::into_values);
            operations.push(Operation {
                id: described.operation_id,
                verb: verb.to_ascii_uppercase(),
                path: path.clone(),
                summary: described.summary,
                tag: described.tags.into_iter().next().unwrap_or_default(),
                scope: scopes.find_map(|scopes| scopes.into_iter().next()),
                needs_fresh_login: described.needs_fresh_login,
                parameters: described.parameters,
                body,
            });
        }
    }
    operations.sort_by(|a, b| (&a.tag, &a.path).cmp(&(&b.tag, &b.path)));
    Some(operations)
}

/// Schemas by name.
type Schemas = BTreeMap<String, Schema>;

/// Objects inside objects are followed so far.
const DEPTH_MAX: usize = 4;

/// The schema that a shape is only a reference to.
fn defined<'a>(shape: &Value, schemas: &'a Schemas) -> Option<&'a Schema> {
    schemas.get(shape["$ref"].as_str()?.rsplit('/').next()?)
}

impl Schema {
    /// Its fields, and those of the objects in it as `outer.inner`; returns what has to be there, to begin with.
    fn read(&self, schemas: &Schemas, outer: &str, depth: usize, fields: &mut Vec<Field>) -> Value {
        let mut example = Map::new();
        for (name, shape) in &self.properties {
            let required = self.required.contains(name);
            let path = format!("{outer}{name}");
            let inner = defined(shape, schemas).filter(|_| depth < DEPTH_MAX);
            let value = if let Some(inner) = inner {
                inner.read(schemas, &format!("{path}."), depth + 1, fields)
            } else {
                let description = shape["description"].as_str().unwrap_or_default();
                fields.push(Field {
                    required,
                    kind: kind(shape),
                    description: description.to_owned(),
                    name: path,
                });
                blank(shape)
            };
            if required {
                example.insert(name.clone(), value);
            }
        }
        example.into()
    }

    fn body(&self, schemas: &Schemas, required: bool) -> Body {
        let mut fields = Vec::new();
        let example = self.read(schemas, "", 0, &mut fields);
        fields.sort_by_key(|field| !field.required);
        let example = serde_json::to_string_pretty(&example).unwrap_or_default();
        Body {
            required,
            fields,
            example,
        }
    }
}

/// What a field takes, in words.
fn kind(shape: &Value) -> String {
    if let Some(choices) = shape["enum"].as_array() {
        let choices: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
        return choices.join(" | ");
    }
    match &shape["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.join(" | ")
        }
        _ => String::new(),
    }
}

/// A value to begin with.
fn blank(shape: &Value) -> Value {
    if let Some(first) = shape["enum"].get(0) {
        return first.clone();
    }
    let name = shape["type"].as_str().or_else(|| shape["type"][0].as_str());
    match name {
        Some("integer") => shape["minimum"].as_i64().unwrap_or_default().into(),
        Some("boolean") => false.into(),
        Some("object") => Map::new().into(),
        _ => "".into(),
    }
}

impl Operation {
    /// Whether it tells and changes nothing.
    pub(super) fn only_reads(&self) -> bool {
        self.verb == "GET"
    }

    /// Whether all words of a search stand in it.
    pub(super) fn matches(&self, search: &str) -> bool {
        let whole =
            format!("{} {} {} {}", self.verb, self.path, self.summary, self.id).to_lowercase();
        search
            .to_lowercase()
            .split_whitespace()
            .all(|word| whole.contains(word))
    }

    /// The address with these values, in the order of the parameters; empty ones of the query are left out.
    /// Else the name of a parameter that is missing.
    pub(super) fn address(&self, values: &[String]) -> Result<String, String> {
        let mut path = self.path.clone();
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut has_query = false;
        for (parameter, value) in self.parameters.iter().zip(values) {
            if value.is_empty() {
                if parameter.required {
                    return Err(parameter.name.clone());
                }
                continue;
            }
            match parameter.place {
                Place::Path => {
                    path = path.replace(&format!("{{{}}}", parameter.name), &segment(value));
                }
                Place::Query => {
                    has_query = true;
                    query.append_pair(&parameter.name, value);
                }
            }
        }
        Ok(if has_query {
            format!("{path}?{}", query.finish())
        } else {
            path
        })
    }

    /// The same call from a shell, with a token in `$TOKEN`.
    pub(super) fn command(&self, origin: &str, address: &str, body: &str) -> String {
        let verb = match self.verb.as_str() {
            "GET" => String::new(),
            verb => format!(" -X {verb}"),
        };
        let data = if self.body.is_some() && !body.trim().is_empty() {
            let body = serde_json::from_str::<Value>(body)
                .map_or_else(|_| body.to_owned(), |body| body.to_string());
            let body = quoted(&body);
            format!(" -H 'Content-Type: application/json' -d {body}")
        } else {
            String::new()
        };
        let address = quoted(&format!("{origin}{address}"));
        format!("curl{verb} -H \"Authorization: Bearer $TOKEN\"{data} {address}")
    }
}

/// What stays as it is in one segment of a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations() -> Vec<Operation> {
        read(
            r##"{
                "openapi": "3.1.0",
                "paths": {
                    "/api/v1/repository/{repository}": {
                        "put": {
                            "operationId": "updateRepo", "summary": "Update the description", "tags": ["repository"],
                            "parameters": [
                                {"in": "path", "name": "repository", "required": true, "description": "Full path", "schema": {"type": "string"}},
                                {"in": "query", "name": "force", "schema": {"type": "boolean"}}
                            ],
                            "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RepoUpdate"}}}},
                            "security": [{"oauth2_implicit": ["repo:write"]}, {}],
                            "x-requires-fresh-login": true,
                            "responses": {}
                        }
                    },
                    "/api/v1/discovery": {"get": {"operationId": "discovery", "tags": ["discovery"], "parameters": [], "responses": {}}},
                    "/api/v1/messages": {"post": {
                        "operationId": "createGlobalMessage", "tags": ["globalmessages"], "parameters": [],
                        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CreateMessage"}}}},
                        "responses": {}
                    }}
                },
                "components": {"schemas": {"CreateMessage": {
                    "type": "object",
                    "properties": {"message": {"$ref": "#/components/schemas/Message"}},
                    "required": ["message"]
                }, "Message": {
                    "type": "object",
                    "properties": {
                        "content": {"type": "string", "description": "The text"},
                        "severity": {"type": "string", "enum": ["info", "warning"]}
                    },
                    "required": ["content", "severity"]
                }, "RepoUpdate": {
                    "type": "object",
                    "properties": {
                        "description": {"type": ["string", "null"], "description": "Markdown"},
                        "kind": {"type": "string", "enum": ["image", "application"]},
                        "size": {"type": "integer", "minimum": 1}
                    },
                    "required": ["description", "kind", "size"]
                }}}
            }"##,
        )
        .unwrap()
    }

    #[test]
    fn a_description_becomes_operations_with_scope_fields_and_a_body_to_begin_with() {
        let operations = operations();
        assert_eq!(operations[0].id, "discovery");
        let update = &operations[2];
        assert_eq!(update.verb, "PUT");
        assert_eq!(update.scope.as_deref(), Some("repo:write"));
        assert!(update.needs_fresh_login && !update.only_reads());
        let body = update.body.as_ref().unwrap();
        assert_eq!(body.fields[0].kind, "string | null");
        assert_eq!(body.fields[1].kind, "image | application");
        let example: Value = serde_json::from_str(&body.example).unwrap();
        assert_eq!(
            example,
            serde_json::json!({"description": "", "kind": "image", "size": 1})
        );
    }

    #[test]
    fn an_object_in_a_body_is_shown_with_its_fields() {
        let create = operations().remove(1);
        assert_eq!(create.id, "createGlobalMessage");
        let body = create.body.unwrap();
        let shown: Vec<(&str, &str)> = body
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.kind.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("message.content", "string"),
                ("message.severity", "info | warning")
            ]
        );
        let example: Value = serde_json::from_str(&body.example).unwrap();
        assert_eq!(
            example,
            serde_json::json!({"message": {"content": "", "severity": "info"}})
        );
    }

    #[test]
    fn what_is_no_description_gives_nothing() {
        assert!(read("<html>").is_none());
        assert!(read("{}").is_none());
    }

    #[test]
    fn an_address_has_a_repository_as_one_segment_and_only_what_was_filled_in() {
        let update = operations().remove(2);
        let values = |repository: &str, force: &str| [repository.to_owned(), force.to_owned()];
        assert_eq!(
            update.address(&values("acme/a b", "")),
            Ok("/api/v1/repository/acme%2Fa%20b".into())
        );
        assert_eq!(
            update.address(&values("acme/app", "true")),
            Ok("/api/v1/repository/acme%2Fapp?force=true".into())
        );
        assert_eq!(
            update.address(&values("", "true")),
            Err("repository".into())
        );
    }

    #[test]
    fn a_command_survives_quotes() {
        let update = operations().remove(2);
        assert_eq!(
            update.command("https://r", "/x", "{ \"description\": \"it's\" }"),
            r#"curl -X PUT -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"description":"it'\''s"}' 'https://r/x'"#
        );
    }

    #[test]
    fn a_search_wants_all_words() {
        let update = operations().remove(2);
        assert!(update.matches("put DESCRIPTION"));
        assert!(!update.matches("put robots"));
    }
}
