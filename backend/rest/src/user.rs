//! The user: `rest-api` chapter 2.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use berth_domain::Error;
use berth_http::origin::RequestOrigin;
use berth_services::Origin;
use berth_services::authn::{InitialUser, InitializedByApi};
use serde_json::json;

use crate::body::Fields;
use crate::error::{Failure, json_answer};
use crate::{App, offer};

/// `POST /api/v1/user/initialize`: the first user, where `FEATURE_USER_INITIALIZE` allows it. Needs
/// no credentials and no CSRF token; there is nobody yet whose they could be.
pub(crate) async fn initialize(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    request: Request,
) -> Response {
    let address = app.address(request.uri(), request.headers());
    let answer = create_first(&app, origin, request).await;
    answer.unwrap_or_else(|failure| failure.respond(&address))
}

async fn create_first(app: &App, origin: Origin, request: Request) -> Result<Response, Failure> {
    // A feature that is off has no route.
    if !app.services.settings().users.initialize_by_api {
        return Err(Failure::not_found());
    }
    offer(request.method(), &Method::POST)?;
    let (parts, body) = request.into_parts();
    let fields = Fields::read(&parts.headers, body).await?;
    let user = InitialUser {
        username: fields.text("username")?,
        password: fields.text("password")?.into(),
        email: fields.optional_text("email")?,
        setup_code: None,
    };
    let with_token = fields.switch("access_token")?;
    let made = app
        .services
        .authn
        .initialize_by_api(user, with_token, origin)
        .await;
    Ok(render(&made.map_err(reason)?))
}

fn render(made: &InitializedByApi) -> Response {
    let mut body = json!({
        "username": made.username,
        "email": made.email,
        // Accounts have no encrypted password; clients use the access token.
        "encrypted_password": null,
    });
    if let Some(token) = &made.access_token {
        body["access_token"] = json!(token.expose());
    }
    json_answer(StatusCode::OK, &body)
}

/// A refused field is told in one sentence here, unlike elsewhere.
fn reason(error: Error) -> Failure {
    match error {
        Error::Invalid { message, .. } | Error::AlreadyExists { message, .. } => Failure::message(
            StatusCode::BAD_REQUEST,
            format!("Failed to initialize user: {message}"),
        ),
        other => other.into(),
    }
}
