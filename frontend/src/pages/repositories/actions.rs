//! What can be done to repositories from a list: change visibility, delete.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Api, use_api},
    components::{ConfirmDialog, Toasts, error_text, use_toasts},
    fragments::{BigInt, Visibility},
    i18n::*,
    schema, text,
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
#[expect(dead_code, reason = "only the success matters")]
struct ChangeVisibility {
    #[arguments(input: { ids: $ids, visibility: $visibility })]
    change_visibility: ChangePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ChangeVisibilityPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct ChangePayload {
    repositories: Vec<Changed>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    id: cynic::Id,
}

/// What outlives the page from which a change was made, since its undo is offered longer.
#[derive(Clone, Copy)]
struct Changer {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    refetch: Callback<()>,
}

/// Changes visibility at once and offers to undo it.
pub(crate) fn use_visibility_change(refetch: Callback<()>) -> Callback<VisibilityChange> {
    let changer = Changer {
        api: use_api(),
        toasts: use_toasts(),
        i18n: use_i18n(),
        refetch,
    };
    Callback::new(move |change| changer.change(change))
}

impl Changer {
    fn change(self, change: VisibilityChange) {
        let Self {
            api,
            toasts,
            i18n,
            refetch,
        } = self;
        spawn_local(async move {
            let variables = ChangeVariables {
                ids: change.ids.iter().map(cynic::Id::new).collect(),
                visibility: change.to,
            };
            match api.done(ChangeVisibility::build(variables)).await {
                Ok(()) => {
                    refetch.try_run(());
                    self.offer_undo(change);
                }
                Err(error) => toasts.failure(error_text(i18n, &error)),
            }
        });
    }

    fn offer_undo(self, change: VisibilityChange) {
        let i18n = self.i18n;
        let name = match change.names.as_slice() {
            [one] => one.clone(),
            many => tu_string!(i18n, repositories.count, count = many.len()),
        };
        let (text, back) = match change.to {
            Visibility::Public => (
                tu_string!(i18n, repositories.now_public, name = name),
                Visibility::Private,
            ),
            Visibility::Private => (
                tu_string!(i18n, repositories.now_private, name = name),
                Visibility::Public,
            ),
        };
        let undo = move || {
            self.change(VisibilityChange {
                to: back,
                ..change.clone()
            });
        };
        self.toasts
            .success_with_undo(text, tu_string!(i18n, common.undo).to_owned(), undo);
    }
}

/// A repository that may be deleted, and what would go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doomed {
    /// Its id.
    pub(crate) id: String,
    /// `namespace/name`.
    pub(crate) path: String,
    /// How many tags.
    pub(crate) tags: i32,
    /// Its distinct bytes, as far as they are known.
    pub(crate) bytes: u64,
}

impl Doomed {
    /// From what the schema says of a repository.
    pub(crate) fn new(id: &cynic::Id, path: &str, tags: i32, bytes: Option<&BigInt>) -> Self {
        Self {
            id: id.inner().to_owned(),
            path: path.to_owned(),
            tags,
            bytes: bytes.and_then(|bytes| bytes.0.parse().ok()).unwrap_or(0),
        }
    }
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    ids: Vec<cynic::Id>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { ids: $ids })]
    delete_repositories: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteRepositoriesPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_ids: Vec<cynic::Id>,
}

/// Asks for `confirm`, then deletes.
#[component]
pub(crate) fn DeleteRepositories(
    /// Which.
    repositories: Vec<Doomed>,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when they are gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let count = repositories.len();
    let tags: i64 = repositories.iter().map(|one| i64::from(one.tags)).sum();
    let bytes: u64 = repositories.iter().map(|one| one.bytes).sum();
    let (ids, names): (Vec<_>, Vec<_>) = repositories
        .into_iter()
        .map(|one| (one.id, one.path))
        .unzip();
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables {
            ids: ids.iter().map(cynic::Id::new).collect(),
        };
        work.start(api.done(Delete::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, repositories.deleted, count = count));
            on_done.run(());
        });
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, repositories.delete_title, count = count))
            text=Signal::derive(move || t_string!(i18n, repositories.delete_text, count = tags, size = text::size(bytes)))
            names=Signal::stored(names)
            work
            on_confirm
            on_close
        />
    }
}
