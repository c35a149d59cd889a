//! The dialog that makes an access token by name, and the one that shows it.

use berth_domain::Scope;
use cynic::MutationBuilder;
use leptos::prelude::*;

use super::Key;
use crate::{
    api::use_api,
    components::{
        CopyLine, FormDialog, FormGroup, ScopeChoices, Select, ShowDialog, TextField, Time,
        error_text, joined_scopes,
    },
    fragments::DateTime,
    i18n::*,
    schema,
    work::Work,
};

/// Longest name, in characters.
const NAME_MAX: usize = 255;
/// A day, in seconds.
const DAY_S: i32 = 86_400;
/// How long a token may live, in days. The last is as long as the registry lets any live.
const LIVES: [i32; 5] = [7, 30, 90, 365, 3_652];
/// Which of them is chosen at first.
const LIFE_DEFAULT: i32 = 90;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    client_id: String,
    name: String,
    scope: String,
    expires_in_seconds: i32,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Create {
    #[arguments(input: {
        clientId: $client_id,
        name: $name,
        scope: $scope,
        expiresInSeconds: $expires_in_seconds
    })]
    create_application_token: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateApplicationTokenPayload")]
struct Payload {
    token: String,
    access_token: Kept,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "AccessToken")]
struct Kept {
    name: Option<String>,
    expires_at: DateTime,
}

/// A new token with its text.
#[derive(Clone)]
pub(super) struct Made {
    name: String,
    token: String,
    expires_at: DateTime,
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.trim().chars().count())
}

/// A life in words.
fn life(i18n: I18n, days: i32) -> String {
    match days {
        365 => t_string!(i18n, applications.life_year).to_owned(),
        3_652 => t_string!(i18n, applications.life_longest).to_owned(),
        days => t_string!(i18n, applications.life_days, number = days),
    }
}

/// *Create Access Token*: a name, what it may do, and for how long. It uses the viewer's own rights, and nobody is asked.
#[component]
pub(super) fn CreateAccessToken(
    /// Of which application.
    application: Key,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called with the new token.
    on_done: Callback<Made>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let Key {
        client_id,
        name: application,
    } = application;
    let name = RwSignal::new(String::new());
    let chosen = RwSignal::new(Vec::<Scope>::new());
    let days = RwSignal::new(LIFE_DEFAULT);
    let work = Work::new();
    let ready =
        Signal::derive(move || name.with(|name| is_name(name)) && !chosen.with(Vec::is_empty));
    let error = Signal::derive(move || {
        if name.with(|name| !name.trim().is_empty() && !is_name(name)) {
            return Some(t_string!(i18n, rules.length).to_owned());
        }
        let error = work.error.get().filter(|_| work.refused("name"))?;
        Some(error_text(i18n, &error))
    });
    let on_submit = Callback::new(move |()| {
        let variables = Variables {
            client_id: client_id.clone(),
            name: name.get_untracked().trim().to_owned(),
            scope: chosen.with_untracked(|chosen| joined_scopes(chosen)),
            expires_in_seconds: days.get_untracked() * DAY_S,
        };
        work.start(api.run(Create::build(variables)), move |data| {
            let Payload {
                token,
                access_token: Kept { name, expires_at },
            } = data.create_application_token;
            on_done.try_run(Made {
                name: name.unwrap_or_default(),
                token,
                expires_at,
            });
        });
    });
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, applications.create_token_title, name = application.clone()))
            work
            error=work.error_beside(&["name"])
            action=words!(i18n, applications.create_token)
            ready
            on_submit
            on_close
        >
                        <p class="berth-muted">{words!(i18n, applications.create_token_text)}</p>
                        <TextField
                            id="access-token-name"
                            label=words!(i18n, applications.token_name)
                            hint=words!(i18n, applications.token_name_hint)
                            value=name
                            error
                            required=true
                            autofocus=true
                        />
                        <ScopeChoices chosen/>
                        <FormGroup id="access-token-life" label=words!(i18n, applications.life)>
                            <Select
                                id="access-token-life"
                                options=Signal::derive(move || {
                                    LIVES.map(|days| (days.to_string(), life(i18n, days))).to_vec()
                                })
                                value=Signal::derive(move || days.get().to_string())
                                on_change=Callback::new(move |value: String| {
                                    days.set(value.parse().unwrap_or(LIFE_DEFAULT));
                                })
                            />
                        </FormGroup>
        </FormDialog>
    }
}

/// A new token; nobody can read it again.
#[component]
pub(super) fn TokenOnce(
    /// The token.
    made: Made,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let Made {
        name,
        token,
        expires_at,
    } = made;
    view! {
        <ShowDialog
            title=Signal::derive(move || t_string!(i18n, tokens.made, name = name.clone()))
            on_close
        >
            <div class="berth-commands">
                <p role="status">
                    {words!(i18n, tokens.once)} " " {words!(i18n, tokens.expires)} ": " <Time at=Some(expires_at)/>
                </p>
                <CopyLine label=words!(i18n, applications.access_token) text=Signal::stored(token)/>
            </div>
        </ShowDialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_255_characters() {
        assert!(is_name("nightly") && is_name(&"あ".repeat(255)));
        assert!(!is_name("  ") && !is_name(&"a".repeat(256)));
    }

    #[test]
    fn every_life_fits_and_one_of_them_is_chosen_at_first() {
        assert!(LIVES.contains(&LIFE_DEFAULT) && LIVES.is_sorted());
        assert!(LIVES.iter().all(|days| days.checked_mul(DAY_S).is_some()));
    }
}
