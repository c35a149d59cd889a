//! Deletion of organizations.

use std::collections::BTreeMap;

use cynic::MutationBuilder;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{Chosen, ConfirmDialog, use_toasts},
    fragments::BigInt,
    i18n::*,
    schema,
    session::use_session,
    text,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    ids: Vec<cynic::Id>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { ids: $ids })]
    delete_organizations: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteOrganizationsPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    deleted_ids: Vec<cynic::Id>,
}

#[derive(cynic::QueryVariables, Debug)]
struct OneVariables {
    id: cynic::Id,
}

/// What a superuser does without administering it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "OneVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct DeleteOne {
    #[arguments(input: { id: $id })]
    delete_organization: OnePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteOrganizationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct OnePayload {
    deleted_id: cynic::Id,
}

/// How much would go with organizations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    repositories: i64,
    robots: i64,
    bytes: u64,
}

impl Contents {
    /// From what the schema says of an organization to who deletes it; there may be no size where it holds nothing.
    pub(crate) fn new(repositories: i32, robots: Option<i32>, bytes: Option<&BigInt>) -> Self {
        Self {
            repositories: i64::from(repositories),
            robots: i64::from(robots.unwrap_or(0)),
            bytes: bytes.and_then(|bytes| bytes.0.parse().ok()).unwrap_or(0),
        }
    }

    /// The sum over chosen rows that were seen.
    pub(super) fn of(chosen: &Chosen, seen: &BTreeMap<String, Self>) -> Self {
        let ids = chosen.ids().unwrap_or_default();
        let each = ids.iter().filter_map(|id| seen.get(id.inner()));
        each.fold(Self::default(), |sum, one| Self {
            repositories: sum.repositories + one.repositories,
            robots: sum.robots + one.robots,
            bytes: sum.bytes + one.bytes,
        })
    }
}

/// Organizations that may be deleted, and what would go with them.
#[derive(Debug, Clone)]
pub(crate) struct Doomed {
    /// Which, by id: the server takes no filter.
    pub(crate) chosen: Chosen,
    /// How much goes.
    pub(crate) contents: Contents,
}

/// Asks to type a word, then deletes.
#[component]
pub(crate) fn DeleteOrganizations(
    /// Which.
    doomed: Doomed,
    /// The word, where it is not `confirm`.
    #[prop(optional_no_strip)]
    word: Option<String>,
    /// True for a superuser who need not administer it; it is one then.
    #[prop(optional)]
    by_superuser: bool,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when they are gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, session, toasts, i18n) = (use_api(), use_session(), use_toasts(), use_i18n());
    let work = Work::new();
    let Doomed { chosen, contents } = doomed;
    let count = chosen.len();
    let ids = chosen.ids().unwrap_or_default();
    let on_confirm = Callback::new(move |()| {
        let deletion = match ids.first() {
            Some(id) if by_superuser => api.done(DeleteOne::build(OneVariables { id: id.clone() })),
            _ => api.done(Delete::build(Variables { ids: ids.clone() })),
        };
        work.start(
            async move {
                deletion.await?;
                // The viewer can create no repositories there any more. The deletion is done,
                // whatever becomes of this question.
                let _ = session.refresh().await;
                Ok(())
            },
            move |()| {
                toasts.success(tu_string!(i18n, organizations.deleted, count = count));
                on_done.try_run(());
            },
        );
    });
    let text = Signal::derive(move || {
        t_string!(
            i18n,
            organizations.delete_text,
            repositories = t_string!(i18n, repositories.count, count = contents.repositories),
            robots = t_string!(i18n, robots.count, count = contents.robots),
            size = text::size(contents.bytes),
        )
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, organizations.delete_title, count = count))
            text
            names=Signal::stored(chosen.names())
            word
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
    fn contents_of_chosen_rows_add_up() {
        let size = |bytes: &str| Some(BigInt(bytes.into()));
        let seen: BTreeMap<String, Contents> = [
            ("a", Contents::new(2, Some(1), size("10").as_ref())),
            ("b", Contents::new(3, Some(4), size("7").as_ref())),
            ("empty", Contents::new(0, Some(0), None)),
        ]
        .map(|(id, contents)| (id.to_owned(), contents))
        .into();
        let of = |ids: &[&str]| {
            let rows = ids.iter().map(|id| ((*id).to_owned(), String::new()));
            Contents::of(&Chosen::Rows(rows.collect()), &seen)
        };
        let sum = |repositories, robots, bytes| Contents {
            repositories,
            robots,
            bytes,
        };
        assert_eq!(of(&["a", "empty"]), sum(2, 1, 10));
        assert_eq!(of(&["a", "b"]), sum(5, 5, 17));
        assert_eq!(of(&["empty"]), sum(0, 0, 0));
    }
}
