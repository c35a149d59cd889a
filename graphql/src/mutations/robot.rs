//! Robot accounts.

use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use berth_domain::Namespace;
use berth_services::permissions::RoleIn;
use berth_services::robots::{NewRobot, RobotFilter as Filter};
use serde_json::{Map, Value};

use super::selected::Selected;
use crate::context::Asks;
use crate::error::{gql, gql_many, gql_named};
use crate::ids::{self, GlobalId};
use crate::types::permission::RoleInInput;
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
    /// Anything else, at most 16 KiB of JSON.
    metadata: Option<Json<Map<String, Value>>>,
    /// Names of teams of the organization that it comes into.
    teams: Option<Vec<String>>,
    /// Roles that it gets in repositories of the namespace.
    roles: Option<Vec<RoleInInput>>,
}

/// How a robot is described.
#[derive(InputObject)]
pub(super) struct UpdateRobotInput {
    /// Global id of the robot.
    id: ID,
    /// Free text, at most 255 characters; stays when left out.
    description: Option<String>,
    /// Anything else, at most 16 KiB of JSON; stays when left out.
    metadata: Option<Json<Map<String, Value>>>,
}

/// What describing a robot gives.
#[derive(SimpleObject)]
pub(super) struct UpdateRobotPayload {
    /// The robot as it is now.
    robot: Robot,
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
    /// Creates a robot with a fresh token, in its teams and with its roles, or nothing of it. Scope: `org:admin`,
    /// `user:admin` in the own namespace; `repo:admin` for roles. Role: administrator of the namespace. Log:
    /// `create_robot`, `org_add_team_member`, `change_repo_permission`.
    async fn create_robot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The robot to be.")] input: CreateRobotInput,
    ) -> Result<CreateRobotPayload> {
        let namespace: Namespace = input.namespace.parse().map_err(gql_named("namespace"))?;
        let mut new = NewRobot {
            short: input.short_name,
            description: input.description.unwrap_or_default(),
            metadata: input
                .metadata
                .map(|Json(metadata)| metadata)
                .unwrap_or_default(),
            teams: input.teams.unwrap_or_default(),
            roles: Vec::new(),
        };
        for role in input.roles.unwrap_or_default() {
            new.roles.push(RoleIn {
                repository: ids::repository("roles", &role.repository).map_err(gql)?,
                role: role.role.map(Into::into),
            });
        }
        let (robots, actor) = (&ctx.services().robots, ctx.actor());
        // Boxed: the compiler follows what a mutation awaits only so deep.
        let robot = Box::pin(robots.create_whole(&actor, None, &namespace, &new))
            .await
            .map_err(|error| match error {
                taken @ berth_domain::Error::AlreadyExists { .. } => gql_named("shortName")(taken),
                other => gql(other),
            })?;
        Ok(CreateRobotPayload {
            robot: Robot(robot),
        })
    }

    /// Describes a robot anew. Undone by what it said before. Scope and role as for `createRobot`. Log: `update_robot`.
    async fn update_robot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How it is described.")] input: UpdateRobotInput,
    ) -> Result<UpdateRobotPayload> {
        let id = ids::robot("id", &input.id).map_err(gql)?;
        let (robots, actor) = (&ctx.services().robots, ctx.actor());
        let metadata = input.metadata.map(|Json(metadata)| metadata);
        let robot = robots
            .describe(&actor, id, input.description.as_deref(), metadata.as_ref())
            .await
            .map_err(gql)?;
        Ok(UpdateRobotPayload {
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
