//! What the commands do.

mod check_config;
mod migrate;
mod serve;
mod user;
mod worker;

use std::io::{self, Write as _};
use std::process::ExitCode;

pub(crate) use check_config::check_config;
pub(crate) use migrate::migrate;
pub(crate) use serve::serve;
pub(crate) use user::user;
pub(crate) use worker::worker;

use crate::cli::ConfigArgs;
use crate::config::{Config, Loaded};
use crate::start_up::StartUpError;

/// Why a command ended without success: what to print.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl From<StartUpError> for Failure {
    fn from(error: StartUpError) -> Self {
        Self(error.to_string())
    }
}

impl From<berth_domain::Error> for Failure {
    fn from(error: berth_domain::Error) -> Self {
        Self(error.to_string())
    }
}

/// The exit code of an outcome; a failure is printed.
pub(crate) fn exit(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message)) => {
            complain(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Reads the configuration and starts logging as it says. All mistakes are printed at once.
fn configuration(args: &ConfigArgs) -> Result<Config, Failure> {
    let loaded = args.load();
    if !loaded.problems.is_empty() {
        let lines: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
        return Err(Failure(lines.join("\nerror: ")));
    }
    crate::logging::start(&loaded.config.server);
    report(&loaded);
    Ok(loaded.config)
}

/// Tells the log what works but deserves a look.
fn report(loaded: &Loaded) {
    for advice in &loaded.advice {
        tracing::warn!("{advice}");
    }
    for (state, keys) in loaded.without_effect_by_state() {
        tracing::warn!(
            keys = keys.join(" "),
            "configuration keys are set that have no effect: {state}"
        );
    }
}

/// Runs the asynchronous part of a command.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => Err(Failure(format!("no thread can be started: {error}"))),
    }
}

/// Writes to standard error; if even that is closed, nobody is left to tell.
fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let written = io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| Failure(format!("standard output is closed: {error}")))
}
