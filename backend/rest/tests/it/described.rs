//! Whether the descriptions say who has to be known: they are held against the table of rights. Where they say
//! nothing, clients that are made from them send no token.

use std::path::Path;

use berth_testkit::db_test;
use serde_json::{Value, json};

use crate::api::{Api, Who};
use crate::descriptions::operations;

/// What an operation answers to each caller.
fn answers<'a>(table: &'a str, verb: &str, path: &str) -> Vec<&'a str> {
    let words = |line: &'a str| line.split_whitespace().collect::<Vec<_>>();
    let mut rows = table.lines().map(words);
    let named = |row: &Vec<&str>| row.len() > 2 && row[0] == verb.to_uppercase() && row[1] == path;
    let row = rows.find(named);
    row.unwrap_or_else(|| panic!("no row for {verb} {path}"))
        .split_off(2)
}

db_test!(
    async fn an_operation_asks_to_sign_in_where_its_description_says_so(t: TestRegistry) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rights.txt");
        let table = std::fs::read_to_string(file).unwrap();
        // The first line counts, the second names the callers.
        let callers: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        let visitor = callers.iter().position(|name| *name == "visitor").unwrap();
        let api = Api::of(t);
        for path in ["/openapi.json?internal=true", "/discovery?internal=true"] {
            let document = api.get(&Who::Nobody, path).await.json();
            let (mut open, mut closed) = (0, 0);
            for (verb, path, operation) in operations(&document) {
                let answers = answers(&table, &verb, &path);
                let nobody = json!({});
                match &operation["security"] {
                    Value::Null => {
                        open += 1;
                        assert!(!answers.contains(&"401"), "{verb} {path}: {answers:?}");
                    }
                    // Swagger has no word for what everybody may see of what is public.
                    ways if document["swagger"].is_null()
                        && !ways.as_array().unwrap().contains(&nobody) =>
                    {
                        closed += 1;
                        assert_eq!(answers[visitor], "401", "{verb} {path}: {answers:?}");
                    }
                    _ => {}
                }
            }
            assert!(open > 5, "{open}");
            assert!(closed > 50 || document["openapi"].is_null(), "{closed}");
        }
    }
);

db_test!(
    async fn what_superusers_change_nobody_else_even_tries(t: TestRegistry) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rights.txt");
        let table = std::fs::read_to_string(file).unwrap();
        // The first line counts, the second names the callers.
        let callers: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        let document = Api::of(t)
            .get(&Who::Nobody, "/discovery?internal=true")
            .await
            .json();
        let mut found = 0;
        for (verb, path, operation) in operations(&document) {
            let needed = json!([{ "oauth2_implicit": ["super:user"] }]);
            if verb == "get" || operation["security"] != needed {
                continue;
            }
            found += 1;
            for (caller, status) in callers.iter().zip(answers(&table, &verb, &path)) {
                let is_let_in = !["401", "403"].contains(&status);
                let is_superuser = ["superuser", "full"].contains(caller);
                assert_eq!(is_let_in, is_superuser, "{verb} {path}: {caller} {status}");
            }
        }
        assert!(found > 8, "{found}");
    }
);

db_test!(
    async fn what_superusers_read_is_described_with_their_scope(t: TestRegistry) {
        let api = Api::of(t);
        let document = api
            .get(&Who::Nobody, "/discovery?internal=true")
            .await
            .json();
        let mut found = 0;
        for (verb, path, operation) in operations(&document) {
            // Whether the registry is set up is no secret.
            if !path.contains("/superuser/") || path.ends_with("/registrystatus") {
                continue;
            }
            found += 1;
            let needed = json!([{ "oauth2_implicit": ["super:user"] }]);
            assert_eq!(operation["security"], needed, "{verb} {path}");
        }
        assert!(found > 15, "{found}");
    }
);

db_test!(
    async fn an_object_in_a_body_is_described_with_its_fields(t: TestRegistry) {
        let api = Api::of(t);
        let document = api.get(&Who::Nobody, "/discovery").await.json();
        let definitions = &document["definitions"];
        assert_eq!(
            definitions["CreateMessage"],
            json!({
                "type": "object",
                "required": ["message"],
                "properties": { "message": { "$ref": "#/definitions/Message" } },
            })
        );
        let message = &definitions["Message"];
        assert_eq!(
            message["required"],
            json!(["content", "media_type", "severity"])
        );
        assert_eq!(
            message["properties"]["severity"]["enum"],
            json!(["info", "warning", "error"])
        );
    }
);
