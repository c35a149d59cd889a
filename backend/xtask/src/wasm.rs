//! Which compiler turns the console into WebAssembly.
//!
//! The default toolchain where it has the target, else rustup adds it, else Debian's `rustc-web`
//! with its own sources of the standard library.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Result, command, path_with, read, run, which};
use crate::versions;

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's packages of the second way.
pub(crate) const DEBIAN_PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-llvm",
    "lld-22",
];

/// A way to compile for [`TARGET`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// The toolchain of this task has the target.
    Toolchain,
    /// `/usr/bin/cargo` compiles the standard library from its sources.
    System,
}

impl Compiler {
    /// The best one that is there now.
    pub(crate) fn find() -> Option<Self> {
        if toolchain_has_target() {
            Some(Self::Toolchain)
        } else if system_can_build_std() {
            Some(Self::System)
        } else {
            None
        }
    }

    /// What the table says about it.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Toolchain => "in the Rust toolchain",
            Self::System => "/usr/bin/rustc with its own std sources",
        }
    }

    /// Sets what a command that calls `cargo` needs, with `folders` in front of `PATH`.
    pub(crate) fn prepare(self, command: &mut Command, folders: &[PathBuf]) {
        let mut all = folders.to_vec();
        if self == Self::System {
            all.push(PathBuf::from("/usr/bin"));
            command
                .env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("LD_LIBRARY_PATH")
                .env_remove("CARGO")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
        }
        command.env("PATH", path_with(&all));
    }
}

/// Lets rustup add the target to the toolchain of this task.
pub(crate) fn add_by_rustup() -> Result<()> {
    run(command("rustup").args(["target", "add", TARGET]))
}

/// Whether rustup manages the toolchain.
pub(crate) fn has_rustup() -> bool {
    which("rustup").is_some()
}

fn toolchain_has_target() -> bool {
    read(command("rustc").args(["--print", "sysroot"])).is_ok_and(|sysroot| {
        Path::new(sysroot.trim())
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib")
            .is_dir()
    })
}

fn system_can_build_std() -> bool {
    let recent = read(
        command("/usr/bin/rustc")
            .arg("--version")
            .env_remove("LD_LIBRARY_PATH"),
    )
    .ok()
    .and_then(|said| version(&said))
    .is_some_and(|found| found >= versions::RUST);
    recent
        && Path::new("/usr/bin/cargo").is_file()
        && Path::new("/usr/lib/rustlib/src/rust/library/std").is_dir()
}

/// The first `major.minor` in what a program says of itself.
pub(crate) fn version(said: &str) -> Option<(u32, u32)> {
    said.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .find_map(|word| {
            let mut parts = word.split('.');
            let major = parts.next()?.parse().ok()?;
            let minor = parts.next()?.parse().ok()?;
            Some((major, minor))
        })
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn version_is_found_in_what_programs_say() {
        assert_eq!(
            version("rustc 1.96.0 (ac68faa20 2026-05-25)"),
            Some((1, 96))
        );
        assert_eq!(version("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(version("no number"), None);
    }
}
