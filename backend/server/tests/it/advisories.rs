//! What went wrong in other registries, consoles and GraphQL servers does not go wrong here. Each test
//! is a class of published advisories, against the whole server, on each database where there is one
//! to matter.

mod accounts;
mod browsers;
mod deleted;
mod fetches;
mod floods;
mod nesting;
mod redirects;
mod scripts;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_domain::Digest;
use berth_testkit::{Backend, PASSWORD, TestDatabase};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::server::{Answer, Server, berth, run};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Writes a test once and runs it against a registry of `ann` and `bob` on each database.
macro_rules! site_test {
    (fn $name:ident($site:ident: Site) $body:block) => {
        mod $name {
            use super::*;

            fn check($site: &Site) $body

            #[test]
            fn sqlite() {
                check(&Site::new());
            }

            #[test]
            fn postgres() {
                let Some(site) = Site::on(berth_testkit::Backend::Postgres, &["ann", "bob"], &[]) else { return };
                check(&site);
                site.close();
            }
        }
    };
}
use site_test;

/// A running registry.
struct Site {
    server: Server,
    database: Option<(Runtime, TestDatabase)>,
    _folder: tempfile::TempDir,
}

impl Site {
    /// A registry on SQLite with the users `ann` and `bob`.
    fn new() -> Self {
        Self::with(&[])
    }

    /// The same, configured.
    fn with(keys: &[(&str, &str)]) -> Self {
        Self::on(Backend::Sqlite, &["ann", "bob"], keys).expect("SQLite is always there")
    }

    /// A registry with these users and keys; `None` for PostgreSQL where no server is named.
    fn on(backend: Backend, users: &[&str], keys: &[(&str, &str)]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => {
                let runtime = Runtime::new().unwrap();
                let database = runtime.block_on(TestDatabase::new(backend))?;
                Some((runtime, database))
            }
        };
        let command = || {
            let mut command = berth(folder.path());
            // A line for each request would fill the pipe, which nobody empties.
            command.env("BERTH_LOG_LEVEL", "info,berth_http=warn");
            let url = database
                .as_ref()
                .and_then(|(_, database)| database.postgres_url());
            if let Some(url) = url {
                command.env("BERTH_DB_URI", url);
                command.env("BERTH_DATABASE_SECRET_KEY", "a long random text");
            }
            command.envs(
                keys.iter()
                    .map(|(key, value)| (format!("BERTH_{key}"), value)),
            );
            command
        };
        for name in users {
            let mut create = command();
            let (output, said) = run(
                create.args(["user", "create", name, "--password-stdin"]),
                PASSWORD,
            );
            assert!(output.status.success(), "{said}");
        }
        let listen = keys.iter().find(|(key, _)| *key == "LISTEN_ADDRESS");
        let listen = listen.map_or("127.0.0.1:0", |(_, address)| address);
        Some(Self {
            server: Server::start_at(&mut command(), listen),
            database,
            _folder: folder,
        })
    }

    /// Removes what is left on a server of databases.
    fn close(self) {
        drop(self.server);
        if let Some((runtime, database)) = self.database {
            runtime.block_on(database.close());
        }
    }

    /// The answer to an operation; nobody asks unless the headers say who.
    fn post(&self, headers: &[(&str, &str)], query: &str) -> Answer {
        let headers: Vec<_> = headers.iter().copied().chain([JSON]).collect();
        let body = json!({ "query": query }).to_string();
        self.server.ask("POST", "/graphql", &headers, &body)
    }

    /// What a sign-in is answered, as `code` of its error or the name of the user.
    fn try_password(&self, name: &str, password: &str) -> String {
        let answer = self.post(&[], &sign_in(name, password)).json();
        let user = &answer["data"]["signIn"]["viewer"]["user"]["name"];
        let code = &answer["errors"][0]["extensions"]["code"];
        user.as_str().or(code.as_str()).unwrap().to_owned()
    }

    /// A token of the registry for a login, with scopes; none where it is refused.
    fn token(&self, login: (&str, &str), scope: &str) -> Option<String> {
        let basic = basic(login);
        let path = format!("/v2/auth?scope={scope}");
        let answer = self
            .server
            .ask("GET", &path, &[("Authorization", &basic)], "");
        answer.json()["token"].as_str().map(str::to_owned)
    }

    /// Status of a request to `/v2` with a token.
    fn v2(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.server
            .ask(method, path, &[("Authorization", &bearer)], body)
    }

    /// Pushes a small image with these labels and annotations; returns the digests of its manifest
    /// and of its configuration.
    fn push(&self, token: &str, target: &str, annotations: &Value) -> [String; 2] {
        let (path, tag) = target.rsplit_once(':').expect("a tag");
        let label =
            json!({ "os": "linux", "architecture": "amd64", "config": { "Labels": annotations } });
        let config = label.to_string();
        let digest = Digest::of(config.as_bytes());
        let upload = format!("/v2/{path}/blobs/uploads/?digest={digest}");
        let pushed = self.v2("POST", &upload, token, &config);
        assert_eq!(pushed.status, 201, "{pushed:?}");
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest,
                "size": config.len(),
            },
            "annotations": annotations,
        });
        let target = format!("/v2/{path}/manifests/{tag}");
        let pushed = self.v2("PUT", &target, token, &manifest.to_string());
        assert_eq!(pushed.status, 201, "{pushed:?}");
        let manifest = pushed.headers("docker-content-digest")[0].to_owned();
        [manifest, digest.to_string()]
    }

    /// The server is still there.
    fn lives(&self) {
        assert_eq!(self.server.get("/health/live").0, 200);
    }
}

/// A browser that is signed in: what it keeps, and shows where a page of ours asks it to.
struct Browser<'a> {
    site: &'a Site,
    cookie: String,
    csrf: String,
}

impl<'a> Browser<'a> {
    fn of(site: &'a Site, name: &str) -> Self {
        let answer = site.post(&[], &sign_in(name, PASSWORD));
        Self::after(site, &answer)
    }

    /// With the cookies that an answer sets.
    fn after(site: &'a Site, answer: &Answer) -> Self {
        let set: Vec<&str> = answer
            .headers("set-cookie")
            .into_iter()
            .filter_map(|line| line.split(';').next())
            .collect();
        let csrf = set.iter().find_map(|pair| pair.strip_prefix("berth_csrf="));
        Self {
            site,
            cookie: set.join("; "),
            csrf: csrf.unwrap_or_else(|| panic!("{answer:?}")).to_owned(),
        }
    }

    /// What a page of ours sends.
    fn headers(&self) -> [(&str, &str); 2] {
        [("Cookie", &self.cookie), ("X-CSRF-Token", &self.csrf)]
    }

    /// The answer to an operation of a page of ours.
    fn ask(&self, query: &str) -> Value {
        self.site.post(&self.headers(), query).json()
    }

    /// The same where nothing may go wrong.
    fn data(&self, query: &str) -> Value {
        let answer = self.ask(query);
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// Who the registry takes it for, by name; empty for nobody.
    fn viewer(&self) -> String {
        let viewer = self.ask("{ viewer { user { name } } }");
        let name = &viewer["data"]["viewer"]["user"]["name"];
        name.as_str().unwrap_or_default().to_owned()
    }
}

fn sign_in(name: &str, password: &str) -> String {
    let input = format!("username: {}, password: {}", json!(name), json!(password));
    format!("mutation {{ signIn(input: {{ {input} }}) {{ viewer {{ user {{ name }} }} }} }}")
}

fn basic((name, password): (&str, &str)) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{name}:{password}"))
    )
}
