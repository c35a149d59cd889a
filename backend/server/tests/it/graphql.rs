//! `/graphql` as GraphQL over HTTP specifies it, and who may use a session.

use serde_json::{Value, json};

use crate::server::{Answer, Server, berth};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const GRAPHQL: &str = "application/graphql-response+json";

fn server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&mut berth(folder.path()));
    (folder, server)
}

fn post(server: &Server, headers: &[(&str, &str)], query: &str, variables: &Value) -> Answer {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let headers: Vec<_> = headers.iter().copied().chain([JSON]).collect();
    server.ask("POST", "/graphql", &headers, &body)
}

#[test]
fn the_media_type_follows_the_accept_header() {
    let (_folder, server) = server();
    for (accept, status, content_type) in [
        (None, 200, "application/json; charset=utf-8"),
        (Some("*/*"), 200, "application/json; charset=utf-8"),
        (
            Some(GRAPHQL),
            200,
            "application/graphql-response+json; charset=utf-8",
        ),
        (
            Some("text/html"),
            406,
            "application/graphql-response+json; charset=utf-8",
        ),
    ] {
        let headers: Vec<_> = accept.iter().map(|accept| ("Accept", *accept)).collect();
        let answer = post(&server, &headers, "{ __typename }", &Value::Null);
        assert_eq!(answer.status, status, "{accept:?}: {answer:?}");
        assert_eq!(answer.headers("content-type"), [content_type]);
    }
    let wrong = post(&server, &[("Accept", GRAPHQL)], "{ nothing }", &Value::Null);
    assert_eq!(wrong.status, 400, "{wrong:?}");
    assert_eq!(
        wrong.json()["errors"][0]["extensions"]["code"],
        "INVALID_INPUT"
    );
    assert_eq!(post(&server, &[], "{ nothing }", &Value::Null).status, 200);
}

#[test]
fn get_takes_queries_and_no_mutations() {
    let (_folder, server) = server();
    let answer = server.ask("GET", "/graphql?query=%7B__typename%7D", &[], "");
    assert_eq!(answer.json()["data"]["__typename"], "Query");
    let answer = server.ask(
        "GET",
        "/graphql?query=mutation%7BsignOut%7B__typename%7D%7D",
        &[],
        "",
    );
    assert_eq!(answer.status, 405, "{answer:?}");
    assert_eq!(answer.headers("allow"), ["POST"]);
}

#[test]
fn what_is_no_request_is_refused() {
    let (_folder, server) = server();
    let ask =
        |headers: &[(&str, &str)], body: &str| server.ask("POST", "/graphql", headers, body).status;
    assert_eq!(
        ask(
            &[("Content-Type", "text/plain")],
            r#"{"query":"{__typename}"}"#
        ),
        415
    );
    assert_eq!(ask(&[JSON], "{"), 400);
    assert_eq!(ask(&[JSON], r#"[{"query":"{__typename}"}]"#), 400);
    assert_eq!(
        ask(&[JSON], &format!("\"{}\"", "x".repeat(1024 * 1024))),
        413
    );
    assert_eq!(
        ask(
            &[JSON, ("Authorization", "Bearer none")],
            r#"{"query":"{__typename}"}"#
        ),
        401
    );
    assert_eq!(
        ask(
            &[JSON, ("Authorization", "Basic eDp5")],
            r#"{"query":"{__typename}"}"#
        ),
        401
    );
}

#[test]
fn a_session_needs_its_csrf_token() {
    let (_folder, server) = server();
    let input = json!({ "input": { "username": "ann", "password": "correct-horse-battery" } });
    let set_up = "mutation($input: InitializeRegistryInput!) { initializeRegistry(input: $input) { viewer { user { name } } } }";
    let answer = post(&server, &[], set_up, &input);
    assert!(answer.json().get("errors").is_none(), "{answer:?}");
    let cookies: Vec<_> = answer
        .headers("set-cookie")
        .into_iter()
        .filter_map(|line| line.split(';').next())
        .collect();
    let cookie = cookies.join("; ");
    let csrf = cookies
        .iter()
        .find_map(|pair| pair.strip_prefix("berth_csrf="))
        .expect("a token");

    let who = "{ viewer { user { name } } }";
    let signed_in = [("Cookie", cookie.as_str()), ("X-CSRF-Token", csrf)];
    let answer = post(&server, &signed_in, who, &Value::Null);
    assert_eq!(answer.json()["data"]["viewer"]["user"]["name"], "ann");
    for headers in [
        &signed_in[..1],
        &[signed_in[0], ("X-CSRF-Token", "guessed")],
    ] {
        let answer = post(&server, headers, who, &Value::Null);
        assert_eq!(answer.status, 403, "{answer:?}");
    }

    let out = post(
        &server,
        &signed_in,
        "mutation { signOut { __typename } }",
        &Value::Null,
    );
    assert!(
        out.headers("set-cookie")
            .iter()
            .all(|line| line.contains("Max-Age=0")),
        "{out:?}"
    );
    let answer = post(&server, &signed_in, who, &Value::Null);
    assert_eq!(answer.json()["data"]["viewer"], Value::Null);
}

#[test]
fn a_page_of_another_host_cannot_open_a_socket() {
    let (_folder, server) = server();
    let upgrade = [
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Protocol", "graphql-transport-ws"),
        ("Origin", "http://evil.example"),
    ];
    assert_eq!(server.ask("GET", "/graphql", &upgrade, "").status, 403);
}
