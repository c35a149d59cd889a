//! Robot accounts.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::Namespace;
use berth_services::robots::RobotFilter as Filter;

use super::selected::Selected;
use crate::context::Asks;
use crate::error::{gql, gql_many, gql_named};
use crate::ids::{self, GlobalId};
use crate::types::robot::Robot;

/// A robot to be.
#[derive(InputObject)]
pub(super) struct CreateRobotInput {
    /// Whose it will be.
    namespace: String,
    /// Its name there, in the shape of a namespace.
    short_name: String,
    /// Free text, at most 255 characters.
    description: Option<String>,
}

/// What creating a robot gives.
#[derive(SimpleObject)]
pub(super) struct CreateRobotPayload {
    /// The new robot.
    robot: Robot,
}

/// Which robot gets a new token.
#[derive(InputObject)]
pub(super) struct RegenerateRobotTokenInput {
    /// Global id of the robot.
    id: ID,
}

/// What a new token gives.
#[derive(SimpleObject)]
pub(super) struct RegenerateRobotTokenPayload {
    /// The robot; its `credentials` hold the new token.
    robot: Robot,
}

/// Which robots are deleted.
#[derive(InputObject)]
pub(super) struct DeleteRobotsInput {
    /// Global ids, at most 1,000; these or `filter`.
    ids: Option<Vec<ID>>,
    /// All robots that match, at most 1,000.
    filter: Option<RobotFilter>,
}

/// Narrows the robots of a namespace.
#[derive(InputObject)]
pub(super) struct RobotFilter {
    /// Whose.
    namespace: String,
    /// Text in the short name.
    search: Option<String>,
}

/// What deleting robots gives.
#[derive(SimpleObject)]
pub(super) struct DeleteRobotsPayload {
    /// The ids that are no more.
    deleted_ids: Vec<ID>,
}

/// Mutations of robots.
#[derive(Default)]
pub(super) struct RobotMutations;

/// Mutations of robots.
#[Object]
impl RobotMutations {
    /// Creates a robot with a fresh token. Scope: `org:admin`, `user:admin` in the own namespace. Role:
    /// administrator of the namespace. Log: `create_robot`.
    async fn create_robot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The robot to be.")] input: CreateRobotInput,
    ) -> Result<CreateRobotPayload> {
        let namespace: Namespace = input.namespace.parse().map_err(gql_named("namespace"))?;
        let description = input.description.unwrap_or_default();
        let robot = ctx
            .services()
            .robots
            .create(&ctx.actor(), &namespace, &input.short_name, &description)
            .await
            .map_err(|error| match error {
                taken @ berth_domain::Error::AlreadyExists { .. } => gql_named("shortName")(taken),
                other => gql(other),
            })?;
        Ok(CreateRobotPayload {
            robot: Robot(robot),
        })
    }

    /// Gives a robot a new token; the old one is dead at once and cannot be brought back. Scope and
    /// role as for `createRobot`. Log: `regenerate_robot_token`.
    async fn regenerate_robot_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which robot.")] input: RegenerateRobotTokenInput,
    ) -> Result<RegenerateRobotTokenPayload> {
        let id = ids::robot("id", &input.id).map_err(gql)?;
        let robots = &ctx.services().robots;
        let robot = robots
            .regenerate_token(&ctx.actor(), id)
            .await
            .map_err(gql)?;
        Ok(RegenerateRobotTokenPayload {
            robot: Robot(robot),
        })
    }

    /// Deletes robots, all or none; `extensions.detail.items` names each in the way. It cannot be
    /// undone. Scope and role as for `createRobot`. Log: `delete_robot`.
    async fn delete_robots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which robots.")] input: DeleteRobotsInput,
    ) -> Result<DeleteRobotsPayload> {
        let selected = Selected::of("ids", input.ids, input.filter).and_then(|selected| {
            selected.map(
                |ids| ids::many(&ids, ids::robot),
                |filter| {
                    let namespace = filter.namespace.parse::<Namespace>();
                    Ok(Filter {
                        namespace: namespace.map_err(|e| e.in_field("filter.namespace"))?,
                        search: filter.search.filter(|text| !text.is_empty()),
                    })
                },
            )
        });
        let deleted = ctx
            .services()
            .robots
            .delete(&ctx.actor(), selected.map_err(gql)?.as_ref())
            .await
            .map_err(gql_many)?;
        Ok(DeleteRobotsPayload {
            deleted_ids: deleted
                .into_iter()
                .map(|id| GlobalId::Robot(id).encode())
                .collect(),
        })
    }
}
