//! `cargo xtask test`: every test there is, and one line that counts them.

pub(crate) mod services;
mod tally;

use std::path::Path;
use std::process::Command;

use crate::plan::Need;
use crate::shell::{self, Result, cargo, command, read, step, which};
use crate::tools::{self, CLIENTS, Tool};
use crate::{console, paths, plan, up, versions, wasm};
use services::Services;
use tally::Tally;

/// What the command line said.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Leave out what needs a service, a client or a browser.
    quick: bool,
    /// Change the system without asking.
    yes: bool,
    /// One suite alone.
    only: Option<Suite>,
    /// Handed to the test binaries.
    filter: Vec<String>,
    /// A variable that makes one test longer than it is in each run.
    longer: Option<(&'static str, String)>,
}

/// A part of the tests that runs alone with `--only`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suite {
    /// Unit, service and adapter tests of the server's crates.
    Backend,
    /// The service tests among them.
    Services,
    /// The console's logic, natively.
    Console,
    /// Clients and browser against the release binary.
    EndToEnd,
}

impl Options {
    /// Reads the arguments after `test`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => options.quick = true,
                "--yes" | "-y" => options.yes = true,
                "--only" => {
                    options.only = Some(match words.next().map(String::as_str) {
                        Some("backend") => Suite::Backend,
                        Some("console") => Suite::Console,
                        Some("e2e") => Suite::EndToEnd,
                        _ => return Err("`--only` needs `backend`, `console` or `e2e`".to_owned()),
                    });
                }
                "--" => options.filter = words.by_ref().cloned().collect(),
                other => {
                    return Err(format!(
                        "unknown option `{other}`, see `cargo xtask test --help`"
                    ));
                }
            }
        }
        Ok(options)
    }

    /// Reads the arguments after `torture`: the one scenario, told how often it kills.
    pub(crate) fn torture(arguments: &[String]) -> Result<Self> {
        Self::one(
            arguments,
            Suite::EndToEnd,
            &["torture"],
            ("--kills", "BERTH_TORTURE_KILLS", "25"),
        )
    }

    /// Reads the arguments after `race`: the tests, told how many rounds they go.
    pub(crate) fn race(arguments: &[String]) -> Result<Self> {
        Self::one(
            arguments,
            Suite::Services,
            &["races", "histories"],
            ("--rounds", "BERTH_RACE_ROUNDS", "1000"),
        )
    }

    /// Tests of a suite whose length is an option, a variable and what it is without the option.
    fn one(
        arguments: &[String],
        suite: Suite,
        filter: &[&str],
        (option, variable, usual): (&str, &'static str, &str),
    ) -> Result<Self> {
        let mut options = Self {
            only: Some(suite),
            filter: filter
                .iter()
                .chain(&["--nocapture"])
                .map(ToString::to_string)
                .collect(),
            longer: Some((variable, usual.to_owned())),
            ..Self::default()
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--yes" | "-y" => options.yes = true,
                word if word == option => {
                    let number = words.next().filter(|word| word.parse::<u64>().is_ok());
                    let number = number.ok_or_else(|| format!("`{option}` needs a number"))?;
                    options.longer = Some((variable, number.clone()));
                }
                other => return Err(format!("unknown option `{other}`, see `--help`")),
            }
        }
        Ok(options)
    }

    fn wants(&self, suite: Suite) -> bool {
        let left_out = match suite {
            Suite::EndToEnd => self.quick,
            Suite::Services => self.only.is_none(),
            _ => false,
        };
        !left_out && self.only.is_none_or(|only| only == suite)
    }
}

/// `cargo xtask soak`: both shapes under load for this many minutes each.
pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let (mut minutes, mut shape, mut yes) = ("60", None, false);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--yes" | "-y" => yes = true,
            "--minutes" => {
                let number = words.next().filter(|word| word.parse::<u32>().is_ok());
                minutes = number.ok_or("`--minutes` needs a number")?;
            }
            "embedded" | "scaled" => shape = Some(word),
            other => return Err(format!("unknown option `{other}`, see `--help`")),
        }
    }
    obtain(yes)?;
    up::prepare(yes)?;
    let services = step("test services", || Services::start(false))?;
    let mut soak = cargo();
    soak.args(["run", "--package", "berth-e2e", "--bin", "soak", "--"]);
    soak.args(["--minutes", minutes]).args(shape);
    soak.envs(services.environment());
    soak.env("BERTH_BIN", paths::server_binary());
    shell::run(&mut soak)
}

/// Runs the suites; the last line printed is `N passed, M failed`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut tally = Tally::default();
    let ran = suites(options, &mut tally);
    if let Err(error) = &ran {
        eprintln!("error: {error}");
        tally.failed += 1;
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed == 0 {
        Ok(())
    } else {
        Err(String::new())
    }
}

