//! A registry client that shows everything of an answer.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use berth_domain::{Digest, RepositoryRole, Visibility};
use berth_http::address::Addresses;
use berth_services::many::Selection;
use berth_services::permissions::RoleChange;
use berth_services::{Actor, Services};
use berth_testkit::{PASSWORD, TestImage, TestRegistry, path_of};
use bytes::Bytes;
use serde_json::Value;
use tower::ServiceExt as _;

/// The host that clients know the registry by.
pub(crate) const HOST: &str = "reg.test:5000";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// A header that must be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("no `{name}` in {self:?}"));
        value.to_str().expect("a header of text")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Checks status and code of an error.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.json()["errors"][0]["code"], code, "{self:?}");
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// A client with a token, or without.
pub(crate) struct Client {
    router: Router,
    token: Option<String>,
}

impl Client {
    pub(crate) fn without_token(services: &Services) -> Self {
        let addresses = Addresses::new(&services.settings().registry);
        Self {
            router: berth_distribution::router(services.clone(), addresses),
            token: None,
        }
    }

    /// The same, with a token that somebody gave it.
    pub(crate) fn with_token(services: &Services, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..Self::without_token(services)
        }
    }

    /// Its token, for requests that are written by hand.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().expect("it has one")
    }

    /// A user who asked for a token with these scopes; `None` asks as nobody.
    pub(crate) async fn with_scopes(
        services: &Services,
        login: Option<(&str, &str)>,
        scopes: &[&str],
    ) -> Self {
        let answer = Self::without_token(services).ask_token(login, scopes).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let token = answer.json()["token"].as_str().expect("a token").to_owned();
        Self::with_token(services, &token)
    }

    /// A user with a token to pull from and push to one repository.
    pub(crate) async fn of(t: &TestRegistry, user: &str, path: &str) -> Self {
        let scope = format!("repository:{path}:pull,push");
        Self::with_scopes(&t.services, Some((user, PASSWORD)), &[&scope]).await
    }

    pub(crate) async fn ask_token(&self, login: Option<(&str, &str)>, scopes: &[&str]) -> Answer {
        let mut path = format!("/v2/auth?service={HOST}&account=x&client_id=y&offline_token=true");
        for scope in scopes {
            path.extend(["&scope=", scope]);
        }
        let basic = login.map(|(name, password)| {
            format!(
                "Basic {}",
                BASE64_STANDARD.encode(format!("{name}:{password}"))
            )
        });
        let headers: Vec<_> = basic
            .iter()
            .map(|basic| (header::AUTHORIZATION.as_str(), basic.as_str()))
            .collect();
        self.send("GET", &path, &headers, "").await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, HOST);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.expect("a body");
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        };
        if path.starts_with("/v2") {
            assert_eq!(
                answer.header("docker-distribution-api-version"),
                "registry/2.0"
            );
        }
        answer
    }

    /// A request to a path that may be no URL at all; then nothing could be sent.
    pub(crate) async fn try_send(&self, method: &str, path: &str) -> Option<Answer> {
        axum::http::Uri::try_from(path).ok()?;
        Some(self.send(method, path, &[], "").await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn head(&self, path: &str) -> Answer {
        let answer = self.send("HEAD", path, &[], "").await;
        assert!(answer.body.is_empty(), "{answer:?}");
        answer
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "").await
    }

    /// Pushes a blob in one request.
    pub(crate) async fn push_blob(&self, path: &str, content: &Bytes) -> Answer {
        let digest = Digest::of(content);
        let target = format!("/v2/{path}/blobs/uploads/?digest={digest}");
        self.send("POST", &target, &[], content.clone()).await
    }

    pub(crate) async fn push_manifest(&self, path: &str, reference: &str, bytes: &Bytes) -> Answer {
        self.send(
            "PUT",
            &format!("/v2/{path}/manifests/{reference}"),
            &[],
            bytes.clone(),
        )
        .await
    }

    /// Pushes an image with its blobs.
    pub(crate) async fn push_image(&self, path: &str, tag: &str, image: &TestImage) -> Answer {
        for blob in image.blobs() {
            self.push_blob(path, blob).await.is(201);
        }
        let answer = self.push_manifest(path, tag, &image.manifest).await;
        answer.is(201);
        answer
    }

    /// Begins an upload and returns its address.
    pub(crate) async fn start_upload(&self, path: &str) -> String {
        let answer = self
            .send("POST", &format!("/v2/{path}/blobs/uploads/"), &[], "")
            .await;
        answer.is(202).header("location").to_owned()
    }
}

/// Makes a repository public.
pub(crate) async fn publish(t: &TestRegistry, owner: &Actor, path: &str) {
    let repository = t
        .services
        .repositories
        .by_path(owner, &path_of(path))
        .await
        .expect("a repository");
    let ids = [repository.repository.id];
    let changed = t
        .services
        .repositories
        .change_visibility(owner, Selection::Items(&ids), Visibility::Public)
        .await;
    assert!(changed.is_ok());
}

/// Gives somebody a role.
pub(crate) async fn allow(
    t: &TestRegistry,
    owner: &Actor,
    path: &str,
    account: &str,
    role: RepositoryRole,
) {
    let repository = t
        .services
        .repositories
        .by_path(owner, &path_of(path))
        .await
        .expect("a repository");
    let change = RoleChange {
        account: account.to_owned(),
        role: Some(role),
    };
    let changed = t
        .services
        .permissions
        .set(owner, repository.repository.id, &[change])
        .await;
    changed.expect("a role");
}
