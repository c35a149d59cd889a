//! `/graphql`: GraphQL over HTTP as its specification says, and subscriptions over
//! `graphql-transport-ws`.
//!
//! Who asks is a bearer token's user, else the signed-in browser of the session cookie, else nobody.
//! A browser sends its cookie whoever wrote the page, so a session has to show its CSRF token in
//! every POST, and a WebSocket has to come from a page of this very host.

mod answer;
mod socket;
#[cfg(test)]
mod tests;

use async_graphql::Request as Operation;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use berth_domain::Error;
use berth_graphql::{
    DOCUMENT_BYTES_MAX, ErrorCode, RequestContext, Schema, SessionEffect, is_mutation, schema,
};
use berth_http::address::Addresses;
use berth_http::body::Incoming;
use berth_http::browser::{Browser, shown_csrf_token};
use berth_http::cookies::Cookies;
use berth_http::credentials::Authorization;
use berth_http::observe::record_actor;
use berth_http::origin::RequestOrigin;
use berth_services::{Actor, Origin, Services};
use serde::Deserialize;

use answer::{Answer, Refusal};

/// What the endpoint stands on.
#[derive(Clone)]
struct Endpoint {
    schema: Schema,
    services: Services,
    addresses: Addresses,
}

/// The route `/graphql`.
pub(crate) fn router(services: Services, addresses: Addresses) -> Router {
    let endpoint = Endpoint {
        schema: schema(),
        services,
        addresses,
    };
    Router::new()
        .route("/graphql", get(by_get).post(by_post))
        .with_state(endpoint)
}

/// Queries by GET, and the upgrade to a WebSocket.
async fn by_get(State(endpoint): State<Endpoint>, request: Request) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        return socket::upgrade(endpoint, request).await;
    }
    // A body may not be shared between threads, and a query by GET has none.
    let request = request.map(drop);
    match Answer::accepted(request.headers()) {
        Ok(answer) => answer.render(endpoint.get(&request).await),
        Err(refusal) => Answer::default().render(Err(refusal)),
    }
}

/// Any operation but a subscription.
async fn by_post(State(endpoint): State<Endpoint>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let incoming = Incoming::new(body);
    let request = axum::http::Request::from_parts(parts, ());
    let (answer, result) = match Answer::accepted(request.headers()) {
        Ok(answer) => (answer, endpoint.post(&request, &incoming).await),
        Err(refusal) => (Answer::default(), Err(refusal)),
    };
    if result.is_err() {
        incoming.drain().await;
    }
    answer.render(result)
}

/// An executed operation, and the cookies that it sets.
type Executed = Result<(async_graphql::Response, Vec<HeaderValue>), Refusal>;

/// The operation in the query of a GET.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    #[serde(rename = "query")]
    document: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
}

impl Endpoint {
    async fn get(&self, request: &axum::http::Request<()>) -> Executed {
        let query: Query = serde_urlencoded::from_str(request.uri().query().unwrap_or_default())
            .map_err(|e| Refusal::bad_request(format!("the query string does not parse: {e}")))?;
        let Some(text) = query.document else {
            return Err(Refusal::bad_request("`query` is missing"));
        };
        let mut operation = Operation::new(text);
        if let Some(name) = query.operation_name {
            operation = operation.operation_name(name);
        }
        if let Some(variables) = query.variables {
            let variables = serde_json::from_str(&variables)
                .map_err(|e| Refusal::bad_request(format!("`variables` is not JSON: {e}")))?;
            operation = operation.variables(async_graphql::Variables::from_json(variables));
        }
        if is_mutation(&operation) {
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorCode::InvalidInput,
                "METHOD_NOT_ALLOWED",
                "a mutation is sent by POST",
            ));
        }
        let actor = self.actor(request.headers(), origin(request), None).await?;
        self.execute(request, operation, actor).await
    }

    async fn post(&self, request: &axum::http::Request<()>, incoming: &Incoming) -> Executed {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let media_type = media_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        // A form of another site can send text and forms, but not this.
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ErrorCode::InvalidInput,
                "UNSUPPORTED_MEDIA_TYPE",
                "send `Content-Type: application/json`",
            ));
        }
        let bytes = incoming
            .collect("the request", DOCUMENT_BYTES_MAX)
            .await
            .map_err(|e| match e {
                Error::TooLarge { .. } => Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    ErrorCode::TooComplex,
                    "DOCUMENT_BYTES",
                    e.to_string(),
                ),
                other => Refusal::of(&other),
            })?;
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
            return Err(Refusal::bad_request(
                "send one operation in a request, not a list of them",
            ));
        }
        let operation: Operation = serde_json::from_slice(&bytes)
            .map_err(|e| Refusal::bad_request(format!("the body is no GraphQL request: {e}")))?;
        let headers = request.headers();
        let shown = shown_csrf_token(headers);
        let actor = self.actor(headers, origin(request), Some(shown)).await?;
        self.execute(request, operation, actor).await
    }

    async fn execute<B>(
        &self,
        request: &axum::http::Request<B>,
        operation: Operation,
        actor: Actor,
    ) -> Executed {
        record_actor(actor.kind(), actor.name().as_deref());
        let address = self.addresses.of(request.uri(), request.headers());
        let cookies = Cookies::for_scheme(&address.scheme);
        let context = RequestContext::new(self.services.clone(), actor, Some(address.host))
            .reached_by(address.scheme);
        let effect = context.effects();
        let response = self.schema.execute(operation.data(context)).await;
        let lines = match effect() {
            None => Vec::new(),
            Some(SessionEffect::Started { token, csrf, .. }) => {
                cookies.sign_in(token.expose(), &csrf, self.session_life_s())
            }
            Some(SessionEffect::Ended) => cookies.sign_out(),
        };
        Ok((response, lines))
    }

    /// Who asks; with `csrf` a session has to show that token.
    async fn actor(
        &self,
        headers: &HeaderMap,
        origin: Origin,
        csrf: Option<&str>,
    ) -> Result<Actor, Refusal> {
        let authn = &self.services.authn;
        match Authorization::of(headers) {
            Authorization::Bearer(token) => {
                return authn
                    .bearer(token.expose(), origin)
                    .await
                    .map_err(|e| Refusal::of(&e));
            }
            Authorization::Basic { .. } | Authorization::Unusable => {
                return Err(Refusal::of(&Error::unauthenticated(
                    "`/graphql` takes a bearer token or the cookie of a signed-in browser",
                )));
            }
            Authorization::Absent => {}
        }
        let browser = Browser::of(authn, headers, origin.clone())
            .await
            .map_err(|e| Refusal::of(&e))?;
        let Some(Browser { actor, session }) = browser else {
            // An ended session is nobody, who may sign in again.
            return Ok(authn.anonymous(origin));
        };
        if csrf.is_some_and(|shown| !authn.csrf_matches(session, shown)) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                ErrorCode::Forbidden,
                "CSRF",
                "send the value of the cookie `berth_csrf` as header `X-CSRF-Token`",
            ));
        }
        Ok(actor)
    }

    fn session_life_s(&self) -> u64 {
        self.services.settings().users.session_life.as_secs()
    }
}

fn origin<B>(request: &axum::http::Request<B>) -> Origin {
    RequestOrigin::of(request.extensions())
}
