//! Health and measurements over real services.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, Uri};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use berth_domain::Secret;
use berth_http::address::Addresses;
use berth_http::metrics::Exporter;
use berth_http::observe::{self, RouteName};
use berth_http::origin::TrustedProxies;
use berth_http::{console, cookies, health};
use berth_services::Origin;
use berth_services::settings::RegistrySettings;
use berth_testkit::{Backend, PASSWORD, TestRegistry, db_test};
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn ask(router: &Router, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    send(router, request).await
}

async fn send(router: &Router, request: Request<Body>) -> (u16, String) {
    let response = router.clone().oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

fn services(body: &str) -> Value {
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["data"]["services"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_process_lives_and_is_not_ready() {
    let t = TestRegistry::on(Backend::Sqlite).await.expect("a registry");
    let draining = Arc::new(AtomicBool::new(false));
    let router = {
        let draining = Arc::clone(&draining);
        let process = health::Process {
            config_provider: "file",
            is_draining: Box::new(move || draining.load(Ordering::SeqCst)),
        };
        health::router(t.services.clone(), process)
    };
    let (status, body) = ask(&router, "/health/ready").await;
    let well = json!({ "accepting": true, "database": true, "storage": true });
    assert_eq!((status, services(&body)), (200, well));
    draining.store(true, Ordering::SeqCst);
    assert_eq!(ask(&router, "/health/ready").await.0, 503);
    assert_eq!(ask(&router, "/health/live").await.0, 200);
    for path in [
        "/health",
        "/health/instance",
        "/health/endtoend",
        "/status",
        "/health/warning",
    ] {
        let (status, body) = ask(&router, path).await;
        let all = services(&body);
        let all = all.as_object().expect("services by name");
        assert!(
            status == 200 && !all.is_empty() && all.values().all(|well| well == true),
            "{path}"
        );
    }
    drop(router);
    t.close().await;
}

db_test!(
    async fn only_superusers_are_told_reasons(t: TestRegistry) {
        let authn = &t.services.authn;
        let password = Secret::from(PASSWORD);
        for (name, superuser) in [("root", true), ("ann", false)] {
            let made = authn
                .create_user(&authn.local(), name, None, &password, superuser)
                .await;
            made.expect("a new user");
        }
        let session = authn
            .sign_in("root", &password, Origin::default())
            .await
            .expect("a session");
        let cookie = format!("{}={}", cookies::SESSION, session.token.expose());
        let process = health::Process {
            config_provider: "file",
            is_draining: Box::new(|| false),
        };
        let router = health::router(t.services.clone(), process);
        let basic = |name: &str, password: &str| {
            format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
        };
        for (header, value, is_told) in [
            ("authorization", basic("root", PASSWORD), true),
            ("cookie", cookie, true),
            ("authorization", basic("ann", PASSWORD), false),
            ("authorization", basic("root", "a-wrong-password"), false),
            ("authorization", "Bearer nonsense".to_owned(), false),
            ("cookie", "berth_session=nonsense".to_owned(), false),
            ("x-nobody", String::new(), false),
        ] {
            for path in ["/health/instance", "/health/endtoend", "/health/warning"] {
                let request = Request::get(path).header(header, &value);
                let request = request.body(Body::empty()).expect("a request");
                let (status, body) = send(&router, request).await;
                let body: Value = serde_json::from_str(&body).expect("JSON");
                assert_eq!(status, 200, "{body}");
                let expanded = body["data"].get("services_expanded");
                assert_eq!(expanded.is_some(), is_told, "{path} {header}: {value}");
                if is_told {
                    let names = |part: &str| {
                        let part = body["data"][part].as_object().expect("services by name");
                        part.keys().cloned().collect::<Vec<_>>()
                    };
                    assert_eq!(names("services_expanded"), names("services"));
                    assert!(body["data"]["local_service_key_id"].is_string(), "{body}");
                }
            }
        }
    }
);

#[tokio::test]
async fn only_a_trusted_proxy_says_what_the_client_asked_for() {
    let shown = |settings: RegistrySettings| {
        let addresses = Addresses::new(&settings);
        let show =
            async move |uri: Uri, headers: HeaderMap| addresses.of(&uri, &headers).to_string();
        let proxies = TrustedProxies::parse(&["10.0.0.0/8"]).expect("a network");
        observe::around(Router::new().route("/", get(show)), proxies)
    };
    let named = RegistrySettings {
        hostname: Some("reg.example".to_owned()),
        ..RegistrySettings::default()
    };
    let unnamed = RegistrySettings::default();
    for (settings, peer, host, scheme, expected) in [
        (
            &unnamed,
            "10.1.2.3:1",
            "reg.test:8443",
            "https",
            "https://reg.test:8443",
        ),
        (
            &unnamed,
            "[::ffff:10.1.2.3]:1",
            "reg.test",
            "https",
            "https://reg.test",
        ),
        (
            &unnamed,
            "9.9.9.9:1",
            "reg.test",
            "https",
            "http://inside:8080",
        ),
        (
            &unnamed,
            "127.0.0.1:1",
            "reg.test",
            "https",
            "http://inside:8080",
        ),
        (
            &unnamed,
            "10.1.2.3:1",
            "a\"b",
            "gopher",
            "http://inside:8080",
        ),
        (
            &named,
            "10.1.2.3:1",
            "reg.test",
            "https",
            "http://reg.example",
        ),
    ] {
        let peer: SocketAddr = peer.parse().expect("an address");
        let request = Request::get("/")
            .header("host", "inside:8080")
            .header("x-forwarded-host", host)
            .header("x-forwarded-proto", scheme)
            .extension(ConnectInfo(peer))
            .body(Body::empty());
        let (_, shown) = send(&shown(settings.clone()), request.expect("a request")).await;
        assert_eq!(shown, expected, "{peer} {host} {scheme}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_measured_under_the_name_of_its_route() {
    let named = async || {
        let mut response = axum::response::Response::new(Body::empty());
        response.extensions_mut().insert(RouteName("/files/{name}"));
        response
    };
    let routes = Router::new()
        .route("/files/{*path}", get(named))
        .merge(Exporter::start().expect("the first recorder").router())
        .merge(console::router());
    let router = observe::around(routes, TrustedProxies::default());
    ask(&router, "/files/secret-name").await;
    ask(&router, "/api/v1/nothing").await;
    let (status, text) = ask(&router, "/metrics").await;
    assert_eq!(status, 200);
    for (route, code) in [("/files/{name}", 200), ("(none)", 404)] {
        let count = format!(
            "request_duration_seconds_count{{method=\"GET\",route=\"{route}\",status=\"{code}\"}} 1"
        );
        assert!(text.contains(&count), "no `{count}` in {text}");
    }
    assert!(!text.contains("secret-name"));
    assert!(Exporter::start().is_ok());
}
