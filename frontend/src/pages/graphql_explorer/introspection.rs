//! The schema as the registry tells it, and operations to begin with.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Asks for what [`Schema`] reads.
pub(super) const QUERY: &str = "query Schema { __schema { queryType { name } mutationType { name } types { \
    name kind fields { name description args { name type { ...Kind } } type { ...Kind } } \
    inputFields { name type { ...Kind } } enumValues { name } } } } \
    fragment Kind on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

#[derive(Debug, Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(rename = "__schema")]
    schema: Told,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    query_type: Named,
    mutation_type: Option<Named>,
    types: Vec<Type>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    name: String,
    kind: String,
    fields: Option<Vec<Field>>,
    input_fields: Option<Vec<Argument>>,
    enum_values: Option<Vec<EnumValue>>,
}

#[derive(Debug, Clone, Deserialize)]
struct EnumValue {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Field {
    name: String,
    description: Option<String>,
    args: Vec<Argument>,
    #[serde(rename = "type")]
    kind: Reference,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Argument {
    name: String,
    #[serde(rename = "type")]
    kind: Reference,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    kind: String,
    name: Option<String>,
    of_type: Option<Box<Reference>>,
}

impl Reference {
    fn is_required(&self) -> bool {
        self.kind == "NON_NULL"
    }

    /// The type below lists and exclamation marks.
    fn base(&self) -> &str {
        match (&self.name, &self.of_type) {
            (Some(name), _) => name,
            (None, Some(inner)) => inner.base(),
            (None, None) => "",
        }
    }

    /// As a document writes it.
    fn text(&self) -> String {
        let inner = || {
            self.of_type
                .as_ref()
                .map(|it| it.text())
                .unwrap_or_default()
        };
        match self.kind.as_str() {
            "NON_NULL" => format!("{}!", inner()),
            "LIST" => format!("[{}]", inner()),
            _ => self.name.clone().unwrap_or_default(),
        }
    }
}

/// A field of `Query` or `Mutation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) is_mutation: bool,
    pub(super) name: String,
    pub(super) description: String,
    field: Field,
}

/// The schema.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    types: BTreeMap<String, Type>,
    /// Queries, then mutations, each in the schema's order.
    pub(super) roots: Vec<Root>,
}

impl Schema {
    /// Reads the answer to [`QUERY`].
    pub(super) fn read(text: &str) -> Option<Self> {
        let told = serde_json::from_str::<Answer>(text).ok()?.data.schema;
        let types = told.types.into_iter().map(|it| (it.name.clone(), it));
        let types: BTreeMap<String, Type> = types.collect();
        let of = |named: &Named, is_mutation| {
            let fields = types.get(&named.name).and_then(|it| it.fields.clone());
            fields
                .unwrap_or_default()
                .into_iter()
                .map(move |field| Root {
                    is_mutation,
                    name: field.name.clone(),
                    description: field.description.clone().unwrap_or_default(),
                    field,
                })
        };
        let mut roots: Vec<Root> = of(&told.query_type, false).collect();
        roots.extend(told.mutation_type.iter().flat_map(|named| of(named, true)));
        Some(Self { types, roots })
    }

    /// An operation that asks for a field, and its variables.
    pub(super) fn operation(&self, root: &Root) -> (String, String) {
        let needed = root.field.args.iter().filter(|arg| arg.kind.is_required());
        let needed: Vec<&Argument> = needed.collect();
        let list = |write: fn(&Argument) -> String| {
            let parts: Vec<String> = needed.iter().map(|arg| write(arg)).collect();
            if parts.is_empty() {
                String::new()
            } else {
                format!("({})", parts.join(", "))
            }
        };
        let declared = list(|arg| format!("${}: {}", arg.name, arg.kind.text()));
        let passed = list(|arg| format!("{0}: ${0}", arg.name));
        let keyword = if root.is_mutation {
            "mutation"
        } else {
            "query"
        };
        let selection = self.selection(root.field.kind.base(), 2, 1);
        let name = capitalized(&root.name);
        let query = format!(
            "{keyword} {name}{declared} {{\n  {}{passed}{selection}\n}}\n",
            root.name
        );
        let values = needed
            .iter()
            .map(|arg| (arg.name.clone(), self.blank(&arg.kind, 3)));
        let values: serde_json::Map<String, serde_json::Value> = values.collect();
        let variables = if values.is_empty() {
            String::new()
        } else {
            serde_json::to_string_pretty(&values).unwrap_or_default()
        };
        (query, variables)
    }

    /// What of a type is asked for: values, and objects down to a depth, but nothing that needs arguments.
    fn selection(&self, name: &str, depth: usize, indent: usize) -> String {
        let Some(it) = self.types.get(name) else {
            return String::new();
        };
        if it.kind == "UNION" {
            return " { __typename }".to_owned();
        }
        let Some(fields) = &it.fields else {
            return String::new();
        };
        let lines: Vec<String> = fields
            .iter()
            .filter(|field| field.args.iter().all(|arg| !arg.kind.is_required()))
            .filter_map(|field| {
                let below = self.types.get(field.kind.base())?;
                if matches!(below.kind.as_str(), "SCALAR" | "ENUM") {
                    return Some(field.name.clone());
                }
                // Pages are for those who ask for them; the rows of the one asked for are its point.
                let is_page = below.name.ends_with("Connection") || below.name.ends_with("Edge");
                let selection = (depth > 0 && !is_page)
                    .then(|| self.selection(&below.name, depth - 1, indent + 1))
                    .filter(|selection| !selection.is_empty())?;
                Some(format!("{}{selection}", field.name))
            })
            .collect();
        if lines.is_empty() {
            return " { __typename }".to_owned();
        }
        let margin = "  ".repeat(indent + 1);
        let end = "  ".repeat(indent);
        format!(
            " {{\n{margin}{}\n{end}}}",
            lines.join(&format!("\n{margin}"))
        )
    }

