//! What the links in mails lead to: an address is confirmed, a lost password replaced; and how such a mail
//! is asked for.

use berth_domain::Email;
use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

use super::setup::{is_password, refusal};
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{Button, ButtonKind, FormAlert, Heading, PasswordField, TextField},
    i18n::*,
    schema,
    session::{Viewer, use_session},
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct CodeVariables {
    code: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "CodeVariables")]
struct ConfirmEmail {
    #[arguments(input: { code: $code })]
    confirm_email: ConfirmEmailPayload,
}

#[derive(cynic::QueryFragment, Debug)]
struct ConfirmEmailPayload {
    email: String,
}

#[derive(cynic::QueryVariables, Debug)]
struct EmailVariables {
    email: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "EmailVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct RequestRecovery {
    #[arguments(input: { email: $email })]
    request_recovery: RequestRecoveryPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[expect(dead_code, reason = "only the success matters")]
struct RequestRecoveryPayload {
    success: bool,
}

#[derive(cynic::QueryVariables, Debug)]
struct PasswordVariables {
    code: String,
    password: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "PasswordVariables")]
struct RecoverAccount {
    #[arguments(input: { code: $code, password: $password })]
    recover_account: RecoverAccountPayload,
}

#[derive(cynic::QueryFragment, Debug)]
struct RecoverAccountPayload {
    viewer: Viewer,
}

/// A card with a form of one button, or with what became of it.
#[component]
fn Card(
    #[prop(into)] title: Signal<String>,
    /// What there is to do; nothing where it is done.
    #[prop(into)]
    text: Signal<String>,
    #[prop(into)] action: Signal<String>,
    work: Work,
    /// What the button needs first.
    #[prop(into)]
    ready: Signal<bool>,
    /// True where nothing is left to do.
    #[prop(into)]
    done: Signal<bool>,
    on_submit: Callback<()>,
    children: ChildrenFn,
) -> impl IntoView {
    let i18n = use_i18n();
    let words = Callback::new(move |error: ApiError| {
        (error.class == ErrorClass::InvalidInput && error.field.as_deref() == Some("code"))
            .then(|| t_string!(i18n, mailed.wrong_code).to_owned())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        on_submit.run(());
    };
    view! {
        <section class="berth-login">
            <div class="berth-login__card">
                <Heading title/>
                <p aria-live="polite">{text}</p>
                <Show
                    when=move || !done.get()
                    fallback=move || view! { <p><a href="/signin">{words!(i18n, mailed.to_sign_in)}</a></p> }
                >
                    <form class="pf-v6-c-form" on:submit=submit novalidate>
                        <FormAlert error=work.error words=Some(words)/>
                        {children()}
                        <div class="pf-v6-c-form__group pf-m-action">
                            <Button
                                kind=ButtonKind::Primary
                                submit=true
                                busy=work.busy
                                disabled=Signal::derive(move || !ready.get())
                            >
                                {action}
                            </Button>
                        </div>
                    </form>
                </Show>
            </div>
        </section>
    }
}

fn code() -> String {
    use_query_map().with_untracked(|query| query.get("code").unwrap_or_default())
}

/// `/confirm`: the address of a mail is its reader's. It waits for a click, since programs that look
/// for dangerous mail follow links too.
#[component]
pub(crate) fn Confirm() -> impl IntoView {
    let (api, i18n, work) = (use_api(), use_i18n(), Work::new());
    let confirmed = RwSignal::new(None::<String>);
    let code = code();
    let submit = Callback::new(move |()| {
        let variables = CodeVariables { code: code.clone() };
        work.start(api.run_once(ConfirmEmail::build(variables)), move |data| {
            confirmed.set(Some(data.confirm_email.email));
        });
    });
    let text = Signal::derive(move || match confirmed.get() {
        Some(email) => t_string!(i18n, mailed.confirmed, email = email),
        None => t_string!(i18n, mailed.confirm_text).to_owned(),
    });
    view! {
        <Card
            title=words!(i18n, mailed.confirm)
            text
            action=words!(i18n, mailed.confirm)
            work
            ready=true
            done=Signal::derive(move || confirmed.with(Option::is_some))
            on_submit=submit
        >
            ""
        </Card>
    }
}

/// `/recovery`: asks for a mail, and with the code in it for a new password.
#[component]
pub(crate) fn Recovery() -> impl IntoView {
    if code().is_empty() {
        view! { <AskForMail/> }.into_any()
    } else {
        view! { <NewPassword/> }.into_any()
    }
}

#[component]
fn AskForMail() -> impl IntoView {
    let (api, i18n, work) = (use_api(), use_i18n(), Work::new());
    let sends_mail = use_session().registry().sends_mail;
    let email = RwSignal::new(String::new());
    let sent = RwSignal::new(false);
    let submit = Callback::new(move |()| {
        let email = email.get_untracked().trim().to_owned();
        let request = RequestRecovery::build(EmailVariables { email });
        work.start(api.done_once(request), move |()| sent.set(true));
    });
    let error = Signal::derive(move || {
        email.with(|email| refusal::<Email>(email, || t_string!(i18n, rules.email).to_owned()))
    });
    let text = Signal::derive(move || {
        match (sends_mail, sent.get()) {
            (false, _) => t_string!(i18n, mailed.no_mail),
            (true, false) => t_string!(i18n, mailed.recover_text),
            (true, true) => t_string!(i18n, mailed.sent),
        }
        .to_owned()
    });
    view! {
        <Card
            title=words!(i18n, mailed.recover)
            text
            action=words!(i18n, mailed.send)
            work
            ready=Signal::derive(move || !email.with(String::is_empty) && error.with(Option::is_none))
            done=Signal::derive(move || sent.get() || !sends_mail)
            on_submit=submit
        >
            <TextField
                id="email"
                kind="email"
                label=words!(i18n, mailed.email)
                value=email
                error
                required=true
                autocomplete="email"
                autofocus=true
            />
        </Card>
    }
}

#[component]
fn NewPassword() -> impl IntoView {
    let (api, session, i18n, work) = (use_api(), use_session(), use_i18n(), Work::new());
    let navigate = use_navigate();
    let password = RwSignal::new(String::new());
    let code = code();
    let submit = Callback::new(move |()| {
        let variables = PasswordVariables {
            code: code.clone(),
            password: password.get_untracked(),
        };
        let navigate = navigate.clone();
        let recover = api.run_once(RecoverAccount::build(variables));
        work.start(recover, move |data| {
            session.set_viewer(Some(data.recover_account.viewer));
            navigate("/repository", NavigateOptions::default());
        });
    });
    view! {
        <Card
            title=words!(i18n, mailed.recover)
            text=words!(i18n, mailed.new_password_text)
            action=words!(i18n, mailed.save)
            work
            ready=Signal::derive(move || password.with(|password| is_password(password)))
            done=false
            on_submit=submit
        >
            <PasswordField
                id="password"
                label=words!(i18n, mailed.new_password)
                value=password
                hint=words!(i18n, rules.password)
                autocomplete="new-password"
                autofocus=true
            />
        </Card>
    }
}
