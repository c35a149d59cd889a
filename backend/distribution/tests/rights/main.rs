//! Every route of `/v2` and `/keys` with every form of credentials, at what is one's own, what is hidden, what is
//! public and what is not there. The statuses are a committed table that is reviewed as a difference. Patterns and
//! verbs are those of the code, so that no route is forgotten.
//! What is hidden differs in nothing from what is not there: status, headers, body, and the statements
//! that the answer takes, which are what there is to see in its time.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../it/client.rs"]
#[expect(dead_code, reason = "the other tests use all of it")]
mod client;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use berth_domain::{Digest, Secret};
use berth_http::address::Addresses;
use berth_http::origin::RequestOrigin;
use berth_services::{Actor, Origin};
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, path_of, recorder};
use bytes::Bytes;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::client::{Answer, Client, HOST, publish};

/// What a stranger asks about. The last two are not there, in a namespace that is and in one that is not.
/// Names are of one length, so that everything of two answers can be compared.
const OWN: &str = "bob/mine00";
const HIDDEN: &str = "ann/hidden";
const TARGETS: [&str; 5] = [OWN, HIDDEN, "ann/public", "ann/absent", "xyz/absent"];
/// Where the repository stands in a route.
const NAME: &str = "<name>";
/// Where an upload's id stands in a route.
const UPLOAD: &str = "UPLOAD";

/// The code that names the patterns below `/v2`.
const PATTERNS: &str = include_str!("../../src/path.rs");

/// A route as it is asked.
struct Route {
    method: String,
    /// As the table has it.
    shown: String,
    path: String,
}

impl Route {
    /// Whether it is about a repository.
    fn has_target(&self) -> bool {
        self.path.contains(NAME)
    }
}

/// The patterns below `/v2`, as the code names them for measurements.
fn patterns() -> Vec<String> {
    let (_, named) = PATTERNS.split_once("fn pattern(").unwrap();
    let (named, _) = named.split_once("\n    }\n").unwrap();
    let patterns: Vec<String> = named
        .lines()
        .filter_map(|line| line.split_once("=> \""))
        .filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()))
        .collect();
    assert!(patterns.len() >= 8, "{named}");
    patterns
}

/// What there is to ask for at a pattern or a path: what the table shows, and the path.
fn asked(pattern: &str, image: &TestImage) -> Vec<(String, String)> {
    let (blob, manifest) = (Digest::of(&image.layer), image.digest());
    let named = |rest: String| format!("/v2/{NAME}/{rest}");
    let uploads = "blobs/uploads/";
    let scope = format!("scope=repository:{NAME}:pull,push");
    match pattern {
        "/v2" | "/v2/" | "/v2/_catalog" => vec![(pattern.to_owned(), pattern.to_owned())],
        "/v2/{name}/manifests/{reference}" => vec![
            ("manifests/<tag>".into(), named("manifests/1".into())),
            (
                "manifests/<digest>".into(),
                named(format!("manifests/{manifest}")),
            ),
        ],
        "/v2/{name}/blobs/{digest}" => {
            vec![("blobs/<digest>".into(), named(format!("blobs/{blob}")))]
        }
        "/v2/{name}/blobs/uploads/" => vec![
            (uploads.into(), named(uploads.into())),
            (
                format!("{uploads}?digest="),
                named(format!("{uploads}?digest={blob}")),
            ),
            (
                format!("{uploads}?mount=&from=<hidden>"),
                named(format!("{uploads}?mount={blob}&from={HIDDEN}")),
            ),
        ],
        "/v2/{name}/blobs/uploads/{id}" => vec![(
            format!("{uploads}<id>"),
            named(format!("{uploads}{UPLOAD}?digest={blob}")),
        )],
        "/v2/{name}/tags/list" => vec![("tags/list".into(), named("tags/list".into()))],
        "/v2/{name}/referrers/{digest}" => vec![(
            "referrers/<digest>".into(),
            named(format!("referrers/{manifest}")),
        )],
        "/v2/auth" => vec![
            (
                "/v2/auth?scope=".into(),
                format!("/v2/auth?service={HOST}&{scope}"),
            ),
            ("/v2/auth".into(), format!("/v2/auth?service={HOST}")),
        ],
        "/keys/services/{service}/keys" | "/keys/services/{service}/keys/{kid}" => {
            let path = pattern
                .replace("{service}", "berth")
                .replace("{kid}", "no-key");
            vec![(pattern.to_owned(), path)]
        }
        _ => {
            panic!("{pattern} is new: say here what is asked for, and whether it has a repository")
        }
    }
}

