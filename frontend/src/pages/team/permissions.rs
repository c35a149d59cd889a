//! What a team may do in the repositories of its organization.

mod listed;

use icondata_lu as lu;
use leptos::prelude::*;

use super::Key;
use crate::{
    api::use_api,
    bulk_changes::use_bulk_changes,
    components::{
        BulkBar, Cell, Chosen, Column, DataTable, Empty, Failures, Label, ListTools, Listing, Menu,
        MenuItem, NotVisible, Pager, Row, SearchInput, Select, SkeletonTable, ToggleGroup,
        VisibilityLabel, ask, load, use_list_url,
    },
    fragments::{RepositoryFilter, Role, Visibility},
    i18n::*,
    pages::organizations::NothingFound,
    paths,
    roles::{
        Grantee, RoleChange, RoleChanger, RoleGiver, RoleInInput, RoleMatchingInput, RolesIn,
        RolesOf, role_key, role_or_none_options, role_words,
    },
    tasks::{Task, Tasks},
};
use listed::{Line, Listed, Question};

/// What the URL calls the choice of repositories, and those in which the team has a role.
const VIEW: &str = "view";
const GRANTED: &str = "granted";
const ALL: &str = "all";

/// The tab *Repository permissions*: all repositories, or those in which the team has a role.
#[component]
pub(super) fn Permissions(
    /// Of which team.
    team: Key,
    /// Whether the viewer changes them.
    may_manage: bool,
) -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    let (giver, bulk_changes) = (RoleGiver::telling(), use_bulk_changes());
    let granted = Memo::new(move |_| url.get(VIEW).as_deref() == Some(GRANTED));
    let listing = Listing::new(
        "teamPermissions",
        "name",
        vec![
            Column::new("repository", words!(i18n, roles.repository)),
            Column::new("permission", words!(i18n, settings.permission)),
            Column::new("visibility", words!(i18n, repositories.visibility)),
            Column::new("lastPushedAt", words!(i18n, repositories.last_pushed)),
        ],
    );
    let selection = listing.selection();
    let team = StoredValue::new(team);
    // All that match are all that this view shows.
    Effect::new(move |before: Option<bool>| {
        let now = granted.get();
        if before.is_some_and(|before| before != now) {
            selection.clear();
        }
        now
    });
    let list = ask(move || {
        bulk_changes.track_ends();
        let question = Question {
            team: team.get_value(),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        };
        if granted.get() {
            listed::granted(api, listing, question)
        } else {
            listed::all(api, listing, question)
        }
    });
    let refetch = Callback::new(move |()| list.refetch());
    let changer = StoredValue::new(RoleChanger::new(RolesOf::Grantee, refetch));
    let grantee = move || Grantee::Team(team.with_value(|team| team.name.clone()));
    let tasks = Tasks::new();
    let finished = move |all: bool| {
        refetch.try_run(());
        if all {
            selection.clear();
        }
    };
    let give_all = move |role: Option<Role>| {
        let grantee = grantee();
        let name = tu_string!(i18n, roles.repository_permissions);
        let (roles, paths) = match selection.chosen() {
            Chosen::Rows(rows) => {
                let (ids, paths): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
                let roles = ids.into_iter().map(|id| RoleInInput {
                    repository: cynic::Id::new(id),
                    role,
                });
                (RolesIn::Each(roles.collect()), paths)
            }
            Chosen::Matching(_) => {
                let filter = RepositoryFilter {
                    search: Some(url.search_untracked()).filter(|text| !text.is_empty()),
                    namespace: Some(team.with_value(|team| team.organization.clone())),
                    visibility: None,
                };
                let matching = RoleMatchingInput { filter, role };
                (RolesIn::Matching(matching), Vec::new())
            }
        };
        let change = Task::of_many(name, paths, move || {
            giver.give(grantee.clone(), roles.clone())
        });
        tasks.start(vec![change], finished);
    };
    let bulk =
        Callback::new(move |()| {
            let none = t_string!(i18n, repository.role_none);
            let mut items = vec![MenuItem::action(none, move || give_all(None))];
            items.extend(Role::ALL.into_iter().map(|role| {
                MenuItem::action(role_words(i18n, role), move || give_all(Some(role)))
            }));
            items
        });
    let open_view = Callback::new(move |view: &'static str| {
        url.put_filter(VIEW, if view == ALL { "" } else { view });
    });
    view! {
        <div class="berth-toolbar berth-gap-below">
            <Show when=move || !granted.get()>
                <SearchInput label=words!(i18n, repositories.search)/>
            </Show>
            <ToggleGroup
                label=words!(i18n, roles.which)
                options=vec![
                    (ALL, words!(i18n, roles.all_repositories)),
                    (GRANTED, words!(i18n, roles.granted)),
                ]
                current=Signal::derive(move || if granted.get() { GRANTED } else { ALL }.to_owned())
                on_change=open_view
            />
            <ListTools listing/>
            <BulkBar selection>
                <Menu label=words!(i18n, roles.set_role) items=bulk icon=None/>
            </BulkBar>
        </div>
        <Failures
            tasks
            title=words!(i18n, roles.failed)
            on_again=Callback::new(move |()| tasks.again(finished))
        />
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |listed| {
                let Some(Listed { lines, next, total }) = listed else {
                    return view! { <NotVisible/> }.into_any();
                };
                if lines.is_empty() && !granted.get_untracked() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if lines.is_empty() {
                    let (title, text) = if granted.get_untracked() {
                        (words!(i18n, roles.none_granted), words!(i18n, roles.none_granted_text))
                    } else {
                        (words!(i18n, repositories.empty), words!(i18n, roles.no_repositories))
                    };
                    return view! { <Empty icon=lu::LuPackage title text/> }.into_any();
                }
                let shown = lines.len();
                let change = move |line: &Line, now: Option<Role>| {
                    changer
                        .get_value()
                        .start(RoleChange {
                            repository: (line.id.clone(), line.path.clone()),
                            grantee: grantee(),
                            before: line.role,
                            now,
                        });
                };
                let rows = lines.into_iter().map(|line| row(i18n, line, may_manage, change));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, roles.repository_permissions)
                        rows=rows.collect()
                        // All that match a search can be chosen, which those with a permission cannot be.
                        total=total.filter(|_| !granted.get_untracked())
                    />
                    <Pager shown total next/>
                }
                    .into_any()
            },
        )}
    }
}

