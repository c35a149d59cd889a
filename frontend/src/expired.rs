//! The dialog that signs in again when the session ended while a page was open.

use cynic::MutationBuilder;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{FormDialog, PasswordField},
    i18n::*,
    pages::{SignInMutation, SignInVariables, wrong_password},
    session::use_session,
    work::Work,
};

/// Asks for the password; the action that was refused then goes on, and so does the form behind it.
#[component]
pub(crate) fn SignInAgain() -> impl IntoView {
    let api = use_api();
    view! { <Show when=move || api.is_expired()><Dialog/></Show> }
}

#[component]
fn Dialog() -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let password = RwSignal::new(String::new());
    let work = Work::new();
    let name = session.user_name_untracked().unwrap_or_default();
    let (shown_name, known_name) = (name.clone(), name.clone());
    let on_submit = Callback::new(move |()| {
        let operation = SignInMutation::build(SignInVariables {
            username: name.clone(),
            password: password.get_untracked(),
        });
        work.start(api.run_once(operation), move |data| {
            session.set_viewer(Some(data.sign_in.viewer));
            api.answer_expired(true);
        });
    });
    let close = Callback::new(move |()| {
        session.set_viewer(None);
        api.answer_expired(false);
    });
    view! {
        <FormDialog
            title=words!(i18n, expired.title)
            work
            error=work.error
            words=Some(Callback::new(move |error| wrong_password(i18n, &error)))
            action=words!(i18n, signin.action)
            ready=Signal::derive(move || !password.with(String::is_empty))
            on_submit
            on_close=close
        >
                        <p>{move || t_string!(i18n, expired.text, name = shown_name.clone())}</p>
                        // Tells password managers whose password this is.
                        <input type="text" name="username" autocomplete="username" value=known_name hidden readonly/>
                        <PasswordField
                            id="password-again"
                            label=words!(i18n, signin.password)
                            value=password
                            autofocus=true
                        />
        </FormDialog>
    }
}
