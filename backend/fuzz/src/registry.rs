//! Requests to a whole registry in memory, which must neither panic nor answer with a fault of its own.

use std::borrow::Cow;
use std::cell::RefCell;

use async_graphql::{Request as Operation, Variables};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use berth_domain::{Digest, Reference};
use berth_graphql::{RequestContext, Schema, schema};
use berth_http::address::Addresses;
use berth_services::Actor;
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, images, path_of};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// What an input writes for a token that is good for everything in the repository `ann/app`, and for the catalog.
const TOKEN: &str = "@TOKEN@";
/// What an input writes for an upload to `ann/app` that it finds open.
const UPLOAD: &str = "@UPLOAD@";
/// What an input writes for the digest of the manifest that is there.
const MANIFEST: &str = "@MANIFEST@";
/// What an input writes for the digest of its layer.
const LAYER: &str = "@LAYER@";
/// A registry lives for so many inputs, so that what they store does not pile up.
const INPUTS_MAX: u32 = 20_000;

/// A registry with images, and who owns them.
pub struct World {
    runtime: Runtime,
    registry: TestRegistry,
    router: Router,
    schema: Schema,
    owner: Actor,
    token: String,
    image: TestImage,
}

thread_local! {
    /// The registry of this thread, and how many inputs it has seen.
    static WORLD: RefCell<Option<(World, u32)>> = const { RefCell::new(None) };
}

/// Runs with the registry of this thread; after a panic the next input gets a new one.
fn with_world(act: impl FnOnce(&World)) {
    WORLD.with_borrow_mut(|slot| {
        let (world, inputs) = match slot.take() {
            Some((world, INPUTS_MAX..)) => {
                world.close();
                (World::embedded(), 0)
            }
            Some(present) => present,
            None => (World::embedded(), 0),
        };
        act(&world);
        *slot = Some((world, inputs + 1));
    });
}

/// Requests to `/v2` and `/api/v1`: see [`World::http`].
pub fn http(bytes: &[u8]) {
    with_world(|world| world.http(bytes));
}

/// GraphQL documents: see [`World::graphql`].
pub fn graphql(bytes: &[u8]) {
    with_world(|world| world.graphql(bytes));
}

/// Places in lists: see [`World::paging`].
pub fn paging(bytes: &[u8]) {
    with_world(|world| world.paging(bytes));
}

impl World {
    fn embedded() -> Self {
        Self::open(Backend::Sqlite).expect("SQLite is always there")
    }