fn row(
    i18n: I18n,
    line: Line,
    may_manage: bool,
    change: impl Fn(&Line, Option<Role>) + Copy + Send + Sync + 'static,
) -> Row {
    let (id, path) = (line.id.clone(), line.path.clone());
    let link = {
        let (href, name) = (paths::repository(&line.path), line.name.clone());
        view! { <a href=href><bdi>{name}</bdi></a> }
    };
    let (role, last_pushed_at) = (line.role, line.last_pushed_at.clone());
    let public = line.visibility == Visibility::Public;
    let permission = if may_manage {
        let name = line.name.clone();
        view! {
            <span class="berth-select-narrow">
                <Select
                    label=Signal::derive(move || Some(t_string!(i18n, roles.permission_in, name = name.clone())))
                    options=Signal::derive(move || role_or_none_options(i18n))
                    value=Signal::stored(role_key(role))
                    on_change=Callback::new(move |key: String| change(&line, Role::of_key(&key)))
                />
            </span>
        }
        .into_any()
    } else {
        let words = move || match role {
            Some(role) => role_words(i18n, role),
            None => t_string!(i18n, repository.role_none),
        };
        view! { <Label>{words}</Label> }.into_any()
    };
    let cells = vec![
        Cell::name(link, &path),
        Cell::new(permission, role.map(Role::key)),
        Cell::new(
            view! { <VisibilityLabel public/> },
            if public { "public" } else { "private" },
        ),
        Cell::time(last_pushed_at),
    ];
    Row {
        selectable: may_manage,
        ..Row::new(&id, &path, cells)
    }
}
