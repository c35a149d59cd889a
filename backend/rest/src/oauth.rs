//! OAuth on the web, at the root of the site (X2, X3): where applications send browsers, what the page of the
//! console that asks for the consent stands on, and where applications change codes for tokens.
//!
//! A browser is sent to no address that the service has not found to be the application's.

mod form;
mod wire;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use berth_domain::{Error, Secret};
use berth_http::address::PublicAddress;
use berth_http::body::Incoming;
use berth_http::console;
use berth_http::credentials::Authorization;
use berth_http::observe::record_actor;
use berth_http::origin::RequestOrigin;
use berth_services::Credential;
use berth_services::oauth::{Asked, Consent, Exchange, Reason, Refusal};
use futures::future::{BoxFuture, FutureExt as _};
use serde_json::json;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::identity::{CSRF_PARAMETER, Identity};
use crate::{App, csrf};

use form::Form;
use wire::{Question, Token};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/authorize/assignuser", post(assign))
        .route("/oauth/authorizeapp", post(authorize_application))
        .route("/oauth/denyapp", post(deny_application))
        .route("/oauth/localapp", get(local))
        .route("/oauth/access_token", post(exchange))
}

/// What a call here gives: a place to go to, or something to read.
enum Outcome {
    Redirect(String),
    Answer(Answer),
}

type Result<T, E = Failure> = std::result::Result<T, E>;

type Run = for<'a> fn(&'a Call) -> BoxFuture<'a, Result<Outcome>>;

/// A request on its way.
struct Call {
    app: App,
    parts: Parts,
    form: Form,
    /// Under which address the browser reached the registry.
    address: PublicAddress,
}

impl Call {
    /// With what the query says.
    fn new(app: App, parts: Parts) -> Self {
        Self {
            form: Form::of_query(parts.uri.query()),
            address: app.address(&parts.uri, &parts.headers),
            app,
            parts,
        }
    }

    /// The same as services take it.
    fn own(&self) -> String {
        self.address.to_string()
    }

    /// The user who asks.
    ///
    /// # Errors
    /// 401 where nobody is known.
    async fn identity(&self) -> Result<Identity<'_>> {
        let (services, headers) = (&self.app.services, &self.parts.headers);
        let origin = RequestOrigin::of(&self.parts.extensions);
        let identity = Identity::who_consents(services, headers, origin).await?;
        record_actor(identity.actor.kind(), identity.actor.name().as_deref());
        Ok(identity)
    }

    /// The user who changes something, having shown the CSRF token. A client of the list may do without, where the
    /// password itself came along: no page of another site can send that.
    async fn changing(&self) -> Result<Identity<'_>> {
        let identity = self.identity().await?;
        let direct = &self.app.services.settings().oauth.direct_clients;
        let client = self.form.get("client_id").unwrap_or_default();
        let is_direct = matches!(identity.actor.credential(), Credential::Basic)
            && direct.iter().any(|listed| listed == client);
        if !is_direct {
            let shown = self.form.get(CSRF_PARAMETER).unwrap_or_default();
            identity.check_shown(&self.app.services, &self.parts.headers, shown)?;
        }
        known(&identity)?;
        Ok(identity)
    }

    fn asked(&self) -> Result<Asked> {
        let (form, optional) = (&self.form, |name: &str| {
            self.form.get(name).map(str::to_owned)
        });
        Ok(Asked {
            client_id: form.required("client_id")?,
            redirect_uri: form.required("redirect_uri")?,
            scope: form.required("scope")?,
            response_type: optional("response_type").unwrap_or_else(|| "code".to_owned()),
            state: optional("state"),
            assignment: optional("assignment_uuid").filter(|uuid| !uuid.is_empty()),
        })
    }

    /// Whether a page is wanted: as the request says, else as browsers do.
    fn wants_page(&self) -> bool {
        match self.form.get("format") {
            Some("json") => false,
            Some("html") => true,
            _ => accepts_pages(&self.parts.headers),
        }
    }

    /// The page of the console at this path; it finds out for itself what there is to say.
    async fn page(self) -> Response {
        let Parts {
            method,
            uri,
            headers,
            ..
        } = self.parts;
        console::page(method, uri, headers).await
    }

    fn respond(&self, outcome: Result<Outcome>) -> Response {
        let mut response = match outcome.and_then(located) {
            Ok(answer) => answer.respond(),
            Err(failure) => failure.respond(&self.address),
        };
        // Some of it is secret, and all of it is for who asks.
        let no_store = HeaderValue::from_static("no-store");
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, no_store);
        response
    }
}