fn suites(options: &Options, tally: &mut Tally) -> Result<()> {
    let services = if options.quick {
        None
    } else {
        obtain(options.yes)?;
        Some(step("test services", || Services::start(false))?)
    };
    let environment = |mut command: Command| {
        match &services {
            Some(services) => {
                command.envs(services.environment());
                let clients: Vec<&Tool> = CLIENTS.iter().collect();
                command = tools::with_tools(command, &clients);
            }
            None => {
                for name in services::VARIABLES {
                    command.env_remove(name);
                }
            }
        }
        command
    };
    let test = |words: &[&str]| {
        let mut test = environment(cargo());
        test.arg("test").args(words).arg("--no-fail-fast");
        test.envs(options.longer.iter().map(|(name, value)| (*name, value)));
        if !options.filter.is_empty() {
            test.arg("--").args(&options.filter);
        }
        test
    };
    if options.only.is_none() && !options.quick {
        // At once, so that nothing is compiled twice: what else is chosen decides the features of a dependency.
        console::build()?;
        let mut all = test(&["--workspace", "--features", "berth-server/console"]);
        all.env("BERTH_BIN", paths::debug_binary());
        tally.add("everything", &mut all);
        return Ok(());
    }
    if options.wants(Suite::Backend) {
        let words = [
            "--workspace",
            "--exclude",
            "berth-frontend",
            "--exclude",
            "berth-e2e",
        ];
        tally.add("backend", &mut test(&words));
    }
    if options.wants(Suite::Services) {
        let words = ["--package", "berth-services", "--test", "it"];
        tally.add("services", &mut test(&words));
    }
    if options.wants(Suite::Console) {
        tally.add(
            "console",
            &mut test(&["--package", "berth-frontend", "--lib"]),
        );
    }
    if options.wants(Suite::EndToEnd) {
        up::prepare(options.yes)?;
        let mut end_to_end = test(&["--package", "berth-e2e"]);
        end_to_end.env("BERTH_BIN", paths::server_binary());
        tally.add("end to end", &mut end_to_end);
    }
    Ok(())
}

/// Installs what building and testing need, without building the product: `cargo xtask tools`.
pub(crate) fn obtain(yes: bool) -> Result<()> {
    let mut needs = console::needs();
    needs.extend(service_needs());
    plan::print(&needs);
    plan::obtain(&needs, yes)?;
    console::install_modules()?;
    let after = console::needs().into_iter().chain(service_needs());
    let missing: Vec<String> = after
        .filter(|need| !need.is_there())
        .map(|need| need.what)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "still missing or too old after the installation: {}",
            missing.join(", ")
        ))
    }
}

fn service_needs() -> Vec<Need> {
    let containers = ["podman", "buildah", "skopeo", "umoci"]
        .iter()
        .map(|name| which(name))
        .collect::<Option<Vec<_>>>();
    let mut needs = vec![
        Need::packages(
            "podman, buildah, skopeo, umoci",
            containers.map(|paths| paths[0].display().to_string()),
            &[
                "podman",
                "buildah",
                "skopeo",
                "umoci",
                "crun",
                "fuse-overlayfs",
                "netavark",
                "uidmap",
            ],
            (40, 300),
        ),
        Need::packages(
            "PostgreSQL",
            services::postgres_folder().map(|folder| folder.display().to_string()),
            &["postgresql"],
            (20, 60),
        ),
        Need::packages(
            "nginx, caddy",
            which("caddy").and_then(|caddy| {
                let nginx = Path::new("/usr/sbin/nginx");
                let is_there = nginx.is_file() || which("nginx").is_some();
                is_there.then(|| caddy.display().to_string())
            }),
            &["nginx-light", "caddy"],
            (15, 60),
        ),
        Need::packages(
            "docker-registry",
            which("docker-registry").map(|path| path.display().to_string()),
            &["docker-registry"],
            (10, 20),
        ),
        Need::packages(
            "sqlite3",
            which("sqlite3").map(|path| path.display().to_string()),
            &["sqlite3"],
            (5, 5),
        ),
        Need::packages(
            "curl",
            which("curl").map(|path| path.display().to_string()),
            &["curl"],
            (5, 1),
        ),
        Need::packages(
            "Chromium",
            ["chromium", "chromium-browser", "google-chrome"]
                .iter()
                .find_map(|name| which(name))
                .map(|path| path.display().to_string()),
            &["chromium", "fonts-noto-cjk"],
            (30, 500),
        ),
        Need::packages("Go", go(), &["golang-go"], (30, 250)),
    ];
    needs.extend(CLIENTS.iter().map(Need::tool));
    needs
}

fn go() -> Option<String> {
    let said = read(command("go").arg("version")).ok()?;
    wasm::version(&said)
        .is_some_and(|found| found >= versions::GO)
        .then(|| said.trim().to_owned())
}
