//! A team: who is in it, and what it may do in repositories.

mod description;
mod members;
mod permissions;

use cynic::QueryBuilder;
use leptos::prelude::*;

use super::namespace::TeamRoleChoice;
use crate::{
    api::use_api,
    components::{
        Avatar, Crumb, Crumbs, Heading, NotVisible, SkeletonLines, Tab, Tabs, ask, load,
        use_list_url,
    },
    fragments::TeamRole,
    i18n::*,
    paths, schema,
    session::{self, use_session},
};
use description::Description;
use members::Members;
use permissions::Permissions;

const MEMBERS: &str = paths::TEAM_MEMBERS_TAB;
const PERMISSIONS: &str = paths::TEAM_PERMISSIONS_TAB;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    organization: String,
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct TeamQuery {
    #[arguments(name: $organization)]
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
    name: String,
    #[arguments(name: $name)]
    team: Option<Team>,
}

/// What all tabs need.
#[derive(cynic::QueryFragment, Debug, Clone)]
struct Team {
    id: cynic::Id,
    name: String,
    description: String,
    avatar: session::Avatar,
    role: TeamRole,
    viewer_can_manage: bool,
}

/// A team by its id, name and organization.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: String,
    name: String,
    organization: String,
}

/// The page of a team.
#[component]
pub(crate) fn TeamPage(
    /// Whose.
    organization: String,
    /// Its name there.
    name: String,
) -> impl IntoView {
    let api = use_api();
    let team = ask(move || {
        api.run(TeamQuery::build(Variables {
            organization: organization.clone(),
            name: name.clone(),
        }))
    });
    let refetch = Callback::new(move |()| team.refetch());
    load(
        team,
        || view! { <SkeletonLines/> }.into_any(),
        move |data| match data.namespace {
            Some(Namespace::Organization(Organization {
                name,
                team: Some(team),
            })) => view! { <Tabbed organization=name team refetch/> }.into_any(),
            _ => view! { <NotVisible/> }.into_any(),
        },
    )
}

#[component]
fn Tabbed(organization: String, team: Team, refetch: Callback<()>) -> impl IntoView {
    let (i18n, url, session) = (use_i18n(), use_list_url(), use_session());
    let may_manage = team.viewer_can_manage;
    let key = Key {
        id: team.id.into_inner(),
        name: team.name.clone(),
        organization: organization.clone(),
    };
    let mut tabs = vec![Tab {
        key: MEMBERS,
        text: words!(i18n, teams.tab_members),
    }];
    if may_manage || session.sees_everything_untracked() {
        tabs.push(Tab {
            key: PERMISSIONS,
            text: words!(i18n, roles.repository_permissions),
        });
    }
    let keys: Vec<_> = tabs.iter().map(|tab| tab.key).collect();
    let current = Memo::new(move |_| url.tab(&keys));
    let tab_title = format!("{} · {organization}", team.name);
    let crumb_name = team.name.clone();
    let crumbs = Signal::derive(move || {
        vec![
            Crumb::link(t_string!(i18n, nav.organizations), "/organization"),
            Crumb::link(&organization, paths::namespace(&organization, false)),
            Crumb::link(
                t_string!(i18n, namespace.tab_teams),
                paths::teams(&organization),
            ),
            Crumb::here(&crumb_name),
        ]
    });
    let role = team.role;
    let (id, name) = (key.id.clone(), key.name.clone());
    let key = StoredValue::new(key);
    view! {
        <Crumbs crumbs/>
        <section class="pf-v6-c-page__main-section">
            <div class="berth-row">
                <Avatar name=team.name.clone() color=team.avatar.color/>
                <Heading title=Signal::stored(team.name) tab=Signal::stored(Some(tab_title))/>
                <span class="berth-entity">
                    <span class="berth-muted" aria-hidden="true">{words!(i18n, teams.role)}</span>
                    <TeamRoleChoice id name role may_change=may_manage refetch/>
                </span>
            </div>
            <Description id=key.with_value(|key| key.id.clone()) text=team.description may_manage refetch/>
            <Tabs label=words!(i18n, teams.tabs) tabs current/>
            <div
                class="berth-panel"
                id="tabpanel"
                role="tabpanel"
                tabindex="-1"
                aria-labelledby=move || format!("tab-{}", current.get())
            >
                {move || match current.get().as_str() {
                    PERMISSIONS => view! { <Permissions team=key.get_value() may_manage/> }.into_any(),
                    _ => view! { <Members team=key.get_value() role may_manage/> }.into_any(),
                }}
            </div>
        </section>
    }
}