/// Answers what comes with a form.
async fn answered(app: App, request: Request, run: Run) -> Response {
    let (parts, body) = request.into_parts();
    let (mut call, incoming) = (Call::new(app, parts), Incoming::new(body));
    let outcome = match Form::read(&call.parts, &incoming).await {
        Ok(form) => {
            call.form = form;
            run(&call).await
        }
        Err(failure) => {
            // So that a client that is still sending gets to see the answer.
            incoming.drain().await;
            Err(failure)
        }
    };
    call.respond(outcome)
}

fn accepts_pages(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter();
    accept
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().unwrap_or_default().trim() == "text/html")
}

fn known(identity: &Identity<'_>) -> Result<()> {
    if identity.actor.is_anonymous() {
        return Err(Failure::unauthenticated());
    }
    Ok(())
}

fn located(outcome: Outcome) -> Result<Answer> {
    match outcome {
        Outcome::Answer(answer) => Ok(answer),
        Outcome::Redirect(location) => {
            let location = HeaderValue::from_str(&location).map_err(Error::internal)?;
            Ok(Answer::empty(StatusCode::FOUND).with(header::LOCATION, location))
        }
    }
}

/// In the words of these pages, which have `error` where the API has a problem.
fn told(error: Error) -> Failure {
    let status = match &error {
        Error::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
        Error::Forbidden { .. } | Error::Hidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound { .. } | Error::FeatureOff { .. } => StatusCode::NOT_FOUND,
        Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        _ => return error.into(),
    };
    Failure::refusal(status, error.to_string())
}

/// `GET /oauth/authorize`: an application asks. Where the user has consented before, the answer is on its way at
/// once.
async fn authorize(State(app): State<App>, request: Request) -> Response {
    let call = Call::new(app, request.into_parts().0);
    let (wants_page, outcome) = (call.wants_page(), question(&call).await);
    match outcome {
        Ok(redirect @ Outcome::Redirect(_)) => call.respond(Ok(redirect)),
        _ if wants_page => call.page().await,
        outcome => call.respond(outcome),
    }
}

async fn question(call: &Call) -> Result<Outcome> {
    let (asked, own) = (call.asked()?, call.own());
    let identity = call.identity().await?;
    known(&identity)?;
    let authorizations = &call.app.services.authorizations;
    let actor = &identity.actor;
    let consent = authorizations.consent(actor, &asked, &own).await;
    match consent.map_err(told)? {
        Err(refusal) => refused_question(refusal),
        // Whoever asks for the head alone asks for no token.
        Ok(consent) if consent.is_covered && call.parts.method != Method::HEAD => {
            let granted = authorizations.authorize(actor, &asked, &own).await;
            match granted.map_err(told)? {
                Ok(granted) => Ok(Outcome::Redirect(granted.location.expose().clone())),
                Err(refusal) => refused_question(refusal),
            }
        }
        Ok(consent) => ask(call, &asked, &consent),
    }
}

/// The question as it is asked without a page.
fn ask(call: &Call, asked: &Asked, consent: &Consent) -> Result<Outcome> {
    let (csrf, cookie) = csrf::give(&call.app, &call.parts.uri, &call.parts.headers);
    let mut answer = Answer::ok(&Question::new(asked, consent, csrf)?)?;
    if let Some(cookie) = cookie {
        answer = answer.with(header::SET_COOKIE, cookie);
    }
    Ok(Outcome::Answer(answer))
}

/// Before anybody was asked, the browser is sent on only for what the application has to mend.
fn refused_question(refusal: Refusal) -> Result<Outcome> {
    let status = match refusal.reason {
        Reason::RedirectMismatch | Reason::UnsupportedResponseType => {
            return redirected(refusal);
        }
        Reason::UnknownClient | Reason::InvalidScope => StatusCode::NOT_FOUND,
        Reason::AccessDenied => StatusCode::FORBIDDEN,
        Reason::AssignmentUnusable => StatusCode::BAD_REQUEST,
    };
    Err(Failure::refusal(status, refusal.reason.code()))
}

