//! Fills the database of a registry with as many rows as one wishes: `cargo xtask seed`.

#![expect(clippy::print_stdout, reason = "it reports to the terminal")]

use std::process::ExitCode;
use std::time::Instant;

use berth_e2e::scale::{Scale, fill};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked = match words.as_slice() {
        [option, number, database] if option == "--scale" => {
            number.parse().ok().map(|number| (number, database))
        }
        _ => None,
    };
    let Some((repositories, database)) = asked.filter(|(number, _)| *number > 0) else {
        eprintln!("usage: seed --scale REPOSITORIES DATABASE");
        return ExitCode::from(2);
    };
    let scale = Scale::of(repositories);
    let runtime = tokio::runtime::Runtime::new().expect("the system gives threads");
    let begun = Instant::now();
    match runtime.block_on(fill(database, scale)) {
        Ok(()) => {
            println!("{scale}, in {:.1} s", begun.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
