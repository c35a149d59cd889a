//! `cargo xtask fuzz`: runs the fuzz targets of `backend/fuzz` under libFuzzer.

use std::path::PathBuf;
use std::process::Command;

use crate::paths;
use crate::plan::{self, Need};
use crate::shell::{Result, cargo, command, read, run, step, which};
use crate::tools::{self, CARGO_FUZZ};

/// Targets, as `backend/fuzz` names its programs and corpora.
const TARGETS: [&str; 8] = [
    "names", "headers", "token", "manifest", "config", "http", "paging", "graphql",
];
/// Memory that a target may hold; more is a fault.
const MEGABYTES_MAX: u32 = 1536;
/// Seconds that one input may take; more is a fault.
const INPUT_SECONDS_MAX: u32 = 20;

/// What the command line said.
#[derive(Debug)]
struct Options<'a> {
    targets: Vec<&'a str>,
    seconds: &'a str,
    keep: bool,
    yes: bool,
}

impl<'a> Options<'a> {
    fn parse(arguments: &'a [String]) -> Result<Self> {
        let mut options = Self {
            targets: Vec::new(),
            seconds: "60",
            keep: false,
            yes: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--yes" | "-y" => options.yes = true,
                "--keep" => options.keep = true,
                "--seconds" => {
                    // libFuzzer takes 0 for no limit.
                    let number = words
                        .next()
                        .filter(|word| word.parse::<u32>().is_ok_and(|number| number > 0));
                    options.seconds = number.ok_or("`--seconds` needs a number above 0")?;
                }
                target if TARGETS.contains(&target) => options.targets.push(target),
                other => {
                    return Err(format!(
                        "unknown target or option `{other}`; targets are {}",
                        TARGETS.join(", ")
                    ));
                }
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.to_vec();
        }
        Ok(options)
    }
}

/// Builds the targets with instrumentation and runs each for a while.
pub(crate) fn run_targets(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let needs = [
        Need::packages(
            "C++ compiler",
            which("c++").map(|path| path.display().to_string()),
            &["g++"],
            (15, 150),
        ),
        Need::tool(&CARGO_FUZZ),
    ];
    plan::print(&needs);
    plan::obtain(&needs, options.yes)?;
    step("fuzz targets", build)?;
    let host = host()?;
    for target in options.targets {
        step(&format!("fuzz {target}"), || {
            fuzz(&host, target, options.seconds)?;
            if options.keep {
                keep(&host, target)
            } else {
                Ok(())
            }
        })?;
    }
    Ok(())
}

/// Everything that belongs to fuzzing lies apart: the instrumentation changes every crate.
fn folder() -> PathBuf {
    paths::target().join("fuzz")
}

/// Without sanitizers, which need a nightly compiler and have little to find where nothing is unsafe.
fn build() -> Result<()> {
    let mut build = tools::with_tools(cargo(), &[&CARGO_FUZZ]);
    build.args(["fuzz", "build", "--fuzz-dir"]);
    build.arg(paths::root().join("backend/fuzz"));
    build.args(["--features", "libfuzzer", "--sanitizer", "none", "--dev"]);
    build.arg("--target-dir").arg(folder());
    // Ten times as many inputs in a second, for half as much again of compiling.
    build.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    run(&mut build)
}

fn fuzz(host: &str, target: &str, seconds: &str) -> Result<()> {
    let (found, artifacts) = (found(target)?, artifacts(target)?);
    let mut fuzz = program(host, target);
    fuzz.arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEGABYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .arg(found)
        .arg(corpus(target));
    run(&mut fuzz).map_err(|error| {
        format!(
            "{error}\nthe input is in {}; put it into {} once it is mended, and every test run replays it",
            artifacts.display(),
            corpus(target).display()
        )
    })
}

/// Takes those of the inputs that were found into the corpus that reach something new.
fn keep(host: &str, target: &str) -> Result<()> {
    let mut merge = program(host, target);
    merge.args(["-merge=1", "-verbosity=0"]);
    run(merge.arg(corpus(target)).arg(found(target)?))
}

fn program(host: &str, target: &str) -> Command {
    command(folder().join(host).join("debug").join(target))
}

/// The inputs that every test run replays.
fn corpus(target: &str) -> PathBuf {
    paths::root().join("backend/fuzz/corpus").join(target)
}

/// What earlier runs found; it stays, so that the next run goes on from there.
fn found(target: &str) -> Result<PathBuf> {
    made(folder().join("found").join(target))
}

fn artifacts(target: &str) -> Result<PathBuf> {
    made(folder().join("artifacts").join(target))
}

fn made(folder: PathBuf) -> Result<PathBuf> {
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create `{}`: {error}", folder.display()))?;
    Ok(folder)
}

/// The triple that cargo-fuzz builds for, which it names its folder after.
fn host() -> Result<String> {
    let version = read(command("rustc").args(["--version", "--verbose"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(ToOwned::to_owned)
        .ok_or_else(|| "`rustc --version --verbose` names no host".to_owned())
}
