//! `berth check-config`.

use super::{Failure, complain, print};
use crate::cli::ConfigArgs;

/// Prints every mistake and everything that deserves a look; fails where there is a mistake.
pub(crate) fn check_config(args: &ConfigArgs) -> Result<(), Failure> {
    let loaded = args.load();
    for advice in &loaded.advice {
        complain(&format!("warning: {advice}"));
    }
    for (state, keys) in loaded.without_effect_by_state() {
        complain(&format!("note: {state}: {}", keys.join(", ")));
    }
    for problem in &loaded.problems {
        complain(&format!("error: {problem}"));
    }
    match loaded.problems.len() {
        0 => print("the configuration is valid\n"),
        1 => Err(Failure("the configuration has 1 problem".to_owned())),
        count => Err(Failure(format!("the configuration has {count} problems"))),
    }
}
