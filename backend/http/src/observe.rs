//! What is noted of every request: an id, a span, a line and a measurement.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument as _, Span, field};
use uuid::Uuid;

use crate::origin::{RequestOrigin, TrustedProxies, origin};

/// Names the request in logs and in reports of those who ran into an error.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from a proxy.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Put into an answer, names the route where one pattern of the router stands for several.
#[derive(Debug, Clone, Copy)]
pub struct RouteName(pub &'static str);

/// Wraps a finished router: request ids, spans, log lines, measurements, panics as 500.
///
/// Goes around all routes and before the drain guard, so that refused requests are noted too.
pub fn around(router: Router, proxies: TrustedProxies) -> Router {
    router
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(from_fn_with_state(Arc::new(proxies), observe))
}

/// Notes who acts, in the span of the current request.
pub fn record_actor(kind: &str, name: Option<&str>) {
    let span = Span::current();
    span.record("actor.kind", kind);
    if let Some(name) = name {
        span.record("actor.name", name);
    }
}

/// Notes which repository the current request is about.
pub fn record_repository(path: &impl std::fmt::Display) {
    Span::current().record("repository.name", field::display(path));
}

async fn observe(
    State(proxies): State<Arc<TrustedProxies>>,
    request: Request,
    next: Next,
) -> axum::response::Response {
    let id = request_id(request.headers());
    let (mut parts, body) = request.into_parts();
    proxies.disbelieve(&parts.extensions, &mut parts.headers);
    let mut request = Request::from_parts(parts, body);
    let origin = origin(
        request.extensions(),
        request.headers(),
        &proxies,
        id.clone(),
    );
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!(
        "request",
        request.id = id,
        http.method = method,
        http.route = field::Empty,
        client.ip = origin.ip.map(field::display),
        actor.kind = field::Empty,
        actor.name = field::Empty,
        repository.name = field::Empty,
    );
    request.extensions_mut().insert(RequestOrigin(origin));

    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let elapsed = started.elapsed();

    let named = response.extensions().get::<RouteName>().map(|name| name.0);
    let route = named
        .or(matched.as_ref().map(MatchedPath::as_str))
        .unwrap_or("(none)")
        .to_owned();
    let status = response.status();
    span.record("http.route", &route);
    span.in_scope(|| note(&route, status, elapsed.as_millis()));
    metrics::histogram!(
        "request_duration_seconds",
        "method" => method, "route" => route, "status" => status.as_str().to_owned(),
    )
    .record(elapsed.as_secs_f64());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(nosniff);
    response
}

/// Probes and scrapes come every few seconds and say nothing.
fn note(route: &str, status: StatusCode, duration_ms: u128) {
    let status = status.as_u16();
    if route.starts_with("/health") || route == "/metrics" || route == "(none)" {
        tracing::debug!(http.status = status, duration_ms, "request answered");
    } else {
        tracing::info!(http.status = status, duration_ms, "request answered");
    }
}

/// The id a proxy gave, if it is harmless in a log line; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX)
        .filter(|id| {
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        })
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// A client may send any word as a method; as a label only the known ones appear.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over so")]
fn after_panic(panic: Box<dyn std::any::Any + Send + 'static>) -> Response<axum::body::Body> {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic.message = message, "a request handler panicked");
    let mut response = Response::new(axum::body::Body::from("an internal error occurred\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(path: &str, id: Option<&str>) -> axum::response::Response {
        let router = Router::new()
            .route(
                "/id",
                get(async |RequestOrigin(origin): RequestOrigin| origin.request_id),
            )
            .route(
                "/panic",
                get(async || -> &'static str { panic!("on purpose") }),
            );
        let mut request = Request::builder().uri(path);
        if let Some(id) = id {
            request = request.header(X_REQUEST_ID, id);
        }
        let router = around(router, TrustedProxies::default());
        router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_id_of_a_request_is_echoed_and_known_to_handlers() {
        let response = ask("/id", Some("proxy-1.2_3")).await;
        assert_eq!(response.headers()[X_REQUEST_ID], "proxy-1.2_3");
        let body = axum::body::to_bytes(response.into_body(), 100)
            .await
            .unwrap();
        assert_eq!(body, "proxy-1.2_3");
    }

    #[tokio::test]
    async fn an_id_unfit_for_a_log_line_is_replaced() {
        for id in ["", "a b", "{}", &"x".repeat(65)] {
            let response = ask("/id", Some(id)).await;
            assert_ne!(response.headers()[X_REQUEST_ID], id);
            assert_eq!(response.headers()[X_REQUEST_ID].len(), 36);
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_500_with_an_id() {
        let response = ask("/panic", None).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().contains_key(X_REQUEST_ID));
    }
}
