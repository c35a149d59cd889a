//! The sentences of a refused body. Clients show them and some compare them, so they are those of the
//! validator that scripts know, with values as Python writes them.

use serde_json::Value;

/// No more characters of a value are repeated.
const SHOWN_CHARS_MAX: usize = 60;

pub(super) fn missing(name: &str) -> String {
    format!("'{name}' is a required property")
}

pub(super) fn not_of_type(value: &Value, wanted: &str, or_null: bool) -> String {
    let or_null = if or_null { ", 'null'" } else { "" };
    format!("{} is not of type '{wanted}'{or_null}", shown(value))
}

pub(super) fn not_one_of(value: &Value, choices: &[&str]) -> String {
    let choices: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    format!("{} is not one of [{}]", shown(value), choices.join(", "))
}

pub(super) fn too_long(value: &Value) -> String {
    format!("{} is too long", shown(value))
}

pub(super) fn below(value: &Value, least: i64) -> String {
    format!("{} is less than the minimum of {least}", shown(value))
}

/// A value as it is repeated. What is inside of a list or an object is not.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(_) => "[…]".to_owned(),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(_) => "{…}".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    let escaped = short
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    if escaped.contains('\'') && !escaped.contains('"') {
        format!("\"{escaped}\"")
    } else {
        format!("'{}'", escaped.replace('\'', "\\'"))
    }
}
