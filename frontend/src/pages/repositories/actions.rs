//! What can be done to repositories from a list: change visibility, delete.

use std::collections::BTreeMap;

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use super::RepositoryFilter;
use crate::{
    api::{Api, use_api},
    bulk_changes::{self, BulkChange, BulkChanges, use_bulk_changes},
    components::{Chosen, ConfirmDialog, Toasts, error_text, use_toasts},
    fragments::{BigInt, Visibility},
    i18n::*,
    schema, text,
    work::Work,
};

/// Some repositories to be public or private.
#[derive(Debug, Clone)]
pub(crate) struct VisibilityChange {
    /// Which.
    pub(crate) chosen: Chosen,
    /// What says which, where all that match are meant.
    pub(crate) filter: Option<RepositoryFilter>,
    /// What they become.
    pub(crate) to: Visibility,
}

#[derive(cynic::QueryVariables, Debug)]
struct ChangeVariables {
    ids: Option<Vec<cynic::Id>>,
    filter: Option<RepositoryFilter>,
    visibility: Visibility,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "ChangeVariables")]
struct ChangeVisibility {
    #[arguments(input: { ids: $ids, filter: $filter, visibility: $visibility })]
    change_visibility: ChangePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ChangeVisibilityPayload")]
struct ChangePayload {
    changed_ids: Vec<cynic::Id>,
    bulk_change: Option<BulkChange>,
}

/// What outlives the page from which a change was made, since its undo is offered longer.
#[derive(Clone, Copy)]
struct Changer {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    bulk: BulkChanges,
    refetch: Callback<()>,
}

/// Changes visibility at once and offers to undo it. A change that goes on behind the request is told above the pages.
pub(crate) fn use_visibility_change(refetch: Callback<()>) -> Callback<VisibilityChange> {
    let changer = Changer {
        api: use_api(),
        toasts: use_toasts(),
        i18n: use_i18n(),
        bulk: use_bulk_changes(),
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
            bulk,
            refetch,
        } = self;
        spawn_local(async move {
            let variables = ChangeVariables {
                ids: change.chosen.ids(),
                filter: change.filter,
                visibility: change.to,
            };
            match api.run(ChangeVisibility::build(variables)).await {
                Ok(answer) => {
                    let ChangePayload {
                        changed_ids,
                        bulk_change,
                    } = answer.change_visibility;
                    if let Some(begun) = bulk_change {
                        bulk.follow(begun);
                        return;
                    }
                    refetch.try_run(());
                    // Those that were so before stay so when it is undone.
                    self.offer_undo(&changed_ids, &change.chosen.names(), change.to);
                }
                Err(error) => toasts.failure(error_text(i18n, &bulk_changes::refusal(error))),
            }
        });
    }

    fn offer_undo(self, changed: &[cynic::Id], names: &[String], to: Visibility) {
        let i18n = self.i18n;
        let name = match names {
            [one] => one.clone(),
            _ => tu_string!(i18n, repositories.count, count = changed.len()),
        };
        let (text, back) = match to {
            Visibility::Public => (
                tu_string!(i18n, repositories.now_public, name = name),
                Visibility::Private,
            ),
            Visibility::Private => (
                tu_string!(i18n, repositories.now_private, name = name),
                Visibility::Public,
            ),
        };
        if changed.is_empty() {
            self.toasts.success(text);
            return;
        }
        let rows = changed.iter().map(|id| {
            let name = names.first().filter(|_| names.len() == 1);
            (id.inner().to_owned(), name.cloned().unwrap_or_default())
        });
        let chosen = Chosen::Rows(rows.collect());
        let undo = move || {
            self.change(VisibilityChange {
                chosen: chosen.clone(),
                filter: None,
                to: back,
            });
        };
        self.toasts
            .success_with_undo(text, tu_string!(i18n, common.undo).to_owned(), undo);
    }
}

/// How much would go with repositories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    tags: i64,
    /// None where it is not known of one of them.
    bytes: Option<u64>,
}

impl Figures {
    /// From what the schema says of a repository. One without tags and size holds nothing.
    pub(crate) fn new(tags: i32, bytes: Option<&BigInt>) -> Self {
        let bytes = bytes.and_then(|bytes| bytes.0.parse().ok());
        Self {
            tags: i64::from(tags),
            bytes: bytes.or((tags == 0).then_some(0)),
        }
    }

