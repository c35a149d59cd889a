//! The name of the account, where users may choose another one.

use berth_domain::Namespace;
use cynic::MutationBuilder;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{Button, FormDialog, TextField, error_text, use_toasts},
    i18n::*,
    pages::setup::refusal,
    paths, schema,
    session::use_session,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    username: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Rename {
    #[arguments(input: { username: $username })]
    update_account: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateAccountPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    user: Renamed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "User")]
#[expect(dead_code, reason = "only the success matters")]
struct Renamed {
    id: cynic::Id,
}

/// The card *Username*.
#[component]
pub(super) fn UserName(
    /// The name so far.
    name: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let changing = RwSignal::new(false);
    let shown = name.clone();
    let name = StoredValue::new(name);
    view! {
        <section class="berth-card" aria-labelledby="rename-title">
            <h2 id="rename-title">{words!(i18n, rename.title)}</h2>
            <p class="berth-gap-below">
                <bdi class="berth-name">{shown}</bdi>
            </p>
            <div class="berth-row">
                <p>{words!(i18n, rename.what)}</p>
                <Button on_click=Callback::new(move |_| changing.set(true))>{words!(i18n, rename.action)}</Button>
            </div>
        </section>
        <Show when=move || changing.get()>
            <ChangeName
                old_name=name.get_value()
                on_close=Callback::new(move |()| changing.set(false))
            />
        </Show>
    }
}

/// Says what follows, and asks for the name; its page is opened then.
#[component]
fn ChangeName(old_name: String, on_close: Callback<()>) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let navigate = use_navigate();
    let title_name = old_name.clone();
    let name = RwSignal::new(old_name.clone());
    let work = Work::new();
    let error = Signal::derive(move || {
        let typed = refusal::<Namespace>(&name.get(), || t_string!(i18n, rules.account).to_owned());
        typed.or_else(|| {
            let error = work.error.get().filter(|_| work.refused("username"))?;
            Some(match error.class {
                ErrorClass::AlreadyExists => t_string!(i18n, organizations.taken).to_owned(),
                ErrorClass::InvalidInput => t_string!(i18n, rename.unavailable).to_owned(),
                _ => error_text(i18n, &error),
            })
        })
    });
    let words = Callback::new(move |error: ApiError| {
        (error.class == ErrorClass::Conflict).then(|| t_string!(i18n, rename.kept).to_owned())
    });
    let ready = Signal::derive(move || {
        name.with(|name| name.trim() != old_name && name.trim().parse::<Namespace>().is_ok())
    });
    let on_submit = Callback::new(move |()| {
        let username = name.get_untracked().trim().to_owned();
        let new_name = username.clone();
        let navigate = navigate.clone();
        work.start(
            async move {
                api.done(Rename::build(Variables { username })).await?;
                // The account is renamed, whatever becomes of this question.
                let _ = session.refresh().await;
                Ok(())
            },
            move |()| {
                toasts.success(tu_string!(i18n, rename.done, name = new_name.clone()));
                // The old address is nobody's: nothing leads back to it.
                let options = NavigateOptions {
                    replace: true,
                    ..NavigateOptions::default()
                };
                navigate(&paths::account(&new_name, paths::SETTINGS_TAB), options);
            },
        );
    });
    view! {
        <FormDialog
            title=Signal::derive(move || t_string!(i18n, rename.question, name = title_name.clone()))
            work
            error=work.error_beside(&["username"])
            words=Some(words)
            action=words!(i18n, rename.action)
            ready
            on_submit
            on_close
        >
                        <p>{words!(i18n, rename.text)}</p>
                        <TextField
                            id="new-username"
                            label=words!(i18n, rename.new)
                            value=name
                            error
                            required=true
                            autocomplete="username"
                            autofocus=true
                        />
        </FormDialog>
    }
}
