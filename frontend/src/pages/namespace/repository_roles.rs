//! Roles in the repositories of a namespace, chosen in a form and given together.

use std::collections::{BTreeMap, BTreeSet};

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::{Api, use_api},
    components::{
        Empty, ListPlace, NotVisible, PlacePager, SearchBox, Select, SkeletonTable, Time,
        VisibilityLabel, ask, load,
    },
    fragments::{DateTime, PageInfo, Role, Visibility},
    i18n::*,
    roles::{Grantee, role_key, role_or_none_options, set_role},
    schema,
    tasks::Task,
};

#[derive(cynic::InputObject, Debug)]
struct RepositoryFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
}

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

/// Another role in one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    path: String,
    before: Option<Role>,
    now: Option<Role>,
}

/// Roles that were chosen and are not given yet, by the ids of the repositories.
#[derive(Clone, Copy)]
pub(super) struct RolesDraft(RwSignal<BTreeMap<String, Change>>);

impl RolesDraft {
    /// Nothing chosen.
    pub(super) fn new() -> Self {
        Self(RwSignal::new(BTreeMap::new()))
    }

    /// In how many repositories a role changes.
    pub(super) fn len(self) -> usize {
        self.0.with(BTreeMap::len)
    }

    /// Paths and roles to be, by path.
    pub(super) fn chosen(self) -> Vec<(String, Option<Role>)> {
        let mut chosen: Vec<_> = self.0.with(|changes| {
            let changes = changes.values();
            changes
                .map(|change| (change.path.clone(), change.now))
                .collect()
        });
        chosen.sort_by(|one: &(String, _), other| one.0.cmp(&other.0));
        chosen
    }

    /// Chooses nothing; the page may be gone.
    pub(super) fn clear(self) {
        self.0.try_update(BTreeMap::clear);
    }

    /// What gives the roles to somebody, a change for each repository.
    pub(super) fn tasks(self, api: Api, grantee: &Grantee) -> Vec<Task> {
        self.0.with_untracked(|changes| {
            changes
                .iter()
                .map(|(id, change)| {
                    let (id, grantee, role) = (id.clone(), grantee.clone(), change.now);
                    Task::new(change.path.clone(), move || {
                        set_role(api, &id, grantee.clone(), role)
                    })
                })
                .collect()
        })
    }

    fn set(self, line: &Line, role: Option<Role>) {
        self.0.update(|changes| {
            if role == line.before {
                changes.remove(&line.id);
            } else {
                let change = Change {
                    path: line.path.clone(),
                    before: line.before,
                    now: role,
                };
                changes.insert(line.id.clone(), change);
            }
        });
    }

    fn of(self, line: &Line) -> Option<Role> {
        self.0.with(|changes| {
            changes
                .get(&line.id)
                .map_or(line.before, |change| change.now)
        })
    }

    fn changes(self, id: &str) -> bool {
        self.0.with(|changes| changes.contains_key(id))
    }
}

/// A repository of the list, and the role in it so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    path: String,
    id: String,
    before: Option<Role>,
}

/// All repositories of a namespace with the role that somebody has, or will have, in each; one role for many of them.
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
    let selected = RwSignal::new(BTreeSet::<Line>::new());
    let list = ask(move || {
        api.run(RolesQuery::build(Variables {
            name: namespace.clone(),
            first: ListPlace::ROWS,
            after: place.after(),
            filter: RepositoryFilter {
                search: place.search(),
            },
        }))
    });
    let give = Callback::new(move |key: String| {
        let role = Role::of_key(&key);
        selected.with_untracked(|lines| {
            for line in lines {
                draft.set(line, role);
            }
        });
    });
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchBox
                id="roles-search"
                label=words!(i18n, repositories.search)
                typed
                on_search=Callback::new(move |text| place.set_search(text))
            />
            <ForSelected selected give/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(namespace) = data.namespace else {
                    return view! { <NotVisible/> }.into_any();
                };
                let RepositoryConnection { nodes, page_info, total_count } = namespace.repositories;
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
                        view! { <RoleLine repository line draft selected/> }
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

