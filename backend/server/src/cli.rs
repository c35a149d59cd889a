//! The command line.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Loaded};

/// A container registry in one binary.
#[derive(Debug, Parser)]
#[command(name = "berth", version, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  berth serve                                  a registry on http://127.0.0.1:8080, everything under ./data
  berth serve --config berth.yaml --listen 0.0.0.0:8080
  berth check-config --config berth.yaml       every mistake of a configuration at once
  berth migrate --config berth.yaml            before `serve`, where the database is PostgreSQL

Every configuration key can be set by the environment too: BERTH_SUPER_USERS='[admin]' berth serve")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a configuration and list every mistake
    #[command(after_help = "\
Examples:
  berth check-config --config berth.yaml
  BERTH_DB_URI=sqlite:////srv/berth.db berth check-config")]
    CheckConfig(ConfigArgs),
    /// Print the reference of all configuration keys, docs/configuration.md
    #[command(after_help = "\
Examples:
  berth config-reference > docs/configuration.md")]
    ConfigReference,
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// Configuration file; without one, defaults and the environment apply
    #[arg(long, value_name = "FILE", env = "BERTH_CONFIG")]
    pub config: Option<PathBuf>,
}

impl Cli {
    /// Runs the command to its end.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::CheckConfig(args) => check_config(&args),
            Command::ConfigReference => print(&config::reference()),
        }
    }
}

impl ConfigArgs {
    fn load(&self) -> Loaded {
        // Values that are no Unicode cannot be YAML.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Loaded::read(self.config.as_deref(), variables)
    }
}

fn check_config(args: &ConfigArgs) -> ExitCode {
    let loaded = args.load();
    for advice in &loaded.advice {
        complain(&format!("warning: {advice}"));
    }
    for (state, keys) in loaded.without_effect_by_state() {
        complain(&format!("note: {state}: {}", keys.join(", ")));
    }
    for problem in &loaded.problems {
        complain(&format!("error: {problem}"));
    }
    match loaded.problems.len() {
        0 => print("the configuration is valid\n"),
        1 => fail("1 problem"),
        count => fail(&format!("{count} problems")),
    }
}

fn fail(message: &str) -> ExitCode {
    complain(message);
    ExitCode::FAILURE
}

/// Writes to standard error; if even that is closed, nobody is left to tell.
fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes to standard output.
fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
