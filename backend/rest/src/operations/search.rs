//! Search over everything that the caller may see.

use std::collections::HashMap;

use berth_domain::{AccountId, AccountKind, RepositoryId, Timestamp, Visibility};
use berth_services::organizations::NamespaceView;
use berth_services::repositories::{RepositoryUsage, RepositoryView};
use berth_services::robots::RobotView;
use berth_services::search::{Hit, Match};
use berth_services::teams::TeamView;
use serde::Serialize;

use super::repository::non_empty;
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::parameters::{integer, switch, text as text_parameter};
use crate::schema::{Schema, boolean, integer_from, list as list_of, number, text};
use crate::wire::Avatar;

pub(super) const TAG: &str = "search";
pub(super) const DESCRIPTION: &str = "Find repositories, users, robots, teams and organizations";

pub(super) fn group() -> Group {
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::get(
                "/find/all",
                "conductSearch",
                "Get a list of entities and resources that match the specified query",
                all,
            )
            .query([text_parameter("query", "The search query.")])
            .answers(All::schema()),
            Operation::get(
                "/find/repositories",
                "conductRepoSearch",
                "Get a list of apps and repositories that match the specified query",
                repositories,
            )
            .query([
                text_parameter("query", "The search query."),
                integer("page", "The page."),
                switch("includeUsage", "Whether to include usage metadata"),
            ])
            .answers(Numbered::schema()),
        ],
    }
}

/// A user, an organization or a robot.
#[derive(Serialize)]
struct Entity {
    title: &'static str,
    kind: &'static str,
    avatar: Avatar,
    name: String,
    score: f64,
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_name: Option<String>,
}

impl Entity {
    fn namespace(view: &NamespaceView, score: f64) -> Self {
        let (name, hash) = (&view.name, &view.avatar_hash);
        let (title, kind, avatar, href) = match view.kind {
            AccountKind::Organization => (
                "org",
                "organization",
                Avatar::organization(name, hash),
                format!("/organization/{name}"),
            ),
            AccountKind::User | AccountKind::Robot => (
                "user",
                "user",
                Avatar::user(name, hash),
                format!("/user/{name}"),
            ),
        };
        Self {
            title,
            kind,
            avatar,
            name: name.to_string(),
            score,
            href,
            short_name: None,
        }
    }

    /// A robot is shown on the page of its namespace.
    fn robot(view: &RobotView, hash: &str, owner: Option<&NamespaceView>, score: f64) -> Self {
        let namespace = &view.name.namespace;
        let is_user = owner.is_some_and(|owner| owner.kind == AccountKind::User);
        let page = if is_user { "user" } else { "organization" };
        Self {
            title: "robot",
            kind: "robot",
            avatar: Avatar::robot(&view.name, hash),
            name: view.name.to_string(),
            score,
            href: format!("/{page}/{namespace}?tab=Robotaccounts"),
            short_name: Some(view.name.short.clone()),
        }
    }
}

/// What was found. What a kind of thing has not is absent.
#[derive(Serialize)]
#[serde(untagged)]
enum Found {
    Entity(Entity),
    Team(Team),
    Repository(Repository),
}

#[derive(Serialize)]
struct Team {
    kind: &'static str,
    name: String,
    organization: Entity,
    avatar: Avatar,
    score: f64,
    href: String,
}

#[derive(Serialize)]
struct Repository {
    kind: &'static str,
    title: &'static str,
    namespace: Entity,
    name: String,
    description: Option<String>,
    is_public: bool,
    score: f64,
    href: String,
    #[serde(flatten)]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Usage {
    /// Seconds; null until something was pushed.
    last_modified: Option<i64>,
    stars: u64,
    popularity: f64,
}

const SCORE: &str = "How good the match is; the list falls by it";
const HREF: &str = "The path of its page";

/// What every user, organization and robot has.
fn entity() -> Schema {
    Schema::new("FoundEntity")
        .required("title", text("user, org or robot"))
        .required("kind", text("user, organization or robot"))
        .required("avatar", Avatar::schema().into())
        .required("name", text("Its name, of a robot the whole one"))
        .required("score", number(SCORE))
        .required("href", text(HREF))
        .optional("short_name", text("Of a robot, its name in the namespace"))
}

/// What a found repository has.
fn repository(schema: Schema) -> Schema {
    schema
        .required("kind", text("repository"))
        .required("title", text("repo"))
        .required("namespace", entity().into())
        .required("name", text("Its name in the namespace"))
        .nullable("description", text("Markdown"))
        .required("is_public", boolean("Whether everybody may pull"))
        .required("score", number(SCORE))
        .required("href", text(HREF))
}

#[derive(Serialize)]
struct All {
    results: Vec<Found>,
}

impl All {
    fn schema() -> Schema {
        let found = Schema::new("FoundThing")
            .required(
                "kind",
                text("repository, organization, team, user or robot"),
            )
            .optional("title", text("repo, org, user or robot"))
            .required("name", text("Its name"))
            .required("score", number(SCORE))
            .required("href", text(HREF))
            .optional("short_name", text("Of a robot, its name in the namespace"))
            .optional("avatar", Avatar::schema().into())
            .optional("namespace", entity().into())
            .optional("organization", entity().into())
            .optional("description", text("Markdown").or_null())
            .optional("is_public", boolean("Whether everybody may pull"));
        Schema::new("FoundThings").required("results", list_of(found, "The best first"))
    }
}

#[derive(Serialize)]
struct Numbered {
    results: Vec<Found>,
    has_additional: bool,
    page: usize,
    page_size: usize,
    start_index: usize,
}

