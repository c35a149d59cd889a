//! Repositories.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::{Error, Noun, Page, PageRequest, RepositoryPath};
use berth_services::repositories::{
    Day, Filter, Pulls, RepositoryFigures, RepositoryKey, RepositoryView, Sort, SortBy,
};
use serde::{Deserialize, Serialize};

use super::access::{self, RepositoryAccessConnection};
use super::manifest::Manifest;
use super::namespace::Namespace;
use super::permission::{RepositoryPermission, Role, TeamRepositoryPermission};
use super::tag::{self, Tag, TagConnection, TagFilter, TagOrder};
use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::ids::GlobalId;
use crate::loaders::{Figures, PullsOf, Starred, load};
use crate::markdown;
use crate::scalars::{BigInt, DateTime, Digest};

/// Who may pull without a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::Visibility")]
pub(crate) enum Visibility {
    /// Everybody.
    Public,
    /// Only who has a role.
    Private,
}

/// Whether a repository takes pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::RepositoryState")]
pub(crate) enum RepositoryState {
    /// It does.
    Normal,
    /// Nobody pushes.
    ReadOnly,
    /// Only the mirroring robot pushes.
    Mirror,
}

/// How often a repository was pulled from on one day.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct DayOfPulls {
    /// The day in UTC, such as `2027-01-31`.
    day: String,
    /// How often.
    count: BigInt,
}

impl From<(Day, u64)> for DayOfPulls {
    fn from((day, count): (Day, u64)) -> Self {
        Self {
            day: day.to_string(),
            count: BigInt(count),
        }
    }
}

/// What a list of repositories is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum RepositoryOrderField {
    /// Namespace, then name.
    Name,
    /// Latest push by tag; what was never pushed to is the oldest.
    LastPushed,
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum OrderDirection {
    /// The smallest, the earliest.
    Asc,
    /// The largest, the latest.
    Desc,
}

/// The order of a list of repositories.
#[derive(Debug, Clone, Copy, InputObject)]
pub(crate) struct RepositoryOrder {
    /// By what.
    field: RepositoryOrderField,
    /// Which end comes first.
    direction: OrderDirection,
}

/// Narrows a list of repositories.
#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct RepositoryFilter {
    /// Text in `namespace/name`.
    search: Option<String>,
    /// Only of this namespace.
    namespace: Option<String>,
    /// Only of this visibility.
    visibility: Option<Visibility>,
}

impl RepositoryFilter {
    /// Inside one namespace; a filter for another one leaves nothing.
    pub(crate) fn within(self, namespace: &berth_domain::Namespace) -> Self {
        let name = namespace.to_string();
        let namespace = match self.namespace {
            // No namespace has an empty name.
            Some(other) if other != name => Some(String::new()),
            _ => Some(name),
        };
        Self { namespace, ..self }
    }

    pub(crate) fn into_filter(self) -> Filter {
        Filter {
            search: self.search.filter(|text| !text.is_empty()),
            namespace: self.namespace,
            visibility: self.visibility.map(Into::into),
            ..Filter::default()
        }
    }
}

/// A repository.
#[derive(Clone)]
pub(crate) struct Repository(pub(crate) RepositoryView);

connection!(
    RepositoryConnection,
    RepositoryEdge,
    Repository,
    "the repositories that the viewer may see",
    total_count: "How many there are; capped at 10,000."
);

/// What a cursor of this list holds.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Name(String, String),
    LastPushed(i64, i64),
}

fn path(namespace: &str, name: &str) -> Result<RepositoryPath> {
    Ok(RepositoryPath::new(
        namespace.parse().map_err(gql)?,
        name.parse().map_err(gql)?,
    ))
}

fn key(key: Key) -> Result<RepositoryKey> {
    use berth_domain::{RepositoryId, Timestamp};
    Ok(match key {
        Key::Name(namespace, name) => RepositoryKey::Name(path(&namespace, &name)?),
        Key::LastPushed(at, id) => RepositoryKey::LastPushed(Timestamp(at), RepositoryId(id)),
    })
}

fn cursor(view: &RepositoryView, by: SortBy) -> String {
    connection::cursor(&match RepositoryKey::of(&view.repository, by) {
        RepositoryKey::Name(path) => Key::Name(path.namespace.to_string(), path.name.to_string()),
        RepositoryKey::LastPushed(at, id) => Key::LastPushed(at.0, id.0),
    })
}

