//! What search finds.

use async_graphql::{Context, Enum, Result, Union};
use berth_domain::{PageRequest, Timestamp};
use berth_services::search::{Closeness, Hit, MatchKey};
use serde::{Deserialize, Serialize};

use super::namespace::{Namespace, Organization, User};
use super::repository::Repository;
use super::robot::Robot;
use super::team::Team;
use crate::connection::{self, connection};
use crate::context::Asks;
use crate::error::gql;

/// What search finds, in the order in which things that match alike are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::SearchKind")]
pub(crate) enum SearchKind {
    /// Repositories.
    Repository,
    /// Organizations.
    Organization,
    /// Teams of organizations.
    Team,
    /// Users.
    User,
    /// Machine accounts.
    Robot,
}

/// Something that was found.
#[derive(Union, Clone)]
pub(crate) enum SearchResult {
    Repository(Repository),
    Organization(Organization),
    Team(Team),
    User(User),
    Robot(Robot),
}

impl From<Hit> for SearchResult {
    fn from(hit: Hit) -> Self {
        match hit {
            Hit::Repository(view) => Self::Repository(Repository(view)),
            Hit::Namespace(view) => match Namespace::from(view) {
                Namespace::User(user) => Self::User(user),
                Namespace::Organization(organization) => Self::Organization(organization),
            },
            Hit::Team(view) => Self::Team(Team(view)),
            Hit::Robot(view) => Self::Robot(Robot(view)),
        }
    }
}

connection!(SearchConnection, SearchEdge, SearchResult, "what was found");

/// What a cursor of this list holds.
#[derive(Serialize, Deserialize)]
struct Key(usize, berth_domain::SearchKind, i64, String, i64);

impl From<&MatchKey> for Key {
    fn from(key: &MatchKey) -> Self {
        let closeness = Closeness::ALL
            .iter()
            .position(|known| *known == key.closeness);
        Self(
            closeness.unwrap_or_default(),
            key.kind,
            key.pushed_at.0,
            key.name.clone(),
            key.id,
        )
    }
}

impl From<Key> for MatchKey {
    fn from(Key(closeness, kind, pushed_at, name, id): Key) -> Self {
        let closeness = Closeness::ALL.get(closeness).copied();
        Self {
            closeness: closeness.unwrap_or(Closeness::Description),
            kind,
            pushed_at: Timestamp(pushed_at),
            name,
            id,
        }
    }
}

/// A page of what a text finds.
pub(crate) async fn page(
    ctx: &Context<'_>,
    query: &str,
    kinds: Option<Vec<SearchKind>>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<SearchConnection> {
    let skipped = after.is_some();
    let request = connection::request::<Key>(first, after)?;
    let request = PageRequest::new(request.after.map(MatchKey::from), request.limit);
    let kinds: Vec<berth_domain::SearchKind> = kinds
        .unwrap_or_default()
        .into_iter()
        .map(Into::into)
        .collect();
    let search = &ctx.services().search;
    let page = search.page(&ctx.actor(), query, &kinds, &request).await;
    let page = page.map_err(gql)?;
    let rows = page.items.into_iter();
    let rows = rows.map(|found| (connection::cursor(&Key::from(&found.key)), found.hit.into()));
    Ok(SearchConnection::new(
        skipped,
        page.has_more,
        rows.collect(),
    ))
}
