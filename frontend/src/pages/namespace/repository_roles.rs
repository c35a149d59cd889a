//! Roles in the repositories of a namespace, chosen in a form and given together.

mod draft;

use std::collections::BTreeSet;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    bulk_changes::use_bulk_changes,
    components::{
        Button, ButtonKind, Empty, Label, ListPlace, NotVisible, PlacePager, SearchBox, Select,
        SkeletonTable, Time, VisibilityLabel, ask, counted, counted_and_grouped, load,
    },
    fragments::{DateTime, PageInfo, RepositoryFilter, Role, Visibility},
    i18n::*,
    roles::{Grantee, role_key, role_or_none_options, role_words},
    schema,
};
use draft::Line;

pub(super) use draft::RolesDraft;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    first: i32,
    after: Option<String>,
    filter: RepositoryFilter,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct RolesQuery {
    #[arguments(name: $name)]
    namespace: Option<Namespace>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Namespace {
    #[arguments(first: $first, after: $after, filter: $filter)]
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
    last_pushed_at: Option<DateTime>,
    permissions: Option<Vec<RepositoryPermission>>,
    team_permissions: Option<Vec<TeamRepositoryPermission>>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RepositoryPermission {
    account: String,
    role: Role,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamRepositoryPermission {
    name: String,
    role: Role,
}

impl Repository {
    /// The role that somebody has in it.
    fn role_of(&self, grantee: &Grantee) -> Option<Role> {
        match grantee {
            Grantee::Account(name) => {
                let mut roles = self.permissions.iter().flatten();
                roles.find(|one| one.account == *name).map(|one| one.role)
            }
            Grantee::Team(name) => {
                let mut roles = self.team_permissions.iter().flatten();
                roles.find(|one| one.name == *name).map(|one| one.role)
            }
        }
    }
}

/// What is chosen to get one role, before that role is.
#[derive(Clone, Copy)]
struct Choice {
    rows: RwSignal<BTreeSet<Line>>,
    /// Whether all that match are.
    all: RwSignal<bool>,
    /// How many match, as far as they were counted.
    total: RwSignal<usize>,
}

impl Choice {
    /// Nothing chosen.
    fn new() -> Self {
        Self {
            rows: RwSignal::new(BTreeSet::new()),
            all: RwSignal::new(false),
            total: RwSignal::new(0),
        }
    }

    /// How many.
    fn len(self) -> usize {
        if self.all.get() {
            self.total.get()
        } else {
            self.rows.with(BTreeSet::len)
        }
    }

    /// Whether a row is chosen.
    fn has(self, line: &Line) -> bool {
        self.all.get() || self.rows.with(|rows| rows.contains(line))
    }

    fn clear(self) {
        self.all.set(false);
        self.rows.set(BTreeSet::new());
    }
}

/// All repositories of a namespace with the role that somebody has, or will have, in each; one role for many of them.
/// All that match can be chosen for who is there already.
#[component]
pub(super) fn RepositoryRoles(
    /// Whose repositories.
    namespace: String,
    /// Who has the roles; none for who is still to be made.
    grantee: Option<Grantee>,
    /// What is chosen.
    draft: RolesDraft,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let place = ListPlace::new();
    let typed = RwSignal::new(String::new());
    let choice = Choice::new();
    let offers_all = grantee.is_some();
    let namespace = StoredValue::new(namespace);
    let bulk = use_bulk_changes();
    let list = ask(move || {
        bulk.track_ends();
        api.run(RolesQuery::build(Variables {
            name: namespace.get_value(),
            first: ListPlace::ROWS,
            after: place.after(),
            filter: RepositoryFilter {
                search: place.search(),
                ..RepositoryFilter::default()
            },
        }))
    });
    let give = Callback::new(move |key: String| {
        let role = Role::of_key(&key);
        if choice.all.get_untracked() {
            let filter = RepositoryFilter {
                search: untrack(|| place.search()),
                namespace: Some(namespace.get_value()),
                visibility: None,
            };
            draft.set_all(filter, choice.total.get_untracked(), role);
            return;
        }
        choice.rows.with_untracked(|lines| {
            for line in lines {
                draft.set(line, role);
            }
        });
    });
    let search = Callback::new(move |text: String| {
        if untrack(|| place.search()).unwrap_or_default() == text {
            return;
        }
        // Other repositories match from now on.
        choice.all.set(false);
        draft.unset_all();
        place.set_search(text);
    });
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchBox
                id="roles-search"
                label=words!(i18n, repositories.search)
                typed
                on_search=search
            />
            <ForSelected choice offers_all draft give/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(namespace) = data.namespace else {
                    return view! { <NotVisible/> }.into_any();
                };
                let RepositoryConnection { nodes, page_info, total_count } = namespace.repositories;
                choice.total.set(total_count.and_then(|total| usize::try_from(total).ok()).unwrap_or(0));
                if nodes.is_empty() && place.is_searched() {
                    return view! {
                        <Empty
                            icon=lu::LuSearchX
                            title=words!(i18n, list.nothing_found)
                            text=words!(i18n, list.nothing_found_text)
                        />
                    }
                        .into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuPackage
                            title=words!(i18n, repositories.empty)
                            text=words!(i18n, roles.no_repositories)
                        />
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let lines = nodes
                    .into_iter()
                    .map(|repository| {
                        let before = grantee.as_ref().and_then(|who| repository.role_of(who));
                        let line = Line {
                            path: repository.path.clone(),
                            id: repository.id.inner().to_owned(),
                            before,
                        };
                        view! { <RoleLine repository line draft choice/> }
                    })
                    .collect_view();
                view! {
                    <table
                        class="pf-v6-c-table pf-m-grid-md pf-m-compact"
                        aria-label=words!(i18n, roles.repository_permissions)
                    >
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">
                                <td class="pf-v6-c-table__td pf-v6-c-table__check"></td>
                                <th class="pf-v6-c-table__th" scope="col">{words!(i18n, roles.repository)}</th>
                                <th class="pf-v6-c-table__th" scope="col">{words!(i18n, settings.permission)}</th>
                                <th class="pf-v6-c-table__th" scope="col">{words!(i18n, repositories.last_pushed)}</th>
                            </tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">{lines}</tbody>
                    </table>
                    <PlacePager place shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
    }
}

/// One role for all that is chosen, and what was chosen for all that match.
#[component]
fn ForSelected(
    choice: Choice,
    offers_all: bool,
    draft: RolesDraft,
    give: Callback<String>,
) -> impl IntoView {
    /// The key of the line that only says what the drop-down is for.
    const UNCHOSEN: &str = "?";
    let i18n = use_i18n();
    // The rows stay chosen, so that the arrow keys may go on to another role. Other rows were given none yet.
    let given = RwSignal::new(UNCHOSEN.to_owned());
    Effect::new(move |_| {
        choice.rows.track();
        choice.all.track();
        given.set(UNCHOSEN.to_owned());
    });
    let all = move || {
        offers_all
            .then(|| choice.total.get())
            .filter(|total| *total > 1)
    };
    let is_open = move || !draft.has_all();
    view! {
        {move || {
            let total = all().filter(|_| is_open() && !choice.all.get())?;
            Some(
                view! {
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| choice.all.set(true))>
                        {move || {
                            t_string!(i18n, list.select_all, number = counted_and_grouped(i18n, total))
                        }}
                    </Button>
                },
            )
        }}
        <Show when=move || { is_open() && choice.len() > 0 }>
            <span role="status">
                {move || t_string!(i18n, list.selected, count = counted(i18n, choice.len()))}
            </span>
            <span class="berth-toolbar__filter">
                <Select
                    label=words!(i18n, roles.for_selected)
                    options=Signal::derive(move || {
                        let unchosen = t_string!(i18n, roles.for_selected).to_owned();
                        let mut options = vec![(UNCHOSEN.to_owned(), unchosen)];
                        options.extend(role_or_none_options(i18n));
                        options
                    })
                    value=given
                    on_change=Callback::new(move |key: String| {
                        given.set(key.clone());
                        if key != UNCHOSEN {
                            let is_of_all = choice.all.get_untracked();
                            give.run(key);
                            if is_of_all {
                                choice.clear();
                            }
                        }
                    })
                />
            </span>
        </Show>
        <Show when=move || is_open() && choice.all.get()>
            <Button kind=ButtonKind::Link on_click=Callback::new(move |_| choice.clear())>
                {words!(i18n, list.clear_selection)}
            </Button>
        </Show>
        {move || {
            let (count, role) = draft.of_all()?;
            let number = counted_and_grouped(i18n, count);
            let text = t_string!(i18n, roles.in_all, number = number, role = words_of(i18n, role));
            Some(
                view! {
                    <span role="status">{text}</span>
                    <Button kind=ButtonKind::Link on_click=Callback::new(move |_| draft.unset_all())>
                        {words!(i18n, common.undo)}
                    </Button>
                },
            )
        }}
    }
}

/// The words for a role, or for none.
fn words_of(i18n: I18n, role: Option<Role>) -> &'static str {
    match role {
        Some(role) => role_words(i18n, role),
        None => t_string!(i18n, repository.role_none),
    }
}

#[component]
fn RoleLine(
    repository: Repository,
    line: Line,
    draft: RolesDraft,
    choice: Choice,
) -> impl IntoView {
    let i18n = use_i18n();
    let (check_name, select_name) = (repository.name.clone(), repository.name.clone());
    let line = StoredValue::new(line);
    let public = repository.visibility == Visibility::Public;
    view! {
        <tr
            class="pf-v6-c-table__tr"
            class:berth-changed=move || line.with_value(|line| draft.changes(line))
        >
            <td class="pf-v6-c-table__td pf-v6-c-table__check">
                <label class="pf-v6-c-check pf-m-standalone">
                    <input
                        class="pf-v6-c-check__input"
                        type="checkbox"
                        aria-label=move || t_string!(i18n, list.select_row, name = check_name.clone())
                        prop:checked=move || line.with_value(|line| choice.has(line))
                        disabled=move || choice.all.get() || draft.has_all()
                        on:change=move |event| {
                            let chosen = event_target_checked(&event);
                            choice
                                .rows
                                .update(|rows| {
                                    let line = line.get_value();
                                    if chosen {
                                        rows.insert(line);
                                    } else {
                                        rows.remove(&line);
                                    }
                                });
                        }
                    />
                </label>
            </td>
            <td class="pf-v6-c-table__td" data-label=words!(i18n, roles.repository)>
                <span class="berth-entity">
                    <bdi class="berth-name">{repository.name}</bdi>
                    <VisibilityLabel public/>
                </span>
            </td>
            <td class="pf-v6-c-table__td" data-label=words!(i18n, settings.permission)>
                {move || {
                    if draft.has_all() {
                        let words = move || line.with_value(|line| words_of(i18n, draft.of(line)));
                        return view! { <Label>{words}</Label> }.into_any();
                    }
                    let name = select_name.clone();
                    view! {
                        <span class="berth-select-narrow">
                            <Select
                                label=Signal::derive(move || {
                                    Some(t_string!(i18n, roles.permission_in, name = name.clone()))
                                })
                                options=Signal::derive(move || role_or_none_options(i18n))
                                value=Signal::derive(move || line.with_value(|line| role_key(draft.of(line))))
                                on_change=Callback::new(move |key: String| {
                                    line.with_value(|line| draft.set(line, Role::of_key(&key)));
                                })
                            />
                        </span>
                    }
                        .into_any()
                }}
            </td>
            <td class="pf-v6-c-table__td" data-label=words!(i18n, repositories.last_pushed)>
                <Time at=repository.last_pushed_at/>
            </td>
        </tr>
    }
}
