//! The list of operations, `routes.txt`: which scope each needs, whether a session must have shown the password lately, by
//! which switches it goes, and which samples of `tests/contract` ask it. What it answers to whom is in `rights.txt`.
//! It is read as a difference; `BERTH_UPDATE_TABLES=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use berth_services::Settings;
use berth_services::settings::Authentication;
use berth_testkit::{Backend, TestRegistry};
use serde_json::Value;

use crate::api::{Api, Who};
use crate::descriptions::operations;

/// Takes a way into the configuration, or opens one.
type Switch = (&'static str, fn(&mut Settings));

/// What takes operations away, by the name in the configuration.
const SWITCHES: [Switch; 7] = [
    ("FEATURE_SUPER_USERS", |settings| {
        settings.users.superusers_enabled = false;
    }),
    ("FEATURE_APP_SPECIFIC_TOKENS", |settings| {
        settings.app_tokens.enabled = false;
    }),
    ("FEATURE_ASSIGN_OAUTH_TOKEN", |settings| {
        settings.oauth.assignments = false;
    }),
    ("FEATURE_DIRECT_LOGIN", |settings| {
        settings.users.direct_login = false;
    }),
    ("FEATURE_USER_CREATION", |settings| {
        settings.users.sign_up = false;
    }),
    ("FEATURE_USER_INITIALIZE", |settings| {
        settings.users.initialize_by_api = false;
    }),
    ("AUTHENTICATION_TYPE", |settings| {
        settings.users.authentication = Authentication::Elsewhere;
    }),
];

/// Everything on.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.users.superusers_enabled = true;
    settings.users.direct_login = true;
    settings.users.sign_up = true;
    settings.users.initialize_by_api = true;
    settings.app_tokens.enabled = true;
    settings.oauth.assignments = true;
    settings
}

/// The operations of a configuration, by verb and path.
async fn described(t: &TestRegistry, settings: &Settings) -> BTreeMap<(String, String), Value> {
    let api = Api::over(&t.replica(settings.clone()));
    let document = api.get(&Who::Nobody, "/discovery?internal=true").await;
    let found = operations(&document.json()).into_iter();
    found
        .map(|(verb, path, operation)| ((verb, path), operation))
        .collect()
}

/// The samples by verb and path, without `/api/v1` and query.
fn samples() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    let files = std::fs::read_dir(folder).unwrap();
    let mut samples: Vec<_> = files
        .map(|file| {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let sample: Value =
                serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let text = |field: &str| sample["request"][field].as_str().unwrap().to_owned();
            let path = text("path");
            let path = path.split('?').next().unwrap_or_default();
            // A field of an answer stands for one word of the path.
            let path = path.replace("{/", "{");
            (name, text("method").to_lowercase(), path)
        })
        .collect();
    samples.sort();
    samples
}

/// How many words of a template are in a path, where it is of that form; the most are meant.
fn fits(template: &str, path: &str) -> Option<usize> {
    let template = template.strip_prefix("/api/v1")?;
    let mut words = 0;
    let mut rest = path.trim_matches('/').split('/');
    for part in template.trim_matches('/').split('/') {
        let given = rest.next()?;
        if part == "{repository}" {
            rest.next()?;
        } else if !part.starts_with('{') {
            if part != given {
                return None;
            }
            words += 1;
        }
    }
    rest.next().is_none().then_some(words)
}

async fn table(t: &TestRegistry) -> String {
    let all = described(t, &settings()).await;
    let mut switches: BTreeMap<&(String, String), BTreeSet<&str>> = BTreeMap::new();
    for (name, off) in SWITCHES {
        let mut settings = settings();
        off(&mut settings);
        let left = described(t, &settings).await;
        for gone in all.keys().filter(|known| !left.contains_key(*known)) {
            switches.entry(gone).or_default().insert(name);
        }
    }
    let mut asked: BTreeMap<&(String, String), Vec<String>> = BTreeMap::new();
    for (name, verb, path) in samples() {
        let known = all.keys().filter(|(of, _)| *of == verb);
        let best = known
            .filter_map(|key| Some((fits(&key.1, &path)?, key)))
            .max_by_key(|(words, _)| *words);
        let (_, key) = best.unwrap_or_else(|| panic!("{name} asks no operation: {verb} {path}"));
        asked.entry(key).or_default().push(name);
    }
    let mut table = format!(
        "{} operations, {} of them with samples: scope | password | switches | samples\n",
        all.len(),
        asked.len()
    );
    for (key, operation) in &all {
        let scope = operation["security"][0]["oauth2_implicit"][0].as_str();
        let password = if operation["x-requires-fresh-login"] == true {
            "fresh"
        } else {
            "-"
        };
        let some = |list: Vec<&str>| {
            if list.is_empty() {
                "-".to_owned()
            } else {
                list.join(", ")
            }
        };
        let by = switches.get(key).into_iter().flatten().copied().collect();
        let by = some(by);
        let samples = asked.get(key).into_iter().flatten();
        let samples = some(samples.map(String::as_str).collect());
        let _ = writeln!(
            table,
            "{:7}{} | {} | {password} | {by} | {samples}",
            key.0.to_uppercase(),
            key.1,
            scope.unwrap_or("-"),
        );
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_the_scope_the_switches_and_the_samples_of_the_list() {
    let t = TestRegistry::on(Backend::Sqlite).await.unwrap();
    let made = table(&t).await;
    t.close().await;
    // Paths that clients know by heart have samples.
    for path in [
        "PUT    /api/v1/organization/{orgname}/robots/{robot_shortname} |",
        "PUT    /api/v1/organization/{orgname}/team/{teamname} |",
        "POST   /api/v1/repository |",
    ] {
        let line = made.lines().find(|line| line.starts_with(path));
        assert!(line.is_some_and(|line| !line.ends_with("| -")), "{path}");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/routes.txt");
    if std::env::var_os("BERTH_UPDATE_TABLES").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        made, kept,
        "read the difference, then BERTH_UPDATE_TABLES=1"
    );
}
