//! The built console out of the binary: compressed in advance, cached for ever where the name holds
//! a hash, under a policy that lets no foreign script run.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::may_be_page;

/// `dist` as Trunk left it, with a `.br` and a `.gz` sibling beside each larger file.
#[derive(RustEmbed)]
#[folder = "../../dist/"]
struct Files;

const INDEX: &str = "index.html";

/// Everything but the page itself lies here, under names that hold a hash.
const HASHED: &str = "assets/";

/// Leptos assigns `innerHTML`, so trusted types cannot be demanded.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
    manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

const PAGE_HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    if !may_be_page(uri.path()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    if path.starts_with(HASHED) {
        return file(path, "public, max-age=31536000, immutable", &headers);
    }
    // A file at the root is itself, anything else is a page of the console.
    let name = if path.is_empty() || is_sibling(path) || Files::get(path).is_none() {
        INDEX
    } else {
        path
    };
    file(name, "no-cache", &headers)
}

fn is_sibling(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "br" | "gz")))
}

fn file(name: &str, caching: &'static str, request: &HeaderMap) -> Response<Body> {
    let Some(plain) = Files::get(name).filter(|_| !is_sibling(name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = etag(&plain);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    for (header, value) in PAGE_HEADERS {
        headers.insert(header, HeaderValue::from_static(value));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if has_current(request, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(name)),
    );
    let (encoding, content) = encoded(name, plain, request);
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = match content.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes),
    };
    response
}

/// The smallest form the client understands.
fn encoded(
    name: &str,
    plain: EmbeddedFile,
    request: &HeaderMap,
) -> (Option<&'static str>, EmbeddedFile) {
    for (encoding, extension) in [("br", "br"), ("gzip", "gz")] {
        if accepts(request, encoding)
            && let Some(file) = Files::get(&format!("{name}.{extension}"))
        {
            return (Some(encoding), file);
        }
    }
    (None, plain)
}

/// Whether `Accept-Encoding` names an encoding, with a weight above zero.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let mut offers = request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    offers.any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .unwrap_or("1");
        named && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

/// Weak, since the same file goes out in several encodings.
fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    format!("W/\"{}\"", hex::encode(&hash[..16]))
}

fn has_current(request: &HeaderMap, etag: &str) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == etag)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str, headers: &[(HeaderName, &str)]) -> Response<Body> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        serve(Method::GET, path.parse().unwrap(), headers).await
    }

    fn hashed() -> String {
        let name = Files::iter()
            .find(|name| name.ends_with(".wasm"))
            .expect("a console was built");
        format!("/{name}")
    }

    #[tokio::test]
    async fn a_page_may_look_like_a_file() {
        for path in ["/", "/repository/acme/a/b/tag/1.0", "/repository/x.js"] {
            let answer = get(path, &[]).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(
                answer.headers()[header::CONTENT_TYPE],
                "text/html; charset=utf-8"
            );
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-cache");
            assert!(
                answer
                    .headers()
                    .contains_key(header::CONTENT_SECURITY_POLICY)
            );
        }
    }

    #[tokio::test]
    async fn no_page_runs_a_script_that_is_not_a_file_of_ours() {
        let page = get("/", &[]).await;
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        for wanted in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "base-uri 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(
                policy.split(';').any(|part| part.trim() == wanted),
                "{policy}"
            );
        }
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"));
        let bytes = |answer: Response<Body>| axum::body::to_bytes(answer.into_body(), 1 << 20);
        let same = bytes(page).await.unwrap();
        let html = String::from_utf8(same.to_vec()).unwrap();
        for script in html.split("<script").skip(1) {
            let (attributes, inside) = script.split_once('>').unwrap();
            assert!(
                attributes.contains("src=") && inside.starts_with("</script>"),
                "{html}"
            );
        }
        // Whatever a path says, the page is the same.
        for path in ["/%3Cscript%3E", "//evil.test", "/sign-in?next=%3Cscript%3E"] {
            let other = get(path, &[]).await;
            assert!(!other.headers().contains_key(header::LOCATION));
            assert_eq!(bytes(other).await.unwrap(), same, "{path}");
        }
    }

    #[tokio::test]
    async fn what_machines_ask_for_is_never_a_page() {
        for path in [
            "/.well-known/nothing",
            "/api/v1/nothing",
            "/v2/x",
            "/v1/_ping",
            "/assets/none.js",
        ] {
            assert_eq!(
                get(path, &[]).await.status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn hashed_files_are_compressed_and_kept_for_ever() {
        let accept = header::ACCEPT_ENCODING;
        let answer = get(&hashed(), &[(accept.clone(), "gzip, br;q=0.9")]).await;
        assert_eq!(answer.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/wasm");
        let caching = answer.headers()[header::CACHE_CONTROL].to_str().unwrap();
        assert!(caching.contains("immutable"));
        let answer = get(&hashed(), &[(accept, "gzip, br;q=0")]).await;
        assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
        let sibling = format!("{}.br", hashed());
        assert_eq!(get(&sibling, &[]).await.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn an_unchanged_page_is_not_sent_again() {
        let etag = get("/", &[]).await.headers()[header::ETAG].clone();
        let answer = get("/", &[(header::IF_NONE_MATCH, etag.to_str().unwrap())]).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
    }
}
