//! What becomes of a key: another name, another end, somebody who vouches for it, its removal.

use cynic::MutationBuilder;
use leptos::prelude::*;

use super::{
    ServiceKey, are_notes,
    create::{End, EndField},
    is_name,
};
use crate::{
    api::use_api,
    components::{ConfirmDialog, FormDialog, TextArea, TextField, error_text, use_toasts},
    fragments::DateTime,
    i18n::*,
    schema, text,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct NameVariables {
    kid: String,
    name: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "NameVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Rename {
    #[arguments(input: { kid: $kid, name: $name })]
    update_service_key: UpdatePayload,
}

#[derive(cynic::QueryVariables, Debug)]
struct EndVariables {
    kid: String,
    expires_at: Option<DateTime>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "EndVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Prolong {
    #[arguments(input: { kid: $kid, expiresAt: $expires_at })]
    update_service_key: UpdatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateServiceKeyPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct UpdatePayload {
    service_key: Changed,
}

#[derive(cynic::QueryVariables, Debug)]
struct ApproveVariables {
    kid: String,
    notes: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "ApproveVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Approve {
    #[arguments(input: { kid: $kid, notes: $notes })]
    approve_service_key: ApprovePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ApproveServiceKeyPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct ApprovePayload {
    service_key: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ServiceKey")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    kid: String,
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    kid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { kid: $kid })]
    delete_service_key: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteServiceKeyPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_kid: String,
}

/// *Set Friendly Name*.
#[component]
pub(super) fn SetName(
    /// Of which key.
    key: ServiceKey,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let name = RwSignal::new(key.name);
    let work = Work::new();
    let error = Signal::derive(move || {
        let wrong = name.with(|text| !is_name(text.trim())) || work.refused("name");
        wrong.then(|| t_string!(i18n, service_keys.name_rule).to_owned())
    });
    let on_submit = Callback::new(move |()| {
        let variables = NameVariables {
            kid: key.kid.clone(),
            name: name.get_untracked().trim().to_owned(),
        };
        work.start(api.done(Rename::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, service_keys.changed));
            on_done.try_run(());
        });
    });
    view! {
        <FormDialog
            title=words!(i18n, service_keys.set_name)
            work
            error=work.error_beside(&["name"])
            action=words!(i18n, common.save)
            ready=Signal::derive(move || name.with(|text| is_name(text.trim())))
            on_submit
            on_close
        >
                        <TextField
                            id="key-name"
                            label=words!(i18n, service_keys.name)
                            hint=words!(i18n, service_keys.name_hint)
                            value=name
                            error
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// *Change Expiration Time*.
#[component]
pub(super) fn ChangeExpiration(
    /// Of which key.
    key: ServiceKey,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let now = key.expires_at.as_ref();
    let typed = RwSignal::new(now.map_or_else(String::new, |at| text::local_minute(&at.0)));
    let work = Work::new();
    let on_submit = Callback::new(move |()| {
        let variables = EndVariables {
            kid: key.kid.clone(),
            expires_at: End::of(&typed.get_untracked()).at(),
        };
        work.start(api.done(Prolong::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, service_keys.changed));
            on_done.try_run(());
        });
    });
    view! {
        <FormDialog
            title=words!(i18n, service_keys.change_expiration)
            work
            error=work.error_beside(&["expiresAt"])
            action=words!(i18n, common.save)
            ready=Signal::derive(move || typed.with(|text| End::of(text) != End::Wrong))
            on_submit
            on_close
        >
                        <EndField typed work autofocus=true/>
        </FormDialog>
    }
}

/// *Approve Key*: the viewer vouches for it, in the place of whoever did before.
#[component]
pub(super) fn ApproveKey(
    /// Which key.
    key: ServiceKey,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let notes = RwSignal::new(key.notes.clone());
    let work = Work::new();
    let shown = key.shown().to_owned();
    let error = Signal::derive(move || {
        if notes.with(|text| !are_notes(text.trim())) {
            return Some(t_string!(i18n, service_keys.notes_rule).to_owned());
        }
        let error = work.error.get().filter(|_| work.refused("notes"))?;
        Some(error_text(i18n, &error))
    });
    let on_submit = Callback::new(move |()| {
        let variables = ApproveVariables {
            kid: key.kid.clone(),
            notes: notes.get_untracked().trim().to_owned(),
        };
        work.start(api.done(Approve::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, service_keys.approved));
            on_done.try_run(());
        });
    });
    view! {
        <FormDialog
            title=words!(i18n, service_keys.approve)
            work
            error=work.error_beside(&["notes"])
            action=words!(i18n, service_keys.approve)
            ready=Signal::derive(move || notes.with(|text| are_notes(text.trim())))
            on_submit
            on_close
        >
                        <p>{move || t_string!(i18n, service_keys.approve_text, name = shown.clone())}</p>
                        <TextArea
                            id="key-notes"
                            label=words!(i18n, service_keys.notes)
                            hint=words!(i18n, service_keys.notes_hint)
                            value=notes
                            error
                            autofocus=true
                        />
        </FormDialog>
    }
}

/// Asks for `confirm`, then removes a key.
#[component]
pub(super) fn DeleteKey(
    /// Which key.
    key: ServiceKey,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let names = vec![format!("{} · {}", key.shown(), key.service)];
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables {
            kid: key.kid.clone(),
        };
        work.start(api.done(Delete::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, service_keys.deleted));
            on_done.try_run(());
        });
    });
    view! {
        <ConfirmDialog
            title=words!(i18n, service_keys.delete_title)
            text=words!(i18n, service_keys.delete_text)
            names=Signal::stored(names)
            work
            on_confirm
            on_close
        />
    }
}
