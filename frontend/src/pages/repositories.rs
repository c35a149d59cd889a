//! Lists of repositories: all that the viewer may see, or those of one namespace.

mod actions;
mod create;
mod star;
mod starred;

use std::collections::BTreeMap;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::organizations::NothingFound;
use crate::{
    api::use_api,
    bulk_changes::use_bulk_changes,
    components::{
        BulkBar, Button, ButtonKind, Cell, Chosen, Column, DataTable, Empty, FilterChip, Heading,
        Icon, ListTools, ListUrl, Listing, Menu, MenuItem, Pager, Row, SearchInput, Select,
        SkeletonTable, VisibilityLabel, ask, load, use_list_url,
    },
    fragments::{BigInt, DateTime, OrderDirection, PageInfo, RepositoryFilter, Visibility},
    i18n::*,
    lazy::lazy_page,
    paths, schema,
    session::use_session,
};

use create::CreateRepository;

pub(crate) use actions::{
    DeleteRepositories, Doomed, Figures, VisibilityChange, use_visibility_change,
};
pub(crate) use star::Star;

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

/// The order that the URL says.
fn order_of(url: ListUrl) -> RepositoryOrder {
    let (column, descending) = url.sort(DEFAULT_SORT);
    RepositoryOrder {
        field: if column == "pushed" {
            RepositoryOrderField::LastPushed
        } else {
            RepositoryOrderField::Name
        },
        direction: OrderDirection::descending(descending),
    }
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
    popularity: BigInt,
    last_pushed_at: Option<DateTime>,
    is_starred: bool,
    viewer_can_administer: bool,
}

/// What the URL calls the list of the starred repositories.
const STARRED: &str = "starred";

lazy_page!(Starred, stars, starred::StarredList);

/// All repositories that the viewer may see, or those that it has starred.
#[component]
pub(crate) fn Repositories() -> impl IntoView {
    let (i18n, url, session) = (use_i18n(), use_list_url(), use_session());
    let starred = Memo::new(move |_| session.viewer().is_some() && url.get(STARRED).is_some());
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, nav.repositories)/>
            </div>
            {move || {
                if starred.get() {
                    view! { <Starred/> }.into_any()
                } else {
                    view! { <RepositoryList namespace=None/> }.into_any()
                }
            }}
        </section>
    }
}

