//! `cargo xtask check`: format, lints, dependencies and house rules, as CI wants them.

use std::cell::RefCell;

use crate::plan::{self, Need};
use crate::shell::{Result, cargo, command, run, step};
use crate::tools::{self, CARGO_DENY};
use crate::wasm::{self, Compiler};
use crate::{paths, tidy};

/// Runs every check and names those that failed, after all of them ran, and what could not be checked here.
pub(crate) fn all(yes: bool) -> Result<()> {
    let unchecked = RefCell::new(Vec::new());
    let checks: [(&str, &dyn Fn() -> Result<()>); 5] = [
        ("format", &format),
        ("clippy", &clippy),
        ("clippy of the console", &clippy_console),
        ("cargo deny", &|| deny(yes, &unchecked)),
        ("tidy", &tidy::run),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = step(name, check) {
            eprintln!("error: {error}");
            failed.push(name);
        }
    }
    for what in unchecked.borrow().iter() {
        eprintln!("WARNING: NOT checked: {what}");
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

fn format() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--", "--check"]))
}

fn clippy() -> Result<()> {
    let words = [
        "clippy",
        "--workspace",
        "--exclude",
        "berth-frontend",
        "--all-targets",
        "--locked",
        "--keep-going",
    ];
    run(cargo().args(words).args(["--", "-D", "warnings"]))
}

/// The console is linted for the target it ships to; natively where only the system's compiler, which
/// has no clippy, can build that.
fn clippy_console() -> Result<()> {
    let mut lint = cargo();
    lint.args(["clippy", "--package", "berth-frontend", "--locked"]);
    match Compiler::find() {
        Some(Compiler::Toolchain) => {
            lint.args(["--target", wasm::TARGET]);
            lint.env("CARGO_TARGET_DIR", paths::wasm_target());
        }
        _ => println!(
            "no clippy for {} here: linting the console natively",
            wasm::TARGET
        ),
    }
    run(lint.args(["--", "-D", "warnings"]))
}

/// Licences, bans and sources always; advisories where their database can be fetched. It comes by git from
/// its own host and is in no registry of packages, so a machine that reaches registries alone has none.
fn deny(yes: bool, unchecked: &RefCell<Vec<&'static str>>) -> Result<()> {
    let need = [Need::tool(&CARGO_DENY)];
    plan::obtain(&need, yes)?;
    let deny = |words: &[&str]| {
        let mut deny = tools::with_tools(command("cargo-deny"), &[&CARGO_DENY]);
        run(deny.args(["--all-features", "--locked"]).args(words))
    };
    deny(&[
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ])?;
    let mut fetch = tools::with_tools(command("cargo-deny"), &[&CARGO_DENY]);
    if run(fetch.args(["fetch", "db"])).is_err() {
        unchecked.borrow_mut().push(
            "security advisories, whose database cannot be fetched from here; \
             see `A release` in CONTRIBUTING.md",
        );
        return Ok(());
    }
    deny(&["check", "advisories"])
}
