//! Answers against committed samples. A text in angle brackets stands for any value of that form; everything else is
//! exact, and no field is missing or more.

use serde_json::Value;

/// What of an answer is not as the sample says, by its place below `place`.
pub fn differences(place: &str, expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(place, expected, actual, &mut found);
    found
}

fn compare(place: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (key, value) in expected {
                let place = format!("{place}.{key}");
                match actual.get(key) {
                    Some(actual) => compare(&place, value, actual, found),
                    None => found.push(format!("{place} is missing")),
                }
            }
            let more = actual.keys().filter(|key| !expected.contains_key(*key));
            found.extend(more.map(|key| format!("{place}.{key} is not in the sample")));
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (position, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare(&format!("{place}[{position}]"), expected, actual, found);
            }
        }
        (Value::String(form), actual) if form.starts_with('<') => {
            if !has_form(form, actual) {
                found.push(format!("{place} is {actual}, not {form}"));
            }
        }
        (expected, actual) if expected == actual => {}
        (expected, actual) => found.push(format!("{place} is {actual}, not {expected}")),
    }
}

fn has_form(form: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let all = |test: fn(char) -> bool| text.chars().all(test);
    let hex = |c: char| c.is_ascii_hexdigit();
    match form {
        "<integer>" => value.is_i64(),
        "<number>" => value.is_number(),
        "<text>" => value.is_string(),
        "<date>" => {
            // Fri, 10 May 2024 15:11:00 -0000
            text.len() == 31 && text.as_bytes()[3] == b',' && text.ends_with(" -0000")
        }
        // Fri, 10 May 2024 15:11:00 GMT
        "<gmt>" => text.len() == 29 && text.as_bytes()[3] == b',' && text.ends_with(" GMT"),
        // 2024-05-10T15:11:00Z
        "<second>" => text.len() == 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z'),
        // 2024-05-10T15:11:00.000Z
        "<instant>" => text.len() == 24 && text.as_bytes()[10] == b'T' && text.ends_with('Z'),
        "<token>" => text.len() == 64 && all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "<password>" => text.len() == 32 && all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "<hash>" => text.len() == 64 && all(hex),
        "<color>" => text.len() == 7 && text.starts_with('#'),
        "<digest>" => text.starts_with("sha256:") && text.len() == 71,
        "<jwt>" => {
            let parts: Vec<&str> = text.split('.').collect();
            let is_part = |part: &&str| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            };
            parts.len() == 3 && parts.iter().all(is_part)
        }
        other => panic!("no form {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_named_by_its_place() {
        let sample = json!({ "a": [1, "<integer>"], "b": "<jwt>", "c": null, "d": "x" });
        let same = json!({ "a": [1, 7], "b": "aA1-.b_.c", "c": null, "d": "x" });
        assert_eq!(differences("answer", &sample, &same), Vec::<String>::new());
        let other = json!({ "a": [1, "7"], "b": "a.b", "c": 0, "e": "x" });
        assert_eq!(
            differences("answer", &sample, &other),
            [
                "answer.a[1] is \"7\", not <integer>",
                "answer.b is \"a.b\", not <jwt>",
                "answer.c is 0, not null",
                "answer.d is missing",
                "answer.e is not in the sample",
            ]
        );
        let shorter = json!({ "a": [1], "b": "a.b.c", "c": null, "d": "x" });
        assert_eq!(differences("answer", &sample, &shorter).len(), 1);
    }
}
