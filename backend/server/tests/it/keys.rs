//! Keys of the configuration: each does something, or the log names it in one line.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use berth_server::config::{State, all_keys};
use serde_json::{Value, json};

use crate::server::{Answer, Server, berth, run};

/// A value for a key that is unset by default, by what its values are called.
fn sample(kind: &str) -> &'static str {
    match kind {
        "secret text" | "text" => "some text",
        "URL" => "https://example.com/",
        "duration" => "1d",
        "size" => "1G",
        "number" => "1",
        "boolean" => "true",
        "list" => "[]",
        _ => "{}",
    }
}

#[test]
fn every_key_without_effect_is_named_in_one_line_of_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    for (state, words) in [
        (State::Later, "accepted, does nothing yet"),
        (State::Never, "does not apply"),
    ] {
        let mut text = String::new();
        let mut names = Vec::new();
        for key in all_keys().into_iter().filter(|key| key.state == state) {
            let name = key.name.replace("<NAME>", "EXAMPLE");
            let value = key.default.filter(|default| !default.contains('…'));
            let value = value.unwrap_or_else(|| sample(&key.kind).to_owned());
            text.extend([&name, ": ", &value, "\n"]);
            names.push(name);
        }
        fs::write(folder.path().join("berth.yaml"), text).unwrap();
        let mut migrate = berth(folder.path());
        let (output, said) = run(migrate.args(["migrate", "--config", "berth.yaml"]), "");
        assert!(output.status.success(), "{said}");
        let lines: Vec<_> = said.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(lines.len(), 1, "{said}");
        for name in names {
            let mut named = lines[0].split(['"', ' ']);
            assert!(named.any(|word| word == name), "{name}: {}", lines[0]);
        }
    }
}

/// A registry with these keys, and the OAuth token of its first user, `root`.
struct Registry {
    server: Server,
    token: String,
    folder: tempfile::TempDir,
}

impl Registry {
    fn with(keys: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Self::serve(folder.path(), keys);
        let user = json!({ "username": "root", "password": "correct-horse-battery", "email": "root@example.com", "access_token": true });
        let answer = server.ask(
            "POST",
            "/api/v1/user/initialize",
            &[JSON],
            &user.to_string(),
        );
        let token = answer.json()["access_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Self {
            server,
            token,
            folder,
        }
    }

    /// The same registry after a restart with other keys.
    fn again_with(self, keys: &[(&str, &str)]) -> Self {
        let Self {
            server,
            token,
            folder,
        } = self;
        drop(server);
        let server = Self::serve(folder.path(), keys);
        Self {
            server,
            token,
            folder,
        }
    }

    fn serve(folder: &Path, keys: &[(&str, &str)]) -> Server {
        let mut command = berth(folder);
        command.env("BERTH_FEATURE_USER_INITIALIZE", "true");
        let keys = keys.iter();
        command.envs(keys.map(|(key, value)| (format!("BERTH_{key}"), value)));
        Server::start(&mut command)
    }

    /// Data of an operation, as the first user or as nobody; null where it was refused.
    fn graphql(&self, token: Option<&str>, query: &str) -> Value {
        let bearer = format!("Bearer {}", token.unwrap_or_default());
        let headers = [JSON, ("Authorization", bearer.as_str())];
        let headers = if token.is_some() {
            &headers[..]
        } else {
            &headers[..1]
        };
        let body = json!({ "query": query }).to_string();
        self.server.ask("POST", "/graphql", headers, &body).json()["data"].clone()
    }

    fn root(&self, query: &str) -> Value {
        self.graphql(Some(&self.token), query)
    }

    /// The answer of the token endpoint to somebody.
    fn log_in(&self, username: &str, password: &str, scope: &str) -> Answer {
        let pair = STANDARD.encode(format!("{username}:{password}"));
        let path = format!("/v2/auth?service={}&scope={scope}", self.server.address);
        let basic = format!("Basic {pair}");
        let headers = [("Authorization", basic.as_str())];
        let headers = if username.is_empty() {
            &[][..]
        } else {
            &headers[..]
        };
        self.server.ask("GET", &path, headers, "")
    }

