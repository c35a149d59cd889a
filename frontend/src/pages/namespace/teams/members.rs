//! *Members View*: the users in teams of an organization.

use cynic::{MutationBuilder, QueryBuilder};
use leptos::prelude::*;

use super::{
    people::{self, RoleInRepository},
    refused,
};
use crate::{
    api::{ApiError, use_api},
    components::{
        Column, DataTable, ListTools, Listing, MenuItem, NotVisible, Pager, QuestionDialog, Row,
        SearchInput, SkeletonTable, ask, load, use_list_url, use_toasts,
    },
    fragments::PageInfo,
    i18n::*,
    pages::organizations::NothingFound,
    schema,
    session::{self, use_session},
    work::Work,
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
struct MembersQuery {
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
    members: Option<OrganizationMemberConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct OrganizationMemberConnection {
    nodes: Vec<OrganizationMember>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct OrganizationMember {
    account: String,
    avatar: session::Avatar,
    is_last_administrator: bool,
    member_of: Vec<Team>,
    team_count: i32,
    own_roles: Vec<RoleInRepository>,
    repository_count: i32,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Team {
    name: String,
}

#[derive(cynic::QueryVariables, Debug)]
struct RemoveVariables {
    organization: String,
    account: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "RemoveVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Remove {
    #[arguments(input: { organization: $organization, account: $account })]
    remove_member: RemoveMemberPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[expect(dead_code, reason = "only the success matters")]
struct RemoveMemberPayload {
    removed_account: String,
}

/// The list of users, of whom each can be removed from the organization.
#[component]
pub(super) fn MembersView(
    /// Of which organization.
    organization: StoredValue<String>,
    /// Whether the viewer removes them.
    may_remove: bool,
) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let leaving = RwSignal::new(None::<String>);
    let listing = Listing::new(
        "organizationMembers",
        "name",
        vec![
            Column::new("name", words!(i18n, people.user)),
            Column::new("teams", words!(i18n, teams.list)),
            Column::new("repositories", words!(i18n, people.repositories)),
        ],
    );
    let list = ask(move || {
        let query = MembersQuery::build(Variables {
            name: organization.get_value(),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        });
        api.run(listing.sends(query))
    });
    let shown_rows = StoredValue::new(0_usize);
    let on_done = Callback::new(move |()| {
        leaving.set(None);
        // Another page is read by itself.
        if !url.has_left_empty(shown_rows.get_value()) {
            list.refetch();
        }
    });
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, teams.search_members)/>
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Namespace::Organization(Organization { members: Some(found) })) = data.namespace else {
                    return view! { <NotVisible/> }.into_any();
                };
                let OrganizationMemberConnection { nodes, page_info, total_count } = found;
                shown_rows.set_value(nodes.len());
                // Nobody is in no organization: it keeps an administrator.
                if nodes.is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                let shown = nodes.len();
                let may_remove = may_remove && !session.registry().read_only;
                let rows = nodes
                    .into_iter()
                    .map(|member| row(i18n, &organization.get_value(), member, may_remove.then_some(leaving)));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, teams.members)
                        rows=rows.collect()
                        total=None
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        {move || {
            leaving
                .get()
                .map(|account| {
                    // Made with each dialog, so that one that closes late does not close the next.
                    let on_close = Callback::new(move |()| leaving.set(None));
                    view! { <RemoveMember organization=organization.get_value() account on_close on_done/> }
                })
        }}
    }
}

fn row(
    i18n: I18n,
    organization: &str,
    member: OrganizationMember,
    leaving: Option<RwSignal<Option<String>>>,
) -> Row {
    let OrganizationMember {
        account,
        avatar,
        is_last_administrator,
        member_of,
        team_count,
        own_roles,
        repository_count,
    } = member;
    let teams = member_of.into_iter().map(|team| team.name).collect();
    let cells = vec![
        people::name(&account, avatar),
        people::teams(i18n, organization, teams, team_count),
        people::repositories(i18n, own_roles, repository_count),
    ];
    let name = account.clone();
    let menu = leaving.map(|leaving| {
        Callback::new(move |()| {
            let text = t_string!(i18n, people.remove);
            if is_last_administrator {
                let reason = t_string!(i18n, teams.last_administrator);
                return vec![MenuItem::off(text, reason)];
            }
            let account = account.clone();
            vec![MenuItem::danger(text, move || {
                leaving.set(Some(account.clone()));
            })]
        })
    });
    Row {
        menu,
        ..Row::new(&name, &name, cells)
    }
}

/// Asks, then removes a user from the organization.
#[component]
pub(super) fn RemoveMember(
    /// From which.
    organization: String,
    /// Whom.
    account: String,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when the user is gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let work = Work::new();
    let (title_name, title_organization) = (account.clone(), organization.clone());
    let on_confirm = Callback::new(move |()| {
        let (account, organization) = (account.clone(), organization.clone());
        let operation = Remove::build(RemoveVariables {
            organization: organization.clone(),
            account: account.clone(),
        });
        work.start(api.done(operation), move |()| {
            toasts.success(tu_string!(
                i18n,
                people.removed,
                name = account,
                organization = organization
            ));
            on_done.try_run(());
        });
    });
    view! {
        <QuestionDialog
            title=Signal::derive(move || {
                t_string!(
                    i18n,
                    people.remove_title,
                    name = title_name.clone(),
                    organization = title_organization.clone()
                )
            })
            text=words!(i18n, people.remove_text)
            action=words!(i18n, people.remove_action)
            words=Some(Callback::new(move |error: ApiError| Some(refused(i18n, &error))))
            work
            on_confirm
            on_close
        />
    }
}
