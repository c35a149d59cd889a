//! A user's or organization's namespace: repositories, robot accounts, settings.

mod account;
mod applications;
mod authorizations;
mod credentials;
mod default_permissions;
mod invitations;
mod organization_email;
mod password;
mod repository_roles;
mod review;
mod robots;
mod sessions;
mod settings;
mod teams;
mod time_machine;
mod tokens;

use cynic::QueryBuilder;
use leptos::prelude::*;
use leptos_router::components::Redirect;

use super::repositories::RepositoryList;
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
use applications::Applications;
use authorizations::Authorizations;
use default_permissions::DefaultPermissions;
use invitations::Invitations;
use robots::Robots;
use settings::Settings;
use teams::Teams;
use tokens::Tokens;

pub(in crate::pages) use teams::{
    TeamRoleChoice, add_member, added_words, describe, is_team_description, refused, remove_member,
};

const REPOSITORIES: &str = "Repositories";
const ROBOTS: &str = paths::ROBOTS_TAB;
const TEAMS: &str = paths::TEAMS_TAB;
const DEFAULT_PERMISSIONS: &str = paths::DEFAULT_PERMISSIONS_TAB;
const APPLICATIONS: &str = paths::APPLICATIONS_TAB;
const AUTHORIZATIONS: &str = paths::AUTHORIZATIONS_TAB;
const INVITATIONS: &str = paths::INVITATIONS_TAB;
const TOKENS: &str = paths::TOKENS_TAB;
const SETTINGS: &str = paths::SETTINGS_TAB;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct NamespaceQuery {
    #[arguments(name: $name)]
    namespace: Option<Named>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(graphql_type = "Namespace")]
enum Named {
    Organization(Organization),
    User(User),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Organization {
    name: String,
    avatar: session::Avatar,
    viewer_can_administer: bool,
    viewer_can_create_robot: bool,
    viewer_role: Option<TeamRole>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct User {
    name: String,
    avatar: session::Avatar,
    viewer_can_administer: bool,
    viewer_can_create_robot: bool,
}

/// What the page needs of either.
#[derive(Debug, Clone)]
struct Facts {
    is_user: bool,
    name: String,
    color: String,
    may_administer: bool,
    may_create_robot: bool,
    /// What the viewer's teams make of the viewer there.
    viewer_role: Option<TeamRole>,
}

impl Facts {
    fn of(named: Named) -> Option<Self> {
        match named {
            Named::Organization(organization) => Some(Self {
                is_user: false,
                name: organization.name,
                color: organization.avatar.color,
                may_administer: organization.viewer_can_administer,
                may_create_robot: organization.viewer_can_create_robot,
                viewer_role: organization.viewer_role,
            }),
            Named::User(user) => Some(Self {
                is_user: true,
                name: user.name,
                color: user.avatar.color,
                may_administer: user.viewer_can_administer,
                may_create_robot: user.viewer_can_create_robot,
                viewer_role: None,
            }),
            Named::Other => None,
        }
    }
}

/// The page of a namespace.
#[component]
pub(crate) fn Namespace(
    /// Whose.
    name: String,
    /// True where the path says that it is a user's.
    is_user: bool,
) -> impl IntoView {
    let api = use_api();
    let facts = ask(move || api.run(NamespaceQuery::build(Variables { name: name.clone() })));
    load(
        facts,
        || view! { <SkeletonLines/> }.into_any(),
        move |data| match data.namespace.and_then(Facts::of) {
            None => view! { <NotVisible/> }.into_any(),
            Some(facts) if facts.is_user != is_user => {
                view! { <Redirect path=paths::namespace(&facts.name, !is_user)/> }.into_any()
            }
            Some(facts) => view! { <Tabbed facts/> }.into_any(),
        },
    )
}

#[component]
fn Tabbed(facts: Facts) -> impl IntoView {
    let (i18n, url, session) = (use_i18n(), use_list_url(), use_session());
    let name = StoredValue::new(facts.name.clone());
    let Facts {
        is_user,
        may_administer,
        may_create_robot,
        ..
    } = facts;
    let is_own = session.user_name_untracked().as_deref() == Some(&facts.name);
    let is_administered = !is_user && may_administer;
    let sees_defaults = is_administered || (!is_user && session.sees_everything_untracked());
    let sees_teams = sees_defaults || facts.viewer_role.is_some();
    let offered = [
        (REPOSITORIES, words!(i18n, namespace.tab_repositories), true),
        (TEAMS, words!(i18n, namespace.tab_teams), sees_teams),
        (ROBOTS, words!(i18n, namespace.tab_robots), may_administer),
        (
            DEFAULT_PERMISSIONS,
            words!(i18n, namespace.tab_default_permissions),
            sees_defaults,
        ),
        (
            APPLICATIONS,
            words!(i18n, applications.title),
            is_administered,
        ),
        (AUTHORIZATIONS, words!(i18n, authorizations.title), is_own),
        (INVITATIONS, words!(i18n, invitations.title), is_own),
        (
            TOKENS,
            words!(i18n, account.tokens),
            is_own && session.registry().app_tokens,
        ),
        (
            SETTINGS,
            words!(i18n, namespace.tab_settings),
            is_own || is_administered,
        ),
    ];
    let tabs: Vec<_> = offered
        .into_iter()
        .filter(|(_, _, is_offered)| *is_offered)
        .map(|(key, text, _)| Tab { key, text })
        .collect();
    let keys: Vec<_> = tabs.iter().map(|tab| tab.key).collect();
    let current = Memo::new(move |_| url.tab(&keys));
    let crumbs = Signal::derive(move || {
        let mut crumbs = Vec::new();
        if !is_user {
            crumbs.push(Crumb::link(
                t_string!(i18n, nav.organizations),
                "/organization",
            ));
        }
        crumbs.push(Crumb::here(name.get_value()));
        crumbs
    });
    view! {
        {(!is_user).then(|| view! { <Crumbs crumbs/> })}
        <section class="pf-v6-c-page__main-section">
            <div class="berth-row">
                <Avatar name=facts.name.clone() color=facts.color/>
                <Heading title=Signal::stored(facts.name)/>
            </div>
            <Tabs label=words!(i18n, namespace.tabs) tabs current/>
            <div class="berth-panel" id="tabpanel" role="tabpanel" tabindex="-1" aria-labelledby=move || format!("tab-{}", current.get())>
                {move || match current.get().as_str() {
                    ROBOTS => {
                        view! { <Robots namespace=name.get_value() may_create=may_create_robot has_teams=!is_user/> }
                            .into_any()
                    }
                    TEAMS => view! { <Teams organization=name.get_value() may_change=may_administer sees_people=sees_defaults/> }.into_any(),
                    DEFAULT_PERMISSIONS => {
                        view! { <DefaultPermissions organization=name.get_value() may_change=may_administer/> }
                            .into_any()
                    }
                    APPLICATIONS => view! { <Applications organization=name.get_value()/> }.into_any(),
                    AUTHORIZATIONS => view! { <Authorizations/> }.into_any(),
                    INVITATIONS => view! { <Invitations/> }.into_any(),
                    TOKENS => view! { <Tokens/> }.into_any(),
                    SETTINGS => view! { <Settings name=name.get_value()/> }.into_any(),
                    _ => view! { <RepositoryList namespace=Some(name.get_value())/> }.into_any(),
                }}
            </div>
        </section>
    }
}
