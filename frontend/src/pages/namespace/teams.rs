//! The teams of an organization, and who belongs to it.

mod change;
mod collaborators;
mod create;
mod delete;
mod members;
mod name;
mod people;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Avatar, Button, ButtonKind, Cell, Column, DataTable, Empty, ListTools, Listing, MenuItem,
        NotVisible, Pager, Row, SearchInput, SkeletonTable, ToggleGroup, ask, load, use_list_url,
    },
    fragments::{PageInfo, TeamRole},
    i18n::*,
    pages::organizations::NothingFound,
    paths, schema,
    session::{self, use_session},
    text,
};
use collaborators::CollaboratorsView;
use create::CreateTeam;
use delete::{DeleteTeam, Doomed};
use members::MembersView;

pub(in crate::pages) use change::{
    TeamRoleChoice, add_member, added_words, describe, refused, remove_member,
};
pub(in crate::pages) use name::is_description as is_team_description;
pub(super) use name::{NameTeam, Then};

/// What the URL calls the choice of a view, and the views beside that of the teams.
const VIEW: &str = "view";
const TEAMS: &str = "teams";
const MEMBERS: &str = "members";
const COLLABORATORS: &str = "collaborators";

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct TeamsQuery {
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
    teams: Option<TeamConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamConnection {
    nodes: Vec<Team>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Team {
    id: cynic::Id,
    name: String,
    description: String,
    avatar: session::Avatar,
    role: TeamRole,
    member_count: i32,
    repository_count: i32,
    viewer_can_manage: bool,
}

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Create,
    Delete(Doomed),
}

/// The tab *Teams and membership*.
#[component]
pub(super) fn Teams(
    /// Of which organization.
    organization: String,
    /// Whether the viewer makes teams, and removes members.
    may_change: bool,
    /// Whether the viewer sees all members, and who works with them from outside.
    sees_people: bool,
) -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    let organization = StoredValue::new(organization);
    let current = Memo::new(move |_| match url.get(VIEW).as_deref() {
        Some(MEMBERS) if sees_people => MEMBERS,
        Some(COLLABORATORS) if sees_people => COLLABORATORS,
        _ => TEAMS,
    });
    let open_view = Callback::new(move |view: &'static str| {
        url.open_view(VIEW, if view == TEAMS { "" } else { view });
    });
    view! {
        {sees_people
            .then(|| {
                view! {
                    <div class="berth-gap-below">
                        <ToggleGroup
                            label=words!(i18n, people.which)
                            options=vec![
                                (TEAMS, words!(i18n, people.team_view)),
                                (MEMBERS, words!(i18n, people.members_view)),
                                (COLLABORATORS, words!(i18n, people.collaborators_view)),
                            ]
                            current=Signal::derive(move || current.get().to_owned())
                            on_change=open_view
                        />
                    </div>
                }
            })}
        {move || match current.get() {
            MEMBERS => view! { <MembersView organization may_remove=may_change/> }.into_any(),
            COLLABORATORS => view! { <CollaboratorsView organization may_remove=may_change/> }.into_any(),
            _ => view! { <TeamView organization may_create=may_change/> }.into_any(),
        }}
    }
}

/// *Team View*: the teams.
#[component]
fn TeamView(
    organization: StoredValue<String>,
    /// Whether the viewer makes teams.
    may_create: bool,
) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let open = RwSignal::new(None::<Open>);
    let listing = Listing::new(
        "teams",
        "name",
        vec![
            Column::new("name", words!(i18n, teams.name)),
            Column::new("description", words!(i18n, teams.description)),
            Column::new("members", words!(i18n, teams.members)),
            Column::new("repositories", words!(i18n, teams.repositories)),
            Column::new("role", words!(i18n, teams.role)),
        ],
    );
    let list = ask(move || {
        let query = TeamsQuery::build(Variables {
            name: organization.get_value(),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        });
        api.run(listing.sends(query))
    });
    let refetch = Callback::new(move |()| list.refetch());
    let create_button = move || {
        view! {
            <Show when=move || may_create && !session.registry().read_only>
                <Button
                    kind=ButtonKind::Primary
                    on_click=Callback::new(move |_| open.set(Some(Open::Create)))
                >
                    {words!(i18n, teams.create)}
                </Button>
            </Show>
        }
    };
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, teams.search)/>
            {create_button()}
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Namespace::Organization(Organization { teams: Some(found) })) = data.namespace else {
                    return view! { <NotVisible/> }.into_any();
                };
                let TeamConnection { nodes, page_info, total_count } = found;
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuUsers
                            title=words!(i18n, teams.empty)
                            text=words!(i18n, teams.empty_text)
                        >
                            {create_button()}
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let rows = nodes
                    .into_iter()
                    .map(|team| row(i18n, &organization.get_value(), team, open, refetch));
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, teams.list)
                        rows=rows.collect()
                        total=None
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        <Dialogs organization open refetch/>
    }
}

