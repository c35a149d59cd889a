//! Robot accounts of organizations and users (B3, B5, B6). Both trees are one function each with another owner.

use std::collections::HashMap;

use axum::http::StatusCode;
use berth_domain::{AccountId, AccountKind, Error, Namespace, Noun, RobotName, Scope};
use berth_services::many::Selection;
use berth_services::robots::{LIST_MAX, ListedRobot, RobotRights, RobotView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::parameters::{integer, switch, switch_on};
use crate::schema::{Schema, list as list_of, object, short_text, text, texts};
use crate::wire::{Avatar, rfc_822};

use super::team::Permissions;

/// What scripts compare with for a robot that is not there; they take the 400 it comes with as absent.
const UNKNOWN: &str = "Could not find robot with specified username";
/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = berth_services::robots::DESCRIPTION_MAX;

/// Whose robots.
#[derive(Clone, Copy)]
enum Owner {
    User,
    Organization,
}

impl Owner {
    const fn kind(self) -> AccountKind {
        match self {
            Self::User => AccountKind::User,
            Self::Organization => AccountKind::Organization,
        }
    }

    fn namespace(self, call: &Call) -> Result<Namespace, Error> {
        match self {
            Self::User => call.own_namespace(),
            Self::Organization => call.namespace("orgname"),
        }
    }

    /// The robot in the path. A name that cannot be one is that of no robot.
    fn robot(self, call: &Call) -> Result<RobotName, Failure> {
        let namespace = self.namespace(call)?;
        RobotName::new(namespace, call.parameter("robot_shortname"))
            .map_err(|_| Failure::message(UNKNOWN))
    }
}

pub(super) fn group() -> Group {
    let robots = [
        switch_on("token", "If false, the robot's token is not returned."),
        integer("limit", "If specified, the number of robots to return."),
        switch(
            "permissions",
            "Whether to include repositories and teams in which the robots have permission.",
        ),
    ];
    let new = || {
        Schema::new("CreateRobot")
            .optional(
                "description",
                short_text(DESCRIPTION_CHARS_MAX, "Text description for the robot"),
            )
            .optional(
                "unstructured_metadata",
                object("Unstructured metadata for the robot").or_null(),
            )
    };
    let created = (StatusCode::CREATED, "Created");
    Group {
        tag: "robot",
        description: "Manage user and organization robot accounts",
        operations: vec![
            Operation::get(
                "/user/robots",
                "getUserRobots",
                "List the available robots for the user",
                |call| list(call, Owner::User),
            )
            .scope(Scope::UserAdmin)
            .query(robots)
            .answers(List::schema()),
            Operation::get(
                "/user/robots/{robot_shortname}",
                "getUserRobot",
                "Returns the user's robot with the specified name",
                |call| get(call, Owner::User),
            )
            .scope(Scope::UserAdmin)
            .answers(Robot::schema()),
            Operation::put(
                "/user/robots/{robot_shortname}",
                "createUserRobot",
                "Create a new user robot with the specified name",
                |call| create(call, Owner::User),
            )
            .scope(Scope::UserAdmin)
            .optional_body(new())
            .succeeds(created.0, created.1)
            .answers(Robot::schema()),
            Operation::delete(
                "/user/robots/{robot_shortname}",
                "deleteUserRobot",
                "Delete an existing robot",
                |call| delete(call, Owner::User),
            )
            .scope(Scope::UserAdmin),
            Operation::get(
                "/user/robots/{robot_shortname}/permissions",
                "getUserRobotPermissions",
                "Returns the list of repository permissions for the user's robot",
                |call| permissions(call, Owner::User),
            )
            .scope(Scope::UserAdmin)
            .answers(Permissions::schema()),
            Operation::post(
                "/user/robots/{robot_shortname}/regenerate",
                "regenerateUserRobotToken",
                "Regenerates the token for a user's robot",
                |call| regenerate(call, Owner::User),
            )
            .scope(Scope::UserAdmin)
            .answers(Robot::schema()),
            Operation::get(
                "/organization/{orgname}/robots",
                "getOrgRobots",
                "List the organization's robots",
                |call| list(call, Owner::Organization),
            )
            .scope(Scope::OrgAdmin)
            .query(robots)
            .answers(List::schema()),
            Operation::get(
                "/organization/{orgname}/robots/{robot_shortname}",
                "getOrgRobot",
                "Returns the organization's robot with the specified name",
                |call| get(call, Owner::Organization),
            )
            .scope(Scope::OrgAdmin)
            .answers(Robot::schema()),
            Operation::put(
                "/organization/{orgname}/robots/{robot_shortname}",
                "createOrgRobot",
                "Create a new robot in the organization",
                |call| create(call, Owner::Organization),
            )
            .scope(Scope::OrgAdmin)
            .optional_body(new())
            .succeeds(created.0, created.1)
            .answers(Robot::schema()),
            Operation::delete(
                "/organization/{orgname}/robots/{robot_shortname}",
                "deleteOrgRobot",
                "Delete an existing organization robot",
                |call| delete(call, Owner::Organization),
            )
            .scope(Scope::OrgAdmin),
            Operation::get(
                "/organization/{orgname}/robots/{robot_shortname}/permissions",
                "getOrgRobotPermissions",
                "Returns the list of repository permissions for the organization's robot",
                |call| permissions(call, Owner::Organization),
            )
            .scope(Scope::OrgAdmin)
            .answers(Permissions::schema()),
            Operation::post(
                "/organization/{orgname}/robots/{robot_shortname}/regenerate",
                "regenerateOrgRobotToken",
                "Regenerates the token for an organization robot",
                |call| regenerate(call, Owner::Organization),
            )
            .scope(Scope::OrgAdmin)
            .answers(Robot::schema()),
        ],
    }
}

/// A robot. The token is absent where it was not asked for or may not be known.
#[derive(Serialize)]
struct Robot {
    name: String,
    created: String,
    last_accessed: Option<String>,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(flatten)]
    rights: Option<Rights>,
}

