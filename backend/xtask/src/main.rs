//! `cargo xtask`: every task that a newcomer, a contributor or CI runs.
//!
//! Almost no dependencies, since it is compiled before anything else; it runs on Unix.

#![expect(clippy::print_stdout, reason = "tasks talk to the terminal")]

mod bench;
mod check;
mod console;
mod demo;
mod dev;
mod fuzz;
mod generate;
mod http;
mod paths;
mod plan;
mod seed;
mod server;
mod shell;
mod test;
mod tidy;
mod tools;
mod up;
mod versions;
mod wasm;

use std::process::ExitCode;

use shell::Result;

const HELP: &str = "\
Tasks of this clone: `cargo xtask TASK`, `cargo xtask TASK --help`

  up      obtain what is missing, build, start the registry and its console
  test    run every test; ends with `N passed, M failed`
  torture kill servers at random moments under load, and look for what is lost
  race    let two replicas and two collectors race each other, and look for what is lost
  soak    load both shapes for an hour, with a fault a minute
  bench   measure beside other registries and nginx
  seed    fill a registry with as many repositories and tags as one wishes
  fuzz    feed hostile bytes to everything that reads bytes from outside
  dev     run a server and a console that reloads when its sources change
  check   format, lints, dependencies, house rules: what CI asks before the tests
  gen     rewrite the files that the binary writes: GraphQL schema, configuration reference
  tidy    house rules alone
  tools   obtain what building and testing need, and stop

Tools are kept in ${XDG_CACHE_HOME:-$HOME/.cache}/berth/tools, outside the clone.";