/// What a list asks for, in the words of the services. A cursor of another order starts from the beginning.
fn asked(
    first: Option<i32>,
    after: Option<String>,
    filter: Option<RepositoryFilter>,
    order_by: Option<RepositoryOrder>,
) -> Result<(PageRequest<RepositoryKey>, Filter, Sort)> {
    let request = connection::request::<Key>(first, after)?;
    let after = request.after.map(key).transpose()?;
    let sort = order_by.map_or(Sort::BY_NAME, |order| Sort {
        by: match order.field {
            RepositoryOrderField::Name => SortBy::Name,
            RepositoryOrderField::LastPushed => SortBy::LastPushed,
        },
        descending: order.direction == OrderDirection::Desc,
    });
    let filter = filter.unwrap_or_default().into_filter();
    Ok((PageRequest::new(after, request.limit), filter, sort))
}

fn rendered(
    skipped: bool,
    page: Page<RepositoryView>,
    by: SortBy,
    total: Option<u64>,
) -> RepositoryConnection {
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (cursor(&view, by), Repository(view)));
    RepositoryConnection::new(skipped, page.has_more, rows.collect(), total.map(count))
}

/// A page of the repositories that the viewer may see.
pub(crate) async fn page(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<String>,
    filter: Option<RepositoryFilter>,
    order_by: Option<RepositoryOrder>,
) -> Result<RepositoryConnection> {
    let skipped = after.is_some();
    let (request, filter, sort) = asked(first, after, filter, order_by)?;
    let (repositories, actor) = (&ctx.services().repositories, ctx.actor());
    let page = repositories.page(&actor, &filter, sort, &request).await;
    let page = page.map_err(gql)?;
    let total = if ctx.look_ahead().field("totalCount").exists() {
        Some(repositories.count(&actor, &filter).await.map_err(gql)?)
    } else {
        None
    };
    Ok(rendered(skipped, page, sort.by, total))
}

/// A page of the repositories that the viewer has starred.
pub(crate) async fn starred(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<String>,
    filter: Option<RepositoryFilter>,
    order_by: Option<RepositoryOrder>,
) -> Result<RepositoryConnection> {
    let skipped = after.is_some();
    let (request, filter, sort) = asked(first, after, filter, order_by)?;
    let (repositories, actor) = (&ctx.services().repositories, ctx.actor());
    let page = repositories.starred(&actor, &filter, sort, &request).await;
    let page = page.map_err(gql)?;
    let total = if ctx.look_ahead().field("totalCount").exists() {
        let total = repositories.count_starred(&actor, &filter).await;
        Some(total.map_err(gql)?)
    } else {
        None
    };
    Ok(rendered(skipped, page, sort.by, total))
}

impl Repository {
    /// One that must be there, such as the repository of a tag that was just seen.
    pub(crate) async fn of(ctx: &Context<'_>, id: berth_domain::RepositoryId) -> Result<Self> {
        let view = load(ctx.loader(), id).await?;
        view.map(Self)
            .ok_or_else(|| gql(Error::Hidden(Noun::Repository)))
    }

    async fn pulls_of(&self, ctx: &Context<'_>) -> Result<Pulls> {
        let pulls = load(ctx.loader(), PullsOf(self.0.repository.id)).await?;
        Ok(pulls.unwrap_or_default())
    }

    async fn figures(&self, ctx: &Context<'_>) -> Result<RepositoryFigures> {
        Ok(load(ctx.loader(), Figures(self.0.repository.id))
            .await?
            .unwrap_or_default())
    }
}

/// A place for images and other artifacts under one name.
#[Object]
impl Repository {
    /// Opaque and stable, for `node`.
    pub(crate) async fn id(&self) -> ID {
        GlobalId::Repository(self.0.repository.id).encode()
    }

    /// Whose it is.
    async fn namespace(&self, ctx: &Context<'_>) -> Result<Namespace> {
        let view = load(ctx.loader(), self.0.repository.namespace_id).await?;
        view.map(Into::into)
            .ok_or_else(|| gql(Error::Hidden(Noun::Namespace)))
    }

    /// Its name inside the namespace; may hold slashes.
    pub(crate) async fn name(&self) -> &str {
        self.0.repository.name.as_str()
    }

    /// `namespace/name`.
    async fn path(&self) -> String {
        self.0.repository.path().to_string()
    }

    /// CommonMark.
    async fn description(&self) -> &str {
        &self.0.repository.description
    }

    /// The description as HTML that is safe to show: raw HTML in it is text, pictures are their words, and
    /// links lead only to the web or to mail.
    async fn description_html(&self) -> String {
        markdown::render(&self.0.repository.description)
    }

    /// Who may pull without a permission.
    async fn visibility(&self) -> Visibility {
        self.0.repository.visibility.into()
    }

    /// Whether it takes pushes.
    async fn state(&self) -> RepositoryState {
        self.0.repository.state.into()
    }

    /// When it was made.
    pub(crate) async fn created_at(&self) -> DateTime {
        self.0.repository.created_at.into()
    }

