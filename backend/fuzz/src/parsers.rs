//! Parsers that need nothing around them.

use std::fmt::{Debug, Display};
use std::path::Path;
use std::str::FromStr;

use berth_distribution::parsers::scopes;
use berth_domain::{
    Digest, Email, Manifest, MediaType, Namespace, Reference, RepositoryName, RepositoryPath,
    RobotName, Scopes, TagName,
};
use berth_server::config::Loaded;

/// Reads a text as `T`; what is accepted reads back from what it writes.
fn round_trip<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    let Ok(value) = text.parse::<T>() else { return };
    let written = value.to_string();
    let again = written.parse::<T>();
    assert!(
        again.is_ok_and(|again| again == value),
        "`{text}` was read and written as `{written}`, which is not the same"
    );
}

/// Names, references, digests, media types and scopes, those of tokens and those that clients ask tokens for.
pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    round_trip::<Namespace>(text);
    round_trip::<RepositoryName>(text);
    round_trip::<RepositoryPath>(text);
    round_trip::<TagName>(text);
    round_trip::<RobotName>(text);
    round_trip::<Email>(text);
    round_trip::<Reference>(text);
    round_trip::<Digest>(text);
    round_trip::<MediaType>(text);
    round_trip::<Scopes>(text);
    asked_scopes(text);
}

/// Scopes that a client asks for: they are full names of repositories that read back, and a refusal names the field or
/// the name.
fn asked_scopes(text: &str) {
    let library: Namespace = "library".parse().expect("a namespace");
    let read = |text: &str| scopes([text].into_iter(), "reg.test:5000", Some(&library));
    let asked = match read(text) {
        Ok(asked) => asked,
        Err(error) => {
            let is_clear = match error.code() {
                "INVALID_INPUT" => error.field() == Some("scope"),
                code => code == "REPOSITORY_NAME_INVALID",
            };
            assert!(is_clear, "`{text}`: {error}");
            return;
        }
    };
    for scope in &asked {
        let path = scope.name.strip_prefix("reg.test:5000/");
        let path = path.unwrap_or(&scope.name).parse::<RepositoryPath>();
        assert!(scope.kind == "registry" || path.is_ok(), "{scope:?}");
    }
    let written: Vec<_> = asked
        .iter()
        .map(|scope| format!("{}:{}:{}", scope.kind, scope.name, scope.actions.join(",")))
        .collect();
    assert_eq!(read(&written.join(" ")).ok(), Some(asked), "`{text}`");
}

/// Manifests and indexes: the first line is the `Content-Type`, empty for none, the rest the body.
pub fn manifest(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (head, body) = bytes.split_at(end.unwrap_or(0));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let Ok(content_type) = std::str::from_utf8(head) else {
        return;
    };
    let content_type = Some(content_type).filter(|text| !text.is_empty());
    let Ok(manifest) = Manifest::parse(body, content_type) else {
        return;
    };
    let named = manifest.layers.len() + manifest.children.len();
    assert!(named <= Manifest::DESCRIPTORS_MAX);
    assert!(manifest.required_blobs().count() <= named + 1);
    // It is stored under this type and read with it again.
    let stored = Manifest::parse(body, Some(manifest.media_type.as_str()));
    assert_eq!(stored.ok(), Some(manifest));
}

/// The configuration file.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let loaded = Loaded::parse(Some((Path::new("berth.yaml"), text)), []);
    for problem in loaded.problems.iter().chain(&loaded.advice) {
        assert!(!problem.message.is_empty(), "a problem says what it is");
    }
}
