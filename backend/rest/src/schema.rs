//! Shapes of bodies and answers: bodies are checked against them, in the words that scripts know, answers only
//! in tests, and the descriptions of the API show both.

mod refusal;

use serde_json::{Map, Value, json};

/// How a shape is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Swagger 2.0: that something may be null is an extension.
    Swagger,
    /// OpenAPI 3.1: null is a type.
    OpenApi,
}

impl Dialect {
    /// Stands for a schema that is defined elsewhere in the document.
    pub(crate) fn reference(self, name: &str) -> Value {
        let place = match self {
            Self::Swagger => "#/definitions",
            Self::OpenApi => "#/components/schemas",
        };
        json!({ "$ref": format!("{place}/{name}") })
    }
}

/// The shape of a body or an answer: an object with these fields. Unknown fields of bodies are ignored.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    /// Under which it is defined in the descriptions.
    pub(crate) name: &'static str,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: &'static str,
    presence: Presence,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    /// Clients of Swagger take what is required for something that is never null.
    Nullable,
    Optional,
}

/// What a field takes, or an operation gives.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    description: &'static str,
    kind: Kind,
    takes_null: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Text {
        longest: Option<usize>,
    },
    Choice(&'static [&'static str]),
    Integer {
        least: Option<i64>,
    },
    /// One that may have a fraction.
    Number,
    Boolean,
    Object,
    Named(Schema),
    List(Box<Self>),
    /// An object whose fields have any names, with values of one kind.
    ByName(Box<Self>),
}

/// A text.
pub(crate) const fn text(description: &'static str) -> Shape {
    Shape::new(description, Kind::Text { longest: None })
}

/// A text of at most so many characters.
pub(crate) const fn short_text(longest: usize, description: &'static str) -> Shape {
    let longest = Some(longest);
    Shape::new(description, Kind::Text { longest })
}

/// One of these texts.
pub(crate) const fn choice(choices: &'static [&'static str], description: &'static str) -> Shape {
    Shape::new(description, Kind::Choice(choices))
}

/// A whole number that is not below another.
pub(crate) const fn integer_from(least: i64, description: &'static str) -> Shape {
    Shape::new(description, Kind::Integer { least: Some(least) })
}

/// A number with or without a fraction.
pub(crate) const fn number(description: &'static str) -> Shape {
    Shape::new(description, Kind::Number)
}

/// True or false.
pub(crate) const fn boolean(description: &'static str) -> Shape {
    Shape::new(description, Kind::Boolean)
}

/// An object with any fields.
pub(crate) const fn object(description: &'static str) -> Shape {
    Shape::new(description, Kind::Object)
}

/// Any number of texts.
pub(crate) fn texts(description: &'static str) -> Shape {
    let item = Box::new(Kind::Text { longest: None });
    Shape::new(description, Kind::List(item))
}

/// Any number of objects with any fields.
pub(crate) fn objects(description: &'static str) -> Shape {
    Shape::new(description, Kind::List(Box::new(Kind::Object)))
}

/// Any number of objects of one shape.
pub(crate) fn list(schema: Schema, description: &'static str) -> Shape {
    let item = Box::new(Kind::Named(schema));
    Shape::new(description, Kind::List(item))
}

/// An object that holds objects of one shape, each under its name.
pub(crate) fn by_name(schema: Schema, description: &'static str) -> Shape {
    let item = Box::new(Kind::Named(schema));
    Shape::new(description, Kind::ByName(item))
}

impl From<Schema> for Shape {
    /// What stands for it in the descriptions has no room for a text beside its name.
    fn from(schema: Schema) -> Self {
        Self::new("", Kind::Named(schema))
    }
}

impl Shape {
    const fn new(description: &'static str, kind: Kind) -> Self {
        Self {
            description,
            kind,
            takes_null: false,
        }
    }

    /// Takes null as well.
    pub(crate) const fn or_null(mut self) -> Self {
        self.takes_null = true;
        self
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        if value.is_null() && self.takes_null {
            return Ok(());
        }
        self.kind.check(value, self.takes_null)
    }

