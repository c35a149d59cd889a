//! GraphQL over HTTP: one call, one error type, and the wait for the password when the session ended or is too old.

mod error;
mod live;

pub(crate) use error::{ApiError, ErrorClass};
pub(crate) use live::follow;

use cynic::{GraphQlResponse, Operation};
use futures::{channel::oneshot, future::LocalBoxFuture};
use gloo_net::http::{Method, Request, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use wasm_bindgen::JsCast;

/// What a call will have answered.
pub(crate) type Answer<Data> = LocalBoxFuture<'static, Result<Data, ApiError>>;

/// What refused calls wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The session ended: a new sign-in.
    SignIn,
    /// The call is for who has just given the password: once more.
    Password,
}

/// Who calls the registry; a copy of it goes into every component that does.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    signed_in: RwSignal<bool>,
    wanted: RwSignal<Option<Wanted>>,
    waiting: StoredValue<Vec<oneshot::Sender<bool>>>,
    unreachable: RwSignal<bool>,
}

/// While the registry does not answer it is asked again this often.
const KNOCK_MS: u32 = 3_000;

impl Api {
    /// To be made once, at the root.
    pub(crate) fn new() -> Self {
        Self {
            signed_in: RwSignal::new(false),
            wanted: RwSignal::new(None),
            waiting: StoredValue::new(Vec::new()),
            unreachable: RwSignal::new(false),
        }
    }

    /// True from a call that the registry did not answer until it answers again.
    pub(crate) fn is_unreachable(self) -> bool {
        self.unreachable.get()
    }

    /// Says whether an `UNAUTHENTICATED` answer means that the session ended.
    pub(crate) fn set_signed_in(self, signed_in: bool) {
        self.signed_in.set(signed_in);
    }

    /// What calls wait for.
    pub(crate) fn wanted(self) -> Option<Wanted> {
        self.wanted.get()
    }

    /// What a refused call has to wait for; nothing where waiting would not help.
    fn wants(self, error: &ApiError) -> Option<Wanted> {
        match error.class {
            ErrorClass::Unauthenticated => self.signed_in.get_untracked().then_some(Wanted::SignIn),
            ErrorClass::FreshLogin => Some(Wanted::Password),
            _ => None,
        }
    }

    /// Waits for the user; true when the call may be tried again.
    async fn wait_for(self, wanted: Wanted) -> bool {
        let (sender, receiver) = oneshot::channel();
        self.waiting.update_value(|waiting| waiting.push(sender));
        // Whoever signs in gives the password too. A question that is open already stays as it is.
        let asked = self.wanted.get_untracked();
        if asked != Some(wanted) && asked != Some(Wanted::SignIn) {
            self.wanted.set(Some(wanted));
        }
        receiver.await == Ok(true)
    }

    /// Lets the waiting calls go on (the password was given) or fail.
    pub(crate) fn answer_wanted(self, given: bool) {
        self.wanted.set(None);
        for sender in self
            .waiting
            .try_update_value(std::mem::take)
            .unwrap_or_default()
        {
            // The call may have been dropped with its page.
            let _ = sender.send(given);
        }
    }

    /// Runs a query or a mutation. When the session ended meanwhile or is too old, waits for the password and tries
    /// once more.
    pub(crate) fn run<Data, Variables>(self, operation: Operation<Data, Variables>) -> Answer<Data>
    where
        Data: DeserializeOwned + 'static,
        Variables: Serialize,
    {
        self.send(&operation, true)
    }

    /// Runs an operation whose refusal is an answer and not an ended session, such as a sign-in.
    pub(crate) fn run_once<Data, Variables>(
        self,
        operation: Operation<Data, Variables>,
    ) -> Answer<Data>
    where
        Data: DeserializeOwned + 'static,
        Variables: Serialize,
    {
        self.send(&operation, false)
    }

    /// Runs a mutation of which only the success matters. What it answers is not read, so the
    /// compiler makes no reader for it.
    pub(crate) fn done<Data, Variables: Serialize>(
        self,
        operation: Operation<Data, Variables>,
    ) -> Answer<()> {
        self.ignore(&operation, true)
    }

