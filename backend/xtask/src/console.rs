//! Builds the console into `dist`, unless nothing it is made of has changed.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::plan::{Action, Need};
use crate::shell::{Result, command, read, read_file, run, step, which, write_file};
use crate::tools::{TRUNK, Tool, WASM_BINDGEN, WASM_SPLIT};
use crate::{paths, versions, wasm};

/// What the console is made of, from the clone's root.
const INPUTS: [&str; 8] = [
    ".cargo/config.toml",
    "frontend",
    "backend/domain",
    "graphql/schema.graphql",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "package-lock.json",
];

/// What building it takes: a compiler for wasm, Node, Trunk and wasm-bindgen.
pub(crate) fn needs() -> Vec<Need> {
    let mut needs = vec![Need::packages(
        "C compiler",
        which("cc").map(|path| path.display().to_string()),
        &["gcc", "libc6-dev"],
        (15, 150),
    )];
    needs.push(match wasm::Compiler::find() {
        Some(compiler) => Need::there("wasm target", compiler.describe()),
        None => Need::missing(
            "wasm target",
            "rustup target add, else Debian's rustc-web",
            (60, 400),
            Action::WasmTarget,
        ),
    });
    needs.push(Need::packages(
        "Node.js with npm",
        node(),
        &["nodejs", "npm"],
        (60, 250),
    ));
    needs.push(Need::tool(&TRUNK));
    needs.push(Need::tool(&WASM_BINDGEN));
    needs.push(Need::tool(&WASM_SPLIT));
    needs
}

/// The rows of the table for what is made in the clone.
pub(crate) fn to_make() -> Vec<Need> {
    let modules = if modules_are_current() {
        Need::there("npm packages", "node_modules")
    } else {
        Need::missing("npm packages", "npm ci", (30, 200), Action::Made)
    };
    let console = if is_current() {
        Need::there("console", "dist, unchanged")
    } else {
        Need::missing("console", "trunk build --release", (330, 900), Action::Made)
    };
    vec![modules, console]
}

fn node() -> Option<String> {
    let npm = which("npm")?;
    let said = read(command("node").arg("--version")).ok()?;
    let major: u32 = said
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()?;
    (major >= versions::NODE).then(|| format!("node {}, {}", said.trim(), npm.display()))
}

/// Whether `dist` was built from exactly what is in the clone now.
pub(crate) fn is_current() -> bool {
    let hash = inputs_hash();
    paths::root().join("dist/index.html").is_file()
        && hash.is_ok_and(|hash| read_file(&stamp()).is_ok_and(|stamped| stamped == hash))
}

/// Builds the console and compresses it. Does nothing when it is current.
pub(crate) fn build() -> Result<()> {
    install_modules()?;
    if is_current() {
        println!("console: unchanged, not built again");
        return Ok(());
    }
    let hash = inputs_hash()?;
    fetch_crates()?;
    step("console (trunk build --release)", || {
        let mut trunk = command("trunk");
        trunk.args(["build", "--release", "--offline"]);
        environment(&mut trunk)?;
        split_pages(&mut trunk)?;
        run(&mut trunk)
    })?;
    step("console (compress)", || {
        let script = paths::root().join("frontend/style/compress.mjs");
        run(command("node").arg(script).arg("dist"))
    })?;
    write_file(&stamp(), hash)
}

/// Downloads the crates of the console, and those of the standard library where that is compiled
/// too: Trunk works offline, or it would download tools of its own choice.
pub(crate) fn fetch_crates() -> Result<()> {
    step("console (crates)", || {
        let mut cargo = command("cargo");
        cargo.args(["fetch", "--locked"]);
        // Build scripts and macros run here.
        cargo.args(["--target", wasm::TARGET, "--target", "host-tuple"]);
        environment(&mut cargo)?;
        run(&mut cargo)
    })
}

