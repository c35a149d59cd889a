//! Deletion of tags.

use cynic::MutationBuilder;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{ConfirmDialog, use_toasts},
    i18n::*,
    schema,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    repository: cynic::Id,
    names: Vec<String>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { repository: $repository, names: $names })]
    delete_tags: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteTagsPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    deleted_names: Vec<String>,
}

/// Asks for `confirm`, then deletes.
#[component]
pub(crate) fn DeleteTags(
    /// In which.
    repository: String,
    /// Which.
    names: Vec<String>,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when they are gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let count = names.len();
    let shown = names.clone();
    let on_confirm = Callback::new(move |()| {
        let variables = Variables {
            repository: cynic::Id::new(repository.clone()),
            names: names.clone(),
        };
        work.start(api.done(Delete::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, tags.deleted, count = count));
            on_done.run(());
        });
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, tags.delete_title, count = count))
            text=words!(i18n, tags.delete_text)
            names=Signal::stored(shown)
            work
            on_confirm
            on_close
        />
    }
}
