//! Where things are: the clone, the target folder, the cache that outlives both.

use std::env;
use std::path::{Path, PathBuf};

/// The clone that this task was started from.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .nth(2)
        .expect("the crate lies in `backend/xtask`")
        .to_path_buf()
}

/// Cargo's target folder: `CARGO_TARGET_DIR`, else `target` in the clone.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Target folder of the console, apart from [`target`] because another compiler may fill it.
pub(crate) fn wasm_target() -> PathBuf {
    target().join("wasm")
}

/// The release binary.
pub(crate) fn server_binary() -> PathBuf {
    target().join("release").join("berth")
}

/// The binary of the tests' own build.
pub(crate) fn debug_binary() -> PathBuf {
    target().join("debug").join("berth")
}

/// Folder outside the clone that the next clone finds again.
pub(crate) fn cache() -> PathBuf {
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .unwrap_or_else(env::temp_dir);
    base.join("berth")
}

/// Folder of one tool in one version.
pub(crate) fn tool(name: &str, version: &str) -> PathBuf {
    cache().join("tools").join(format!("{name}-{version}"))
}

/// Folder with `package.json`; `node_modules` lies beside it.
pub(crate) fn node_project() -> PathBuf {
    root()
}
