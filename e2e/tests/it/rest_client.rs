//! A client of the REST API that a public generator makes from the registry's own description (X4).

use std::sync::{Arc, Weak};

use berth_e2e::command::Run;
use berth_e2e::harness::Scenario;
use berth_e2e::image::write;
use berth_e2e::random;
use berth_e2e::scenarios;
use berth_e2e::world::World;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![a_generated_client_drives_the_registry];

/// What the program is made of, beside the client.
const SOURCES: [(&str, &str); 3] = [
    ("main.go", include_str!("rest_client/main.go")),
    ("go.mod", include_str!("rest_client/go.mod")),
    ("go.sum", include_str!("rest_client/go.sum")),
];

/// A program that uses the client, compiled.
struct Program {
    folder: TempDir,
    description: Value,
}

impl Program {
    /// Made anew, or the one that the other shape uses at the moment: both describe the same API.
    async fn of(world: &World) -> Arc<Self> {
        static SHARED: Mutex<Weak<Program>> = Mutex::const_new(Weak::new());
        let description = description(world).await;
        let mut shared = SHARED.lock().await;
        if let Some(program) = shared.upgrade() {
            for part in ["paths", "definitions"] {
                assert_eq!(program.description[part], description[part]);
            }
            return program;
        }
        let program = Arc::new(Self::make(description).await);
        *shared = Arc::downgrade(&program);
        program
    }

    async fn make(description: Value) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("berth-client-")
            .tempdir()
            .expect("a temporary folder");
        let run = |program: &str| {
            // The home folder is the user's, where Go keeps modules and what it has compiled.
            Run::new(program)
                .current_dir(folder.path())
                .env("CGO_ENABLED", "0")
        };
        for (name, text) in SOURCES {
            write(&folder.path().join(name), text.as_bytes());
        }
        let text = description.to_string();
        write(&folder.path().join("discovery.json"), text.as_bytes());
        let said = run("swagger")
            .args(["validate", "discovery.json"])
            .finish()
            .await;
        assert!(
            said.stderr.contains("is valid") && !said.stderr.contains("WARNING"),
            "{said}"
        );
        run("swagger")
            .args(["generate", "client", "--quiet", "--spec", "discovery.json"])
            .ok()
            .await;
        run("go").args(["build", "-o", "program", "."]).ok().await;
        Self {
            folder,
            description,
        }
    }

    /// What it says after it did its part in `organization`.
    async fn run(
        &self,
        part: &str,
        world: &World,
        tokens: &[String; 2],
        organization: &str,
    ) -> Value {
        let said = Run::new(self.folder.path().join("program"))
            .args([part, &world.url()])
            .args(tokens)
            .arg(organization)
            .ok()
            .await;
        serde_json::from_str(&said).expect("the program prints JSON")
    }
}

/// The description that the registry gives.
async fn description(world: &World) -> Value {
    let url = format!("{}/api/v1/discovery", world.url());
    let answer = world.http.get(url).send().await;
    let text = answer.expect("the server answers").text().await;
    serde_json::from_str(&text.expect("the answer is text")).expect("the description is JSON")
}

/// An access token of the first user with these scopes, by an application of a new organization.
async fn token(world: &World, scope: &str) -> String {
    let organization = world.organization().await;
    let input = json!({ "organization": organization, "name": "Script" });
    let made = world
        .graphql
        .mutate("createApplication", input, "application { clientId }")
        .await;
    let client_id = &made["application"]["clientId"];
    let input = json!({ "clientId": client_id, "name": "script", "scope": scope });
    let made = world
        .graphql
        .mutate("createApplicationToken", input, "token")
        .await;
    let token = made["token"].as_str();
    token.expect("a new token has a text").to_owned()
}

/// What is there of an organization: its address, robots and repositories.
async fn seen(world: &World, organization: &str) -> Value {
    let query = "query ($name: String!) { namespace(name: $name) { ... on Organization { email
        robots(first: 5) { nodes { name description credentials { token } } }
        repositories(first: 5) { nodes { path description visibility permissions { account role } } } } } }";
    let variables = json!({ "name": organization });
    world.graphql.data(query, variables).await["namespace"].take()
}

async fn a_generated_client_drives_the_registry(world: World) {
    let program = Program::of(&world).await;
    let all = "user:admin org:admin repo:create repo:admin";
    let tokens = [token(&world, all).await, token(&world, "repo:read").await];
    let organization = random::name("org");
    let refused = |kind: &str, status: u16, error_type: &str, detail: &str| {
        let link = format!("{}/api/v1/error/{error_type}", world.url());
        json!({
            "type": kind,
            "body": {
                "status": status, "type": link, "title": error_type, "error_type": error_type,
                "detail": detail, "error_message": detail,
            },
        })
    };

    let said = program.run("create", &world, &tokens, &organization).await;
    assert_eq!(said["self"]["username"], json!(world.admin.name));
    assert_eq!(said["created"], "Created");
    assert_eq!(
        said["again"],
        refused(
            "*organization.CreateOrganizationBadRequest",
            400,
            "invalid_request",
            "A user or organization with this name already exists"
        )
    );
    assert_eq!(
        said["outOfScope"],
        refused(
            "*organization.CreateOrganizationForbidden",
            403,
            "insufficient_scope",
            "Unauthorized"
        )
    );
    assert_eq!(
        said["unknownToken"],
        refused(
            "*organization.CreateOrganizationUnauthorized",
            401,
            "invalid_token",
            "Requires authentication"
        )
    );
    assert_eq!(said["organization"]["name"], json!(organization));
    assert_eq!(said["organization"]["is_admin"], true);
    assert_eq!(said["robot"]["name"], format!("{organization}+ci"));
    assert_eq!(said["sameToken"], true);
    assert_eq!(
        said["noRobot"],
        json!({
            "type": "*robot.GetOrgRobotBadRequest",
            "body": { "message": "Could not find robot with specified username" },
        })
    );
    assert_eq!(said["permission"]["role"], "write");
    assert_eq!(said["permission"]["is_robot"], true);
    assert_eq!(said["repository"]["description"], "An app");
    assert_eq!(said["repository"]["is_public"], false);
    assert_eq!(
        said["noRepository"],
        refused("*repository.GetRepoNotFound", 404, "not_found", "Not Found")
    );
    let listed = &said["repositories"]["repositories"];
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{said}");
    assert_eq!(listed[0]["name"], "team/app");
    assert_eq!(
        seen(&world, &organization).await,
        json!({
            "email": null,
            "robots": { "nodes": [{
                "name": format!("{organization}+ci"),
                "description": "builds",
                "credentials": { "token": said["robot"]["token"] },
            }] },
            "repositories": { "nodes": [{
                "path": format!("{organization}/team/app"),
                "description": "An app",
                "visibility": "PRIVATE",
                "permissions": [{ "account": format!("{organization}+ci"), "role": "WRITE" }],
            }] },
        })
    );

    let said = program.run("delete", &world, &tokens, &organization).await;
    let gone = refused(
        "*organization.GetOrganizationNotFound",
        404,
        "not_found",
        "Not Found",
    );
    assert_eq!(said, json!({ "robots": [], "gone": gone }));
    assert_eq!(seen(&world, &organization).await, Value::Null);
}
