//! Builds and starts the server.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

use crate::http;
use crate::paths;
use crate::plan::{Action, Need};
use crate::shell::{Result, cargo, command, run, step};

/// The row of the table: cargo itself knows whether there is something to compile.
pub(crate) fn need() -> Need {
    let binary = paths::server_binary();
    if binary.is_file() {
        Need::there(
            "server",
            format!("{} (cargo checks whether it is current)", binary.display()),
        )
    } else {
        Need::missing("server", "cargo build --release", (600, 1500), Action::Made)
    }
}

/// Builds the release binary with the console in it.
pub(crate) fn build() -> Result<()> {
    step("server (cargo build --release)", || {
        let mut build = cargo();
        build.args([
            "build",
            "--release",
            "--locked",
            "--package",
            "berth-server",
            "--features",
            "console",
        ]);
        run(&mut build)
    })
}

/// What answers at an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// Nothing listens there.
    Nobody,
    /// A registry that is ready.
    Berth,
    /// Another program, or a server that is not ready.
    Other,
}

/// Looks who listens at an address.
pub(crate) fn occupant(address: SocketAddr) -> Occupant {
    if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        return Occupant::Nobody;
    }
    match http::get(address, "/health/ready") {
        Ok(answer) if answer.status == 200 => Occupant::Berth,
        _ => Occupant::Other,
    }
}

/// Waits until the server is ready, at most `limit`, and only as long as `alive` says so.
pub(crate) fn wait_until_ready(
    address: SocketAddr,
    limit: Duration,
    alive: impl Fn() -> bool,
) -> bool {
    let start = std::time::Instant::now();
    while start.elapsed() < limit && alive() {
        if occupant(address) == Occupant::Berth {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

/// Becomes the server, so that signals reach it directly. Returns only when that fails.
pub(crate) fn become_server(address: SocketAddr, data: &Path, env: &[(&str, &str)]) -> String {
    let mut serve = command(paths::server_binary());
    serve
        .arg("serve")
        .arg("--listen")
        .arg(address.to_string())
        .arg("--data")
        .arg(data);
    serve.envs(env.iter().copied());
    let error = serve.exec();
    format!(
        "cannot start `{}`: {error}",
        paths::server_binary().display()
    )
}
