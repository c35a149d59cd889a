//! Signing in and out with a password.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use berth_domain::{Error, Scope, Secret};
use berth_http::cookies::Cookies;
use berth_services::Credential;
use berth_services::authn::Session;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, text};

/// What the next change has to show, after a sign-in.
const X_NEXT_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-next-csrf-token");

pub(super) fn group() -> Group {
    let password = || text("The user's password");
    Group {
        tag: super::user::TAG,
        description: super::user::DESCRIPTION,
        operations: vec![
            Operation::post(
                "/signin",
                "signinUser",
                "Sign in the user with the specified credentials",
                sign_in,
            )
            .body(
                Schema::new("SigninUser")
                    .required("username", text("The user's username"))
                    .required("password", password())
                    .optional(
                        "invite_code",
                        text(
                            "The code of a mail that asks into a team, which confirms the address",
                        ),
                    ),
            )
            .feature(|settings| settings.users.direct_login)
            .always_open()
            .while_read_only()
            .internal(),
            Operation::post(
                "/signin/verify",
                "verifyUser",
                "Verify the signed in user with the specified credentials",
                verify,
            )
            .scope(Scope::UserAdmin)
            .body(Schema::new("VerifyUser").required("password", password()))
            .feature(|settings| settings.users.direct_login)
            .while_read_only()
            .internal(),
            Operation::post(
                "/signout",
                "logout",
                "Request that the current user be signed out",
                sign_out,
            )
            .internal(),
        ],
    }
}

#[derive(Deserialize)]
struct SignIn {
    username: String,
    password: Secret<String>,
    invite_code: Option<Secret<String>>,
}

#[derive(Serialize)]
struct Success {
    success: bool,
}

async fn sign_in(call: Call) -> Outcome {
    let body: SignIn = call.body()?;
    let authn = &call.services.authn;
    let origin = call.actor.origin().clone();
    let code = body.invite_code.as_ref().map(|code| code.expose().as_str());
    let signed_in = authn.sign_in_invited(&body.username, &body.password, code, origin);
    match signed_in.await {
        Ok(session) => begin(&call, &session),
        Err(Error::EmailUnverified) => Err(refused(true, None)),
        Err(Error::Unauthenticated { message }) => Err(refused(false, Some(&message))),
        Err(other) => Err(other.into()),
    }
}

fn refused(needs_verification: bool, message: Option<&str>) -> Failure {
    Failure::Other {
        status: StatusCode::FORBIDDEN,
        body: json!({
            "needsEmailVerification": needs_verification,
            "invalidCredentials": !needs_verification,
            "message": message,
        }),
    }
}

/// The answer to a sign-in.
pub(super) fn begin(call: &Call, session: &Session) -> Outcome {
    with_session(call, session, Answer::ok(&Success { success: true })?)
}

/// An answer that gives the browser a new session.
pub(super) fn with_session(call: &Call, session: &Session, answer: Answer) -> Outcome {
    let life_s = call.services.settings().users.session_life.as_secs();
    let cookies = Cookies::for_scheme(&call.address.scheme);
    let csrf = HeaderValue::from_str(&session.csrf).map_err(Error::internal)?;
    let mut answer = answer.with(X_NEXT_CSRF_TOKEN, csrf);
    for cookie in cookies.sign_in(session.token.expose(), &session.csrf, life_s) {
        answer = answer.with(SET_COOKIE, cookie);
    }
    Ok(answer)
}

#[derive(Deserialize)]
struct Verify {
    password: Secret<String>,
}

/// Shows the password again, for changes that want it to be fresh. A token is always fresh and has none.
async fn verify(call: Call) -> Outcome {
    let body: Verify = call.body()?;
    if !matches!(call.actor.credential(), Credential::Session(_)) {
        return Err(Failure::forbidden());
    }
    let authn = &call.services.authn;
    match authn.verify_password(&call.actor, &body.password).await {
        Ok(_) => verified(&call),
        Err(Error::Invalid { message, .. }) => Err(Failure::Other {
            status: StatusCode::FORBIDDEN,
            body: json!({ "message": message, "invalidCredentials": true }),
        }),
        Err(other) => Err(other.into()),
    }
}

/// Clients take from here what the next change shows: the session goes on, with another token of it in the cookie too.
fn verified(call: &Call) -> Outcome {
    let answer = Answer::ok(&Success { success: true })?;
    let Some(session) = &call.session else {
        return Ok(answer);
    };
    let csrf = call.services.authn.csrf_token(session.expose());
    let life_s = call.services.settings().users.session_life.as_secs();
    let cookie = Cookies::for_scheme(&call.address.scheme).csrf(&csrf, life_s);
    let csrf = HeaderValue::from_str(&csrf).map_err(Error::internal)?;
    let answer = answer.with(X_NEXT_CSRF_TOKEN, csrf);
    Ok(cookie
        .into_iter()
        .fold(answer, |answer, cookie| answer.with(SET_COOKIE, cookie)))
}

/// Ends every session of the user.
async fn sign_out(call: Call) -> Outcome {
    call.services.authn.sign_out(&call.actor).await?;
    let cookies = Cookies::for_scheme(&call.address.scheme);
    let mut answer = Answer::ok(&Success { success: true })?;
    for cookie in cookies.sign_out() {
        answer = answer.with(SET_COOKIE, cookie);
    }
    Ok(answer)
}
