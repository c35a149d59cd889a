//! Every field of the schema as nobody, as a stranger and as the owner. The table is generated from
//! the schema, so a new field is a new line; it is committed and reviewed as a difference. What is
//! private differs for strangers in nothing from what is not there: not in the answer, and not in the
//! statements that it takes. In a file of its own, since it records what its process sends.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../it/client.rs"]
mod client;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use berth_domain::{Digest, Visibility};
use berth_services::Actor;
use berth_services::oauth::Description;
use berth_testkit::{Backend, TestImage, TestRegistry, path_of, recorder};
use serde_json::{Value, json};

use crate::client::{Answer, ask, introspect};

/// What the owner has, in private or in public.
struct Estate {
    kind: &'static str,
    organization: String,
    repository_name: String,
    repository: Value,
    robot: Value,
    tag: Value,
    manifest: Value,
    digest: String,
    user: Value,
    namespace: Value,
    client_id: String,
}

impl Estate {
    async fn new(t: &TestRegistry, owner: &Actor, kind: &'static str) -> Self {
        let organization = format!("{kind}-org");
        let services = &t.services;
        let name = organization.parse().unwrap();
        let email = "owners@acme.test".parse().unwrap();
        services
            .organizations
            .create(owner, &name, Some(&email))
            .await
            .unwrap();
        let visibility = kind.parse::<Visibility>().unwrap();
        let repository_name: String = "app".into();
        let parsed = repository_name.parse().unwrap();
        services
            .repositories
            .create(owner, &name, &parsed, visibility, "")
            .await
            .unwrap();
        services
            .robots
            .create(owner, &name, "ci", "")
            .await
            .unwrap();
        let applications = &services.applications;
        let application = applications
            .create(owner, &name, &Description::default())
            .await
            .unwrap();
        let digest = t
            .push(owner, &format!("{organization}/app:1"), &TestImage::new(1))
            .await;
        let query = "query ($n: String!) { viewer { user { id } } namespace(name: $n) { id robots { nodes { id } } \
             repositories { nodes { id tag(name: \"1\") { id manifest { id } } } } } }";
        let data = ask(t, owner, query, json!({ "n": organization }))
            .await
            .data();
        let repository = &data["namespace"]["repositories"]["nodes"][0];
        Self {
            kind,
            repository: repository["id"].clone(),
            tag: repository["tag"]["id"].clone(),
            manifest: repository["tag"]["manifest"]["id"].clone(),
            robot: data["namespace"]["robots"]["nodes"][0]["id"].clone(),
            user: data["viewer"]["user"]["id"].clone(),
            namespace: data["namespace"]["id"].clone(),
            digest: digest.to_string(),
            client_id: application.client_id,
            organization,
            repository_name,
        }
    }

    /// What nobody has; its names are as long as those of what is private.
    fn absent() -> Self {
        let id = |letter: &str| json!(BASE64_URL_SAFE_NO_PAD.encode(format!("{letter}987654")));
        Self {
            kind: "nowhere",
            organization: "nowhere-org".into(),
            repository_name: "app".into(),
            repository: id("R"),
            robot: id("B"),
            tag: id("T"),
            manifest: id("M"),
            digest: Digest::of(b"nowhere").to_string(),
            user: id("U"),
            namespace: id("O"),
            client_id: "X".repeat(20),
        }
    }

