//! Tags.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use berth_domain::{Error, Noun, RepositoryId, TagId, Timestamp};
use berth_services::tags::{Tag as TagRow, TagFilter as Filter, TagOrder as Order};
use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use super::repository::{OrderDirection, Repository};
use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::gql;
use crate::ids::GlobalId;
use crate::loaders::load;
use crate::scalars::DateTime;

/// Narrows a list of tags.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct TagFilter {
    /// Text in the tag's name.
    search: Option<String>,
}

impl TagFilter {
    pub(crate) fn into_filter(self) -> Filter {
        Filter {
            search: self.search.filter(|text| !text.is_empty()),
        }
    }
}

/// What a list of tags is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum TagOrderField {
    /// The name, byte by byte.
    Name,
    /// When it began to point to its manifest.
    Pushed,
}

/// The order of a list of tags.
#[derive(Debug, Clone, Copy, InputObject)]
pub(crate) struct TagOrder {
    /// By what.
    field: TagOrderField,
    /// Which end comes first.
    direction: OrderDirection,
}

/// A tag.
#[derive(Clone)]
pub(crate) struct Tag(pub(crate) TagRow);

/// A name that points to a manifest.
#[Object]
impl Tag {
    /// Opaque; another push of the name makes another tag.
    pub(crate) async fn id(&self) -> ID {
        GlobalId::Tag(self.0.id).encode()
    }

    /// Its name.
    pub(crate) async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Where it is.
    async fn repository(&self, ctx: &Context<'_>) -> Result<Repository> {
        Repository::of(ctx, self.0.repository_id).await
    }

    /// What it points to.
    async fn manifest(&self, ctx: &Context<'_>) -> Result<Manifest> {
        let view = load(ctx.loader(), self.0.manifest_id).await?;
        view.map(Into::into)
            .ok_or_else(|| gql(Error::Hidden(Noun::Manifest)))
    }

    /// When it began to point to this manifest.
    async fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// When it ends by itself; null when it does not.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }
}

connection!(
    TagConnection,
    TagEdge,
    Tag,
    "the live tags of a repository",
    total_count: "How many there are; capped at 10,000."
);

/// What a cursor of this list holds.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Name(String),
    Pushed(i64, i64),
}

/// A page of a repository's live tags. A cursor of another order starts from the beginning.
pub(crate) async fn page(
    ctx: &Context<'_>,
    repository: RepositoryId,
    first: Option<i32>,
    after: Option<String>,
    filter: Option<TagFilter>,
    order_by: Option<TagOrder>,
) -> Result<TagConnection> {
    let skipped = after.is_some();
    let request = connection::request::<Key>(first, after)?;
    let (field, descending) = order_by.map_or((TagOrderField::Name, false), |order| {
        (order.field, order.direction == OrderDirection::Desc)
    });
    let order = match (field, request.after) {
        (TagOrderField::Name, Some(Key::Name(name))) => {
            Order::Name(Some(name.parse().map_err(gql)?))
        }
        (TagOrderField::Name, _) => Order::Name(None),
        (TagOrderField::Pushed, Some(Key::Pushed(at, id))) => {
            Order::Pushed(Some((Timestamp(at), TagId(id))))
        }
        (TagOrderField::Pushed, _) => Order::Pushed(None),
    };
    let search = filter
        .unwrap_or_default()
        .search
        .filter(|text| !text.is_empty());
    let (tags, actor) = (&ctx.services().tags, ctx.actor());
    let page = tags
        .page(
            &actor,
            repository,
            search.as_deref(),
            &order,
            descending,
            request.limit,
        )
        .await
        .map_err(gql)?;
    let total = if ctx.look_ahead().field("totalCount").exists() {
        Some(count(
            tags.count(&actor, repository, search.as_deref())
                .await
                .map_err(gql)?,
        ))
    } else {
        None
    };
    let rows = page
        .items
        .into_iter()
        .map(|tag| {
            let key = match field {
                TagOrderField::Name => Key::Name(tag.name.to_string()),
                TagOrderField::Pushed => Key::Pushed(tag.started_at.0, tag.id.0),
            };
            (connection::cursor(&key), Tag(tag))
        })
        .collect();
    Ok(TagConnection::new(skipped, page.has_more, rows, total))
}
