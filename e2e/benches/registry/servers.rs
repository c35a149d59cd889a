//! The servers that are held against each other, each on a free port of loopback with its data on the same disk.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use berth_e2e::deployment::{Deployment, Shape, create_database};
use berth_e2e::world::World;
use berth_e2e::{distribution, random, server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::process::Process;

/// Longest wait for a server to listen.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Organization and repository of all rows.
pub(crate) const REPOSITORY: &str = "bench/app";

/// Who can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Berth with SQLite.
    Embedded,
    /// Berth with PostgreSQL and the same kind of folder.
    Postgres,
    /// Debian's docker-registry, 2.8.2.
    DockerRegistry,
    /// The registry of the distribution project, 3.x.
    Distribution,
    /// nginx, which serves files: the limit.
    Nginx,
}

/// A running server.
pub(crate) struct Contender {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    /// Header lines that each request carries.
    pub(crate) headers: String,
    folder: PathBuf,
    _keep: Keep,
}

/// What ends a server when it is dropped.
#[expect(dead_code, reason = "held for the end of it")]
enum Keep {
    Berth(Box<World>),
    Program(Program, TempDir),
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // nginx ends its workers when asked; a kill would leave them.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

impl Kind {
    /// As the tables name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "Berth, SQLite",
            Self::Postgres => "Berth, PostgreSQL",
            Self::DockerRegistry => "docker-registry 2.8.2",
            Self::Distribution => "distribution 3",
            Self::Nginx => "nginx",
        }
    }

    /// Whether it is ours.
    pub(crate) const fn is_berth(self) -> bool {
        matches!(self, Self::Embedded | Self::Postgres)
    }

    /// Starts it, empty.
    pub(crate) fn start(self, runtime: &Runtime) -> Contender {
        match self {
            Self::Embedded | Self::Postgres => self.start_berth(runtime, &[]),
            Self::DockerRegistry => self.start_registry("docker-registry"),
            Self::Distribution => self.start_registry("registry"),
            Self::Nginx => start_nginx(),
        }
    }

    /// Starts Berth with keys of its own.
    pub(crate) fn start_berth(self, runtime: &Runtime, keys: &[(&str, &str)]) -> Contender {
        runtime.block_on(async {
            let mut all = keys.to_vec();
            let (uri, secret);
            if self == Self::Postgres {
                uri = empty_database().await;
                secret = random::secret();
                all.push(("DB_URI", &uri));
                all.push(("DATABASE_SECRET_KEY", &secret));
                migrate(&uri, &secret).await;
            }
            let world = World::set_up(Deployment::start_with(Shape::Embedded, &all).await).await;
            let (organization, name) = REPOSITORY.split_once('/').expect("it has two parts");
            let input = serde_json::json!({"name": organization, "email": "bench@example.com"});
            world
                .graphql
                .mutate("createOrganization", input, "organization { id }")
                .await;
            world.repository(organization, name, "PRIVATE").await;
            let scopes = [format!("repository:{REPOSITORY}:pull,push,delete")];
            let account = Some(&world.admin);
            let token = distribution::token(&world.http, &world.url(), account, &scopes).await;
            let server = &world.deployment().servers[0];
            Contender {
                kind: self,
                address: server.address(),
                process: Process::new(server.id()),
                headers: format!("Authorization: Bearer {token}\r\n"),
                folder: world.deployment().folder().to_path_buf(),
                _keep: Keep::Berth(Box::new(world)),
            }
        })
    }

    fn start_registry(self, program: &str) -> Contender {
        let folder = folder();
        let address = server::free_address();
        let data = folder.path().join("data");
        // What Debian ships, without its log of each request, and with the folder of this run.
        let configuration = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage:\n  cache: {{blobdescriptor: inmemory}}\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\n\
             http: {{addr: \"{address}\", secret: bench}}\n",
            data.display()
        );
        let path = folder.path().join("config.yml");
        std::fs::write(&path, configuration).expect("a temporary folder takes files");
        let child = Command::new(program)
            .arg("serve")
            .arg(&path)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run `{program}`: {error}"));
        Contender::program(self, address, child, data, folder)
    }
}

impl Contender {
    fn program(
        kind: Kind,
        address: SocketAddr,
        child: Child,
        data: PathBuf,
        folder: TempDir,
    ) -> Self {
        let contender = Self {
            kind,
            address,
            process: Process::new(child.id()),
            headers: String::new(),
            folder: data,
            _keep: Keep::Program(Program(child), folder),
        };
        let until = Instant::now() + START_LIMIT;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < until, "{} does not listen", kind.name());
            std::thread::sleep(Duration::from_millis(20));
        }
        contender
    }

    /// The folder with its data.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("berth-bench-")
        .tempdir()
        .expect("a temporary folder")
}

async fn empty_database() -> String {
    let url = std::env::var("BERTH_TEST_POSTGRES_URL")
        .expect("`BERTH_TEST_POSTGRES_URL` is not set: run `cargo xtask bench`");
    let name = random::name("berth_bench_");
    create_database(&url, &name).await;
    let (server, _) = url
        .rsplit_once('/')
        .expect("a database URL ends with a database");
    format!("{server}/{name}")
}

async fn migrate(uri: &str, secret: &str) {
    let environment = [("BERTH_DB_URI", uri), ("BERTH_DATABASE_SECRET_KEY", secret)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut migrate = server::command(&std::env::temp_dir(), &environment.to_vec());
    migrate.arg("migrate").stderr(Stdio::null());
    let migrated = migrate.stdout(Stdio::null()).status().await;
    assert!(
        migrated.is_ok_and(|status| status.success()),
        "`berth migrate` fails"
    );
}

fn start_nginx() -> Contender {
    let folder = folder();
    let address = server::free_address();
    let root = folder.path().join("root");
    std::fs::create_dir(&root).expect("a temporary folder takes folders");
    let place = folder.path().display();
    let configuration = format!(
        "daemon off; worker_processes auto; pid {place}/pid; error_log {place}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; open_file_cache max=20000;\n\
         keepalive_requests 1000000000; default_type application/octet-stream;\n\
         client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;\n\
         uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;\n\
         server {{ listen {address}; root {place}/root; }} }}\n"
    );
    let path = folder.path().join("nginx.conf");
    std::fs::write(&path, configuration).expect("a temporary folder takes files");
    // Its workers run as another user, who must come through.
    open_to_all(folder.path());
    let program = ["/usr/sbin/nginx", "/usr/bin/nginx"]
        .into_iter()
        .find(|path| Path::new(path).is_file())
        .unwrap_or("nginx");
    let child = Command::new(program)
        .arg("-c")
        .arg(&path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run nginx: {error}"));
    Contender::program(Kind::Nginx, address, child, root, folder)
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .expect("a folder of ours takes permissions");
}
