//! The API as a client calls it, without a socket.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use berth_http::address::Addresses;
use berth_services::{Services, Settings};
use berth_testkit::{Backend, PASSWORD, TestRegistry};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Every scope there is.
pub(crate) const ALL_SCOPES: &str =
    "repo:read repo:write repo:admin repo:create user:read user:admin org:admin super:user";

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// Without any credentials, and without a CSRF token.
    Nobody,
    /// Without credentials, from a browser that got a CSRF token.
    Visitor,
    /// With an access token.
    Token(String),
    /// A signed-in browser.
    Browser { session: String, csrf: String },
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    /// Status and body, to compare at once.
    pub(crate) fn told(&self) -> (u16, Value) {
        (self.status, self.json())
    }

    /// Status and what scripts look for in a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(body["status"], json!(self.status), "{body}");
        assert_eq!(text("detail"), text("error_message"));
        assert_eq!(text("title"), text("error_type"));
        assert!(text("type").ends_with(&format!("/api/v1/error/{}", text("title"))));
        (self.status, text("detail"))
    }

    /// Value of a cookie that the answer sets.
    pub(crate) fn cookie(&self, name: &str) -> String {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok()?.split_once(';')?.0.split_once('='))
            .find_map(|(key, value)| (key == name).then(|| value.to_owned()))
            .unwrap_or_else(|| panic!("no cookie `{name}`: {:?}", self.headers))
    }
}

/// The router over a registry's services.
pub(crate) struct Api {
    router: Router,
}

impl Api {
    pub(crate) fn of(t: &TestRegistry) -> Self {
        Self::over(&t.services)
    }

    pub(crate) fn over(services: &Services) -> Self {
        let addresses = Addresses::new(&services.settings().registry);
        Self {
            router: berth_rest::router(services.clone(), addresses),
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await;
        let (parts, body) = response.expect("an answer").into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).expect("text"),
        }
    }

    /// Calls with a body where there is one, below `/api/v1`.
    pub(crate) async fn call(
        &self,
        who: &Who,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let path = format!("/api/v1{path}");
        let mut request = Request::builder().method(method).uri(path);
        let cookies;
        match who {
            Who::Nobody => {}
            Who::Visitor => {
                request = request
                    .header(header::COOKIE, "berth_csrf=shown")
                    .header("x-csrf-token", "shown");
            }
            Who::Token(token) => {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            Who::Browser { session, csrf } => {
                cookies = format!("berth_session={session}; berth_csrf={csrf}");
                request = request
                    .header(header::COOKIE, cookies)
                    .header("x-csrf-token", csrf);
            }
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    pub(crate) async fn get(&self, who: &Who, path: &str) -> Answer {
        self.call(who, "GET", path, None).await
    }

    pub(crate) async fn post(&self, who: &Who, path: &str, body: &Value) -> Answer {
        self.call(who, "POST", path, Some(body)).await
    }

    pub(crate) async fn put(&self, who: &Who, path: &str, body: &Value) -> Answer {
        self.call(who, "PUT", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, who: &Who, path: &str) -> Answer {
        self.call(who, "DELETE", path, None).await
    }

    /// Signs a user of the tests in.
    pub(crate) async fn sign_in(&self, name: &str) -> Who {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = self.post(&Who::Visitor, "/signin", &body).await;
        assert_eq!(answer.told(), (200, json!({ "success": true })));
        Who::Browser {
            session: answer.cookie("berth_session"),
            csrf: answer.header("x-next-csrf-token").to_owned(),
        }
    }
}

/// A new user with a token of these scopes.
pub(crate) async fn user(t: &TestRegistry, name: &str, scopes: &str) -> Who {
    let actor = t.user(name).await;
    Who::Token(t.oauth_token(&actor, scopes).await)
}

/// A token more of a user that is there.
pub(crate) async fn token(t: &TestRegistry, name: &str, scopes: &str) -> Who {
    let actor = t.login(name, PASSWORD).await;
    Who::Token(t.oauth_token(&actor, scopes).await)
}

/// Runs a test with settings on both databases, PostgreSQL where a server is named.
pub(crate) async fn with_settings(settings: Settings, run: impl AsyncFn(&TestRegistry)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if let Some(t) = TestRegistry::with(backend, settings.clone()).await {
            run(&t).await;
            t.close().await;
        }
    }
}
