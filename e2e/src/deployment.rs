//! A registry in one of its two shapes.

use std::fmt;
use std::net::SocketAddr;

use tempfile::TempDir;

use crate::balancer::Balancer;
use crate::random;
use crate::server::{self, Disk, Environment, Server};

/// How many lines of the servers' logs a failed test shows.
const ERRORS_SHOWN: usize = 10;

/// How a registry is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One process, SQLite, a folder.
    Embedded,
    /// Two replicas behind a balancer, PostgreSQL, S3.
    Scaled,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Scaled => "scaled",
        })
    }
}

/// A running registry; its processes end when it is dropped.
#[derive(Debug)]
pub struct Deployment {
    shape: Shape,
    host: SocketAddr,
    environment: Environment,
    /// The processes: one embedded, two replicas scaled out.
    pub servers: Vec<Server>,
    balancer: Option<Balancer>,
    folder: TempDir,
}

impl Deployment {
    /// Starts an empty registry. The scaled shape needs the services that `cargo xtask test` starts.
    pub async fn start(shape: Shape) -> Self {
        Self::start_with(shape, &[]).await
    }

    /// Starts an empty registry with further configuration keys (`FEATURE_…`, value in YAML).
    pub async fn start_with(shape: Shape, keys: &[(&str, &str)]) -> Self {
        Self::start_behind(shape, keys, &[]).await
    }

    /// Starts an empty embedded registry whose data folder is a disk of its own.
    pub async fn start_on(disk: Disk, keys: &[(&str, &str)]) -> Self {
        Self::start_any(Shape::Embedded, keys, &[], Some(disk)).await
    }

    /// The same as [`Deployment::start_with`], reaching its services on other ports: from, to.
    pub async fn start_behind(shape: Shape, keys: &[(&str, &str)], detours: &[(u16, u16)]) -> Self {
        Self::start_any(shape, keys, detours, None).await
    }

    async fn start_any(
        shape: Shape,
        keys: &[(&str, &str)],
        detours: &[(u16, u16)],
        disk: Option<Disk>,
    ) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("berth-e2e-")
            .tempdir()
            .expect("a temporary folder");
        let host = server::free_address();
        let mut environment = vec![
            (
                "BERTH_FEATURE_USER_INITIALIZE".to_owned(),
                "true".to_owned(),
            ),
            ("BERTH_SERVER_HOSTNAME".to_owned(), host.to_string()),
            ("BERTH_PREFERRED_URL_SCHEME".to_owned(), "http".to_owned()),
        ];
        if shape == Shape::Scaled {
            let services = scaled_environment().await.into_iter();
            environment.extend(services.map(|(name, value)| {
                let detoured = detours.iter().fold(value, |value, (from, to)| {
                    value.replace(&format!(":{from}"), &format!(":{to}"))
                });
                (name, detoured)
            }));
        }
        environment.extend(
            keys.iter()
                .map(|(key, value)| (format!("BERTH_{key}"), (*value).to_owned())),
        );
        let mut deployment = Self {
            shape,
            host,
            environment,
            servers: Vec::new(),
            balancer: None,
            folder,
        };
        match shape {
            Shape::Embedded => deployment.add_server(host, disk).await,
            Shape::Scaled => {
                deployment.berth(&["migrate"], None).await;
                let replicas = [server::free_address(), server::free_address()];
                for replica in replicas {
                    deployment.add_server(replica, None).await;
                }
                deployment.balancer = Some(Balancer::start(host, replicas.to_vec()).await);
            }
        }
        deployment
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Host and port that clients use: the server itself, or the balancer.
    pub fn host(&self) -> SocketAddr {
        self.host
    }

    /// The folder that holds what its processes keep on disk.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Starts another server on a free address, with its relative paths in `folder` and with these keys before
    /// the ones of this registry.
    pub async fn server_beside(&self, folder: std::path::PathBuf, keys: &[(&str, &str)]) -> Server {
        let address = server::free_address();
        let mut environment = self.environment.clone();
        environment.push(("BERTH_SERVER_HOSTNAME".to_owned(), address.to_string()));
        let keys = keys.iter();
        environment.extend(keys.map(|(key, value)| (format!("BERTH_{key}"), (*value).to_owned())));
        Server::start(address, folder, environment).await
    }

