//! The samples for proxies in `docs/operations.md`, as they stand there, in front of a registry.

use std::net::SocketAddr;
use std::process::Stdio;

use berth_e2e::client::Sandbox;
use berth_e2e::deployment::{Deployment, Shape};
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::server::free_address;
use berth_e2e::world::World;
use tokio::process::{Child, Command};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![in &[Shape::Embedded];
    nginx_passes_pushes_pulls_and_websockets_on,
    caddy_passes_pushes_pulls_and_websockets_on,
];

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

/// The sample of a proxy, with the address of the registry in it.
fn sample(language: &str, registry: SocketAddr) -> String {
    let block = OPERATIONS.split(&format!("```{language}\n")).nth(1);
    let block = block.and_then(|rest| rest.split("```").next());
    let block = block.expect("the sample is there");
    block.replace("127.0.0.1:8080", &registry.to_string())
}

/// A registry that knows itself by the address of a proxy to come.
async fn registry() -> (World, SocketAddr) {
    let proxy = free_address();
    let name = proxy.to_string();
    let keys = [
        ("SERVER_HOSTNAME", name.as_str()),
        ("TRUSTED_PROXIES", "[127.0.0.1]"),
    ];
    let deployment = Deployment::start_with(Shape::Embedded, &keys).await;
    (World::set_up(deployment).await, proxy)
}

async fn started(mut command: Command, address: SocketAddr) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("`cargo xtask tools` installs it");
    while tokio::net::TcpStream::connect(address).await.is_err() {
        let ended = child.try_wait().expect("it was started");
        assert!(ended.is_none(), "the proxy ended: {ended:?}");
        tokio::task::yield_now().await;
    }
    child
}

async fn nginx_passes_pushes_pulls_and_websockets_on(world: World) {
    drop(world);
    let (world, proxy) = registry().await;
    let client = world.client(&world.admin);
    let folder = client.path("nginx").display().to_string();
    std::fs::create_dir_all(&folder).expect("the sandbox takes folders");
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {folder}/{what}; "))
        .concat();
    // One process, which ends when it is killed.
    let text = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n\
         http {{ {places} access_log off;\n\
         map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n\
         server {{ listen {proxy};\n{} }} }}\n",
        sample("nginx", world.deployment().host())
    );
    let file = client.write("nginx/nginx.conf", &text);
    let nginx = if std::path::Path::new("/usr/sbin/nginx").exists() {
        "/usr/sbin/nginx"
    } else {
        "nginx"
    };
    let mut command = Command::new(nginx);
    command.arg("-c").arg(file);
    let _running = started(command, proxy).await;
    use_through(&world, proxy).await;
}

async fn caddy_passes_pushes_pulls_and_websockets_on(world: World) {
    drop(world);
    let (world, proxy) = registry().await;
    let client = world.client(&world.admin);
    let sample = sample("caddy", world.deployment().host());
    let site = sample.replace("registry.example.com", &format!("http://{proxy}"));
    let file = client.write("Caddyfile", &format!("{{\n admin off\n}}\n{site}"));
    let mut command = Command::new("caddy");
    command.env("HOME", client.path("home"));
    command.args(["run", "--adapter", "caddyfile", "--config"]);
    command.arg(file);
    let _running = started(command, proxy).await;
    use_through(&world, proxy).await;
}

/// A push and a pull of an image larger than what proxies take by default, a socket, and no measurements.
async fn use_through(world: &World, proxy: SocketAddr) {
    let repository = format!("{}/proxied", world.organization().await);
    let client = Sandbox::new(&proxy.to_string());
    client.write_login(&world.admin);
    let layout = client.image_layout(501, 5_000_000);
    client.push(&layout, &repository, "1").await;
    let image = client.image(&repository, ":1");
    client.crane(["validate", "--remote", &image]).ok().await;

    let ask = |path: &str| world.http.get(format!("http://{proxy}{path}"));
    let measurements = ask("/metrics").send().await.expect("the proxy answers");
    assert_eq!(measurements.status(), 403);
    let socket = ask("/graphql")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "graphql-transport-ws")
        .send();
    assert_eq!(socket.await.expect("the proxy answers").status(), 101);
}
