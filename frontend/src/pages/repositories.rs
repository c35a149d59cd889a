//! Lists of repositories: all that the viewer may see, or those of one namespace.

mod actions;
mod create;

use std::collections::BTreeMap;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::organizations::NothingFound;
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Empty, Heading, Menu, MenuItem, Pager, RowCheck, SearchInput, Select,
        SelectAll, Selection, Size, SkeletonTable, SortHeader, Time, VisibilityLabel, ask, load,
        use_list_url,
    },
    fragments::{BigInt, DateTime, OrderDirection, PageInfo, Visibility},
    i18n::*,
    paths, schema,
    session::use_session,
    text,
};

use create::CreateRepository;

pub(crate) use actions::{DeleteRepositories, Doomed, VisibilityChange, use_visibility_change};

/// The order without `sort` in the URL.
const DEFAULT_SORT: &str = "name";

#[derive(cynic::Enum, Debug, Clone, Copy)]
enum RepositoryOrderField {
    Name,
    LastPushed,
}

#[derive(cynic::InputObject, Debug)]
struct RepositoryOrder {
    field: RepositoryOrderField,
    direction: OrderDirection,
}

#[derive(cynic::InputObject, Debug)]
struct RepositoryFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    visibility: Option<Visibility>,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
    filter: RepositoryFilter,
    order_by: RepositoryOrder,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct RepositoriesQuery {
    #[arguments(first: $first, after: $after, filter: $filter, orderBy: $order_by)]
    repositories: RepositoryConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RepositoryConnection {
    nodes: Vec<Repository>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Repository {
    id: cynic::Id,
    name: String,
    path: String,
    visibility: Visibility,
    size_bytes: Option<BigInt>,
    tag_count: i32,
    last_pushed_at: Option<DateTime>,
    viewer_can_administer: bool,
}

impl Repository {
    /// What would go with it.
    fn doomed(&self) -> Doomed {
        Doomed::new(
            &self.id,
            &self.path,
            self.tag_count,
            self.size_bytes.as_ref(),
        )
    }
}

/// All repositories that the viewer may see.
#[component]
pub(crate) fn Repositories() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, nav.repositories)/>
            </div>
            <RepositoryList namespace=None/>
        </section>
    }
}

