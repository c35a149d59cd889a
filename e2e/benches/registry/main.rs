//! Berth beside other registries and beside nginx, in one run on one disk.
//!
//! `cargo xtask bench` obtains and builds what this needs and runs it. Contenders take turns, in alternating order; each
//! figure is the median over the rounds. Berth asks for a token and checks permissions at each request, the others serve anybody.
//! Without `--bench`, which `cargo test` leaves out, each row is a test: one small round that only shows that it works.

mod content;
mod load;
mod process;
mod report;
mod rows;
mod servers;
mod stats;
mod wire;

use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::runtime::Runtime;

use report::{Figures, Table};
use servers::{Contender, Kind};

/// How much is done.
#[derive(Debug)]
pub(crate) struct Scale {
    /// Rounds of each contender.
    rounds: usize,
    /// Length of a round that is bounded by time.
    pub(crate) round: Duration,
    /// A run that only shows that everything works.
    pub(crate) is_quick: bool,
    pub(crate) runtime: Runtime,
}

impl Scale {
    /// The one number for a measurement, the other for a run that only shows that it works.
    pub(crate) const fn pick(&self, whole: usize, quick: usize) -> usize {
        if self.is_quick { quick } else { whole }
    }
}

impl Scale {
    fn quick() -> Self {
        Self {
            rounds: 1,
            round: Duration::from_millis(100),
            is_quick: true,
            runtime: Runtime::new().expect("a runtime starts"),
        }
    }

    fn whole(rounds: usize) -> Self {
        Self {
            rounds,
            round: Duration::from_secs(4),
            is_quick: false,
            runtime: Runtime::new().expect("a runtime starts"),
        }
    }
}

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|word| word == "--bench") {
        return as_tests();
    }
    words.retain(|word| word != "--bench");
    let rounds = match rounds(&mut words) {
        Ok(rounds) => rounds,
        Err(error) => return refuse(&error),
    };
    if let Some(unknown) = words
        .iter()
        .find(|word| rows::ALL.iter().all(|row| row.name != **word))
    {
        let names: Vec<&str> = rows::ALL.iter().map(|row| row.name).collect();
        return refuse(&format!(
            "no row `{unknown}`; there are {}",
            names.join(", ")
        ));
    }
    let scale = Scale::whole(rounds);
    for row in rows::ALL {
        if words.is_empty() || words.iter().any(|word| word == row.name) {
            eprintln!("{} …", row.name);
            let (table, aims) = (row.run)(&scale);
            report::print(row.title, &table, &aims);
        }
    }
    ExitCode::SUCCESS
}

/// Each row in small.
fn as_tests() -> ExitCode {
    let mut arguments = libtest_mimic::Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = rows::ALL.iter().map(|row| {
        Trial::test(format!("bench::{}", row.name), || {
            (row.run)(&Scale::quick());
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Takes `--rounds N` out of the arguments.
fn rounds(words: &mut Vec<String>) -> Result<usize, String> {
    let Some(place) = words.iter().position(|word| word == "--rounds") else {
        return Ok(5);
    };
    let number = words.get(place + 1).and_then(|word| word.parse().ok());
    let number = number.filter(|number| *number > 0);
    words.drain(place..(place + 2).min(words.len()));
    number.ok_or_else(|| "`--rounds` needs a number above 0".to_owned())
}

fn refuse(error: &str) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(2)
}

/// Starts contenders, prepares each, and measures them in turn.
pub(crate) fn compare<T>(
    scale: &Scale,
    kinds: &[Kind],
    prepare: impl Fn(&mut Contender) -> T,
    mut measure: impl FnMut(&mut Contender, &mut T, usize) -> Figures,
) -> Table {
    let mut contenders: Vec<(Contender, T)> = kinds
        .iter()
        .map(|kind| {
            let mut contender = kind.start(&scale.runtime);
            let prepared = prepare(&mut contender);
            (contender, prepared)
        })
        .collect();
    let mut table = Table::default();
    for round in 0..scale.rounds {
        for (contender, prepared) in &mut contenders {
            table.add(contender.kind, measure(contender, prepared, round));
        }
        contenders.reverse();
    }
    table
}
