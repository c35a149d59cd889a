//! Robot accounts.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use berth_domain::AccountId;
use berth_services::robots::RobotView;

use crate::connection::{self, connection, count};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::ids::GlobalId;
use crate::loaders::{Uses, load};
use crate::scalars::DateTime;

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
