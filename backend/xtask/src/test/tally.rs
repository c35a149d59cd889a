//! Counts tests by the result lines of Rust's test harness.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::shell::line;

/// Tests counted so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Tally {
    /// Runs `cargo test`, shows what it says and counts. A suite that fails without naming a failed
    /// test (it does not compile, it crashed) or runs no test at all counts as one failure.
    pub(crate) fn add(&mut self, suite: &str, command: &mut Command) {
        println!("==> {suite}: {}", line(command));
        let start = std::time::Instant::now();
        let counted = count(command);
        let (mut here, ended_well) = counted.unwrap_or_else(|error| {
            eprintln!("error: {suite}: {error}");
            (Self::default(), false)
        });
        if here.failed == 0 && (!ended_well || here.passed == 0) {
            eprintln!("error: {suite}: the suite did not run to its end");
            here.failed = 1;
        }
        let seconds = start.elapsed().as_secs();
        println!(
            "<== {suite}: passed {}, failed {}, after {seconds} s",
            here.passed, here.failed
        );
        self.passed += here.passed;
        self.failed += here.failed;
    }
}

fn count(command: &mut Command) -> std::io::Result<(Tally, bool)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if let Some((passed, failed)) = result(&line) {
                tally.passed += passed;
                tally.failed += failed;
            }
        }
    }
    Ok((tally, child.wait()?.success()))
}

/// Reads `test result: ok. 3 passed; 1 failed; …`.
fn result(line: &str) -> Option<(u32, u32)> {
    let counts = line.strip_prefix("test result: ")?;
    let number = |word: &str| {
        counts
            .split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
    };
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use super::result;

    #[test]
    fn result_lines_are_counted_and_others_are_not() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.07s";
        assert_eq!(result(line), Some((12, 3)));
        assert_eq!(result("test result_is_read ... ok"), None);
        assert_eq!(result("12 passed; 3 failed"), None);
    }
}
