//! The list of organizations.

mod create;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use create::CreateOrganization;

use crate::{
    api::use_api,
    components::{
        Avatar, Button, ButtonKind, Cell, Column, DataTable, Empty, Heading, ListTools, Listing,
        Pager, Row, SearchInput, SkeletonTable, ask, load, use_list_url,
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
    name: String,
    avatar: session::Avatar,
    created_at: DateTime,
    repository_count: i32,
    robot_count: Option<i32>,
    size_bytes: Option<BigInt>,
    last_pushed_at: Option<DateTime>,
    member_count: Option<i32>,
}

/// The organizations that the viewer belongs to.
#[component]
pub(crate) fn Organizations() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let creating = RwSignal::new(false);
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
    let list = ask(move || {
        let search = Some(url.search()).filter(|text| !text.is_empty());
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            search,
        };
        api.run(listing.sends(OrganizationsQuery::build(variables)))
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
                    view! {
                        <DataTable
                            listing
                            label=words!(i18n, nav.organizations)
                            rows=nodes.into_iter().map(|organization| row(i18n, organization)).collect()
                            total=total_count
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

fn row(i18n: I18n, organization: Organization) -> Row {
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
    Row::new(&name, &name, cells)
}
