//! Requests as the guide of the source product shows them, with its answers: files in `tests/contract`,
//! named after the feature. A text in angle brackets stands for any value of that form; everything else is
//! exact, and no field is missing or more.

use std::path::Path;

use berth_services::Settings;
use berth_testkit::{TestImage, TestRegistry};
use serde::Deserialize;
use serde_json::Value;

use crate::api::{ALL_SCOPES, Api, Who, user, with_settings};

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// Images that are there.
    #[serde(default)]
    pushed: Vec<String>,
    /// Requests that went before.
    #[serde(default)]
    given: Vec<Request>,
    request: Request,
    status: u16,
    /// None for an empty body.
    answer: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    body: Option<Value>,
}

impl Request {
    async fn send(&self, api: &Api, who: &Who) -> crate::api::Answer {
        let Self { method, path, body } = self;
        api.call(who, method, path, body.as_ref()).await
    }
}

/// What differs, by its place.
fn differences(place: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (key, value) in expected {
                let place = format!("{place}.{key}");
                match actual.get(key) {
                    Some(actual) => differences(&place, value, actual, found),
                    None => found.push(format!("{place} is missing")),
                }
            }
            let more = actual.keys().filter(|key| !expected.contains_key(*key));
            found.extend(more.map(|key| format!("{place}.{key} is not in the sample")));
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (position, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                differences(&format!("{place}[{position}]"), expected, actual, found);
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
        "<text>" => value.is_string(),
        "<date>" => {
            // Fri, 10 May 2024 15:11:00 -0000
            text.len() == 31 && text.as_bytes()[3] == b',' && text.ends_with(" -0000")
        }
        "<token>" => text.len() == 64 && all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "<password>" => text.len() == 32 && all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "<hash>" => text.len() == 64 && all(hex),
        "<color>" => text.len() == 7 && text.starts_with('#'),
        "<digest>" => text.starts_with("sha256:") && text.len() == 71,
        other => panic!("no form {other}"),
    }
}

async fn check(t: &TestRegistry, name: &str, sample: &Sample) {
    let api = Api::of(t);
    let who = user(t, "quayadmin", ALL_SCOPES).await;
    let owner = t.login("quayadmin", berth_testkit::PASSWORD).await;
    for target in &sample.pushed {
        t.push(&owner, target, &TestImage::new(1)).await;
    }
    for request in &sample.given {
        let answer = request.send(&api, &who).await;
        assert!(
            answer.status < 300,
            "{name}: {}: {}",
            request.path,
            answer.text
        );
    }
    let answer = sample.request.send(&api, &who).await;
    assert_eq!(answer.status, sample.status, "{name}: {}", answer.text);
    match &sample.answer {
        None => assert_eq!(answer.text, "", "{name}"),
        Some(expected) => {
            assert!(answer.text.ends_with('\n'), "{name}");
            let mut found = Vec::new();
            differences("answer", expected, &answer.json(), &mut found);
            assert!(found.is_empty(), "{name}: {found:#?}\n{}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_the_samples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 15, "{}", files.len());
    let mut settings = Settings::default();
    settings.registry.hostname = Some("quay-server.example.com".into());
    settings.users.superusers = Some(vec!["quayadmin".parse().unwrap()]);
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let sample = std::fs::read_to_string(&file).unwrap();
        let sample: Sample =
            serde_json::from_str(&sample).unwrap_or_else(|e| panic!("{name}: {e}"));
        with_settings(settings.clone(), async |t| check(t, &name, &sample).await).await;
    }
}