/// Leads to the starred repositories and back.
#[component]
fn StarredSwitch() -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    let on = Memo::new(move |_| url.get(STARRED).is_some());
    view! {
        <button
            type="button"
            class="pf-v6-c-button pf-m-secondary"
            class:berth-star-on=move || on.get()
            aria-pressed=move || on.get().to_string()
            on:click=move |_| url.put_filter(STARRED, if on.get_untracked() { "" } else { "true" })
        >
            <span class="pf-v6-c-button__icon pf-m-start">
                <Icon icon=lu::LuStar/>
            </span>
            <span class="pf-v6-c-button__text">{words!(i18n, stars.starred)}</span>
        </button>
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
    let deleting = RwSignal::new(None::<Doomed>);
    // What would go with each row shown so far, since rows stay chosen when the page is turned.
    let seen = StoredValue::new(BTreeMap::<String, Figures>::new());
    let namespace = StoredValue::new(namespace);
    let visibility = move || match url.get("visibility").as_deref() {
        Some("public") => Some(Visibility::Public),
        Some("private") => Some(Visibility::Private),
        _ => None,
    };
    let filter = move || RepositoryFilter {
        search: Some(url.search()).filter(|text| !text.is_empty()),
        namespace: namespace.get_value(),
        visibility: visibility(),
    };
    let starring = session.viewer_untracked().is_some();
    let listing = Listing::new("repositories", DEFAULT_SORT, columns(i18n, starring));
    let selection = listing.selection();
    let bulk_changes = use_bulk_changes();
    let list = ask(move || {
        bulk_changes.track_ends();
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            filter: filter(),
            order_by: order_of(url),
        };
        api.run(listing.sends(RepositoriesQuery::build(variables)))
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
    let of_all = namespace.with_value(Option::is_none);
    let change = Callback::new(move |(chosen, to): (Chosen, Visibility)| {
        let filter = chosen.filter(|| untrack(filter));
        change_visibility.run(VisibilityChange { chosen, filter, to });
    });
    let doom = Callback::new(move |chosen: Chosen| {
        let figures = seen.with_value(|seen| Figures::of(&chosen, seen));
        let filter = chosen.filter(|| untrack(filter));
        deleting.set(Some(Doomed {
            chosen,
            filter,
            figures,
        }));
    });
    let bulk = Callback::new(move |()| {
        let make = move |to: Visibility| {
            change.run((selection.chosen(), to));
            selection.clear();
        };
        vec![
            MenuItem::action(t_string!(i18n, repositories.make_public), move || {
                make(Visibility::Public);
            }),
            MenuItem::action(t_string!(i18n, repositories.make_private), move || {
                make(Visibility::Private);
            }),
            MenuItem::Divider,
            MenuItem::danger(t_string!(i18n, common.delete), move || {
                doom.run(selection.chosen());
            }),
        ]
    });
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
                    on_change=Callback::new(move |value: String| url.put_filter("visibility", &value))
                />
            </div>
            <Show when=move || of_all && session.viewer().is_some()>
                <StarredSwitch/>
            </Show>
            <Show when=may_create>
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                    {words!(i18n, repositories.create)}
                </Button>
            </Show>
            <ListTools listing/>
            <Show when=move || visibility().is_some()>
                <div class="berth-filters">
                    <FilterChip
                        name=words!(i18n, repositories.visibility)
                        value=Signal::derive(move || {
                            match visibility() {
                                Some(Visibility::Public) => t_string!(i18n, repository.public),
                                _ => t_string!(i18n, repository.private),
                            }
                                .to_owned()
                        })
                        on_remove=Callback::new(move |()| url.put_filter("visibility", ""))
                    />
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| url.clear_filters())>
                        {words!(i18n, list.clear_filters)}
                    </Button>
                </div>
            </Show>
            <BulkBar selection>
                <Menu label=words!(i18n, list.actions) items=bulk icon=None/>
            </BulkBar>
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
                        let figures = Figures::new(node.tag_count, node.size_bytes.as_ref());
                        (node.id.inner().to_owned(), figures)
                    }));
                });
                let actions = Some(Actions { change, doom });
                let rows = nodes.into_iter().map(|node| row(i18n, node, of_all, actions));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, nav.repositories)
                        rows=rows.collect()
                        total=total_count
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
                .map(|doomed| {
                    view! {
                        <DeleteRepositories
                            doomed
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

/// The columns of a list; `starring` for who has stars.
fn columns(i18n: I18n, starring: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("name", words!(i18n, repositories.name)).sorted(),
        Column::new("visibility", words!(i18n, repositories.visibility)),
        Column::new("sizeBytes", words!(i18n, repositories.size)),
        Column::new("tags", words!(i18n, repositories.tags)),
        Column::new("pushed", words!(i18n, repositories.last_pushed)).sorted_down(),
        Column::new("pulls", words!(i18n, repositories.pulls)),
    ];
    if starring {
        columns.push(Column::new("starred", words!(i18n, stars.starred)));
    }
    columns
}

/// What a row's menu does.
#[derive(Clone, Copy)]
struct Actions {
    change: Callback<(Chosen, Visibility)>,
    doom: Callback<Chosen>,
}

/// A row for [`columns`]; with the whole path in a list of several namespaces.
fn row(i18n: I18n, repository: Repository, whole_path: bool, actions: Option<Actions>) -> Row {
    let Repository { path, .. } = repository;
    let shown = if whole_path {
        path.clone()
    } else {
        repository.name
    };
    let href = paths::repository(&path);
    let public = repository.visibility == Visibility::Public;
    let id = repository.id.into_inner();
    let star_id = id.clone();
    let star_name = path.clone();
    let starred = repository.is_starred;
    let cells = vec![
        Cell::name(
            view! { <a href=href><bdi>{breakable(&shown)}</bdi></a> },
            &path,
        ),
        Cell::new(
            view! { <VisibilityLabel public/> },
            if public { "public" } else { "private" },
        ),
        Cell::size(repository.size_bytes),
        Cell::count(i18n, Some(repository.tag_count)),
        Cell::time(repository.last_pushed_at),
        Cell::large_count(i18n, &repository.popularity),
        // Left out where there is no column for it.
        Cell::new(view! { <Star id=star_id name=star_name starred/> }, starred),
    ];
    let one = Chosen::one(&id, &path);
    let actions = actions.filter(|_| repository.viewer_can_administer);
    let menu = actions.map(|Actions { change, doom }| {
        Callback::new(move |()| {
            let (changed, doomed) = (one.clone(), one.clone());
            let (to, text) = if public {
                (
                    Visibility::Private,
                    t_string!(i18n, repositories.make_private),
                )
            } else {
                (
                    Visibility::Public,
                    t_string!(i18n, repositories.make_public),
                )
            };
            vec![
                MenuItem::action(text, move || change.run((changed.clone(), to))),
                MenuItem::Divider,
                MenuItem::danger(t_string!(i18n, common.delete), move || {
                    doom.run(doomed.clone());
                }),
            ]
        })
    });
    Row {
        selectable: menu.is_some(),
        menu,
        ..Row::new(&id, &path, cells)
    }
}

/// A name that may wrap after `/`, `-` and `.`.
pub(crate) fn breakable(name: &str) -> Vec<AnyView> {
    name.split_inclusive(['/', '-', '.'])
        .map(|part| view! { {part.to_owned()}<wbr/> }.into_any())
        .collect()
}
