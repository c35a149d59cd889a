//! `cargo xtask dev`: a server of this clone and a console that reloads when its sources change.

use std::process::Child;
use std::time::Duration;

use crate::shell::{Result, cargo, command, line};
use crate::{console, paths, plan};

/// Runs both until one of them ends. Ctrl-C reaches both.
pub(crate) fn run(yes: bool) -> Result<()> {
    let needs = console::needs();
    plan::print(&needs);
    plan::obtain(&needs, yes)?;
    console::install_modules()?;

    let mut serve = cargo();
    serve.args(["run", "--package", "berth-server", "--", "serve", "--data"]);
    serve.arg(paths::root().join("data"));
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
    let ended = loop {
        let ended = children
            .iter_mut()
            .find_map(|child| child.try_wait().ok().flatten());
        if let Some(status) = ended {
            break status;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    end(&mut children);
    if ended.success() {
        Ok(())
    } else {
        Err(format!("the server or trunk ended with {ended}"))
    }
}

fn end(children: &mut [Child]) {
    for child in children {
        let _ = child.kill();
        let _ = child.wait();
    }
}
