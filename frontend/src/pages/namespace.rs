//! A user's or organization's namespace: repositories, robot accounts, settings.

mod account;
mod applications;
mod authorizations;
mod credentials;
mod password;
mod robots;
mod sessions;
mod settings;
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
    i18n::*,
    paths, schema,
    session::{self, use_session},
};
use applications::Applications;
use authorizations::Authorizations;
use robots::Robots;
use settings::Settings;
use tokens::Tokens;

const REPOSITORIES: &str = "Repositories";
const ROBOTS: &str = "Robotaccounts";
const APPLICATIONS: &str = paths::APPLICATIONS_TAB;
const AUTHORIZATIONS: &str = paths::AUTHORIZATIONS_TAB;
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
    namespace: Option<Facts>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Namespace")]
struct Facts {
    #[cynic(rename = "__typename")]
    typename: String,
    name: String,
    avatar: session::Avatar,
    viewer_can_administer: bool,
    viewer_can_create_robot: bool,
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
        move |data| match data.namespace {
            None => view! { <NotVisible/> }.into_any(),
            Some(facts) if (facts.typename == "User") != is_user => {
                view! { <Redirect path=paths::namespace(&facts.name, !is_user)/> }.into_any()
            }
            Some(facts) => view! { <Tabbed facts is_user/> }.into_any(),
        },
    )
}

#[component]
fn Tabbed(facts: Facts, is_user: bool) -> impl IntoView {
    let (i18n, url, session) = (use_i18n(), use_list_url(), use_session());
    let name = StoredValue::new(facts.name.clone());
    let may_create_robot = facts.viewer_can_create_robot;
    let is_own = session.user_name_untracked().as_deref() == Some(&facts.name);
    let mut tabs = vec![Tab {
        key: REPOSITORIES,
        text: words!(i18n, namespace.tab_repositories),
    }];
    if facts.viewer_can_administer {
        tabs.push(Tab {
            key: ROBOTS,
            text: words!(i18n, namespace.tab_robots),
        });
    }
    if facts.viewer_can_administer && !is_user {
        tabs.push(Tab {
            key: APPLICATIONS,
            text: words!(i18n, applications.title),
        });
    }
    if is_own {
        tabs.push(Tab {
            key: AUTHORIZATIONS,
            text: words!(i18n, authorizations.title),
        });
    }
    if is_own && session.registry().app_tokens {
        tabs.push(Tab {
            key: TOKENS,
            text: words!(i18n, account.tokens),
        });
    }
    if is_own || (facts.viewer_can_administer && !is_user) {
        tabs.push(Tab {
            key: SETTINGS,
            text: words!(i18n, namespace.tab_settings),
        });
    }
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
                <Avatar name=facts.name.clone() color=facts.avatar.color/>
                <Heading title=Signal::stored(facts.name)/>
            </div>
            <Tabs label=words!(i18n, namespace.tabs) tabs current/>
            <div class="berth-panel" id="tabpanel" role="tabpanel" tabindex="-1" aria-labelledby=move || format!("tab-{}", current.get())>
                {move || match current.get().as_str() {
                    ROBOTS => view! { <Robots namespace=name.get_value() may_create=may_create_robot/> }.into_any(),
                    APPLICATIONS => view! { <Applications organization=name.get_value()/> }.into_any(),
                    AUTHORIZATIONS => view! { <Authorizations/> }.into_any(),
                    TOKENS => view! { <Tokens/> }.into_any(),
                    SETTINGS => view! { <Settings name=name.get_value()/> }.into_any(),
                    _ => view! { <RepositoryList namespace=Some(name.get_value())/> }.into_any(),
                }}
            </div>
        </section>
    }
}
