//! `cargo xtask dev`: a server of this clone and a console that reloads when its sources change.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use crate::server::{self, Occupant};
use crate::shell::{Result, cargo, command, line, run as run_command};
use crate::{console, http, paths, plan, test};

/// Where the server listens, and `Trunk.toml` expects it.
const SERVER: &str = "127.0.0.1:8080";
/// Where `Trunk.toml` puts the console.
const CONSOLE: &str = "127.0.0.1:8090";
/// Longest wait for both to be built, with everything compiled anew.
const BUILD_LIMIT: Duration = Duration::from_mins(30);

/// Runs both until one of them ends, Ctrl-C reaches both; or with `check` until a browser has shown that they work.
pub(crate) fn run(check: bool) -> Result<()> {
    if check {
        test::obtain(false)?;
    } else {
        let needs = console::needs();
        plan::print(&needs);
        plan::obtain(&needs, false)?;
        console::install_modules()?;
        console::fetch_crates()?;
    }
    let server = address(SERVER);
    if server::occupant(server) != Occupant::Nobody {
        return Err(format!(
            "something listens on {SERVER} already; end it first"
        ));
    }

    let checked = paths::target().join("dev-check");
    let data = if check {
        // Left by a check that was stopped.
        let _ = std::fs::remove_dir_all(&checked);
        checked.clone()
    } else {
        paths::root().join("data")
    };
    let mut children = start(&data)?;
    let outcome = if check {
        show(server, &mut children)
    } else {
        let ended = wait(&mut children);
        if ended.success() {
            Ok(())
        } else {
            Err(format!("the server or trunk ended with {ended}"))
        }
    };
    end(&mut children);
    if check {
        let _ = std::fs::remove_dir_all(checked);
    }
    outcome
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("a constant address")
}

fn start(data: &Path) -> Result<Vec<Child>> {
    let mut serve = cargo();
    serve.args(["run", "--package", "berth-server", "--", "serve"]);
    serve.args(["--listen", SERVER, "--data"]).arg(data);
    let mut trunk = command("trunk");
    trunk.arg("serve").arg("--offline");
    console::environment(&mut trunk)?;
    let mut children = Vec::new();
    for mut child in [serve, trunk] {
        println!("$ {}", line(&child));
        match child.spawn() {
            Ok(started) => children.push(started),
            Err(error) => {
                end(&mut children);
                return Err(format!("cannot run `{}`: {error}", line(&child)));
            }
        }
    }
    Ok(children)
}

fn ended(children: &mut [Child]) -> Option<ExitStatus> {
    children
        .iter_mut()
        .find_map(|child| child.try_wait().ok().flatten())
}

fn wait(children: &mut [Child]) -> ExitStatus {
    loop {
        if let Some(status) = ended(children) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until both answer, then uses them in a browser.
fn show(server: SocketAddr, children: &mut [Child]) -> Result<()> {
    let start = Instant::now();
    loop {
        if let Some(status) = ended(children) {
            return Err(format!("the server or trunk ended with {status}"));
        }
        let console = http::get(address(CONSOLE), "/");
        if console.is_ok_and(|answer| answer.status == 200)
            && server::occupant(server) == Occupant::Berth
        {
            break;
        }
        if start.elapsed() > BUILD_LIMIT {
            return Err(format!("not ready within {} s", BUILD_LIMIT.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut example = cargo();
    example.args(["run", "--package", "berth-e2e", "--example", "dev", "--"]);
    example.arg(format!("http://{CONSOLE}")).arg(SERVER);
    example.arg(paths::root().join("frontend/src/main.rs"));
    run_command(&mut example)
}

fn end(children: &mut [Child]) {
    for child in children {
        let _ = child.kill();
        let _ = child.wait();
    }
}
