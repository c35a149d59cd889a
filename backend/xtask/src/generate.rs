//! `cargo xtask gen`: files that the binary writes and the clone keeps.

use crate::paths;
use crate::shell::{Result, cargo, read, read_file, write_file};

/// Command of the binary, file in the clone.
const FILES: [(&str, &str); 2] = [
    ("graphql-schema", "graphql/schema.graphql"),
    ("config-reference", "docs/configuration.md"),
];

/// Rewrites the files, or with `check` fails when one of them is not what the binary would write.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (word, file) in FILES {
        let mut berth = cargo();
        berth.args(["run", "--quiet", "--package", "berth-server", "--", word]);
        let fresh = read(&mut berth)?;
        let path = paths::root().join(file);
        let same = read_file(&path).is_ok_and(|kept| kept == fresh);
        match (same, check) {
            (true, _) => println!("{file}: current"),
            (false, true) => stale.push(file),
            (false, false) => {
                write_file(&path, fresh)?;
                println!("{file}: written");
            }
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "not current: {}; run `cargo xtask gen` and commit the result",
            stale.join(", ")
        ))
    }
}