/// Every route with every verb that it offers.
async fn routes(site: &mut Site, image: &TestImage) -> Vec<Route> {
    let text = format!("{:?}", site.router);
    let paths = text.split("RouteId(").filter_map(|part| {
        let (_, path) = part.split_once("): \"")?;
        Some(path.split_once('"')?.0.to_owned())
    });
    // What stands for the patterns, and what the router has where it has no route.
    let mut paths: Vec<String> = paths
        .filter(|path| path.starts_with("/v2") || path.starts_with("/keys"))
        .filter(|path| path != "/v2/{*path}" && path != "/v2/")
        .collect();
    assert!(paths.len() >= 4, "the router tells its paths: {text}");
    paths.extend(patterns());
    paths.sort();
    paths.dedup();
    let mut routes = Vec::new();
    for pattern in paths {
        for (shown, path) in asked(&pattern, image) {
            let tried = path.replace(NAME, HIDDEN);
            let refused = site.send("TRACE", &tried, None, Bytes::new()).await;
            for method in refused.is(405).header("allow").split(',') {
                routes.push(Route {
                    method: method.trim().to_owned(),
                    shown: shown.clone(),
                    path: path.clone(),
                });
            }
        }
    }
    routes
}

/// The routes over a registry.
struct Site {
    router: Router,
    asked: u32,
}

impl Site {
    /// Asks from an address of its own, so that no guess is slowed down by another.
    async fn send(
        &mut self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        body: Bytes,
    ) -> Answer {
        self.asked += 1;
        let [_, a, b, c] = self.asked.to_be_bytes();
        let origin = Origin {
            ip: Some([10, a, b, c].into()),
            ..Origin::default()
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, HOST)
            .extension(RequestOrigin(origin));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: axum::body::to_bytes(body, 1 << 20).await.unwrap(),
        }
    }
}

/// Name of a form of credentials, and its header.
type Form = (&'static str, Option<(&'static str, String)>);

fn basic(name: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{name}:{password}"))
    )
}

/// Everything that bob, or somebody who has nothing, could put into a request.
async fn forms(t: &TestRegistry, bob: &Actor) -> Vec<Form> {
    let services = &t.services;
    let scopes = TARGETS.map(|name| format!("repository:{name}:pull,push,*"));
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let issued = async |login: Option<(&str, &str)>, scopes: &[&str]| {
        let client = Client::without_token(services);
        let answer = client.ask_token(login, scopes).await;
        let answer = answer.is(200).json();
        format!("Bearer {}", answer["token"].as_str().unwrap())
    };
    let robots = &services.robots;
    let robot = robots.create(bob, &"bob".parse().unwrap(), "ci", "").await;
    let robot = robots.credentials(bob, robot.unwrap().id).await.unwrap();
    let robot = (robot.username.to_string(), robot.token.expose().clone());
    let full = t
        .oauth_token(bob, "repo:admin repo:create user:admin")
        .await;
    let narrow = t.oauth_token(bob, "repo:read").await;
    let session = t.session("bob").await;
    let own = &session.actor;
    let (_, app) = services.app_tokens.create(own, "laptop").await.unwrap();
    let app = app.expose();
    let password = Secret::from(PASSWORD);
    let encrypted = services.authn.generate_encrypted_password(own, &password);
    let encrypted = encrypted.await.unwrap();
    let encrypted = encrypted.expose();
    let by_password = issued(Some(("bob", PASSWORD)), &scopes).await;
    let forged = by_password[..by_password.len() - 4].to_owned() + "AAAA";
    let old = by_password.clone();
    t.clock.advance(Duration::from_hours(2));
    let authorization = |value| Some(("authorization", value));
    let token = async |login, scopes: &[&str]| authorization(issued(login, scopes).await);
    vec![
        ("nothing", None),
        (
            "token of a password",
            token(Some(("bob", PASSWORD)), &scopes).await,
        ),
        (
            "token of a robot",
            token(Some((&robot.0, &robot.1)), &scopes).await,
        ),
        (
            "token of an encrypted password",
            token(Some(("bob", encrypted)), &scopes).await,
        ),
        (
            "token of an application token",
            token(Some(("$app", app)), &scopes).await,
        ),
        (
            "token of an OAuth token",
            token(Some(("$oauthtoken", &full)), &scopes).await,
        ),
        (
            "token of an OAuth token that may read",
            token(Some(("$oauthtoken", &narrow)), &scopes).await,
        ),
        ("token of nobody", token(None, &scopes).await),
        (
            "token for another repository",
            token(
                Some(("bob", PASSWORD)),
                &["repository:bob/other0:pull,push,*"],
            )
            .await,
        ),
        (
            "token for the catalog",
            token(Some(("bob", PASSWORD)), &["registry:catalog:*"]).await,
        ),
        (
            "token without a scope",
            token(Some(("bob", PASSWORD)), &[]).await,
        ),
        ("token that has ended", authorization(old)),
        ("token that was changed", authorization(forged)),
        ("password", authorization(basic("bob", PASSWORD))),
        ("encrypted password", authorization(basic("bob", encrypted))),
        ("robot", authorization(basic(&robot.0, &robot.1))),
        ("application token", authorization(basic("$app", app))),
        (
            "application token as a bearer",
            authorization(format!("Bearer {app}")),
        ),
        (
            "OAuth token as a password",
            authorization(basic("$oauthtoken", &full)),
        ),
        ("OAuth token", authorization(format!("Bearer {full}"))),
        (
            "wrong password",
            authorization(basic("bob", "not-the-password")),
        ),
        ("no scheme", authorization("bob".to_owned())),
        (
            "session",
            Some((
                "cookie",
                format!("berth_session={}", session.token.expose()),
            )),
        ),
    ]
}

