//! The dialog that makes a user, and the one that shows its password.

use berth_domain::{Email, Namespace};
use cynic::MutationBuilder;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{CopyLine, FormDialog, ShowDialog, TextField},
    i18n::*,
    pages::setup::{filled, is_email, refusal, refused},
    schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    username: String,
    email: Option<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Create {
    #[arguments(input: { username: $username, email: $email })]
    create_user: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateUserPayload")]
struct Payload {
    password: String,
}

/// A new user with its generated password.
#[derive(Clone)]
pub(super) struct Made {
    username: String,
    password: String,
}

/// *Create User*: name and address; its password comes next.
#[component]
pub(super) fn CreateUser(
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called with the new user.
    on_done: Callback<Made>,
) -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let needs_email = session.registry().sends_mail;
    let username = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let work = Work::new();
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
    let ready = Signal::derive(move || {
        username.with(|name| name.trim().parse::<Namespace>().is_ok())
            && email.with(|email| is_email(email, needs_email))
    });
    let on_submit = Callback::new(move |()| {
        let username = username.get_untracked().trim().to_owned();
        let variables = Variables {
            username: username.clone(),
            email: filled(email),
        };
        work.start(api.run(Create::build(variables)), move |data| {
            let password = data.create_user.password;
            on_done.try_run(Made { username, password });
        });
    });
    let email_label = if needs_email {
        words!(i18n, mailed.email)
    } else {
        words!(i18n, setup.email)
    };
    view! {
        <FormDialog
            title=words!(i18n, users.create)
            work
            error=work.error_beside(&["username", "email"])
            action=words!(i18n, users.create)
            ready
            on_submit
            on_close
        >
                        <TextField
                            id="user-name"
                            label=words!(i18n, signin.username)
                            value=username
                            error=username_error
                            required=true
                            autofocus=true
                        />
                        <TextField
                            id="user-email"
                            label=email_label
                            hint=words!(i18n, users.email_hint)
                            value=email
                            error=email_error
                            required=needs_email
                            kind="email"
                        />
        </FormDialog>
    }
}

/// The password of a new user, which nobody can read again.
#[component]
pub(super) fn PasswordOnce(
    /// The user.
    made: Made,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let Made { username, password } = made;
    let name = username.clone();
    view! {
        <ShowDialog
            title=Signal::derive(move || t_string!(i18n, users.made, name = name.clone()))
            on_close
        >
            <div class="berth-commands">
                <p>{words!(i18n, users.password_once)}</p>
                <CopyLine label=words!(i18n, signin.username) text=Signal::stored(username)/>
                <CopyLine label=words!(i18n, signin.password) text=Signal::stored(password)/>
            </div>
        </ShowDialog>
    }
}
