//! The configuration as a whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::database::DatabaseUri;
use super::*;

fn parse(text: &str) -> Loaded {
    Loaded::parse(Some((Path::new("berth.yaml"), text)), [])
}

fn with_variables(variables: &[(&str, &str)]) -> Loaded {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Loaded::parse(None, variables.iter().map(owned))
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_at_all_is_a_valid_configuration() {
    let loaded = parse("");
    assert_eq!(shown(&loaded.problems), [""; 0]);
    assert_eq!(shown(&loaded.advice), [""; 0]);
    assert!(!loaded.config.is_scaled_out());
    assert_eq!(loaded.config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        loaded.config.server.drain_timeout.0,
        Duration::from_secs(30)
    );
    assert_eq!(loaded.config.registry.maximum_layer_size.0, 20 << 30);
}

#[test]
fn every_key_is_declared_once() {
    let mut names: Vec<_> = all_keys().iter().map(|spec| spec.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_default_is_accepted_when_written_out() {
    for spec in all_keys() {
        let Some(default) = spec.default.filter(|default| !default.contains('…')) else {
            continue;
        };
        let loaded = parse(&format!("{}: {default}\n", spec.name));
        assert_eq!(shown(&loaded.problems), [""; 0], "{}", spec.name);
        assert!(loaded.set.contains_key(spec.name), "{}", spec.name);
    }
}

#[test]
fn the_documented_shape_for_replicas_is_accepted() {
    let page = reference();
    let text = page
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let loaded = parse(text.expect("the example"));
    assert_eq!(shown(&loaded.problems), [""; 0]);
    assert_eq!(shown(&loaded.advice), [""; 0]);
    assert!(loaded.config.is_scaled_out());
    let place = loaded.config.storage_place().expect("a place");
    let bucket = place.s3_config(1).expect("a bucket");
    assert_eq!(bucket.bucket, "berth");
}

#[test]
fn an_unknown_key_names_the_nearest_known_one_with_file_and_line() {
    let loaded = parse("ROBOTS_DISALLOW: true\nFEATURE_QUOTA_MANAGMENT: true\nsuper-users: [a1]\n");
    assert_eq!(
        shown(&loaded.problems),
        [
            "berth.yaml:2: `FEATURE_QUOTA_MANAGMENT`: no such key; the nearest known one is `FEATURE_QUOTA_MANAGEMENT`",
            "berth.yaml:3: `super-users`: no such key; the nearest known one is `SUPER_USERS`",
        ]
    );
}

#[test]
fn every_mistake_is_found_at_once() {
    let text = "\
SERVER_HOSTNAME: https://registry.example.com
SESSION_TIMEOUT: 31
MAXIMUM_LAYER_SIZE: 20GB
DB_URI: mysql://root:hunter2@db/quay
SUPER_USERS:
  - admin
  - Not A Name
FEATURE_USER_CREATION: perhaps
DISTRIBUTED_STORAGE_CONFIG:
  default: [S3Storage, {s3_bucket: b, s3_key: k}]
REGISTRY_STATE: readOnly
";
    let problems = shown(&parse(text).problems);
    let starts = [
        "berth.yaml:1: `SERVER_HOSTNAME`: ",
        "berth.yaml:2: `SESSION_TIMEOUT`: `31` is no duration",
        "berth.yaml:3: `MAXIMUM_LAYER_SIZE`: `20GB` is no size",
        "berth.yaml:4: `DB_URI`: `mysql` databases are not supported",
        "berth.yaml:7: `SUPER_USERS`: Invalid namespace",
        "berth.yaml:8: `FEATURE_USER_CREATION`: invalid boolean",
        "berth.yaml:10: `DISTRIBUTED_STORAGE_CONFIG`: unknown field `s3_key`",
        "berth.yaml:11: `REGISTRY_STATE`: `readOnly` is not accepted",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn text_that_is_no_mapping_is_told_with_file_and_line() {
    let loaded = parse("SUPER_USERS: [admin\nDB_URI: x\n");
    let problems = shown(&loaded.problems);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("berth.yaml:"), "{problems:?}");
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem() {
    let loaded = Loaded::read(Some(Path::new("/nonexistent/berth.yaml")), []);
    let problems = shown(&loaded.problems);
    assert!(
        problems[0].starts_with("/nonexistent/berth.yaml: the configuration file cannot be read")
    );
}

#[test]
fn a_variable_goes_before_the_file() {
    let file = (
        Path::new("berth.yaml"),
        "ROBOTS_DISALLOW: true\nSUPER_USERS: [first]\n",
    );
    let variables = [
        ("BERTH_SUPER_USERS", "[second, third]"),
        ("BERTH_DATABASE_SECRET_KEY", "0123456789012345"),
        ("BERTH_DB_URI", "sqlite:////srv/berth.db"),
        ("PATH", "/bin"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let loaded = Loaded::parse(Some(file), variables);
    assert_eq!(shown(&loaded.problems), [""; 0]);
    let config = loaded.config;
    assert!(config.tokens.robots_disallow);
    let names = ["second", "third"].map(|name| name.parse().expect("a name"));
    assert_eq!(config.superusers.names.as_deref(), Some(&names[..]));
    assert_eq!(
        config.database.uri,
        Some(DatabaseUri::Sqlite(PathBuf::from("/srv/berth.db")))
    );
    let key = config.database.secret_key.expect("a key");
    assert_eq!(key.expose(), "0123456789012345");
}

#[test]
fn a_wrong_variable_is_named() {
    let loaded = with_variables(&[("BERTH_V2_PAGINATION_SIZE", "many")]);
    assert_eq!(
        shown(&loaded.problems),
        ["environment BERTH_V2_PAGINATION_SIZE: `V2_PAGINATION_SIZE`: invalid u32"]
    );
}

#[test]
fn a_misspelt_variable_is_refused_and_a_foreign_one_is_not() {
    let loaded = with_variables(&[
        ("BERTH_SUPERUSERS", "[admin]"),
        ("BERTH_CONFIG", "berth.yaml"),
        ("BERTH_SERVICE_HOST", "10.0.0.1"),
        ("BERTH_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ]);
    assert_eq!(
        shown(&loaded.problems),
        [
            "environment BERTH_SUPERUSERS: `SUPERUSERS`: no such key; the nearest known one is `SUPER_USERS`"
        ]
    );
    assert_eq!(loaded.advice.len(), 2);
}

#[test]
fn replicas_need_a_sealing_key() {
    let bucket = "DISTRIBUTED_STORAGE_CONFIG: {a: [S3Storage, {s3_bucket: b, s3_access_key: k, s3_secret_key: s}]}";
    for (text, is_refused) in [
        ("DB_URI: postgresql://berth@db/berth", true),
        (bucket, true),
        ("DB_URI: sqlite:///berth.db", false),
        (
            "DISTRIBUTED_STORAGE_CONFIG: {a: [LocalStorage, {storage_path: /srv}]}",
            false,
        ),
    ] {
        let keys: Vec<_> = parse(text)
            .problems
            .into_iter()
            .filter_map(|p| p.key)
            .collect();
        let expected = if is_refused {
            vec!["DATABASE_SECRET_KEY".to_owned()]
        } else {
            vec![]
        };
        assert_eq!(keys, expected, "{text}");
        let text = format!("{text}\nDATABASE_SECRET_KEY: a long random text\n");
        assert_eq!(shown(&parse(&text).problems), [""; 0], "{text}");
    }
}

#[test]
fn values_that_do_not_fit_together_are_refused() {
    let two = "DISTRIBUTED_STORAGE_CONFIG: {a: [LocalStorage, {storage_path: /a}], b: [LocalStorage, {storage_path: /b}]}";
    for (text, key) in [
        ("AUTHENTICATION_TYPE: LDAP", "AUTHENTICATION_TYPE"),
        ("DATABASE_POOL_SIZE: 0", "DATABASE_POOL_SIZE"),
        ("DATABASE_SECRET_KEY: short", "DATABASE_SECRET_KEY"),
        (
            "STORAGE_REDIRECT: true\nFEATURE_PROXY_STORAGE: true",
            "STORAGE_REDIRECT",
        ),
        (
            "DISTRIBUTED_STORAGE_PREFERENCE: [a]",
            "DISTRIBUTED_STORAGE_PREFERENCE",
        ),
        (two, "DISTRIBUTED_STORAGE_PREFERENCE"),
        ("ROBOTS_WHITELIST: [robot]", "ROBOTS_WHITELIST"),
        ("LOG_LEVEL: 'berth=loud'", "LOG_LEVEL"),
        ("STORAGE_PART_BUFFERS: 0", "STORAGE_PART_BUFFERS"),
        ("TRUSTED_PROXIES: [proxy]", "TRUSTED_PROXIES"),
        ("LIBRARY_NAMESPACE: L", "LIBRARY_NAMESPACE"),
    ] {
        let keys: Vec<_> = parse(text)
            .problems
            .into_iter()
            .filter_map(|p| p.key)
            .collect();
        assert_eq!(keys, [key], "{text}");
    }
}

#[test]
fn the_preferred_place_is_the_one_that_is_used() {
    let loaded = parse(
        "DISTRIBUTED_STORAGE_CONFIG: {a: [LocalStorage, {storage_path: /a}], b: [LocalStorage, {storage_path: /b}]}\nDISTRIBUTED_STORAGE_PREFERENCE: [b, a]\n",
    );
    let Some(storage::Place::Local(options)) = loaded.config.storage_place() else {
        panic!("{loaded:?}");
    };
    assert_eq!(options.storage_path, PathBuf::from("/b"));
}

#[test]
fn keys_without_effect_are_checked_and_told() {
    let loaded = parse(
        "BUILDLOGS_REDIS: {host: redis, port: 6379}\nFEATURE_REPO_MIRROR: true\nEXAMPLE_LOGIN_CONFIG: {CLIENT_ID: x}\nSUPER_USERS: [admin]\nMAIL_PORT: many\n",
    );
    assert_eq!(loaded.without_effect(State::Never), ["BUILDLOGS_REDIS"]);
    assert_eq!(
        loaded.without_effect(State::Later),
        ["EXAMPLE_LOGIN_CONFIG", "FEATURE_REPO_MIRROR"]
    );
    assert_eq!(
        shown(&loaded.problems),
        ["berth.yaml:5: `MAIL_PORT`: invalid u16"]
    );
}

#[test]
fn secrets_are_never_printed() {
    let loaded = parse(
        "DATABASE_SECRET_KEY: hunter2hunter2hunter2\nDB_URI: postgresql://berth:hunter2@db/berth\nMAIL_PASSWORD: [hunter2]\nDISTRIBUTED_STORAGE_CONFIG: {a: [S3Storage, {s3_bucket: b, s3_access_key: k, s3_secret_key: hunter2}]}\n",
    );
    let printed = format!("{loaded:?} {:?}", shown(&loaded.problems));
    assert!(!printed.contains("hunter2"), "{printed}");
    assert_eq!(
        shown(&loaded.problems),
        ["berth.yaml:3: `MAIL_PASSWORD`: expected secret text"]
    );
}

#[test]
fn the_committed_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == reference(),
        "docs/configuration.md differs from the declared keys; write it with `berth config-reference`"
    );
}

#[test]
fn what_superusers_see_has_every_value_and_no_secret() {
    let text = "DB_URI: postgresql://berth:hunter2-database@db.example/berth\n\
        DATABASE_SECRET_KEY: hunter2-hunter2-sealing\n\
        MAIL_PASSWORD: hunter2-mail\n\
        SECRET_KEY: hunter2-session\n\
        SUPER_USERS: [admin]\n\
        SESSION_TIMEOUT: 2d\n\
        V2_PAGINATION_SIZE: 20\n\
        ROBOTS_DISALLOW: true\n\
        DISTRIBUTED_STORAGE_CONFIG:\n  one: [S3Storage, {s3_bucket: berth, s3_access_key: hunter2-access, \
        s3_secret_key: hunter2-s3, endpoint_url: 'https://ann:hunter2-url@s3.example/'}]\n  \
        two: [RadosGWStorage, {hostname: gw.example, access_key: hunter2-gw, secret_key: hunter2-gw-2, \
        bucket_name: berth}]\n";
    let dump = parse(text).config.dump();
    let shown = format!("{dump:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let values = &dump.values;
    for (key, value) in [
        ("DB_URI", json!("postgresql://db.example/berth")),
        ("DATABASE_SECRET_KEY", json!("********** (23)")),
        ("MAIL_PASSWORD", json!("********** (12)")),
        ("MAIL_USERNAME", json!(null)),
        ("SUPER_USERS", json!(["admin"])),
        ("SESSION_TIMEOUT", json!("2d")),
        ("V2_PAGINATION_SIZE", json!(20)),
        ("ROBOTS_DISALLOW", json!(true)),
        ("REGISTRY_STATE", json!("normal")),
    ] {
        assert_eq!(values.get(key), Some(&value), "{key}");
    }
    let place = &values["DISTRIBUTED_STORAGE_CONFIG"]["one"];
    assert_eq!(place[0], "S3Storage");
    assert_eq!(place[1]["s3_secret_key"], "********** (10)");
    assert_eq!(place[1]["endpoint_url"], "https://s3.example/");
    let working = all_keys();
    let working = working.iter().filter(|key| key.state == State::Works);
    for key in working {
        assert!(values.contains_key(key.name), "{}", key.name);
    }
    assert_eq!(dump.schema.len(), all_keys().len());
}
