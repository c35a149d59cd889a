//! The REST API: `/api/v1`, as scripts and tools of the source product call it.
//!
//! Handlers parse, call one service method and render. Invariants: each error has the body that
//! scripts read at that place, and everything under `/api/v1`, an unknown path too, is JSON.

mod body;
mod csrf;
mod error;
mod user;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{any, get};
use berth_http::address::{Addresses, PublicAddress};
use berth_services::Services;

use crate::error::Failure;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) services: Services,
    addresses: Addresses,
}

impl App {
    /// Under which address this request reached the registry.
    pub(crate) fn address(&self, uri: &Uri, headers: &HeaderMap) -> PublicAddress {
        self.addresses.of(uri, headers)
    }
}

/// All routes of this crate.
pub fn router(services: Services, addresses: Addresses) -> Router {
    let initialize = || any(user::initialize);
    Router::new()
        // Both forms of a path are answered; many clients do not send a body again after a redirect.
        .route("/api/v1/user/initialize", initialize())
        .route("/api/v1/user/initialize/", initialize())
        .route("/api/v1", any(unknown))
        .route("/api/v1/", any(unknown))
        .route("/api/v1/{*path}", any(unknown))
        .route("/csrf_token", get(csrf::token))
        .with_state(App {
            services,
            addresses,
        })
}

/// Tools parse every answer as JSON, this one too.
async fn unknown(State(app): State<App>, request: Request) -> Response {
    Failure::not_found().respond(&app.address(request.uri(), request.headers()))
}

/// True for the one verb a path offers; the answer to all others is the same everywhere.
pub(crate) fn offer(method: &Method, offered: &Method) -> Result<(), Failure> {
    if method == offered {
        Ok(())
    } else {
        Err(Failure::verb_not_offered(offered))
    }
}