impl Numbered {
    fn schema() -> Schema {
        let found = repository(Schema::new("FoundRepository"))
            .optional(
                "last_modified",
                integer_from(0, "When it was last pushed to, in seconds since 1970").or_null(),
            )
            .optional("stars", integer_from(0, "Users who have starred it"))
            .optional(
                "popularity",
                number("How often it was pulled from in thirty days"),
            );
        Schema::new("FoundRepositories")
            .required(
                "results",
                list_of(found, "Those of the page, the best first"),
            )
            .required(
                "has_additional",
                boolean("Whether there is a page behind it"),
            )
            .required("page", integer_from(1, "Its number"))
            .required("page_size", integer_from(1, "Results that a page has"))
            .required("start_index", integer_from(0, "Results before it"))
    }
}

/// What stands beside the results: whose they are, and pictures of robots.
struct Beside {
    namespaces: HashMap<AccountId, NamespaceView>,
    hashes: HashMap<AccountId, String>,
    usage: HashMap<RepositoryId, RepositoryUsage>,
}

impl Beside {
    async fn of(call: &Call, found: &[Match], with_usage: bool) -> Result<Self, Failure> {
        let (mut owners, mut robots, mut repositories) = (Vec::new(), Vec::new(), Vec::new());
        for found in found {
            match &found.hit {
                Hit::Repository(view) => {
                    owners.push(view.repository.namespace_id);
                    repositories.push(view.repository.id);
                }
                Hit::Team(view) => owners.push(view.organization_id),
                Hit::Robot(view) => {
                    owners.push(view.namespace_id);
                    robots.push(view.id);
                }
                Hit::Namespace(_) => {}
            }
        }
        owners.sort_unstable();
        owners.dedup();
        let (services, actor) = (&call.services, &call.actor);
        Ok(Self {
            namespaces: services.organizations.by_ids(actor, &owners).await?,
            hashes: services.directory.avatar_hashes(actor, &robots).await?,
            usage: if with_usage {
                services.repositories.usage(actor, &repositories).await?
            } else {
                HashMap::new()
            },
        })
    }

    /// A result; none whose namespace went meanwhile.
    fn render(&self, found: Match, with_usage: bool) -> Option<Found> {
        let score = found.key.score();
        Some(match found.hit {
            Hit::Repository(view) => Found::Repository(self.repository(view, score, with_usage)?),
            Hit::Namespace(view) => Found::Entity(Entity::namespace(&view, score)),
            Hit::Team(view) => Found::Team(self.team(&view, score)?),
            Hit::Robot(view) => {
                let hash = self.hashes.get(&view.id).map_or("", String::as_str);
                let owner = self.namespaces.get(&view.namespace_id);
                Found::Entity(Entity::robot(&view, hash, owner, score))
            }
        })
    }

    fn team(&self, view: &TeamView, score: f64) -> Option<Team> {
        let organization = self.namespaces.get(&view.organization_id)?;
        Some(Team {
            kind: "team",
            name: view.name.to_string(),
            organization: Entity::namespace(organization, score),
            avatar: Avatar::team(&view.name, &view.avatar_hash),
            score,
            href: format!("/organization/{}/teams/{}", view.organization, view.name),
        })
    }

    fn repository(&self, view: RepositoryView, score: f64, with_usage: bool) -> Option<Repository> {
        let repository = view.repository;
        let namespace = self.namespaces.get(&repository.namespace_id)?;
        let usage = self.usage.get(&repository.id).copied().unwrap_or_default();
        let usage = Usage {
            last_modified: repository.last_pushed_at.map(Timestamp::as_seconds),
            stars: usage.stars,
            popularity: popularity(usage),
        };
        Some(Repository {
            kind: "repository",
            title: "repo",
            namespace: Entity::namespace(namespace, score),
            is_public: repository.visibility == Visibility::Public,
            score,
            href: format!("/repository/{}", repository.path()),
            name: repository.name.to_string(),
            description: non_empty(repository.description),
            usage: with_usage.then_some(usage),
        })
    }
}

/// As the API writes it: clients know it with a fraction.
pub(super) fn popularity(usage: RepositoryUsage) -> f64 {
    f64::from(u32::try_from(usage.popularity).unwrap_or(u32::MAX))
}

async fn all(call: Call) -> Outcome {
    let query = call.query.text("query").unwrap_or_default();
    let each = call.services.settings().search.page_size;
    let found = call.services.search.best(&call.actor, query, each).await?;
    let beside = Beside::of(&call, &found, false).await?;
    let results = found.into_iter();
    Answer::ok(&All {
        results: results
            .filter_map(|found| beside.render(found, false))
            .collect(),
    })
}

async fn repositories(call: Call) -> Outcome {
    let query = call.query.text("query").unwrap_or_default();
    let settings = &call.services.settings().search;
    let asked = call.query.integer("page").unwrap_or(1).max(1);
    let page = usize::try_from(asked).unwrap_or(usize::MAX);
    let (page, size) = (page.min(settings.pages_max), settings.page_size);
    let search = &call.services.search;
    let found = search.repositories(&call.actor, query, page, size).await?;
    let with_usage = call.query.is_on("includeUsage");
    let beside = Beside::of(&call, &found.items, with_usage).await?;
    let results = found.items.into_iter();
    Answer::ok(&Numbered {
        results: results
            .filter_map(|found| beside.render(found, with_usage))
            .collect(),
        has_additional: found.has_more,
        page,
        page_size: size,
        start_index: (page - 1) * size,
    })
}
