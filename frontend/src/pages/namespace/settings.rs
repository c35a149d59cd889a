//! Settings of an organization, and of the own account.

use cynic::QueryBuilder;
use leptos::prelude::*;

use super::{password::ChangePassword, time_machine::TimeMachine};
use crate::{
    api::use_api,
    components::{NotVisible, SkeletonLines, ask, load},
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct SettingsQuery {
    #[arguments(name: $name)]
    namespace: Option<Namespace>,
    registry: Registry,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Registry {
    tag_expiration_options: Vec<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Namespace {
    tag_expiration_seconds: Option<i32>,
}

/// The tab *Settings*.
#[component]
pub(super) fn Settings(
    /// Whose.
    name: String,
    /// True for the viewer's own namespace, false for an organization.
    is_user: bool,
) -> impl IntoView {
    let api = use_api();
    let organization = (!is_user).then(|| name.clone());
    let settings = ask(move || api.run(SettingsQuery::build(Variables { name: name.clone() })));
    let cards = load(
        settings,
        || view! { <SkeletonLines/> }.into_any(),
        move |data: SettingsQuery| {
            let offered = data.registry.tag_expiration_options;
            match data
                .namespace
                .and_then(|namespace| namespace.tag_expiration_seconds)
            {
                None => view! { <NotVisible/> }.into_any(),
                Some(seconds) => {
                    let organization = organization.clone();
                    view! { <TimeMachine organization seconds offered/> }.into_any()
                }
            }
        },
    );
    if is_user {
        view! { <div class="berth-columns"><ChangePassword/> {cards}</div> }.into_any()
    } else {
        view! { <div class="berth-stack">{cards}</div> }.into_any()
    }
}