/// One role for all chosen rows.
#[component]
fn ForSelected(selected: RwSignal<BTreeSet<Line>>, give: Callback<String>) -> impl IntoView {
    /// The key of the line that only says what the drop-down is for.
    const UNCHOSEN: &str = "?";
    let i18n = use_i18n();
    let count = move || selected.with(BTreeSet::len);
    view! {
        <Show when=move || { count() > 0 }>
            <span role="status">{move || t_string!(i18n, list.selected, count = count())}</span>
            <span class="berth-toolbar__filter">
                <Select
                    label=words!(i18n, roles.for_selected)
                    options=Signal::derive(move || {
                        let unchosen = t_string!(i18n, roles.for_selected).to_owned();
                        let mut options = vec![(UNCHOSEN.to_owned(), unchosen)];
                        options.extend(role_or_none_options(i18n));
                        options
                    })
                    value=Signal::stored(UNCHOSEN.to_owned())
                    on_change=Callback::new(move |key: String| {
                        if key != UNCHOSEN {
                            give.run(key);
                            // The drop-down is made anew, and says again what it is for.
                            selected.set(BTreeSet::new());
                        }
                    })
                />
            </span>
        </Show>
    }
}

#[component]
fn RoleLine(
    repository: Repository,
    line: Line,
    draft: RolesDraft,
    selected: RwSignal<BTreeSet<Line>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let (check_name, select_name) = (repository.name.clone(), repository.name.clone());
    let line = StoredValue::new(line);
    let public = repository.visibility == Visibility::Public;
    view! {
        <tr
            class="pf-v6-c-table__tr"
            class:berth-changed=move || line.with_value(|line| draft.changes(&line.id))
        >
            <td class="pf-v6-c-table__td pf-v6-c-table__check">
                <label class="pf-v6-c-check pf-m-standalone">
                    <input
                        class="pf-v6-c-check__input"
                        type="checkbox"
                        aria-label=move || t_string!(i18n, list.select_row, name = check_name.clone())
                        prop:checked=move || {
                            line.with_value(|line| selected.with(|selected| selected.contains(line)))
                        }
                        on:change=move |event| {
                            let chosen = event_target_checked(&event);
                            selected
                                .update(|selected| {
                                    let line = line.get_value();
                                    if chosen {
                                        selected.insert(line);
                                    } else {
                                        selected.remove(&line);
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
                <span class="berth-select-narrow">
                    <Select
                        label=Signal::derive(move || {
                            Some(t_string!(i18n, roles.permission_in, name = select_name.clone()))
                        })
                        options=Signal::derive(move || role_or_none_options(i18n))
                        value=Signal::derive(move || line.with_value(|line| role_key(draft.of(line))))
                        on_change=Callback::new(move |key: String| {
                            line.with_value(|line| draft.set(line, Role::of_key(&key)));
                        })
                    />
                </span>
            </td>
            <td class="pf-v6-c-table__td" data-label=words!(i18n, repositories.last_pushed)>
                <Time at=repository.last_pushed_at/>
            </td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(before: Option<Role>) -> Line {
        Line {
            path: "acme/app".into(),
            id: "r1".into(),
            before,
        }
    }

    #[test]
    fn what_is_set_back_is_no_change() {
        let owner = Owner::new();
        owner.set();
        let (draft, line) = (RolesDraft::new(), line(Some(Role::Read)));
        draft.set(&line, Some(Role::Admin));
        assert_eq!(draft.of(&line), Some(Role::Admin));
        assert_eq!(draft.chosen(), [("acme/app".into(), Some(Role::Admin))]);
        draft.set(&line, Some(Role::Read));
        assert_eq!((draft.len(), draft.of(&line)), (0, Some(Role::Read)));
        draft.set(&line, None);
        assert_eq!(draft.chosen(), [("acme/app".into(), None)]);
        draft.clear();
        assert_eq!(draft.len(), 0);
    }
}