/// All that a client is told, but for the name and the upload that it asked for. Of a token, what it allows.
fn told(answer: &Answer, target: &str, upload: &str) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(key, value)| format!("{key}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let mut body = String::from_utf8_lossy(&answer.body).into_owned();
    let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
    if let Some(token) = parsed["token"].as_str() {
        let claims = token.split('.').nth(1).unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        body = claims["access"].to_string();
    }
    format!("{} {headers:?} {body}", answer.status)
        .replace(target, "NAME")
        .replace(upload, UPLOAD)
}

/// Asks everything, and returns the table.
async fn sweep(t: &TestRegistry) -> String {
    let (ann, bob) = (t.user("ann").await, t.user("bob").await);
    let image = TestImage::new(1);
    for (owner, name) in [(&ann, HIDDEN), (&ann, "ann/public"), (&bob, OWN)] {
        t.push(owner, &format!("{name}:1"), &image).await;
    }
    publish(t, &ann, "ann/public").await;
    let uploads = &t.services.uploads;
    let mut open = BTreeMap::new();
    for name in [HIDDEN, "ann/public"] {
        let upload = uploads.start(&ann, &path_of(name)).await.unwrap();
        open.insert(name, upload.uuid.to_string());
    }
    let forms = forms(t, &bob).await;
    let addresses = Addresses::new(&t.services.settings().registry);
    let mut site = Site {
        router: berth_distribution::router(t.services.clone(), addresses),
        asked: 0,
    };
    let routes = routes(&mut site, &image).await;
    let (mut table, mut asked, mut is_gone) = (String::new(), 0, false);
    for route in &routes {
        let Route {
            method,
            shown,
            path,
        } = route;
        let targets = if route.has_target() {
            &TARGETS[..]
        } else {
            &[OWN]
        };
        let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (form, header) in &forms {
            let header = header.as_ref().map(|(name, value)| (*name, value.as_str()));
            let mut statuses = Vec::new();
            let mut hidden = None;
            for target in targets {
                if *target == OWN && is_gone {
                    t.push(&bob, &format!("{OWN}:1"), &image).await;
                    is_gone = false;
                }
                if *target == OWN && path.contains(UPLOAD) {
                    let upload = uploads.start(&bob, &path_of(OWN)).await.unwrap();
                    open.insert(OWN, upload.uuid.to_string());
                }
                let unknown = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000".to_owned();
                let upload = open.get(target).unwrap_or(&unknown);
                let path = path.replace(NAME, target).replace(UPLOAD, upload);
                let body = match method.as_str() {
                    "PUT" if shown.starts_with("manifests") => image.manifest.clone(),
                    "POST" if path.starts_with("/v2/auth") => {
                        let (_, query) = path.split_once('?').unwrap();
                        Bytes::from(query.to_owned())
                    }
                    "POST" | "PATCH" | "PUT" => image.layer.clone(),
                    _ => Bytes::new(),
                };
                let sent = site.send(method, &path, header, body);
                let (answer, statements) = recorder::record(sent).await;
                asked += 1;
                assert!(
                    answer.status < 500,
                    "{method} {path} with {form}: {answer:?}"
                );
                is_gone |= *target == OWN && method == "DELETE" && answer.status < 300;
                statuses.push(answer.status.to_string());
                let told = told(&answer, target, upload);
                let texts: Vec<String> = statements.into_iter().map(|s| s.sql).collect();
                match &hidden {
                    None if *target == HIDDEN => hidden = Some((told, texts)),
                    Some(hidden) if target.ends_with("absent") => {
                        assert_eq!(hidden.0, told, "{method} {path} with {form}");
                        assert_eq!(hidden.1, texts, "{method} {path} with {form}");
                    }
                    _ => {}
                }
            }
            lines.entry(statuses.join(" ")).or_default().push(form);
        }
        let _ = writeln!(table, "{method} {shown}");
        for (statuses, forms) in lines {
            let _ = writeln!(table, "    {statuses}: {}", forms.join(", "));
        }
    }
    format!(
        "{asked} requests: {} routes, {} forms of credentials; statuses at: {}\n{table}",
        routes.len(),
        forms.len(),
        TARGETS.join(" ")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_form_of_credentials_as_the_reviewed_table_says() {
    recorder::install();
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(t) = TestRegistry::on(backend).await else {
            continue;
        };
        let table = sweep(&t).await;
        t.close().await;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rights/rights.txt");
        if std::env::var_os("BERTH_UPDATE_TABLES").is_some() && backend == Backend::Sqlite {
            std::fs::write(&path, &table).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = committed.lines().zip(table.lines()).find(|(a, b)| a != b);
        assert_eq!(
            differs, None,
            "review it, then run with BERTH_UPDATE_TABLES=1"
        );
        assert_eq!(committed.lines().count(), table.lines().count());
    }
}
