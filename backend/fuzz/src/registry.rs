//! Requests to a whole registry in memory, which must neither panic nor answer with a fault of its own.

use std::cell::RefCell;

use async_graphql::Request as Operation;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use berth_graphql::{RequestContext, schema};
use berth_http::address::Addresses;
use berth_services::Actor;
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// What the bytes write for a token that is good for everything in the repository `ann/app`.
const TOKEN: &str = "@TOKEN@";
/// A registry lives for so many inputs, so that what they store does not pile up.
const INPUTS_MAX: u32 = 20_000;

/// A registry with an image and who owns it.
struct World {
    runtime: Runtime,
    registry: TestRegistry,
    router: Router,
    owner: Actor,
    token: String,
    inputs: u32,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (registry, owner) = runtime.block_on(async {
            let registry = TestRegistry::on(Backend::Sqlite).await.expect("SQLite");
            let owner = registry.user("ann").await;
            registry.push(&owner, "ann/app:1", &TestImage::new(1)).await;
            (registry, owner)
        });
        let services = registry.services.clone();
        let addresses = Addresses::new(&services.settings().registry);
        let router = berth_distribution::router(services.clone(), addresses.clone())
            .merge(berth_rest::router(services, addresses));
        let mut world = Self {
            runtime,
            registry,
            router,
            owner,
            token: String::new(),
            inputs: 0,
        };
        let form = format!(
            "POST /v2/auth\nhost: reg.test\ncontent-type: application/x-www-form-urlencoded\n\n\
             grant_type=password&service=reg.test&client_id=x&username=ann&password={PASSWORD}\
             &scope=repository:ann/app:pull,push"
        );
        let (status, body) = world.send(&form).expect("a request");
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let token = answer["access_token"].as_str().or(answer["token"].as_str());
        token
            .unwrap_or_else(|| panic!("no token: {status} {answer}"))
            .clone_into(&mut world.token);
        world
    }

    /// Sends what a text says: a line with method and target, lines with headers, an empty line, a body.
    fn send(&mut self, text: &str) -> Option<(u16, Vec<u8>)> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let (method, target) = lines.next()?.split_once(' ')?;
        let mut request = Request::new(Body::from(body.to_owned()));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        *request.uri_mut() = target.parse::<Uri>().ok()?;
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            let value = value.replace(TOKEN, &self.token);
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            request.headers_mut().append(name, value);
        }
        let router = self.router.clone();
        Some(self.runtime.block_on(async move {
            let answer = router.oneshot(request).await.expect("it cannot fail");
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await;
            let body = body.map(|body| body.to_bytes().to_vec());
            (status, body.unwrap_or_default())
        }))
    }
}

/// Runs with the registry of this thread.
fn with_world(act: impl FnOnce(&mut World)) {
    WORLD.with_borrow_mut(|slot| {
        let mut world = slot
            .take()
            .filter(|world| world.inputs < INPUTS_MAX)
            .unwrap_or_else(World::new);
        world.inputs += 1;
        act(&mut world);
        *slot = Some(world);
    });
}

/// Requests to `/v2` and `/api/v1`: paths, queries, ranges, credentials, scopes, uploads, manifests.
pub fn http(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    with_world(|world| {
        if let Some((status, body)) = world.send(text) {
            let body = String::from_utf8_lossy(&body);
            assert!(status != 500, "a fault of the registry: {body}\n{text}");
        }
    });
}

/// GraphQL documents, asked by nobody and by a user.
pub fn graphql(bytes: &[u8]) {
    let Ok(document) = std::str::from_utf8(bytes) else {
        return;
    };
    with_world(|world| {
        for actor in [world.registry.anonymous(), world.owner.clone()] {
            let services = world.registry.services.clone();
            let context = RequestContext::new(services, actor, Some("reg.test".into()));
            let operation = Operation::new(document).data(context);
            let answer = world.runtime.block_on(schema().execute(operation));
            let answer = serde_json::to_string(&answer).expect("an answer is JSON");
            assert!(
                !answer.contains("\"code\":\"INTERNAL\""),
                "a fault of the registry: {answer}\n{document}"
            );
        }
    });
}
