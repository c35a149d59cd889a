//! The OCI distribution routes: `/v2`, `/v2/auth` and the public keys of its tokens.
//!
//! Handlers parse, call one service method and render. Invariants: a path is read from its right
//! end, so no repository name is reserved; every lack of permission is a 401 with a challenge that
//! names the scope; every answer says which protocol it speaks; bodies stream and are counted.

mod blobs;
mod call;
mod catalog;
mod challenge;
mod dispatch;
mod error;
mod keys;
mod link;
mod manifests;
mod path;
mod range;
mod referrers;
mod scope;
mod tags;
mod token;
mod uploads;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get};
use berth_http::address::Addresses;
use berth_services::Services;

/// Tells clients which protocol this is; docker looks at it before it logs in.
const API_VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("docker-distribution-api-version"),
    HeaderValue::from_static("registry/2.0"),
);

/// What reads and writes headers and scopes, for nobody but the fuzz targets.
#[doc(hidden)]
pub mod parsers {
    pub use crate::link::next as next_link;
    pub use crate::range::{Wanted, chunk, received, wanted};
    pub use crate::scope::parse as scopes;
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) services: Services,
    pub(crate) addresses: Addresses,
}

/// All routes of this crate. Bodies have limits of their own, so none must be put around it.
pub fn router(services: Services, addresses: Addresses) -> Router {
    let app = App {
        services,
        addresses,
    };
    let v2 = Router::new()
        .route("/v2", any(dispatch::dispatch))
        .route("/v2/", any(dispatch::dispatch))
        .route("/v2/{*path}", any(dispatch::dispatch))
        .route("/v2/auth", any(token::endpoint))
        .layer(map_response(say_version));
    let keys = Router::new()
        .route("/keys/services/{service}/keys", get(keys::list))
        .route("/keys/services/{service}/keys/{kid}", get(keys::one));
    v2.merge(keys).with_state(app)
}

async fn say_version(mut response: Response) -> Response {
    response.headers_mut().insert(API_VERSION.0, API_VERSION.1);
    response
}
