//! `cargo xtask seed`: fills a registry with as many rows as one wishes.

use crate::paths;
use crate::shell::{Result, cargo, run};

/// Reads the arguments and fills.
pub(crate) fn fill(arguments: &[String]) -> Result<()> {
    let file = paths::root().join("data/berth.db");
    let (mut scale, mut database) = (None, file.display().to_string());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
        match word.as_str() {
            "--scale" => {
                let number = value()?.parse::<u32>().ok().filter(|number| *number > 0);
                scale = Some(number.ok_or("`--scale` needs a number of repositories")?);
            }
            "--database" => database.clone_from(value()?),
            other => return Err(format!("unknown option `{other}`, see `--help`")),
        }
    }
    let scale = scale.ok_or("say how much: `cargo xtask seed --scale REPOSITORIES`")?;
    let mut seed = cargo();
    seed.args([
        "run",
        "--quiet",
        "--package",
        "berth-e2e",
        "--bin",
        "seed",
        "--",
    ]);
    seed.args(["--scale", &scale.to_string(), &database]);
    run(&mut seed)
}
