//! The servers that are held against each other, each on a free port of loopback with its data on the same disk.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use berth_e2e::deployment::{self, Deployment, Shape, create_database};
use berth_e2e::scale::{self, Scale};
use berth_e2e::world::{Account, World};
use berth_e2e::{distribution, random, server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::content::{Image, Manner, Pusher};
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
    /// Berth with SQLite and a bucket.
    Bucket,
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
    keep: Keep,
}

/// What ends a server when it is dropped.
enum Keep {
    Berth(Box<World>),
    Program { _child: Program, _folder: TempDir },
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
            Self::Bucket => "Berth, S3",
            Self::DockerRegistry => "docker-registry 2.8.2",
            Self::Distribution => "distribution 3",
            Self::Nginx => "nginx",
        }
    }

    /// Whether it is ours.
    pub(crate) const fn is_berth(self) -> bool {
        matches!(self, Self::Embedded | Self::Postgres | Self::Bucket)
    }

    /// Starts it, empty.
    pub(crate) fn start(self, runtime: &Runtime) -> Contender {
        match self {
            Self::Embedded | Self::Postgres | Self::Bucket => self.start_berth(runtime, &[]),
            Self::DockerRegistry => self.start_registry("docker-registry"),
            Self::Distribution => self.start_registry("registry"),
            Self::Nginx => start_nginx(),
        }
    }

    /// Starts Berth with keys of its own.
    pub(crate) fn start_berth(self, runtime: &Runtime, keys: &[(&str, &str)]) -> Contender {
        runtime.block_on(async {
            let mut all = keys.to_vec();
            let (uri, bucket);
            let secret = random::secret();
            if self != Self::Embedded {
                all.push(("DATABASE_SECRET_KEY", &secret));
            }
            if self == Self::Postgres {
                uri = empty_database().await;
                all.push(("DB_URI", &uri));
                migrate(&uri, &secret).await;
            }
            if self == Self::Bucket {
                bucket = deployment::bucket(&random::name("berth_bench_"));
                all.push(("DISTRIBUTED_STORAGE_CONFIG", &bucket));
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
                keep: Keep::Berth(Box::new(world)),
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
            keep: Keep::Program {
                _child: Program(child),
                _folder: folder,
            },
        };
        let until = Instant::now() + START_LIMIT;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < until, "{} does not listen", kind.name());
            std::thread::sleep(Duration::from_millis(20));
        }
        contender
    }

    /// Berth with its first user.
    pub(crate) fn world(&self) -> &World {
        match &self.keep {
            Keep::Berth(world) => world,
            Keep::Program { .. } => panic!("{} is not Berth", self.kind.name()),
        }
    }

    /// Header lines of an account that may do this; of the first user where none is named.
    pub(crate) fn authorize(
        &self,
        runtime: &Runtime,
        account: Option<&Account>,
        scopes: &[&str],
    ) -> String {
        let world = self.world();
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let account = account.unwrap_or(&world.admin);
        let url = world.url();
        let token = distribution::token(&world.http, &url, Some(account), &scopes);
        format!("Authorization: Bearer {}\r\n", runtime.block_on(token))
    }

    /// Fills Berth with rows. It is stopped for that, and started again.
    pub(crate) fn grow(&mut self, runtime: &Runtime, scale: Scale) {
        Pusher::new(self).image(&Image::new(1 << 40, 1000), "base", Manner::Whole);
        let file = self.folder.join("data/berth.db").display().to_string();
        let Keep::Berth(world) = &mut self.keep else {
            panic!("{} is not Berth", self.kind.name());
        };
        let deployment = world.deployment_mut();
        let database = deployment.key("DB_URI").map_or(file, ToOwned::to_owned);
        let server = &mut deployment.servers[0];
        self.process = runtime.block_on(async {
            server.terminate().await;
            assert!(server.ended_well().await, "the server ends well");
            let filled = scale::fill(&database, scale).await;
            filled.unwrap_or_else(|error| panic!("cannot fill: {error}"));
            server.start_again().await;
            Process::new(server.id())
        });
    }

    /// Stops Berth and starts it again on the same data: how long until it is ready.
    pub(crate) fn restart(&mut self, runtime: &Runtime, is_killed: bool) -> Duration {
        let Keep::Berth(world) = &mut self.keep else {
            panic!("{} is not Berth", self.kind.name());
        };
        let server = &mut world.deployment_mut().servers[0];
        let address = self.address;
        let (process, took) = runtime.block_on(async {
            if is_killed {
                server.kill().await;
            } else {
                server.terminate().await;
                assert!(server.ended_well().await, "the server ends well");
            }
            let begun = Instant::now();
            let ready = tokio::task::spawn_blocking(move || {
                wait_until_ready(address);
                begun.elapsed()
            });
            server.start_again().await;
            let took = ready.await.expect("the server is ready");
            (Process::new(server.id()), took)
        });
        self.process = process;
        took
    }

    /// The folder with its data.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Starts Berth on nothing, as a new installation does, and ends it: how long until it was ready.
pub(crate) fn first_start(kind: Kind, runtime: &Runtime) -> Duration {
    runtime.block_on(async {
        let folder = folder();
        let address = server::free_address();
        let mut environment = vec![("BERTH_SERVER_HOSTNAME".to_owned(), address.to_string())];
        if kind == Kind::Postgres {
            let (uri, secret) = (empty_database().await, random::secret());
            migrate(&uri, &secret).await;
            environment.push(("BERTH_DB_URI".to_owned(), uri));
            environment.push(("BERTH_DATABASE_SECRET_KEY".to_owned(), secret));
        }
        let mut serve = server::command(&folder.path().to_path_buf(), &environment);
        serve.args(["serve", "--data", "data", "--listen", &address.to_string()]);
        serve.stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut child = serve.spawn().expect("the binary runs");
        let ready = tokio::task::spawn_blocking(move || {
            wait_until_ready(address);
            begun.elapsed()
        });
        let took = ready.await.expect("the server is ready");
        child.kill().await.expect("the server was running");
        took
    })
}

/// Asks every millisecond.
fn wait_until_ready(address: SocketAddr) {
    let until = Instant::now() + START_LIMIT;
    loop {
        let asked = TcpStream::connect(address).and_then(|mut stream| {
            let ask = "GET /health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
            stream.write_all(ask.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        if asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            return;
        }
        assert!(Instant::now() < until, "the server is not ready");
        std::thread::sleep(Duration::from_millis(1));
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
