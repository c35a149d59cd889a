//! Which page a path below `/repository/` names.

use cynic::QueryBuilder;
use leptos::prelude::*;

use super::{repository::RepositoryPage, tag::TagPage};
use crate::{
    api::use_api,
    components::{NotVisible, SkeletonLines, ask, load, use_list_url},
    paths::{Place as Named, is_repository_tab},
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
    tag: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct Exists {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<Repository>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Repository {
    #[arguments(name: $tag)]
    tag: Option<Tag>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Tag {
    #[expect(dead_code, reason = "only whether it exists matters")]
    id: cynic::Id,
}

/// The repository or the tag of a path. `a/tag/b` may be either: what the open tab belongs to, else a tag, else a
/// repository of that name.
#[component]
pub(crate) fn Place(
    /// What follows `/repository/`.
    path: String,
) -> impl IntoView {
    match Named::parse(&path) {
        None => view! { <NotVisible/> }.into_any(),
        Some(Named::Repository { namespace, name }) => {
            view! { <RepositoryPage namespace name/> }.into_any()
        }
        Some(Named::Tag {
            namespace,
            name,
            tag,
            otherwise,
        }) => {
            let url = use_list_url();
            let is_repository =
                Memo::new(move |_| url.get("tab").is_some_and(|tab| is_repository_tab(&tab)));
            (move || {
                let (namespace, name) = (namespace.clone(), name.clone());
                let (tag, otherwise) = (tag.clone(), otherwise.clone());
                if is_repository.get() {
                    view! { <RepositoryPage namespace name=otherwise/> }.into_any()
                } else {
                    view! { <TagFirst namespace name tag otherwise/> }.into_any()
                }
            })
            .into_any()
        }
    }
}

/// The tag, or the repository of that name where there is no such tag.
#[component]
fn TagFirst(namespace: String, name: String, tag: String, otherwise: String) -> impl IntoView {
    let api = use_api();
    let variables = (namespace.clone(), name.clone(), tag.clone());
    let exists = ask(move || {
        let (namespace, name, tag) = variables.clone();
        api.run(Exists::build(Variables {
            namespace,
            name,
            tag,
        }))
    });
    load(
        exists,
        || view! { <SkeletonLines/> }.into_any(),
        move |data| {
            let (namespace, name) = (namespace.clone(), name.clone());
            if data
                .repository
                .is_some_and(|repository| repository.tag.is_some())
            {
                view! { <TagPage namespace name tag=tag.clone()/> }.into_any()
            } else {
                view! { <RepositoryPage namespace name=otherwise.clone()/> }.into_any()
            }
        },
    )
}
