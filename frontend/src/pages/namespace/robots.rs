//! The robot accounts of a namespace.

mod make;
mod permissions;
mod wizard;

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use super::credentials::Credentials;
use crate::{
    api::use_api,
    bulk_changes::use_bulk_changes,
    components::{
        BulkBar, Button, ButtonKind, Cell, Chosen, Column, ConfirmDialog, DataTable, Empty,
        ListTools, Listing, MenuItem, NotVisible, Pager, Row, SearchInput, SkeletonTable, Time,
        ToggleGroup, ask, load, use_list_url, use_toasts,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    pages::organizations::NothingFound,
    schema,
    session::use_session,
    work::Work,
};
use permissions::RobotPermissions;
use wizard::CreateRobot;

pub(super) use make::MakeRobot;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct RobotsQuery {
    #[arguments(name: $name)]
    namespace: Option<Namespace>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Namespace {
    #[arguments(first: $first, after: $after, search: $search)]
    robots: RobotConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RobotConnection {
    nodes: Vec<Robot>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Robot {
    id: cynic::Id,
    name: String,
    description: String,
    created_at: DateTime,
    last_used_at: Option<DateTime>,
    repository_count: i32,
}

/// Narrows the robots of a namespace.
#[derive(cynic::InputObject, Debug, Clone)]
struct RobotFilter {
    namespace: String,
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    ids: Option<Vec<cynic::Id>>,
    filter: Option<RobotFilter>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
struct Delete {
    #[arguments(input: { ids: $ids, filter: $filter })]
    delete_robots: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteRobotsPayload")]
struct DeletePayload {
    deleted_ids: Vec<cynic::Id>,
}

/// A robot by id and whole name.
pub(super) type RobotKey = (String, String);

/// What the URL calls the choice of whole descriptions.
const DESCRIPTIONS: &str = "descriptions";
const EXPANDED: &str = "whole";

/// What the dialogs are about.
#[derive(Clone, Copy)]
struct Open {
    shown: RwSignal<Option<RobotKey>>,
    granting: RwSignal<Option<RobotKey>>,
    deleting: RwSignal<Option<Chosen>>,
}

/// The tab *Robot accounts*.
#[component]
pub(crate) fn Robots(
    /// Whose.
    namespace: String,
    /// Whether the viewer may create more.
    may_create: bool,
    /// Whether it is an organization.
    has_teams: bool,
) -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    // At a registry that takes no writes every page says so.
    let is_refused = !may_create && !use_session().registry().read_only;
    let namespace = StoredValue::new(namespace);
    let creating = RwSignal::new(false);
    let shown = RwSignal::new(None::<RobotKey>);
    let granting = RwSignal::new(None::<RobotKey>);
    let deleting = RwSignal::new(None::<Chosen>);
    let open = Open {
        shown,
        granting,
        deleting,
    };
    let expanded = Memo::new(move |_| url.get(DESCRIPTIONS).is_some());
    let listing = Listing::new(
        "robots",
        "name",
        vec![
            Column::new("name", words!(i18n, robots.name)),
            Column::new("description", words!(i18n, robots.description)),
            Column::new("repositories", words!(i18n, robots.repositories)),
            Column::new("lastUsedAt", words!(i18n, robots.last_used)),
            Column::new("createdAt", words!(i18n, robots.created)),
        ],
    );
    let selection = listing.selection();
    let bulk_changes = use_bulk_changes();
    let list = ask(move || {
        // In how many repositories a robot has a role.
        bulk_changes.track_ends();
        let query = RobotsQuery::build(Variables {
            name: namespace.get_value(),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        });
        api.run(listing.sends(query))
    });
    let create_button = move || {
        may_create.then(|| {
            view! {
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                    {words!(i18n, robots.create)}
                </Button>
            }
        })
    };
    view! {
        {is_refused.then(|| view! { <p class="berth-muted berth-gap-below">{words!(i18n, robots.refused)}</p> })}
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, robots.search)/>
            {create_button()}
            <ToggleGroup
                label=words!(i18n, robots.descriptions)
                options=vec![
                    (EXPANDED, words!(i18n, robots.expand)),
                    ("", words!(i18n, robots.collapse)),
                ]
                current=Signal::derive(move || if expanded.get() { EXPANDED } else { "" }.to_owned())
                on_change=Callback::new(move |key: &'static str| url.put(DESCRIPTIONS, key))
            />
            <ListTools listing/>
            <BulkBar selection>
                <Button
                    kind=ButtonKind::Danger
                    on_click=Callback::new(move |_| deleting.set(Some(selection.chosen())))
                >
                    {words!(i18n, common.delete)}
                </Button>
            </BulkBar>
        </div>
        <div class:berth-described=move || !expanded.get()>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(namespace) = data.namespace else {
                    return view! { <NotVisible/> }.into_any();
                };
                let RobotConnection { nodes, page_info, total_count } = namespace.robots;
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuBot
                            title=words!(i18n, robots.empty)
                            text=words!(i18n, robots.empty_text)
                        >
                            {create_button()}
                        </Empty>
                    }
                        .into_any();
                }
                let count = nodes.len();
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, namespace.tab_robots)
                        rows=nodes.into_iter().map(|robot| row(i18n, robot, open)).collect()
                        total=total_count
                    />
                    <Pager shown=count total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        </div>
        <Show when=move || creating.get()>
            <CreateRobot
                namespace=namespace.get_value()
                has_teams
                on_close=Callback::new(move |()| creating.set(false))
                on_done=Callback::new(move |robot: RobotKey| {
                    creating.set(false);
                    list.refetch();
                    shown.set(Some(robot));
                })
            />
        </Show>
        {move || {
            shown
                .get()
                .map(|(id, name)| {
                    view! { <Credentials id name on_close=Callback::new(move |()| shown.set(None))/> }
                })
        }}
        {move || {
            granting
                .get()
                .map(|robot| {
                    view! {
                        <RobotPermissions
                            namespace=namespace.get_value()
                            robot
                            on_close=Callback::new(move |()| granting.set(None))
                            on_done=Callback::new(move |()| {
                                granting.set(None);
                                list.refetch();
                            })
                        />
                    }
                })
        }}
        {move || {
            deleting
                .get()
                .map(|chosen| {
                    let filter = chosen
                        .filter(|| RobotFilter {
                            namespace: namespace.get_value(),
                            search: Some(url.search_untracked()).filter(|text| !text.is_empty()),
                        });
                    view! {
                        <DeleteRobots
                            chosen
                            filter
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

fn row(i18n: I18n, robot: Robot, open: Open) -> Row {
    let Open {
        shown,
        granting,
        deleting,
    } = open;
    let key: RobotKey = (robot.id.into_inner(), robot.name);
    let (id, name) = key.clone();
    let (open_key, menu_key) = (key.clone(), key.clone());
    let opener = view! {
        <button
            type="button"
            class="pf-v6-c-button pf-m-link pf-m-inline"
            on:click=move |_| shown.set(Some(open_key.clone()))
        >
            <span class="pf-v6-c-button__text"><bdi>{key.1}</bdi></span>
        </button>
    };
    let description = match robot.description.as_str() {
        "" => "–".to_owned(),
        text => text.to_owned(),
    };
    let last_used = robot.last_used_at.as_ref().map(|at| at.0.clone());
    let never = view! { <span>{words!(i18n, robots.never)}</span> };
    let cells = vec![
        Cell::name(opener, &name),
        Cell::new(
            view! { <span class="berth-description" dir="auto">{description}</span> },
            robot.description,
        ),
        Cell::count(i18n, Some(robot.repository_count)),
        match robot.last_used_at {
            Some(at) => Cell::new(view! { <Time at=Some(at)/> }, last_used),
            None => Cell::new(never, last_used),
        },
        Cell::time(Some(robot.created_at)),
    ];
    let items = Callback::new(move |()| {
        let (open_key, delete_key) = (menu_key.clone(), menu_key.clone());
        let grant_key = menu_key.clone();
        vec![
            MenuItem::action(t_string!(i18n, robots.credentials), move || {
                shown.set(Some(open_key.clone()));
            }),
            MenuItem::action(t_string!(i18n, roles.set), move || {
                granting.set(Some(grant_key.clone()));
            }),
            MenuItem::Divider,
            MenuItem::danger(t_string!(i18n, common.delete), move || {
                deleting.set(Some(Chosen::one(&delete_key.0, &delete_key.1)));
            }),
        ]
    });
    Row {
        selectable: true,
        menu: Some(items),
        ..Row::new(&id, &name, cells)
    }
}

#[component]
fn DeleteRobots(
    chosen: Chosen,
    filter: Option<RobotFilter>,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let (count, ids) = (chosen.len(), chosen.ids());
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables {
            ids: ids.clone(),
            filter: filter.clone(),
        };
        work.start(api.run(Delete::build(variables)), move |answer: Delete| {
            let count = answer.delete_robots.deleted_ids.len();
            toasts.success(tu_string!(i18n, robots.deleted, count = count));
            on_done.run(());
        });
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, robots.delete_title, count = count))
            text=words!(i18n, robots.delete_text)
            names=Signal::stored(chosen.names())
            work
            on_confirm
            on_close
        />
    }
}
