//! Clients of the REST API: one that a public generator makes from the registry's own description (X4), and a script
//! for a shell. Both get their tokens on the web, by OAuth.

mod web;

use std::sync::{Arc, Weak};

use berth_e2e::command::Run;
use berth_e2e::harness::Scenario;
use berth_e2e::image::write;
use berth_e2e::random;
use berth_e2e::scenarios;
use berth_e2e::world::{Account, World};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use web::Script;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_generated_client_drives_the_registry,
    the_job_in_the_documentation_does_what_it_says,
];

/// What the programs may do.
const WIDE: &str = "repo:admin repo:create user:admin org:admin super:user";

/// What the program is made of, beside the client.
const SOURCES: [(&str, &str); 4] = [
    ("main.go", include_str!("rest_client/main.go")),
    ("people.go", include_str!("rest_client/people.go")),
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

/// Access tokens of the first user, a wide one by a code and a narrow one in an address.
async fn tokens(world: &World) -> [String; 2] {
    let script = Script::sign_in(&world.url(), &world.admin).await;
    let organization = random::name("org");
    script.organization(&organization).await;
    let wide = script.application(&organization, "Script").await;
    let narrow = script.application(&organization, "Reader").await;
    [
        script.token_by_code(&wide, WIDE).await,
        script.token_in_address(&narrow, "repo:read").await,
    ]
}

/// The script in the documentation.
fn job() -> String {
    let page = include_str!("../../../docs/rest.md");
    let begin = "```sh\n#!/bin/sh\n";
    let (_, job) = page.split_once(begin).expect("the page has a script");
    let (job, _) = job.split_once("\n```").expect("the script ends");
    job.to_owned()
}

async fn the_job_in_the_documentation_does_what_it_says(world: World) {
    let organization = random::name("org");
    let sandbox = world.anonymous();
    let script = sandbox.write("job.sh", &job());
    let run = || {
        sandbox
            .run("sh")
            .arg(&script)
            .env("REGISTRY", world.url())
            .env("LOGIN", &world.admin.name)
            .env("PASSWORD", &world.admin.password)
            .env("PROJECT", &organization)
            .ok()
    };
    let last = |said: String| said.lines().last().unwrap_or_default().to_owned();
    let token = last(run().await);
    let robot = Account {
        name: format!("{organization}+ci"),
        password: token.clone(),
    };
    let repository = format!("{organization}/app");
    let client = world.client(&robot);
    let layout = client.image_layout(77, 20_000);
    client.push(&layout, &repository, "1.0").await;
    // The second run finds everything.
    assert_eq!(last(run().await), token);
    assert_eq!(
        seen(&world, &organization).await,
        json!({
            "email": null,
            "robots": { "nodes": [{
                "name": robot.name,
                "description": "pushes from CI",
                "credentials": { "token": token },
            }] },
            "repositories": { "nodes": [{
                "path": repository,
                "description": "",
                "visibility": "PRIVATE",
                "permissions": [{ "account": robot.name, "role": "WRITE" }],
            }] },
        })
    );
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
    // What it tells everybody is not for other scenarios.
    let world = World::of_its_own(world.shape()).await;
    let program = Program::of(&world).await;
    let tokens = tokens(&world).await;
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

    let run = async |part: &str| program.run(part, &world, &tokens, &organization).await;
    let said = run("users").await;
    let ann = format!("{organization}-ann");
    assert_eq!(said["made"]["username"], json!(ann));
    assert_eq!(said["made"]["password"].as_str().map(str::len), Some(32));
    assert_eq!(
        said["again"],
        json!({
            "type": "*superuser.CreateInstallUserBadRequest",
            "body": { "message": format!(
                "Username has already been taken by user cannot be reused: {ann}"
            ) },
        })
    );
    assert_eq!(
        said["narrow"],
        refused(
            "*superuser.ListAllUsersForbidden",
            403,
            "insufficient_scope",
            "Unauthorized"
        )
    );
    let listed = said["list"].as_array().expect("a list");
    let named = |row: &&Value| row["username"] == json!(ann);
    let row = listed.iter().find(named).expect("the new user is listed");
    assert_eq!(row["enabled"], true);
    assert_eq!(row["email"], format!("{ann}@example.com"));
    assert_eq!(
        said["gone"],
        refused(
            "*superuser.GetInstallUserNotFound",
            404,
            "not_found",
            "Not Found"
        )
    );

    let said = run("applications").await;
    assert_eq!(said["made"]["redirect_uri"], "https://deployer.test/");
    assert_eq!(
        said["changed"]["application_uri"],
        "https://deployer.test/about"
    );
    assert_eq!(
        said["changed"]["client_secret"],
        said["made"]["client_secret"]
    );
    assert_eq!(said["token"]["token"].as_str().map(str::len), Some(40));
    assert_eq!(said["tokens"][0]["uuid"], said["token"]["uuid"]);
    assert_eq!(said["tokens"][0]["name"], "nightly");
    assert_eq!(said["list"], json!([said["changed"]]));
    assert_eq!(
        said["gone"],
        refused(
            "*organization.GetOrganizationApplicationNotFound",
            404,
            "not_found",
            "Not Found"
        )
    );

    let said = run("app-tokens").await;
    assert_eq!(
        (&said["title"], &said["same"]),
        (&json!("laptop"), &json!(true))
    );
    assert_eq!(said["list"][0]["title"], "laptop");
    assert_eq!(
        said["gone"],
        refused(
            "*appspecifictokens.GetAppTokenNotFound",
            404,
            "not_found",
            "Not Found"
        )
    );

    let said = run("stars").await;
    let app = json!({ "namespace": organization, "repository": "team/app" });
    assert_eq!(said["starred"], app);
    assert_eq!(
        said["unknown"],
        refused("*user.CreateStarNotFound", 404, "not_found", "Not Found")
    );
    assert_eq!(said["list"][0]["name"], "team/app");
    assert_eq!(said["after"], json!([]));

    let said = run("messages").await;
    assert_eq!(
        said["narrow"],
        refused(
            "*globalmessages.CreateGlobalMessageForbidden",
            403,
            "insufficient_scope",
            "Unauthorized"
        )
    );
    let message = &said["list"][0];
    assert_eq!(message["content"], "Back at noon");
    assert_eq!(message["severity"], "warning");
    assert_eq!(said["after"], json!([]));

    let said = run("delete").await;
    let gone = refused(
        "*organization.GetOrganizationNotFound",
        404,
        "not_found",
        "Not Found",
    );
    assert_eq!(said, json!({ "robots": [], "gone": gone }));
    assert_eq!(seen(&world, &organization).await, Value::Null);
}
