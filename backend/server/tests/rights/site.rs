//! The whole server without a socket, what is asked of it, and what there is to see in its answers.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header;
use berth_server::drain::Drain;
use berth_server::router::router;
use berth_services::Settings;
use berth_testkit::{Backend, TestRegistry, recorder};
use serde_json::Value;
use tower::ServiceExt as _;

/// The host that clients know the registry by.
pub(crate) const HOST: &str = "reg.test";
/// A proxy names each request, so that its name differs in no answer.
const REQUEST_ID: &str = "asked";

/// A header of a request.
pub(crate) type Header = (&'static str, String);

/// A server with its registry.
pub(crate) struct Site {
    pub(crate) t: TestRegistry,
    pub(crate) router: Router,
    /// How often it was asked.
    pub(crate) asked: u32,
}

/// What is asked.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) accept: Option<&'static str>,
    pub(crate) body: String,
}

impl Request {
    /// Without a body.
    pub(crate) fn new(method: &str, path: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            path: path.into(),
            ..Self::default()
        }
    }

    /// With JSON.
    pub(crate) fn json(self, body: &Value) -> Self {
        Self {
            content_type: Some("application/json"),
            body: body.to_string(),
            ..self
        }
    }

    /// With a form.
    pub(crate) fn form(self, pairs: &[(&str, &str)]) -> Self {
        Self {
            content_type: Some("application/x-www-form-urlencoded"),
            body: serde_urlencoded::to_string(pairs).unwrap(),
            ..self
        }
    }
}

/// What there is to see in an answer.
pub(crate) struct Seen {
    pub(crate) status: u16,
    headers: Vec<String>,
    pub(crate) body: String,
    /// What made up its time.
    pub(crate) statements: Vec<String>,
}

impl Seen {
    /// The body, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// Whether it was done; GraphQL tells of errors in the body.
    pub(crate) fn is_success(&self) -> bool {
        self.status < 400 && !self.body.contains("\"errors\":[")
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.headers.iter().filter_map(|line| line.split_once(": "));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All that the client is told, with other words for the names that it asked for.
    pub(crate) fn told(&self, names: &[(String, &str)]) -> String {
        let headers = self.headers.iter().map(|line| {
            // A new CSRF token is another one each time.
            match line.strip_prefix("set-cookie: ") {
                Some(cookie) => cookie.split('=').next().unwrap_or_default(),
                None => line,
            }
        });
        let headers: Vec<&str> = headers.collect();
        // GraphQL writes fields as they get done.
        let body = match serde_json::from_str(&self.body) {
            Ok(body) => sorted(body).to_string(),
            Err(_) => self.body.clone(),
        };
        let mut told = format!("{} {headers:?} {body}", self.status);
        for (name, word) in names {
            told = told.replace(name, word);
        }
        told
    }
}

impl Site {
    /// A new registry; `None` for PostgreSQL where no server is named.
    pub(crate) async fn on(backend: Backend) -> Option<Self> {
        recorder::install();
        let mut settings = Settings::default();
        // Nobody of those who ask.
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        let t = TestRegistry::with(backend, settings).await?;
        let router = router(&t.services, &[], "environment", &Drain::default()).unwrap();
        Some(Self {
            t,
            router,
            asked: 0,
        })
    }

    /// Asks with these credentials, from an address of its own, so that no guess is slowed down by another.
    pub(crate) async fn ask(&mut self, request: Request, credentials: &[Header]) -> Seen {
        self.asked += 1;
        let [_, a, b, c] = self.asked.to_be_bytes();
        let peer = SocketAddr::from(([10, a, b, c], 50_000));
        let answer = self
            .router
            .clone()
            .oneshot(built(request, credentials, peer));
        let (answer, statements) = recorder::record(async {
            let (parts, body) = answer.await.unwrap().into_parts();
            (parts, axum::body::to_bytes(body, 8 << 20).await.unwrap())
        })
        .await;
        let (parts, body) = answer;
        let mut headers: Vec<String> = parts
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        // Some ids are written into statements.
        let general = |sql: String| sql.split(|c: char| c.is_ascii_digit()).collect::<String>();
        let mut statements: Vec<String> = statements.into_iter().map(|s| general(s.sql)).collect();
        // GraphQL asks for what its fields need at once, in no order.
        statements.sort();
        Seen {
            status: parts.status.as_u16(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            statements,
        }
    }

    /// The paths that the router has, as it tells them itself.
    pub(crate) fn paths(&self) -> BTreeSet<String> {
        let text = format!("{:?}", self.router);
        let paths = text.split("RouteId(").filter_map(|part| {
            let (_, path) = part.split_once("): \"")?;
            Some(path.split_once('"')?.0.to_owned())
        });
        // Those of the fallback have names of the router's own.
        let paths: BTreeSet<String> = paths
            .filter(|path| path != "/" && !path.contains("__private"))
            .collect();
        assert!(paths.len() > 20, "the router tells its paths: {text}");
        paths
    }
}

/// A request as it arrives from `peer`.
pub(crate) fn built(
    request: Request,
    credentials: &[Header],
    peer: SocketAddr,
) -> axum::http::Request<Body> {
    let mut built = axum::http::Request::builder()
        .method(request.method.as_str())
        .uri(request.path)
        .header(header::HOST, HOST)
        .header("x-request-id", REQUEST_ID)
        .extension(ConnectInfo(peer));
    let kinds = [
        (header::CONTENT_TYPE, request.content_type),
        (header::ACCEPT, request.accept),
    ];
    for (name, value) in kinds {
        if let Some(value) = value {
            built = built.header(name, value);
        }
    }
    for (name, value) in credentials {
        built = built.header(*name, value);
    }
    built.body(Body::from(request.body)).unwrap()
}

/// The same value, the fields of its objects by name.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            let fields = fields.into_iter();
            Value::Object(fields.map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}
