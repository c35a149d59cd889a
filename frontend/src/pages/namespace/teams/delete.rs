//! The end of a team.

use cynic::MutationBuilder;
use leptos::prelude::*;

use super::refused;
use crate::{
    api::{ApiError, use_api},
    components::{ConfirmDialog, use_toasts},
    i18n::*,
    schema, text,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { id: $id })]
    delete_team: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteTeamPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    deleted_id: cynic::Id,
}

/// A team that may be deleted, and how much is bound to it.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Doomed {
    pub(in crate::pages) id: String,
    pub(in crate::pages) name: String,
    pub(in crate::pages) members: i32,
    pub(in crate::pages) repositories: i32,
}

/// Asks to type `confirm`, then deletes the team.
#[component]
pub(in crate::pages) fn DeleteTeam(
    /// Which.
    doomed: Doomed,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when it is gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let Doomed {
        id,
        name,
        members,
        repositories,
    } = doomed;
    let (title_name, done_name) = (name.clone(), name);
    let on_confirm = Callback::new(move |()| {
        let name = done_name.clone();
        let operation = Delete::build(Variables {
            id: cynic::Id::new(id.clone()),
        });
        work.start(api.done(operation), move |()| {
            toasts.success(tu_string!(i18n, teams.deleted, name = name));
            on_done.try_run(());
        });
    });
    let number = move |count: i32| text::count(language(i18n), i64::from(count));
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, teams.delete_title, name = title_name.clone()))
            text=Signal::derive(move || {
                t_string!(
                    i18n,
                    teams.delete_text,
                    members = number(members),
                    repositories = number(repositories)
                )
            })
            words=Some(Callback::new(move |error: ApiError| Some(refused(i18n, &error))))
            work
            on_confirm
            on_close
        />
    }
}
