//! podman: build, push, pull, several platforms (R2), the first login of a new user (U5), and robots that are not wanted
//! any more (B5).

use berth_e2e::client::text;
use berth_e2e::deployment::Deployment;
use berth_e2e::harness::Scenario;
use berth_e2e::image::INDEX;
use berth_e2e::random;
use berth_e2e::rows::Rows;
use berth_e2e::scenarios;
use berth_e2e::world::World;
use serde_json::{Value, json};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    image_is_pulled_by_tag_and_by_digest_as_it_was_pushed,
    manifest_list_holds_every_platform,
    a_new_user_logs_in_with_the_generated_password_and_with_the_encrypted_one,
    who_logs_in_as_a_robot_where_there_are_none_is_told_why,
];

async fn image_is_pulled_by_tag_and_by_digest_as_it_was_pushed(world: World) {
    let client = world.anonymous();
    let repository = format!("{}/podman", world.organization().await);
    let host = world.host();
    client
        .podman([
            "login",
            "--tls-verify=false",
            "-u",
            &world.admin.name,
            "--password-stdin",
            &host,
        ])
        .input(&world.admin.password)
        .ok()
        .await;
    client.write("context/hello", "hello from podman");
    client.write(
        "context/Containerfile",
        "FROM scratch\nCOPY hello /hello\nLABEL e2e=podman\n",
    );
    let tagged = client.image(&repository, ":1.0");
    client
        .podman(["build", "-t", &tagged, text(&client.path("context"))])
        .ok()
        .await;
    let built = client
        .podman(["image", "inspect", "--format", "{{.Id}}", &tagged])
        .ok()
        .await;
    let digest_file = client.path("digest");
    let digest_argument = format!("--digestfile={}", digest_file.display());
    client
        .podman(["push", "--tls-verify=false", &digest_argument, &tagged])
        .ok()
        .await;
    let digest = std::fs::read_to_string(&digest_file).expect("podman wrote the digest");

    for suffix in [":1.0".to_owned(), format!("@{digest}")] {
        client.podman(["rmi", "--force", &built]).ok().await;
        let name = client.image(&repository, &suffix);
        client
            .podman(["pull", "--tls-verify=false", &name])
            .ok()
            .await;
        let pulled = client
            .podman(["image", "inspect", "--format", "{{.Id}}", &name])
            .ok()
            .await;
        assert_eq!(pulled, built, "pulled as {suffix}");
    }
    client.podman(["logout", &host]).ok().await;
    client.podman(["rmi", "--force", &built]).ok().await;
    client
        .podman(["pull", "--tls-verify=false", &tagged])
        .fails()
        .await;
}

async fn manifest_list_holds_every_platform(world: World) {
    let client = world.client(&world.admin);
    let repository = format!("{}/several", world.organization().await);
    client.write("context/hello", "hello from several platforms");
    client.write("context/Containerfile", "FROM scratch\nCOPY hello /hello\n");
    let context = client.path("context");
    let platforms = "linux/amd64,linux/arm64";
    // podman 4's build cache forgets that platforms differ.
    client
        .podman([
            "build",
            "--no-cache",
            "--platform",
            platforms,
            "--manifest",
            "several",
            text(&context),
        ])
        .ok()
        .await;
    let target = client.docker(&repository, ":latest");
    client
        .podman([
            "manifest",
            "push",
            "--all",
            "--format=oci",
            "--tls-verify=false",
            "several",
            &target,
        ])
        .ok()
        .await;

    let raw = client
        .skopeo(["inspect", "--raw", "--tls-verify=false", &target])
        .ok()
        .await;
    let index: Value = serde_json::from_str(&raw).expect("a manifest is JSON");
    assert_eq!(index["mediaType"], INDEX);
    let mut architectures: Vec<&str> = index["manifests"]
        .as_array()
        .expect("an index has manifests")
        .iter()
        .filter_map(|child| child["platform"]["architecture"].as_str())
        .collect();
    architectures.sort_unstable();
    assert_eq!(architectures, ["amd64", "arm64"]);
    let name = client.image(&repository, ":latest");
    client
        .podman([
            "pull",
            "--tls-verify=false",
            "--platform",
            "linux/arm64",
            &name,
        ])
        .ok()
        .await;
    let pulled = client
        .podman(["image", "inspect", "--format", "{{.Architecture}}", &name])
        .ok()
        .await;
    assert_eq!(pulled, "arm64");
}

/// As a superuser's script makes it, whose answer is handed to the user.
async fn a_new_user_logs_in_with_the_generated_password_and_with_the_encrypted_one(world: World) {
    let name = random::name("carol");
    let email = format!("{name}@example.com");
    let made = world
        .http
        .post(format!("{}/api/v1/superuser/users/", world.url()))
        .bearer_auth(world.oauth_account().password)
        .json(&json!({ "username": name, "email": email }))
        .send()
        .await
        .expect("the server answers");
    assert_eq!(made.status(), 200);
    let made: Value = made.json().await.expect("the answer is JSON");
    let host = world.host();
    for (number, password) in ["password", "encrypted_password"].into_iter().enumerate() {
        let client = world.anonymous();
        let password = made[password].as_str().expect("it is told once");
        client
            .podman([
                "login",
                "--tls-verify=false",
                "-u",
                &name,
                "--password-stdin",
                &host,
            ])
            .input(password)
            .ok()
            .await;
        client.write("context/hello", "hello from a new user");
        client.write("context/Containerfile", "FROM scratch\nCOPY hello /hello\n");
        let tagged = client.image(&format!("{name}/first"), &format!(":{number}"));
        client
            .podman(["build", "-t", &tagged, text(&client.path("context"))])
            .ok()
            .await;
        client
            .podman(["push", "--tls-verify=false", &tagged])
            .ok()
            .await;
    }
    // It is no password of anybody else.
    let (client, other) = (world.anonymous(), world.user().await);
    let login = [
        "login",
        "--tls-verify=false",
        "-u",
        &other.name,
        "--password-stdin",
        &host,
    ];
    let password = made["password"].as_str().expect("it is told once");
    client.podman(login).input(password).fails().await;
}

/// A registry of its own, with a robot account left from the time before there were to be none.
async fn who_logs_in_as_a_robot_where_there_are_none_is_told_why(world: World) {
    let keys = [("ROBOTS_DISALLOW", "true")];
    let world = World::set_up(Deployment::start_with(world.shape(), &keys).await).await;
    let input = json!({ "name": "acme" });
    world
        .graphql
        .mutate("createOrganization", input, "organization { id }")
        .await;
    // No server makes it any more.
    let rows = Rows::of(world.deployment());
    for statement in [
        "insert into accounts (uuid, kind, created_at) values ('5ca1e003-0000-4000-8000-000000000000', 'robot', 0)",
        "insert into robot_profiles (account_id, namespace_id, short_name, token_sealed, token_hash) \
         select a.id, o.id, 'old', 'none', 'none' from accounts a cross join accounts o \
         where a.uuid = '5ca1e003-0000-4000-8000-000000000000' and o.name = 'acme'",
    ] {
        rows.ask(statement).await;
    }
    let (client, host) = (world.anonymous(), world.host());
    let log_in = |name: &str| {
        let login = [
            "--log-level=debug",
            "login",
            "--tls-verify=false",
            "-u",
            name,
            "--password-stdin",
            &host,
        ];
        client.podman(login).input("its-token")
    };
    let said = log_in("acme+old").fails().await;
    for words in [
        "invalid username/password",
        "Robot accounts have been disabled. Please contact your administrator.",
    ] {
        assert!(said.contains(words), "{said}");
    }
}