const TASKS: [(&str, &str); 13] = [
    ("up", "\
cargo xtask up [--yes] [--demo] [--no-serve] [--listen ADDR] [--data DIR]

Prints what is there and what it will obtain, asks before it changes the system, obtains, builds
console and server in release and starts the server on http://127.0.0.1:8080 with its data in ./data.
What is unchanged is not built again.

  --yes          change the system without asking (so do CI and root)
  --demo         fill a new registry with a small organization and images
  --no-serve     stop after building target/release/berth
  --listen ADDR  address of the server
  --data DIR     folder of the server's data

Examples:
  cargo xtask up
  cargo xtask up --demo --data /tmp/berth-demo --listen 127.0.0.1:9000"),
    ("test", "\
cargo xtask test [--quick] [--yes] [--only backend|console|e2e] [-- FILTER...]

Runs unit, service and adapter tests on SQLite and PostgreSQL, local disk and S3, the console's tests,
and the end-to-end tests with real clients and a real browser. Installs and starts what they need on
free loopback ports, stops what it started, and ends with `N passed, M failed`.

  --quick   leave out what needs a service, a client or a browser
  --only    one suite alone
  --yes     change the system without asking

Examples:
  cargo xtask test
  cargo xtask test --quick
  cargo xtask test --only e2e -- podman"),
    ("torture", "\
cargo xtask torture [--kills N] [--yes]

Kills servers of both shapes N times each (25) at random moments under pushes, mounts, retags, deletions
and collection. After each restart everything acknowledged is pulled and hashed, and nothing half made
may show. The seed that is printed repeats a run's choices: `BERTH_TORTURE_SEED`.

Example:
  cargo xtask torture --kills 1000"),
    ("race", "\
cargo xtask race [--rounds N] [--yes]

Two replicas push, mount, delete and restore against two collectors that shield nothing, each racer N
times (1000), on both databases. Every live tag is pulled and hashed in each round, and garbage has one
period to go. Three processes want one piece of periodic work and four writers one upload, N times, while
one of them stands still. Then clients push, pull and delete one tag at both, N times, and what they saw
has to be one story.

Example:
  cargo xtask race --rounds 10000"),
    ("soak", "\
cargo xtask soak [--minutes N] [--yes] [embedded | scaled]

Measures the peak of a mixed load in each shape, or in the one that is named, holds 70 % of it for N minutes (60) and
lets something fail in each: a server killed or stopped, database or bucket gone. Everything pulled is hashed; a wrong
answer fails. Prints the slowest hundredth of each minute and the slope of memory and descriptors.

Example:
  cargo xtask soak --minutes 3"),
    ("bench", "\
cargo xtask bench [--yes] [--rounds N] [ROW...]

Measures a release build, with SQLite and with PostgreSQL, beside docker-registry, distribution and nginx on
the same disk, and prints each figure with its aim: the tables of docs/performance.md. Takes up to an hour and 12 GB
of disk for all rows. An unknown row is answered with the names of all.

  --rounds N  rounds of each contender, 5 unless told otherwise
  --yes       change the system without asking

Examples:
  cargo xtask bench
  cargo xtask bench --rounds 3 blob-get-large push"),
    ("seed", "\
cargo xtask seed --scale REPOSITORIES [--database FILE|URL]

Writes rows around an image that the registry holds already, straight into its database: organizations of a hundred
repositories with ten tags each, and one repository, `scale/tags`, with as many tags as all others together. All of it can
be pulled. The first user administers it, the second may pull what is public and a third of the rest, and more by teams.
The organization `scale` has a robot for every ten repositories and a team for every hundred; the robots log in with the
token of the first robot that there is, and without one there are none.

  --scale REPOSITORIES  how many repositories; 50000 make a million tags
  --database FILE|URL   an SQLite file, or the URL of a PostgreSQL database; data/berth.db unless told otherwise

Example:
  cargo xtask up --demo   # in another terminal
  cargo xtask seed --scale 1000"),
    ("fuzz", "\
cargo xtask fuzz [--yes] [--seconds N] [--keep] [TARGET...]

Runs the targets of backend/fuzz, or those that are named, under libFuzzer: names, headers, token, manifest, config,
http, paging, graphql. A panic, an input of 20 seconds and 1.5 GB of memory are faults; the input is kept. Building takes
some minutes the first time.

  --seconds N  length of the run of each target, 60 unless told otherwise
  --keep       take what was found into the corpus that every test run replays
  --yes        change the system without asking

Example:
  cargo xtask fuzz --seconds 1800 --keep http"),
    ("dev", "\
cargo xtask dev [--check]

Runs `berth serve` from a debug build on port 8080 and `trunk serve` on port 8090 beside it, which
passes calls and subscriptions on to it and loads the page anew when a source changes. Ctrl-C ends both.

  --check   show in a browser that it works, on an empty registry, and stop

Example:
  cargo xtask dev"),
    ("check", "\
cargo xtask check [--yes]

Runs rustfmt, clippy with warnings as errors (the console for wasm), cargo deny and the house rules.

Example:
  cargo xtask check"),
    ("gen", "\
cargo xtask gen [--check]

Rewrites graphql/schema.graphql and docs/configuration.md; with --check only fails when they are stale.

Examples:
  cargo xtask gen
  cargo xtask gen --check"),
    ("tidy", "\
cargo xtask tidy

House rules as a test: file layout, file length, unfinished work, migrations, pinned versions.

Example:
  cargo xtask tidy"),
    ("tools", "\
cargo xtask tools [--yes]

Obtains what building and testing need and stops. Running it again costs a second.

Example:
  cargo xtask tools --yes"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An empty message means that everything was said already.
            if !error.is_empty() {
                eprintln!("error: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((task, rest)) = arguments.split_first() else {
        println!("{HELP}");
        return Ok(());
    };
    let own = rest.split(|word| word == "--").next().unwrap_or_default();
    if own.iter().any(|word| word == "--help" || word == "-h") {
        let help = TASKS
            .iter()
            .find(|(name, _)| name == task)
            .map_or(HELP, |(_, help)| help);
        println!("{help}");
        return Ok(());
    }
    match task.as_str() {
        "up" => up::run(&up::Options::parse(rest)?),
        "announce" => up::announcer(rest),
        "test" => test::run(&test::Options::parse(rest)?),
        "torture" => test::run(&test::Options::torture(rest)?),
        "soak" => test::soak(rest),
        "race" => test::run(&test::Options::race(rest)?),
        "bench" => bench::run_rows(rest),
        "seed" => seed::fill(rest),
        "fuzz" => fuzz::run_targets(rest),
        "dev" => dev::run(flag(rest, "--check")?),
        "check" => check::all(flag(rest, "--yes")?),
        "gen" => generate::run(flag(rest, "--check")?),
        "tidy" => flag(rest, "").and_then(|_| tidy::run()),
        "tools" => test::obtain(flag(rest, "--yes")?),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("no task `{other}`\n\n{HELP}")),
    }
}

/// Reads arguments that can only be one flag.
fn flag(arguments: &[String], name: &str) -> Result<bool> {
    match arguments {
        [] => Ok(false),
        [word] if word == name => Ok(true),
        [word, ..] => Err(format!("unknown option `{word}`, see `--help`")),
    }
}
