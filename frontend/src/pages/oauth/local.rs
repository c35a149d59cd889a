//! `/oauth/localapp`: shows a token to who made it for the own use.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsValue;

use crate::{
    commands,
    components::{CopyLine, Heading, Time},
    fragments::DateTime,
    i18n::*,
    paths::{LOCAL_APP, QueryString},
    session::use_session,
    text,
};

/// With this name clients sign in by an access token.
const USERNAME: &str = "$oauthtoken";

/// What the address brought along.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// A token, and after how many seconds it ends.
    Token { token: String, expires_in: i64 },
    /// Nobody consented.
    Denied,
    /// Nothing, since the address was opened by itself or again.
    Nothing,
}

impl Outcome {
    fn of(search: &str, fragment: &str) -> Self {
        let fragment = QueryString::parse(fragment.trim_start_matches('#'));
        if let Some(token) = fragment.get("access_token").filter(|text| !text.is_empty()) {
            let expires_in = fragment
                .get("expires_in")
                .and_then(|text| text.parse().ok());
            return Self::Token {
                token: token.to_owned(),
                expires_in: expires_in.unwrap_or(0),
            };
        }
        match QueryString::parse(search).get("error") {
            Some(_) => Self::Denied,
            None => Self::Nothing,
        }
    }
}

/// Takes the token out of the address bar and the history of the browser.
fn forget() {
    if let Ok(history) = window().history() {
        // Refused only to pages that do it without end.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(LOCAL_APP));
    }
}

/// The token, this once.
#[component]
pub(crate) fn LocalApp() -> impl IntoView {
    let i18n = use_i18n();
    let fragment = window().location().hash().unwrap_or_default();
    let search = use_location().search.get_untracked();
    let outcome = Outcome::of(&search, &fragment);
    if outcome != Outcome::Nothing {
        forget();
    }
    let content = match outcome {
        Outcome::Token { token, expires_in } => view! { <Token token expires_in/> }.into_any(),
        Outcome::Denied => view! {
            <Heading title=words!(i18n, local_app.denied)/>
            <p>{words!(i18n, local_app.denied_text)}</p>
        }
        .into_any(),
        Outcome::Nothing => view! {
            <Heading title=words!(i18n, local_app.title)/>
            <p>{words!(i18n, local_app.nothing)}</p>
        }
        .into_any(),
    };
    view! {
        <section class="berth-login">
            <div class="berth-login__card berth-consent">
                {content}
                <p class="berth-login__foot"><a href="/repository">{words!(i18n, consent.to_console)}</a></p>
            </div>
        </section>
    }
}

#[component]
fn Token(token: String, expires_in: i64) -> impl IntoView {
    let (i18n, session) = (use_i18n(), use_session());
    let registry = session.registry();
    let login = commands::podman_login(&registry, USERNAME, &token);
    let call = format!(
        "curl -H 'Authorization: Bearer {token}' {}://{}/api/v1/user/",
        registry.scheme,
        registry.host()
    );
    let ends = (expires_in > 0).then(|| DateTime(text::instant_in(expires_in)));
    view! {
        <Heading title=words!(i18n, local_app.title)/>
        <p>
            {words!(i18n, local_app.once)}
            {ends.map(|at| view! { " " {words!(i18n, local_app.expires)} " " <Time at=Some(at)/> })}
        </p>
        <div class="berth-commands">
            <CopyLine label=words!(i18n, local_app.title) text=Signal::stored(token)/>
            <CopyLine label=words!(i18n, local_app.call) text=Signal::stored(call)/>
            <CopyLine label=words!(i18n, robots.tab_podman) text=Signal::stored(login)/>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_the_fragment_alone() {
        let fragment = "#access_token=abc123&token_type=Bearer&expires_in=3600";
        assert_eq!(
            Outcome::of("scope=repo:read", fragment),
            Outcome::Token {
                token: "abc123".into(),
                expires_in: 3600
            }
        );
        assert_eq!(Outcome::of("access_token=abc123", ""), Outcome::Nothing);
        assert_eq!(Outcome::of("", "#access_token="), Outcome::Nothing);
        assert_eq!(
            Outcome::of("?error=authorization_denied", ""),
            Outcome::Denied
        );
    }
}
