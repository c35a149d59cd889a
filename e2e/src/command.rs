//! Runs clients with a time limit and shows everything they said when a test fails.

use std::ffi::OsStr;
use std::fmt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Longest run of one client.
const LIMIT: Duration = Duration::from_mins(3);

/// A client about to run.
#[derive(Debug)]
pub struct Run {
    command: Command,
    line: String,
    input: Option<String>,
}

/// What a client did.
#[derive(Debug)]
pub struct Finished {
    line: String,
    status: ExitStatus,
    /// Standard output as text.
    pub stdout: String,
    /// Standard error as text.
    pub stderr: String,
}

impl Run {
    /// A program on `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let line = program.as_ref().to_string_lossy().into_owned();
        let mut command = Command::new(program);
        command.kill_on_drop(true);
        Self {
            command,
            line,
            input: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.line.push(' ');
        self.line.push_str(&argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets its working folder.
    #[must_use]
    pub fn current_dir(mut self, folder: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What it reads from standard input; nothing otherwise.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Runs it to its end, however that is.
    pub async fn finish(mut self) -> Finished {
        let line = self.line;
        let stdin = if self.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        self.command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = match self.command.spawn() {
            Ok(child) => child,
            Err(error) => {
                panic!("cannot run `{line}`: {error}; `cargo xtask tools` installs clients")
            }
        };
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), self.input) {
            // A client that ends without reading is judged by its status.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("`{line}` did not end within {LIMIT:?}"));
        let output = output.unwrap_or_else(|error| panic!("`{line}`: {error}"));
        Finished {
            line,
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs it and returns what it wrote to standard output, trimmed. Failure fails the test.
    pub async fn ok(self) -> String {
        let finished = self.finish().await;
        assert!(finished.status.success(), "{finished}");
        finished.stdout.trim().to_owned()
    }

    /// Runs it, wants it to fail, and returns everything that it said.
    pub async fn fails(self) -> String {
        let finished = self.finish().await;
        assert!(!finished.status.success(), "should have failed: {finished}");
        format!("{}\n{}", finished.stdout, finished.stderr)
    }
}

impl From<Command> for Run {
    fn from(command: Command) -> Self {
        let line = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        Self {
            command,
            line,
            input: None,
        }
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            status,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "`{line}` ended with {status}\nstdout: {stdout}\nstderr: {stderr}"
        )
    }
}
