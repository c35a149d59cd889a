//! The list of organizations.

mod create;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use create::CreateOrganization;

use crate::{
    api::use_api,
    components::{
        Avatar, Button, ButtonKind, Empty, Heading, Pager, SearchInput, SkeletonTable, Time, ask,
        load, use_list_url,
    },
    fragments::{DateTime, PageInfo},
    i18n::*,
    paths, schema,
    session::{self, use_session},
    text,
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
    member_count: Option<i32>,
}

/// The organizations that the viewer belongs to.
#[component]
pub(crate) fn Organizations() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let creating = RwSignal::new(false);
    let list = ask(move || {
        let search = Some(url.search()).filter(|text| !text.is_empty());
        let variables = Variables {
            first: url.rows(),
            after: url.after(),
            search,
        };
        api.run(OrganizationsQuery::build(variables))
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
                        <OrganizationTable organizations=nodes/>
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
            <Button kind=ButtonKind::Link on_click=Callback::new(move |_| url.set_search(""))>
                {words!(i18n, common.clear_search)}
            </Button>
        </Empty>
    }
}

#[component]
fn OrganizationTable(organizations: Vec<Organization>) -> impl IntoView {
    let i18n = use_i18n();
    let number = move |count: Option<i32>| match count {
        Some(count) => text::count(language(i18n), i64::from(count)),
        None => "–".to_owned(),
    };
    view! {
        <table class="pf-v6-c-table pf-m-grid-md" aria-label=words!(i18n, nav.organizations)>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, organizations.name)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, organizations.repo_count)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, organizations.members)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, organizations.robots)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, organizations.created)}</th>
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {organizations
                    .into_iter()
                    .map(|organization| {
                        let href = paths::namespace(&organization.name, false);
                        view! {
                            <tr class="pf-v6-c-table__tr">
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, organizations.name)>
                                    <span class="berth-entity">
                                        <Avatar name=organization.name.clone() color=organization.avatar.color/>
                                        <a href=href><bdi>{organization.name}</bdi></a>
                                    </span>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, organizations.repo_count)>
                                    {move || number(Some(organization.repository_count))}
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, organizations.members)>
                                    {move || number(organization.member_count)}
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, organizations.robots)>
                                    {move || number(organization.robot_count)}
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, organizations.created)>
                                    <Time at=Some(organization.created_at)/>
                                </td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </table>
    }
}
