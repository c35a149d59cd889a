//! The list of organizations.

mod create;
mod delete;
mod listed;
mod superuser;

use std::collections::BTreeMap;

use icondata_lu as lu;
use leptos::prelude::*;

use create::CreateOrganization;
use listed::{Line, Listed, NamespaceKind, Question};
use superuser::{OrganizationKey, RenameOrganization};

pub(crate) use delete::{Contents, DeleteOrganizations, Doomed};
pub(crate) use superuser::{TakeOwnership, Taken};

use crate::{
    api::use_api,
    components::{
        Avatar, BulkBar, Button, ButtonKind, Cell, Chosen, Column, DataTable, Empty, FilterChip,
        Heading, Label, ListTools, Listing, Menu, MenuItem, Pager, Row, SearchInput, Select,
        SkeletonTable, ask, load, use_list_url,
    },
    i18n::*,
    paths,
    session::use_session,
};

/// What a superuser does with a namespace.
#[derive(Clone)]
enum Open {
    Rename(OrganizationKey),
    Take(Taken),
    Delete(Doomed),
}

/// What a row's menu does.
#[derive(Clone, Copy)]
struct Actions {
    doom: Callback<Chosen>,
    /// For superusers.
    open: Option<RwSignal<Option<Open>>>,
}

/// The organizations that the viewer belongs to; for superusers all of them, and the namespaces of users.
#[component]
pub(crate) fn Organizations() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let creating = RwSignal::new(false);
    let deleting = RwSignal::new(None::<Doomed>);
    let open = RwSignal::new(None::<Open>);
    // What would go with each row shown so far, since rows stay chosen when the page is turned.
    let seen = StoredValue::new(BTreeMap::<String, Contents>::new());
    let all = untrack(|| session.sees_administration());
    let mut columns = vec![
        Column::new("name", words!(i18n, organizations.name)),
        Column::new("repositories", words!(i18n, organizations.repo_count)),
        Column::new("sizeBytes", words!(i18n, organizations.size)),
        Column::new("members", words!(i18n, organizations.members)),
        Column::new("robots", words!(i18n, organizations.robots)),
        Column::new("lastPushedAt", words!(i18n, organizations.last_pushed)),
        Column::new("createdAt", words!(i18n, organizations.created)),
    ];
    if all {
        columns.insert(1, Column::new("kind", words!(i18n, organizations.kind)));
    }
    let listing = Listing::new("organizations", "name", columns);
    let kind = move || NamespaceKind::of_key(&url.get("kind")?).filter(|_| all);
    let selection = listing.selection();
    let list = ask(move || {
        let question = Question {
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
            kind: kind(),
        };
        if all {
            listed::all(api, listing, question)
        } else {
            listed::own(api, listing, question)
        }
    });
    let doom = Callback::new(move |chosen: Chosen| {
        let contents = seen.with_value(|seen| Contents::of(&chosen, seen));
        deleting.set(Some(Doomed { chosen, contents }));
    });
    let bulk = Callback::new(move |()| {
        let delete = move || doom.run(selection.chosen());
        vec![MenuItem::danger(t_string!(i18n, common.delete), delete)]
    });
    let gone = Callback::new(move |()| {
        deleting.set(None);
        selection.clear();
        list.refetch();
    });
    let may_create = move || {
        let viewer = session.viewer();
        viewer.is_some_and(|viewer| viewer.can_create_organization) && !session.registry().read_only
    };
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, nav.organizations)/>
            </div>
            <div class="berth-toolbar">
                <SearchInput label=words!(i18n, organizations.search)/>
                {all.then(|| view! { <KindFilter/> })}
                <Show when=may_create>
                    <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                        {words!(i18n, organizations.create)}
                    </Button>
                </Show>
                <ListTools listing/>
                <Show when=move || kind().is_some()>
                    <KindChip/>
                </Show>
                <BulkBar selection>
                    <Menu label=words!(i18n, organizations.more_actions) items=bulk icon=None/>
                </BulkBar>
            </div>
            {load(
                list,
                || view! { <SkeletonTable/> }.into_any(),
                move |listed| {
                    let Listed { lines, next, total } = listed;
                    let is_narrowed = !url.search_untracked().is_empty() || untrack(kind).is_some();
                    if lines.is_empty() && is_narrowed {
                        return view! { <NothingFound/> }.into_any();
                    }
                    if lines.is_empty() {
                        return view! {
                            <Empty
                                icon=lu::LuBuilding2
                                title=words!(i18n, organizations.empty)
                                text=words!(i18n, organizations.empty_text)
                            >
                                <Show when=may_create>
                                    <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                                        {words!(i18n, organizations.create)}
                                    </Button>
                                </Show>
                            </Empty>
                        }
                            .into_any();
                    }
                    let shown = lines.len();
                    let open = session.administers().then_some(open);
                    let actions = Actions { doom, open };
                    seen.update_value(|seen| {
                        seen.extend(lines.iter().map(|line| (line.id.clone(), contents(line))));
                    });
                    view! {
                        <DataTable
                            listing
                            label=words!(i18n, nav.organizations)
                            rows=lines.into_iter().map(|line| row(i18n, line, all, actions)).collect()
                            // Not counted, so that all that match are no choice: deletion takes no filter.
                            total=None
                            grid="lg"
                        />
                        <Pager shown total next/>
                    }
                        .into_any()
                },
            )}
        </section>
        <Show when=move || creating.get()>
            <CreateOrganization on_close=Callback::new(move |()| creating.set(false))/>
        </Show>
        {move || {
            deleting
                .get()
                .map(|doomed| {
                    view! {
                        <DeleteOrganizations
                            doomed
                            on_close=Callback::new(move |()| deleting.set(None))
                            on_done=gone
                        />
                    }
                })
        }}
        <SuperuserDialogs open refetch=Callback::new(move |()| list.refetch())/>
    }
}

