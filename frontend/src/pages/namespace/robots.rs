//! The robot accounts of a namespace.

mod create;

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use super::credentials::Credentials;
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, ConfirmDialog, Empty, Menu, MenuItem, NotVisible, Pager, RowCheck,
        SearchInput, SelectAll, Selection, SkeletonTable, Time, ask, load, use_list_url,
        use_toasts,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    pages::organizations::NothingFound,
    schema, text,
    work::Work,
};
use create::CreateRobot;

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

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    ids: Vec<cynic::Id>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { ids: $ids })]
    delete_robots: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteRobotsPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_ids: Vec<cynic::Id>,
}

/// A robot by id and whole name.
pub(super) type RobotKey = (String, String);

/// The tab *Robot accounts*.
#[component]
pub(crate) fn Robots(
    /// Whose.
    namespace: String,
) -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    let namespace = StoredValue::new(namespace);
    let creating = RwSignal::new(false);
    let shown = RwSignal::new(None::<RobotKey>);
    let deleting = RwSignal::new(None::<Vec<RobotKey>>);
    let selection = Selection::new();
    let list = ask(move || {
        api.run(RobotsQuery::build(Variables {
            name: namespace.get_value(),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        }))
    });
    let create_button = move || {
        view! {
            <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                {words!(i18n, robots.create)}
            </Button>
        }
    };
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, robots.search)/>
            {create_button()}
            <Show when=move || { selection.len() > 0 }>
                <div class="berth-bulk">
                    <span>{move || t_string!(i18n, list.selected, count = selection.len())}</span>
                    <Button
                        kind=ButtonKind::Danger
                        on_click=Callback::new(move |_| {
                            deleting.set(Some(selection.ids().into_iter().zip(selection.names()).collect()));
                        })
                    >
                        {words!(i18n, common.delete)}
                    </Button>
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| selection.clear())>
                        {words!(i18n, list.clear_selection)}
                    </Button>
                </div>
            </Show>
        </div>
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
                    <RobotTable robots=nodes selection shown deleting/>
                    <Pager shown=count total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        <Show when=move || creating.get()>
            <CreateRobot
                namespace=namespace.get_value()
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
            deleting
                .get()
                .map(|robots| {
                    view! {
                        <DeleteRobots
                            robots
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
fn RobotTable(
    robots: Vec<Robot>,
    selection: Selection,
    shown: RwSignal<Option<RobotKey>>,
    deleting: RwSignal<Option<Vec<RobotKey>>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows: Vec<_> = robots
        .iter()
        .map(|robot| (robot.id.inner().to_owned(), robot.name.clone()))
        .collect();
    view! {
        <table class="pf-v6-c-table pf-m-grid-md" aria-label=words!(i18n, namespace.tab_robots)>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    <SelectAll selection rows/>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, robots.name)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, robots.description)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, robots.repositories)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, robots.last_used)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, robots.created)}</th>
                    <td class="pf-v6-c-table__td"></td>
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {robots
                    .into_iter()
                    .map(|robot| {
                        let key: RobotKey = (robot.id.inner().to_owned(), robot.name.clone());
                        let (open_key, menu_key) = (key.clone(), key.clone());
                        let label = robot.name.clone();
                        let count = i64::from(robot.repository_count);
                        view! {
                            <tr class="pf-v6-c-table__tr">
                                <RowCheck selection id=key.0.clone() name=key.1.clone()/>
                                <td class="pf-v6-c-table__td berth-name" data-label=words!(i18n, robots.name)>
                                    <button
                                        type="button"
                                        class="pf-v6-c-button pf-m-link pf-m-inline"
                                        on:click=move |_| shown.set(Some(open_key.clone()))
                                    >
                                        <span class="pf-v6-c-button__text"><bdi>{robot.name}</bdi></span>
                                    </button>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, robots.description)>
                                    <span dir="auto">
                                        {if robot.description.is_empty() { "–".to_owned() } else { robot.description }}
                                    </span>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, robots.repositories)>
                                    {move || text::count(language(i18n), count)}
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, robots.last_used)>
                                    {match robot.last_used_at {
                                        Some(at) => view! { <Time at=Some(at)/> }.into_any(),
                                        None => view! { <span>{words!(i18n, robots.never)}</span> }.into_any(),
                                    }}
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, robots.created)>
                                    <Time at=Some(robot.created_at)/>
                                </td>
                                <td class="pf-v6-c-table__td pf-v6-c-table__action">
                                    <Menu
                                        label=Signal::derive(move || t_string!(i18n, list.row_actions, name = label.clone()))
                                        icon=Some(lu::LuEllipsisVertical)
                                        items=Callback::new(move |()| {
                                            let (open_key, delete_key) = (menu_key.clone(), menu_key.clone());
                                            vec![
                                                MenuItem::action(t_string!(i18n, robots.credentials), move || {
                                                    shown.set(Some(open_key.clone()));
                                                }),
                                                MenuItem::Divider,
                                                MenuItem::danger(t_string!(i18n, common.delete), move || {
                                                    deleting.set(Some(vec![delete_key.clone()]));
                                                }),
                                            ]
                                        })
                                    />
                                </td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </table>
    }
}

#[component]
fn DeleteRobots(
    robots: Vec<RobotKey>,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let count = robots.len();
    let (ids, names): (Vec<_>, Vec<_>) = robots.into_iter().unzip();
    let on_confirm = Callback::new(move |()| {
        let variables = DeleteVariables {
            ids: ids.iter().map(cynic::Id::new).collect(),
        };
        work.start(api.done(Delete::build(variables)), move |()| {
            toasts.success(tu_string!(i18n, robots.deleted, count = count));
            on_done.run(());
        });
    });
    view! {
        <ConfirmDialog
            title=Signal::derive(move || t_string!(i18n, robots.delete_title, count = count))
            text=words!(i18n, robots.delete_text)
            names=Signal::stored(names)
            work
            on_confirm
            on_close
        />
    }
}
