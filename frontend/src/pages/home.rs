//! `/` leads on: to the repositories, or to sign-in where an anonymous visitor would see none.

use cynic::QueryBuilder;
use leptos::prelude::*;
use leptos_router::components::Redirect;

use crate::{
    api::use_api,
    components::{SkeletonTable, ask, load},
    schema,
    session::use_session,
};

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct AnythingPublic {
    #[arguments(first: 1)]
    repositories: Connection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "RepositoryConnection")]
struct Connection {
    nodes: Vec<Node>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Repository")]
struct Node {
    #[expect(dead_code, reason = "only whether there is one matters")]
    id: cynic::Id,
}

/// Where `/` leads.
#[component]
pub(crate) fn Home() -> impl IntoView {
    let (api, session) = (use_api(), use_session());
    move || {
        if session.viewer().is_some() {
            return view! { <Redirect path="/repository"/> }.into_any();
        }
        let public = ask(move || api.run_once(AnythingPublic::build(())));
        load(
            public,
            || view! { <SkeletonTable/> }.into_any(),
            |data| {
                let path = if data.repositories.nodes.is_empty() {
                    "/signin"
                } else {
                    "/repository"
                };
                view! { <Redirect path/> }
            },
        )
        .into_any()
    }
}
