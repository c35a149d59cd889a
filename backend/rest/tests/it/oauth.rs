//! OAuth applications by the API, and OAuth on the web.

mod abuse;
mod api;
mod web;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::api::{Answer, Api, Who};

/// Where the browsers of these tests reach the registry.
const OWN: &str = "http://localhost";
/// Where they are sent back to.
const CALLBACK: &str = "https://app.test/cb";

/// An application of a new organization, as its administrator sees it.
async fn application(api: &Api, owner: &Who, organization: &str) -> Value {
    let new = json!({ "name": organization });
    let made = api.post(owner, "/organization/", &new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let new = json!({ "name": "viewer", "redirect_uri": CALLBACK });
    let path = format!("/organization/{organization}/applications");
    let made = api.post(owner, &path, &new).await;
    assert_eq!(made.status, 200, "{}", made.text);
    made.json()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).unwrap()
}

/// Sends a form, or with GET and HEAD a query, to a page of OAuth.
async fn send(
    api: &Api,
    who: &Who,
    (method, path): (&str, &str),
    pairs: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Answer {
    let text = encoded(pairs);
    let (uri, body) = match method {
        "GET" | "HEAD" => (format!("{path}?{text}"), Body::empty()),
        _ => (path.to_owned(), Body::from(text)),
    };
    let mut request = Request::builder().method(method).uri(uri);
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    match who {
        Who::Nobody => {}
        Who::Visitor => request = request.header(header::COOKIE, "berth_csrf=shown"),
        Who::Token(token) => {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        Who::Browser { session, csrf } => {
            let cookies = format!("berth_session={session}; berth_csrf={csrf}");
            request = request.header(header::COOKIE, cookies);
        }
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request.body(body).unwrap()).await
}

/// The CSRF token of a signed-in browser.
fn csrf(who: &Who) -> &str {
    match who {
        Who::Browser { csrf, .. } => csrf,
        _ => "shown",
    }
}

/// A parameter of where an answer sends the browser.
fn parameter(answer: &Answer, name: &str) -> String {
    let location = answer.header("location");
    let found = location.split(['?', '&', '#']).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.to_owned())
    });
    found.unwrap_or_else(|| panic!("no `{name}` in {location:?}: {}", answer.text))
}

/// Status and error of a refusal.
fn refused(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    (
        answer.status,
        body["error"].as_str().unwrap_or_default().to_owned(),
    )
}