    /// The value of an argument or input field, by its name; of a mutation on robots `id` is one.
    fn value(&self, field: &str, of: &str) -> Value {
        let target = if of.contains("obot") {
            &self.robot
        } else {
            &self.repository
        };
        match field {
            "id" if of.ends_with("User") || of == "setUserPassword" => self.user.clone(),
            "id" if of.ends_with("Organization") || of == "takeOwnership" => self.namespace.clone(),
            "id" if of == "revokeSession" => json!(BASE64_URL_SAFE_NO_PAD.encode("S987654")),
            "id" => target.clone(),
            "ids" if of == "deleteOrganizations" => json!([self.namespace]),
            "ids" if of == "restoreTags" => json!([self.tag]),
            "ids" => json!([target]),
            "repository" => self.repository.clone(),
            "namespace" | "organization" => json!(self.organization),
            "clientId" => json!(self.client_id),
            "redirectUri" => json!("http://reg.test/oauth/localapp"),
            "scope" => json!("repo:read"),
            "responseType" => json!("TOKEN"),
            "homepage" | "redirectPrefix" => json!(""),
            "name" if of == "updateOrganization" => json!(self.organization),
            "tagExpirationSeconds" => json!(0),
            "name" if of == "namespace" => json!(self.organization),
            "name" if of == "renameOrganization" => json!("renamed-org"),
            "name" if of == "tag" => json!("1"),
            "name" if of == "createOrganization" => json!(format!("new-{}", self.kind)),
            "name" if of == "createRepository" => json!("new"),
            "name" => json!(self.repository_name),
            "names" => json!(["1"]),
            "digest" => json!(self.digest),
            "shortName" => json!("evil"),
            "visibility" => json!("PUBLIC"),
            "description" | "content" => json!("mine now"),
            "permissions" => json!([{ "account": "bob", "role": "ADMIN" }]),
            // Nobody takes it, so the next who asks is told that it is taken.
            "username" if of == "signUp" => json!(format!("user-{}", self.kind)),
            "adminUser" | "username" => json!("mallory"),
            "email" if of != "signUp" && of != "createOrganization" => json!("m@mallory.test"),
            "code" => json!("not-a-code"),
            "title" => json!("laptop"),
            "uuid" => json!("b9c4ad5c-0000-4000-8000-000000000000"),
            "severity" => json!("INFO"),
            "mediaType" => json!("PLAIN"),
            "service" => json!("scanner"),
            "dismissed" => json!(true),
            "kid" => json!("not-a-kid"),
            "password" | "currentPassword" | "newPassword" | "adminPassword" => {
                json!("not-the-password")
            }
            _ => Value::Null,
        }
    }
}

/// The named type of a field, without lists and non-null.
fn named(mut shape: &Value) -> &Value {
    while !shape["ofType"].is_null() {
        shape = &shape["ofType"];
    }
    shape
}

fn selection(field: &Value) -> &'static str {
    let shape = named(&field["type"]);
    match (shape["kind"].as_str(), shape["name"].as_str()) {
        (Some("SCALAR" | "ENUM"), _) => "",
        (_, Some(name)) if name.ends_with("Connection") => "{ nodes { __typename } }",
        _ => "{ __typename }",
    }
}

fn is_required(argument: &Value) -> bool {
    argument["type"]["kind"] == "NON_NULL"
}

/// The call of a field with the arguments that it needs.
fn call(field: &Value, estate: &Estate) -> String {
    let name = field["name"].as_str().unwrap();
    let arguments: Vec<String> = field["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|argument| is_required(argument))
        .map(|argument| {
            let argument = argument["name"].as_str().unwrap();
            format!("{argument}: {}", estate.value(argument, name))
        })
        .collect();
    let arguments = if arguments.is_empty() {
        String::new()
    } else {
        format!("({})", arguments.join(", "))
    };
    format!("{name}{arguments} {}", selection(field))
}

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

fn fields<'a>(types: &'a [Value], name: &str) -> &'a [Value] {
    let found = types
        .iter()
        .find(|described| described["name"] == name)
        .unwrap();
    found["fields"].as_array().unwrap()
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
    let nodes = [
        ("User", &estate.user),
        ("Organization", &estate.namespace),
        ("Robot", &estate.robot),
        ("Repository", &estate.repository),
        ("Tag", &estate.tag),
        ("ImageManifest", &estate.manifest),
    ];
    for (kind, id) in nodes {
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
        let input = named(&field["args"][0]["type"])["name"].as_str();
        let (head, argument, variables) = match input {
            None => (String::new(), String::new(), json!({})),
            Some(input) => {
                let mut described = types.iter();
                let described = described.find(|kind| kind["name"] == input).unwrap();
                let parts = described["inputFields"].as_array().unwrap().iter();
                let value: serde_json::Map<String, Value> = parts
                    .map(|part| {
                        let part = part["name"].as_str().unwrap();
                        (part.to_owned(), estate.value(part, name))
                    })
                    .collect();
                (
                    format!("($input: {input}!)"),
                    "(input: $input)".to_owned(),
                    json!({ "input": value }),
                )
            }
        };
        asks.push(Asked {
            name: format!("Mutation.{name}"),
            document: format!("mutation {head} {{ {name}{argument} {{ __typename }} }}"),
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
    let mut told = answer.0.to_string().replace(estate.kind, "KIND");
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
    let private = Estate::new(&t, &owner, "private").await;
    let public = Estate::new(&t, &owner, "public").await;
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
