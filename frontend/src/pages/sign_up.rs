//! Strangers create their own account, where the registry lets them.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{
    NavigateOptions,
    components::Redirect,
    hooks::{use_location, use_navigate},
};

use super::setup::{AccountFields, NewAccount};
use crate::{
    api::use_api,
    components::{Button, ButtonKind, FormAlert, Heading},
    i18n::*,
    paths, schema,
    session::{Viewer, use_session},
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    username: String,
    password: String,
    email: Option<String>,
    invite_code: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct SignUp {
    #[arguments(input: { username: $username, password: $password, email: $email, inviteCode: $invite_code })]
    sign_up: SignUpPayload,
}

#[derive(cynic::QueryFragment, Debug)]
struct SignUpPayload {
    viewer: Option<Viewer>,
}

/// Where a new account leads on.
fn next() -> String {
    use_location()
        .search
        .with_untracked(|query| paths::after_sign_in(query))
}

/// `/createaccount`: name, address and password; then the page that led here, or the mail that has to be followed first.
#[component]
pub(crate) fn CreateAccount() -> impl IntoView {
    let (session, i18n) = (use_session(), use_i18n());
    let next = next();
    let is_invited = paths::invite_code(&next).is_some();
    let signed_in_before = session.viewer_untracked().is_some();
    // The address to which a link was mailed.
    let mailed_to = RwSignal::new(None::<String>);
    let title =
        Signal::derive(move || t_string!(i18n, sign_up.title, registry = session.registry().title));
    let offered = move || session.registry().offers_account(is_invited);
    let text = move || {
        let registry = session.registry();
        match mailed_to.get() {
            _ if !registry.keeps_accounts => Some(t_string!(i18n, sign_up.elsewhere).to_owned()),
            _ if !offered() && registry.sign_up_by_invitation => {
                Some(t_string!(i18n, sign_up.by_invitation).to_owned())
            }
            _ if !offered() => Some(t_string!(i18n, sign_up.off).to_owned()),
            Some(email) => Some(t_string!(i18n, sign_up.mailed, email = email)),
            None if is_invited => Some(t_string!(i18n, sign_up.invited).to_owned()),
            None => None,
        }
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
                <p><a href=paths::sign_in(&next)>{words!(i18n, mailed.to_sign_in)}</a></p>
            </div>
        </section>
    }
}

#[component]
fn SignUpForm(mailed_to: RwSignal<Option<String>>) -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let navigate = use_navigate();
    let next = next();
    let invite_code = paths::invite_code(&next);
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
            invite_code: invite_code.clone(),
        };
        let email = account.email().unwrap_or_default();
        let (navigate, next) = (navigate.clone(), next.clone());
        work.start(
            api.run_once(SignUp::build(variables)),
            move |data| match data.sign_up.viewer {
                None => {
                    mailed_to.try_set(Some(email));
                }
                viewer => {
                    session.set_viewer(viewer);
                    navigate(
                        &next,
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
