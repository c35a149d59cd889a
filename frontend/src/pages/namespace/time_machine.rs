//! How long deleted and moved tags can be restored: the choice of a namespace.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    api::use_api,
    components::{Button, ButtonKind, FormAlert, Select, use_toasts, warn_before_leaving},
    i18n::*,
    schema, text,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct OrganizationVariables {
    name: String,
    seconds: i32,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "OrganizationVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct UpdateOrganization {
    #[arguments(input: { name: $name, tagExpirationSeconds: $seconds })]
    update_organization: OrganizationPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateOrganizationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct OrganizationPayload {
    organization: ChangedOrganization,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Organization")]
#[expect(dead_code, reason = "only the success matters")]
struct ChangedOrganization {
    id: cynic::Id,
}

#[derive(cynic::QueryVariables, Debug)]
struct AccountVariables {
    seconds: i32,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "AccountVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct UpdateAccount {
    #[arguments(input: { tagExpirationSeconds: $seconds })]
    update_account: AccountPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateAccountPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct AccountPayload {
    user: ChangedUser,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "User")]
#[expect(dead_code, reason = "only the success matters")]
struct ChangedUser {
    id: cynic::Id,
}

/// *Time Machine*: the time in force, and the others that the registry offers.
#[component]
pub(super) fn TimeMachine(
    /// Of which organization; without one, of the viewer's own namespace.
    organization: Option<String>,
    /// The time in force.
    seconds: i32,
    /// The times offered; none where namespaces cannot choose.
    offered: Vec<i32>,
) -> impl IntoView {
    let i18n = use_i18n();
    let choice = if offered.is_empty() {
        view! {
            <p>{move || time_words(i18n, seconds)}</p>
            <p class="berth-muted">{words!(i18n, namespace.time_machine_fixed)}</p>
        }
        .into_any()
    } else {
        view! { <Choice organization seconds offered/> }.into_any()
    };
    view! {
        <section class="berth-card" aria-labelledby="time-machine-title">
            <h2 id="time-machine-title">{words!(i18n, namespace.time_machine)}</h2>
            <p class="berth-muted">{words!(i18n, namespace.time_machine_text)}</p>
            {choice}
        </section>
    }
}

#[component]
fn Choice(organization: Option<String>, seconds: i32, offered: Vec<i32>) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let saved = RwSignal::new(seconds);
    let chosen = RwSignal::new(seconds);
    let is_changed = Signal::derive(move || chosen.get() != saved.get());
    warn_before_leaving(is_changed);
    let work = Work::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !is_changed.get_untracked() {
            return;
        }
        let seconds = chosen.get_untracked();
        let answer = match &organization {
            Some(name) => {
                let name = name.clone();
                let variables = OrganizationVariables { name, seconds };
                api.done(UpdateOrganization::build(variables))
            }
            None => api.done(UpdateAccount::build(AccountVariables { seconds })),
        };
        work.start(answer, move |()| {
            saved.try_set(seconds);
            toasts.success(tu_string!(i18n, namespace.time_machine_saved));
        });
    };
    let options = Signal::derive(move || {
        choices(&offered, saved.get())
            .into_iter()
            .map(|seconds| (seconds.to_string(), time_words(i18n, seconds)))
            .collect::<Vec<_>>()
    });
    view! {
        <form class="pf-v6-c-form" on:submit=submit novalidate>
            <FormAlert error=work.error/>
            <div class="berth-row">
                <span class="berth-select-medium">
                    <Select
                        label=words!(i18n, namespace.time_machine)
                        options
                        value=Signal::derive(move || chosen.get().to_string())
                        on_change=Callback::new(move |value: String| {
                            if let Ok(seconds) = value.parse() {
                                chosen.set(seconds);
                            }
                        })
                    />
                </span>
                <Button
                    kind=ButtonKind::Primary
                    submit=true
                    busy=work.busy
                    disabled=Signal::derive(move || !is_changed.get())
                >
                    {words!(i18n, common.save)}
                </Button>
            </div>
        </form>
    }
}

/// What is offered, after what is in force where that is not among it.
fn choices(offered: &[i32], saved: i32) -> Vec<i32> {
    let other = Some(saved).filter(|saved| !offered.contains(saved));
    other.into_iter().chain(offered.iter().copied()).collect()
}

/// A time in words; those of the registry's own choices are known from the user guide.
fn time_words(i18n: I18n, seconds: i32) -> String {
    const DAY: i32 = 86_400;
    const FOUR_WEEKS: i32 = 28 * DAY;
    match seconds {
        0 => t_string!(i18n, namespace.few_seconds).to_owned(),
        DAY => t_string!(i18n, namespace.day).to_owned(),
        FOUR_WEEKS => t_string!(i18n, namespace.month).to_owned(),
        _ => text::duration(language(i18n), seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_force_is_a_choice_even_where_it_is_not_offered() {
        assert_eq!(choices(&[0, 60, 3600], 60), [0, 60, 3600]);
        assert_eq!(choices(&[0, 60], 3600), [3600, 0, 60]);
    }
}
