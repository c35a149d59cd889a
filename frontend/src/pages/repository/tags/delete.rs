//! Deletion of tags, and its undoing.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use super::TagFilter;
use crate::{
    api::{Api, use_api},
    components::{ConfirmDialog, Toasts, error_text, use_toasts},
    i18n::*,
    schema,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    repository: cynic::Id,
    names: Option<Vec<String>>,
    filter: Option<TagFilter>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Delete {
    #[arguments(input: { repository: $repository, names: $names, filter: $filter })]
    delete_tags: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteTagsPayload")]
struct Payload {
    deleted_ids: Vec<cynic::Id>,
}

#[derive(cynic::QueryVariables, Debug)]
struct RestoreVariables {
    repository: cynic::Id,
    ids: Vec<cynic::Id>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "RestoreVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Restore {
    #[arguments(input: { repository: $repository, ids: $ids })]
    restore_tags: Restored,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RestoreTagsPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Restored {
    repository: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    id: cynic::Id,
}

/// Tags that may be deleted.
#[derive(Debug, Clone)]
pub(crate) enum DoomedTags {
    /// These.
    Named(Vec<String>),
    /// All that match, so many as far as they were counted.
    Matching(TagFilter, usize),
}

/// Asks for `confirm`, then deletes and offers to undo it. Open lists of tags follow by themselves.
#[component]
pub(crate) fn DeleteTags(
    /// In which repository.
    repository: String,
    /// Which.
    doomed: DoomedTags,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when they are gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let (count, names, filter) = match doomed {
        DoomedTags::Named(names) => (names.len(), Some(names), None),
        DoomedTags::Matching(filter, count) => (count, None, Some(filter)),
    };
    let shown = names.clone().unwrap_or_default();
    let on_confirm = Callback::new(move |()| {
        let repository = cynic::Id::new(repository.clone());
        let variables = Variables {
            repository: repository.clone(),
            names: names.clone(),
            filter: filter.clone(),
        };
        work.start(api.run(Delete::build(variables)), move |answer: Delete| {
            let ids = answer.delete_tags.deleted_ids;
            toasts.success_with_undo(
                tu_string!(i18n, tags.deleted, count = ids.len()),
                tu_string!(i18n, common.undo).to_owned(),
                move || restore(api, toasts, i18n, &repository, &ids),
            );
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

fn restore(api: Api, toasts: Toasts, i18n: I18n, repository: &cynic::Id, ids: &[cynic::Id]) {
    let variables = RestoreVariables {
        repository: repository.clone(),
        ids: ids.to_vec(),
    };
    let count = ids.len();
    spawn_local(async move {
        match api.done(Restore::build(variables)).await {
            Ok(()) => toasts.success(tu_string!(i18n, tags.restored, count = count)),
            Err(error) => toasts.failure(error_text(i18n, &error)),
        }
    });
}
