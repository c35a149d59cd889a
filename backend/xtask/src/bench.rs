//! `cargo xtask bench`: obtains and builds what the benchmarks need, and runs them.

use crate::shell::{Result, cargo, run, step};
use crate::test::{self, services::Services};
use crate::tools::{self, CLIENTS, Tool};
use crate::{paths, up};

/// Runs the rows that the arguments name.
pub(crate) fn run_rows(arguments: &[String]) -> Result<()> {
    let (own, rows): (Vec<&String>, Vec<&String>) = arguments
        .iter()
        .partition(|word| matches!(word.as_str(), "--yes" | "-y"));
    let yes = !own.is_empty();
    test::obtain(yes)?;
    up::prepare(yes)?;
    let services = step("database", || Services::start(true))?;
    let tools: Vec<&Tool> = CLIENTS.iter().collect();
    let mut bench = tools::with_tools(cargo(), &tools);
    bench.args([
        "bench",
        "--package",
        "berth-e2e",
        "--bench",
        "registry",
        "--",
    ]);
    bench.args(rows);
    bench.envs(services.environment());
    bench.env("BERTH_BIN", paths::server_binary());
    run(&mut bench)
}
