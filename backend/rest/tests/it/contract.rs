//! Requests as scripts for the source product send them, with its answers: files in `tests/contract`,
//! named after the feature.

use std::collections::BTreeMap;
use std::path::Path;

use berth_services::Settings;
use berth_testkit::contract::differences;
use berth_testkit::{TestImage, TestRegistry, with_mail};
use serde::Deserialize;
use serde_json::Value;

use crate::api::{ALL_SCOPES, Api, Who, user, with_settings};

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    /// Whether mail is sent.
    #[serde(default)]
    mailing: bool,
    /// Whether there are to be no robots.
    #[serde(default)]
    robots_disallowed: bool,
    /// Images that are there.
    #[serde(default)]
    pushed: Vec<String>,
    /// Requests that went before. A field of their answers stands in a later path as `{field}`.
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
    async fn send(&self, api: &Api, who: &Who, known: &Known) -> crate::api::Answer {
        let Self { method, path, body } = self;
        let path = known.iter().fold(path.clone(), |path, (field, text)| {
            path.replace(&format!("{{{field}}}"), text)
        });
        api.call(who, method, &path, body.as_ref()).await
    }
}

/// Texts of the answers so far, by their fields.
type Known = BTreeMap<String, String>;

fn learn(known: &mut Known, answer: &Value) {
    for (field, value) in answer.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => {
                known.insert(field.clone(), text.clone());
            }
            inner => learn(known, inner),
        }
    }
}

async fn check(t: &TestRegistry, name: &str, sample: &Sample) {
    let api = Api::of(t);
    let who = user(t, "quayadmin", ALL_SCOPES).await;
    let owner = t.login("quayadmin", berth_testkit::PASSWORD).await;
    for target in &sample.pushed {
        t.push(&owner, target, &TestImage::new(1)).await;
    }
    let mut known = Known::new();
    for request in &sample.given {
        let answer = request.send(&api, &who, &known).await;
        assert!(
            answer.status < 300,
            "{name}: {}: {}",
            request.path,
            answer.text
        );
        learn(
            &mut known,
            &serde_json::from_str(&answer.text).unwrap_or_default(),
        );
    }
    let answer = sample.request.send(&api, &who, &known).await;
    assert_eq!(answer.status, sample.status, "{name}: {}", answer.text);
    match &sample.answer {
        None => assert_eq!(answer.text, "", "{name}"),
        Some(expected) => {
            assert!(answer.text.ends_with('\n'), "{name}");
            let found = differences("answer", expected, &answer.json());
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
    assert!(files.len() > 50, "{}", files.len());
    let mut settings = Settings::default();
    settings.registry.hostname = Some("quay-server.example.com".into());
    settings.users.superusers = Some(vec!["quayadmin".parse().unwrap()]);
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let sample = std::fs::read_to_string(&file).unwrap();
        let sample: Sample =
            serde_json::from_str(&sample).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut settings = settings.clone();
        settings.robots.disallowed = sample.robots_disallowed;
        if sample.mailing {
            with_mail(settings, async |t, _| check(t, &name, &sample).await).await;
        } else {
            with_settings(settings, async |t| check(t, &name, &sample).await).await;
        }
    }
}
