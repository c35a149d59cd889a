//! Who asks, and what is refused before an operation runs.
//!
//! An access token goes first, then the session of a browser. A browser sends its cookies whoever wrote the
//! page, so with them every change has to show a CSRF token, and somebody about to sign in the one that
//! `/csrf_token` gave. `Authorization: Basic` is not read here.

use axum::http::{HeaderMap, Method, StatusCode, header};
use berth_domain::{Error, Scope};
use berth_http::browser::{Browser, shown_csrf_token};
use berth_http::cookies;
use berth_http::credentials::Authorization;
use berth_services::{Actor, Credential, Origin, Services};

use crate::failure::Failure;
use crate::operation::{Audience, Operation};

/// Parameter of the query that may show the CSRF token too.
pub(crate) const CSRF_PARAMETER: &str = "_csrf_token";
const NO_XHR: &str =
    "API calls must be invoked with an X-Requested-With header if called from a browser";

/// Who asks.
pub(crate) struct Identity<'a> {
    /// Who it is.
    pub(crate) actor: Actor,
    /// The session's cookie, where that told.
    session: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// Of a request. An ended session is nobody, who may sign in again; so is that of a disabled user.
    ///
    /// # Errors
    /// 401 for a token that is unknown or has expired, whatever is asked for.
    pub(crate) async fn of(
        services: &Services,
        headers: &'a HeaderMap,
        origin: Origin,
    ) -> Result<Self, Failure> {
        let authn = &services.authn;
        match Authorization::of(headers) {
            Authorization::Bearer(token) => {
                let actor = authn.bearer(token.expose(), origin).await?;
                return Ok(Self {
                    actor,
                    session: None,
                });
            }
            Authorization::Unusable => return Err(Failure::unauthenticated()),
            Authorization::Basic { .. } | Authorization::Absent => {}
        }
        Self::of_browser(services, headers, origin).await
    }

    /// On the pages of OAuth: Basic credentials go first, then the session of a browser. What applications hold
    /// is not read, or one could let in another.
    ///
    /// # Errors
    /// 401 for wrong credentials, and for a token.
    pub(crate) async fn who_consents(
        services: &Services,
        headers: &'a HeaderMap,
        origin: Origin,
    ) -> Result<Self, Failure> {
        match Authorization::of(headers) {
            Authorization::Basic { username, password } => Ok(Self {
                actor: services.authn.basic(&username, &password, origin).await?,
                session: None,
            }),
            Authorization::Bearer(_) | Authorization::Unusable => Err(Failure::unauthenticated()),
            Authorization::Absent => Self::of_browser(services, headers, origin).await,
        }
    }

    async fn of_browser(
        services: &Services,
        headers: &'a HeaderMap,
        origin: Origin,
    ) -> Result<Self, Failure> {
        let authn = &services.authn;
        let browser = match Browser::of(authn, headers, origin.clone()).await {
            Err(Error::Unauthenticated { .. }) => None,
            other => other?,
        };
        Ok(match browser {
            Some(Browser { actor, session }) => Self {
                actor,
                session: Some(session),
            },
            None => Self {
                actor: authn.anonymous(origin),
                session: None,
            },
        })
    }

    /// The session of the browser that asks, where that tells who it is.
    pub(crate) const fn session(&self) -> Option<&'a str> {
        self.session
    }

    /// Lets a request to an operation pass, or says why not. The order is that of the source: what scripts
    /// see first does not depend on what is stored.
    pub(crate) async fn check(
        &self,
        services: &Services,
        operation: &Operation,
        request: (&HeaderMap, Option<&str>),
    ) -> Result<(), Failure> {
        let settings = services.settings();
        let changes = operation.method != Method::GET;
        let is_anonymous = self.actor.is_anonymous();
        if is_anonymous && !settings.users.anonymous_access && !operation.is_always_open {
            return Err(Failure::refusal(
                StatusCode::UNAUTHORIZED,
                "Anonymous access is not allowed",
            ));
        }
        if changes && operation.needs_csrf {
            self.check_csrf(services, request)?;
        }
        if changes && settings.registry.read_only && !operation.works_while_read_only {
            return Err(Error::ReadOnly.into());
        }
        let is_allowed = match operation.audience {
            Audience::Everybody | Audience::PublicOr(_) | Audience::Told(_) => true,
            _ if is_anonymous => return Err(Failure::unauthenticated()),
            // What superusers change is for nobody else, whatever the scopes say.
            Audience::Scope(Scope::SuperUser) => self.actor.is_superuser(),
            Audience::Scope(scope) => self.actor.scopes().allows(scope),
            Audience::Superuser => self.actor.reads_everything(),
        };
        if !is_allowed {
            return Err(Failure::forbidden());
        }
        if operation.needs_fresh_login {
            services.authn.check_fresh(&self.actor).await?;
        }
        Ok(())
    }

    fn check_csrf(
        &self,
        services: &Services,
        (headers, query): (&HeaderMap, Option<&str>),
    ) -> Result<(), Failure> {
        if matches!(self.actor.credential(), Credential::OAuth(_)) {
            return Ok(());
        }
        let in_query = csrf_in_query(query);
        let in_query = in_query.as_deref().unwrap_or_default();
        self.check_shown(services, headers, in_query)
    }

    /// Lets a change pass that shows the CSRF token, in its header or as a parameter.
    pub(crate) fn check_shown(
        &self,
        services: &Services,
        headers: &HeaderMap,
        parameter: &str,
    ) -> Result<(), Failure> {
        let shown = match shown_csrf_token(headers) {
            "" => parameter,
            shown => shown,
        };
        let belongs = if let Some(session) = self.session {
            services.authn.csrf_matches(session, shown)
        } else {
            // Nobody yet: a page of another site cannot read the cookie that it would have to repeat.
            let cookie = cookies::read(headers, cookies::CSRF).unwrap_or_default();
            !cookie.is_empty() && cookie == shown
        };
        if belongs {
            return Ok(());
        }
        let mut error = "CSRF token was invalid or missing.".to_owned();
        if let Some(name) = self.actor.name() {
            error = format!("{error} (authorized: user {name})");
        }
        Err(Failure::refusal(StatusCode::FORBIDDEN, error))
    }
}

fn csrf_in_query(query: Option<&str>) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query?).ok()?;
    let found = pairs.into_iter().find(|(name, _)| name == CSRF_PARAMETER);
    found.map(|(_, value)| value)
}

/// Refuses what a browser reads without saying that a script of a page asks (X5): then the page could be of
/// any site. Programs pass.
pub(crate) fn check_xhr(headers: &HeaderMap) -> Result<(), Failure> {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_browser = agent.starts_with("Mozilla/") || agent.starts_with("Opera/");
    let is_script = headers
        .get("x-requested-with")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"XMLHttpRequest"));
    if is_browser && !is_script {
        return Err(Failure::refusal(StatusCode::BAD_REQUEST, NO_XHR));
    }
    Ok(())
}