/// Where it has rights; absent where it was not asked for or may not be known.
#[derive(Serialize)]
struct Rights {
    teams: Vec<Team>,
    repositories: Vec<String>,
}

/// A team that a robot is in.
#[derive(Serialize)]
struct Team {
    name: String,
    avatar: Avatar,
}

impl From<RobotRights> for Rights {
    fn from(rights: RobotRights) -> Self {
        let team = |(_, name, avatar): (_, berth_domain::TeamName, String)| Team {
            avatar: Avatar::team(name.as_str(), &avatar),
            name: name.to_string(),
        };
        let repositories = rights.repositories.into_iter();
        Self {
            teams: rights.teams.into_iter().map(team).collect(),
            repositories: repositories.map(|name| name.to_string()).collect(),
        }
    }
}

impl Robot {
    /// In a list and by itself.
    fn schema() -> Schema {
        Schema::new("Robot")
            .required("name", text("Its whole name, as it signs in"))
            .required("created", text("When it was made, as in RFC 822"))
            .nullable(
                "last_accessed",
                text("When it last signed in, as in RFC 822"),
            )
            .required("description", text("What it is for"))
            .optional("token", text("What it signs in with, for who may know it"))
            .optional(
                "unstructured_metadata",
                object("Its metadata, for a robot by itself").or_null(),
            )
            .optional(
                "teams",
                list_of(
                    Schema::new("TeamOfRobot")
                        .required("name", text("The name of the team"))
                        .required("avatar", Avatar::schema().into()),
                    "Its teams, in a list that was asked for permissions",
                ),
            )
            .optional(
                "repositories",
                texts("Where it has a role, in a list that was asked for permissions"),
            )
    }
}

/// A robot by itself.
#[derive(Serialize)]
struct WholeRobot {
    #[serde(flatten)]
    robot: Robot,
    unstructured_metadata: Option<Map<String, Value>>,
}

impl From<ListedRobot> for Robot {
    fn from(listed: ListedRobot) -> Self {
        let ListedRobot { robot, token } = listed;
        Self {
            name: robot.name.to_string(),
            created: rfc_822(robot.created_at),
            last_accessed: robot.last_used_at.map(rfc_822),
            description: robot.description,
            token: token.map(|token| token.expose().clone()),
            rights: None,
        }
    }
}

#[derive(Serialize)]
struct List {
    robots: Vec<Robot>,
}

impl List {
    fn schema() -> Schema {
        let all = list_of(Robot::schema(), "As many as were asked for");
        Schema::new("Robots").required("robots", all)
    }
}

async fn list(call: Call, owner: Owner) -> Outcome {
    let namespace = owner.namespace(&call)?;
    let limit = call.query.integer("limit");
    let limit = limit.map_or(LIST_MAX, |limit| usize::try_from(limit).unwrap_or(0));
    let with_tokens = call.query.is_on("token");
    let robots = &call.services.robots;
    let owner = (owner.kind(), &namespace);
    let found = robots.list(&call.actor, owner, with_tokens, limit).await?;
    let mut rights = HashMap::new();
    if call.query.is_on("permissions") {
        let ids: Vec<AccountId> = found.iter().map(|listed| listed.robot.id).collect();
        rights = robots.rights(&call.actor, &ids).await?;
    }
    let robot = |listed: ListedRobot| Robot {
        rights: rights.remove(&listed.robot.id).map(Into::into),
        ..listed.into()
    };
    Answer::ok(&List {
        robots: found.into_iter().map(robot).collect(),
    })
}