fn redirected(refusal: Refusal) -> Result<Outcome> {
    match refusal.location {
        Some(location) => Ok(Outcome::Redirect(location)),
        None => Err(Failure::refusal(
            StatusCode::BAD_REQUEST,
            refusal.reason.code(),
        )),
    }
}

/// After somebody was asked, the application hears of everything but what it did not send itself.
fn refused_answer(refusal: Refusal) -> Result<Outcome> {
    if refusal.reason == Reason::RedirectMismatch {
        return Err(Failure::refusal(StatusCode::BAD_REQUEST, "invalid_request"));
    }
    redirected(refusal)
}

/// `POST /oauth/authorizeapp`: the user consents.
async fn authorize_application(State(app): State<App>, request: Request) -> Response {
    answered(app, request, |call| decided(call, true).boxed()).await
}

/// `POST /oauth/denyapp`: the user does not.
async fn deny_application(State(app): State<App>, request: Request) -> Response {
    answered(app, request, |call| decided(call, false).boxed()).await
}

async fn decided(call: &Call, consents: bool) -> Result<Outcome> {
    let identity = call.changing().await?;
    let (asked, own) = (call.asked()?, call.own());
    let authorizations = &call.app.services.authorizations;
    let location = if consents {
        let granted = authorizations.authorize(&identity.actor, &asked, &own);
        let granted = granted.await.map_err(told)?;
        granted.map(|granted| granted.location.expose().clone())
    } else {
        let denied = authorizations.deny(&identity.actor, &asked, &own);
        denied.await.map_err(told)?
    };
    location.map_or_else(refused_answer, |location| Ok(Outcome::Redirect(location)))
}

/// `POST /oauth/authorize/assignuser`: an administrator of the application wants another user to consent.
async fn assign(State(app): State<App>, request: Request) -> Response {
    answered(app, request, |call| assigned(call).boxed()).await
}

async fn assigned(call: &Call) -> Result<Outcome> {
    let identity = call.changing().await?;
    let (services, actor) = (&call.app.services, &identity.actor);
    let (asked, own) = (call.asked()?, call.own());
    let username = call.form.required("username")?;
    // That an application is there is no secret here.
    let info = services.applications.info(actor, &asked.client_id).await;
    info.map_err(told)?;
    let authorizations = &services.authorizations;
    let assigned = authorizations.assign(actor, &asked, &own, &username);
    assigned.await.map_err(told)?;
    let message = json!({ "message": "Token assigned successfully" });
    Ok(Outcome::Answer(Answer::ok(&message)?))
}

/// `GET /oauth/localapp`: where a token comes that a user has made for the own use. It is in the fragment, which
/// the page alone sees.
async fn local(State(app): State<App>, request: Request) -> Response {
    let call = Call::new(app, request.into_parts().0);
    if call.wants_page() {
        return call.page().await;
    }
    let answer = match call.form.get("scope") {
        Some(scope) => json!({ "scope": scope }),
        None => json!({ "message": "Authorization canceled" }),
    };
    call.respond(Answer::ok(&answer).map(Outcome::Answer))
}

/// `POST /oauth/access_token`: an application changes a code for a token.
async fn exchange(State(app): State<App>, request: Request) -> Response {
    answered(app, request, |call| exchanged(call).boxed()).await
}

async fn exchanged(call: &Call) -> Result<Outcome> {
    let form = &call.form;
    // The application may show itself in the header.
    let (client_id, client_secret) = match Authorization::of(&call.parts.headers) {
        Authorization::Basic { username, password } => (username, Some(password)),
        Authorization::Absent | Authorization::Bearer(_) | Authorization::Unusable => (
            form.required("client_id")?,
            form.get("client_secret").map(Secret::from),
        ),
    };
    let shown = Exchange {
        grant_type: form.required("grant_type")?,
        client_id,
        client_secret,
        code: form.required("code")?.into(),
        redirect_uri: form.required("redirect_uri")?,
        scope: form.required("scope")?,
    };
    let services = &call.app.services;
    let nobody = services
        .authn
        .anonymous(RequestOrigin::of(&call.parts.extensions));
    let given = services.authorizations.exchange(&nobody, &shown).await;
    match given.map_err(told)? {
        Ok(given) => Ok(Outcome::Answer(Answer::ok(&Token::from(&given))?)),
        Err(refusal) => Err(Failure::refusal(StatusCode::BAD_REQUEST, refusal.code())),
    }
}
