//! The own address.

use berth_domain::Email;
use cynic::MutationBuilder;
use icondata_lu as lu;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    api::{ErrorClass, use_api},
    components::{Button, ButtonKind, FormAlert, Label, TextField, error_text, use_toasts},
    i18n::*,
    pages::setup::{is_email, refusal},
    schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    email: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Change {
    #[arguments(input: { email: $email })]
    change_email: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ChangeEmailPayload")]
struct Payload {
    awaiting_confirmation: bool,
}

/// The address, and the form that changes it: at once, or by a link that is mailed to the new one.
#[component]
pub(super) fn EmailAddress(
    /// The address.
    email: Option<String>,
    /// Whether it was confirmed.
    verified: Option<bool>,
) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let sends_mail = session.registry().sends_mail;
    let present = RwSignal::new(email);
    let unconfirmed = RwSignal::new(sends_mail && verified == Some(false));
    // The address to which a link was mailed.
    let mailed_to = RwSignal::new(None::<String>);
    let new = RwSignal::new(String::new());
    let work = Work::new();
    let error = Signal::derive(move || {
        let typed = refusal::<Email>(&new.get(), || t_string!(i18n, rules.email).to_owned());
        typed.or_else(|| {
            let error = work.error.get().filter(|_| work.refused("email"))?;
            Some(match error.class {
                ErrorClass::AlreadyExists => t_string!(i18n, own.email_taken).to_owned(),
                _ => error_text(i18n, &error),
            })
        })
    });
    let ready = Signal::derive(move || new.with(|new| is_email(new, true)));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !ready.get_untracked() {
            return;
        }
        let email = new.get_untracked().trim().to_owned();
        let variables = Variables {
            email: email.clone(),
        };
        work.start(api.run(Change::build(variables)), move |data| {
            new.try_set(String::new());
            if data.change_email.awaiting_confirmation {
                mailed_to.try_set(Some(email));
            } else {
                present.try_set(Some(email));
                unconfirmed.try_set(false);
                toasts.success(tu_string!(i18n, own.email_changed));
            }
        });
    };
    view! {
        <section class="berth-card" aria-labelledby="email-title">
            <h2 id="email-title">{words!(i18n, mailed.email)}</h2>
            <p class="berth-row berth-gap-below">
                <bdi class="berth-name">
                    {move || present.get().unwrap_or_else(|| t_string!(i18n, own.no_email).to_owned())}
                </bdi>
                <Show when=move || unconfirmed.get()>
                    <Label icon=Some(lu::LuMail)>{words!(i18n, users.unconfirmed)}</Label>
                </Show>
            </p>
            <form class="pf-v6-c-form" on:submit=submit novalidate>
                <FormAlert error=work.error_beside(&["email"])/>
                <TextField
                    id="new-email"
                    label=words!(i18n, own.new_email)
                    hint=Signal::derive(move || sends_mail.then(|| t_string!(i18n, own.new_email_hint).to_owned()))
                    value=new
                    error
                    kind="email"
                    autocomplete="email"
                />
                <div role="status">
                    {move || {
                        mailed_to
                            .get()
                            .map(|email| view! { <p>{t_string!(i18n, own.email_mailed, email = email)}</p> })
                    }}
                </div>
                <div class="pf-v6-c-form__group pf-m-action">
                    <Button
                        kind=ButtonKind::Primary
                        submit=true
                        busy=work.busy
                        disabled=Signal::derive(move || !ready.get())
                    >
                        {words!(i18n, own.change_email)}
                    </Button>
                </div>
            </form>
        </section>
    }
}
