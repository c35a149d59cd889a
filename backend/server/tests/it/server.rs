//! A running server, and what it does from its first line to its last.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The binary with an environment in which nothing of the tester's own counts.
pub(crate) fn berth(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_berth"));
    command.env_clear().current_dir(folder);
    command
}

/// Runs to the end with a text on standard input.
pub(crate) fn run(command: &mut Command, input: &str) -> (Output, String) {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(input.as_bytes())
        .expect("the input is read");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Every value of a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// The body, which is JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

/// A server on a free port; killed when dropped.
pub(crate) struct Server {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_at(command, "127.0.0.1:0")
    }

    /// At an address of this machine.
    pub(crate) fn start_at(command: &mut Command, address: &str) -> Self {
        let child = command
            .args(["serve", "--listen", address])
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("the binary starts");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let count = log.read_line(&mut line).expect("log lines are text");
            assert_ne!(count, 0, "it ended before it listened:\n{said}");
            said.push_str(&line);
            if let Some((_, rest)) = line.split_once("listening address=") {
                let address = rest.split_whitespace().next().expect("an address");
                break address.parse().expect("an address");
            }
        };
        Self {
            child,
            log,
            address,
        }
    }

    /// Status and body of a GET.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let answer = self.ask("GET", path, &[], "");
        (answer.status, answer.body)
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            headers.concat(),
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).expect("it accepts");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole answer");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Answer {
            status: status.expect("a status"),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Sends SIGTERM and returns the exit code and the rest of the log.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        let mut rest = String::new();
        self.log
            .read_to_string(&mut rest)
            .expect("log lines are text");
        (self.child.wait().expect("it ends").code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn without_any_configuration_a_registry_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut berth(folder.path()));
    assert_eq!(server.get("/health/live").0, 200);
    let (status, body) = server.get("/health/ready");
    assert_eq!(status, 200, "{body}");
    assert_eq!(server.get("/health/instance").0, 200);
    assert_eq!(server.get("/metrics").0, 200);
    assert_eq!(server.get("/v2/").0, 401);
    assert_eq!(server.get("/graphql?query=%7B__typename%7D").0, 200);
    assert_eq!(server.get("/api/v1/nothing").0, 404);
    assert_eq!(server.get("/_internal_ping"), (200, "true".to_owned()));
    assert_eq!(server.get("/.well-known/nothing").0, 404);
    for file in ["berth.db", "secret.key", "storage"] {
        assert!(folder.path().join("data").join(file).exists(), "{file}");
    }
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut berth(folder.path()));
    let (code, log) = server.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopping") && log.contains("stopped"), "{log}");
}

#[test]
fn a_restart_finds_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(&mut berth(folder.path())));
    let key = std::fs::read(folder.path().join("data/secret.key")).unwrap();
    let server = Server::start(&mut berth(folder.path()));
    assert_eq!(server.get("/health/ready").0, 200);
    assert_eq!(
        std::fs::read(folder.path().join("data/secret.key")).unwrap(),
        key
    );
}

#[test]
fn a_taken_port_is_told_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut berth(folder.path()));
    let address = server.address.to_string();
    let mut second = berth(folder.path());
    let (output, said) = run(
        second.args(["serve", "--data", "other", "--listen", &address]),
        "",
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("`--listen`: cannot listen on") && said.contains("hint: another process"),
        "{said}"
    );
    assert!(!folder.path().join("other").exists());
}
