//! The whole server without a socket, over a registry of the test's own, as a client of `/v2` knows it.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_domain::Digest;
use berth_server::drain::Drain;
use berth_server::router::router;
use berth_services::Actor;
use berth_services::many::Selection;
use berth_testkit::{PASSWORD, TestRegistry, path_of};
use bytes::Bytes;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The host that clients know the registry by.
pub(crate) const HOST: &str = "reg.test";

/// The server, and the token of a client.
pub(crate) struct Site {
    pub(crate) router: Router,
    pub(crate) token: String,
}

/// An answer, read to its end.
pub(crate) type Answer = (StatusCode, HeaderMap, Bytes);

impl Site {
    /// With a token of `ann` to pull from and push to one repository.
    pub(crate) async fn new(t: &TestRegistry, path: &str, drain: &Drain) -> Self {
        let router = router(&t.services, &[], "environment", drain).unwrap();
        let mut site = Self {
            router,
            token: String::new(),
        };
        let basic = BASE64_STANDARD.encode(format!("ann:{PASSWORD}"));
        let asked = format!("/v2/auth?service={HOST}&scope=repository:{path}:pull,push");
        let request = Request::get(asked).header(header::AUTHORIZATION, format!("Basic {basic}"));
        let (_, _, body) = site.ask(request, Body::empty()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        answer["token"]
            .as_str()
            .unwrap()
            .clone_into(&mut site.token);
        site
    }

    async fn ask(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let request = request.header(header::HOST, HOST).body(body).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, body)
    }

    /// A request with the token.
    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, bearer);
        self.ask(request, body.into()).await
    }

    /// What is there.
    pub(crate) async fn get(&self, path: &str) -> Bytes {
        let (status, _, body) = self.send("GET", path, "").await;
        assert_eq!(status, StatusCode::OK, "{path}: {body:?}");
        body
    }

    pub(crate) async fn push_blob(&self, path: &str, content: Bytes) {
        let digest = Digest::of(&content);
        let path = format!("/v2/{path}/blobs/uploads/?digest={digest}");
        let (status, _, body) = self.send("POST", &path, content).await;
        assert_eq!(status, StatusCode::CREATED, "{body:?}");
    }

    pub(crate) async fn push_manifest(&self, path: &str, reference: &str, manifest: Bytes) {
        let path = format!("/v2/{path}/manifests/{reference}");
        let (status, _, body) = self.send("PUT", &path, manifest).await;
        assert_eq!(status, StatusCode::CREATED, "{body:?}");
    }

    /// Where an upload that was begun goes on.
    pub(crate) async fn begin_upload(&self, path: &str) -> String {
        let path = format!("/v2/{path}/blobs/uploads/");
        let (status, headers, _) = self.send("POST", &path, "").await;
        assert_eq!(status, StatusCode::ACCEPTED);
        headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// What a query of GraphQL gives to the holder of an access token; there are no errors.
    pub(crate) async fn query(&self, access_token: &str, query: &str) -> Value {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {access_token}"));
        let body = json!({ "query": query }).to_string();
        let (_, _, body) = self.ask(request, body.into()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }
}

/// Deletes the only repository, and lets the workers go on until nothing is left.
pub(crate) async fn remove_all(t: &TestRegistry, owner: &Actor, path: &str) {
    let repositories = &t.services.repositories;
    let found = repositories.by_path(owner, &path_of(path)).await.unwrap();
    let all = [found.repository.id];
    let deleted = repositories.delete(owner, Selection::Items(&all)).await;
    deleted.unwrap();
    let workers = t.services.workers();
    workers.prepare().await.unwrap();
    for _ in 0..3 {
        t.clock.advance(Duration::from_hours(100));
        for kind in [
            "upload_sweep",
            "repository_removal",
            "collection",
            "orphan_sweep",
            "object_sweep",
        ] {
            assert!(workers.run_kind_if_due(kind).await.unwrap(), "{kind} ran");
        }
    }
    let left = t.storage.list(None, 10).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}
