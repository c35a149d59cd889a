//! `/keys/services/<service>/keys`: the public halves of the keys that sign tokens, for helpers that
//! check tokens themselves.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use berth_domain::{Error, Noun};
use berth_services::keys::SERVICE;
use serde_json::json;

use crate::App;
use crate::error::{Answer, Failure};

pub(crate) async fn list(State(app): State<App>, Path(service): Path<String>) -> Response {
    respond(all(&app, &service).await)
}

pub(crate) async fn one(
    State(app): State<App>,
    Path((service, kid)): Path<(String, String)>,
) -> Response {
    respond(by_id(&app, &service, &kid).await)
}

async fn all(app: &App, service: &str) -> Answer {
    // Nothing tells an unknown service from one without keys.
    let keys = if service == SERVICE {
        app.services.keys.public_jwks().await?
    } else {
        Vec::new()
    };
    Ok(Json(json!({ "keys": keys })).into_response())
}

async fn by_id(app: &App, service: &str, kid: &str) -> Answer {
    if service != SERVICE {
        return Err(Error::not_found(Noun::Key, kid).into());
    }
    Ok(Json(app.services.keys.public_jwk(kid).await?).into_response())
}

fn respond(answer: Answer) -> Response {
    answer.unwrap_or_else(|failure: Failure| failure.respond(None))
}
