//! Health and measurements over real services.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use berth_http::metrics::Exporter;
use berth_http::observe::{self, RouteName};
use berth_http::origin::TrustedProxies;
use berth_http::{console, health};
use berth_testkit::{Backend, TestRegistry};
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn ask(router: &Router, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
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
        health::router(t.services.clone(), move || draining.load(Ordering::SeqCst))
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
