//! What a picker asks the server.

use cynic::QueryBuilder;
use futures::future;
use leptos::prelude::*;

use super::Lookup;
use crate::{
    api::{Answer, Api, ApiError},
    components::{self, Entity},
    fragments::{EntityKind, SearchKind},
    schema,
};

/// Teams, and as many users and robots, found at most.
const FOUND_MAX: i32 = 8;

#[derive(cynic::QueryVariables, Debug)]
struct WithinVariables {
    namespace: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "WithinVariables")]
struct WithinQuery {
    #[arguments(name: $namespace)]
    namespace: Option<Namespace>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Namespace {
    id: cynic::Id,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    prefix: String,
    within: Option<cynic::Id>,
    kinds: Option<Vec<EntityKind>>,
    first: i32,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct FindQuery {
    #[arguments(prefix: $prefix, within: $within, kinds: $kinds, first: $first)]
    entities: Vec<Found>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Entity")]
struct Found {
    kind: EntityKind,
    name: String,
}

#[derive(cynic::QueryVariables, Debug)]
struct InsideVariables {
    namespace: String,
    text: String,
    people: String,
    kinds: Option<Vec<SearchKind>>,
    first: i32,
}

/// Who has a text inside of the name.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "InsideVariables")]
struct InsideQuery {
    #[arguments(name: $namespace)]
    namespace: Option<Owner>,
    #[arguments(query: $people, kinds: $kinds, first: $first)]
    search: SearchConnection,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(graphql_type = "Namespace", variables = "InsideVariables")]
enum Owner {
    Organization(Organization),
    User(User),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "InsideVariables")]
struct Organization {
    #[arguments(first: $first, search: $text)]
    teams: Option<TeamConnection>,
    #[arguments(first: $first, search: $text)]
    robots: RobotConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "InsideVariables")]
struct User {
    #[arguments(first: $first, search: $text)]
    robots: RobotConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamConnection {
    nodes: Vec<Team>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Team {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RobotConnection {
    nodes: Vec<Robot>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Robot {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct SearchConnection {
    nodes: Vec<SearchResult>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
enum SearchResult {
    User(Person),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "User")]
struct Person {
    name: String,
}

impl InsideQuery {
    /// Teams, then robots and users.
    fn entities(self) -> Vec<Entity> {
        let (teams, robots) = match self.namespace {
            Some(Owner::Organization(organization)) => {
                (organization.teams, organization.robots.nodes)
            }
            Some(Owner::User(user)) => (None, user.robots.nodes),
            Some(Owner::Other) | None => (None, Vec::new()),
        };
        let of = |kind| move |name: String| Entity::new(kind, name);
        let teams = teams.into_iter().flat_map(|teams| teams.nodes);
        let teams = teams.map(|team| team.name);
        let robots = robots.into_iter().map(|robot| robot.name);
        let users = self
            .search
            .nodes
            .into_iter()
            .filter_map(|found| match found {
                SearchResult::User(Person { name }) => Some(name),
                SearchResult::Other => None,
            });
        teams
            .map(of(components::EntityKind::Team))
            .chain(robots.map(of(components::EntityKind::Robot)))
            .chain(users.map(of(components::EntityKind::User)))
            .collect()
    }
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct IdQuery {
    #[arguments(prefix: $prefix, within: $within, kinds: $kinds, first: $first)]
    entities: Vec<Identified>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Entity")]
struct Identified {
    id: cynic::Id,
    name: String,
}

/// The id of a user, or of a robot or a team of a namespace, by the whole name; none where there is none that the viewer
/// may know of.
pub(crate) fn entity_id(api: Api, namespace: &str, entity: Entity) -> Answer<Option<cynic::Id>> {
    let namespace = api.run(WithinQuery::build(WithinVariables {
        namespace: namespace.to_owned(),
    }));
    Box::pin(async move {
        let within = namespace.await?.namespace.map(|found| found.id);
        let query = IdQuery::build(Variables {
            prefix: entity.name.clone(),
            within,
            kinds: Some(vec![entity.kind.into()]),
            // The name itself is the first that begins with it.
            first: FOUND_MAX,
        });
        let mut found = api.run(query).await?.entities.into_iter();
        let found = found.find(|found| found.name == entity.name);
        Ok(found.map(|found| found.id))
    })
}

/// Finds users, and the robots and teams of one namespace, whose id it asks for once.
#[derive(Clone, Copy)]
pub(super) struct Finder {
    api: Api,
    lookup: StoredValue<Lookup>,
    within: StoredValue<Option<cynic::Id>>,
}

impl Finder {
    pub(super) fn new(api: Api, lookup: Lookup) -> Self {
        Self {
            api,
            lookup: StoredValue::new(lookup),
            within: StoredValue::new(None),
        }
    }

    /// Teams, then users and robots, whose names begin so, and then those who have it inside of the name; with nothing
    /// typed no users.
    pub(super) fn find(self, text: &str) -> Answer<Vec<Entity>> {
        let prefix = text.to_owned();
        Box::pin(async move {
            let within = self.within().await?;
            // The field may be gone meanwhile, and nobody waits for the answer then.
            let Some(lookup) = self.lookup.try_get_value() else {
                return Ok(Vec::new());
            };
            let inside = self.inside(&lookup, &prefix);
            let query = FindQuery::build(Variables {
                prefix,
                within,
                kinds: Some(lookup.kinds.iter().copied().map(Into::into).collect()),
                first: FOUND_MAX,
            });
            let (found, inside) = future::join(self.api.run(query), inside).await;
            let found = found?.entities.into_iter();
            let mut found: Vec<_> = found
                .map(|found| Entity::new(found.kind.into(), found.name))
                .collect();
            // What begins with the text is worth something by itself.
            for entity in inside.unwrap_or_default() {
                if lookup.kinds.contains(&entity.kind) && !found.contains(&entity) {
                    found.push(entity);
                }
            }
            Ok(found)
        })
    }

    /// Teams and robots of the namespace, and users whom the viewer knows, with this text somewhere in the name.
    fn inside(self, lookup: &Lookup, text: &str) -> Answer<Vec<Entity>> {
        let owner = format!("{}+", lookup.namespace);
        let text = text.to_lowercase();
        let short = text.strip_prefix(&owner).unwrap_or(&text).to_owned();
        if short.is_empty() {
            return Box::pin(async { Ok(Vec::new()) });
        }
        // An empty text finds nobody.
        let wants_users = lookup.kinds.contains(&components::EntityKind::User);
        let people = if wants_users { text } else { String::new() };
        let answer = self.api.run(InsideQuery::build(InsideVariables {
            namespace: lookup.namespace.clone(),
            text: short,
            people,
            kinds: Some(vec![SearchKind::User]),
            first: FOUND_MAX,
        }));
        Box::pin(async move { Ok(answer.await?.entities()) })
    }

    /// The id of the namespace; none where it is hidden, or where users alone are looked for.
    async fn within(self) -> Result<Option<cynic::Id>, ApiError> {
        let Some(lookup) = self.lookup.try_get_value() else {
            return Ok(None);
        };
        let known = self.within.try_get_value().flatten();
        if known.is_some() || lookup.namespace.is_empty() {
            return Ok(known);
        }
        let query = WithinQuery::build(WithinVariables {
            namespace: lookup.namespace,
        });
        let id = self.api.run(query).await?.namespace.map(|found| found.id);
        self.within
            .try_update_value(|within| within.clone_from(&id));
        Ok(id)
    }
}