/// What Trunk and the cargo below it need: their tools on `PATH`, the wasm compiler, a target folder of its own.
pub(crate) fn environment(command: &mut std::process::Command) -> Result<()> {
    let compiler =
        wasm::Compiler::find().ok_or("no compiler for the wasm target; run `cargo xtask up`")?;
    let mut folders = vec![paths::node_project().join("node_modules/.bin")];
    folders.extend(
        [&TRUNK, &WASM_BINDGEN]
            .iter()
            .filter_map(|tool| tool.find()),
    );
    compiler.prepare(command, &folders);
    command.env("CARGO_TARGET_DIR", paths::wasm_target());
    // Trunk takes a set `NO_COLOR` for a Boolean and refuses the usual `1`.
    command.env_remove("NO_COLOR");
    Ok(())
}

/// Lets `frontend/split` work between the compiler and wasm-bindgen.
fn split_pages(trunk: &mut std::process::Command) -> Result<()> {
    let compiler =
        wasm::Compiler::find().ok_or("no compiler for the wasm target; run `cargo xtask up`")?;
    let tool = |tool: &Tool| tool.find().ok_or(format!("{} is missing", tool.name));
    trunk.env(
        "BERTH_WASM_BINDGEN",
        tool(&WASM_BINDGEN)?.join(WASM_BINDGEN.binary),
    );
    let folders = [
        paths::root().join("frontend/split"),
        paths::node_project().join("node_modules/.bin"),
        tool(&WASM_SPLIT)?,
        tool(&TRUNK)?,
    ];
    compiler.prepare(trunk, &folders);
    // The pages are told apart by the linker's relocations.
    trunk.env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        "--cfg=split_pages -Clink-args=--emit-relocs",
    );
    Ok(())
}

/// `npm ci`, when the lock file is not the one that was installed.
pub(crate) fn install_modules() -> Result<()> {
    if modules_are_current() {
        return Ok(());
    }
    step("npm packages", || {
        let mut npm = command("npm");
        npm.args(["ci", "--prefer-offline", "--no-audit", "--no-fund"]);
        npm.current_dir(paths::node_project());
        run(&mut npm)?;
        write_file(&modules_stamp(), lock_hash()?)
    })
}

fn modules_are_current() -> bool {
    lock_hash().is_ok_and(|hash| read_file(&modules_stamp()).is_ok_and(|stamped| stamped == hash))
}

fn modules_stamp() -> PathBuf {
    paths::node_project().join("node_modules/.berth-lock")
}

fn lock_hash() -> Result<String> {
    let lock = read_file(&paths::node_project().join("package-lock.json"))?;
    Ok(hex(&Sha256::digest(lock.as_bytes())))
}

/// The stamp is not in `dist`, which goes into the binary whole, and is named after the clone, since
/// clones may share a target folder.
fn stamp() -> PathBuf {
    let root = paths::root();
    let clone = hex(&Sha256::digest(root.as_os_str().as_encoded_bytes()));
    paths::wasm_target().join(format!("console-{}.inputs", &clone[..12]))
}

fn inputs_hash() -> Result<String> {
    let root = paths::root();
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let bytes = std::fs::read(&file)
            .map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
        let name = file.strip_prefix(&root).unwrap_or(&file);
        hash.update(name.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    hash.update(versions::TRUNK);
    hash.update(versions::WASM_BINDGEN);
    hash.update(versions::WASM_SPLIT);
    Ok(hex(&hash.finalize()))
}

/// Adds a file, or all files of a folder but the generated ones. What is absent adds nothing.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let generated = ["node_modules", "dist", "target"];
    if !path.is_dir()
        || path
            .file_name()
            .is_some_and(|name| generated.iter().any(|g| name == *g))
    {
        return Ok(());
    }
    let entries = std::fs::read_dir(path)
        .map_err(|error| format!("cannot list `{}`: {error}", path.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("cannot list `{}`: {error}", path.display()))?;
        collect(&entry.path(), files)?;
    }
    Ok(())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
