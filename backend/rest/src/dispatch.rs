//! From a request to the operation that it names, and from what that gives to the answer.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use berth_domain::Secret;
use berth_http::address::PublicAddress;
use berth_http::body::Incoming;
use berth_http::observe::record_actor;
use berth_http::origin::RequestOrigin;
use berth_services::Actor;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::identity::{Identity, check_xhr};
use crate::operation::{Operation, Outcome};
use crate::parameters::Query;
use crate::table::{Candidate, decoded};
use crate::{App, PREFIX, body};

/// Answers everything below `/api/v1`. Tools parse every answer as JSON, also that of an unknown path.
pub(crate) async fn serve(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let incoming = Incoming::new(body);
    let address = app.addresses.of(&parts.uri, &parts.headers);
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let segments = decoded(path).unwrap_or_default();
    let candidates = app.table.candidates(&segments);
    let is_shared = candidates.iter().all(|found| found.entry.is_shared());
    let outcome = dispatch(&app, &parts, &incoming, &address, candidates).await;
    let mut response = match outcome {
        Ok(answer) => answer.respond(),
        Err(failure) => {
            // So that a client that is still sending gets to see the answer.
            incoming.drain().await;
            failure.respond(&address)
        }
    };
    // Answers differ by who asks, and some hold a secret.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if response.status() == StatusCode::UNAUTHORIZED {
        // Browsers ask nobody for a password because of this one.
        let challenge = HeaderValue::from_static("Bearer");
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if is_shared {
        app.cors.tell(&parts.headers, response.headers_mut());
    }
    if parts.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

async fn dispatch(
    app: &App,
    parts: &Parts,
    incoming: &Incoming,
    address: &PublicAddress,
    candidates: Vec<Candidate<'_>>,
) -> Outcome {
    let method = &parts.method;
    let first = candidates.first().ok_or_else(Failure::not_found)?;
    if *method == Method::OPTIONS {
        let verbs = HeaderValue::from_str(&first.entry.verbs());
        let verbs = verbs.map_err(berth_domain::Error::internal)?;
        return Ok(Answer::new(StatusCode::OK, &())?.with(header::ALLOW, verbs));
    }
    let settings = app.services.settings();
    if settings.api.xhr_only && *method == Method::GET {
        check_xhr(&parts.headers)?;
    }
    let origin = RequestOrigin::of(&parts.extensions);
    let identity = Identity::of(&app.services, &parts.headers, origin).await?;
    let actor = &identity.actor;
    record_actor(actor.kind(), actor.name().as_deref());
    let (candidate, operation) = resolve(app, actor, candidates, method).await?;
    let query = parts.uri.query();
    identity
        .check(&app.services, operation, (&parts.headers, query))
        .await?;
    let query = Query::read(query, &operation.query)?;
    let body = body::read(&operation.body, &parts.headers, incoming).await?;
    let call = Call {
        services: app.services.clone(),
        session: identity.session().map(Secret::from),
        actor: identity.actor,
        address: address.clone(),
        query,
        table: std::sync::Arc::clone(&app.table),
        path: candidate.parameters,
        body,
    };
    let outcome = operation.run(call).await;
    if let Ok(answer) = &outcome {
        // Clients are generated from the descriptions: what tests see of an answer has to be in them.
        debug_assert_eq!(operation.describes(answer), Ok(()), "{}", operation.id);
    }
    outcome
}

/// What the request means. A name such as `acme/app/tag` may be a repository, or a list below `acme/app`: no word
/// is reserved (R5). The longest path below a repository that is there counts; where none of them is there,
/// the longest that offers the verb.
async fn resolve<'a>(
    app: &App,
    actor: &Actor,
    mut candidates: Vec<Candidate<'a>>,
    method: &Method,
) -> Result<(Candidate<'a>, &'a Operation), Failure> {
    if candidates.len() > 1 && candidates.iter().all(|found| found.repository().is_some()) {
        // What cannot be a repository's name is not looked for.
        let is_name = |found: &Candidate<'_>| {
            let name = found.repository().unwrap_or_default();
            app.services.repository_path(name).is_ok()
        };
        if candidates.iter().any(is_name) {
            candidates.retain(is_name);
        }
    }
    let mut chosen = None;
    if candidates.len() > 1 {
        for (position, found) in candidates.iter().enumerate() {
            let Some(name) = found.repository() else {
                // Words alone name it.
                chosen = Some(position);
                break;
            };
            let Ok(path) = app.services.repository_path(name) else {
                continue;
            };
            if app.services.repositories.is_seen(actor, &path).await? {
                chosen = Some(position);
                break;
            }
        }
        let offers = |found: &Candidate<'_>| found.entry.operation(method).is_some();
        chosen = chosen.or_else(|| candidates.iter().position(offers));
    }
    let candidate = candidates.swap_remove(chosen.unwrap_or(0));
    let offered = candidate.entry;
    match offered.operation(method) {
        Some(operation) => Ok((candidate, operation)),
        // What is switched off is not there, whatever else the path offers.
        None if offered.is_off(method) => Err(Failure::not_found()),
        None => Err(Failure::Verb(offered.verbs())),
    }
}
