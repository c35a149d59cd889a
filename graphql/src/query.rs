//! What can be asked.

use async_graphql::{Context, ID, Object, Result};
use berth_domain::{Error, RepositoryPath};
use berth_services::oauth::Asked;
use futures::future::try_join_all;

use crate::connection::{self, count};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::types::administration::Administration;
use crate::types::application::{self, AuthorizationRequest, AuthorizationResponseType};
use crate::types::entity::{self, Entity, EntityKind};
use crate::types::namespace::{
    Namespace, Organization, OrganizationConnection, OrganizationFilter,
};
use crate::types::node::{self, Node};
use crate::types::registry::Registry;
use crate::types::repository::{
    self, Repository, RepositoryConnection, RepositoryFilter, RepositoryOrder,
};
use crate::types::search::{self, SearchConnection, SearchKind};
use crate::types::viewer::Viewer;

/// Most ids of one `nodes`.
const NODES_MAX: usize = 100;

/// The root of queries.
pub struct Query;

/// What can be asked. Look-ups answer null for hidden and absent alike.
#[Object]
impl Query {
    /// Who is asking; null for anonymous callers.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        Viewer::of(ctx.actor())
    }

    /// Any object by its global id; null when absent or hidden.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A global id.")] id: ID,
    ) -> Result<Option<Node>> {
        node::node(ctx, &id).await
    }

    /// Objects by their global ids, at most 100, in the order asked for; null where absent or hidden.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > NODES_MAX {
            let message = format!("ask for at most {NODES_MAX} nodes at once");
            return Err(gql(Error::invalid_value(message).in_field("ids")));
        }
        try_join_all(ids.iter().map(|id| node::node(ctx, id))).await
    }

    /// A user's or organization's namespace; null when absent or hidden.
    async fn namespace(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of the user or organization.")] name: String,
    ) -> Result<Option<Namespace>> {
        let Ok(name) = name.parse() else {
            return Ok(None);
        };
        let view = ctx
            .services()
            .organizations
            .by_name(&ctx.actor(), &name)
            .await;
        Ok(found(view)?.map(Into::into))
    }

    /// Organizations the viewer belongs to, by name; all of them for superusers.
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Narrows the list.")] filter: Option<OrganizationFilter>,
    ) -> Result<OrganizationConnection> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let search = filter
            .unwrap_or_default()
            .search
            .filter(|text| !text.is_empty());
        let (organizations, actor) = (&ctx.services().organizations, ctx.actor());
        let page = organizations
            .page(&actor, search.as_deref(), &request)
            .await
            .map_err(gql)?;
        let total = if ctx.look_ahead().field("totalCount").exists() {
            Some(count(
                organizations
                    .count(&actor, search.as_deref())
                    .await
                    .map_err(gql)?,
            ))
        } else {
            None
        };
        let rows = page
            .items
            .into_iter()
            .map(|view| (connection::cursor(&view.name), Organization(view)))
            .collect();
        Ok(OrganizationConnection::new(
            skipped,
            page.has_more,
            rows,
            total,
        ))
    }

    /// A repository; the name may hold slashes; null when absent or hidden.
    async fn repository(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of the user or organization.")] namespace: String,
        #[graphql(desc = "Name inside the namespace.")] name: String,
    ) -> Result<Option<Repository>> {
        let (Ok(namespace), Ok(name)) = (namespace.parse(), name.parse()) else {
            return Ok(None);
        };
        let path = RepositoryPath::new(namespace, name);
        let view = ctx
            .services()
            .repositories
            .by_path(&ctx.actor(), &path)
            .await;
        Ok(found(view)?.map(Repository))
    }

    /// Repositories the viewer may see.
    async fn repositories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Narrows the list.")] filter: Option<RepositoryFilter>,
        #[graphql(desc = "By namespace and name when left out.")] order_by: Option<RepositoryOrder>,
    ) -> Result<RepositoryConnection> {
        repository::page(ctx, first, after, filter, order_by).await
    }

    /// What a text finds in names and in the first 500 characters of descriptions: exact names first, then names that begin
    /// with it, names that have it inside, and repositories with a word in the description that begins with it; of those
    /// alike repositories, the latest pushed first, then organizations, teams, users and robots by name. Only what the
    /// viewer may see: organizations and users that the viewer belongs to or sees a repository of, teams of the viewer's
    /// organizations, robots that the viewer administers. Several words all have to be found, eight at most;
    /// `namespace/name` finds what begins with the name in the namespace, and `namespace+name` robots. ASCII letters are
    /// alike in both cases. Of each kind, of each way to match and of each way to see it 200 are looked at: type more to
    /// find those behind them. An empty text finds nothing.
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to look for.")] query: String,
        #[graphql(desc = "Only these; all when left out or empty.")] kinds: Option<Vec<SearchKind>>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<SearchConnection> {
        search::page(ctx, &query, kinds, first, after).await
    }

    /// Who may be meant by the beginning of a name, for forms that offer names while somebody types: teams, then users and
    /// robots by what matches. Names of users are told to everybody, to nobody known only with
    /// `FEATURE_ANONYMOUS_ACCESS`; without `FEATURE_PARTIAL_USER_AUTOCOMPLETE` a user or robot is found by the whole name
    /// alone. Teams and robots of an organization are told to who may know its teams (`Organization.teams`), robots of a
    /// user to that user (`user:admin`). Accents and case do not count. An empty prefix finds teams and robots alone.
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The beginning of a name.")] prefix: String,
        #[graphql(desc = "Id of an organization or a user: its robots and teams are offered too.")]
        within: Option<ID>,
        #[graphql(
            desc = "Only these; users, robots and teams when left out. `ORGANIZATION` is the one of `within`, for its \
                    administrators."
        )]
        kinds: Option<Vec<EntityKind>>,
        #[graphql(desc = "At most so many, 1 to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Entity>> {
        entity::beginning(ctx, &prefix, within, kinds, first).await
    }

    /// What an application asks the viewer for, in the words of a page that asks for the consent; null for who cannot
    /// consent: nobody known, and tokens.
    async fn authorization_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By which the application names itself.")] client_id: String,
        #[graphql(desc = "Where the browser goes with the answer.")] redirect_uri: String,
        #[graphql(desc = "Scopes, separated by spaces or commas.")] scope: String,
        #[graphql(desc = "What the application gets; a code when left out.")] response_type: Option<
            AuthorizationResponseType,
        >,
        #[graphql(desc = "What was assigned to the viewer, by its uuid.")] assignment: Option<
            String,
        >,
    ) -> Result<Option<AuthorizationRequest>> {
        let response_type = response_type.unwrap_or(AuthorizationResponseType::Code);
        let asked = Asked {
            client_id,
            redirect_uri,
            scope,
            response_type: response_type.word(),
            state: None,
            assignment,
        };
        application::authorization_request(ctx, &asked).await
    }

    /// What superusers see; null for everybody else. Scope: `super:user`.
    async fn administration(&self, ctx: &Context<'_>) -> Option<Administration> {
        let may_view = ctx.services().superuser.may_view(&ctx.actor());
        may_view.then_some(Administration)
    }

    /// What everybody may know of this registry.
    async fn registry(&self) -> Registry {
        Registry
    }
}
