//! A full registry, the requests to it, and what each sends to the database.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_domain::{Clock as _, RepositoryId};
use berth_http::address::Addresses;
use berth_services::Actor;
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, images, path_of};
use bytes::Bytes;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::database::Raw;
use crate::seed::{self, Centre};
use berth_testkit::recorder::{self, Statement};

/// The host that clients know the registry by.
const HOST: &str = "reg.test";

/// Something that was asked of the registry, and what that sent to the database.
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) statements: Vec<Statement>,
}

/// A registry full of rows, of which `ann` owns many.
pub(crate) struct Registry {
    pub(crate) t: TestRegistry,
    pub(crate) raw: Raw,
    pub(crate) ann: Actor,
    pub(crate) image: TestImage,
    /// Global id of `ann/app`.
    pub(crate) app_id: Value,
    /// Private repositories in which bob has no right.
    pub(crate) foreign: Vec<RepositoryId>,
    router: Router,
    token: String,
    asked: Vec<Asked>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    location: Option<String>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Where an upload goes on.
    pub(crate) fn location(&self) -> &str {
        self.location.as_deref().expect("a location")
    }
}

impl Registry {
    /// `None` for PostgreSQL where no server is named.
    pub(crate) async fn new(backend: Backend) -> Option<Self> {
        recorder::install();
        let t = TestRegistry::on(backend).await?;
        let ann = t.user("ann").await;
        t.user("bob").await;
        let organizations = &t.services.organizations;
        let acme = organizations
            .create(&ann, &"acme".parse().unwrap(), None)
            .await
            .unwrap();
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        let index = images::index(&[(&image, "linux", "amd64")]);
        let artifact = images::artifact(&image.manifest, "application/x-signature");
        t.push_blob(&ann, "ann/app", &Bytes::from_static(b"{}"))
            .await;
        for (reference, manifest) in [("index", &index), ("signature", &artifact)] {
            t.services
                .manifests
                .push(
                    &ann,
                    &path_of("ann/app"),
                    &reference.parse().unwrap(),
                    None,
                    manifest.clone(),
                )
                .await
                .unwrap();
        }
        // Its state is what the seed gives to other uploads.
        let open = t.services.uploads.start(&ann, &path_of("ann/app")).await;
        open.unwrap();
        let app = path_of("ann/app");
        let app = t.services.repositories.by_path(&ann, &app);
        let raw = Raw::open(&t).await;
        let centre = Centre {
            user: ann.user_id().unwrap(),
            organization: acme.id,
            repository: app.await.unwrap().repository.id,
            now: t.clock.now().0,
        };
        seed::fill(&raw, &centre).await;
        raw.forget_foreign_keys().await;
        let addresses = Addresses::new(&t.services.settings().registry);
        let router = berth_distribution::router(t.services.clone(), addresses.clone())
            .merge(berth_rest::router(t.services.clone(), addresses));
        let mut registry = Self {
            t,
            raw,
            ann,
            image,
            app_id: Value::Null,
            foreign: (0..50).map(|n| RepositoryId(103_001 + n * 10)).collect(),
            router,
            token: String::new(),
            asked: Vec::new(),
        };
        let scopes = "scope=repository:ann/app:pull,push&scope=repository:ann/new:pull,push\
                      &scope=registry:catalog:*";
        registry.token = registry.sign_in("prepare", scopes).await;
        let app = "{ repository(namespace: \"ann\", name: \"app\") { id } }";
        let app = registry.query("prepare", app, json!({})).await;
        registry.app_id = app["repository"]["id"].clone();
        registry.asked.clear();
        Some(registry)
    }

    /// Does something and remembers what it sent.
    pub(crate) async fn measure<T>(&mut self, what: &str, work: impl Future<Output = T>) -> T {
        let (done, statements) = recorder::record(work).await;
        self.asked.push(Asked {
            what: what.to_owned(),
            statements,
        });
        done
    }

    /// Remembers what was done last under another name.
    pub(crate) fn rename_last(&mut self, what: &str) {
        let last = self.asked.last_mut().expect("something was done");
        what.clone_into(&mut last.what);
    }

    /// What was remembered since the last time.
    pub(crate) fn take(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.asked)
    }

    /// Gets a token as `ann` does.
    pub(crate) async fn sign_in(&mut self, what: &str, query: &str) -> String {
        let basic = BASE64_STANDARD.encode(format!("ann:{PASSWORD}"));
        let request = Request::get(format!("/v2/auth?service={HOST}&{query}"))
            .header(header::AUTHORIZATION, format!("Basic {basic}"));
        let answer = self.send(what, request, Body::empty()).await;
        answer.json()["token"].as_str().expect("a token").to_owned()
    }

    /// A request of the token's holder; it must succeed.
    pub(crate) async fn ask(
        &mut self,
        what: &str,
        method: &str,
        path: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        self.send(what, request, body.into()).await
    }

    /// A request with an access token and JSON; it must succeed.
    pub(crate) async fn call(
        &mut self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        request = request.header(header::CONTENT_TYPE, "application/json");
        let what = format!("{method} /api/v1{path}");
        let answer = self.send(&what, request, body).await;
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    async fn send(
        &mut self,
        what: &str,
        request: axum::http::request::Builder,
        body: Body,
    ) -> Answer {
        let request = request.header(header::HOST, HOST).body(body).unwrap();
        let router = self.router.clone();
        let (status, answer) = self
            .measure(what, async move {
                let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
                let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
                let location = parts.headers.get(header::LOCATION);
                let location = location.map(|value| value.to_str().unwrap().to_owned());
                (parts.status, Answer { body, location })
            })
            .await;
        assert!(status.is_success(), "{what}: {status} {:?}", answer.body);
        answer
    }

    /// A GraphQL operation of `ann`, without errors.
    pub(crate) async fn query(&mut self, what: &str, document: &str, variables: Value) -> Value {
        let (services, ann) = (self.t.services.clone(), self.ann.clone());
        let context = berth_graphql::RequestContext::new(services, ann, Some(HOST.into()));
        let request = async_graphql::Request::new(document)
            .variables(async_graphql::Variables::from_json(variables))
            .data(context);
        let response = self
            .measure(what, berth_graphql::schema().execute(request))
            .await;
        let answer = serde_json::to_value(response).unwrap();
        assert!(answer.get("errors").is_none(), "{what}: {answer:#}");
        answer["data"].clone()
    }

    /// A mutation with one input.
    pub(crate) async fn change(&mut self, name: &str, input: Value, payload: &str) -> Value {
        self.change_named(&format!("mutation {name}"), name, input, payload)
            .await
    }

    pub(crate) async fn change_named(
        &mut self,
        what: &str,
        name: &str,
        input: Value,
        payload: &str,
    ) -> Value {
        let kind: String = name[..1].to_uppercase() + &name[1..] + "Input";
        let document = format!("mutation ($i: {kind}!) {{ {name}(input: $i) {{ {payload} }} }}");
        let data = self.query(what, &document, json!({ "i": input })).await;
        data[name].clone()
    }

    pub(crate) async fn close(self) {
        drop(self.raw);
        self.t.close().await;
    }
}
