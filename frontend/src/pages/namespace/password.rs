//! The own password.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    api::{ErrorClass, use_api},
    components::{Button, ButtonKind, FormAlert, PasswordField, error_text, use_toasts},
    i18n::*,
    pages::setup::is_password,
    schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    current_password: String,
    new_password: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Change {
    #[arguments(input: { currentPassword: $current_password, newPassword: $new_password })]
    change_password: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ChangePasswordPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    viewer: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Viewer")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    is_superuser: bool,
}

/// The form that changes the own password.
#[component]
pub(crate) fn ChangePassword(
    /// Called when it is changed.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let again = RwSignal::new(String::new());
    let work = Work::new();
    let is_wrong = move || {
        work.refused("currentPassword")
            || work.error.with(|e| {
                e.as_ref()
                    .is_some_and(|e| e.class == ErrorClass::Unauthenticated)
            })
    };
    let current_error = Signal::derive(move || {
        is_wrong().then(|| t_string!(i18n, namespace.password_wrong).to_owned())
    });
    let new_error = Signal::derive(move || {
        if new.with(|new| !new.is_empty() && !is_password(new)) {
            return Some(t_string!(i18n, rules.password).to_owned());
        }
        work.error
            .get()
            .filter(|_| work.refused("newPassword"))
            .map(|error| error_text(i18n, &error))
    });
    let again_error = Signal::derive(move || {
        let again = again.get();
        (!again.is_empty() && again != new.get())
            .then(|| t_string!(i18n, rules.password_again).to_owned())
    });
    let other_error = Signal::derive(move || {
        work.error_beside(&["currentPassword", "newPassword"])
            .get()
            .filter(|_| !is_wrong())
    });
    let ready = Signal::derive(move || {
        !current.with(String::is_empty)
            && new.with(|new| is_password(new))
            && new.get() == again.get()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !ready.get_untracked() {
            return;
        }
        let variables = Variables {
            current_password: current.get_untracked(),
            new_password: new.get_untracked(),
        };
        // A wrong password may be answered like an ended session, so this must not ask to sign in again.
        work.start(api.done_once(Change::build(variables)), move |()| {
            for field in [current, new, again] {
                field.try_set(String::new());
            }
            toasts.success(tu_string!(i18n, namespace.password_changed));
            on_done.try_run(());
        });
    };
    let name = session.user_name_untracked().unwrap_or_default();
    view! {
        <section class="berth-card" aria-labelledby="password-title">
            <h2 id="password-title">{words!(i18n, namespace.password)}</h2>
            <p class="berth-muted">{words!(i18n, namespace.password_text)}</p>
            <form class="pf-v6-c-form" on:submit=submit novalidate>
                // Tells password managers whose password this is.
                <input type="text" name="username" autocomplete="username" value=name hidden readonly/>
                <FormAlert error=other_error/>
                <PasswordField
                    id="password-current"
                    label=words!(i18n, namespace.password_current)
                    value=current
                    error=current_error
                />
                <PasswordField
                    id="password-new"
                    label=words!(i18n, namespace.password_new)
                    hint=words!(i18n, rules.password)
                    value=new
                    error=new_error
                    autocomplete="new-password"
                />
                <PasswordField
                    id="password-again"
                    label=words!(i18n, namespace.password_again)
                    value=again
                    error=again_error
                    autocomplete="new-password"
                />
                <div class="pf-v6-c-form__group pf-m-action">
                    <Button
                        kind=ButtonKind::Primary
                        submit=true
                        busy=work.busy
                        disabled=Signal::derive(move || !ready.get())
                    >
                        {words!(i18n, namespace.password)}
                    </Button>
                </div>
            </form>
        </section>
    }
}
