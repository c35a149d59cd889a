//! A repository: tags, information, settings.

mod access;
mod information;
mod permissions;
mod settings;
mod state;
mod tags;

use cynic::QueryBuilder;
use leptos::prelude::*;

use crate::{
    api::use_api,
    components::{
        Crumb, Crumbs, Heading, NotVisible, SkeletonLines, Tab, Tabs, VisibilityLabel, ask, load,
        use_list_url,
    },
    fragments::{BigInt, DateTime, Role, Visibility},
    i18n::*,
    pages::repositories::Star,
    paths, schema,
    session::use_session,
};
use information::Information;
use settings::Settings;
use state::RepositoryState;
use tags::Tags;

pub(crate) use tags::{DeleteTags, DoomedTags, PullCommands, kind_of_artifact};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct RepositoryQuery {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<Repository>,
}

/// What all tabs need.
#[derive(cynic::QueryFragment, Debug, Clone)]
pub(crate) struct Repository {
    id: cynic::Id,
    namespace: Owner,
    name: String,
    path: String,
    description: String,
    description_html: String,
    visibility: Visibility,
    state: RepositoryState,
    popularity: BigInt,
    created_at: DateTime,
    last_pushed_at: Option<DateTime>,
    size_bytes: Option<BigInt>,
    tag_count: i32,
    is_starred: bool,
    viewer_permission: Option<Role>,
    viewer_can_push: bool,
    viewer_can_administer: bool,
}

/// The namespace that a repository is in.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Namespace")]
pub(crate) struct Owner {
    #[cynic(rename = "__typename")]
    typename: String,
    name: String,
}

impl Owner {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a user's.
    fn is_user(&self) -> bool {
        self.typename == "User"
    }

    /// The way down to it.
    pub(crate) fn crumbs(&self, i18n: I18n) -> Vec<Crumb> {
        vec![
            Crumb::link(t_string!(i18n, nav.repositories), "/repository"),
            Crumb::link(&self.name, paths::namespace(&self.name, self.is_user())),
        ]
    }
}

/// The page of a repository.
#[component]
pub(crate) fn RepositoryPage(
    /// Whose.
    namespace: String,
    /// Its name there.
    name: String,
) -> impl IntoView {
    let api = use_api();
    let repository = ask(move || {
        let variables = Variables {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        api.run(RepositoryQuery::build(variables))
    });
    let refetch = Callback::new(move |()| repository.refetch());
    load(
        repository,
        || view! { <SkeletonLines/> }.into_any(),
        move |data| match data.repository {
            None => view! { <NotVisible/> }.into_any(),
            Some(repository) => view! { <Tabbed repository refetch/> }.into_any(),
        },
    )
}

#[component]
fn Tabbed(repository: Repository, refetch: Callback<()>) -> impl IntoView {
    let (i18n, url, session) = (use_i18n(), use_list_url(), use_session());
    let mut tabs = vec![
        Tab {
            key: "tags",
            text: words!(i18n, repository.tab_tags),
        },
        Tab {
            key: "information",
            text: words!(i18n, repository.tab_information),
        },
    ];
    if repository.viewer_can_administer {
        tabs.push(Tab {
            key: "settings",
            text: words!(i18n, repository.tab_settings),
        });
    }
    let keys: Vec<_> = tabs.iter().map(|tab| tab.key).collect();
    let current = Memo::new(move |_| url.tab(&keys));
    let public = repository.visibility == Visibility::Public;
    let tab_title = format!("{} · {}", repository.name, repository.namespace.name);
    let (owner, name) = (repository.namespace.clone(), repository.name.clone());
    let crumbs = Signal::derive(move || {
        let mut crumbs = owner.crumbs(i18n);
        crumbs.push(Crumb::here(&name));
        crumbs
    });
    let title = repository.name.clone();
    let (id, path) = (repository.id.inner().to_owned(), repository.path.clone());
    let starred = repository.is_starred;
    let star = session
        .viewer_untracked()
        .map(|_| view! { <Star id name=path starred/> });
    let repository = StoredValue::new(repository);
    view! {
        <Crumbs crumbs/>
        <section class="pf-v6-c-page__main-section">
            <Heading title=Signal::stored(title) tab=Signal::stored(Some(tab_title))>
                <VisibilityLabel public/>
                {star}
            </Heading>
            <Tabs label=words!(i18n, repository.tabs) tabs current/>
            <div
                class="berth-panel"
                id="tabpanel"
                role="tabpanel"
                tabindex="-1"
                aria-labelledby=move || format!("tab-{}", current.get())
            >
                {move || match current.get().as_str() {
                    "information" => view! { <Information repository=repository.get_value() refetch/> }.into_any(),
                    "settings" => view! { <Settings repository=repository.get_value() refetch/> }.into_any(),
                    _ => view! { <Tags repository=repository.get_value() refetch/> }.into_any(),
                }}
            </div>
        </section>
    }
}
