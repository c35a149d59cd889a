//! `/search`: everything that a text finds, the best match first.

use cynic::QueryBuilder;
use icondata_core::Icon as Data;
use icondata_lu as lu;
use leptos::prelude::*;

use super::{organizations::NothingFound, repositories::breakable};
use crate::{
    api::{Answer, use_api},
    components::{
        Cell, Column, DataTable, Empty, EntityKind, FilterChip, Heading, Icon, Label, ListTools,
        Listing, Pager, Row, SearchInput, Select, SkeletonTable, VisibilityLabel, ask, load,
        use_list_url,
    },
    fragments::{DateTime, PageInfo, SearchKind, Visibility},
    i18n::*,
    paths, schema,
    session::use_session,
};

/// What the URL calls the choice of a kind.
const KIND: &str = "kind";

impl SearchKind {
    /// In the order in which those stand that match alike.
    const ALL: [Self; 5] = [
        Self::Repository,
        Self::Organization,
        Self::Team,
        Self::User,
        Self::Robot,
    ];

    /// What addresses and copies call it.
    const fn key(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Organization => "organization",
            Self::Team => "team",
            Self::User => "user",
            Self::Robot => "robot",
        }
    }

    /// The kind of that key.
    fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// Its name.
    const fn words(self) -> Text {
        match self {
            Self::Repository => texts::palette::repository,
            Self::Organization => texts::settings::kind_organization,
            Self::Team => texts::settings::kind_team,
            Self::User => texts::settings::kind_user,
            Self::Robot => texts::settings::kind_robot,
        }
    }

    /// The name of several.
    const fn plural(self) -> Text {
        match self {
            Self::Repository => texts::nav::repositories,
            Self::Organization => texts::nav::organizations,
            Self::Team => texts::teams::list,
            Self::User => texts::nav::users,
            Self::Robot => texts::namespace::tab_robots,
        }
    }

    /// A picture of it.
    fn icon(self) -> Data {
        match self {
            Self::Repository => lu::LuPackage,
            Self::Organization => EntityKind::Organization.icon(),
            Self::Team => EntityKind::Team.icon(),
            Self::User => EntityKind::User.icon(),
            Self::Robot => EntityKind::Robot.icon(),
        }
    }
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    query: String,
    kinds: Option<Vec<SearchKind>>,
    first: i32,
    after: Option<String>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct SearchQuery {
    #[arguments(query: $query, kinds: $kinds, first: $first, after: $after)]
    search: SearchConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct SearchConnection {
    nodes: Vec<SearchResult>,
    page_info: PageInfo,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
enum SearchResult {
    Repository(Repository),
    Organization(Organization),
    Team(Team),
    User(User),
    Robot(Robot),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Repository {
    path: String,
    description: String,
    visibility: Visibility,
    last_pushed_at: Option<DateTime>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Organization {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Team {
    name: String,
    description: String,
    organization: Organization,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct User {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Robot {
    name: String,
    description: String,
}

/// What a row shows, whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    kind: SearchKind,
    name: String,
    /// Whose team it is.
    organization: Option<String>,
    href: String,
    description: String,
    visibility: Option<Visibility>,
    last_pushed_at: Option<DateTime>,
}

impl Line {
    fn new(kind: SearchKind, name: String, href: String, description: String) -> Self {
        Self {
            kind,
            name,
            organization: None,
            href,
            description,
            visibility: None,
            last_pushed_at: None,
        }
    }

    /// None for a kind that this console does not know.
    fn of(found: SearchResult, viewer: Option<&str>) -> Option<Self> {
        Some(match found {
            SearchResult::Repository(repository) => {
                let Repository {
                    path, description, ..
                } = repository;
                let href = paths::repository(&path);
                Self {
                    visibility: Some(repository.visibility),
                    last_pushed_at: repository.last_pushed_at,
                    ..Self::new(SearchKind::Repository, path, href, description)
                }
            }
            SearchResult::Organization(Organization { name }) => {
                let href = paths::namespace(&name, false);
                Self::new(SearchKind::Organization, name, href, String::new())
            }
            SearchResult::Team(Team {
                name,
                description,
                organization,
            }) => {
                let href = paths::team(&organization.name, &name, paths::TEAM_MEMBERS_TAB);
                Self {
                    organization: Some(organization.name),
                    ..Self::new(SearchKind::Team, name, href, description)
                }
            }
            SearchResult::User(User { name }) => {
                let href = paths::namespace(&name, true);
                Self::new(SearchKind::User, name, href, String::new())
            }
            SearchResult::Robot(Robot { name, description }) => {
                let href = paths::robot(&name, viewer);
                Self::new(SearchKind::Robot, name, href, description)
            }
            SearchResult::Other => return None,
        })
    }
}

/// The page: what is typed, of which kind, and what it finds.
#[component]
pub(crate) fn Search() -> impl IntoView {
    let (api, i18n, url, session) = (use_api(), use_i18n(), use_list_url(), use_session());
    let kind = Memo::new(move |_| url.get(KIND).as_deref().and_then(SearchKind::of_key));
    let listing = Listing::new(
        "search",
        "match",
        vec![
            Column::new("name", words!(i18n, search.name)),
            Column::new("kind", words!(i18n, settings.kind)),
            Column::new("description", words!(i18n, repository.description)),
            Column::new("lastPushedAt", words!(i18n, repositories.last_pushed)),
        ],
    );
    let list = ask(move || {
        let query = url.search();
        if query.trim().is_empty() {
            return Box::pin(async { Ok(None) }) as Answer<Option<SearchConnection>>;
        }
        let answer = api.run(listing.sends(SearchQuery::build(Variables {
            query,
            kinds: kind.get().map(|kind| vec![kind]),
            first: url.rows(),
            after: url.after(),
        })));
        Box::pin(async move { Ok(Some(answer.await?.search)) })
    });
    let options = Signal::derive(move || {
        let mut options = vec![(String::new(), t_string!(i18n, search.all).to_owned())];
        options.extend(SearchKind::ALL.map(|kind| {
            let words = i18n.text(kind.plural());
            (kind.key().to_owned(), words.to_owned())
        }));
        options
    });
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, search.title)/>
            </div>
            <div class="berth-toolbar berth-gap-below">
                <SearchInput label=words!(i18n, search.label)/>
                <div class="berth-toolbar__filter">
                    <Select
                        label=words!(i18n, settings.kind)
                        options
                        value=Signal::derive(move || kind.get().map_or("", SearchKind::key).to_owned())
                        on_change=Callback::new(move |key: String| url.put_filter(KIND, &key))
                    />
                </div>
                <ListTools listing/>
                {move || {
                    kind.get()
                        .map(|kind| {
                            view! {
                                <div class="berth-filters">
                                    <FilterChip
                                        name=words!(i18n, settings.kind)
                                        value=i18n.words(kind.plural())
                                        on_remove=Callback::new(move |()| url.put_filter(KIND, ""))
                                    />
                                </div>
                            }
                        })
                }}
            </div>
            <div class="berth-described">
                {load(
                    list,
                    || view! { <SkeletonTable rows=4/> }.into_any(),
                    move |found| {
                        let Some(SearchConnection { nodes, page_info }) = found else {
                            return view! {
                                <Empty
                                    icon=lu::LuSearch
                                    title=words!(i18n, search.empty)
                                    text=words!(i18n, search.empty_text)
                                />
                            }
                                .into_any();
                        };
                        if nodes.is_empty() {
                            return view! { <NothingFound/> }.into_any();
                        }
                        let viewer = session.user_name_untracked();
                        let shown = nodes.len();
                        let lines = nodes.into_iter().filter_map(|node| Line::of(node, viewer.as_deref()));
                        view! {
                            <DataTable
                                listing
                                label=words!(i18n, search.found)
                                rows=lines.map(|line| row(i18n, line)).collect()
                                total=None
                            />
                            <Pager shown total=None next=page_info.next()/>
                        }
                            .into_any()
                    },
                )}
            </div>
        </section>
    }
}

fn row(i18n: I18n, line: Line) -> Row {
    let Line {
        kind,
        name,
        organization,
        href,
        description,
        visibility,
        last_pushed_at,
    } = line;
    let id = format!("{}:{href}", kind.key());
    let shown = breakable(&name);
    let of_organization = organization.map(
        |organization| view! { <span class="berth-muted">" · " <bdi>{organization}</bdi></span> },
    );
    let label = visibility.map(|visibility| {
        let public = visibility == Visibility::Public;
        view! { <VisibilityLabel public/> }
    });
    let link = view! {
        <span class="berth-entity">
            <Icon icon=kind.icon()/>
            <a href=href><bdi>{shown}</bdi></a>
            {of_organization}
            {label}
        </span>
    };
    let text = match description.as_str() {
        "" => "–".to_owned(),
        text => text.to_owned(),
    };
    let cells = vec![
        Cell::name(link, &name),
        Cell::new(
            view! { <Label>{i18n.words(kind.words())}</Label> },
            kind.key(),
        ),
        Cell::new(
            view! { <span class="berth-description" dir="auto">{text}</span> },
            description,
        ),
        Cell::time(last_pushed_at),
    ];
    Row::new(&id, &name, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_leads_to_its_page() {
        let acme = || Organization {
            name: "acme".into(),
        };
        let team = Team {
            name: "developers".into(),
            description: String::new(),
            organization: acme(),
        };
        let robot = Robot {
            name: "acme+ci".into(),
            description: "Builds".into(),
        };
        for (found, href) in [
            (SearchResult::Organization(acme()), "/organization/acme"),
            (
                SearchResult::Team(team),
                "/organization/acme/teams/developers?tab=members",
            ),
            (SearchResult::User(User { name: "ann".into() }), "/user/ann"),
            (
                SearchResult::Robot(robot),
                "/organization/acme?tab=Robotaccounts&q=ci",
            ),
        ] {
            let line = Line::of(found, Some("ann"));
            assert_eq!(line.map(|line| line.href).as_deref(), Some(href));
        }
        assert_eq!(Line::of(SearchResult::Other, None), None);
    }

    #[test]
    fn a_kind_is_known_by_its_key() {
        for kind in SearchKind::ALL {
            assert_eq!(SearchKind::of_key(kind.key()), Some(kind));
        }
        assert_eq!(SearchKind::of_key(""), None);
    }
}
