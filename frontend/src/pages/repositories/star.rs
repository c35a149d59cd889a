//! The star by which the viewer keeps a repository at hand.

use cynic::MutationBuilder;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::use_api,
    components::{Icon, error_text, use_toasts},
    i18n::*,
    schema,
    session::use_session,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct SetStar {
    #[arguments(input: { id: $id })]
    star_repository: SetStarPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "StarRepositoryPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct SetStarPayload {
    repository: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct TakeBack {
    #[arguments(input: { id: $id })]
    unstar_repository: TakeBackPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UnstarRepositoryPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct TakeBackPayload {
    repository: Option<Changed>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    is_starred: bool,
}

/// Sets and takes back the viewer's star; at once, and back again where the server refuses.
#[component]
pub(crate) fn Star(
    /// Of which repository.
    id: String,
    /// What readers call it.
    name: String,
    /// Whether it has one.
    starred: bool,
) -> impl IntoView {
    let (api, toasts, i18n, session) = (use_api(), use_toasts(), use_i18n(), use_session());
    let on = RwSignal::new(starred);
    let busy = RwSignal::new(false);
    let label = Signal::derive(move || t_string!(i18n, stars.star, name = name.clone()));
    let toggle = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let to = !on.get_untracked();
        on.set(to);
        let variables = Variables {
            id: cynic::Id::new(&id),
        };
        spawn_local(async move {
            let result = if to {
                api.done(SetStar::build(variables)).await
            } else {
                api.done(TakeBack::build(variables)).await
            };
            busy.try_set(false);
            if let Err(error) = result {
                on.try_set(!to);
                toasts.failure(error_text(i18n, &error));
            }
        });
    };
    view! {
        <button
            type="button"
            class="pf-v6-c-button pf-m-plain pf-m-small"
            class:berth-star-on=move || on.get()
            aria-pressed=move || on.get().to_string()
            aria-busy=move || busy.get().then_some("true")
            aria-label=move || label.get()
            title=move || label.get()
            disabled=move || session.registry().read_only
            on:click=toggle
        >
            <span class="pf-v6-c-button__icon">
                <Icon icon=lu::LuStar/>
            </span>
        </button>
    }
}
