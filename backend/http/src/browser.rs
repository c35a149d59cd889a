//! A signed-in browser: its session cookie, and the token that shows that a page of ours sent the request.

use axum::http::{HeaderMap, HeaderName};
use berth_domain::Result;
use berth_services::authn::Authn;
use berth_services::{Actor, Origin};

use crate::cookies;

/// Header in which a session shows its CSRF token.
pub const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// A session that lives, and whose it is.
#[derive(Debug, Clone)]
pub struct Browser<'a> {
    /// The user.
    pub actor: Actor,
    /// Value of the session's cookie.
    pub session: &'a str,
}

impl<'a> Browser<'a> {
    /// The browser behind a request; `None` without a session, and for one that has ended.
    ///
    /// # Errors
    /// A disabled user is refused.
    pub async fn of(authn: &Authn, headers: &'a HeaderMap, origin: Origin) -> Result<Option<Self>> {
        let session = cookies::read(headers, cookies::SESSION).filter(|text| !text.is_empty());
        let Some(session) = session else {
            return Ok(None);
        };
        let actor = authn.session(session, origin).await?;
        Ok(actor.map(|actor| Self { actor, session }))
    }
}

/// The CSRF token that a request shows in its header; empty for none.
pub fn shown_csrf_token(headers: &HeaderMap) -> &str {
    headers
        .get(X_CSRF_TOKEN)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
