//! What can be done to repositories from a list: change visibility, delete.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::use_api,
    components::{ConfirmDialog, error_text, use_toasts},
    fragments::Visibility,
    i18n::*,
    schema,
    work::Work,
};

/// Some repositories to be public or private.
#[derive(Debug, Clone)]
pub(crate) struct VisibilityChange {
    /// Their ids.
    pub(crate) ids: Vec<String>,
    /// What they become.
    pub(crate) to: Visibility,
    /// Their paths, for the message.
    pub(crate) names: Vec<String>,
}

#[derive(cynic::QueryVariables, Debug)]
struct ChangeVariables {
    ids: Vec<cynic::Id>,
    visibility: Visibility,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "ChangeVariables")]
struct ChangeVisibility {
    #[arguments(input: { ids: $ids, visibility: $visibility })]
    #[expect(dead_code, reason = "the list is read again")]
    change_visibility: ChangePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ChangeVisibilityPayload")]
struct ChangePayload {
    #[expect(dead_code, reason = "the list is read again")]
    repositories: Vec<Changed>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
struct Changed {
    #[expect(dead_code, reason = "the list is read again")]
    id: cynic::Id,
}

/// Changes visibility at once and offers to undo it.
pub(crate) fn use_visibility_change(refetch: Callback<()>) -> Callback<VisibilityChange> {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    // The undo button calls the same again, so the callback must know itself.
    let own = StoredValue::new(None::<Callback<VisibilityChange>>);
    let callback = Callback::new(move |change: VisibilityChange| {
        spawn_local(async move {
            let variables = ChangeVariables {
                ids: change.ids.iter().map(cynic::Id::new).collect(),
                visibility: change.to,
            };
            match api.run(ChangeVisibility::build(variables)).await {
                Ok(_) => {
                    refetch.try_run(());
                    let name = match change.names.as_slice() {
                        [one] => one.clone(),
                        many => {
                            tu_string!(i18n, repositories.count, count = many.len()).to_string()
                        }
                    };
                    let (text, back) = match change.to {
                        Visibility::Public => (
                            tu_string!(i18n, repositories.now_public, name = name).to_string(),
                            Visibility::Private,
                        ),
                        Visibility::Private => (
                            tu_string!(i18n, repositories.now_private, name = name).to_string(),
                            Visibility::Public,
                        ),
                    };
                    let undo = Callback::new(move |()| {
                        if let Some(Some(own)) = own.try_get_value() {
                            own.try_run(VisibilityChange {
                                to: back,
                                ..change.clone()
                            });
                        }
                    });
                    toasts.success_with_undo(text, tu_string!(i18n, common.undo).to_owned(), undo);
                }
                Err(error) => toasts.failure(error_text(i18n, &error)),
            }
        });
    });
    own.set_value(Some(callback));
    callback
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    ids: Vec<cynic::Id>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
struct Delete {
    #[arguments(input: { ids: $ids })]
    delete_repositories: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteRepositoriesPayload")]
struct DeletePayload {
    deleted_ids: Vec<cynic::Id>,
}

/// Asks for `confirm`, then deletes.
#[component]
pub(crate) fn DeleteRepositories(
    /// Ids and paths.
    repositories: Vec<(String, String)>,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when they are gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let count = repositories.len();
    let (ids, names): (Vec<_>, Vec<_>) = repositories.into_iter().unzip();
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables {
            ids: ids.iter().map(cynic::Id::new).collect(),
        };
        work.start(api.run(Delete::build(variables)), move |data| {
            let count = data.delete_repositories.deleted_ids.len();
            toasts.success(tu_string!(i18n, repositories.deleted, count = count).to_string());
            on_done.run(());
        });
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, repositories.delete_title, count = count).to_string())
            text=words!(i18n, repositories.delete_text)
            names=Signal::stored(names)
            work
            on_confirm
            on_close
        />
    }
}
