//! What a page on another site can make a visitor's browser send.

use berth_testkit::{Backend, PASSWORD};
use serde_json::json;

use super::{Browser, JSON, Site, sign_in};
use crate::server::{Answer, Server, berth};

const EVIL: (&str, &str) = ("Origin", "https://evil.test");
const SIGN_OUT: &str = "mutation { signOut { success } }";

/// No page of another site may read it or send more.
fn is_not_shared(answer: &Answer) {
    for name in [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-allow-credentials",
    ] {
        assert!(answer.headers(name).is_empty(), "{answer:?}");
    }
}

/// No page of another site may read it as who its visitor is.
fn is_not_shared_with_cookies(answer: &Answer) {
    assert_eq!(answer.headers("access-control-allow-origin"), ["*"]);
    let cookies = answer.headers("access-control-allow-credentials");
    assert!(cookies.is_empty(), "{answer:?}");
    let headers = answer.headers("access-control-allow-headers").concat();
    assert!(!headers.to_lowercase().contains("csrf"), "{answer:?}");
}

#[test]
fn no_form_of_another_site_does_anything() {
    let keys = [("FEATURE_USER_INITIALIZE", "true")];
    let site = Site::on(Backend::Sqlite, &[], &keys).unwrap();
    let set_up = json!({ "username": "mallory", "password": PASSWORD, "access_token": true });
    let set_up = set_up.to_string();
    let types = [
        "text/plain",
        "text/plain; charset=application/json",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "",
    ];
    for media_type in types {
        let headers = [EVIL, ("Content-Type", media_type)];
        let answer = site
            .server
            .ask("POST", "/api/v1/user/initialize", &headers, &set_up);
        assert_eq!(answer.status, 415, "{media_type}: {answer:?}");
        is_not_shared(&answer);
    }
    let needs = site.post(&[], "{ registry { needsSetup } }").json();
    assert_eq!(needs["data"]["registry"]["needsSetup"], true);

    let site = Site::new();
    let ann = Browser::of(&site, "ann");
    for media_type in types {
        for query in [SIGN_OUT, &sign_in("bob", PASSWORD)] {
            let body = json!({ "query": query }).to_string();
            let headers = [EVIL, ("Content-Type", media_type), ("Cookie", &ann.cookie)];
            let answer = site.server.ask("POST", "/graphql", &headers, &body);
            assert_eq!(answer.status, 415, "{media_type}: {answer:?}");
            assert!(answer.headers("set-cookie").is_empty(), "{answer:?}");
            is_not_shared(&answer);
        }
    }
    assert_eq!(ann.viewer(), "ann");
}

#[test]
fn no_verb_takes_a_cookie_for_a_consent() {
    let keys = [("FEATURE_USER_INITIALIZE", "true")];
    let site = Site::on(Backend::Sqlite, &["ann", "bob"], &keys).unwrap();
    let (ann, bob) = (Browser::of(&site, "ann"), Browser::of(&site, "bob"));
    let loose = site.server.ask("GET", "/csrf_token", &[], "").json();
    let loose = loose["csrf_token"].as_str().unwrap().to_owned();
    let body = json!({ "query": SIGN_OUT }).to_string();
    for csrf in ["", "guessed", &bob.csrf, &loose, &ann.csrf[1..]] {
        let headers = [EVIL, JSON, ("Cookie", &*ann.cookie), ("X-CSRF-Token", csrf)];
        for headers in [&headers[..], &headers[..3]] {
            let answer = site.server.ask("POST", "/graphql", headers, &body);
            assert_eq!(answer.status, 403, "{answer:?}");
            assert_eq!(answer.json()["errors"][0]["extensions"]["reason"], "CSRF");
            is_not_shared(&answer);
        }
    }
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LINK",
    ];
    for method in methods {
        for path in [
            "/graphql",
            "/csrf_token",
            "/api/v1",
            "/api/v1/",
            "/api/v1/user/",
            "/api/v1/user/initialize",
            "/api/v1/repository",
            "/api/v1/organization/acme",
            "/v2/",
            "/v2/ann/app/blobs/uploads/",
        ] {
            let headers = [
                EVIL,
                JSON,
                ("Cookie", &*ann.cookie),
                ("Access-Control-Request-Method", method),
                (
                    "Access-Control-Request-Headers",
                    "x-csrf-token, content-type",
                ),
            ];
            let answer = site.server.ask(method, path, &headers, &body);
            let is_rest = path.starts_with("/api/v1") && path != "/api/v1/user/initialize";
            if is_rest {
                is_not_shared_with_cookies(&answer);
            } else {
                is_not_shared(&answer);
            }
            let is_told = method == "GET" || method == "HEAD";
            let is_token = is_told && path == "/csrf_token";
            let is_read = path.starts_with("/api/v1") && (is_told || method == "OPTIONS");
            assert!(
                is_token || is_read || answer.status >= 400,
                "{method} {path}: {answer:?}"
            );
            // What is not read across sites may be set again: it is the session's own token.
            assert!(is_token || answer.headers("set-cookie").is_empty());
        }
    }
    assert_eq!(ann.viewer(), "ann");
}