async fn get(call: Call, owner: Owner) -> Outcome {
    let name = owner.robot(&call)?;
    let robots = &call.services.robots;
    let found = robots.by_name(&call.actor, owner.kind(), &name).await;
    let found = found.map_err(unknown)?;
    Answer::ok(&WholeRobot {
        unstructured_metadata: Some(found.robot.metadata.clone()),
        robot: found.into(),
    })
}

#[derive(Deserialize, Default)]
struct NewRobot {
    #[serde(default)]
    description: String,
    unstructured_metadata: Option<Map<String, Value>>,
}

async fn create(call: Call, owner: Owner) -> Outcome {
    let body: NewRobot = call.body()?;
    let short = call.parameter("robot_shortname");
    let namespace = owner.namespace(&call);
    let namespace = namespace.map_err(|error| refused(error, short))?;
    let (robots, actor) = (&call.services.robots, &call.actor);
    let new = berth_services::robots::NewRobot {
        short: short.to_owned(),
        description: body.description,
        metadata: body.unstructured_metadata.clone().unwrap_or_default(),
        ..Default::default()
    };
    let made = robots.create_whole(actor, Some(owner.kind()), &namespace, &new);
    let made = made.await.map_err(|error| refused(error, short))?;
    let credentials = robots.credentials(actor, made.id).await?;
    let listed = ListedRobot {
        robot: made,
        token: Some(credentials.token),
    };
    Answer::created(&WholeRobot {
        robot: listed.into(),
        unstructured_metadata: body.unstructured_metadata,
    })
}

async fn delete(call: Call, owner: Owner) -> Outcome {
    let robot = find(&call, owner).await?;
    let ids = [robot.id];
    let robots = &call.services.robots;
    robots.delete(&call.actor, Selection::Items(&ids)).await?;
    Ok(Answer::no_content())
}

/// Those that it was given itself. For a robot of an organization a token needs both scopes.
async fn permissions(call: Call, owner: Owner) -> Outcome {
    let name = owner.robot(&call)?;
    let robots = &call.services.robots;
    let roles = robots.all_roles(&call.actor, owner.kind(), &name).await;
    let roles = roles.map_err(unknown)?;
    if !call.actor.scopes().allows(Scope::UserAdmin) {
        return Err(Failure::Message {
            status: StatusCode::FORBIDDEN,
            message: "The token needs the scope user:admin too".to_owned(),
        });
    }
    Answer::ok(&Permissions::from_iter(roles))
}

async fn regenerate(call: Call, owner: Owner) -> Outcome {
    let found = find(&call, owner).await?;
    let (robots, actor) = (&call.services.robots, &call.actor);
    let robot = robots.regenerate_token(actor, found.id).await?;
    let token = robots.credentials(actor, found.id).await?.token;
    let listed = ListedRobot {
        robot,
        token: Some(token),
    };
    Answer::ok(&Robot::from(listed))
}

async fn find(call: &Call, owner: Owner) -> Result<RobotView, Failure> {
    let name = owner.robot(call)?;
    let robots = &call.services.robots;
    let found = robots.find(&call.actor, owner.kind(), &name).await;
    found.map_err(unknown)
}

fn unknown(error: Error) -> Failure {
    match error {
        Error::NotFound {
            noun: Noun::Robot, ..
        } => Failure::message(UNKNOWN),
        other => other.into(),
    }
}

/// Why a robot was not made, in the sentences that scripts know.
fn refused(error: Error, short: &str) -> Failure {
    match error {
        Error::Invalid {
            field: Some(field),
            message,
            ..
        } if field == "shortName" => {
            let reason = message
                .split_once(": ")
                .map_or(&*message, |(_, reason)| reason);
            Failure::invalid(format!(
                "The name for the robot '{}' is invalid: {reason}",
                short.chars().take(255).collect::<String>()
            ))
        }
        // Who reaches every organization is told in these words that there is none of the name.
        Error::NotFound {
            noun: Noun::Namespace,
            name,
        } => Failure::message(format!("Organization does not exist: {name}")),
        // Robots are switched off: a refusal, not a path that is not there.
        Error::FeatureOff { message } => Failure::invalid(message),
        other => other.into(),
    }
}