/// Toolbar, table and pages of a list of repositories.
#[component]
pub(crate) fn RepositoryList(
    /// Only those of this namespace.
    namespace: Option<String>,
) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let creating = RwSignal::new(false);
    let deleting = RwSignal::new(None::<Vec<Doomed>>);
    let selection = Selection::new();
    // What would go with each row shown so far, since rows stay chosen when the page is turned.
    let seen = StoredValue::new(BTreeMap::<String, Doomed>::new());
    let namespace = StoredValue::new(namespace);
    let visibility = move || match url.get("visibility").as_deref() {
        Some("public") => Some(Visibility::Public),
        Some("private") => Some(Visibility::Private),
        _ => None,
    };
    let list = ask(move || {
        let (column, descending) = url.sort(DEFAULT_SORT);
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            filter: RepositoryFilter {
                search: Some(url.search()).filter(|text| !text.is_empty()),
                namespace: namespace.get_value(),
                visibility: visibility(),
            },
            order_by: RepositoryOrder {
                field: if column == "pushed" {
                    RepositoryOrderField::LastPushed
                } else {
                    RepositoryOrderField::Name
                },
                direction: OrderDirection::descending(descending),
            },
        };
        api.run(RepositoriesQuery::build(variables))
    });
    let refetch = Callback::new(move |()| list.refetch());
    let change_visibility = use_visibility_change(refetch);
    let may_create = move || {
        let namespace = namespace.get_value();
        !session.registry().read_only
            && session.viewer().is_some_and(|viewer| match namespace {
                Some(namespace) => viewer.creatable_namespaces.contains(&namespace),
                None => !viewer.creatable_namespaces.is_empty(),
            })
    };
    let bulk = move |()| {
        let change = move |to: Visibility| {
            change_visibility.run(VisibilityChange {
                ids: selection.ids(),
                to,
                names: selection.names(),
            });
            selection.clear();
        };
        vec![
            MenuItem::action(t_string!(i18n, repositories.make_public), move || {
                change(Visibility::Public);
            }),
            MenuItem::action(t_string!(i18n, repositories.make_private), move || {
                change(Visibility::Private);
            }),
            MenuItem::Divider,
            MenuItem::danger(t_string!(i18n, common.delete), move || {
                let ids = selection.ids();
                deleting.set(Some(seen.with_value(|seen| {
                    ids.iter().filter_map(|id| seen.get(id).cloned()).collect()
                })));
            }),
        ]
    };
    view! {
        <div class="berth-toolbar">
            <SearchInput label=words!(i18n, repositories.search)/>
            <div class="berth-toolbar__filter">
                <Select
                    label=words!(i18n, repositories.visibility)
                    options=Signal::derive(move || vec![
                        (String::new(), t_string!(i18n, repositories.all).to_owned()),
                        ("public".to_owned(), t_string!(i18n, repository.public).to_owned()),
                        ("private".to_owned(), t_string!(i18n, repository.private).to_owned()),
                    ])
                    value=Signal::derive(move || url.get("visibility").unwrap_or_default())
                    on_change=Callback::new(move |value: String| url.put("visibility", &value))
                />
            </div>
            <Show when=may_create>
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                    {words!(i18n, repositories.create)}
                </Button>
            </Show>
            <Show when=move || { selection.len() > 0 }>
                <div class="berth-bulk">
                    <span>{move || t_string!(i18n, list.selected, count = selection.len())}</span>
                    <Menu
                        label=words!(i18n, list.actions)
                        items=Callback::new(bulk)
                        icon=None
                    />
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| selection.clear())>
                        {words!(i18n, list.clear_selection)}
                    </Button>
                </div>
            </Show>
        </div>
        {load(
            list,
            || view! { <SkeletonTable/> }.into_any(),
            move |data| {
                let RepositoryConnection { nodes, page_info, total_count } = data.repositories;
                let filtered = !url.search_untracked().is_empty() || visibility().is_some();
                if nodes.is_empty() && filtered {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuPackage
                            title=words!(i18n, repositories.empty)
                            text=Signal::derive(move || {
                                if may_create() {
                                    t_string!(i18n, repositories.empty_text).to_owned()
                                } else {
                                    t_string!(i18n, repositories.empty_reader).to_owned()
                                }
                            })
                        >
                            <Show when=may_create>
                                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                                    {words!(i18n, repositories.create)}
                                </Button>
                            </Show>
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                seen.update_value(|seen| {
                    seen.extend(nodes.iter().map(|node| {
                        let doomed = node.doomed();
                        (doomed.id.clone(), doomed)
                    }));
                });
                view! {
                    <RepositoryTable
                        repositories=nodes
                        in_namespace=namespace.with_value(Option::is_some)
                        selection
                        deleting
                        change_visibility
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        <Show when=move || creating.get()>
            <CreateRepository namespace=namespace.get_value() on_close=Callback::new(move |()| creating.set(false))/>
        </Show>
        {move || {
            deleting
                .get()
                .map(|rows| {
                    view! {
                        <DeleteRepositories
                            repositories=rows
                            on_close=Callback::new(move |()| deleting.set(None))
                            on_done=Callback::new(move |()| {
                                deleting.set(None);
                                selection.clear();
                                list.refetch();
                            })
                        />
                    }
                })
        }}
    }
}

#[component]
fn RepositoryTable(
    repositories: Vec<Repository>,
    in_namespace: bool,
    selection: Selection,
    deleting: RwSignal<Option<Vec<Doomed>>>,
    change_visibility: Callback<VisibilityChange>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows: Vec<_> = repositories
        .iter()
        .filter(|repository| repository.viewer_can_administer)
        .map(|repository| (repository.id.inner().to_owned(), repository.path.clone()))
        .collect();
    let selectable = !rows.is_empty();
    view! {
        <table class="pf-v6-c-table pf-m-grid-md" aria-label=words!(i18n, nav.repositories)>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    {selectable.then(|| view! { <SelectAll selection rows/> })}
                    <SortHeader
                        column="name"
                        label=words!(i18n, repositories.name)
                        default=DEFAULT_SORT
                    />
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, repositories.visibility)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, repositories.size)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, repositories.tags)}</th>
                    <SortHeader
                        column="pushed"
                        label=words!(i18n, repositories.last_pushed)
                        default=DEFAULT_SORT
                        descending_first=true
                    />
                    {selectable
                        .then(|| {
                            view! {
                                <td class="pf-v6-c-table__td"></td>
                            }
                        })}
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {repositories
                    .into_iter()
                    .map(|repository| {
                        let shown = if in_namespace { repository.name.clone() } else { repository.path.clone() };
                        let href = paths::repository(&repository.path);
                        let id = repository.id.inner().to_owned();
                        let path = repository.path.clone();
                        let public = repository.visibility == Visibility::Public;
                        let tags = i64::from(repository.tag_count);
                        let actions = {
                            let (id, path) = (id.clone(), path.clone());
                            let doomed = repository.doomed();
                            Callback::new(move |()| {
                                let (to, text) = if public {
                                    (Visibility::Private, t_string!(i18n, repositories.make_private))
                                } else {
                                    (Visibility::Public, t_string!(i18n, repositories.make_public))
                                };
                                let (change_id, change_path) = (id.clone(), path.clone());
                                let doomed = doomed.clone();
                                vec![
                                    MenuItem::action(text, move || {
                                        change_visibility.run(VisibilityChange {
                                            ids: vec![change_id.clone()],
                                            to,
                                            names: vec![change_path.clone()],
                                        });
                                    }),
                                    MenuItem::Divider,
                                    MenuItem::danger(t_string!(i18n, common.delete), move || {
                                        deleting.set(Some(vec![doomed.clone()]));
                                    }),
                                ]
                            })
                        };
                        let label_path = path.clone();
                        view! {
                            <tr class="pf-v6-c-table__tr">
                                {selectable
                                    .then(|| {
                                        if repository.viewer_can_administer {
                                            view! { <RowCheck selection id=id.clone() name=path.clone()/> }.into_any()
                                        } else {
                                            view! { <td class="pf-v6-c-table__td"></td> }.into_any()
                                        }
                                    })}
                                <td class="pf-v6-c-table__td berth-name" data-label=words!(i18n, repositories.name)>
                                    <a href=href><bdi>{breakable(&shown)}</bdi></a>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, repositories.visibility)>
                                    <VisibilityLabel public/>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, repositories.size)>
                                    <Size bytes=repository.size_bytes/>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, repositories.tags)>
                                    {move || text::count(language(i18n), tags)}
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, repositories.last_pushed)>
                                    <Time at=repository.last_pushed_at/>
                                </td>
                                {selectable
                                    .then(|| {
                                        view! {
                                            <td class="pf-v6-c-table__td pf-v6-c-table__action">
                                                {repository
                                                    .viewer_can_administer
                                                    .then(|| {
                                                        view! {
                                                            <Menu
                                                                label=Signal::derive(move || {
                                                                    t_string!(i18n, list.row_actions, name = label_path.clone())
                                                                })
                                                                icon=Some(lu::LuEllipsisVertical)
                                                                items=actions
                                                            />
                                                        }
                                                    })}
                                            </td>
                                        }
                                    })}
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </table>
    }
}

/// A name that may wrap after `/`, `-` and `.`.
pub(crate) fn breakable(name: &str) -> Vec<AnyView> {
    name.split_inclusive(['/', '-', '.'])
        .map(|part| view! { {part.to_owned()}<wbr/> }.into_any())
        .collect()
}
