//! One process of the server under test.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// Longest wait for a server to be ready; a debug build migrates slowly on a busy machine.
const READY_LIMIT: Duration = Duration::from_mins(1);
/// How often readiness is asked for.
const POLL: Duration = Duration::from_millis(50);

/// Name and value of environment variables.
pub type Environment = Vec<(String, String)>;

/// A running server, killed when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    environment: Environment,
    folder: PathBuf,
    disk: Option<Disk>,
    child: Child,
}

/// A small disk of its own for a server's data folder, which only that server sees and which ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Its size in MiB.
    pub mebibytes: u32,
}

/// The binary under test: `BERTH_BIN`, else the release binary.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("BERTH_BIN") {
        return path.into();
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    target.join("release/berth")
}

/// The file with the certificate of a server in this environment, where it speaks TLS.
pub(crate) fn certificate(environment: &Environment) -> Option<&str> {
    let mut variables = environment.iter();
    let found = variables.find(|(name, _)| name == "BERTH_TLS_CERTIFICATE");
    found.map(|(_, path)| path.as_str())
}

/// An address on loopback that nobody listens on.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
}

/// A command of the binary in a server's environment, without any of ours.
pub fn command(folder: &PathBuf, environment: &Environment) -> Command {
    prepared(Command::new(binary()), folder, environment)
}

fn prepared(mut command: Command, folder: &PathBuf, environment: &Environment) -> Command {
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BERTH_"))
    {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .envs(environment.iter().map(|(name, value)| (name, value)));
    command.kill_on_drop(true);
    command
}

impl Server {
    /// Starts a server whose relative paths lie in `folder` and waits until it is ready.
    pub async fn start(address: SocketAddr, folder: PathBuf, environment: Environment) -> Self {
        Self::start_on(None, address, folder, environment).await
    }

    /// The same, with its data on a disk of its own.
    pub async fn start_on(
        disk: Option<Disk>,
        address: SocketAddr,
        folder: PathBuf,
        environment: Environment,
    ) -> Self {
        let child = spawn(disk, address, &folder, &environment);
        let mut server = Self {
            address,
            environment,
            folder,
            disk,
            child,
        };
        server.wait_until_ready().await;
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base address as a URL.
    pub fn url(&self) -> String {
        let scheme = if certificate(&self.environment).is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    /// The most memory that it has held so far.
    pub fn memory_peak_bytes(&self) -> u64 {
        self.status("VmHWM:") * 1024
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the server is running")
    }

    /// Bytes of memory that it holds, and open descriptors.
    pub fn held(&self) -> (u64, usize) {
        let kibibytes = self.status("VmRSS:");
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.id()));
        let descriptors = descriptors
            .expect("the system tells about processes")
            .count();
        (kibibytes * 1024, descriptors)
    }

    fn status(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("the system tells about processes");
        let number = status
            .lines()
            .find_map(|found| found.strip_prefix(line)?.trim().strip_suffix(" kB"));
        number
            .and_then(|number| number.parse().ok())
            .expect("a size in kB")
    }

    /// The data folder as the server itself sees it, for one that has a disk of its own.
    pub fn data_within(&self) -> PathBuf {
        let folder = self.folder.strip_prefix("/").unwrap_or(&self.folder);
        PathBuf::from(format!("/proc/{}/root", self.id()))
            .join(folder)
            .join("data")
    }

    /// Runs a line of shell in its data folder, with the disks that it sees.
    pub async fn within(&self, line: &str) {
        let line = format!("cd '{}' && {line}", self.folder.join("data").display());
        crate::command::Run::new("nsenter")
            .args(["--user", "--mount", "--preserve-credentials", "--target"])
            .args([&self.id().to_string(), "sh", "-c", &line])
            .ok()
            .await;
    }

    /// Sends it a signal, such as `STOP`.
    pub async fn signal(&self, name: &str) {
        crate::command::Run::new("kill")
            .args([&format!("-{name}"), &self.id().to_string()])
            .ok()
            .await;
    }

    /// Kills it as a power cut would (SIGKILL).
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the server was running");
    }

    /// Asks it to end (SIGTERM) without waiting for it.
    pub async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Waits for its end and says whether it ended well.
    pub async fn ended_well(&mut self) -> bool {
        let ended = tokio::time::timeout(READY_LIMIT, self.child.wait()).await;
        ended
            .expect("the server ends")
            .expect("the server was started")
            .success()
    }

    /// Starts it again on the same address and data.
    pub async fn start_again(&mut self) {
        self.child = spawn(self.disk, self.address, &self.folder, &self.environment);
        self.wait_until_ready().await;
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(&self.folder, self.address)).unwrap_or_default()
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("{}/health/ready", self.url());
        let http = crate::world::http_client(certificate(&self.environment));
        let ready = async {
            let mut poll = tokio::time::interval(POLL);
            loop {
                poll.tick().await;
                if let Ok(Some(status)) = self.child.try_wait() {
                    panic!("the server ended with {status}:\n{}", self.log());
                }
                if http
                    .get(&url)
                    .send()
                    .await
                    .is_ok_and(|answer| answer.status().is_success())
                {
                    break;
                }
            }
        };
        let ready = tokio::time::timeout(READY_LIMIT, ready).await.is_ok();
        assert!(
            ready,
            "the server was not ready within {READY_LIMIT:?}:\n{}",
            self.log()
        );
    }
}

fn log_path(folder: &std::path::Path, address: SocketAddr) -> PathBuf {
    folder.join(format!("berth-{}.log", address.port()))
}

/// Mounts a disk on the data folder, in namespaces that need no rights, and becomes the server.
const ON_A_DISK: &str =
    "mkdir -p data && mount -t tmpfs -o mode=700,size=$0m berth data && exec \"$@\"";

fn spawn(
    disk: Option<Disk>,
    address: SocketAddr,
    folder: &PathBuf,
    environment: &Environment,
) -> Child {
    let path = log_path(folder, address);
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path);
    let log = log.unwrap_or_else(|error| panic!("cannot open `{}`: {error}", path.display()));
    let mut serve = match disk {
        None => command(folder, environment),
        Some(disk) => {
            let mut unshare = Command::new("unshare");
            unshare.args(["--map-root-user", "--mount", "sh", "-c", ON_A_DISK]);
            unshare.arg(disk.mebibytes.to_string()).arg(binary());
            prepared(unshare, folder, environment)
        }
    };
    serve
        .arg("serve")
        .args(["--listen", &address.to_string(), "--data", "data"]);
    serve.stdin(Stdio::null());
    serve
        .stdout(log.try_clone().expect("a file can be opened twice"))
        .stderr(log);
    serve.spawn().unwrap_or_else(|error| {
        panic!(
            "cannot run `{}`: {error}; `cargo xtask up --no-serve` builds it",
            binary().display()
        )
    })
}
