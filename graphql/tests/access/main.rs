//! Every field of the schema as nobody, as a stranger and as the owner. The table is generated from
//! the schema, so a new field is a new line; it is committed and reviewed as a difference. What is
//! private differs for strangers in nothing from what is not there: not in the answer, and not in the
//! statements that it takes. In a file of its own, since it records what its process sends.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../it/client.rs"]
mod client;

mod asked;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use berth_domain::Visibility;
use berth_services::Actor;
use berth_testkit::{Backend, TestRegistry, path_of, recorder};
use serde_json::{Value, json};

use crate::asked::{Estate, call, change, fields};
use crate::client::{Answer, ask, introspect};

/// What came back, in a word.
fn outcome(answer: &Answer, path: &[&str]) -> String {
    if let Some(code) = answer.refused("code") {
        return code.to_owned();
    }
    let value = path
        .iter()
        .fold(&answer.0["data"], |value, key| &value[*key]);
    match value.get("nodes").unwrap_or(value) {
        Value::Null => "null",
        Value::Array(list) if list.iter().all(Value::is_null) => "empty",
        _ => "value",
    }
    .to_owned()
}

/// A field of the schema as it is asked for at an estate.
struct Asked {
    /// Type and field.
    name: String,
    document: String,
    variables: Value,
    /// Where the field's value is in the answer.
    path: Vec<String>,
    /// Whether the owner may be asked too: other tests change things as the owner.
    is_read: bool,
}

/// Everything that can be asked about an estate.
fn asks(types: &[Value], estate: &Estate) -> Vec<Asked> {
    let mut asks = Vec::new();
    let mut read = |kind: &str, name: &str, document, path: &[&str]| {
        asks.push(Asked {
            name: format!("{kind}.{name}"),
            document,
            variables: json!({}),
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            is_read: true,
        });
    };
    for field in fields(types, "Query") {
        let name = field["name"].as_str().unwrap();
        let query = format!("{{ {} }}", call(field, estate));
        read("Query", name, query, &[name]);
    }
    for (kind, id) in estate.nodes() {
        for field in fields(types, kind) {
            let name = field["name"].as_str().unwrap();
            let query = format!(
                "{{ node(id: {id}) {{ ... on {kind} {{ {} }} }} }}",
                call(field, estate)
            );
            read(kind, name, query, &["node", name]);
        }
    }
    for field in fields(types, "Mutation") {
        let name = field["name"].as_str().unwrap();
        let (document, variables) = change(types, field, estate);
        asks.push(Asked {
            name: format!("Mutation.{name}"),
            document,
            variables,
            path: vec![name.to_owned()],
            is_read: false,
        });
    }
    asks
}

/// Asks, and tells what there is to see for who asked: the answer without names, and the statements.
async fn seen(t: &TestRegistry, actor: &Actor, estate: &Estate, asked: &Asked) -> (String, String) {
    // What was tried before is forgotten.
    t.clock.advance(Duration::from_hours(2));
    let variables = asked.variables.clone();
    let (answer, statements) = recorder::record(ask(t, actor, &asked.document, variables)).await;
    let mut told = answer.0.to_string().replace(&estate.kind, "KIND");
    for statement in statements {
        // Some ids are written into statements.
        let general = statement.sql.split(|c: char| c.is_ascii_digit());
        told.extend(["\n", &general.collect::<String>()]);
    }
    let is_hidden = asked.path.len() > 1
        && answer.refused("code").is_none()
        && answer.0["data"]["node"].is_null();
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let word = if is_hidden {
        "hidden".to_owned()
    } else {
        outcome(&answer, &path)
    };
    (word, told)
}

/// What each field answers to whom, on a database that is there.
async fn table(backend: Backend) -> Option<String> {
    recorder::install();
    let t = TestRegistry::on(backend).await?;
    let (owner, stranger, nobody) = (t.user("ann").await, t.user("bob").await, t.anonymous());
    let private = Estate::new(&t, &owner, "private", Visibility::Private).await;
    let public = Estate::new(&t, &owner, "public", Visibility::Public).await;
    let absent = Estate::absent();
    let types = introspect(&t).await;
    let [of_private, of_public, of_absent] =
        [&private, &public, &absent].map(|estate| asks(&types, estate));
    let (mut table, mut count, mut shown) = (String::new(), 0, String::new());
    for (estate, asks) in [(&private, of_private), (&public, of_public)] {
        for (asked, absent_asked) in asks.iter().zip(&of_absent) {
            let mut cells = Vec::new();
            for actor in [&nobody, &stranger] {
                let (word, told) = seen(&t, actor, estate, asked).await;
                count += 1;
                if estate.kind == "private" {
                    let (_, other) = seen(&t, actor, &absent, absent_asked).await;
                    count += 1;
                    if told != other {
                        let _ = writeln!(shown, "{}\n  {told}\n  {other}", asked.name);
                    }
                }
                cells.push(word);
            }
            cells.push(if asked.is_read {
                count += 1;
                seen(&t, &owner, estate, asked).await.0
            } else {
                "-".to_owned()
            });
            let _ = writeln!(
                table,
                "{} {} | {}",
                estate.kind,
                asked.name,
                cells.join(" | ")
            );
        }
    }
    let seen = t
        .services
        .repositories
        .by_path(&stranger, &path_of("public-org/app"))
        .await;
    assert!(
        !seen.unwrap().can_administer,
        "no call of a stranger gave it a right"
    );
    t.close().await;
    assert!(
        shown.is_empty(),
        "what is private differs from what is not there:\n{shown}"
    );
    Some(format!(
        "field, asked {count} times in all | nobody | stranger | owner\n{table}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_answers_nobody_and_strangers_as_the_reviewed_table_says() {
    let (sqlite, postgres) = (table(Backend::Sqlite).await, table(Backend::Postgres).await);
    let table = sqlite.expect("SQLite needs nothing");
    if let Some(postgres) = postgres {
        for (sqlite, postgres) in table.lines().zip(postgres.lines()) {
            assert_eq!(sqlite, postgres, "both databases answer alike");
        }
        assert_eq!(table.lines().count(), postgres.lines().count());
    }
    for line in table.lines().filter(|line| line.starts_with("private ")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let of_object = !line.contains("Query.") && !line.contains("Mutation.");
        let of_the_user = line.contains(" User.");
        if of_object && !of_the_user {
            assert_eq!(
                cells[1..3],
                ["hidden", "hidden"],
                "what is private is hidden: {line}"
            );
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access/access.txt");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != table && std::env::var_os("BERTH_UPDATE_TABLES").is_some() {
        std::fs::write(&path, &table).unwrap();
        return;
    }
    for (committed, found) in committed.lines().zip(table.lines()) {
        assert_eq!(
            committed, found,
            "review it, then run with BERTH_UPDATE_TABLES=1"
        );
    }
    assert_eq!(
        committed.lines().count(),
        table.lines().count(),
        "run with BERTH_UPDATE_TABLES=1"
    );
}
