//! A tag: facts, platforms, layers, configuration, referrers, the manifest itself.

mod details;
mod layers;
mod manifest;
mod referrers;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::repository::{DeleteTags, DoomedTags, Owner};
use crate::{
    api::{Answer, use_api},
    components::{
        Crumb, Crumbs, Heading, Menu, MenuItem, NotVisible, Select, SkeletonLines, Tab, Tabs, ask,
        load, use_list_url,
    },
    fragments::{DateTime, Digest},
    i18n::*,
    paths, schema,
};
use details::Details;
use layers::Layers;
use manifest::{Manifest, Own};
use referrers::Referrers;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
    tag: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct TagQuery {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<Repository>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Repository {
    id: cynic::Id,
    namespace: Owner,
    name: String,
    path: String,
    viewer_can_push: bool,
    #[arguments(name: $tag)]
    tag: Option<Tag>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Tag {
    name: String,
    started_at: DateTime,
    expires_at: Option<DateTime>,
    manifest: Manifest,
}

#[derive(cynic::QueryVariables, Debug)]
struct ChildVariables {
    namespace: String,
    name: String,
    digest: Digest,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "ChildVariables")]
struct ChildQuery {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<ChildRepository>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Repository", variables = "ChildVariables")]
struct ChildRepository {
    #[arguments(digest: $digest)]
    manifest: Option<Manifest>,
}

/// Which manifest the tabs are about: the tag's own, or one of its platforms'.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    namespace: String,
    name: String,
    path: String,
    tag: String,
    started_at: DateTime,
    expires_at: Option<DateTime>,
    manifest: Manifest,
}

/// The page of a tag.
#[component]
pub(crate) fn TagPage(
    /// Whose repository.
    namespace: String,
    /// The repository's name.
    name: String,
    /// The tag.
    tag: String,
) -> impl IntoView {
    let api = use_api();
    let query = ask(move || {
        api.run(TagQuery::build(Variables {
            namespace: namespace.clone(),
            name: name.clone(),
            tag: tag.clone(),
        }))
    });
    load(
        query,
        || view! { <SkeletonLines/> }.into_any(),
        move |data| match data.repository {
            Some(Repository {
                tag: Some(tag),
                id,
                namespace,
                name,
                path,
                viewer_can_push,
            }) => {
                let repository = Place {
                    id: id.into_inner(),
                    owner: namespace,
                    name,
                    path,
                };
                view! { <Tabbed repository tag may_delete=viewer_can_push/> }.into_any()
            }
            _ => view! { <NotVisible/> }.into_any(),
        },
    )
}

#[derive(Debug, Clone)]
struct Place {
    id: String,
    owner: Owner,
    name: String,
    path: String,
}

#[component]
fn Tabbed(repository: Place, tag: Tag, may_delete: bool) -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    let navigate = use_navigate();
    let deleting = RwSignal::new(false);
    let tabs = vec![
        Tab {
            key: "details",
            text: words!(i18n, tag.tab_details),
        },
        Tab {
            key: "layers",
            text: words!(i18n, tag.tab_layers),
        },
        Tab {
            key: "referrers",
            text: words!(i18n, tag.tab_referrers),
        },
    ];
    let current = Memo::new(move |_| url.tab(&["details", "layers", "referrers"]));
    let digest = Memo::new(move |_| url.get("digest"));

    let title = tag.name.clone();
    let tab_title = format!("{} · {}", tag.name, repository.path);
    let crumbs = {
        let (repository, tag) = (repository.clone(), tag.name.clone());
        Signal::derive(move || {
            let mut crumbs = repository.owner.crumbs(i18n);
            crumbs.push(Crumb::link(
                &repository.name,
                paths::repository(&repository.path),
            ));
            crumbs.push(Crumb::here(&tag));
            crumbs
        })
    };
    let platforms = match &tag.manifest.own {
        Own::Index(index) => index
            .children
            .iter()
            .filter(|child| child.manifest.is_some())
            .map(|child| (child.digest.0.clone(), child.label()))
            .collect(),
        _ => Vec::new(),
    };
    let is_index = !platforms.is_empty();
    let platforms = StoredValue::new(platforms);
    let own = Shown {
        namespace: repository.owner.name().to_owned(),
        name: repository.name.clone(),
        path: repository.path.clone(),
        tag: tag.name.clone(),
        started_at: tag.started_at,
        expires_at: tag.expires_at,
        manifest: tag.manifest,
    };
    let own = StoredValue::new(own);
    let child = ask(move || {
        let (namespace, name) = own.with_value(|own| (own.namespace.clone(), own.name.clone()));
        let digest = digest.get();
        Box::pin(async move {
            let Some(digest) = digest else {
                return Ok(None);
            };
            let variables = ChildVariables {
                namespace,
                name,
                digest: Digest(digest),
            };
            let data = api.run(ChildQuery::build(variables)).await?;
            Ok(Some(
                data.repository.and_then(|repository| repository.manifest),
            ))
        }) as Answer<Option<Option<Manifest>>>
    });
    let panel = move |shown: Shown| match current.get().as_str() {
        "layers" => view! { <Layers shown/> }.into_any(),
        "referrers" => view! { <Referrers shown/> }.into_any(),
        _ => view! { <Details shown/> }.into_any(),
    };
    let back = paths::repository(&repository.path);
    let gone = Callback::new(move |()| navigate(&back, NavigateOptions::default()));
    let (id, names) = (repository.id, vec![tag.name]);
    let names = StoredValue::new(names);
    let id = StoredValue::new(id);
    view! {
        <Crumbs crumbs/>
        <section class="pf-v6-c-page__main-section">
            <Heading title=Signal::stored(title) tab=Signal::stored(Some(tab_title))>
                {is_index
                    .then(|| {
                        view! {
                            <span class="berth-platform">
                                <Select
                                    label=words!(i18n, tag.platform)
                                    options=Signal::derive(move || {
                                        let mut options = vec![
                                            (String::new(), t_string!(i18n, tag.all_platforms).to_owned()),
                                        ];
                                        options.extend(platforms.get_value());
                                        options
                                    })
                                    value=Signal::derive(move || digest.get().unwrap_or_default())
                                    on_change=Callback::new(move |value: String| url.put("digest", &value))
                                />
                            </span>
                        }
                    })}
                {may_delete
                    .then(|| {
                        view! {
                            <span class="berth-toolbar__end">
                                <Menu
                                    label=words!(i18n, list.actions)
                                    icon=Some(lu::LuEllipsisVertical)
                                    items=Callback::new(move |()| {
                                        vec![
                                            MenuItem::danger(t_string!(i18n, common.delete), move || deleting.set(true)),
                                        ]
                                    })
                                />
                            </span>
                        }
                    })}
            </Heading>
            <Tabs
                label=words!(i18n, tag.tabs)
                tabs
                current
                keep=&["digest"]
            />
            <div
                class="berth-panel"
                id="tabpanel"
                role="tabpanel"
                tabindex="-1"
                aria-labelledby=move || format!("tab-{}", current.get())
            >
                {load(
                    child,
                    || view! { <SkeletonLines/> }.into_any(),
                    move |child| match child {
                        None => panel(own.get_value()),
                        Some(None) => view! { <NotVisible/> }.into_any(),
                        Some(Some(manifest)) => panel(Shown { manifest, ..own.get_value() }),
                    },
                )}
            </div>
        </section>
        <Show when=move || deleting.get()>
            <DeleteTags
                repository=id.get_value()
                doomed=DoomedTags::Named(names.get_value())
                on_close=Callback::new(move |()| deleting.set(false))
                on_done=gone
            />
        </Show>
    }
}