    /// A request to the registry as the first user, with a token for that repository.
    fn v2(&self, method: &str, repository: &str, path: &str, body: &str) -> Answer {
        let scope = format!("repository:{repository}:pull,push,delete");
        let token = self.log_in("$oauthtoken", &self.token, &scope).json();
        let bearer = format!("Bearer {}", token["token"].as_str().unwrap_or_default());
        let path = format!("/v2/{repository}/{path}");
        self.server
            .ask(method, &path, &[("Authorization", &bearer)], body)
    }

    fn uploads(&self, repository: &str) -> u16 {
        self.v2("POST", repository, "blobs/uploads/", "").status
    }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn name_and_scheme_are_told_to_clients_and_decide_about_cookies() {
    let registry = Registry::with(&[
        ("SERVER_HOSTNAME", "reg.example:5000"),
        ("PREFERRED_URL_SCHEME", "https"),
        ("REGISTRY_TITLE", "Harbour"),
        ("SESSION_TIMEOUT", "1h"),
    ]);
    let about = registry.root("{ registry { title hostname scheme } }");
    let expected = json!({ "title": "Harbour", "hostname": "reg.example:5000", "scheme": "https" });
    assert_eq!(about["registry"], expected);
    let challenge = registry.server.ask("GET", "/v2/", &[], "");
    let challenge = challenge.headers("www-authenticate").concat();
    assert!(
        challenge.contains(r#"realm="https://reg.example:5000/v2/auth""#),
        "{challenge}"
    );
    let sign_in = r#"mutation { signIn(input: { username: "root", password: "correct-horse-battery" }) { viewer { isSuperuser } } }"#;
    let body = json!({ "query": sign_in }).to_string();
    let answer = registry.server.ask("POST", "/graphql", &[JSON], &body);
    let cookies = answer.headers("set-cookie");
    assert!(!cookies.is_empty());
    for cookie in cookies {
        assert!(
            cookie.contains("; Secure") && cookie.contains("Max-Age=3600"),
            "{cookie}"
        );
    }
}

#[test]
fn browsers_call_rest_as_the_keys_say() {
    let keys = [
        ("CORS_ORIGIN", r#"["https://portal.example"]"#),
        ("FRESH_LOGIN_TIMEOUT", "0s"),
    ];
    let registry = Registry::with(&keys);
    let read = |registry: &Registry| {
        let headers = [
            ("User-Agent", "Mozilla/5.0"),
            ("Origin", "https://portal.example"),
        ];
        let path = "/api/v1/error/not_found";
        registry.server.ask("GET", path, &headers, "")
    };
    let refused = read(&registry);
    let origin = refused.headers("access-control-allow-origin");
    assert_eq!(
        (refused.status, origin),
        (400, vec!["https://portal.example"])
    );

    let visitor = [JSON, ("Cookie", "berth_csrf=x"), ("X-CSRF-Token", "x")];
    let root = r#"{"username": "root", "password": "correct-horse-battery"}"#;
    let signed_in = registry
        .server
        .ask("POST", "/api/v1/signin", &visitor, root);
    let csrf = signed_in.headers("x-next-csrf-token").concat();
    let cookies = signed_in.headers("set-cookie");
    let session = cookies
        .iter()
        .find(|line| line.starts_with("berth_session="));
    let browser = [("Cookie", *session.unwrap()), ("X-CSRF-Token", &*csrf)];
    let path = "/api/v1/organization/none";
    let stale = registry.server.ask("DELETE", path, &browser, "").json();
    assert_eq!(stale["error_type"], "fresh_login_required");

    let registry = registry.again_with(&[("BROWSER_API_CALLS_XHR_ONLY", "false")]);
    let read = read(&registry);
    let origin = read.headers("access-control-allow-origin");
    assert_eq!((read.status, origin), (200, vec!["*"]));
    assert_eq!(
        registry.server.ask("DELETE", path, &browser, "").status,
        403
    );
}

#[test]
fn pushes_are_refused_where_they_are_switched_off() {
    let open = Registry::with(&[]);
    assert_eq!(open.uploads("root/app"), 202);
    let readonly = Registry::with(&[("REGISTRY_STATE", "readonly")]);
    assert_eq!(
        readonly.root("{ registry { readOnly } }")["registry"]["readOnly"],
        true
    );
    let disabled = Registry::with(&[("DISABLE_PUSHES", "true")]);
    assert_eq!(
        disabled.root("{ registry { readOnly } }")["registry"]["readOnly"],
        false
    );
    for registry in [readonly, disabled] {
        let status = registry.uploads("root/app");
        assert!((400..500).contains(&status), "{status}");
    }
}

#[test]
fn what_a_push_may_make_follows_the_configuration() {
    let private = "{ repository(namespace: \"root\", name: \"app\") { visibility } }";
    for (value, visibility) in [("true", "PRIVATE"), ("false", "PUBLIC")] {
        let registry = Registry::with(&[("CREATE_PRIVATE_REPO_ON_PUSH", value)]);
        assert_eq!(registry.uploads("root/app"), 202);
        assert_eq!(
            registry.root(private)["repository"]["visibility"],
            visibility
        );
    }
    let flat = Registry::with(&[("FEATURE_EXTENDED_REPOSITORY_NAMES", "false")]);
    assert_eq!(flat.uploads("root/app"), 202);
    let status = flat.uploads("root/team/app");
    assert!((400..500).contains(&status), "{status}");
    let small = Registry::with(&[("MAXIMUM_LAYER_SIZE", "1K")]);
    let digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let upload = format!("blobs/uploads/?digest={digest}");
    assert_eq!(small.v2("POST", "root/app", &upload, "foo").status, 201);
    assert_eq!(
        small
            .v2("POST", "root/app", &upload, &"x".repeat(2000))
            .status,
        413
    );
}

#[test]
fn names_without_a_namespace_lie_in_the_library() {
    let path = |registry: &Registry| registry.v2("GET", "busybox", "tags/list", "").json();
    let library = Registry::with(&[("LIBRARY_NAMESPACE", "root")]);
    assert_eq!(library.uploads("busybox"), 202);
    let there = "{ repository(namespace: \"root\", name: \"busybox\") { path } }";
    assert_eq!(library.root(there)["repository"]["path"], "root/busybox");
    let without = Registry::with(&[
        ("FEATURE_LIBRARY_SUPPORT", "false"),
        ("LIBRARY_NAMESPACE", "root"),
    ]);
    assert_eq!(path(&without)["errors"][0]["code"], "NAME_INVALID");
}

#[test]
fn the_catalog_and_referrers_can_be_switched() {
    let make = r#"mutation { createRepository(input: { namespace: "root", name: "open", visibility: PUBLIC }) { repository { id } } }"#;
    for (value, listed) in [("false", json!([])), ("true", json!(["root/open"]))] {
        let registry = Registry::with(&[("FEATURE_PUBLIC_CATALOG", value)]);
        assert!(registry.root(make)["createRepository"].is_object());
        let mut ann = berth(registry.folder.path());
        ann.args(["user", "create", "ann", "--password-stdin"]);
        let (output, said) = run(&mut ann, "correct-horse-battery");
        assert!(output.status.success(), "{said}");
        let token = registry
            .log_in("ann", "correct-horse-battery", "registry:catalog:*")
            .json();
        let bearer = format!("Bearer {}", token["token"].as_str().unwrap_or_default());
        let headers = [("Authorization", bearer.as_str())];
        let catalog = registry.server.ask("GET", "/v2/_catalog", &headers, "");
        assert_eq!(catalog.json()["repositories"], listed, "{catalog:?}");
    }
    let digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    for (value, status) in [("true", 200), ("false", 404)] {
        let registry = Registry::with(&[("FEATURE_REFERRERS_API", value)]);
        assert_eq!(registry.uploads("root/app"), 202);
        let answer = registry.v2("GET", "root/app", &format!("referrers/{digest}"), "");
        assert_eq!(answer.status, status, "{value}: {answer:?}");
    }
}

#[test]
fn who_may_sign_in_follows_the_configuration() {
    let about = "{ registry { directLogin } viewer { isSuperuser } }";
    let first = Registry::with(&[]);
    let expected =
        json!({ "registry": { "directLogin": true }, "viewer": { "isSuperuser": true } });
    assert_eq!(first.root(about), expected);
    for (key, value) in [("SUPER_USERS", "[ann]"), ("FEATURE_SUPER_USERS", "false")] {
        let registry = Registry::with(&[(key, value)]);
        assert_eq!(
            registry.root(about)["viewer"]["isSuperuser"],
            false,
            "{key}"
        );
    }
    let closed = Registry::with(&[("FEATURE_DIRECT_LOGIN", "false")]);
    assert_eq!(closed.root(about)["registry"]["directLogin"], false);
    let sign_in = r#"mutation { signIn(input: { username: "root", password: "correct-horse-battery" }) { viewer { isSuperuser } } }"#;
    assert_eq!(closed.graphql(None, sign_in), Value::Null);
    let none = Registry::with(&[("FEATURE_USER_INITIALIZE", "false")]);
    assert_eq!(none.token, "");
}

#[test]
fn robots_can_be_refused_but_for_those_on_the_list() {
    let registry = Registry::with(&[]);
    let make = |name: &str| {
        let mutation = format!(
            "mutation {{ createRobot(input: {{ namespace: \"root\", shortName: \"{name}\" }}) {{ robot {{ credentials {{ username token }} }} }} }}"
        );
        registry.root(&mutation)["createRobot"]["robot"]["credentials"].clone()
    };
    let robots = [make("ci"), make("other")];
    let logs_in = |registry: &Registry| {
        robots.each_ref().map(|robot| {
            let text = |field: &str| robot[field].as_str().expect("a robot");
            registry.log_in(text("username"), text("token"), "").status
        })
    };
    assert_eq!(logs_in(&registry), [200, 200]);
    let registry = registry.again_with(&[
        ("ROBOTS_DISALLOW", "true"),
        ("ROBOTS_WHITELIST", "[root+ci]"),
    ]);
    assert_eq!(logs_in(&registry), [200, 401]);
    let new = "mutation { createRobot(input: { namespace: \"root\", shortName: \"new\" }) { robot { name } } }";
    assert_eq!(registry.root(new), Value::Null);
}

#[test]
fn log_lines_are_json_at_the_level_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = berth(folder.path());
    command.envs([
        ("BERTH_LOG_FORMAT", "json"),
        ("BERTH_LOG_LEVEL", "warn"),
        ("BERTH_LDAP_UID_ATTR", "cn"),
    ]);
    let (output, said) = run(command.arg("migrate"), "");
    assert!(output.status.success(), "{said}");
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert_eq!(lines[0]["level"], "WARN");
    assert_eq!(lines[0]["keys"], "LDAP_UID_ATTR");
}

#[test]
fn clients_are_told_what_pictures_are_made_from() {
    let registry = Registry::with(&[("AVATAR_KIND", "gravatar")]);
    let told = registry.server.ask("GET", "/config", &[], "").json();
    assert_eq!(told["config"]["AVATAR_KIND"], json!("gravatar"));
    let root = registry
        .server
        .ask("GET", "/api/v1/users/root", &[], "")
        .json();
    assert_eq!(
        root["avatar"]["hash"],
        json!("04edfc0ef6c6cf6d6b88fbc69f9f9071")
    );
}
