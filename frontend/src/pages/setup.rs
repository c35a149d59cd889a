//! The first user.

use berth_domain::{Email, Namespace};
use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::signin::SignInPayload;
use crate::{
    api::use_api,
    components::{Button, ButtonKind, FormAlert, Heading, PasswordField, TextField, error_text},
    i18n::*,
    schema,
    session::use_session,
    work::Work,
};

/// Whether the server would take this password.
pub(crate) fn is_password(text: &str) -> bool {
    const CHARS_MIN: usize = 8;
    text.chars().count() >= CHARS_MIN && !text.chars().any(char::is_whitespace)
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    username: String,
    password: String,
    email: Option<String>,
    setup_code: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Initialize {
    #[arguments(input: { username: $username, password: $password, email: $email, setupCode: $setup_code })]
    initialize_registry: SignInPayload,
}

/// Why a name or an e-mail address is not one yet; nothing while it is empty.
pub(crate) fn refusal<T: std::str::FromStr>(
    text: &str,
    words: impl Fn() -> String,
) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.parse::<T>().is_err()).then(words)
}

/// The page that makes the first user, who administers the registry.
#[component]
pub(crate) fn SetUp() -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let navigate = use_navigate();
    let username = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let again = RwSignal::new(String::new());
    let code = RwSignal::new(String::new());
    let work = Work::new();
    let needs_code = Memo::new(move |_| session.registry().setup_needs_code);

    let refused = move |field: &str| {
        work.refused(field)
            .then(|| work.error.get().map(|error| error_text(i18n, &error)))
            .flatten()
    };
    let username_error = Signal::derive(move || {
        refusal::<Namespace>(&username.get(), || {
            t_string!(i18n, rules.account).to_owned()
        })
        .or_else(|| refused("username"))
    });
    let email_error = Signal::derive(move || {
        refusal::<Email>(&email.get(), || t_string!(i18n, rules.email).to_owned())
            .or_else(|| refused("email"))
    });
    let password_error = Signal::derive(move || {
        password
            .with(|password| !password.is_empty() && !is_password(password))
            .then(|| t_string!(i18n, rules.password).to_owned())
            .or_else(|| refused("password"))
    });
    let again_error = Signal::derive(move || {
        let again = again.get();
        (!again.is_empty() && again != password.get())
            .then(|| t_string!(i18n, rules.password_again).to_owned())
    });
    let code_error = Signal::derive(move || {
        refused("setupCode").map(|_| t_string!(i18n, setup.wrong_code).to_owned())
    });
    let ready = Signal::derive(move || {
        username.with(|name| name.trim().parse::<Namespace>().is_ok())
            && email.with(|email| email.trim().is_empty() || email.trim().parse::<Email>().is_ok())
            && password.with(|password| is_password(password))
            && again.get() == password.get()
            && (!needs_code.get() || !code.with(|code| code.trim().is_empty()))
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !ready.get_untracked() {
            return;
        }
        let filled = |signal: RwSignal<String>| {
            Some(signal.get_untracked().trim().to_owned()).filter(|text| !text.is_empty())
        };
        let variables = Variables {
            username: username.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            email: filled(email),
            setup_code: filled(code),
        };
        let navigate = navigate.clone();
        work.start(
            async move {
                let data = api.run_once(Initialize::build(variables)).await?;
                session.set_viewer(Some(data.initialize_registry.viewer));
                session.refresh().await
            },
            move |()| {
                navigate(
                    "/repository",
                    NavigateOptions {
                        replace: true,
                        ..NavigateOptions::default()
                    },
                );
            },
        );
    };
    view! {
        <section class="berth-login">
            <div class="berth-login__card">
                <Heading title=words!(i18n, setup.title)/>
                <p class="berth-login__lead">{words!(i18n, setup.text)}</p>
                <form class="pf-v6-c-form" on:submit=submit novalidate>
                    <FormAlert error=work.error_beside(&["username", "email", "password", "setupCode"])/>
                    <Show when=move || needs_code.get()>
                        <TextField
                            id="setup-code"
                            label=words!(i18n, setup.code)
                            hint=words!(i18n, setup.code_hint)
                            value=code
                            error=code_error
                            required=true
                        />
                    </Show>
                    <TextField
                        id="username"
                        label=words!(i18n, signin.username)
                        value=username
                        error=username_error
                        required=true
                        autocomplete="username"
                        autofocus=true
                    />
                    <TextField
                        id="email"
                        label=words!(i18n, setup.email)
                        value=email
                        error=email_error
                        kind="email"
                        autocomplete="email"
                    />
                    <PasswordField
                        id="password"
                        label=words!(i18n, signin.password)
                        hint=words!(i18n, rules.password)
                        value=password
                        error=password_error
                        autocomplete="new-password"
                    />
                    <PasswordField
                        id="password-again"
                        label=words!(i18n, setup.password_again)
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
                            {words!(i18n, setup.action)}
                        </Button>
                    </div>
                </form>
            </div>
        </section>
    }
}
