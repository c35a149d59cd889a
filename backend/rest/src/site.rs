//! What tools look for at the root of the site: the settings that clients go by, signs of life, and where the pages
//! of the console are.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use berth_http::address::PublicAddress;
use berth_http::browser::Browser;
use berth_http::origin::RequestOrigin;
use berth_services::Services;
use serde_json::{Map, Value, json};

use crate::App;
use crate::answer::json_text;

/// Where applications send browsers that have none of their own to go back to.
const LOCAL_OAUTH_HANDLER: &str = "/oauth/localapp";
/// What tools compare with before they take the addresses of pages.
const APP_NAME: &str = "io.quay";

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/config", get(config))
        .route("/_internal_ping", get(ping))
        .route("/.well-known/app-capabilities", get(capabilities))
        .route("/.well-known/change-password", get(change_password))
}

/// `GET /config`: what everybody may know of the configuration, for clients that show or hide what they offer.
async fn config(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let address = app.address(&uri, &headers);
    let services = &app.services;
    let state = if services.settings().registry.read_only {
        "readonly"
    } else {
        "normal"
    };
    let body = json!({
        "config": values(services, &address),
        "features": features(services),
        // Nobody signs in by others.
        "oauth": {},
        "external_login": [],
        "registry_state": state,
        "account_recovery_mode": false,
        "version_number": env!("CARGO_PKG_VERSION"),
    });
    let mut response = json_text(StatusCode::OK, &body.to_string());
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// Keys of the configuration that clients know, as they are in force.
fn values(services: &Services, address: &PublicAddress) -> Value {
    let settings = services.settings();
    let options = &settings.push.time_machine_options;
    let mut values = json!({
        "SERVER_HOSTNAME": address.host,
        "PREFERRED_URL_SCHEME": address.scheme,
        "REGISTRY_TITLE": settings.registry.title,
        "AVATAR_KIND": settings.registry.avatars.as_str(),
        "LOCAL_OAUTH_HANDLER": LOCAL_OAUTH_HANDLER,
        "TAG_EXPIRATION_OPTIONS": options.iter().copied().map(span).collect::<Vec<_>>(),
        "FEATURE_ASSIGN_OAUTH_TOKEN": settings.oauth.assignments,
    });
    if settings.users.authentication.is_own() {
        values["AUTHENTICATION_TYPE"] = json!("Database");
    }
    values
}

/// A span of time as the configuration writes it, in the largest unit that it is whole in.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(604_800, 'w'), (86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let found = units
        .into_iter()
        .find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, letter) = found.unwrap_or((1, 's'));
    format!("{}{letter}", seconds / unit)
}

/// Switches by their names without `FEATURE_`. What the registry does not do is off, whatever the configuration says.
fn features(services: &Services) -> Value {
    let settings = services.settings();
    let (users, push) = (&settings.users, &settings.push);
    let switches = [
        ("ANONYMOUS_ACCESS", users.anonymous_access),
        ("APP_SPECIFIC_TOKENS", settings.app_tokens.enabled),
        ("ASSIGN_OAUTH_TOKEN", settings.oauth.assignments),
        ("AUTO_PRUNE", false),
        ("BILLING", false),
        ("BUILD_SUPPORT", false),
        (
            "CHANGE_TAG_EXPIRATION",
            !push.time_machine_options.is_empty(),
        ),
        ("DIRECT_LOGIN", users.direct_login),
        ("EXTENDED_REPOSITORY_NAMES", push.nested_names),
        ("GENERAL_OCI_SUPPORT", true),
        ("HELM_OCI_SUPPORT", true),
        ("IMMUTABLE_TAGS", false),
        ("INVITE_ONLY_USER_CREATION", users.sign_up_by_invitation),
        ("LIBRARY_SUPPORT", settings.registry.library.is_some()),
        ("LOG_EXPORT", false),
        ("MAILING", services.sends_mail()),
        ("ORG_MIRROR", false),
        ("PROXY_CACHE", false),
        ("PUBLIC_CATALOG", settings.registry.public_catalog),
        ("QUOTA_MANAGEMENT", false),
        ("REFERRERS_API", push.referrers),
        ("REPO_MIRROR", false),
        (
            "REQUIRE_ENCRYPTED_BASIC_AUTH",
            users.encrypted_passwords_only,
        ),
        ("REQUIRE_TEAM_INVITE", services.teams.requires_invitations()),
        ("RESTRICTED_USERS", users.restricted),
        ("SECURITY_SCANNER", false),
        ("SIGNING", false),
        ("SPARSE_INDEX", push.sparse_index),
        ("SUPERUSERS_FULL_ACCESS", users.superusers_full_access),
        (
            "SUPERUSERS_ORG_CREATION_ONLY",
            users.superusers_create_organizations,
        ),
        ("SUPERUSER_CONFIGDUMP", settings.configuration.is_some()),
        ("SUPER_USERS", users.superusers_enabled),
        ("TEAM_SYNCING", false),
        ("USER_CREATION", users.sign_up),
        ("USER_INITIALIZE", users.initialize_by_api),
        ("USER_METADATA", users.names),
        ("USER_RENAME", users.rename),
    ];
    let named = switches.into_iter();
    let named: Map<String, Value> = named
        .map(|(name, is_on)| (name.to_owned(), json!(is_on)))
        .collect();
    named.into()
}

/// `GET /_internal_ping`: the process answers. What it reaches is told at `/health`.
async fn ping() -> &'static str {
    "true"
}

/// `GET /.well-known/app-capabilities`: for tools that link to the page of an image.
async fn capabilities(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let address = app.address(&uri, &headers);
    let page = format!("{address}/repository/{{namespace}}/{{reponame}}/tag/{{tag}}");
    let body = json!({
        "appName": APP_NAME,
        "capabilities": { "io.quay.view-image": { "url-template": page } },
    });
    json_text(StatusCode::OK, &body.to_string())
}

/// `GET /.well-known/change-password`: where browsers and keepers of passwords send their user for a new one, who
/// signs in first where nobody is known.
async fn change_password(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
) -> Response {
    let found = Browser::of(&app.services.authn, &headers, origin).await;
    let name = found.ok().flatten().and_then(|found| found.actor.name());
    let page = match name {
        Some(name) => format!("/user/{name}?tab=Settings"),
        None => "/signin".to_owned(),
    };
    let no_store = "no-store".to_owned();
    let headers = [(header::LOCATION, page), (header::CACHE_CONTROL, no_store)];
    (StatusCode::FOUND, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_time_is_in_its_largest_whole_unit() {
        for (seconds, text) in [
            (0, "0s"),
            (1, "1s"),
            (90, "90s"),
            (120, "2m"),
            (5_400, "90m"),
            (86_400, "1d"),
            (1_209_600, "2w"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
