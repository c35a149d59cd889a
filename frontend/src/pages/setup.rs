//! The first user, and what is typed of any new account.

use berth_domain::{Email, Namespace};
use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::signin::SignInPayload;
use crate::{
    api::{ErrorClass, use_api},
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

/// An account to be, as it is typed.
#[derive(Clone, Copy)]
pub(crate) struct NewAccount {
    username: RwSignal<String>,
    email: RwSignal<String>,
    password: RwSignal<String>,
    again: RwSignal<String>,
    needs_email: bool,
}

impl NewAccount {
    /// Nothing typed yet; `needs_email` where an account without an address is refused.
    pub(crate) fn new(needs_email: bool) -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            username: empty(),
            email: empty(),
            password: empty(),
            again: empty(),
            needs_email,
        }
    }

    /// Whether the server would take it.
    pub(crate) fn is_ready(self) -> bool {
        self.username
            .with(|name| name.trim().parse::<Namespace>().is_ok())
            && self.email.with(|email| is_email(email, self.needs_email))
            && self.password.with(|password| is_password(password))
            && self.again.get() == self.password.get()
    }

    /// The name, for code that runs once.
    pub(crate) fn username(self) -> String {
        self.username.get_untracked().trim().to_owned()
    }

    /// The address, for code that runs once.
    pub(crate) fn email(self) -> Option<String> {
        filled(self.email)
    }

    /// The password, for code that runs once.
    pub(crate) fn password(self) -> String {
        self.password.get_untracked()
    }
}

/// Whether an address would be taken; an empty one only where none is needed.
pub(crate) fn is_email(text: &str, needed: bool) -> bool {
    match text.trim() {
        "" => !needed,
        text => text.parse::<Email>().is_ok(),
    }
}

/// What was typed, for code that runs once; nothing where that is nothing.
pub(crate) fn filled(typed: RwSignal<String>) -> Option<String> {
    Some(typed.get_untracked().trim().to_owned()).filter(|text| !text.is_empty())
}

/// Why the server refused an input of an account; a taken name and a taken address are told alike.
pub(crate) fn refused(i18n: I18n, work: Work, field: &str) -> Option<String> {
    let error = work.error.get().filter(|_| work.refused(field))?;
    Some(match error.class {
        ErrorClass::AlreadyExists => t_string!(i18n, rules.taken).to_owned(),
        _ => error_text(i18n, &error),
    })
}

/// Name, address, password and password again.
#[component]
pub(crate) fn AccountFields(
    /// What is typed.
    account: NewAccount,
    /// The work behind the form's button.
    work: Work,
) -> impl IntoView {
    let i18n = use_i18n();
    let NewAccount {
        username,
        email,
        password,
        again,
        needs_email,
    } = account;
    let username_error = Signal::derive(move || {
        refusal::<Namespace>(&username.get(), || {
            t_string!(i18n, rules.account).to_owned()
        })
        .or_else(|| refused(i18n, work, "username"))
    });
    let email_error = Signal::derive(move || {
        refusal::<Email>(&email.get(), || t_string!(i18n, rules.email).to_owned())
            .or_else(|| refused(i18n, work, "email"))
    });
    let password_error = Signal::derive(move || {
        password
            .with(|password| !password.is_empty() && !is_password(password))
            .then(|| t_string!(i18n, rules.password).to_owned())
            .or_else(|| refused(i18n, work, "password"))
    });
    let again_error = Signal::derive(move || {
        let again = again.get();
        (!again.is_empty() && again != password.get())
            .then(|| t_string!(i18n, rules.password_again).to_owned())
    });
    let email_label = if needs_email {
        words!(i18n, mailed.email)
    } else {
        words!(i18n, setup.email)
    };
    view! {
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
            label=email_label
            value=email
            error=email_error
            required=needs_email
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
    }
}

/// The page that makes the first user, who administers the registry.
#[component]
pub(crate) fn SetUp() -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let navigate = use_navigate();
    let account = NewAccount::new(false);
    let code = RwSignal::new(String::new());
    let work = Work::new();
    let needs_code = Memo::new(move |_| session.registry().setup_needs_code);
    let code_error = Signal::derive(move || {
        work.refused("setupCode")
            .then(|| t_string!(i18n, setup.wrong_code).to_owned())
    });
    let ready = Signal::derive(move || {
        account.is_ready() && (!needs_code.get() || !code.with(|code| code.trim().is_empty()))
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !ready.get_untracked() {
            return;
        }
        let variables = Variables {
            username: account.username(),
            password: account.password(),
            email: account.email(),
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
                    <AccountFields account work/>
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_left_out_only_where_none_is_needed() {
        assert!(is_email("  ", false) && !is_email("", true));
        for needed in [false, true] {
            assert!(is_email(" ann@example.com ", needed));
            assert!(!is_email("ann", needed));
        }
    }

    #[test]
    fn a_password_is_long_and_has_no_spaces() {
        assert!(is_password("12345678") && is_password("\u{30d1}ssw\u{f6}rd!"));
        assert!(!is_password("1234567") && !is_password("1234 5678"));
    }
}