#[component]
fn SuperuserDialogs(open: RwSignal<Option<Open>>, refetch: Callback<()>) -> impl IntoView {
    let on_close = Callback::new(move |()| open.set(None));
    let on_done = Callback::new(move |()| {
        open.set(None);
        refetch.run(());
    });
    move || {
        Some(match open.get()? {
            Open::Rename(organization) => {
                view! { <RenameOrganization organization on_close on_done/> }.into_any()
            }
            Open::Take(taken) => view! { <TakeOwnership taken on_close on_done/> }.into_any(),
            Open::Delete(doomed) => {
                view! { <DeleteOrganizations doomed by_superuser=true on_close on_done/> }
                    .into_any()
            }
        })
    }
}

/// A search without a hit.
#[component]
pub(crate) fn NothingFound() -> impl IntoView {
    let i18n = use_i18n();
    let url = use_list_url();
    view! {
        <Empty
            icon=lu::LuSearchX
            title=words!(i18n, list.nothing_found)
            text=words!(i18n, list.nothing_found_text)
        >
            <Button kind=ButtonKind::Link on_click=Callback::new(move |_| url.clear_filters())>
                {words!(i18n, list.clear_filters)}
            </Button>
        </Empty>
    }
}

/// The choice of whose namespaces are shown.
#[component]
fn KindFilter() -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    view! {
        <div class="berth-toolbar__filter">
            <Select
                label=words!(i18n, organizations.kind)
                options=Signal::derive(move || {
                    vec![
                        (String::new(), t_string!(i18n, organizations.all_kinds).to_owned()),
                        (
                            NamespaceKind::Organization.key().to_owned(),
                            t_string!(i18n, organizations.organizations_alone).to_owned(),
                        ),
                        (
                            NamespaceKind::User.key().to_owned(),
                            t_string!(i18n, organizations.users_alone).to_owned(),
                        ),
                    ]
                })
                value=Signal::derive(move || url.get("kind").unwrap_or_default())
                on_change=Callback::new(move |value: String| url.put_filter("kind", &value))
            />
        </div>
    }
}