    /// Passes an answer that is all of this shape.
    ///
    /// # Errors
    /// What is missing, of another kind, or not described.
    pub(crate) fn describes(&self, answer: &Value) -> Result<(), String> {
        self.check(answer)?;
        match self.kind.stranger(answer) {
            Some(field) => Err(format!("'{field}' is not described")),
            None => Ok(()),
        }
    }

    /// As JSON Schema.
    pub(crate) fn document(&self, dialect: Dialect) -> Value {
        let mut document = self.kind.document(dialect);
        if matches!(self.kind, Kind::Named(_)) {
            return document;
        }
        document["description"] = json!(self.description);
        match (self.takes_null, dialect) {
            (true, Dialect::Swagger) => document["x-nullable"] = json!(true),
            (true, Dialect::OpenApi) => document["type"] = json!([self.kind.name(), "null"]),
            (false, _) => {}
        }
        document
    }

    /// Adds the schemas that it refers to.
    pub(crate) fn define(&self, dialect: Dialect, definitions: &mut Map<String, Value>) {
        self.kind.define(dialect, definitions);
    }
}

impl Kind {
    const fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Choice(_) => "string",
            Self::Integer { .. } => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object | Self::Named(_) | Self::ByName(_) => "object",
            Self::List(_) => "array",
        }
    }

    fn check(&self, value: &Value, or_null: bool) -> Result<(), String> {
        match (self, value) {
            (Self::Text { longest }, Value::String(text)) => match longest {
                Some(longest) if text.chars().count() > *longest => Err(refusal::too_long(value)),
                _ => Ok(()),
            },
            (Self::Choice(choices), value) => {
                let chosen = value.as_str().unwrap_or_default();
                if choices.contains(&chosen) {
                    Ok(())
                } else {
                    Err(refusal::not_one_of(value, choices))
                }
            }
            // What is written as a fraction would not fit the field of any operation.
            (Self::Integer { least }, Value::Number(number)) if !number.is_f64() => {
                match (least, number.as_i64()) {
                    (Some(least), Some(number)) if number < *least => {
                        Err(refusal::below(value, *least))
                    }
                    _ => Ok(()),
                }
            }
            (Self::Number, Value::Number(_))
            | (Self::Boolean, Value::Bool(_))
            | (Self::Object, Value::Object(_)) => Ok(()),
            (Self::Named(schema), value) => schema.check(value),
            (Self::List(item), Value::Array(items)) => {
                items.iter().try_for_each(|value| item.check(value, false))
            }
            (Self::ByName(item), Value::Object(fields)) => {
                let mut values = fields.values();
                values.try_for_each(|value| item.check(value, false))
            }
            (kind, value) => Err(refusal::not_of_type(value, kind.name(), or_null)),
        }
    }

    /// A field that a value has and the shape does not.
    fn stranger<'a>(&self, value: &'a Value) -> Option<&'a str> {
        match (self, value) {
            (Self::Named(schema), Value::Object(fields)) => {
                fields.iter().find_map(|(name, value)| {
                    let mut known = schema.fields.iter();
                    match known.find(|field| field.name == name) {
                        Some(field) => field.shape.kind.stranger(value),
                        None => Some(name.as_str()),
                    }
                })
            }
            (Self::List(item), Value::Array(items)) => {
                items.iter().find_map(|value| item.stranger(value))
            }
            (Self::ByName(item), Value::Object(fields)) => {
                fields.values().find_map(|value| item.stranger(value))
            }
            _ => None,
        }
    }

    fn document(&self, dialect: Dialect) -> Value {
        let mut document = json!({ "type": self.name() });
        match self {
            Self::Named(schema) => return dialect.reference(schema.name),
            Self::Text { longest } => {
                if let Some(longest) = longest {
                    document["maxLength"] = json!(longest);
                }
            }
            Self::Choice(choices) => document["enum"] = json!(choices),
            Self::Integer { least } => {
                // Some generators take 32 bits otherwise.
                document["format"] = json!("int64");
                if let Some(least) = least {
                    document["minimum"] = json!(least);
                }
            }
            Self::List(item) => document["items"] = item.document(dialect),
            Self::ByName(item) => document["additionalProperties"] = item.document(dialect),
            Self::Number => document["format"] = json!("double"),
            Self::Boolean | Self::Object => {}
        }
        document
    }

    fn define(&self, dialect: Dialect, definitions: &mut Map<String, Value>) {
        match self {
            Self::Named(schema) => schema.define(dialect, definitions),
            Self::List(item) | Self::ByName(item) => item.define(dialect, definitions),
            _ => {}
        }
    }
}

