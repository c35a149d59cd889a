//! Entry of the binary.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

/// A request allocates a few hundred small things on one thread and frees them on another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    berth_server::cli::Cli::parse().run()
}
