//! PostgreSQL and an S3 server for one run of the tests: on loopback and free ports, in a temporary
//! folder, stopped when the run ends.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::shell::{Result, command, is_root, line, read, read_file, which, write_file};
use crate::tools::VERSITYGW;

/// What the tests read.
pub(super) const VARIABLES: [&str; 6] = [
    "BERTH_TEST_POSTGRES_URL",
    "BERTH_TEST_POSTGRES_CA",
    "BERTH_TEST_S3_ENDPOINT",
    "BERTH_TEST_S3_BUCKET",
    "BERTH_TEST_S3_ACCESS_KEY",
    "BERTH_TEST_S3_SECRET_KEY",
];
/// Longest wait for a service to listen.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Who needs a password, and who TLS.
const LOCKED: &str = "host all locked all scram-sha-256\nhostssl all locked_tls all scram-sha-256\nhost all locked_tls all reject\n";
const BUCKET: &str = "berth-test";
const ACCESS_KEY: &str = "berth-test-access";
const SECRET_KEY: &str = "berth-test-secret";

/// The running services.
#[derive(Debug)]
pub(crate) struct Services {
    folder: PathBuf,
    postgres_port: u16,
    s3_port: u16,
    children: Vec<Child>,
}

impl Services {
    /// Starts both and waits until they listen; a durable database syncs what it commits.
    pub(crate) fn start(is_durable: bool) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("berth-test-{}", std::process::id()));
        create(&folder)?;
        let mut services = Self {
            folder,
            postgres_port: free_port()?,
            s3_port: free_port()?,
            children: Vec::new(),
        };
        services.start_postgres(is_durable)?;
        services.start_s3()?;
        Ok(services)
    }

    /// Name and value of each of [`VARIABLES`].
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let values = [
            format!(
                "postgresql://postgres@127.0.0.1:{}/postgres",
                self.postgres_port
            ),
            self.folder.join("tls/ca.pem").display().to_string(),
            format!("http://127.0.0.1:{}", self.s3_port),
            BUCKET.to_owned(),
            ACCESS_KEY.to_owned(),
            SECRET_KEY.to_owned(),
        ];
        VARIABLES.into_iter().zip(values).collect()
    }

    fn start_postgres(&mut self, is_durable: bool) -> Result<()> {
        let binaries = postgres_folder().ok_or("PostgreSQL is not installed")?;
        let cluster = self.folder.join("postgres");
        create(&cluster)?;
        if is_root() {
            // PostgreSQL refuses to run as root.
            read(
                command("chown")
                    .arg("postgres")
                    .arg(&self.folder)
                    .arg(&cluster),
            )?;
        }
        let mut initdb = as_postgres(&binaries.join("initdb"));
        initdb.args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-sync",
            "--pgdata",
        ]);
        initdb.arg(&cluster);
        // Under locale C a forgotten `collate "C"` never shows.
        initdb.args([
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=en",
        ]);
        read(&mut initdb)?;
        // Users that a test shuts out; everybody else is trusted.
        let rules = cluster.join("pg_hba.conf");
        let trusting = read_file(&rules)?;
        write_file(&rules, format!("{LOCKED}{trusting}"))?;
        let tls = self.folder.join("tls");
        certify(&tls)?;
        let mut postgres = as_postgres(&binaries.join("postgres"));
        postgres.arg("-D").arg(&cluster).arg("-k").arg(&cluster);
        postgres.args(["-p", &self.postgres_port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "max_connections=400"] {
            postgres.args(["-c", setting]);
        }
        if !is_durable {
            // The tests kill servers of ours, never this one, so it need not sync.
            postgres.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        postgres.args(["-c", "ssl=on"]);
        for (setting, file) in [
            ("ssl_cert_file", "server.pem"),
            ("ssl_key_file", "server.key"),
        ] {
            postgres.args(["-c", &format!("{setting}={}", tls.join(file).display())]);
        }
        self.spawn(&mut postgres, "postgres.log", self.postgres_port)
    }

    fn start_s3(&mut self) -> Result<()> {
        let binary = VERSITYGW
            .find()
            .ok_or("versitygw is not installed")?
            .join(VERSITYGW.binary);
        let objects = self.folder.join("s3");
        create(&objects.join(BUCKET))?;
        let sidecar = self.folder.join("s3-metadata");
        create(&sidecar)?;
        let port = self.s3_port;
        let gateway = |with_sidecar: bool| {
            let mut gateway = command(&binary);
            gateway.args([
                "--port",
                &format!("127.0.0.1:{port}"),
                "--keep-alive",
                "--quiet",
                "posix",
            ]);
            if with_sidecar {
                gateway.arg("--sidecar").arg(&sidecar);
            }
            gateway.arg(&objects);
            gateway
                .env("ROOT_ACCESS_KEY", ACCESS_KEY)
                .env("ROOT_SECRET_KEY", SECRET_KEY);
            gateway
        };
        // Its metadata lies in extended attributes, or beside the objects where the disk has none.
        self.spawn(&mut gateway(false), "s3.log", port)
            .or_else(|_| self.spawn(&mut gateway(true), "s3.log", port))
    }

    fn spawn(&mut self, command: &mut Command, log: &str, port: u16) -> Result<()> {
        let log = self.folder.join(log);
        let file = || {
            std::fs::File::create(&log)
                .map_err(|error| format!("cannot create `{}`: {error}", log.display()))
        };
        command.stdin(Stdio::null()).stdout(file()?).stderr(file()?);
        let mut child = command
            .spawn()
            .map_err(|error| format!("cannot run `{}`: {error}", line(command)))?;
        let start = Instant::now();
        while start.elapsed() < START_LIMIT {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                println!(
                    "{} listens on port {port}",
                    command.get_program().to_string_lossy()
                );
                self.children.push(child);
                return Ok(());
            }
            if let Ok(Some(_)) = child.try_wait() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let _ = child.wait();
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        Err(format!("`{}` did not start: {said}", line(command)))
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        if let Some(binaries) = postgres_folder() {
            // Ends the whole process tree, which a signal to `runuser` would not.
            let mut stop = as_postgres(&binaries.join("pg_ctl"));
            stop.args(["stop", "--mode=immediate", "--pgdata"])
                .arg(self.folder.join("postgres"));
            let _ = read(&mut stop);
        }
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Makes an authority, `ca.pem`, and the certificate and key of a server called `localhost`. OpenSSL is
/// there wherever PostgreSQL is.
fn certify(folder: &Path) -> Result<()> {
    const KEY: [&str; 5] = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ];
    create(folder)?;
    let openssl = |words: &[&str]| {
        let mut openssl = command("openssl");
        openssl.current_dir(folder).args(words);
        read(&mut openssl).map(|_| ())
    };
    let extensions = folder.join("extensions");
    write_file(
        &extensions,
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )?;
    let authority = [
        "-x509",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=berth test authority",
    ];
    openssl(&[&["req"], &KEY[..], &authority].concat())?;
    let request = [
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        "-subj",
        "/CN=berth test database",
    ];
    openssl(&[&["req"], &KEY[..], &request].concat())?;
    openssl(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-out",
        "server.pem",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-extfile",
        "extensions",
    ])?;
    if is_root() {
        // The key belongs to whom the server runs as, or it does not start.
        read(
            command("chown")
                .arg("postgres")
                .arg(folder.join("server.key")),
        )?;
    }
    Ok(())
}

/// Folder of PostgreSQL's server programs: where Debian puts them, else on `PATH`.
pub(super) fn postgres_folder() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").is_file())
        .collect();
    versions.sort();
    versions
        .pop()
        .or_else(|| which("initdb")?.parent().map(Path::to_path_buf))
}

fn as_postgres(program: &Path) -> Command {
    let mut it = if is_root() {
        command("runuser")
    } else {
        command(program)
    };
    if is_root() {
        it.args(["-u", "postgres", "--"]).arg(program);
    }
    it.current_dir("/");
    it
}

fn create(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("cannot create `{}`: {error}", folder.display()))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}
