//! Which page a path below `/repository/` names.

use cynic::QueryBuilder;
use leptos::prelude::*;

use super::{repository::RepositoryPage, tag::TagPage};
use crate::{
    api::use_api,
    components::{NotVisible, SkeletonLines, ask, load},
    paths::Place as Named,
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

/// The repository or the tag of a path. `a/tag/b` may be either: a tag first, else a repository of that name.
#[component]
pub(crate) fn Place(
    /// What follows `/repository/`.
    path: String,
) -> impl IntoView {
    let api = use_api();
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
            .into_any()
        }
    }
}
