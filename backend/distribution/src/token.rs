//! `/v2/auth`: credentials in, a registry token out.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use berth_domain::{Error, Result, Secret};
use berth_http::body::Incoming;
use berth_http::credentials::Authorization;
use berth_http::observe::record_actor;
use berth_http::origin::RequestOrigin;
use berth_services::{Actor, Origin};
use serde::Serialize;
use url::form_urlencoded;

use crate::App;
use crate::error::{Answer, Failure};
use crate::scope;

/// Longest form; a hundred scopes fit.
const FORM_BYTES_MAX: usize = 64 * 1024;

#[derive(Serialize)]
struct Granted {
    token: String,
    access_token: String,
    expires_in: u64,
    issued_at: String,
}

/// What a query or a form asks for.
#[derive(Default)]
struct Asked {
    service: Option<String>,
    scopes: Vec<String>,
    username: Option<String>,
    /// Of a form alone: a query ends up in logs.
    proof: Option<Secret<String>>,
}

impl Asked {
    fn parse(text: &[u8], is_form: bool) -> Self {
        let mut asked = Self::default();
        for (key, value) in form_urlencoded::parse(text) {
            match &*key {
                "service" => asked.service = Some(value.into_owned()),
                "scope" => asked.scopes.push(value.into_owned()),
                "username" if is_form => asked.username = Some(value.into_owned()),
                "password" | "refresh_token" if is_form => {
                    asked.proof = Some(value.into_owned().into());
                }
                // `account`, `client_id`, `offline_token`, `grant_type`: said by clients, and
                // nothing depends on them.
                _ => {}
            }
        }
        asked
    }
}

pub(crate) async fn endpoint(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let host = app.addresses.of(&parts.uri, &parts.headers).host;
    let asked = match parts.method {
        Method::GET | Method::HEAD => Ok(Asked::parse(
            parts.uri.query().unwrap_or_default().as_bytes(),
            false,
        )),
        Method::POST => Incoming::new(body)
            .collect("the form", FORM_BYTES_MAX)
            .await
            .map(|form| Asked::parse(&form, true))
            .map_err(Failure::from),
        _ => Err(Failure::verb_not_offered("GET, HEAD, POST")),
    };
    let answer = match asked {
        Ok(asked) => grant(&app, &host, &parts.headers, asked, origin).await,
        Err(failure) => Err(failure),
    };
    answer.unwrap_or_else(|failure| refuse(failure, &host))
}

async fn grant(app: &App, host: &str, headers: &HeaderMap, asked: Asked, origin: Origin) -> Answer {
    if asked
        .service
        .as_deref()
        .is_some_and(|service| service != host)
    {
        return Err(Error::invalid_value(format!(
            "this registry grants tokens for `{host}` alone"
        ))
        .in_field("service")
        .into());
    }
    let library = app.services.settings().registry.library.as_ref();
    let scopes = asked.scopes.iter().map(String::as_str);
    let scopes = scope::parse(scopes, host, library)?;
    let names_scope = asked.scopes.iter().any(|text| !text.trim().is_empty());
    let actor = identify(app, headers, asked, names_scope, origin).await?;
    record_actor(actor.kind(), actor.name().as_deref());
    let issued = app
        .services
        .authn
        .issue_registry_token(&actor, host, &scopes)
        .await?;
    let granted = Granted {
        access_token: issued.token.clone(),
        token: issued.token,
        expires_in: issued.expires_in_s,
        issued_at: issued.issued_at.to_string(),
    };
    let mut response = Json(granted).into_response();
    forbid_storing(&mut response);
    Ok(response)
}

/// Who asks. Whoever shows credentials is held to them: a wrong password is never an anonymous
/// token. Nobody gets a token for nothing, which is how clients find out that a login is needed.
async fn identify(
    app: &App,
    headers: &HeaderMap,
    asked: Asked,
    names_scope: bool,
    origin: Origin,
) -> Result<Actor> {
    let (username, password) = match (Authorization::of(headers), asked.username, asked.proof) {
        (Authorization::Basic { username, password }, ..) => (username, password),
        (Authorization::Absent, Some(username), Some(proof)) => (username, proof),
        (Authorization::Absent, None, None) => {
            let users = &app.services.settings().users;
            return if names_scope && users.anonymous_access {
                Ok(app.services.authn.anonymous(origin))
            } else {
                Err(Error::unauthenticated(
                    "log in with a username and a password",
                ))
            };
        }
        (Authorization::Absent | Authorization::Bearer(_) | Authorization::Unusable, ..) => {
            return Err(Error::unauthenticated(
                "log in with a username and a password; other credentials are not taken here",
            ));
        }
    };
    let kind = match username.as_str() {
        "$oauthtoken" => "oauth",
        name if name.contains('+') => "robot",
        _ => "user",
    };
    let checked = app.services.authn.basic(&username, &password, origin).await;
    metrics::counter!(
        "authentication_attempts_total",
        "auth_kind" => kind, "success" => if checked.is_ok() { "true" } else { "false" },
    )
    .increment(1);
    checked
}

fn refuse(failure: Failure, host: &str) -> Response {
    let mut response = failure.respond(None);
    if response.status() == axum::http::StatusCode::UNAUTHORIZED
        && let Ok(challenge) = HeaderValue::from_str(&format!("Basic realm=\"{host}\""))
    {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    forbid_storing(&mut response);
    response
}

fn forbid_storing(response: &mut Response) {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_read_from_forms_and_never_from_queries() {
        let text =
            b"service=h&scope=a+b&scope=c&username=ann&password=se%26cret&offline_token=true";
        let form = Asked::parse(text, true);
        assert_eq!(form.scopes, ["a b", "c"]);
        assert_eq!(
            (form.service.as_deref(), form.username.as_deref()),
            (Some("h"), Some("ann"))
        );
        assert_eq!(form.proof, Some("se&cret".into()));
        let query = Asked::parse(text, false);
        assert!(query.username.is_none() && query.proof.is_none());
    }
}
