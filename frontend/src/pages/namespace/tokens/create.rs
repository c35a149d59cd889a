//! The dialog that makes a token, and the one that shows it.

use cynic::MutationBuilder;
use leptos::prelude::*;

use super::super::credentials::{Login, Ways};
use crate::{
    api::use_api,
    components::{CopyLine, FormDialog, ShowDialog, TextField, Time, error_text},
    fragments::DateTime,
    i18n::*,
    schema,
    work::Work,
};

/// The name with which clients sign in with a token.
const USERNAME: &str = "$app";
/// Longest title, in characters.
const TITLE_MAX: usize = 255;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    title: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Create {
    #[arguments(input: { title: $title })]
    create_app_token: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateAppTokenPayload")]
struct Payload {
    token: String,
    app_token: Kept,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "AppToken")]
struct Kept {
    title: String,
    expires_at: Option<DateTime>,
}

/// A new token with its text.
#[derive(Clone)]
pub(super) struct Made {
    title: String,
    token: String,
    expires_at: Option<DateTime>,
}

fn is_title(text: &str) -> bool {
    (1..=TITLE_MAX).contains(&text.trim().chars().count())
}

/// *Create Application Token*: a title; the token comes next.
#[component]
pub(super) fn CreateToken(
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called with the new token.
    on_done: Callback<Made>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let title = RwSignal::new(String::new());
    let work = Work::new();
    let ready = Signal::derive(move || title.with(|title| is_title(title)));
    let error = Signal::derive(move || {
        if title.with(|title| !title.trim().is_empty() && !is_title(title)) {
            return Some(t_string!(i18n, rules.length).to_owned());
        }
        let error = work.error.get().filter(|_| work.refused("title"))?;
        Some(error_text(i18n, &error))
    });
    let on_submit = Callback::new(move |()| {
        let variables = Variables {
            title: title.get_untracked().trim().to_owned(),
        };
        work.start(api.run(Create::build(variables)), move |data| {
            let Payload { token, app_token } = data.create_app_token;
            let Kept { title, expires_at } = app_token;
            on_done.try_run(Made {
                title,
                token,
                expires_at,
            });
        });
    });
    view! {
        <FormDialog
            title=words!(i18n, tokens.create)
            work
            error=work.error_beside(&["title"])
            action=words!(i18n, tokens.create)
            ready
            on_submit
            on_close
        >
                        <TextField
                            id="token-title"
                            label=words!(i18n, tokens.title)
                            hint=words!(i18n, tokens.title_hint)
                            value=title
                            error
                            required=true
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// A new token, and the commands and files that carry it; nobody can read it again.
#[component]
pub(super) fn TokenOnce(
    /// The token.
    made: Made,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let Made {
        title,
        token,
        expires_at,
    } = made;
    let shown = token.clone();
    let credentials = RwSignal::new(Login {
        username: USERNAME.to_owned(),
        token,
    });
    view! {
        <ShowDialog
            title=Signal::derive(move || t_string!(i18n, tokens.made, name = title.clone()))
            on_close
        >
            <p class="berth-gap-below">
                {words!(i18n, tokens.once_here)}
                {expires_at
                    .map(|at| {
                        view! {
                            " "
                            {words!(i18n, tokens.expires)}
                            ": "
                            <Time at=Some(at)/>
                        }
                    })}
            </p>
            <Ways credentials itself=words!(i18n, tokens.token)>
                <CopyLine label=words!(i18n, robots.username) text=USERNAME/>
                <CopyLine label=words!(i18n, tokens.token) text=Signal::stored(shown.clone())/>
            </Ways>
        </ShowDialog>
    }
}

#[cfg(test)]
mod tests {
    use super::is_title;

    #[test]
    fn a_title_has_1_to_255_characters() {
        assert!(is_title("laptop") && is_title(&"あ".repeat(255)));
        assert!(!is_title("  ") && !is_title(&"a".repeat(256)));
    }
}
