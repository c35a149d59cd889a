//! Strangers create their own account, where the registry lets them.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, components::Redirect, hooks::use_navigate};

use super::setup::{AccountFields, NewAccount};
use crate::{
    api::use_api,
    components::{Button, ButtonKind, FormAlert, Heading},
    i18n::*,
    schema,
    session::{Viewer, use_session},
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    username: String,
    password: String,
    email: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct SignUp {
    #[arguments(input: { username: $username, password: $password, email: $email })]
    sign_up: SignUpPayload,
}

#[derive(cynic::QueryFragment, Debug)]
struct SignUpPayload {
    viewer: Option<Viewer>,
}

/// `/createaccount`: name, address and password; then the first page, or the mail that has to be followed first.
#[component]
pub(crate) fn CreateAccount() -> impl IntoView {
    let (session, i18n) = (use_session(), use_i18n());
    let signed_in_before = session.viewer_untracked().is_some();
    // The address to which a link was mailed.
    let mailed_to = RwSignal::new(None::<String>);
    let title =
        Signal::derive(move || t_string!(i18n, sign_up.title, registry = session.registry().title));
    let offered = move || session.registry().sign_up;
    let text = move || match mailed_to.get() {
        _ if !offered() => Some(t_string!(i18n, sign_up.off).to_owned()),
        Some(email) => Some(t_string!(i18n, sign_up.mailed, email = email)),
        None => None,
    };
    view! {
        {signed_in_before.then(|| view! { <Redirect path="/repository"/> })}
        <section class="berth-login">
            <div class="berth-login__card">
                <Heading title/>
                <div aria-live="polite">
                    {move || text().map(|text| view! { <p class="berth-login__lead">{text}</p> })}
                </div>
                <Show when=move || offered() && mailed_to.with(Option::is_none)>
                    <SignUpForm mailed_to/>
                </Show>
                <p><a href="/signin">{words!(i18n, mailed.to_sign_in)}</a></p>
            </div>
        </section>
    }
}

#[component]
fn SignUpForm(mailed_to: RwSignal<Option<String>>) -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let navigate = use_navigate();
    let account = NewAccount::new(session.registry().sends_mail);
    let work = Work::new();
    let ready = Signal::derive(move || account.is_ready());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !ready.get_untracked() {
            return;
        }
        let variables = Variables {
            username: account.username(),
            password: account.password(),
            email: account.email(),
        };
        let email = account.email().unwrap_or_default();
        let navigate = navigate.clone();
        work.start(
            api.run_once(SignUp::build(variables)),
            move |data| match data.sign_up.viewer {
                None => {
                    mailed_to.try_set(Some(email));
                }
                viewer => {
                    session.set_viewer(viewer);
                    navigate(
                        "/repository",
                        NavigateOptions {
                            replace: true,
                            ..NavigateOptions::default()
                        },
                    );
                }
            },
        );
    };
    view! {
        <form class="pf-v6-c-form" on:submit=submit novalidate>
            <FormAlert error=work.error_beside(&["username", "email", "password"])/>
            <AccountFields account work/>
            <div class="pf-v6-c-form__group pf-m-action">
                <Button
                    kind=ButtonKind::Primary
                    submit=true
                    busy=work.busy
                    disabled=Signal::derive(move || !ready.get())
                >
                    {words!(i18n, sign_up.action)}
                </Button>
            </div>
        </form>
    }
}
