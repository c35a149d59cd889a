//! Rows as text for other programs.

use serde_json::{Map, Value};

/// Comma-separated values as RFC 4180 has them, headings first. A text that a spreadsheet would take
/// for a formula gets a `'` in front.
pub(super) fn csv(columns: &[&str], rows: &[Vec<Value>]) -> String {
    let heading = columns.iter().map(|key| quoted(key)).collect::<Vec<_>>();
    let lines = rows.iter().map(|row| {
        let cells: Vec<String> = row.iter().map(cell).collect();
        cells.join(",")
    });
    let mut text = heading.join(",");
    for line in lines {
        text.push_str("\r\n");
        text.push_str(&line);
    }
    text.push_str("\r\n");
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            quoted(&format!("'{text}"))
        }
        Value::String(text) => quoted(text),
        Value::Array(parts) => {
            let parts: Vec<String> = parts.iter().map(plain).collect();
            quoted(&parts.join(" "))
        }
        other => other.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A list of objects.
pub(super) fn json(columns: &[&str], rows: &[Vec<Value>]) -> String {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let fields = columns
                .iter()
                .zip(row)
                .map(|(key, value)| ((*key).to_owned(), value.clone()));
            Value::Object(fields.collect::<Map<_, _>>())
        })
        .collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default()
}

/// A document with its variables as a comment, so that it can be pasted into an explorer.
pub(super) fn operation(document: &str, variables: &str) -> String {
    let mut text = format!("{}\n\n# Variables:\n", document.trim());
    for line in variables.lines() {
        text.extend(["# ", line, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn csv_quotes_what_needs_it_and_defuses_formulas() {
        let rows = [
            vec![
                json!("a,b"),
                json!(12),
                json!(["linux/amd64", "linux/arm64"]),
            ],
            vec![json!("say \"hi\""), json!(null), json!("=1+1")],
            vec![json!("two\nlines"), json!(true), json!("-x, y")],
        ];
        assert_eq!(
            csv(&["name", "size", "kinds"], &rows),
            "name,size,kinds\r\n\"a,b\",12,linux/amd64 linux/arm64\r\n\"say \"\"hi\"\"\",,'=1+1\r\n\
             \"two\nlines\",true,\"'-x, y\"\r\n"
        );
        assert_eq!(csv(&["name"], &[]), "name\r\n");
    }

    #[test]
    fn json_names_each_value() {
        let text = json(&["name", "size"], &[vec![json!("a"), json!(null)]]);
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, json!([{ "name": "a", "size": null }]));
    }

    #[test]
    fn an_operation_carries_its_variables_as_a_comment() {
        assert_eq!(
            operation("query Q { a }\n", "{\n  \"first\": 20\n}"),
            "query Q { a }\n\n# Variables:\n# {\n#   \"first\": 20\n# }\n"
        );
    }
}
