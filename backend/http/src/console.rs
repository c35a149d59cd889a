//! The web console, embedded in the binary with the feature `console`.

use axum::Router;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;

#[cfg(feature = "console")]
mod embedded;
#[cfg(not(feature = "console"))]
mod missing;

#[cfg(feature = "console")]
use embedded::{serve, serve as show};
#[cfg(not(feature = "console"))]
use missing::{serve, show};

/// Paths that belong to machines: what is unknown below them is a 404 and never a page.
const MACHINE_PATHS: [&str; 8] = [
    "/.well-known/",
    "/api/",
    "/graphql",
    "/health",
    "/keys/",
    "/metrics",
    "/v1/",
    "/v2",
];

/// True where a page may be meant. The console's own routes know which there are; names of
/// repositories and tags look like anything, so no extension is looked at.
fn may_be_page(path: &str) -> bool {
    !MACHINE_PATHS.iter().any(|prefix| path.starts_with(prefix))
}

/// The page of the console at a path, for who shares the path with it.
pub async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    show(method, uri, headers).await
}

/// Answers everything that no other route takes; merge it last.
pub fn router() -> Router {
    Router::new().fallback(serve)
}
