//! The dialog that signs in again when the session ended while a page was open.

use cynic::MutationBuilder;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    api::use_api,
    components::{Button, ButtonKind, FormAlert, Modal, PasswordField},
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
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let operation = SignInMutation::build(SignInVariables {
            username: name.clone(),
            password: password.get_untracked(),
        });
        work.start(api.run_once(operation), move |data| {
            session.set_viewer(Some(data.sign_in.viewer));
            api.answer_expired(true);
        });
    };
    let close = Callback::new(move |()| {
        session.set_viewer(None);
        api.answer_expired(false);
    });
    view! {
        <Modal title=words!(i18n, expired.title) on_close=close>
            <form class="berth-dialog-form" on:submit=submit>
                <div class="pf-v6-c-modal-box__body">
                    <div class="pf-v6-c-form">
                        <FormAlert error=work.error words=Callback::new(move |error| wrong_password(i18n, &error))/>
                        <p>{move || t_string!(i18n, expired.text, name = shown_name.clone())}</p>
                        // Tells password managers whose password this is.
                        <input type="text" name="username" autocomplete="username" value=known_name hidden readonly/>
                        <PasswordField
                            id="password-again"
                            label=words!(i18n, signin.password)
                            value=password
                            autofocus=true
                        />
                    </div>
                </div>
                <footer class="pf-v6-c-modal-box__footer">
                    <Button kind=ButtonKind::Primary submit=true busy=work.busy>
                        {words!(i18n, signin.action)}
                    </Button>
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| close.run(()))>
                        {words!(i18n, common.cancel)}
                    </Button>
                </footer>
            </form>
        </Modal>
    }
}