impl Schema {
    /// An object without fields so far.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            fields: Vec::new(),
        }
    }

    /// With a field that has to be there.
    pub(crate) fn required(self, name: &'static str, shape: Shape) -> Self {
        self.with(name, Presence::Required, shape)
    }

    /// With a field that is there in every answer, and may be null.
    pub(crate) fn nullable(self, name: &'static str, shape: Shape) -> Self {
        self.with(name, Presence::Nullable, shape.or_null())
    }

    /// With a field that may be left out.
    pub(crate) fn optional(self, name: &'static str, shape: Shape) -> Self {
        self.with(name, Presence::Optional, shape)
    }

    fn with(mut self, name: &'static str, presence: Presence, shape: Shape) -> Self {
        self.fields.push(Field {
            name,
            presence,
            shape,
        });
        self
    }

    /// Passes what has this shape.
    ///
    /// # Errors
    /// What is wrong, in one line: what is missing first, then what is of the wrong kind.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        let Value::Object(fields) = value else {
            return Err(refusal::not_of_type(value, "object", false));
        };
        let missing = |field: &&Field| {
            field.presence != Presence::Optional && !fields.contains_key(field.name)
        };
        if let Some(field) = self.fields.iter().find(missing) {
            return Err(refusal::missing(field.name));
        }
        for field in &self.fields {
            if let Some(value) = fields.get(field.name) {
                field.shape.check(value)?;
            }
        }
        Ok(())
    }

    /// Adds itself and the schemas that it refers to.
    pub(crate) fn define(&self, dialect: Dialect, definitions: &mut Map<String, Value>) {
        for field in &self.fields {
            field.shape.define(dialect, definitions);
        }
        let document = self.document(dialect);
        let other = definitions.insert(self.name.to_owned(), document.clone());
        debug_assert!(
            other.is_none_or(|other| other == document),
            "two shapes are named {}",
            self.name
        );
    }

    fn document(&self, dialect: Dialect) -> Value {
        let properties: Map<String, Value> = self
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), field.shape.document(dialect)))
            .collect();
        let mut document = json!({ "type": "object", "properties": properties });
        let required: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| match field.presence {
                Presence::Required => true,
                Presence::Nullable => dialect == Dialect::OpenApi,
                Presence::Optional => false,
            })
            .map(|field| field.name)
            .collect();
        // An empty list is not allowed there.
        if !required.is_empty() {
            document["required"] = json!(required);
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(value: &Value) -> String {
        let schema = Schema::new("Test")
            .required("name", text("A name"))
            .optional("note", short_text(3, "A note").or_null())
            .optional("role", choice(&["read", "write"], "A role"))
            .optional("seconds", integer_from(0, "A time"))
            .optional("on", boolean("A switch"))
            .optional("more", object("More"));
        schema.check(value).err().unwrap_or_default()
    }

    #[test]
    fn refusals_name_the_field_or_the_value_in_the_words_of_json_schema() {
        for (value, says) in [
            (json!({}), "'name' is a required property"),
            (json!({ "role": 1 }), "'name' is a required property"),
            (json!(null), "None is not of type 'object'"),
            (json!([]), "[] is not of type 'object'"),
            (json!({ "name": 5 }), "5 is not of type 'string'"),
            (json!({ "name": null }), "None is not of type 'string'"),
            (json!({ "name": true }), "True is not of type 'string'"),
            (
                json!({ "name": "n", "note": 1.5 }),
                "1.5 is not of type 'string', 'null'",
            ),
            (json!({ "name": "n", "note": "long" }), "'long' is too long"),
            (
                json!({ "name": "n", "role": "x" }),
                "'x' is not one of ['read', 'write']",
            ),
            (
                json!({ "name": "n", "role": null }),
                "None is not one of ['read', 'write']",
            ),
            (
                json!({ "name": "n", "seconds": -1 }),
                "-1 is less than the minimum of 0",
            ),
            (
                json!({ "name": "n", "seconds": "1" }),
                "'1' is not of type 'integer'",
            ),
            (
                json!({ "name": "n", "seconds": true }),
                "True is not of type 'integer'",
            ),
            (
                json!({ "name": "n", "seconds": 1e300 }),
                "1e+300 is not of type 'integer'",
            ),
            (
                json!({ "name": "n", "on": 0 }),
                "0 is not of type 'boolean'",
            ),
            (
                json!({ "name": "n", "more": "it's" }),
                "\"it's\" is not of type 'object'",
            ),
        ] {
            assert_eq!(refused(&value), says, "{value}");
        }
    }

    #[test]
    fn what_fits_passes_and_unknown_fields_are_nobodys_business() {
        for value in [
            json!({ "name": "n", "note": null, "role": "read", "seconds": 1, "on": true, "more": {} }),
            json!({ "name": "", "unknown": [1] }),
        ] {
            assert_eq!(refused(&value), "");
        }
    }

    #[test]
    fn a_refusal_repeats_no_more_of_a_long_value_than_a_line_takes() {
        let long = "x".repeat(10_000);
        assert!(refused(&json!({ "name": "n", "role": long })).len() < 200);
        assert!(refused(&json!({ "name": [long] })).len() < 200);
    }

    #[test]
    fn an_answer_is_described_when_nothing_is_missing_and_nothing_more_is_there() {
        let item = || Schema::new("Item").required("name", text("A name"));
        let answer: Shape = Schema::new("Answer")
            .required("items", list(item(), "Some"))
            .optional("tags", by_name(item(), "By name"))
            .into();
        for (value, says) in [
            (json!({ "items": [] }), Ok(())),
            (
                json!({ "items": [{ "name": "a" }], "tags": { "b": { "name": "b" } } }),
                Ok(()),
            ),
            (json!({}), Err("'items' is a required property")),
            (json!({ "items": {} }), Err("{} is not of type 'array'")),
            (
                json!({ "items": [{}] }),
                Err("'name' is a required property"),
            ),
            (
                json!({ "items": [{ "name": "a", "age": 1 }] }),
                Err("'age' is not described"),
            ),
            (
                json!({ "items": [], "tags": { "b": { "name": "b", "size": 1 } } }),
                Err("'size' is not described"),
            ),
            (
                json!({ "items": [], "page": 1 }),
                Err("'page' is not described"),
            ),
        ] {
            let found = answer.describes(&value);
            assert_eq!(found, says.map_err(str::to_owned), "{value}");
        }
    }

    #[test]
    fn both_dialects_define_what_a_shape_refers_to() {
        let item = Schema::new("Item").nullable("size", integer_from(0, "Bytes"));
        let answer = Schema::new("Answer").required("items", list(item, "Some"));
        for (dialect, reference, required, size) in [
            (
                Dialect::Swagger,
                "#/definitions/Item",
                Value::Null,
                json!({ "type": "integer", "format": "int64", "minimum": 0, "x-nullable": true, "description": "Bytes" }),
            ),
            (
                Dialect::OpenApi,
                "#/components/schemas/Item",
                json!(["size"]),
                json!({ "type": ["integer", "null"], "format": "int64", "minimum": 0, "description": "Bytes" }),
            ),
        ] {
            let mut definitions = Map::new();
            answer.define(dialect, &mut definitions);
            assert_eq!(definitions["Item"]["required"], required);
            assert_eq!(definitions["Item"]["properties"]["size"], size);
            assert_eq!(
                definitions["Answer"]["properties"]["items"],
                json!({ "type": "array", "items": { "$ref": reference }, "description": "Some" })
            );
        }
    }
}
