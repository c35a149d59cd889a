//! Entry of the binary.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

/// A request allocates a few hundred small things on one thread and frees them on another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // A page of 2 MiB stays in memory as long as a few bytes of it are in use: at ordinary work that is four times as much.
    // Where the kernel cannot be asked, nothing is lost but memory.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    berth_server::cli::Cli::parse().run()
}
