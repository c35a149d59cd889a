//! What a picker asks the server.

use cynic::QueryBuilder;
use leptos::prelude::*;

use super::Lookup;
use crate::{
    api::{Answer, Api, ApiError},
    components::{self, Entity},
    schema,
};

/// Teams, and as many users and robots, found at most.
const FOUND_MAX: i32 = 8;

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum EntityKind {
    Organization,
    Robot,
    Team,
    User,
}

impl From<components::EntityKind> for EntityKind {
    fn from(kind: components::EntityKind) -> Self {
        match kind {
            components::EntityKind::User => Self::User,
            components::EntityKind::Robot => Self::Robot,
            components::EntityKind::Team => Self::Team,
            components::EntityKind::Organization => Self::Organization,
        }
    }
}

impl From<EntityKind> for components::EntityKind {
    fn from(kind: EntityKind) -> Self {
        match kind {
            EntityKind::User => Self::User,
            EntityKind::Robot => Self::Robot,
            EntityKind::Team => Self::Team,
            EntityKind::Organization => Self::Organization,
        }
    }
}

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

/// Finds users by the beginning of their names, and the robots and teams of one namespace, whose id it asks for once.
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

    /// Teams, then users and robots, whose names begin so; with nothing typed no users.
    pub(super) fn find(self, text: &str) -> Answer<Vec<Entity>> {
        let prefix = text.to_owned();
        Box::pin(async move {
            let within = self.within().await?;
            // The field may be gone meanwhile, and nobody waits for the answer then.
            let Some(lookup) = self.lookup.try_get_value() else {
                return Ok(Vec::new());
            };
            let query = FindQuery::build(Variables {
                prefix,
                within,
                kinds: Some(lookup.kinds.iter().copied().map(Into::into).collect()),
                first: FOUND_MAX,
            });
            let found = self.api.run(query).await?.entities.into_iter();
            Ok(found
                .map(|found| Entity::new(found.kind.into(), found.name))
                .collect())
        })
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
