//! Tools that are kept outside the clone, one folder per name and version.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Result, cargo, command, path_with, read, run, which};
use crate::{paths, versions};

/// Where a tool comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    /// A crate, with the flags that `cargo install` needs for it and its optimization level: 0 for
    /// programs that wait more than they work.
    Crate(&'static [&'static str], &'static str),
    /// A Go module path of a command.
    Module(&'static str),
}

/// A program of a pinned version.
#[derive(Debug)]
pub(crate) struct Tool {
    /// Package name, which also names its folder.
    pub(crate) name: &'static str,
    /// Name of the executable.
    pub(crate) binary: &'static str,
    /// Exactly this version is used.
    pub(crate) version: &'static str,
    pub(crate) origin: Origin,
    /// What compiling it takes on two cores, for the table.
    pub(crate) seconds: u32,
    pub(crate) megabytes: u32,
}

pub(crate) const TRUNK: Tool = Tool {
    name: "trunk",
    binary: "trunk",
    version: versions::TRUNK,
    // Its lock is needed, its declared Rust is newer than what it compiles with.
    origin: Origin::Crate(
        &[
            "--locked",
            "--ignore-rust-version",
            "--no-default-features",
            "--features",
            "rustls",
        ],
        "0",
    ),
    seconds: 500,
    megabytes: 40,
};

pub(crate) const WASM_BINDGEN: Tool = Tool {
    name: "wasm-bindgen-cli",
    binary: "wasm-bindgen",
    version: versions::WASM_BINDGEN,
    origin: Origin::Crate(&["--no-default-features"], "1"),
    seconds: 200,
    megabytes: 20,
};

/// Takes the pages of the console that are fetched later out of its module.
pub(crate) const WASM_SPLIT: Tool = Tool {
    name: "wasm_split_cli_support",
    binary: "wasm-split-cli",
    version: versions::WASM_SPLIT,
    origin: Origin::Crate(&["--locked", "--features", "build-binary"], "1"),
    seconds: 60,
    megabytes: 10,
};

pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    binary: "cargo-deny",
    version: versions::CARGO_DENY,
    origin: Origin::Crate(&["--locked"], "0"),
    seconds: 300,
    megabytes: 25,
};

pub(crate) const CARGO_FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    binary: "cargo-fuzz",
    version: versions::CARGO_FUZZ,
    origin: Origin::Crate(&["--locked"], "0"),
    seconds: 60,
    megabytes: 10,
};

const fn go(
    name: &'static str,
    version: &'static str,
    module: &'static str,
    seconds: u32,
    megabytes: u32,
) -> Tool {
    Tool {
        name,
        binary: name,
        version,
        origin: Origin::Module(module),
        seconds,
        megabytes,
    }
}

/// The S3 server of the tests.
pub(crate) const VERSITYGW: Tool = go(
    "versitygw",
    versions::VERSITYGW,
    "github.com/versity/versitygw/cmd/versitygw",
    115,
    60,
);

/// The clients and servers of the tests that no distribution carries in a usable version.
pub(crate) const CLIENTS: [Tool; 8] = [
    go(
        "crane",
        versions::CRANE,
        "github.com/google/go-containerregistry/cmd/crane",
        10,
        15,
    ),
    go("oras", versions::ORAS, "oras.land/oras/cmd/oras", 30, 15),
    go("helm", versions::HELM, "helm.sh/helm/v3/cmd/helm", 80, 70),
    VERSITYGW,
    go(
        "cosign",
        versions::COSIGN,
        "github.com/sigstore/cosign/v3/cmd/cosign",
        210,
        150,
    ),
    Tool {
        binary: "registry",
        ..go(
            "distribution",
            versions::DISTRIBUTION,
            "github.com/distribution/distribution/v3/cmd/registry",
            150,
            60,
        )
    },
    Tool {
        name: "oci-conformance",
        ..go(
            "conformance",
            versions::CONFORMANCE,
            "github.com/opencontainers/distribution-spec/conformance",
            10,
            15,
        )
    },
    // Makes clients of the REST API.
    Tool {
        binary: "swagger",
        ..go(
            "go-swagger",
            versions::GO_SWAGGER,
            "github.com/go-swagger/go-swagger/cmd/swagger",
            90,
            30,
        )
    },
];