/// What is chosen there, to be taken away.
#[component]
fn KindChip() -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    let is_users = move || url.get("kind").as_deref() == Some(NamespaceKind::User.key());
    view! {
        <div class="berth-filters">
            <FilterChip
                name=words!(i18n, organizations.kind)
                value=Signal::derive(move || {
                    if is_users() {
                        t_string!(i18n, organizations.users_alone).to_owned()
                    } else {
                        t_string!(i18n, organizations.organizations_alone).to_owned()
                    }
                })
                on_remove=Callback::new(move |()| url.put_filter("kind", ""))
            />
            <Button kind=ButtonKind::Link on_click=Callback::new(move |_| url.clear_filters())>
                {words!(i18n, list.clear_filters)}
            </Button>
        </div>
    }
}

/// What would go with a row.
fn contents(line: &Line) -> Contents {
    Contents::new(line.repositories, line.robots, line.size.as_ref())
}

fn kind_cell(i18n: I18n, kind: NamespaceKind) -> Cell {
    let (icon, text) = match kind {
        NamespaceKind::User => (lu::LuUser, words!(i18n, settings.kind_user)),
        NamespaceKind::Organization => (lu::LuBuilding2, words!(i18n, settings.kind_organization)),
    };
    Cell::new(
        view! { <Label icon=Some(icon)>{move || text.get()}</Label> },
        kind.key(),
    )
}

/// A row; `all` for a list of all namespaces.
fn row(i18n: I18n, line: Line, all: bool, actions: Actions) -> Row {
    let is_user = line.kind == NamespaceKind::User;
    let href = paths::namespace(&line.name, is_user);
    let entity = {
        let (shown, color) = (line.name.clone(), line.color.clone());
        view! {
            <span class="berth-entity">
                <Avatar name=line.name.clone() color/>
                <a href=href><bdi>{shown}</bdi></a>
            </span>
        }
    };
    let mut cells = vec![
        Cell::new(entity, line.name.clone()),
        Cell::count(i18n, Some(line.repositories)),
        Cell::size(line.size.clone()),
        Cell::count(i18n, line.members),
        Cell::count(i18n, line.robots),
        Cell::time(line.last_pushed_at.clone()),
        Cell::time(Some(line.created_at.clone())),
    ];
    if all {
        cells.insert(1, kind_cell(i18n, line.kind));
    }
    let (id, name, may) = (line.id.clone(), line.name.clone(), line.administered);
    let menu = Callback::new(move |()| actions.items(i18n, &line));
    Row {
        selectable: may,
        menu: (may || actions.open.is_some()).then_some(menu),
        ..Row::new(&id, &name, cells)
    }
}

impl Actions {
    fn items(self, i18n: I18n, line: &Line) -> Vec<MenuItem> {
        let is_user = line.kind == NamespaceKind::User;
        let (mut items, mut delete) = (Vec::new(), None);
        if let Some(open) = self.open {
            let opens = |dialog: Open| move || open.set(Some(dialog.clone()));
            if is_user {
                items.push(MenuItem::Link {
                    text: t_string!(i18n, organizations.manage_user).to_owned(),
                    href: paths::users(&line.name),
                });
            } else {
                let key = (line.id.clone(), line.name.clone());
                items.push(MenuItem::action(
                    t_string!(i18n, ownership.rename),
                    opens(Open::Rename(key)),
                ));
                let doomed = Doomed {
                    chosen: Chosen::one(&line.id, &line.name),
                    contents: contents(line),
                };
                let dialog = opens(Open::Delete(doomed));
                delete = Some(MenuItem::danger(t_string!(i18n, common.delete), dialog));
            }
            if line.takeable {
                let taken = Taken {
                    id: line.id.clone(),
                    name: line.name.clone(),
                    is_user,
                };
                items.push(MenuItem::action(
                    t_string!(i18n, ownership.take),
                    opens(Open::Take(taken)),
                ));
            }
        }
        if line.administered {
            let one = Chosen::one(&line.id, &line.name);
            let dialog = move || self.doom.run(one.clone());
            delete = Some(MenuItem::danger(t_string!(i18n, common.delete), dialog));
        }
        if let Some(delete) = delete {
            if !items.is_empty() {
                items.push(MenuItem::Divider);
            }
            items.push(delete);
        }
        items
    }
}
