//! The dialog that asks for the password again: when the session ended while a page was open, and before what the
//! server does only for who has just given it.

use cynic::MutationBuilder;
use leptos::prelude::*;

use crate::{
    api::{ApiError, ErrorClass, Wanted, use_api},
    components::{FormDialog, PasswordField},
    i18n::*,
    pages::{SignInMutation, SignInVariables, wrong_password},
    schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    password: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Verify {
    #[arguments(input: { password: $password })]
    verify_password: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "VerifyPasswordPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    viewer: Verified,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Viewer")]
#[expect(dead_code, reason = "only the success matters")]
struct Verified {
    is_superuser: bool,
}

/// Asks for the password; the action that was refused then goes on, and so does the form behind it.
#[component]
pub(crate) fn PasswordAgain() -> impl IntoView {
    let api = use_api();
    move || api.wanted().map(|wanted| view! { <Dialog wanted/> })
}

#[component]
fn Dialog(wanted: Wanted) -> impl IntoView {
    let (api, session, i18n) = (use_api(), use_session(), use_i18n());
    let password = RwSignal::new(String::new());
    let work = Work::new();
    let name = session.user_name_untracked().unwrap_or_default();
    let (shown_name, known_name) = (name.clone(), name.clone());
    let on_submit = Callback::new(move |()| {
        let (username, password) = (name.clone(), password.get_untracked());
        work.start(
            async move {
                if wanted == Wanted::Password {
                    let variables = Variables {
                        password: password.clone(),
                    };
                    match api.done_once(Verify::build(variables)).await {
                        // The session has ended meanwhile; a new one is as fresh.
                        Err(error) if error.class == ErrorClass::Unauthenticated => {}
                        other => return other.map(|()| None),
                    }
                }
                let operation = SignInMutation::build(SignInVariables {
                    username,
                    password,
                    invite_code: None,
                });
                Ok(Some(api.run_once(operation).await?.sign_in.viewer))
            },
            move |viewer| {
                if viewer.is_some() {
                    session.set_viewer(viewer);
                }
                api.answer_wanted(true);
            },
        );
    });
    let close = Callback::new(move |()| {
        if wanted == Wanted::SignIn {
            session.set_viewer(None);
        }
        api.answer_wanted(false);
    });
    let (title, action) = match wanted {
        Wanted::SignIn => (words!(i18n, expired.title), words!(i18n, signin.action)),
        Wanted::Password => (words!(i18n, fresh.title), words!(i18n, fresh.action)),
    };
    let words = Callback::new(move |error: ApiError| {
        let text = wrong_password(i18n, &error)?;
        Some(match wanted {
            Wanted::SignIn => text,
            Wanted::Password => t_string!(i18n, namespace.password_wrong).to_owned(),
        })
    });
    view! {
        <FormDialog
            title
            work
            error=work.error
            words=Some(words)
            action
            ready=Signal::derive(move || !password.with(String::is_empty))
            on_submit
            on_close=close
        >
                        <p>
                            {move || match wanted {
                                Wanted::SignIn => t_string!(i18n, expired.text, name = shown_name.clone()),
                                Wanted::Password => t_string!(i18n, fresh.text, name = shown_name.clone()),
                            }}
                        </p>
                        // Tells password managers whose password this is.
                        <input type="text" name="username" autocomplete="username" value=known_name hidden readonly/>
                        <PasswordField
                            id="asked-password"
                            label=words!(i18n, signin.password)
                            value=password
                            autofocus=true
                        />
        </FormDialog>
    }
}
