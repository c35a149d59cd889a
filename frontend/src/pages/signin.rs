//! Sign-in.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{
    NavigateOptions,
    components::Redirect,
    hooks::{use_location, use_navigate},
};

use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{Button, ButtonKind, FormAlert, Heading, PasswordField, TextField},
    i18n::*,
    paths, schema,
    session::{Viewer, use_session},
    work::Work,
};

/// Name and password, and the code of the invitation that somebody follows.
#[derive(cynic::QueryVariables, Debug)]
pub(crate) struct SignInVariables {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) invite_code: Option<String>,
}

/// Signs in with them.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "SignInVariables")]
pub(crate) struct SignInMutation {
    #[arguments(input: { username: $username, password: $password, inviteCode: $invite_code })]
    pub(crate) sign_in: SignInPayload,
}

/// Who that is.
#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct SignInPayload {
    pub(crate) viewer: Viewer,
}

/// A wrong password has words of its own; everything else is told by its class.
pub(crate) fn wrong_password(i18n: I18n, error: &ApiError) -> Option<String> {
    matches!(
        error.class,
        ErrorClass::Unauthenticated | ErrorClass::InvalidInput
    )
    .then(|| t_string!(i18n, signin.wrong).to_owned())
}

/// The page that takes name and password.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let navigate = use_navigate();
    let next = use_location()
        .search
        .with_untracked(|query| paths::after_sign_in(query));
    let invite_code = paths::invite_code(&next);
    let is_invited = invite_code.is_some();
    let create_account = paths::create_account(&next);
    let username = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let work = Work::new();
    let signed_in_before = session.viewer_untracked().is_some();
    // Stays while it is tried again, so that the button keeps the focus.
    let unverified = Memo::new(move |before: Option<&bool>| {
        work.error.with(|error| match error {
            Some(error) => error.class == ErrorClass::EmailUnverified,
            None => work.busy.get() && before == Some(&true),
        })
    });
    let title =
        Signal::derive(move || t_string!(i18n, signin.title, registry = session.registry().title));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let variables = SignInVariables {
            username: username.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            invite_code: invite_code.clone(),
        };
        let (navigate, next) = (navigate.clone(), next.clone());
        work.start(
            api.run_once(SignInMutation::build(variables)),
            move |data| {
                session.set_viewer(Some(data.sign_in.viewer));
                navigate(
                    &next,
                    NavigateOptions {
                        replace: true,
                        ..NavigateOptions::default()
                    },
                );
            },
        );
    };
    view! {
        {signed_in_before.then(|| view! { <Redirect path="/repository"/> })}
        <section class="berth-login">
            <div class="berth-login__card">
                <Heading title/>
                <form class="pf-v6-c-form" on:submit=submit>
                    <FormAlert error=work.error words=Some(Callback::new(move |error| wrong_password(i18n, &error)))/>
                    <Show when=move || unverified.get()>
                        <p>
                            {words!(i18n, signin.no_mail)}
                            " "
                            <Button kind=ButtonKind::Link submit=true>{words!(i18n, signin.another_link)}</Button>
                        </p>
                    </Show>
                    <TextField
                        id="username"
                        label=words!(i18n, signin.username)
                        value=username
                        required=true
                        autocomplete="username"
                        autofocus=true
                    />
                    <PasswordField
                        id="password"
                        label=words!(i18n, signin.password)
                        value=password
                    />
                    <div class="pf-v6-c-form__group pf-m-action">
                        <Button
                            kind=ButtonKind::Primary
                            submit=true
                            busy=work.busy
                            disabled=Signal::derive(move || username.get().trim().is_empty() || password.get().is_empty())
                        >
                            {words!(i18n, signin.action)}
                        </Button>
                    </div>
                </form>
                <Show when=move || session.registry().sends_mail>
                    <p><a href="/recovery">{words!(i18n, signin.forgot)}</a></p>
                </Show>
                <Show when=move || session.registry().offers_account(is_invited)>
                    <p><a href=create_account.clone()>{words!(i18n, signin.create)}</a></p>
                </Show>
                <p class="berth-login__foot">
                    {move || {
                        let registry = session.registry();
                        format!("Berth {} · {}", registry.version, registry.hostname)
                    }}
                </p>
            </div>
        </section>
    }
}
