//! Entry of the binary.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    berth_server::cli::Cli::parse().run()
}
