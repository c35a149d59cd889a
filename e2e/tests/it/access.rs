//! Who may do what, as clients see it (T1, A1, X6).

use berth_e2e::client::Sandbox;
use berth_e2e::command::Run;
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::{Account, World};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    passwords_robots_and_tokens_log_in,
    wrong_passwords_are_refused_by_every_client,
    anonymous_callers_pull_public_images_and_nothing_else,
    users_without_a_right_neither_pull_nor_push,
    robots_do_what_their_role_allows,
];

fn log_in(client: &Sandbox, world: &World, account: &Account) -> Run {
    client
        .skopeo([
            "login",
            "--tls-verify=false",
            "-u",
            &account.name,
            "--password-stdin",
            &world.host(),
        ])
        .input(&account.password)
}

async fn passwords_robots_and_tokens_log_in(world: World) {
    let organization = world.organization().await;
    let accounts = [
        world.user().await,
        world.robot(&organization).await,
        world.oauth_account(),
    ];
    for account in &accounts {
        log_in(&world.anonymous(), &world, account).ok().await;
    }
}

async fn wrong_passwords_are_refused_by_every_client(world: World) {
    let host = world.host();
    let client = world.anonymous();
    let commands = [
        client.podman([
            "login",
            "--tls-verify=false",
            "-u",
            "nobody-a",
            "-p",
            "wrong",
            &host,
        ]),
        client.skopeo([
            "login",
            "--tls-verify=false",
            "-u",
            "nobody-b",
            "-p",
            "wrong",
            &host,
        ]),
        client.buildah([
            "login",
            "--tls-verify=false",
            "-u",
            "nobody-c",
            "-p",
            "wrong",
            &host,
        ]),
        client.helm([
            "registry",
            "login",
            "--plain-http",
            "-u",
            "nobody-d",
            "-p",
            "wrong",
            &host,
        ]),
        client.oras([
            "login",
            "--plain-http",
            "-u",
            "nobody-e",
            "-p",
            "wrong",
            &host,
        ]),
    ];
    for command in commands {
        let said = command.fails().await.to_lowercase();
        assert!(
            said.contains("unauthorized")
                || said.contains("invalid username")
                || said.contains("401"),
            "{said}"
        );
    }
    let user = world.user().await;
    let wrong = Account {
        password: "wrong".to_owned(),
        ..user
    };
    log_in(&client, &world, &wrong).fails().await;
}

async fn anonymous_callers_pull_public_images_and_nothing_else(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "open", "PUBLIC").await;
    world.repository(&organization, "closed", "PRIVATE").await;
    let (open, closed) = (
        format!("{organization}/open"),
        format!("{organization}/closed"),
    );
    let owner = world.client(&world.admin);
    let layout = owner.image_layout(111, 2_000);
    owner.push(&layout, &open, "1").await;
    owner.push(&layout, &closed, "1").await;

    let nobody = world.anonymous();
    let out = |name: &str| format!("dir:{}", nobody.path(name).display());
    nobody
        .skopeo([
            "copy",
            "--src-tls-verify=false",
            &nobody.docker(&open, ":1"),
            &out("open"),
        ])
        .ok()
        .await;
    let closed = nobody.docker(&closed, ":1");
    nobody
        .skopeo(["copy", "--src-tls-verify=false", &closed, &out("closed")])
        .fails()
        .await;
    let push = nobody.docker(&open, ":2");
    nobody
        .skopeo([
            "copy",
            "--dest-tls-verify=false",
            &layout.reference(),
            &push,
        ])
        .fails()
        .await;
}

async fn users_without_a_right_neither_pull_nor_push(world: World) {
    let organization = world.organization().await;
    world.repository(&organization, "closed", "PRIVATE").await;
    let closed = format!("{organization}/closed");
    let owner = world.client(&world.admin);
    let layout = owner.image_layout(121, 2_000);
    owner.push(&layout, &closed, "1").await;

    let stranger = world.client(&world.user().await);
    let out = format!("dir:{}", stranger.path("out").display());
    let private = stranger.docker(&closed, ":1");
    stranger
        .skopeo(["copy", "--src-tls-verify=false", &private, &out])
        .fails()
        .await;
    for target in [
        stranger.docker(&closed, ":2"),
        stranger.docker(&format!("{organization}/new"), ":1"),
    ] {
        stranger
            .skopeo([
                "copy",
                "--dest-tls-verify=false",
                &layout.reference(),
                &target,
            ])
            .fails()
            .await;
    }
}

async fn robots_do_what_their_role_allows(world: World) {
    let organization = world.organization().await;
    let id = world.repository(&organization, "app", "PRIVATE").await;
    let app = format!("{organization}/app");
    let owner = world.client(&world.admin);
    let layout = owner.image_layout(131, 2_000);
    owner.push(&layout, &app, "1").await;
    let robot = world.robot(&organization).await;
    let client = world.client(&robot);
    let (source, target) = (client.docker(&app, ":1"), client.docker(&app, ":2"));
    let pull = |name: &str| {
        let out = format!("dir:{}", client.path(name).display());
        client.skopeo(["copy", "--src-tls-verify=false", &source, &out])
    };
    let push = || {
        client.skopeo([
            "copy",
            "--dest-tls-verify=false",
            &layout.reference(),
            &target,
        ])
    };

    pull("none").fails().await;
    world.grant(&id, &robot, "READ").await;
    pull("read").ok().await;
    push().fails().await;
    world.grant(&id, &robot, "WRITE").await;
    push().ok().await;
    let elsewhere = client.docker(&format!("{organization}/other"), ":1");
    client
        .skopeo([
            "copy",
            "--dest-tls-verify=false",
            &layout.reference(),
            &elsewhere,
        ])
        .fails()
        .await;
}
