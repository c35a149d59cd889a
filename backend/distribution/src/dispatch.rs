//! From a request below `/v2` to its handler.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use berth_domain::{Error, Result};
use berth_http::body::Incoming;
use berth_http::credentials::Authorization;
use berth_http::observe::{RouteName, record_actor, record_repository};
use berth_http::origin::RequestOrigin;
use berth_services::{Actor, Origin};

use crate::call::{Call, empty};
use crate::challenge::Challenge;
use crate::error::{Answer, Failure};
use crate::path::{self, Route};
use crate::{App, blobs, catalog, manifests, referrers, tags, uploads};

pub(crate) async fn dispatch(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = Incoming::new(body);
    let decoded = path::decode(parts.uri.path());
    let route = decoded.as_deref().and_then(Route::parse);
    let mut challenge = Challenge::new(app.addresses.of(&parts.uri, &parts.headers));
    let answer = match &route {
        Some(route) => answer(&app, route, &parts, origin, &body, &mut challenge).await,
        None => Err(Failure::no_route()),
    };
    let mut response = answer.unwrap_or_else(|failure| failure.respond(Some(&challenge)));
    if let Some(route) = route {
        response.extensions_mut().insert(RouteName(route.pattern()));
    }
    // A client that waits for leave to send would only begin now.
    if !parts.headers.contains_key(header::EXPECT) {
        body.drain().await;
    }
    response
}

async fn answer(
    app: &App,
    route: &Route<'_>,
    parts: &Parts,
    origin: Origin,
    body: &Incoming,
    challenge: &mut Challenge,
) -> Answer {
    if !route
        .verbs()
        .split(", ")
        .any(|verb| verb == parts.method.as_str())
    {
        return Err(Failure::verb_not_offered(route.verbs()));
    }
    let path = route
        .name()
        .map(|name| app.services.repository_path(name))
        .transpose()?;
    if let Some(path) = &path {
        record_repository(path);
        challenge.on_repository(path, &parts.method);
    } else if *route == Route::Catalog {
        challenge.on_catalog();
    }
    let actor = authenticate(app, route, parts, origin, challenge).await?;
    record_actor(actor.kind(), actor.name().as_deref());
    let call = Call {
        services: &app.services,
        actor,
        parts,
        body,
    };
    let Some(path) = &path else {
        return match route {
            Route::Catalog => catalog::list(&call).await,
            _ => Ok(base(app)),
        };
    };
    match *route {
        Route::Base | Route::Catalog => Err(Failure::no_route()),
        Route::Blob { digest, .. } => blobs::answer(&call, path, digest).await,
        Route::Uploads { .. } => uploads::start(&call, path).await,
        Route::Upload { id, .. } => uploads::answer(&call, path, id).await,
        Route::Manifest { reference, .. } => manifests::answer(&call, path, reference).await,
        Route::Tags { .. } => tags::list(&call, path).await,
        Route::Referrers { digest, .. } => referrers::list(&call, path, digest).await,
    }
}

/// The actor of the token. Without one, public repositories can be read; the base and the catalog
/// ask for a token all the same, because clients log in only where they are asked to, and so does
/// every change, before its body is read.
async fn authenticate(
    app: &App,
    route: &Route<'_>,
    parts: &Parts,
    origin: Origin,
    challenge: &mut Challenge,
) -> Result<Actor> {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    let needs_token = !is_read || matches!(route, Route::Base | Route::Catalog);
    match Authorization::of(&parts.headers) {
        Authorization::Absent if needs_token => Err(Error::unauthenticated(
            "access to the requested resource is not authorized",
        )),
        Authorization::Absent => Ok(app.services.authn.anonymous(origin)),
        Authorization::Bearer(token) => {
            let service = &challenge.address().host;
            let actor = app
                .services
                .authn
                .registry_token(token.expose(), service, origin)
                .await?;
            challenge.token_is_good();
            Ok(actor)
        }
        Authorization::Basic { .. } | Authorization::Unusable => Err(Error::unauthenticated(
            "the registry takes bearer tokens; get one from the realm of the challenge",
        )),
    }
}

/// `GET /v2/`: yes, and you are logged in.
fn base(app: &App) -> Response {
    let mut response = empty(StatusCode::OK);
    *response.body_mut() = "{}".into();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(2_u64));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if app.services.settings().push.sparse_index {
        headers.insert(
            "x-sparse-manifest-support",
            HeaderValue::from_static("true"),
        );
    }
    response
}
