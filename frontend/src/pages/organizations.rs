//! The list of organizations.

mod create;
mod delete;
mod superuser;

use std::collections::BTreeMap;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use create::CreateOrganization;
use superuser::{OrganizationKey, RenameOrganization, TakeOwnership};

pub(crate) use delete::{Contents, DeleteOrganizations, Doomed};

use crate::{
    api::use_api,
    components::{
        Avatar, BulkBar, Button, ButtonKind, Cell, Chosen, Column, DataTable, Empty, Heading,
        ListTools, Listing, Menu, MenuItem, Pager, Row, SearchInput, SkeletonTable, ask, load,
        use_list_url,
    },
    fragments::{BigInt, DateTime, PageInfo},
    i18n::*,
    paths, schema,
    session::{self, use_session},
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct OrganizationsQuery {
    #[arguments(first: $first, after: $after, filter: { search: $search })]
    organizations: OrganizationConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct OrganizationConnection {
    nodes: Vec<Organization>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Organization {
    id: cynic::Id,
    name: String,
    avatar: session::Avatar,
    created_at: DateTime,
    repository_count: i32,
    robot_count: Option<i32>,
    size_bytes: Option<BigInt>,
    last_pushed_at: Option<DateTime>,
    member_count: Option<i32>,
    viewer_can_administer: bool,
}

/// What a superuser does with an organization.
#[derive(Clone)]
enum Open {
    Rename(OrganizationKey),
    Take(OrganizationKey),
}

/// What a row's menu does.
#[derive(Clone, Copy)]
struct Actions {
    doom: Callback<Chosen>,
    /// For superusers.
    open: Option<RwSignal<Option<Open>>>,
}

/// The organizations that the viewer belongs to, or all of them for superusers.
#[component]
pub(crate) fn Organizations() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let creating = RwSignal::new(false);
    let deleting = RwSignal::new(None::<Doomed>);
    let open = RwSignal::new(None::<Open>);
    // What would go with each row shown so far, since rows stay chosen when the page is turned.
    let seen = StoredValue::new(BTreeMap::<String, Contents>::new());
    let listing = Listing::new(
        "organizations",
        "name",
        vec![
            Column::new("name", words!(i18n, organizations.name)),
            Column::new("repositories", words!(i18n, organizations.repo_count)),
            Column::new("sizeBytes", words!(i18n, organizations.size)),
            Column::new("members", words!(i18n, organizations.members)),
            Column::new("robots", words!(i18n, organizations.robots)),
            Column::new("lastPushedAt", words!(i18n, organizations.last_pushed)),
            Column::new("createdAt", words!(i18n, organizations.created)),
        ],
    );
    let selection = listing.selection();
    let list = ask(move || {
        let search = Some(url.search()).filter(|text| !text.is_empty());
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            search,
        };
        api.run(listing.sends(OrganizationsQuery::build(variables)))
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
    let may_create = move || session.viewer().is_some() && !session.registry().read_only;
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, nav.organizations)/>
            </div>
            <div class="berth-toolbar">
                <SearchInput label=words!(i18n, organizations.search)/>
                <Show when=may_create>
                    <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| creating.set(true))>
                        {words!(i18n, organizations.create)}
                    </Button>
                </Show>
                <ListTools listing/>
                <BulkBar selection>
                    <Menu label=words!(i18n, organizations.more_actions) items=bulk icon=None/>
                </BulkBar>
            </div>
            {load(
                list,
                || view! { <SkeletonTable/> }.into_any(),
                move |data| {
                    let OrganizationConnection { nodes, page_info, total_count } = data.organizations;
                    if nodes.is_empty() && !url.search_untracked().is_empty() {
                        return view! { <NothingFound/> }.into_any();
                    }
                    if nodes.is_empty() {
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
                    let shown = nodes.len();
                    let open = session.administers().then_some(open);
                    let actions = Actions { doom, open };
                    seen.update_value(|seen| {
                        seen.extend(nodes.iter().map(|node| {
                            let (repositories, robots) = (node.repository_count, node.robot_count);
                            let contents = Contents::new(repositories, robots, node.size_bytes.as_ref());
                            (node.id.inner().to_owned(), contents)
                        }));
                    });
                    view! {
                        <DataTable
                            listing
                            label=words!(i18n, nav.organizations)
                            rows=nodes.into_iter().map(|organization| row(i18n, organization, actions)).collect()
                            // Not counted, so that all that match are no choice: deletion takes no filter.
                            total=None
                            grid="lg"
                        />
                        <Pager shown total=total_count next=page_info.next()/>
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
            Open::Take(organization) => {
                view! { <TakeOwnership organization on_close on_done/> }.into_any()
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

fn row(i18n: I18n, organization: Organization, actions: Actions) -> Row {
    let Organization { name, avatar, .. } = organization;
    let href = paths::namespace(&name, false);
    let entity = {
        let shown = name.clone();
        view! {
            <span class="berth-entity">
                <Avatar name=name.clone() color=avatar.color/>
                <a href=href><bdi>{shown}</bdi></a>
            </span>
        }
    };
    let cells = vec![
        Cell::new(entity, name.clone()),
        Cell::count(i18n, Some(organization.repository_count)),
        Cell::size(organization.size_bytes),
        Cell::count(i18n, organization.member_count),
        Cell::count(i18n, organization.robot_count),
        Cell::time(organization.last_pushed_at),
        Cell::time(Some(organization.created_at)),
    ];
    let id = organization.id.into_inner();
    let key = (id.clone(), name.clone());
    let may = organization.viewer_can_administer;
    let menu = Callback::new(move |()| actions.items(i18n, &key, may));
    Row {
        selectable: may,
        menu: (may || actions.open.is_some()).then_some(menu),
        ..Row::new(&id, &name, cells)
    }
}

impl Actions {
    /// `may` for who administers the organization.
    fn items(self, i18n: I18n, key: &OrganizationKey, may: bool) -> Vec<MenuItem> {
        let mut items = Vec::new();
        if let Some(open) = self.open {
            let opens = |dialog: Open| move || open.set(Some(dialog.clone()));
            items.push(MenuItem::action(
                t_string!(i18n, ownership.rename),
                opens(Open::Rename(key.clone())),
            ));
            items.push(MenuItem::action(
                t_string!(i18n, ownership.take),
                opens(Open::Take(key.clone())),
            ));
        }
        if may && !items.is_empty() {
            items.push(MenuItem::Divider);
        }
        if may {
            let one = Chosen::one(&key.0, &key.1);
            let delete = move || self.doom.run(one.clone());
            items.push(MenuItem::danger(t_string!(i18n, common.delete), delete));
        }
        items
    }
}
