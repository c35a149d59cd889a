//! Robot accounts.

use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use berth_domain::{AccountId, TeamId};
use berth_services::robots::RobotView;
use serde_json::{Map, Value};

use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::{found, gql, gql_ref};
use crate::ids::GlobalId;
use crate::loaders::{RightsOf, Uses, load};
use crate::scalars::DateTime;

use super::permission::{RoleInRepository, RoleInRepositoryConnection};
use super::team::Team;

/// A robot.
#[derive(Clone)]
pub(crate) struct Robot(pub(crate) RobotView);

/// What a robot logs in with.
#[derive(SimpleObject)]
pub(crate) struct RobotCredentials {
    /// `namespace+shortName`.
    username: String,
    /// The token: a password for `docker login` and its like.
    token: String,
}

/// A machine account of one namespace.
#[Object]
impl Robot {
    /// Opaque and stable, for `node`.
    pub(crate) async fn id(&self) -> ID {
        GlobalId::Robot(self.0.id).encode()
    }

    /// `namespace+shortName`, as it logs in.
    pub(crate) async fn name(&self) -> String {
        self.0.name.to_string()
    }

    /// Its name inside the namespace.
    async fn short_name(&self) -> &str {
        &self.0.name.short
    }

    /// Free text.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// What whoever made it says of it, as JSON.
    async fn metadata(&self) -> Json<&Map<String, Value>> {
        Json(&self.0.metadata)
    }

    /// The teams that it is in, by name; none for who does not administer it.
    async fn teams(&self, ctx: &Context<'_>) -> Result<Vec<Team>> {
        let rights = load(ctx.loader(), RightsOf(self.0.id)).await?;
        let ids: Vec<TeamId> = rights
            .unwrap_or_default()
            .teams
            .into_iter()
            .map(|(id, ..)| id)
            .collect();
        let found = ctx.loader().load_many(ids.iter().copied()).await;
        let mut found = found.map_err(|error| gql_ref(&error))?;
        Ok(ids
            .iter()
            .filter_map(|id| found.remove(id).map(Team))
            .collect())
    }

    /// The roles that it was given itself, by the names of repositories; none for who does not administer it.
    async fn repository_permissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<RoleInRepositoryConnection> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let (robots, actor) = (&ctx.services().robots, ctx.actor());
        let page = robots
            .roles(&actor, self.0.id, &request)
            .await
            .map_err(gql)?;
        let total = if ctx.look_ahead().field("totalCount").exists() {
            Some(self.repository_count(ctx).await?)
        } else {
            None
        };
        let rows = page.items.into_iter();
        let rows = rows.map(|role| (connection::cursor(&role.repository), RoleInRepository(role)));
        Ok(RoleInRepositoryConnection::new(
            skipped,
            page.has_more,
            rows.collect(),
            total,
        ))
    }

    /// When it was made.
    pub(crate) async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it last logged in.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// How many repositories it has a direct role in.
    async fn repository_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(count(
            load(ctx.loader(), Uses(self.0.id))
                .await?
                .unwrap_or_default(),
        ))
    }

    /// The token, for administrators of its namespace; each reading is logged.
    async fn credentials(&self, ctx: &Context<'_>) -> Result<Option<RobotCredentials>> {
        let result = ctx
            .services()
            .robots
            .credentials(&ctx.actor(), self.0.id)
            .await;
        Ok(found(result)?.map(|credentials| RobotCredentials {
            username: credentials.username.to_string(),
            token: credentials.token.expose().clone(),
        }))
    }
}

connection!(
    RobotConnection,
    RobotEdge,
    Robot,
    "the robots of a namespace",
    total_count: "How many there are; capped at 10,000."
);

/// A page of a namespace's robots.
pub(crate) async fn page(
    ctx: &Context<'_>,
    namespace: AccountId,
    first: Option<i32>,
    after: Option<String>,
    search: Option<String>,
) -> Result<RobotConnection> {
    let skipped = after.is_some();
    let request = connection::request::<String>(first, after)?;
    let (robots, actor) = (&ctx.services().robots, ctx.actor());
    let search = search.as_deref().filter(|text| !text.is_empty());
    let page = robots
        .page(&actor, namespace, search, &request)
        .await
        .map_err(gql)?;
    let total = if ctx.look_ahead().field("totalCount").exists() {
        Some(count(
            robots.count(&actor, namespace, search).await.map_err(gql)?,
        ))
    } else {
        None
    };
    let rows = page
        .items
        .into_iter()
        .map(|robot| (connection::cursor(&robot.name.short), Robot(robot)))
        .collect();
    Ok(RobotConnection::new(skipped, page.has_more, rows, total))
}
