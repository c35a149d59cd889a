//! What a user tells of itself.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};

use super::Profile;
use crate::{
    api::use_api,
    components::{Button, ButtonKind, FormAlert, TextField, use_toasts, warn_before_leaving},
    i18n::*,
    schema,
    work::Work,
};

/// Longest name, company or place, in characters.
const CHARS_MAX: usize = 255;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    given_name: String,
    family_name: String,
    company: String,
    location: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Update {
    #[arguments(input: { givenName: $given_name, familyName: $family_name, company: $company, location: $location })]
    update_account: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateAccountPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    user: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "User")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    id: cynic::Id,
}

fn is_too_long(text: &str) -> bool {
    text.trim().chars().count() > CHARS_MAX
}

/// The form with names, company and location.
#[component]
pub(super) fn Names(
    /// What was told so far.
    profile: Profile,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let told = [
        profile.given_name,
        profile.family_name,
        profile.company,
        profile.location,
    ]
    .map(Option::unwrap_or_default);
    let typed = told.clone().map(RwSignal::new);
    let saved = RwSignal::new(told);
    let [given_name, family_name, company, location] = typed;
    let now = move || typed.map(|text| text.get().trim().to_owned());
    let is_changed = Signal::derive(move || saved.with(|saved| *saved != now()));
    warn_before_leaving(is_changed);
    let work = Work::new();
    let error = move |text: RwSignal<String>| {
        Signal::derive(move || {
            text.with(|text| is_too_long(text))
                .then(|| t_string!(i18n, rules.length).to_owned())
        })
    };
    let ready = Signal::derive(move || {
        is_changed.get()
            && typed
                .iter()
                .all(|text| !text.with(|text| is_too_long(text)))
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !ready.get_untracked() {
            return;
        }
        let told = untrack(now);
        let [given_name, family_name, company, location] = told.clone();
        let variables = Variables {
            given_name,
            family_name,
            company,
            location,
        };
        work.start(api.done(Update::build(variables)), move |()| {
            saved.try_set(told);
            toasts.success(tu_string!(i18n, own.names_saved));
        });
    };
    view! {
        <section class="berth-card" aria-labelledby="names-title">
            <h2 id="names-title">{words!(i18n, own.names)}</h2>
            <form class="pf-v6-c-form" on:submit=submit novalidate>
                <FormAlert error=work.error/>
                <TextField
                    id="given-name"
                    label=words!(i18n, own.given_name)
                    value=given_name
                    error=error(given_name)
                    autocomplete="given-name"
                />
                <TextField
                    id="family-name"
                    label=words!(i18n, own.family_name)
                    value=family_name
                    error=error(family_name)
                    autocomplete="family-name"
                />
                <TextField
                    id="company"
                    label=words!(i18n, own.company)
                    value=company
                    error=error(company)
                    autocomplete="organization"
                />
                <TextField
                    id="location"
                    label=words!(i18n, own.location)
                    value=location
                    error=error(location)
                />
                <div class="pf-v6-c-form__group pf-m-action">
                    <Button
                        kind=ButtonKind::Primary
                        submit=true
                        busy=work.busy
                        disabled=Signal::derive(move || !ready.get())
                    >
                        {words!(i18n, common.save)}
                    </Button>
                </div>
            </form>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::is_too_long;

    #[test]
    fn a_name_is_counted_in_characters() {
        assert!(!is_too_long(&"あ".repeat(255)) && !is_too_long(&format!("{}  ", "a".repeat(255))));
        assert!(is_too_long(&"あ".repeat(256)));
    }
}
