use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use berth_http::address::Addresses;
use berth_testkit::{Backend, PASSWORD, TestRegistry};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::router;

/// A registry with the user `ann`, and what a browser keeps of its session.
struct Site {
    registry: TestRegistry,
    cookie: String,
    csrf: String,
}

const VIEWER: &str = "{ viewer { user { name } } }";

impl Site {
    async fn new() -> Self {
        let registry = TestRegistry::on(Backend::Sqlite).await.expect("a registry");
        registry.user("ann").await;
        let mut site = Self {
            registry,
            cookie: String::new(),
            csrf: String::new(),
        };
        let sign_in = format!(
            "mutation {{ signIn(input: {{ username: \"ann\", password: \"{PASSWORD}\" }}) {{ viewer {{ scopes }} }} }}"
        );
        let answer = site.send(post(&json!({ "query": sign_in }))).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let cookies: Vec<&str> = answer
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok()?.split(';').next())
            .collect();
        site.cookie = cookies.join("; ");
        let csrf = cookies
            .iter()
            .find_map(|pair| pair.strip_prefix("berth_csrf="));
        site.csrf = csrf.expect("a CSRF cookie").to_owned();
        site
    }

    async fn send(&self, request: Request<Body>) -> Response {
        let services = self.registry.services.clone();
        let addresses = Addresses::new(&services.settings().registry);
        router(services, addresses)
            .oneshot(request)
            .await
            .expect("an answer")
    }
}

fn post(body: &Value) -> Request<Body> {
    Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json")
        .body(Body::from(body.to_string()))
        .expect("a request")
}

fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request
        .headers_mut()
        .insert(name, value.parse().expect("a value"));
    request
}

async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn reason(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body: Value = serde_json::from_str(&text(response).await).expect("JSON");
    let reason = body["errors"][0]["extensions"]["reason"].clone();
    (status, reason.as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_counts_only_with_its_csrf_token() {
    let site = Site::new().await;
    let query = json!({ "query": VIEWER });
    let bare = with(post(&query), "cookie", &site.cookie);
    let refused = site.send(bare).await;
    assert_eq!(
        reason(refused).await,
        (StatusCode::FORBIDDEN, "CSRF".into())
    );
    let shown = with(
        with(post(&query), "cookie", &site.cookie),
        "x-csrf-token",
        &site.csrf,
    );
    let answer = text(site.send(shown).await).await;
    assert_eq!(answer, r#"{"data":{"viewer":{"user":{"name":"ann"}}}}"#);
    let nobody = text(site.send(post(&query)).await).await;
    assert_eq!(nobody, r#"{"data":{"viewer":null}}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_nobody_who_may_sign_in_again() {
    let site = Site::new().await;
    let out = json!({ "query": "mutation { signOut { success } }" });
    let request = with(
        with(post(&out), "cookie", &site.cookie),
        "x-csrf-token",
        &site.csrf,
    );
    let answer = site.send(request).await;
    let cleared = answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .filter(|line| line.to_str().is_ok_and(|line| line.contains("Max-Age=0")));
    assert_eq!(cleared.count(), 2);
    let stale = with(post(&json!({ "query": VIEWER })), "cookie", &site.cookie);
    assert_eq!(
        text(site.send(stale).await).await,
        r#"{"data":{"viewer":null}}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_come_by_get_and_mutations_do_not() {
    let site = Site::new().await;
    let get = |query: &str| {
        let query = serde_urlencoded::to_string([("query", query)]).expect("a query");
        let request = Request::get(format!("/graphql?{query}")).body(Body::empty());
        with(request.expect("a request"), "cookie", &site.cookie)
    };
    let answer = text(site.send(get(VIEWER)).await).await;
    assert_eq!(answer, r#"{"data":{"viewer":{"user":{"name":"ann"}}}}"#);
    let refused = site.send(get("mutation { signOut { success } }")).await;
    assert_eq!(refused.headers()[header::ALLOW], "POST");
    assert_eq!(reason(refused).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let empty = with(
        Request::get("/graphql")
            .body(Body::empty())
            .expect("a request"),
        "cookie",
        &site.cookie,
    );
    assert_eq!(
        reason(site.send(empty).await).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_operation_is_refused_with_the_status_of_its_fault() {
    let site = Site::new().await;
    let body = |text: &'static str| {
        let mut request = post(&json!({}));
        *request.body_mut() = Body::from(text);
        request
    };
    let long = {
        let mut request = post(&json!({}));
        *request.body_mut() = Body::from(vec![b' '; berth_graphql::DOCUMENT_BYTES_MAX + 1]);
        request
    };
    let cases = [
        (
            body(r#"[{"query":"{ viewer { scopes } }"}]"#),
            400,
            "REQUEST_INVALID",
        ),
        (body("no json"), 400, "REQUEST_INVALID"),
        (body(r#"{"query":"{ nowhere }"}"#), 400, "DOCUMENT_INVALID"),
        (
            with(body("{}"), "content-type", "text/plain"),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            with(body("{}"), "accept", "text/html"),
            406,
            "NOT_ACCEPTABLE",
        ),
        (long, 413, "DOCUMENT_BYTES"),
        (
            with(
                body(r#"{"query":"{ viewer { scopes } }"}"#),
                "authorization",
                "Bearer wrong",
            ),
            401,
            "UNAUTHENTICATED",
        ),
        (
            with(
                body(r#"{"query":"{ viewer { scopes } }"}"#),
                "authorization",
                "Basic YTpi",
            ),
            401,
            "UNAUTHENTICATED",
        ),
    ];
    for (request, status, expected) in cases {
        let (found, reason) = reason(site.send(request).await).await;
        assert_eq!((found.as_u16(), reason.as_str()), (status, expected));
    }
    let older = with(
        body(r#"{"query":"{ nowhere }"}"#),
        "accept",
        "application/json",
    );
    assert_eq!(site.send(older).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_host_opens_no_socket() {
    let site = Site::new().await;
    let open = |origin: &str| {
        let request = Request::builder()
            .method(Method::GET)
            .uri("/graphql")
            .header(header::HOST, "reg.test")
            .header(header::UPGRADE, "websocket")
            .header(header::ORIGIN, origin)
            .body(Body::empty());
        with(request.expect("a request"), "cookie", &site.cookie)
    };
    let refused = site.send(open("https://evil.test")).await;
    assert_eq!(
        reason(refused).await,
        (StatusCode::FORBIDDEN, "ORIGIN".into())
    );
    // Past the check, this test is no real client: what it lacks is told next.
    let own = site.send(open("http://reg.test")).await;
    assert_eq!(reason(own).await.1, "REQUEST_INVALID");
}
