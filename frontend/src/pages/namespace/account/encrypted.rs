//! The encrypted password: what clients keep in the place of the own one.

use cynic::MutationBuilder;
use leptos::prelude::*;

use super::super::credentials::{Login, Ways};
use crate::{
    api::use_api,
    components::{Button, CopyLine, FormDialog, PasswordField, ShowDialog},
    i18n::*,
    schema,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    password: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Generate {
    #[arguments(input: { password: $password })]
    generate_encrypted_password: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "GenerateEncryptedPasswordPayload")]
struct Payload {
    encrypted_password: String,
}

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Ask,
    Made(String),
}

/// The card *Encrypted password*.
#[component]
pub(super) fn EncryptedPassword(
    /// Name of the account.
    name: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(None::<Open>);
    let name = StoredValue::new(name);
    let made = Callback::new(move |password| open.set(Some(Open::Made(password))));
    view! {
        <section class="berth-card" aria-labelledby="encrypted-title">
            <h2 id="encrypted-title">{words!(i18n, encrypted.title)}</h2>
            <div class="berth-row">
                <p>{words!(i18n, encrypted.text)}</p>
                <Button on_click=Callback::new(move |_| open.set(Some(Open::Ask)))>
                    {words!(i18n, encrypted.action)}
                </Button>
            </div>
        </section>
        {move || {
            let dialog = open.get()?;
            // Made with each dialog, so that one that closes late does not close the next.
            let on_close = Callback::new(move |()| open.set(None));
            let name = name.get_value();
            Some(match dialog {
                Open::Ask => view! { <GivePassword name on_close on_done=made/> }.into_any(),
                Open::Made(password) => view! { <EncryptedOnce name password on_close/> }.into_any(),
            })
        }}
    }
}

/// Asks for the password that is to be encrypted.
#[component]
fn GivePassword(
    name: String,
    on_close: Callback<()>,
    /// Called with the encrypted password.
    on_done: Callback<String>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let password = RwSignal::new(String::new());
    let work = Work::new();
    let on_submit = Callback::new(move |()| {
        let variables = Variables {
            password: password.get_untracked(),
        };
        work.start(api.run(Generate::build(variables)), move |data| {
            on_done.try_run(data.generate_encrypted_password.encrypted_password);
        });
    });
    let error = Signal::derive(move || {
        work.refused("password")
            .then(|| t_string!(i18n, namespace.password_wrong).to_owned())
    });
    view! {
        <FormDialog
            title=words!(i18n, encrypted.title)
            work
            error=work.error_beside(&["password"])
            action=words!(i18n, encrypted.action)
            ready=Signal::derive(move || !password.with(String::is_empty))
            on_submit
            on_close
        >
                        <p>{words!(i18n, encrypted.ask)}</p>
                        // Tells password managers whose password this is.
                        <input type="text" name="username" autocomplete="username" value=name hidden readonly/>
                        <PasswordField
                            id="password-to-encrypt"
                            label=words!(i18n, signin.password)
                            value=password
                            error
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// An encrypted password, and the commands and files that carry it; nobody can read it again.
#[component]
fn EncryptedOnce(name: String, password: String, on_close: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let credentials = RwSignal::new(Login {
        username: name.clone(),
        token: password.clone(),
    });
    let title_name = name.clone();
    view! {
        <ShowDialog
            title=Signal::derive(move || t_string!(i18n, encrypted.made, name = title_name.clone()))
            on_close
        >
            <p class="berth-gap-below">{words!(i18n, encrypted.once)}</p>
            <Ways credentials itself=words!(i18n, encrypted.title)>
                <CopyLine label=words!(i18n, robots.username) text=Signal::stored(name.clone())/>
                <CopyLine label=words!(i18n, encrypted.title) text=Signal::stored(password.clone())/>
            </Ways>
        </ShowDialog>
    }
}