#[component]
fn Dialogs(
    organization: StoredValue<String>,
    open: RwSignal<Option<Open>>,
    refetch: Callback<()>,
) -> impl IntoView {
    let on_done = Callback::new(move |()| {
        open.set(None);
        refetch.run(());
    });
    move || {
        let dialog = open.get()?;
        // Made with each dialog, so that one that closes late does not close the next.
        let on_close = Callback::new(move |()| open.set(None));
        Some(match dialog {
            Open::Create => {
                let organization = organization.get_value();
                view! { <CreateTeam organization on_close on_done/> }.into_any()
            }
            Open::Delete(doomed) => view! { <DeleteTeam doomed on_close on_done/> }.into_any(),
        })
    }
}

fn row(
    i18n: I18n,
    organization: &str,
    team: Team,
    open: RwSignal<Option<Open>>,
    refetch: Callback<()>,
) -> Row {
    let members = paths::team(organization, &team.name, paths::TEAM_MEMBERS_TAB);
    let permissions = paths::team(organization, &team.name, paths::TEAM_PERMISSIONS_TAB);
    let id = team.id.into_inner();
    let may_manage = team.viewer_can_manage;
    let (name, shown_name) = (team.name.clone(), team.name.clone());
    let link = {
        let (avatar_name, href) = (team.name.clone(), members.clone());
        view! {
            <span class="berth-entity">
                <Avatar name=avatar_name color=team.avatar.color/>
                <a href=href><bdi>{shown_name}</bdi></a>
            </span>
        }
    };
    let counted = move |count: i32, href: &str| {
        let href = href.to_owned();
        let number = move || text::count(language(i18n), i64::from(count));
        Cell::new(view! { <a href=href>{number}</a> }, count)
    };
    let description = match team.description.as_str() {
        "" => "–".to_owned(),
        text => text.to_owned(),
    };
    let role = view! {
        <TeamRoleChoice
            id=id.clone()
            name=team.name.clone()
            role=team.role
            may_change=may_manage
            refetch
        />
    };
    let cells = vec![
        Cell::new(link, team.name.clone()),
        Cell::new(
            view! { <span class="berth-name" dir="auto">{description}</span> },
            team.description,
        ),
        counted(team.member_count, &members),
        if may_manage {
            counted(team.repository_count, &permissions)
        } else {
            Cell::count(i18n, Some(team.repository_count))
        },
        Cell::new(role, team.role.key()),
    ];
    let doomed = Doomed {
        id: id.clone(),
        name: team.name,
        members: team.member_count,
        repositories: team.repository_count,
    };
    let menu = Callback::new(move |()| {
        let doomed = doomed.clone();
        vec![
            MenuItem::Link {
                text: t_string!(i18n, teams.manage).to_owned(),
                href: members.clone(),
            },
            MenuItem::Link {
                text: t_string!(i18n, roles.set).to_owned(),
                href: permissions.clone(),
            },
            MenuItem::Divider,
            MenuItem::danger(t_string!(i18n, common.delete), move || {
                open.set(Some(Open::Delete(doomed.clone())));
            }),
        ]
    });
    Row {
        menu: may_manage.then_some(menu),
        ..Row::new(&id, &name, cells)
    }
}