    /// A value to begin with.
    fn blank(&self, kind: &Reference, depth: usize) -> serde_json::Value {
        use serde_json::{Value, json};
        let inner = if kind.is_required() {
            kind.of_type.as_deref().unwrap_or(kind)
        } else {
            kind
        };
        if inner.kind == "LIST" {
            return json!([]);
        }
        let Some(it) = self.types.get(inner.base()) else {
            return Value::Null;
        };
        if let Some(values) = &it.enum_values {
            return values
                .first()
                .map_or(Value::Null, |first| json!(first.name));
        }
        if let (Some(fields), true) = (&it.input_fields, depth > 0) {
            let needed = fields.iter().filter(|field| field.kind.is_required());
            return needed
                .map(|field| (field.name.clone(), self.blank(&field.kind, depth - 1)))
                .collect::<serde_json::Map<_, _>>()
                .into();
        }
        match it.name.as_str() {
            "Int" | "Float" => json!(0),
            "Boolean" => json!(false),
            _ => json!(""),
        }
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::read(
            r#"{"data": {"__schema": {
                "queryType": {"name": "Query"}, "mutationType": {"name": "Mutation"},
                "types": [
                    {"name": "Query", "kind": "OBJECT", "fields": [
                        {"name": "tags", "description": "Tags", "args": [
                            {"name": "of", "type": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "SCALAR", "name": "ID"}}},
                            {"name": "first", "type": {"kind": "SCALAR", "name": "Int"}}
                        ], "type": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "OBJECT", "name": "TagConnection"}}}
                    ]},
                    {"name": "Mutation", "kind": "OBJECT", "fields": [
                        {"name": "move", "description": null, "args": [
                            {"name": "input", "type": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "INPUT_OBJECT", "name": "MoveInput"}}}
                        ], "type": {"kind": "UNION", "name": "Moved"}}
                    ]},
                    {"name": "TagConnection", "kind": "OBJECT", "fields": [
                        {"name": "nodes", "description": null, "args": [], "type": {"kind": "LIST", "name": null, "ofType": {"kind": "OBJECT", "name": "Tag"}}},
                        {"name": "totalCount", "description": null, "args": [], "type": {"kind": "SCALAR", "name": "Int"}}
                    ]},
                    {"name": "Tag", "kind": "OBJECT", "fields": [
                        {"name": "name", "description": null, "args": [], "type": {"kind": "SCALAR", "name": "String"}},
                        {"name": "others", "description": null, "args": [], "type": {"kind": "OBJECT", "name": "TagConnection"}},
                        {"name": "at", "description": null, "args": [{"name": "when", "type": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "SCALAR", "name": "Int"}}}], "type": {"kind": "SCALAR", "name": "Int"}}
                    ]},
                    {"name": "Moved", "kind": "UNION"},
                    {"name": "MoveInput", "kind": "INPUT_OBJECT", "inputFields": [
                        {"name": "name", "type": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "SCALAR", "name": "String"}}},
                        {"name": "role", "type": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "ENUM", "name": "Role"}}},
                        {"name": "note", "type": {"kind": "SCALAR", "name": "String"}}
                    ]},
                    {"name": "Role", "kind": "ENUM", "enumValues": [{"name": "READ"}, {"name": "WRITE"}]},
                    {"name": "ID", "kind": "SCALAR"}, {"name": "Int", "kind": "SCALAR"}, {"name": "String", "kind": "SCALAR"}
                ]
            }}}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_query_takes_what_it_must_and_asks_for_rows_without_going_in_circles() {
        let schema = schema();
        let (query, variables) = schema.operation(&schema.roots[0]);
        assert_eq!(
            query,
            "query Tags($of: ID!) {\n  tags(of: $of) {\n    nodes {\n      name\n    }\n    totalCount\n  }\n}\n"
        );
        assert_eq!(variables, "{\n  \"of\": \"\"\n}");
    }

    #[test]
    fn a_mutation_begins_with_the_fields_that_its_input_needs() {
        let schema = schema();
        let (query, variables) = schema.operation(&schema.roots[1]);
        assert_eq!(
            query,
            "mutation Move($input: MoveInput!) {\n  move(input: $input) { __typename }\n}\n"
        );
        let variables: serde_json::Value = serde_json::from_str(&variables).unwrap();
        assert_eq!(
            variables,
            serde_json::json!({"input": {"name": "", "role": "READ"}})
        );
    }

    #[test]
    fn what_is_no_schema_gives_nothing() {
        assert!(Schema::read(r#"{"errors": []}"#).is_none());
    }
}
