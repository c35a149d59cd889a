//! The schema as a promise: committed, described, open to explorers, bounded.

use std::path::Path;

use berth_testkit::db_test;
use serde_json::{Value, json};

use crate::client::{ask, introspect};

#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == berth_graphql::sdl(),
        "graphql/schema.graphql differs from the code; run `cargo xtask gen` and review the difference"
    );
}

/// What the specification itself defines has no words of ours.
fn is_ours(described: &Value) -> bool {
    let name = described["name"].as_str().unwrap_or_default();
    !name.starts_with("__") && !["Boolean", "Float", "ID", "Int", "String"].contains(&name)
}

fn undescribed(within: &str, value: &Value, missing: &mut Vec<String>) {
    let name = format!("{within}{}", value["name"].as_str().unwrap_or_default());
    if value["description"].as_str().is_none_or(str::is_empty) {
        missing.push(name.clone());
    }
    for list in ["fields", "inputFields", "enumValues", "args"] {
        for part in value[list].as_array().into_iter().flatten() {
            undescribed(&format!("{name}."), part, missing);
        }
    }
}

db_test!(
    async fn an_explorer_may_read_the_schema_and_finds_a_description_everywhere(t: TestRegistry) {
        let types = introspect(t).await;
        let mut missing = Vec::new();
        for described in types.iter().filter(|described| is_ours(described)) {
            undescribed("", described, &mut missing);
        }
        assert_eq!(missing, Vec::<String>::new());
    }
);

/// The type that lists and what may not be null are made of.
fn named(kind: &Value) -> &str {
    match kind["name"].as_str() {
        Some(name) => name,
        None => named(&kind["ofType"]),
    }
}

db_test!(
    async fn what_is_secret_is_told_by_what_makes_it_and_by_no_other_field(t: TestRegistry) {
        let words = [
            "secret", "token", "password", "private", "code", "csrf", "hash",
        ];
        let mut told = Vec::new();
        for object in introspect(t).await.iter().filter(|kind| is_ours(kind)) {
            for field in object["fields"].as_array().into_iter().flatten() {
                let name = field["name"].as_str().unwrap();
                let is_text = named(&field["type"]) == "String";
                if is_text && words.iter().any(|word| name.to_lowercase().contains(word)) {
                    told.push(format!("{}.{name}", object["name"].as_str().unwrap()));
                }
            }
        }
        told.sort();
        assert_eq!(
            told,
            [
                // Of a picture, which everybody sees.
                "Avatar.hash",
                "CreateAppTokenPayload.token",
                "CreateApplicationPayload.clientSecret",
                "CreateApplicationTokenPayload.token",
                "CreateServiceKeyPayload.privateKey",
                "CreateUserPayload.encryptedPassword",
                "CreateUserPayload.password",
                "GenerateEncryptedPasswordPayload.encryptedPassword",
                "ResetApplicationSecretPayload.clientSecret",
                // For who administers the robot, each reading logged.
                "RobotCredentials.token",
            ]
        );
    }
);

db_test!(
    async fn the_limits_are_shown_and_kept(t: TestRegistry) {
        let nobody = t.anonymous();
        let query =
            "{ registry { hostname limits { pageSize depth complexity aliases documentBytes } } }";
        let shown = ask(t, &nobody, query, json!({})).await.data();
        assert_eq!(shown["registry"]["limits"]["pageSize"], 100);
        assert_eq!(shown["registry"]["hostname"], "reg.test");
        let cases = [
            (
                "{ repositories(first: 101) { nodes { id } } }",
                "INVALID_INPUT",
                "INVALID_INPUT",
            ),
            (
                "{ repositories(first: 100) { nodes { tags(first: 100) { nodes { id } } } } }",
                "TOO_COMPLEX",
                "COMPLEXITY",
            ),
            ("{ nowhere }", "INVALID_INPUT", "DOCUMENT_INVALID"),
            ("{ registry { ", "INVALID_INPUT", "DOCUMENT_INVALID"),
        ];
        for (query, code, reason) in cases {
            let answer = ask(t, &nobody, query, json!({})).await;
            assert_eq!(answer.refused("code"), Some(code), "{query}");
            assert_eq!(answer.refused("reason"), Some(reason), "{query}");
        }
        let bomb = "{a".repeat(100_000);
        let answer = ask(t, &nobody, &bomb, json!({})).await;
        assert_eq!(answer.refused("reason"), Some("DEPTH"));
    }
);
