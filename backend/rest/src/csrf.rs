//! `GET /csrf_token`, at the root.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use berth_http::cookies::{self, Cookies};
use serde_json::json;
use uuid::Uuid;

use crate::App;
use crate::answer::json_text;

/// The token that a browser's changes must carry, and the cookie that goes with it. That of a session where
/// there is one; else one that stands for nothing yet and makes way for the session's at the sign-in.
pub(crate) fn give(app: &App, uri: &Uri, headers: &HeaderMap) -> (String, Option<HeaderValue>) {
    let token = match cookies::read(headers, cookies::SESSION) {
        Some(session) => app.services.authn.csrf_token(session),
        None => format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
    };
    let life_s = app.services.settings().users.session_life.as_secs();
    let cookies = Cookies::for_scheme(&app.address(uri, headers).scheme);
    let cookie = cookies.csrf(&token, life_s);
    (token, cookie)
}

/// Tells it.
pub(crate) async fn token(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let (token, cookie) = give(&app, &uri, &headers);
    let mut response = json_text(StatusCode::OK, &json!({ "csrf_token": token }).to_string());
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
