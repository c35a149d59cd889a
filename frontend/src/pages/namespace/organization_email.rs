//! Where an organization is reached.

use berth_domain::Email;
use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, FormAlert, TextField, error_text, use_toasts, warn_before_leaving,
    },
    i18n::*,
    pages::setup::{is_email, refusal},
    schema,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    email: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Change {
    #[arguments(input: { name: $name, email: $email })]
    update_organization: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateOrganizationPayload")]
struct Payload {
    organization: Organization,
}

#[derive(cynic::QueryFragment, Debug)]
struct Organization {
    email: Option<String>,
}

/// The address, and the form that changes it or takes it away.
#[component]
pub(super) fn OrganizationEmail(
    /// Name of the organization.
    name: String,
    /// The address.
    email: Option<String>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let saved = RwSignal::new(email.unwrap_or_default());
    let typed = RwSignal::new(saved.get_untracked());
    let is_changed = Signal::derive(move || typed.with(|typed| typed.trim() != saved.get()));
    warn_before_leaving(is_changed);
    let work = Work::new();
    let error = Signal::derive(move || {
        let refused = refusal::<Email>(&typed.get(), || t_string!(i18n, rules.email).to_owned());
        refused.or_else(|| {
            let error = work.error.get().filter(|_| work.refused("email"))?;
            Some(error_text(i18n, &error))
        })
    });
    let ready =
        Signal::derive(move || is_changed.get() && typed.with(|text| is_email(text, false)));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !ready.get_untracked() {
            return;
        }
        let variables = Variables {
            name: name.clone(),
            email: typed.get_untracked().trim().to_owned(),
        };
        work.start(api.run(Change::build(variables)), move |data| {
            let email = data.update_organization.organization.email;
            let email = email.unwrap_or_default();
            saved.try_set(email.clone());
            typed.try_set(email);
            toasts.success(tu_string!(i18n, organizations.email_saved));
        });
    };
    view! {
        <section class="berth-card" aria-labelledby="email-title">
            <h2 id="email-title">{words!(i18n, organizations.organization_email)}</h2>
            <form class="pf-v6-c-form" on:submit=submit novalidate>
                <FormAlert error=work.error_beside(&["email"])/>
                <TextField
                    id="organization-email"
                    label=words!(i18n, organizations.organization_email)
                    hint=words!(i18n, organizations.email_hint)
                    value=typed
                    error
                    kind="email"
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
