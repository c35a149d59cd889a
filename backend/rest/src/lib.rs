//! The REST API: `/api/v1`, as scripts and tools of the source product call it, OAuth on the web, and what tools look
//! for at the root of the site.
//!
//! An operation is a wire struct, a description in `operations` and a function that calls one service and
//! renders. From the descriptions come routing, checks of body and query, who may ask, and the descriptions
//! that clients are generated from. Invariants: each error has the body that scripts read at that place, and
//! everything under `/api/v1`, an unknown path too, is JSON.

mod answer;
mod body;
mod call;
mod csrf;
mod dispatch;
mod document;
mod failure;
mod identity;
mod oauth;
mod operation;
mod operations;
mod paging;
mod parameters;
mod schema;
mod site;
mod table;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::routing::{any, get};
use berth_http::address::{Addresses, PublicAddress};
use berth_http::cors::Cors;
use berth_services::Services;

use crate::table::Table;

/// Below which all paths of the API are.
const PREFIX: &str = "/api/v1";

/// What all requests share.
#[derive(Clone)]
pub(crate) struct App {
    services: Services,
    addresses: Addresses,
    cors: Cors,
    table: Arc<Table>,
}

impl App {
    /// Under which address this request reached the registry.
    fn address(&self, uri: &Uri, headers: &HeaderMap) -> PublicAddress {
        self.addresses.of(uri, headers)
    }
}

/// All routes of this crate.
pub fn router(services: Services, addresses: Addresses) -> Router {
    let settings = services.settings();
    let app = App {
        cors: Cors::new(&settings.api.cors_origins),
        table: Arc::new(Table::new(operations::groups(), settings)),
        services,
        addresses,
    };
    Router::new()
        .route("/api/v1", any(dispatch::serve))
        .route("/api/v1/", any(dispatch::serve))
        .route("/api/v1/{*path}", any(dispatch::serve))
        .route("/csrf_token", get(csrf::token))
        .merge(site::router())
        .merge(oauth::router())
        .with_state(app)
}
