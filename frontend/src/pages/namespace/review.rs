//! What the last step of a wizard shows of what was chosen.

use leptos::prelude::*;

use super::repository_roles::RolesDraft;
use crate::{
    components::{Entity, EntityName},
    i18n::*,
    roles::role_words,
};

/// The chosen roles, each with its repository.
#[component]
pub(super) fn Roles(
    /// What is chosen.
    draft: RolesDraft,
) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        let chosen = draft.chosen();
        if chosen.is_empty() {
            return t_string!(i18n, repository.role_none).into_any();
        }
        let lines = chosen.into_iter().map(|(path, role)| {
            let words = move || match role {
                Some(role) => role_words(i18n, role),
                None => t_string!(i18n, repository.role_none),
            };
            view! { <li><bdi>{path}</bdi> ": " {words}</li> }
        });
        view! { <ul class="berth-names">{lines.collect_view()}</ul> }.into_any()
    }
}

/// The chosen users, robots or teams.
#[component]
pub(super) fn Names(
    /// What is chosen.
    entities: RwSignal<Vec<Entity>>,
) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        let chosen = entities.get();
        if chosen.is_empty() {
            return t_string!(i18n, repository.role_none).into_any();
        }
        let lines = chosen
            .into_iter()
            .map(|entity| view! { <li><EntityName entity/></li> });
        view! { <ul class="berth-names">{lines.collect_view()}</ul> }.into_any()
    }
}