    /// The sum over chosen rows that were seen; none where a filter says which.
    pub(crate) fn of(chosen: &Chosen, seen: &BTreeMap<String, Self>) -> Option<Self> {
        let Chosen::Rows(rows) = chosen else {
            return None;
        };
        let nothing = Self {
            tags: 0,
            bytes: Some(0),
        };
        Some(rows.iter().fold(nothing, |sum, (id, _)| {
            let one = seen.get(id).copied().unwrap_or_default();
            Self {
                tags: sum.tags + one.tags,
                bytes: sum.bytes.zip(one.bytes).map(|(a, b)| a + b),
            }
        }))
    }
}

/// Repositories that may be deleted, and what would go with them.
#[derive(Debug, Clone)]
pub(crate) struct Doomed {
    /// Which.
    pub(crate) chosen: Chosen,
    /// What says which, where all that match are meant.
    pub(crate) filter: Option<RepositoryFilter>,
    /// How much goes, as far as it was seen.
    pub(crate) figures: Option<Figures>,
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    ids: Option<Vec<cynic::Id>>,
    filter: Option<RepositoryFilter>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
struct Delete {
    #[arguments(input: { ids: $ids, filter: $filter })]
    delete_repositories: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteRepositoriesPayload")]
struct DeletePayload {
    deleted_ids: Vec<cynic::Id>,
    bulk_change: Option<BulkChange>,
}

/// Asks for `confirm`, then deletes, or begins to where there are many.
#[component]
pub(crate) fn DeleteRepositories(
    /// Which.
    doomed: Doomed,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when they are gone, or go.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n, bulk) = (use_api(), use_toasts(), use_i18n(), use_bulk_changes());
    let work = Work::new();
    let Doomed {
        chosen,
        filter,
        figures,
    } = doomed;
    let (names, ids) = (chosen.names(), chosen.ids());
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables {
            ids: ids.clone(),
            filter: filter.clone(),
        };
        let answer = api.run(Delete::build(variables));
        let asked = async move { answer.await.map_err(bulk_changes::refusal) };
        work.start(asked, move |answer: Delete| {
            let DeletePayload {
                deleted_ids,
                bulk_change,
            } = answer.delete_repositories;
            if let Some(begun) = bulk_change {
                bulk.follow(begun);
            } else {
                let count = deleted_ids.len();
                toasts.success(tu_string!(i18n, repositories.deleted, count = count));
            }
            on_done.try_run(());
        });
    });
    let text = Signal::derive(move || match figures {
        Some(Figures {
            tags,
            bytes: Some(bytes),
        }) => t_string!(
            i18n,
            repositories.delete_text,
            count = tags,
            size = text::size(bytes)
        ),
        Some(Figures { tags, bytes: None }) => {
            t_string!(i18n, repositories.delete_text_unknown, count = tags)
        }
        None => t_string!(i18n, repositories.delete_text_all).to_owned(),
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || {
                t_string!(i18n, repositories.delete_title, count = chosen.counted(i18n))
            })
            text
            names=Signal::stored(names)
            work
            on_confirm
            on_close
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_size_is_never_counted_as_nothing() {
        let size = |bytes: &str| Some(BigInt(bytes.into()));
        let seen: BTreeMap<String, Figures> = [
            ("a", Figures::new(2, size("10").as_ref())),
            ("b", Figures::new(3, None)),
            ("empty", Figures::new(0, None)),
        ]
        .map(|(id, figures)| (id.to_owned(), figures))
        .into();
        let of = |ids: &[&str]| {
            let rows = ids.iter().map(|id| ((*id).to_owned(), String::new()));
            Figures::of(&Chosen::Rows(rows.collect()), &seen)
        };
        let sum = |tags, bytes| Some(Figures { tags, bytes });
        assert_eq!(of(&["a", "empty"]), sum(2, Some(10)));
        assert_eq!(of(&["a", "b"]), sum(5, None));
        assert_eq!(of(&["a", "never seen"]), sum(2, None));
        assert_eq!(Figures::of(&Chosen::Matching(5), &seen), None);
    }
}
