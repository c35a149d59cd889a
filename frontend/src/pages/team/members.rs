//! Who is in a team.

mod add;
mod invitations;
mod invited;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use super::Key;
use crate::{
    api::{Api, ApiError, use_api},
    components::{
        Avatar, Button, ButtonKind, Cell, Column, DataTable, Empty, EntityKind, KindLabel,
        ListTools, Listing, MenuItem, Pager, Row, SearchInput, SkeletonTable, Toasts, ask, load,
        use_list_url, use_toasts,
    },
    fragments::{AccountKind, DateTime, PageInfo, TeamMemberState, TeamRole},
    i18n::*,
    pages::{
        namespace::{add_member, added_words, refused, remove_member},
        organizations::NothingFound,
    },
    schema,
    session::{self, use_session},
};
use add::AddMember;
use invited::Invited;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
    first: i32,
    after: Option<String>,
    search: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct MembersQuery {
    #[arguments(id: $id)]
    node: Option<Node>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(variables = "Variables")]
enum Node {
    Team(Team),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Team {
    #[arguments(first: $first, after: $after, search: $search)]
    members: Option<TeamMemberConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamMemberConnection {
    nodes: Vec<TeamMember>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamMember {
    account: Option<String>,
    kind: Option<AccountKind>,
    avatar: session::Avatar,
    added_at: DateTime,
}

#[derive(cynic::QueryVariables, Debug)]
struct FirstVariables {
    organization: String,
    id: cynic::Id,
}

/// Who administers the organization, as far as it takes to tell whether one user alone does.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "FirstVariables")]
struct AdministratorsQuery {
    #[arguments(name: $organization)]
    namespace: Option<Administered>,
    #[arguments(id: $id)]
    node: Option<First>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(graphql_type = "Namespace")]
enum Administered {
    Organization(Organization),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Organization {
    #[arguments(first: 100)]
    teams: Option<TeamConnection>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamConnection {
    nodes: Vec<OtherTeam>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Team")]
struct OtherTeam {
    id: cynic::Id,
    role: TeamRole,
    member_count: i32,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(graphql_type = "Node")]
enum First {
    Team(FirstOfTeam),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Team")]
struct FirstOfTeam {
    // Users come before robots, so two rows tell whether there is one user alone.
    #[arguments(first: 2)]
    members: Option<FirstMembers>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "TeamMemberConnection")]
struct FirstMembers {
    nodes: Vec<TeamMember>,
}

impl AdministratorsQuery {
    /// The only user who administers the organization, where that is told by what is here; the server refuses the rest.
    fn only_one(self, team: &str) -> Option<String> {
        let Some(Administered::Organization(Organization { teams: Some(teams) })) = self.namespace
        else {
            return None;
        };
        let by_others = teams.nodes.iter().any(|other| {
            other.role == TeamRole::Admin && other.member_count > 0 && other.id.inner() != team
        });
        let Some(First::Team(FirstOfTeam {
            members: Some(members),
        })) = self.node
        else {
            return None;
        };
        let users = members.nodes.into_iter();
        let mut users = users.filter(|member| member.kind == Some(AccountKind::User));
        let first = users.next().filter(|_| !by_others)?;
        users.next().is_none().then_some(first.account).flatten()
    }
}

/// What outlives the page on which somebody left a team, since its undo is offered longer.
#[derive(Clone)]
struct Leaving {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    team: Key,
    refetch: Callback<()>,
}

impl Leaving {
    fn start(self, account: String, leaves: bool) {
        spawn_local(async move {
            let Self { toasts, i18n, .. } = self;
            let state = match self.run(&account, leaves).await {
                Ok(state) => state,
                Err(error) => {
                    toasts.failure(refused(i18n, &error));
                    return;
                }
            };
            self.refetch.try_run(());
            let (name, team) = (account.clone(), self.team.name.clone());
            let text = match state {
                None => tu_string!(i18n, teams.removed, name = name, team = team),
                Some(state) => added_words(i18n, state, name, team),
            };
            let undo = tu_string!(i18n, common.undo).to_owned();
            toasts.success_with_undo(text, undo, move || {
                self.clone().start(account.clone(), !leaves);
            });
        });
    }

    /// Gives how somebody is back: where it was its only team, a user is asked again.
    async fn run(&self, account: &str, leaves: bool) -> Result<Option<TeamMemberState>, ApiError> {
        if leaves {
            remove_member(self.api, &self.team.id, account).await?;
            return Ok(None);
        }
        add_member(self.api, &self.team.id, account).await.map(Some)
    }
}

/// The tab *Team members*.
#[component]
pub(super) fn Members(
    /// Of which team.
    team: Key,
    /// What its members may do in the organization.
    role: TeamRole,
    /// Whether the viewer puts members in and takes them out.
    may_manage: bool,
) -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let adding = RwSignal::new(false);
    let listing = Listing::new(
        "members",
        "name",
        vec![
            Column::new("name", words!(i18n, teams.member_name)),
            Column::new("kind", words!(i18n, settings.kind)),
            Column::new("addedAt", words!(i18n, teams.added_at)),
        ],
    );
    let id = StoredValue::new(team.id.clone());
    let list = ask(move || {
        let query = MembersQuery::build(Variables {
            id: cynic::Id::new(id.get_value()),
            first: url.rows(),
            after: url.after(),
            search: Some(url.search()).filter(|text| !text.is_empty()),
        });
        api.run(listing.sends(query))
    });
    // Asked where it matters; whoever else asks gets no menu anyway.
    let needed = {
        let organization = team.organization.clone();
        let is_of_administrators = may_manage && role == TeamRole::Admin;
        is_of_administrators.then(|| {
            ask(move || {
                api.run(AdministratorsQuery::build(FirstVariables {
                    organization: organization.clone(),
                    id: cynic::Id::new(id.get_value()),
                }))
            })
        })
    };
    let only_one = Signal::derive(move || {
        let answer = needed?.get()?;
        answer.ok()?.only_one(&id.get_value())
    });
    // Who is asked is another list, which is read again with this one.
    let changes = RwSignal::new(0_u32);
    let refetch = Callback::new(move |()| {
        list.refetch();
        changes.update(|changes| *changes += 1);
        if let Some(needed) = needed {
            needed.refetch();
        }
    });
    let leaving = Leaving {
        api,
        toasts: use_toasts(),
        i18n,
        team: team.clone(),
        refetch,
    };
    let leaving = StoredValue::new(leaving);
    let add_button = move || {
        view! {
            <Show when=move || may_manage && !session.registry().read_only>
                <Button kind=ButtonKind::Primary on_click=Callback::new(move |_| adding.set(true))>
                    {words!(i18n, teams.add_new_member)}
                </Button>
            </Show>
        }
    };
    let team = StoredValue::new(team);
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, teams.search_members)/>
            {add_button()}
            <ListTools listing/>
        </div>
        {load(
            list,
            || view! { <SkeletonTable rows=4/> }.into_any(),
            move |data| {
                let Some(Node::Team(Team { members: Some(found) })) = data.node else {
                    return view! {
                        <Empty
                            icon=lu::LuLock
                            title=words!(i18n, teams.members_hidden)
                            text=words!(i18n, teams.members_hidden_text)
                        />
                    }
                        .into_any();
                };
                let TeamMemberConnection { nodes, page_info, total_count } = found;
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuUsers
                            title=words!(i18n, teams.no_members)
                            text=words!(i18n, teams.no_members_text)
                        >
                            {add_button()}
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let rows = nodes
                    .into_iter()
                    .map(|member| row(i18n, member, may_manage.then_some(leaving), only_one));
                view! {
                    <h2 class="berth-list-title">{words!(i18n, teams.members_title)}</h2>
                    <DataTable
                        listing
                        label=words!(i18n, teams.members_title)
                        rows=rows.collect()
                        total=None
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        {may_manage.then(|| view! { <Invited team=team.get_value() changes on_changed=refetch/> })}
        <Show when=move || adding.get()>
            <AddMember
                team=team.get_value()
                on_close=Callback::new(move |()| adding.set(false))
                on_done=Callback::new(move |()| {
                    adding.set(false);
                    refetch.run(());
                })
            />
        </Show>
    }
}

fn row(
    i18n: I18n,
    member: TeamMember,
    leaving: Option<StoredValue<Leaving>>,
    only_one: Signal<Option<String>>,
) -> Row {
    // Whoever is in a team is an account.
    let kind = member.kind.map_or(EntityKind::User, EntityKind::from);
    let account = member.account.unwrap_or_default();
    let shown = account.clone();
    let entity = view! {
        <span class="berth-entity">
            <Avatar name=account.clone() color=member.avatar.color/>
            <bdi class="berth-name">{shown}</bdi>
        </span>
    };
    let cells = vec![
        Cell::new(entity, account.clone()),
        Cell::new(view! { <KindLabel kind/> }, kind.key()),
        Cell::time(Some(member.added_at)),
    ];
    let name = account.clone();
    let menu = leaving.map(|leaving| {
        Callback::new(move |()| {
            let text = t_string!(i18n, teams.remove);
            if only_one.get_untracked().as_ref() == Some(&account) {
                let reason = t_string!(i18n, teams.last_administrator);
                return vec![MenuItem::off(text, reason)];
            }
            let account = account.clone();
            vec![MenuItem::danger(text, move || {
                leaving.get_value().start(account.clone(), true);
            })]
        })
    });
    Row {
        menu,
        ..Row::new(&name, &name, cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(account: &str, kind: AccountKind) -> TeamMember {
        TeamMember {
            account: Some(account.into()),
            kind: Some(kind),
            avatar: session::Avatar {
                color: "#000000".into(),
            },
            added_at: DateTime("2026-01-01T00:00:00.000Z".into()),
        }
    }

    fn team(id: &str, role: TeamRole, member_count: i32) -> OtherTeam {
        OtherTeam {
            id: cynic::Id::new(id),
            role,
            member_count,
        }
    }

    fn only_one(teams: Vec<OtherTeam>, members: Vec<TeamMember>) -> Option<String> {
        let answer = AdministratorsQuery {
            namespace: Some(Administered::Organization(Organization {
                teams: Some(TeamConnection { nodes: teams }),
            })),
            node: Some(First::Team(FirstOfTeam {
                members: Some(FirstMembers { nodes: members }),
            })),
        };
        answer.only_one("owners")
    }

    #[test]
    fn one_user_in_the_one_team_of_administrators_cannot_leave() {
        let ann = || member("ann", AccountKind::User);
        let robot = || member("acme+ci", AccountKind::Robot);
        let owners = || team("owners", TeamRole::Admin, 2);
        assert_eq!(
            only_one(vec![owners()], vec![ann(), robot()]),
            Some("ann".into())
        );
        assert_eq!(
            only_one(
                vec![owners(), team("dev", TeamRole::Creator, 3)],
                vec![ann()]
            ),
            Some("ann".into())
        );
        let ben = member("ben", AccountKind::User);
        assert_eq!(only_one(vec![owners()], vec![ann(), ben]), None);
        let others = vec![owners(), team("heads", TeamRole::Admin, 1)];
        assert_eq!(only_one(others, vec![ann()]), None);
        assert_eq!(only_one(vec![owners()], vec![robot()]), None);
    }
}
