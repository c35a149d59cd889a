//! Shapes of request bodies: checked against what came, in the words that scripts know, and shown in the
//! descriptions of the API.

mod refusal;

use serde_json::{Map, Value, json};

/// The shape of a request body: an object with these fields. Unknown fields are ignored.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    /// Under which it is defined in the descriptions.
    pub(crate) name: &'static str,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: &'static str,
    is_required: bool,
    shape: Shape,
}

/// What a field takes.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    description: &'static str,
    kind: Kind,
    takes_null: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Text { longest: Option<usize> },
    Choice(&'static [&'static str]),
    Integer { least: Option<i64> },
    Boolean,
    Object,
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

/// True or false.
pub(crate) const fn boolean(description: &'static str) -> Shape {
    Shape::new(description, Kind::Boolean)
}

/// An object with any fields.
pub(crate) const fn object(description: &'static str) -> Shape {
    Shape::new(description, Kind::Object)
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
        match (&self.kind, value) {
            (Kind::Text { longest }, Value::String(text)) => match longest {
                Some(longest) if text.chars().count() > *longest => Err(refusal::too_long(value)),
                _ => Ok(()),
            },
            (Kind::Choice(choices), value) => {
                let chosen = value.as_str().unwrap_or_default();
                if choices.contains(&chosen) {
                    Ok(())
                } else {
                    Err(refusal::not_one_of(value, choices))
                }
            }
            // What is written as a fraction would not fit the field of any operation.
            (Kind::Integer { least }, Value::Number(number)) if !number.is_f64() => {
                match (least, number.as_i64()) {
                    (Some(least), Some(number)) if number < *least => {
                        Err(refusal::below(value, *least))
                    }
                    _ => Ok(()),
                }
            }
            (Kind::Boolean, Value::Bool(_)) | (Kind::Object, Value::Object(_)) => Ok(()),
            (kind, value) => Err(refusal::not_of_type(value, kind.name(), self.takes_null)),
        }
    }

    /// As JSON Schema; `null` is a type where `with_null_type`, else an extension of Swagger.
    fn document(&self, with_null_type: bool) -> Value {
        let mut document = json!({ "description": self.description });
        let name = self.kind.name();
        document["type"] = match (self.takes_null, with_null_type) {
            (true, true) => json!([name, "null"]),
            _ => json!(name),
        };
        if self.takes_null && !with_null_type {
            document["x-nullable"] = json!(true);
        }
        match &self.kind {
            Kind::Text {
                longest: Some(longest),
            } => document["maxLength"] = json!(longest),
            Kind::Choice(choices) => document["enum"] = json!(choices),
            Kind::Integer { least: Some(least) } => document["minimum"] = json!(least),
            Kind::Text { longest: None }
            | Kind::Integer { least: None }
            | Kind::Boolean
            | Kind::Object => {}
        }
        document
    }
}

impl Kind {
    const fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Choice(_) => "string",
            Self::Integer { .. } => "integer",
            Self::Boolean => "boolean",
            Self::Object => "object",
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
        self.with(name, true, shape)
    }

    /// With a field that may be left out.
    pub(crate) fn optional(self, name: &'static str, shape: Shape) -> Self {
        self.with(name, false, shape)
    }

    fn with(mut self, name: &'static str, is_required: bool, shape: Shape) -> Self {
        self.fields.push(Field {
            name,
            is_required,
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
        let missing = |field: &&Field| field.is_required && !fields.contains_key(field.name);
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

    /// As JSON Schema.
    pub(crate) fn document(&self, with_null_type: bool) -> Value {
        let properties: Map<String, Value> = self
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), field.shape.document(with_null_type)))
            .collect();
        let mut document = json!({ "type": "object", "properties": properties });
        let required: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| field.is_required)
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
}
