//! The end of an application.

use cynic::MutationBuilder;
use leptos::prelude::*;

use super::Key;
use crate::{
    api::use_api,
    components::{ConfirmDialog, use_toasts},
    i18n::*,
    schema,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    client_id: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { clientId: $client_id })]
    delete_application: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteApplicationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    deleted_client_id: String,
}

/// Asks for `confirm`, then deletes.
#[component]
pub(super) fn DeleteApplication(
    /// Which.
    application: Key,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let Key { client_id, name } = application;
    let names = vec![name];
    let on_confirm = Callback::new(move |()| {
        let variables = Variables {
            client_id: client_id.clone(),
        };
        work.start(api.done(Delete::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, applications.deleted));
            on_done.try_run(());
        });
    });
    view! {
        <ConfirmDialog
            title=words!(i18n, applications.delete_title)
            text=words!(i18n, applications.delete_text)
            names=Signal::stored(names)
            work
            on_confirm
            on_close
        />
    }
}
