//! What every operation answers to everybody: a table, `rights.txt`, that is read as a difference. It is made
//! from the description of the API, so a new operation is a new line. `BERTH_UPDATE_TABLES=1` writes it anew.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use berth_domain::{Error, RepositoryRole, TeamRole, Visibility};
use berth_services::Settings;
use berth_services::oauth::Description;
use berth_services::permissions::{RoleChange, TeamRoleChange};
use berth_testkit::{Backend, PASSWORD, TestRegistry};
use serde_json::{Map, Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user};
use crate::descriptions::operations;
use crate::organizations::join;

/// Callers, in the order of the columns. All but the first two ask with a token of every scope, where nothing
/// else is said: members read the repository, writers push to it, `narrow` is the owner with another scope, `reader`
/// sees everything and changes nothing, and `full` is the superuser where superusers reach everything.
const CALLERS: [&str; 10] = [
    "nobody",
    "visitor",
    "stranger",
    "member",
    "writer",
    "narrow",
    "superuser",
    "reader",
    "full",
    "owner",
];

/// What an operation is tried on: everything of it is new, so that no try sees what another one did. Gives the
/// client id of an application.
async fn estate(t: &TestRegistry, organization: &str) -> String {
    let owner = t.login("owner", PASSWORD).await;
    let services = &t.services;
    let name = organization.parse().unwrap();
    services
        .organizations
        .create(&owner, &name, None)
        .await
        .unwrap();
    services
        .robots
        .create(&owner, &name, "ci", "")
        .await
        .unwrap();
    let application = services
        .applications
        .create(&owner, &name, &Description::default())
        .await
        .unwrap();
    let app = "app".parse().unwrap();
    let view = services
        .repositories
        .create(&owner, &name, &app, Visibility::Private, "")
        .await
        .unwrap();
    let role = |account: &str, role| RoleChange {
        account: account.to_owned(),
        role: Some(role),
    };
    let roles = [
        role("member", RepositoryRole::Read),
        role("writer", RepositoryRole::Write),
    ];
    join(t, organization, "member", TeamRole::Member).await;
    let of_teams = [TeamRoleChange {
        team: "of-member".to_owned(),
        role: Some(RepositoryRole::Read),
    }];
    let id = view.repository.id;
    let permissions = &services.permissions;
    permissions
        .set_all(&owner, id, &roles, &of_teams)
        .await
        .unwrap();
    // Everybody has a robot of the own, for the paths that begin at the user.
    for name in [
        "stranger",
        "member",
        "writer",
        "superuser",
        "reader",
        "owner",
    ] {
        let own = t.login(name, PASSWORD).await;
        match services
            .robots
            .create(&own, &name.parse().unwrap(), "ci", "")
            .await
        {
            Ok(_) | Err(Error::AlreadyExists { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    application.client_id
}

/// A value that fits a field; a repository is one that is there, or a new one.
fn value(field: &str, organization: &str, is_there: bool) -> Value {
    let text = match field {
        "name" => format!("{organization}-new"),
        "namespace" => organization.to_owned(),
        "delegate" => return json!({ "name": "of-member", "kind": "team" }),
        "repository" if is_there => "app".to_owned(),
        "repository" => "new".to_owned(),
        "visibility" => "public".to_owned(),
        "role" => "admin".to_owned(),
        "state" => "NORMAL".to_owned(),
        "username" => format!("{organization}-user"),
        "message" => {
            return json!({ "content": "hello", "media_type": "text/plain", "severity": "info" });
        }
        "password" => "not-the-password".to_owned(),
        "expiration" => return Value::Null,
        "redirect_uri" | "application_uri" => "https://app.test/".to_owned(),
        "scope" => "repo:read".to_owned(),
        "kind" => "login".to_owned(),
        _ => "changed".to_owned(),
    };
    text.into()
}

/// The body that an operation asks for: what is required, and the namespace.
fn body(document: &Value, operation: &Value, organization: &str) -> Option<Value> {
    let is_there = operation["operationId"] == "createStar";
    let parameters = operation["parameters"].as_array()?;
    let parameter = parameters
        .iter()
        .find(|parameter| parameter["in"] == "body")?;
    let reference = parameter["schema"]["$ref"].as_str()?;
    let schema = document.pointer(reference.strip_prefix('#')?)?;
    let mut fields = Map::new();
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str()?;
        fields.insert(name.to_owned(), value(name, organization, is_there));
    }
    if schema["properties"].get("namespace").is_some() {
        fields.insert("namespace".to_owned(), organization.into());
    }
    Some(fields.into())
}

fn path(template: &str, organization: &str, is_put: bool) -> String {
    let robot = if is_put { "new" } else { "ci" };
    // Who comes into the team, and who is in it.
    let member = if is_put { "writer" } else { "member" };
    let path = template
        .replace("/api/v1", "")
        .replace("{orgname}", organization)
        .replace("{name}", organization)
        .replace("{namespace}", organization)
        .replace("{repository}", &format!("{organization}/app"))
        .replace(
            "superuser/users/{username}",
            &format!("superuser/users/{organization}-user"),
        )
        .replace("{username}", "member")
        .replace("{teamname}", "of-member")
        .replace("{membername}", member)
        .replace("{email}", "new@users.test")
        .replace("{code}", "not-a-code")
        .replace("{token_uuid}", "7b4f1a2e-0000-4000-8000-000000000000")
        .replace(
            "{access_token_uuid}",
            "7b4f1a2e-0000-4000-8000-000000000000",
        )
        .replace(
            "{assigned_authorization_uuid}",
            "7b4f1a2e-0000-4000-8000-000000000000",
        )
        .replace("{uuid}", "7b4f1a2e-0000-4000-8000-000000000000")
        .replace("{prototypeid}", "7b4f1a2e-0000-4000-8000-000000000000")
        .replace("{kid}", "not-a-kid")
        .replace("{service_id}", "oidc")
        .replace("{prefix}", organization)
        .replace("{error_type}", "not_found");
    path.replace("{robot_shortname}", robot)
}

/// A scope of all that is not the one that an operation needs, nor one that holds it.
fn other_scope(operation: &Value) -> &'static str {
    let needed = operation["security"][0]["oauth2_implicit"][0].as_str();
    match needed.unwrap_or_default() {
        "user:read" | "user:admin" => "repo:admin",
        _ => "user:read",
    }
}

async fn table(t: &TestRegistry) -> String {
    let api = Api::of(t);
    let mut settings = t.services.settings().clone();
    settings.users.superusers_full_access = true;
    let full_api = Api::over(&t.replica(settings));
    let mut tokens = Vec::new();
    for name in [
        "stranger",
        "member",
        "writer",
        "superuser",
        "reader",
        "owner",
    ] {
        tokens.push((name, user(t, name, ALL_SCOPES).await));
    }
    let document = api
        .get(&Who::Nobody, "/discovery?internal=true")
        .await
        .json();
    let callers = CALLERS.map(|name| format!("{name:10}")).join("");
    let mut table = format!("{:86}{}\n", "", callers.trim_end());
    let operations = operations(&document);
    let (count, requests) = (operations.len(), operations.len() * CALLERS.len());
    for (number, (verb, template, operation)) in operations.into_iter().enumerate() {
        let _ = write!(
            table,
            "{:86}",
            format!("{:7}{template}", verb.to_uppercase())
        );
        for caller in CALLERS {
            let organization = format!("org{number}-{caller}");
            let client_id = estate(t, &organization).await;
            let who = match caller {
                "nobody" => Who::Nobody,
                "visitor" => Who::Visitor,
                "narrow" => token(t, "owner", other_scope(&operation)).await,
                // Who ends its account, and is needed for the lines that follow.
                name if template == "/api/v1/user/"
                    && verb == "delete"
                    && !["superuser", "full"].contains(&name) =>
                {
                    user(t, &format!("{organization}-user"), ALL_SCOPES).await
                }
                name => {
                    let name = if name == "full" { "superuser" } else { name };
                    let found = tokens.iter().find(|(known, _)| *known == name);
                    found.unwrap().1.clone()
                }
            };
            let mut path = path(&template, &organization, verb == "put");
            path = path.replace("{client_id}", &client_id);
            if template == "/api/v1/repository" && verb == "get" {
                path = format!("{path}?namespace={organization}");
            }
            if template.starts_with("/api/v1/find/") {
                path = format!("{path}?query={organization}");
            }
            // A name of its own for each new robot of a user, whose robots stay.
            if template.starts_with("/api/v1/user/robots") {
                path = path.replace("/new", &format!("/new-{number}-{caller}"));
            }
            let is_slowed = [
                "/signin",
                "/clientkey",
                "/convert",
                "/recovery",
                "/api/v1/user/",
            ];
            if is_slowed.iter().any(|end| template.ends_with(end)) || template.contains("/signin/")
            {
                // Guesses wait longer and longer, and strangers' accounts, which is not what this is about.
                t.clock.advance(Duration::from_mins(6));
            }
            if template.ends_with("/superuser/users/{username}") {
                t.user(&format!("{organization}-user")).await;
            }
            let body = body(&document, &operation, &organization);
            let verb = verb.to_uppercase();
            let api = if caller == "full" { &full_api } else { &api };
            let answer = api.call(&who, &verb, &path, body.as_ref()).await;
            assert!(answer.status < 500, "{verb} {path}: {}", answer.text);
            let _ = write!(table, "{:<10}", answer.status);
        }
        table = table.trim_end().to_owned();
        table.push('\n');
    }
    format!(
        "{requests} requests: {count} operations, {} callers\n{table}",
        CALLERS.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_everybody_as_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rights.txt");
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["superuser".parse().unwrap()]);
    settings.users.read_only_superusers = vec!["reader".parse().unwrap()];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        let made = table(&t).await;
        t.close().await;
        if std::env::var_os("BERTH_UPDATE_TABLES").is_some() {
            std::fs::write(&file, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            made, kept,
            "{backend:?}: read the difference, then BERTH_UPDATE_TABLES=1"
        );
    }
}
