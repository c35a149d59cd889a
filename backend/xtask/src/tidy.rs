//! `cargo xtask tidy`: house rules as a test.

use std::collections::BTreeSet;
use std::path::Path;

use crate::shell::{Result, command, read, read_file};
use crate::{paths, versions};

/// Longest Rust file; more than one noun is in anything longer.
const MAX_LINES: usize = 600;

/// A rule about single lines: what, in which files, why.
struct LineRule {
    pattern: &'static str,
    /// Ends of the names of the files it applies to; none means every text file.
    endings: &'static [&'static str],
    reason: &'static str,
}

// Patterns are written in two halves, so that this file does not break its own rules.
const LINE_RULES: [LineRule; 13] = [
    LineRule {
        pattern: concat!("TO", "DO"),
        endings: &[],
        reason: "finish it or leave it out",
    },
    LineRule {
        pattern: concat!("FIX", "ME"),
        endings: &[],
        reason: "finish it or leave it out",
    },
    LineRule {
        pattern: concat!("XX", "X:"),
        endings: &[],
        reason: "finish it or leave it out",
    },
    LineRule {
        pattern: concat!("#[all", "ow("),
        endings: &[".rs"],
        reason: "use `#[expect(…, reason = \"…\")]`",
    },
    LineRule {
        pattern: concat!("#![all", "ow("),
        endings: &[".rs"],
        reason: "use `#![expect(…, reason = \"…\")]`",
    },
    LineRule {
        pattern: concat!("#[ign", "ore"),
        endings: &[".rs"],
        reason: "a test that does not run proves nothing",
    },
    LineRule {
        pattern: concat!("thread::", "sleep"),
        endings: &["tests.rs"],
        reason: "tests wait for events, not for time",
    },
    LineRule {
        pattern: concat!("../sha", "red"),
        endings: &[],
        reason: "nothing outside the clone is named",
    },
    LineRule {
        pattern: concat!("/ro", "ot/"),
        endings: &[],
        reason: "no path of a machine",
    },
    LineRule {
        pattern: concat!("npm", "js.org"),
        endings: &[],
        reason: "no host of a package registry is named",
    },
    LineRule {
        pattern: concat!("index.", "crates.io"),
        endings: &[],
        reason: "no host of a package registry is named",
    },
    LineRule {
        pattern: concat!("proxy.", "golang.org"),
        endings: &[],
        reason: "no host of a package registry is named",
    },
    LineRule {
        pattern: concat!("deb.", "debian.org"),
        endings: &[],
        reason: "no host of a package registry is named",
    },
];

impl LineRule {
    /// A macro cannot know whether what it silences occurs, so it may `allow`, with a reason before
    /// the attribute closes.
    fn excuses(&self, rest: &str) -> bool {
        let attribute = rest.split(']').next().unwrap_or_default();
        self.pattern.ends_with("ow(") && attribute.contains("reason = ")
    }
}

/// Fails with every broken rule.
pub(crate) fn run() -> Result<()> {
    let listed =
        read(command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut broken = Vec::new();
    for name in listed.lines() {
        check_file(name, &mut broken);
    }
    check_migrations(&mut broken)?;
    check_versions(&mut broken)?;
    if broken.is_empty() {
        println!("tidy: {} files, no rule broken", listed.lines().count());
        Ok(())
    } else {
        for line in &broken {
            println!("{line}");
        }
        Err(format!("{} house rules broken", broken.len()))
    }
}

fn check_file(name: &str, broken: &mut Vec<String>) {
    let is_lock = name.ends_with("Cargo.lock") || name.ends_with("package-lock.json");
    // A file that is listed but was deleted, or that is not text, has no rule.
    let Ok(text) = std::fs::read_to_string(paths::root().join(name)) else {
        return;
    };
    if is_lock {
        return;
    }
    if name.ends_with("/mod.rs") {
        broken.push(format!("{name}: write `foo.rs` beside `foo/`"));
    }
    for rule in &LINE_RULES {
        if !rule.endings.is_empty() && !rule.endings.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        for (start, _) in text.match_indices(rule.pattern) {
            if rule.excuses(&text[start..]) {
                continue;
            }
            let line = text[..start].matches('\n').count() + 1;
            let LineRule {
                pattern, reason, ..
            } = rule;
            broken.push(format!("{name}:{line}: `{pattern}`: {reason}"));
        }
    }
    if !is_rust(name) {
        return;
    }
    let lines = text.lines().count();
    if lines > MAX_LINES && !name.ends_with("/schema.rs") {
        broken.push(format!(
            "{name}: {lines} lines, at most {MAX_LINES}: look for a second noun"
        ));
    }
    let is_root = name.ends_with("src/lib.rs") || name.ends_with("src/main.rs");
    if is_root && !text.starts_with("//!") {
        broken.push(format!(
            "{name}: a crate begins with `//!`, its purpose in a line"
        ));
    }
    if name.starts_with("frontend/src") {
        for (number, line) in text.lines().enumerate() {
            // In a string literal the quotes are escaped: that is a test or a sanitizer.
            let attribute =
                |word: &str| word.starts_with("style=") && !word.starts_with("style=\\");
            if line.split_whitespace().any(attribute) {
                broken.push(format!(
                    "{name}:{}: `style=` is blocked by the CSP, use a class or `style:`",
                    number + 1
                ));
            }
        }
    }
}

fn is_rust(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "rs")
}

/// Both databases migrate in the same steps.
fn check_migrations(broken: &mut Vec<String>) -> Result<()> {
    let names = |database: &str| -> Result<BTreeSet<String>> {
        let folder = paths::root().join("migrations").join(database);
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| format!("cannot list `{}`: {error}", folder.display()))?;
        Ok(entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect())
    };
    let (sqlite, postgres) = (names("sqlite")?, names("postgres")?);
    for name in sqlite.symmetric_difference(&postgres) {
        broken.push(format!(
            "migrations: `{name}` is there for one database only"
        ));
    }
    Ok(())
}

/// Versions that must be written in two places are the same in both.
fn check_versions(broken: &mut Vec<String>) -> Result<()> {
    let root = paths::root();
    let (major, minor) = versions::RUST;
    let rust = format!("rust-version = \"{major}.{minor}\"");
    if !read_file(&root.join("Cargo.toml"))?.contains(&rust) {
        broken.push(format!("Cargo.toml: `{rust}` is what `versions.rs` says"));
    }
    let bindgen = format!("wasm_bindgen = \"{}\"", versions::WASM_BINDGEN);
    if !read_file(&root.join("Trunk.toml"))?.contains(&bindgen) {
        broken.push(format!(
            "Trunk.toml: `{bindgen}` is what `versions.rs` says"
        ));
    }
    let locked = format!(
        "name = \"wasm-bindgen\"\nversion = \"{}\"",
        versions::WASM_BINDGEN
    );
    if !read_file(&root.join("Cargo.lock"))?.contains(&locked) {
        broken.push(format!(
            "Cargo.lock: wasm-bindgen is not {}",
            versions::WASM_BINDGEN
        ));
    }
    Ok(())
}
