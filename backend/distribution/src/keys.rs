//! `/keys/services/<service>/keys`: the public halves of the keys that sign tokens, for helpers that
//! check tokens themselves, and of the keys that superusers made for services beside the registry.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
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
    let keys = app.services.keys.public_jwks_of(service).await?;
    Ok(Json(json!({ "keys": keys })).into_response())
}

async fn by_id(app: &App, service: &str, kid: &str) -> Answer {
    let key = app.services.keys.public_jwk_of(service, kid).await?;
    Ok(Json(key).into_response())
}

fn respond(answer: Answer) -> Response {
    answer.unwrap_or_else(|failure: Failure| failure.respond(None))
}