#[test]
fn nothing_changes_by_get() {
    let site = Site::new();
    let ann = Browser::of(&site, "ann");
    let operation = "mutation%7BsignOut%7Bsuccess%7D%7D";
    let named = "mutation%20m%7BsignOut%7Bsuccess%7D%7Dquery%20q%7B__typename%7D";
    for query in [
        format!("query={operation}"),
        format!("query={operation}&operationName="),
        format!("query={operation}&operationName=q"),
        format!("query={named}&operationName=m"),
        format!("query={named}"),
        format!("query={operation}&variables=%7B%7D"),
        format!("query=%7B__typename%7D&query={operation}"),
        format!("query={operation}&query=%7B__typename%7D"),
        format!("query={operation}&extensions=%7B%7D&method=POST&_method=POST"),
    ] {
        for method in ["GET", "HEAD"] {
            for verb in ["POST", "GET"] {
                let headers = [
                    ("Cookie", &*ann.cookie),
                    ("X-CSRF-Token", &*ann.csrf),
                    ("X-HTTP-Method-Override", verb),
                ];
                let path = format!("/graphql?{query}");
                let answer = site.server.ask(method, &path, &headers, "");
                assert!(answer.headers("set-cookie").is_empty(), "{answer:?}");
                assert!(!answer.body.contains("success"), "{query}: {answer:?}");
            }
        }
    }
    assert_eq!(ann.viewer(), "ann");
}

#[test]
fn a_sign_in_begins_a_session_that_nobody_knew_before() {
    let site = Site::new();
    let value = |cookies: &str| {
        let pair = cookies.split("; ").next().unwrap_or_default();
        pair.strip_prefix("berth_session=").map(str::to_owned)
    };
    let chosen = "berth_session=chosen-by-somebody-else; berth_csrf=chosen-too";
    let answer = site.post(
        &[("Cookie", chosen), ("X-CSRF-Token", "chosen-too")],
        &sign_in("ann", PASSWORD),
    );
    let ann = Browser::after(&site, &answer);
    assert!(ann.viewer() == "ann" && value(&ann.cookie) != value(chosen));
    let before = [("Cookie", chosen), ("X-CSRF-Token", "chosen-too")];
    let stale = site.post(&before, "{ viewer { user { name } } }").json();
    assert!(stale["data"]["viewer"].is_null(), "{stale}");

    // In a browser that somebody else has signed in before.
    let bob = Browser::of(&site, "bob");
    let answer = site.post(&bob.headers(), &sign_in("ann", PASSWORD));
    let after = Browser::after(&site, &answer);
    assert_ne!(value(&after.cookie), value(&bob.cookie));
    assert_eq!((after.viewer(), bob.viewer()), ("ann".into(), "bob".into()));
    // The token of one session is not good for the other.
    let mixed = [("Cookie", &*after.cookie), ("X-CSRF-Token", &*bob.csrf)];
    assert_eq!(site.post(&mixed, SIGN_OUT).status, 403);
}

/// All cookies that a sign-in, a token and a sign-out set.
fn cookies(site: &Site, proxy: &[(&str, &str)]) -> Vec<String> {
    let signed_in = site.post(proxy, &sign_in("ann", PASSWORD));
    let ann = Browser::after(site, &signed_in);
    let cookie = [("Cookie", &*ann.cookie)];
    let headers = [proxy, &cookie[..]].concat();
    let token = site.server.ask("GET", "/csrf_token", &headers, "");
    let headers = [proxy, &ann.headers()[..]].concat();
    let signed_out = site.post(&headers, SIGN_OUT);
    let lines = [signed_in, token, signed_out]
        .iter()
        .flat_map(|answer| answer.headers("set-cookie"))
        .map(str::to_owned)
        .collect::<Vec<_>>();
    assert_eq!(lines.len(), 5, "{lines:?}");
    lines
}

#[test]
fn cookies_stay_here_and_travel_by_tls_where_there_is_tls() {
    let by_tls = [("X-Forwarded-Proto", "https")];
    let has = |line: &str, attribute: &str| line.split("; ").any(|part| part == attribute);
    for (keys, proxy, is_secure) in [
        (&[] as &[(&str, &str)], &[] as &[(&str, &str)], false),
        // Nobody may say so but a proxy that is trusted.
        (&[], &by_tls, false),
        (&[("TRUSTED_PROXIES", "[127.0.0.1]")], &by_tls, true),
        (
            &[
                ("PREFERRED_URL_SCHEME", "https"),
                ("EXTERNAL_TLS_TERMINATION", "true"),
            ],
            &[],
            true,
        ),
    ] {
        let site = Site::with(keys);
        for line in cookies(&site, proxy) {
            assert!(has(&line, "SameSite=Lax") && has(&line, "Path=/"), "{line}");
            assert!(!line.to_ascii_lowercase().contains("domain="), "{line}");
            assert_eq!(has(&line, "Secure"), is_secure, "{keys:?}: {line}");
            let is_session = line.starts_with("berth_session=");
            assert_eq!(has(&line, "HttpOnly"), is_session, "{line}");
        }
    }
}

#[test]
fn a_socket_is_opened_by_our_own_pages_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut berth(folder.path()));
    let open = |origin: &str, more: &[(&str, &str)]| {
        let upgrade = [
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Protocol", "graphql-transport-ws"),
            ("Origin", origin),
        ];
        let headers = [&upgrade[..], more].concat();
        let answer = server.ask("GET", "/graphql", &headers, "");
        assert!(answer.status >= 400, "{answer:?}");
        answer.status
    };
    let own = server.address;
    for origin in [
        "https://evil.test".to_owned(),
        "null".to_owned(),
        String::new(),
        own.to_string(),
        format!("http://{own}.evil.test"),
        format!("http://evil.test/{own}"),
        format!("http://{own}@evil.test"),
        format!("http://evil.test#{own}"),
        format!("http://{own}/"),
        "http://127.0.0.1".to_owned(),
        "http://127.0.0.1:1".to_owned(),
    ] {
        assert_eq!(open(&origin, &[]), 403, "{origin}");
    }
    let forwarded = [("X-Forwarded-Host", "evil.test")];
    assert_eq!(open("https://evil.test", &forwarded), 403);
    // Past this check the test is no real client: it asks to close the connection.
    assert_ne!(open(&format!("http://{own}"), &[]), 403);
}
