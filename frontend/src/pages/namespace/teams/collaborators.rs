//! *Collaborators View*: who has roles in repositories of an organization and is in none of its teams.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::people::{self, RoleInRepository};
use crate::{
    api::use_api,
    components::{
        Cell, Column, DataTable, Empty, EntityKind, KindLabel, ListTools, Listing, NotVisible,
        Pager, Row, SearchInput, SkeletonTable, ask, load, use_list_url,
    },
    fragments::{AccountKind, PageInfo},
    i18n::*,
    pages::organizations::NothingFound,
    schema, session,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct CollaboratorsQuery {
    #[arguments(name: $name)]
    namespace: Option<Namespace>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(variables = "Variables")]
enum Namespace {
    Organization(Organization),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Organization {
    #[arguments(first: $first, after: $after, search: $search)]
    collaborators: Option<CollaboratorConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct CollaboratorConnection {
    nodes: Vec<Collaborator>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Collaborator {
    account: String,
    kind: AccountKind,
    avatar: session::Avatar,
    own_roles: Vec<RoleInRepository>,
    repository_count: i32,
}

/// The list of users and robots.
#[component]
pub(super) fn CollaboratorsView(
    /// Of which organization.
    organization: StoredValue<String>,
) -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    let listing = Listing::new(
        "collaborators",
        "name",
        vec![
            Column::new("name", words!(i18n, teams.member_name)),
            Column::new("kind", words!(i18n, settings.kind)),
            Column::new("repositories", words!(i18n, people.repositories)),
        ],
    );
    let list = ask(move || {
        let query = CollaboratorsQuery::build(Variables {
            name: organization.get_value(),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        });
        api.run(listing.sends(query))
    });
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, people.search_collaborators)/>
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Namespace::Organization(Organization { collaborators: Some(found) })) = data.namespace
                else {
                    return view! { <NotVisible/> }.into_any();
                };
                let CollaboratorConnection { nodes, page_info, total_count } = found;
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuUsers
                            title=words!(i18n, people.no_collaborators)
                            text=words!(i18n, people.no_collaborators_text)
                        />
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let rows = nodes.into_iter().map(|collaborator| row(i18n, collaborator));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, people.collaborators)
                        rows=rows.collect()
                        total=None
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
    }
}

fn row(i18n: I18n, collaborator: Collaborator) -> Row {
    let Collaborator {
        account,
        kind,
        avatar,
        own_roles,
        repository_count,
    } = collaborator;
    let kind = EntityKind::from(kind);
    let cells = vec![
        people::name(&account, avatar),
        Cell::new(view! { <KindLabel kind/> }, kind.key()),
        people::repositories(i18n, own_roles, repository_count),
    ];
    Row::new(&account, &account, cells)
}