    /// The same where a refusal is an answer and not an ended session.
    pub(crate) fn done_once<Data, Variables: Serialize>(
        self,
        operation: Operation<Data, Variables>,
    ) -> Answer<()> {
        self.ignore(&operation, false)
    }

    fn ignore<Data, Variables: Serialize>(
        self,
        operation: &Operation<Data, Variables>,
        asks: bool,
    ) -> Answer<()> {
        let body = serde_json::to_string(operation).map_err(|_| ApiError::unreadable());
        let data = self.data(body, asks);
        Box::pin(async move { data.await.map(|_| ()) })
    }

    fn send<Data, Variables>(
        self,
        operation: &Operation<Data, Variables>,
        asks: bool,
    ) -> Answer<Data>
    where
        Data: DeserializeOwned + 'static,
        Variables: Serialize,
    {
        let body = serde_json::to_string(operation).map_err(|_| ApiError::unreadable());
        let data = self.data(body, asks);
        Box::pin(async move {
            serde_json::from_str(data.await?.get()).map_err(|_| ApiError::unreadable())
        })
    }

    async fn call(self, body: &str) -> Result<Box<RawValue>, ApiError> {
        let answer = match post(body).await {
            Ok(response) => decode(response),
            Err(error) => Err(error),
        };
        let silent = answer.as_ref().err().is_some_and(ApiError::is_silence);
        if silent && !self.unreachable.get_untracked() {
            self.knock();
        } else if !silent {
            self.unreachable.set(false);
        }
        answer
    }

    /// Asks for as little as possible until there is an answer.
    fn knock(self) {
        self.unreachable.set(true);
        spawn_local(async move {
            while self.unreachable.get_untracked() {
                TimeoutFuture::new(KNOCK_MS).await;
                let answer = post("{\"query\":\"{ __typename }\"}").await;
                if answer.is_ok_and(|response| response.status < 500) {
                    self.unreachable.set(false);
                }
            }
        });
    }

    /// Sends a request of an explorer as [`raw`] does. One that is for who has just given the password waits for it, and
    /// is sent once more.
    pub(crate) async fn try_raw(
        self,
        verb: &str,
        address: &str,
        json: Option<String>,
    ) -> Result<RawAnswer, ApiError> {
        let answer = raw(verb, address, json.clone()).await?;
        if answer.wants_password() && self.wait_for(Wanted::Password).await {
            return raw(verb, address, json).await;
        }
        Ok(answer)
    }

    /// The part that knows no operation, so that the compiler makes it once.
    fn data(self, body: Result<String, ApiError>, asks: bool) -> Answer<Box<RawValue>> {
        Box::pin(async move {
            let body = body?;
            let answer = self.call(&body).await;
            let refusal = answer.as_ref().err().filter(|_| asks);
            match refusal.and_then(|error| self.wants(error)) {
                Some(wanted) if self.wait_for(wanted).await => self.call(&body).await,
                _ => answer,
            }
        })
    }
}

/// The caller provided at the root.
pub(crate) fn use_api() -> Api {
    expect_context()
}

struct Response {
    status: u16,
    request_id: Option<String>,
    text: String,
}

async fn post(body: &str) -> Result<Response, ApiError> {
    let mut request = Request::post("/graphql")
        .header("Content-Type", "application/json")
        .header(
            "Accept",
            "application/graphql-response+json, application/json;q=0.9",
        );
    if let Some(token) = csrf_token() {
        request = request.header("X-CSRF-Token", &token);
    }
    let response = request
        .body(body.to_owned())
        .map_err(|_| ApiError::offline())?
        .send()
        .await
        .map_err(|_| ApiError::offline())?;
    Ok(Response {
        status: response.status(),
        request_id: response.headers().get("x-request-id"),
        text: response.text().await.map_err(|_| ApiError::offline())?,
    })
}

/// What a request of an explorer was answered, whatever it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawAnswer {
    /// Of HTTP.
    pub(crate) status: u16,
    /// The body.
    pub(crate) text: String,
    /// From the question to the last byte.
    pub(crate) milliseconds: u32,
}