impl Tool {
    /// Folder that holds the executable, if the pinned version is there.
    ///
    /// The cache is looked at first: it is pinned by its path, a program on `PATH` must be asked.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        let cached = paths::tool(self.name, self.version).join("bin");
        if cached.join(self.binary).is_file() {
            return Some(cached);
        }
        let found = which(self.binary)?;
        let said = match self.origin {
            Origin::Crate(..) => read(command(&found).arg("--version")),
            // Programs built by `go install` often print `devel`; the build information does not.
            Origin::Module(_) => read(command("go").args(["version", "-m"]).arg(&found)),
        };
        let pinned = said
            .ok()?
            .split_whitespace()
            .any(|word| word == self.version);
        pinned.then(|| found.parent().map(PathBuf::from)).flatten()
    }

    /// How [`Tool::install`] will get it, for the table.
    pub(crate) fn manner(&self) -> &'static str {
        match self.origin {
            Origin::Crate(..) if which("cargo-binstall").is_some() => "cargo binstall",
            Origin::Crate(..) => "compile (cargo install)",
            Origin::Module(_) => "compile (go install)",
        }
    }

    /// Puts it into the cache. The folder appears only when it is complete.
    pub(crate) fn install(&self) -> Result<()> {
        let folder = paths::tool(self.name, self.version);
        let partial = format!("{}.{}.partial", folder.display(), std::process::id());
        let partial = PathBuf::from(partial);
        let built = self.build(&partial);
        let moved = built.and_then(|()| {
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::rename(&partial, &folder)
                .map_err(|error| format!("cannot move `{}`: {error}", partial.display()))
        });
        let _ = std::fs::remove_dir_all(&partial);
        moved
    }

    fn build(&self, partial: &PathBuf) -> Result<()> {
        std::fs::create_dir_all(partial)
            .map_err(|error| format!("cannot create `{}`: {error}", partial.display()))?;
        match self.origin {
            Origin::Module(module) => {
                let mut go = command("go");
                go.args(["install", &format!("{module}@{}", self.version)]);
                go.env("CGO_ENABLED", "0").env("GOBIN", partial.join("bin"));
                run(&mut go)
            }
            Origin::Crate(flags, level) => {
                if which("cargo-binstall").is_some() {
                    let mut binstall = cargo();
                    binstall.args(["binstall", "--no-confirm", "--version", self.version]);
                    binstall.arg("--root").arg(partial).arg(self.name);
                    if run(&mut binstall).is_ok() {
                        return Ok(());
                    }
                    println!("no prebuilt {} for this machine, compiling it", self.name);
                }
                let scratch = paths::cache().join("build").join(self.name);
                let mut install = cargo();
                install.args(["install", self.name, "--version", self.version]);
                install.args(flags).arg("--root").arg(partial);
                install.env("CARGO_TARGET_DIR", &scratch);
                // Some ask for optimization across all crates, which doubles the wait for a
                // program that runs for seconds; debug information is for who debugs them.
                install
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level);
                let result = run(&mut install);
                if result.is_ok() {
                    let _ = std::fs::remove_dir_all(&scratch);
                }
                result
            }
        }
    }
}

/// `PATH` for a child process, with the folders of these tools in front.
pub(crate) fn path(tools: &[&Tool]) -> std::ffi::OsString {
    let folders: Vec<PathBuf> = tools.iter().filter_map(|tool| tool.find()).collect();
    path_with(&folders)
}

/// A command whose `PATH` holds these tools.
pub(crate) fn with_tools(mut command: Command, tools: &[&Tool]) -> Command {
    command.env("PATH", path(tools));
    command
}