    /// The value of a configuration key, where one is set.
    pub fn key(&self, key: &str) -> Option<&str> {
        let name = format!("BERTH_{key}");
        let mut variables = self.environment.iter();
        let found = variables.find(|(variable, _)| *variable == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Its base address.
    pub fn url(&self) -> String {
        match self.certificate() {
            Some(_) => format!("https://{}", self.host),
            None => format!("http://{}", self.host),
        }
    }

    /// The file with its certificate, where it speaks TLS.
    pub fn certificate(&self) -> Option<&str> {
        server::certificate(&self.environment)
    }

    /// Runs a command of the binary beside the servers, on their data.
    pub async fn berth(&self, arguments: &[&str], input: Option<&str>) -> String {
        let path = self.folder.path().to_path_buf();
        let command = server::command(&path, &self.environment);
        let mut run = crate::command::Run::from(command).args(arguments);
        if let Some(input) = input {
            run = run.input(input);
        }
        run.ok().await
    }

    /// The last errors and warnings that the servers logged, for a failed test.
    pub fn errors_logged(&self) -> String {
        let logs: Vec<String> = self.servers.iter().map(Server::log).collect();
        let lines = logs.iter().flat_map(|log| log.lines());
        let bad: Vec<&str> = lines
            .filter(|line| line.contains(" ERROR ") || line.contains(" WARN "))
            .collect();
        bad[bad.len().saturating_sub(ERRORS_SHOWN)..].join("\n")
    }

    async fn add_server(&mut self, address: SocketAddr, disk: Option<Disk>) {
        let mut folder = self.folder.path().to_path_buf();
        if self.shape == Shape::Scaled {
            // Replicas share nothing on disk.
            folder.push(address.port().to_string());
            std::fs::create_dir(&folder).expect("the folder is new");
        }
        let environment = self.environment.clone();
        self.servers
            .push(Server::start_on(disk, address, folder, environment).await);
    }
}

/// A database of its own and a folder of its own in the bucket.
async fn scaled_environment() -> Environment {
    let url = service("BERTH_TEST_POSTGRES_URL");
    let database = random::name("berth_e2e_");
    create_database(&url, &database).await;
    let (server, _) = url
        .rsplit_once('/')
        .expect("a database URL ends with a database");
    [
        ("BERTH_DB_URI", database_url(server, &database)),
        ("BERTH_DISTRIBUTED_STORAGE_CONFIG", bucket(&database)),
        (
            "BERTH_DISTRIBUTED_STORAGE_PREFERENCE",
            "[default]".to_owned(),
        ),
        ("BERTH_DATABASE_SECRET_KEY", random::secret()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// An address or a name of a service that tests use.
fn service(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("`{name}` is not set: run `cargo xtask test --only e2e`"))
}

/// The value of `DISTRIBUTED_STORAGE_CONFIG` for a folder in the bucket of the test services.
pub fn bucket(folder: &str) -> String {
    format!(
        "{{default: [S3Storage, {{s3_bucket: {}, s3_access_key: {}, s3_secret_key: {}, s3_region: us-east-1, \
         endpoint_url: \"{}\", storage_path: /{folder}}}]}}",
        service("BERTH_TEST_S3_BUCKET"),
        service("BERTH_TEST_S3_ACCESS_KEY"),
        service("BERTH_TEST_S3_SECRET_KEY"),
        service("BERTH_TEST_S3_ENDPOINT"),
    )
}

/// As an operator would write it: by TLS, with the certificate of the authority that signed the server's.
fn database_url(server: &str, database: &str) -> String {
    match std::env::var("BERTH_TEST_POSTGRES_CA") {
        Ok(authority) => {
            let server = server.replace("127.0.0.1", "localhost");
            format!("{server}/{database}?sslmode=verify-full&sslrootcert={authority}")
        }
        Err(_) => format!("{server}/{database}"),
    }
}

/// Makes an empty database on the test server.
pub async fn create_database(url: &str, name: &str) {
    let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) =
        connected.unwrap_or_else(|error| panic!("cannot reach PostgreSQL at `{url}`: {error}"));
    let connection = tokio::spawn(connection);
    client
        .batch_execute(&format!("create database {name}"))
        .await
        .expect("the test user may create databases");
    drop(client);
    let _ = connection.await;
}