impl RawAnswer {
    /// Whether it is a refusal that the password ends: of `/api/v1`, or of `/graphql`.
    fn wants_password(&self) -> bool {
        #[derive(Deserialize)]
        struct Problem {
            error_type: String,
        }
        if let Ok(problem) = serde_json::from_str::<Problem>(&self.text) {
            return self.status == 401 && problem.error_type == "fresh_login_required";
        }
        let answer = decode(Response {
            status: self.status,
            request_id: None,
            text: self.text.clone(),
        });
        answer.is_err_and(|error| error.class == ErrorClass::FreshLogin)
    }
}

/// Sends a request with the session as it is, and hands on what comes. Only silence is a failure.
pub(crate) async fn raw(
    verb: &str,
    address: &str,
    json: Option<String>,
) -> Result<RawAnswer, ApiError> {
    let verb: Method = verb.parse().map_err(|_| ApiError::unreadable())?;
    let mut request = RequestBuilder::new(address)
        .method(verb)
        .header("X-Requested-With", "XMLHttpRequest");
    if let Some(token) = csrf_token() {
        request = request.header("X-CSRF-Token", &token);
    }
    let request = match json {
        Some(json) => request
            .header("Content-Type", "application/json")
            .body(json),
        None => request.build(),
    };
    let begun = js_sys::Date::now();
    let response = request
        .map_err(|_| ApiError::unreadable())?
        .send()
        .await
        .map_err(|_| ApiError::offline())?;
    let text = response.text().await.map_err(|_| ApiError::offline())?;
    let took = js_sys::Date::now() - begun;
    Ok(RawAnswer {
        status: response.status(),
        text,
        // Whole milliseconds are what is shown.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded below, and saturates"
        )]
        milliseconds: took.max(0.0) as u32,
    })
}

/// The token that the server keeps in a cookie scripts may read; other sites' scripts may not.
fn csrf_token() -> Option<String> {
    let document = document().dyn_into::<web_sys::HtmlDocument>().ok()?;
    let cookies = document.cookie().ok()?;
    cookies
        .split("; ")
        .find_map(|cookie| cookie.strip_prefix("berth_csrf="))
        .map(str::to_owned)
}

/// The data of an answer, or its first error.
fn decode(response: Response) -> Result<Box<RawValue>, ApiError> {
    let Response {
        status,
        request_id,
        text,
    } = response;
    let answer: GraphQlResponse<Box<RawValue>, error::Extensions> =
        match serde_json::from_str(&text) {
            Ok(answer) => answer,
            Err(_) => return Err(ApiError::of_status(status, request_id)),
        };
    match (
        answer.data,
        answer.errors.unwrap_or_default().into_iter().next(),
    ) {
        (_, Some(error)) => Err(ApiError::of_graphql(error, request_id)),
        (Some(data), None) => Ok(data),
        (None, None) => Err(ApiError::of_status(status, request_id)),
    }
}

#[cfg(test)]
mod tests {
    use super::RawAnswer;

    #[test]
    fn only_a_stale_login_is_ended_by_the_password() {
        let wants = |status, text: &str| {
            let answer = RawAnswer {
                status,
                text: text.to_owned(),
                milliseconds: 1,
            };
            answer.wants_password()
        };
        assert!(wants(
            401,
            r#"{"status":401,"error_type":"fresh_login_required"}"#
        ));
        assert!(!wants(401, r#"{"error_type":"invalid_token"}"#));
        assert!(!wants(200, r#"{"error_type":"fresh_login_required"}"#));
        assert!(!wants(401, "fresh_login_required"));
        let graphql = |code: &str| {
            format!(
                r#"{{"data":null,"errors":[{{"message":"?","extensions":{{"code":"{code}"}}}}]}}"#
            )
        };
        assert!(wants(200, &graphql("FRESH_LOGIN_REQUIRED")));
        assert!(!wants(200, &graphql("UNAUTHENTICATED")));
        assert!(!wants(
            200,
            r#"{"data":{"viewer":{"name":"FRESH_LOGIN_REQUIRED"}}}"#
        ));
    }
}