    /// Latest push by tag; null until then.
    async fn last_pushed_at(&self) -> Option<DateTime> {
        self.0.repository.last_pushed_at.map(Into::into)
    }

    /// Bytes of its distinct blobs; null until something was pushed.
    pub(crate) async fn size_bytes(&self, ctx: &Context<'_>) -> Result<Option<BigInt>> {
        Ok(self.figures(ctx).await?.size_bytes.map(BigInt))
    }

    /// How many live tags it has.
    async fn tag_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(count(self.figures(ctx).await?.tags))
    }

    /// How often it was pulled from in the last thirty days: manifests that were fetched, by tag or by digest.
    async fn popularity(&self, ctx: &Context<'_>) -> Result<BigInt> {
        Ok(BigInt(self.pulls_of(ctx).await?.recent))
    }

    /// The days on which it was pulled from, of the last 92, the earliest first.
    async fn pulls(&self, ctx: &Context<'_>) -> Result<Vec<DayOfPulls>> {
        let pulls = self.pulls_of(ctx).await?.by_day.into_iter();
        Ok(pulls.map(DayOfPulls::from).collect())
    }

    /// Its live tags.
    pub(crate) async fn tags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Narrows the list.")] filter: Option<TagFilter>,
        #[graphql(desc = "By name when left out.")] order_by: Option<TagOrder>,
    ) -> Result<TagConnection> {
        tag::page(ctx, self.0.repository.id, first, after, filter, order_by).await
    }

    /// A live tag; null when there is none of that name.
    async fn tag(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of the tag.")] name: String,
    ) -> Result<Option<Tag>> {
        let Ok(name) = name.parse() else {
            return Ok(None);
        };
        let tags = &ctx.services().tags;
        let tag = found(tags.get(&ctx.actor(), self.0.repository.id, &name).await)?;
        Ok(tag.flatten().map(Tag))
    }

    /// A manifest by digest, tagged or not; null when it is not here.
    async fn manifest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its content address.")] digest: Digest,
    ) -> Result<Option<Manifest>> {
        let manifests = &ctx.services().manifests;
        let view = manifests
            .view(&ctx.actor(), self.0.repository.id, &digest.0)
            .await;
        Ok(found(view)?.flatten().map(Into::into))
    }

    /// Permissions of teams; null unless the viewer administers the repository, or is of `GLOBAL_READONLY_SUPER_USERS`.
    async fn team_permissions(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<Vec<TeamRepositoryPermission>>> {
        if !self.0.can_see_roles {
            return Ok(None);
        }
        let permissions = &ctx.services().permissions;
        let list = permissions
            .list_teams(&ctx.actor(), self.0.repository.id)
            .await
            .map_err(gql)?;
        Ok(list.map(|list| list.into_iter().map(TeamRepositoryPermission).collect()))
    }

    /// Direct permissions of users and robots; null unless the viewer administers the repository, or is of `GLOBAL_READONLY_SUPER_USERS`.
    async fn permissions(&self, ctx: &Context<'_>) -> Result<Option<Vec<RepositoryPermission>>> {
        if !self.0.can_see_roles {
            return Ok(None);
        }
        let permissions = &ctx.services().permissions;
        let list = permissions
            .list(&ctx.actor(), self.0.repository.id)
            .await
            .map_err(gql)?;
        Ok(list.map(|list| list.into_iter().map(Into::into).collect()))
    }

    /// Who may do what here, and why: everybody with a right of their own, users by name, then robots by short name, then
    /// teams; or one user, robot or team. Superusers are among them where they reach everything. That everybody may pull
    /// what is public is a reason too, and puts nobody into the list. Null unless the viewer administers the repository, or
    /// is of `GLOBAL_READONLY_SUPER_USERS`; of themselves all viewers may ask. Scope: `repo:admin`. Asked of a robot or a
    /// team without a right here that the viewer may not know, it is empty, as for one that is not there.
    async fn access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of a user, robot or team: of it alone.")] of: Option<ID>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<RepositoryAccessConnection>> {
        access::page(ctx, self.0.repository.id, of, first, after).await
    }

    /// Whether the viewer has starred it.
    pub(crate) async fn is_starred(&self, ctx: &Context<'_>) -> Result<bool> {
        let starred = load(ctx.loader(), Starred(self.0.repository.id)).await?;
        Ok(starred.is_some())
    }

    /// The viewer's role, null where only visibility lets the viewer in.
    async fn viewer_permission(&self) -> Option<Role> {
        self.0.role.map(Into::into)
    }

    /// Whether the viewer may push now.
    async fn viewer_can_push(&self) -> bool {
        self.0.can_push
    }

    /// Whether the viewer may change settings and permissions, and delete it.
    pub(crate) async fn viewer_can_administer(&self) -> bool {
        self.0.can_administer
    }
}