    /// A registry on a database; none where it needs a server that nobody named.
    pub fn open(backend: Backend) -> Option<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let registry = runtime.block_on(TestRegistry::on(backend))?;
        let image = TestImage::new(1);
        let owner = runtime.block_on(furnish(&registry, &image));
        let services = registry.services.clone();
        let addresses = Addresses::new(&services.settings().registry);
        let router = berth_distribution::router(services.clone(), addresses.clone())
            .merge(berth_rest::router(services, addresses));
        let mut world = Self {
            runtime,
            registry,
            router,
            schema: schema(),
            owner,
            token: String::new(),
            image,
        };
        for mutation in [
            "createOrganization(input: { name: \"acme\" }) { organization { id } }",
            "createOrganization(input: { name: \"umbrella\" }) { organization { id } }",
            "createRobot(input: { namespace: \"ann\", shortName: \"cd\" }) { robot { id } }",
            "createRobot(input: { namespace: \"ann\", shortName: \"ci\" }) { robot { id } }",
        ] {
            let answer = world.ask(
                &world.owner,
                &format!("mutation {{ {mutation} }}"),
                json!({}),
            );
            assert_eq!(answer.get("errors"), None, "{mutation}");
        }
        world.token = world.log_in();
        Some(world)
    }

    /// Removes what it has stored.
    pub fn close(self) {
        let Self {
            runtime,
            registry,
            router,
            ..
        } = self;
        drop(router);
        runtime.block_on(registry.close());
    }

    fn log_in(&self) -> String {
        let form = format!(
            "POST /v2/auth\nhost: reg.test\ncontent-type: application/x-www-form-urlencoded\n\n\
             grant_type=password&service=reg.test&client_id=x&username=ann&password={PASSWORD}\
             &scope=repository:ann/app:pull,push&scope=registry:catalog:*"
        );
        let answer = self.send(request(&form).expect("a request"));
        let granted: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let token = granted["token"].as_str();
        token
            .unwrap_or_else(|| panic!("no token: {answer:?}"))
            .to_owned()
    }

    /// Requests to `/v2` and `/api/v1`: paths, queries, ranges, credentials, scopes, uploads, manifests. No answer is a
    /// fault, a 401 says how to log in, and a refusal below `/v2` says what it refuses.
    pub fn http(&self, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let text = self.fill(text);
        let Some(request) = request(&text) else {
            return;
        };
        let path = request.uri().path();
        let is_told =
            (path == "/v2" || path.starts_with("/v2/")) && request.method() != Method::HEAD;
        let answer = self.send(request);
        let (status, headers) = (answer.status(), answer.headers());
        let is_fault = match status {
            StatusCode::NOT_IMPLEMENTED => false,
            StatusCode::SERVICE_UNAVAILABLE => !headers.contains_key(header::RETRY_AFTER),
            other => other.is_server_error(),
        };
        assert!(!is_fault, "a fault of the registry: {answer:?}\n{text}");
        assert!(
            status != StatusCode::UNAUTHORIZED || headers.contains_key(header::WWW_AUTHENTICATE),
            "a 401 without a challenge: {answer:?}\n{text}"
        );
        if status.is_client_error() && is_told {
            assert!(tells_why(&answer), "an unclear refusal: {answer:?}\n{text}");
        }
    }

    /// GraphQL documents, asked by nobody and by a user. No error is a fault, and each says what it refuses.
    pub fn graphql(&self, bytes: &[u8]) {
        let Ok(document) = std::str::from_utf8(bytes) else {
            return;
        };
        for actor in [&self.registry.anonymous(), &self.owner] {
            let answer = self.ask(actor, document, json!({}));
            for error in answer["errors"].as_array().into_iter().flatten() {
                let code = error["extensions"]["code"].as_str();
                assert!(
                    code.is_some_and(|code| !matches!(code, "INTERNAL" | "UNAVAILABLE")),
                    "a fault of the registry: {answer}\n{document}"
                );
                assert_ne!(error["message"], "", "{document}");
            }
        }
    }

    /// Asks as the owner of what is there.
    pub(crate) fn ask_as_owner(&self, document: &str, variables: Value) -> Value {
        self.ask(&self.owner, document, variables)
    }

    fn ask(&self, actor: &Actor, document: &str, variables: Value) -> Value {
        let services = self.registry.services.clone();
        let context = RequestContext::new(services, actor.clone(), Some("reg.test".into()));
        let operation = Operation::new(document)
            .variables(Variables::from_json(variables))
            .data(context);
        let answer = self.runtime.block_on(self.schema.execute(operation));
        serde_json::to_value(&answer).expect("an answer is JSON")
    }

    /// Reads a path below `/v2` with a token.
    pub(crate) fn get(&self, target: &str) -> Response<Bytes> {
        let text = format!("GET {target}\nhost: reg.test\nauthorization: Bearer {TOKEN}");
        let request = request(&self.fill(&text));
        self.send(request.unwrap_or_else(|| panic!("`{target}` is no address")))
    }

    /// Writes what is another one in each registry where an input names it.
    fn fill<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !text.contains('@') {
            return text.into();
        }
        let mut text = text
            .replace(TOKEN, &self.token)
            .replace(MANIFEST, self.image.digest().as_str())
            .replace(LAYER, Digest::of(&self.image.layer).as_str());
        if text.contains(UPLOAD) {
            text = text.replace(UPLOAD, &self.open_upload());
        }
        text.into()
    }

    fn open_upload(&self) -> String {
        let text = format!(
            "POST /v2/ann/app/blobs/uploads/\nhost: reg.test\nauthorization: Bearer {}",
            self.token
        );
        let answer = self.send(request(&text).expect("a request"));
        let id = answer.headers().get("docker-upload-uuid");
        let id = id.unwrap_or_else(|| panic!("no upload: {answer:?}"));
        id.to_str().expect("an id").to_owned()
    }

    fn send(&self, request: Request<Body>) -> Response<Bytes> {
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let answer = router.oneshot(request).await.expect("it cannot fail");
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.expect("a body comes whole");
            Response::from_parts(parts, body.to_bytes())
        })
    }
}

/// Repositories with tags, manifests about one of them, and their owner.
async fn furnish(registry: &TestRegistry, image: &TestImage) -> Actor {
    let owner = registry.user("ann").await;
    for target in [
        "app:1",
        "app:1.0",
        "app:Latest",
        "app:_a",
        "app:b-2",
        "app2:1",
        "b/c:1",
    ] {
        registry.push(&owner, &format!("ann/{target}"), image).await;
    }
    let empty = Bytes::from_static(b"{}");
    registry.push_blob(&owner, "ann/app", &empty).await;
    for kind in ["application/spdx+json", "a/signature", "b/x"] {
        let manifest = images::artifact(&image.manifest, kind);
        let reference = Reference::Digest(Digest::of(&manifest));
        let manifests = &registry.services.manifests;
        manifests
            .push(&owner, &path_of("ann/app"), &reference, None, manifest)
            .await
            .expect("a referrer");
    }
    owner
}

/// Reads a line with method and target, lines with headers, an empty line, a body.
fn request(text: &str) -> Option<Request<Body>> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = Request::new(Body::from(body.to_owned()));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = target.parse::<Uri>().ok()?;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        request.headers_mut().try_append(name, value).ok()?;
    }
    Some(request)
}

/// A code and a message, as the distribution-spec wants them.
pub(crate) fn tells_why(answer: &Response<Bytes>) -> bool {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let error = &body["errors"][0];
    [&error["code"], &error["message"]]
        .into_iter()
        .all(|text| text.as_str().is_some_and(|text| !text.is_empty()))
}
