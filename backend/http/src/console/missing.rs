//! What stands in for the console in a binary that was built without it.

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::may_be_page;

const HINT: &str = "Berth runs, and this binary was built without the web console.\n\n\
    Build both:       cargo xtask up\n\
    Log in and push:  podman login, podman push\n";

/// [`serve`], as the console itself would be asked.
pub(super) async fn show(_: Method, uri: Uri, _: HeaderMap) -> Response {
    serve(uri).await
}

pub(super) async fn serve(uri: Uri) -> Response {
    if !may_be_page(uri.path()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let status = if uri.path() == "/" {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        HINT,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_root_says_how_to_build_the_console() {
        let answer = serve(Uri::from_static("/")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let body = axum::body::to_bytes(answer.into_body(), 1000)
            .await
            .unwrap();
        assert!(String::from_utf8_lossy(&body).contains("cargo xtask up"));
        for path in ["/repository", "/api/v1/nothing"] {
            assert_eq!(
                serve(Uri::from_static(path)).await.status(),
                StatusCode::NOT_FOUND
            );
        }
    }
}
