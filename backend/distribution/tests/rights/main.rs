//! Every route of `/v2` with every form of credentials, at what is one's own, what is hidden, what is
//! public and what is not there. The statuses are a committed table that is reviewed as a difference.
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

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_domain::{Digest, Secret};
use berth_services::{Actor, Origin};
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, path_of, recorder};

use crate::client::{Answer, Client, publish};

/// What a stranger asks about. The last two are not there, in a namespace that is and in one that is not.
/// Names are of one length, so that everything of two answers can be compared.
const OWN: &str = "bob/mine00";
const HIDDEN: &str = "ann/hidden";
const TARGETS: [&str; 5] = [OWN, HIDDEN, "ann/public", "ann/absent", "xyz/absent"];
/// Where an upload's id stands in a route.
const UPLOAD: &str = "UPLOAD";

/// Method and rest of the path after the repository.
fn routes(image: &TestImage) -> Vec<(&'static str, String, String)> {
    let (blob, manifest) = (Digest::of(&image.layer), image.digest());
    let mut routes = Vec::new();
    let mut add = |methods: &[&'static str], shown: &str, rest: String| {
        for method in methods {
            routes.push((*method, shown.to_owned(), rest.clone()));
        }
    };
    let all = ["GET", "HEAD", "PUT", "DELETE"];
    add(&all, "manifests/<tag>", "manifests/1".to_owned());
    add(&all, "manifests/<digest>", format!("manifests/{manifest}"));
    let read = ["GET", "HEAD", "DELETE"];
    add(&read, "blobs/<digest>", format!("blobs/{blob}"));
    let uploads = "blobs/uploads/";
    add(&["POST"], uploads, uploads.to_owned());
    let whole = format!("{uploads}?digest={blob}");
    add(&["POST"], "blobs/uploads/?digest=", whole);
    let mount = format!("{uploads}?mount={blob}&from={HIDDEN}");
    add(&["POST"], "blobs/uploads/?mount=&from=<hidden>", mount);
    let upload = format!("{uploads}{UPLOAD}");
    add(
        &["GET", "PATCH", "DELETE"],
        "blobs/uploads/<id>",
        upload.clone(),
    );
    add(
        &["PUT"],
        "blobs/uploads/<id>?digest=",
        format!("{upload}?digest={blob}"),
    );
    add(&["GET", "HEAD"], "tags/list", "tags/list".to_owned());
    add(
        &["GET", "HEAD"],
        "referrers/<digest>",
        format!("referrers/{manifest}"),
    );
    routes
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
        let client = Client::with_scopes(services, login, scopes).await;
        format!("Bearer {}", client.token())
    };
    let robots = &services.robots;
    let robot = robots.create(bob, &"bob".parse().unwrap(), "ci", "").await;
    let robot = robots.credentials(bob, robot.unwrap().id).await.unwrap();
    let robot = (robot.username.to_string(), robot.token.expose().clone());
    let full = t
        .oauth_token(bob, "repo:admin repo:create user:admin")
        .await;
    let narrow = t.oauth_token(bob, "repo:read").await;
    let password = Secret::from(PASSWORD);
    let session = services
        .authn
        .sign_in("bob", &password, Origin::default())
        .await
        .unwrap();
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
            "token without a scope",
            token(Some(("bob", PASSWORD)), &[]).await,
        ),
        ("token that has ended", authorization(old)),
        ("token that was changed", authorization(forged)),
        ("password", authorization(basic("bob", PASSWORD))),
        ("robot", authorization(basic(&robot.0, &robot.1))),
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
            Some(("cookie", format!("session={}", session.token.expose()))),
        ),
    ]
}

/// All that a client is told, but for the name and the upload that it asked for.
fn told(answer: &Answer, target: &str, upload: &str) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(key, value)| format!("{key}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = String::from_utf8_lossy(&answer.body);
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
    let client = Client::without_token(&t.services);
    let (mut table, mut asked) = (String::new(), 0);
    for (method, shown, rest) in routes(&image) {
        let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (form, header) in &forms {
            let header: Vec<(&str, &str)> = header.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let mut statuses = Vec::new();
            let mut hidden = None;
            for target in TARGETS {
                if target == OWN {
                    t.push(&bob, &format!("{OWN}:1"), &image).await;
                    let upload = uploads.start(&bob, &path_of(OWN)).await.unwrap();
                    open.insert(OWN, upload.uuid.to_string());
                }
                let unknown = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000".to_owned();
                let upload = open.get(target).unwrap_or(&unknown);
                let path = format!("/v2/{target}/{}", rest.replace(UPLOAD, upload));
                let body = match method {
                    "PUT" if shown.starts_with("manifests") => image.manifest.clone(),
                    "POST" | "PATCH" | "PUT" => image.layer.clone(),
                    _ => "".into(),
                };
                let sent = client.send(method, &path, &header, body);
                let (answer, statements) = recorder::record(sent).await;
                asked += 1;
                statuses.push(answer.status.to_string());
                let told = told(&answer, target, upload);
                let texts: Vec<String> = statements.into_iter().map(|s| s.sql).collect();
                match &hidden {
                    None if target == HIDDEN => hidden = Some((told, texts)),
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
        "{asked} requests, {} forms of credentials; statuses at: {}\n{table}",
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
