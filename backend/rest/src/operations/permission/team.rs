//! Roles of teams in a repository.

use std::collections::BTreeMap;

use berth_domain::{RepositoryId, RepositoryRole, Scope};
use berth_services::permissions::{TeamPermission, TeamRoleChange};
use serde::Serialize;

use super::{NewRole, Role};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Operation, Outcome};
use crate::operations::repository;
use crate::schema::{Schema, by_name, choice, text};
use crate::wire::Avatar;

/// What scripts compare with.
const NO_ROLE: &str = "Team does not have permission for repo.";

pub(super) fn operations() -> Vec<Operation> {
    let role = choice(&["read", "write", "admin"], "Role to use for the team");
    vec![
        Operation::get(
            "/repository/{repository}/permissions/team/",
            "listRepoTeamPermissions",
            "List all team permissions",
            list,
        )
        .scope(Scope::RepoAdmin)
        .answers(List::schema()),
        Operation::get(
            "/repository/{repository}/permissions/team/{teamname}",
            "getTeamPermissions",
            "Fetch the permission for the specified team",
            get,
        )
        .scope(Scope::RepoAdmin)
        .answers(Role::schema()),
        Operation::put(
            "/repository/{repository}/permissions/team/{teamname}",
            "changeTeamPermissions",
            "Update the existing team permission",
            change,
        )
        .scope(Scope::RepoAdmin)
        .body(Schema::new("TeamPermission").required("role", role))
        .answers(Held::schema()),
        Operation::delete(
            "/repository/{repository}/permissions/team/{teamname}",
            "deleteTeamPermissions",
            "Delete the permission for the specified team",
            delete,
        )
        .scope(Scope::RepoAdmin),
    ]
}

/// A role of one team.
#[derive(Serialize)]
struct Held {
    role: &'static str,
    name: String,
    avatar: Avatar,
}

impl Held {
    fn schema() -> Schema {
        Schema::new("PermissionOfTeam")
            .required("role", text("read, write or admin"))
            .required("name", text("The team that holds it"))
            .required("avatar", Avatar::schema().into())
    }
}

impl From<TeamPermission> for Held {
    fn from(permission: TeamPermission) -> Self {
        Self {
            role: permission.role.as_str(),
            avatar: Avatar::team(&permission.team, &permission.avatar_hash),
            name: permission.team.to_string(),
        }
    }
}

/// By team.
#[derive(Serialize)]
struct List {
    permissions: BTreeMap<String, Held>,
}

impl List {
    fn schema() -> Schema {
        let all = by_name(Held::schema(), "All of them by the team that holds them");
        Schema::new("PermissionsOfTeams").required("permissions", all)
    }
}

/// The roles of teams in the repository of the path, for who administers it.
async fn roles(call: &Call) -> Result<(RepositoryId, Vec<TeamPermission>), Failure> {
    let id = repository::find(call).await?.repository.id;
    let permissions = &call.services.permissions;
    let permissions = permissions.list_teams(&call.actor, id).await?;
    Ok((id, permissions.ok_or_else(Failure::forbidden)?))
}

fn of_team(call: &Call, roles: Vec<TeamPermission>) -> Option<TeamPermission> {
    let team = call.parameter("teamname");
    roles.into_iter().find(|role| role.team.as_str() == team)
}

async fn list(call: Call) -> Outcome {
    let (_, roles) = roles(&call).await?;
    let by_name = |role: TeamPermission| (role.team.to_string(), Held::from(role));
    Answer::ok(&List {
        permissions: roles.into_iter().map(by_name).collect(),
    })
}

async fn get(call: Call) -> Outcome {
    let (_, roles) = roles(&call).await?;
    let role = of_team(&call, roles).ok_or_else(|| Failure::message(NO_ROLE))?;
    Answer::ok(&Role {
        role: role.role.as_str(),
    })
}

async fn set(call: &Call, id: RepositoryId, role: Option<RepositoryRole>) -> Result<(), Failure> {
    let change = TeamRoleChange {
        team: call.parameter("teamname").to_owned(),
        role,
    };
    let permissions = &call.services.permissions;
    Ok(permissions.set_all(&call.actor, id, &[], &[change]).await?)
}

async fn change(call: Call) -> Outcome {
    let body: NewRole = call.body()?;
    let id = repository::find(&call).await?.repository.id;
    set(&call, id, Some(body.role.parse()?)).await?;
    let (_, roles) = roles(&call).await?;
    let role = of_team(&call, roles).ok_or_else(|| Failure::message(NO_ROLE))?;
    Answer::ok(&Held::from(role))
}

async fn delete(call: Call) -> Outcome {
    let (id, roles) = roles(&call).await?;
    if of_team(&call, roles).is_none() {
        return Err(Failure::invalid(NO_ROLE));
    }
    set(&call, id, None).await?;
    Ok(Answer::no_content())
}
