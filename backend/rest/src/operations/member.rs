//! Who belongs to an organization, and who works with it from outside (A4).

use berth_domain::{AccountKind, Scope};
use berth_services::teams::{LIST_MAX, PersonView, RoleIn, TeamOfPerson};
use serde::Serialize;

use super::organization::{DESCRIPTION, TAG};
use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, list as list_of, text, texts};
use crate::wire::Avatar;

pub(super) fn group() -> Group {
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::get(
                "/organization/{orgname}/collaborators",
                "getOrganizationCollaborators",
                "List outside collaborators of the specified organization",
                collaborators,
            )
            .scope(Scope::OrgAdmin)
            .answers(Collaborators::schema()),
            Operation::get(
                "/organization/{orgname}/members",
                "getOrganizationMembers",
                "List the human members of the specified organization",
                members,
            )
            .scope(Scope::OrgAdmin)
            .answers(Members::schema()),
            Operation::get(
                "/organization/{orgname}/members/{membername}",
                "getOrganizationMember",
                "Retrieves the details of a member of the organization",
                member,
            )
            .scope(Scope::OrgAdmin)
            .answers(Member::schema()),
            Operation::delete(
                "/organization/{orgname}/members/{membername}",
                "removeOrganizationMember",
                "Removes a member from an organization: from all of its teams, and with the own roles in its repositories",
                remove,
            )
            .scope(Scope::OrgAdmin),
        ],
    }
}

/// A team that somebody is in.
#[derive(Serialize)]
struct Team {
    name: String,
    avatar: Avatar,
}

impl From<TeamOfPerson> for Team {
    fn from(team: TeamOfPerson) -> Self {
        Self {
            avatar: Avatar::team(&team.name, &team.avatar_hash),
            name: team.name.to_string(),
        }
    }
}

/// Somebody who belongs to an organization.
#[derive(Serialize)]
struct Member {
    name: String,
    kind: &'static str,
    avatar: Avatar,
    teams: Vec<Team>,
    /// Without the namespace.
    repositories: Vec<String>,
}

impl Member {
    fn schema() -> Schema {
        let team = Schema::new("TeamOfMember")
            .required("name", text("Its name"))
            .required("avatar", Avatar::schema().into());
        Schema::new("OrganizationMember")
            .required("name", text("A user, or a robot by its whole name"))
            .required("kind", text("user or robot"))
            .required("avatar", Avatar::schema().into())
            .required("teams", list_of(team, "The teams that it is in"))
            .required(
                "repositories",
                texts("The repositories in which it has a role of its own"),
            )
    }
}

fn repositories(roles: Vec<RoleIn>) -> Vec<String> {
    let names = roles.into_iter().map(|role| role.repository.to_string());
    names.collect()
}

fn avatar(view: &PersonView) -> (&'static str, Avatar) {
    match view.kind {
        AccountKind::Robot => ("robot", Avatar::robot(&view.name, &view.avatar_hash)),
        AccountKind::User | AccountKind::Organization => {
            ("user", Avatar::user(&view.name, &view.avatar_hash))
        }
    }
}

impl From<PersonView> for Member {
    fn from(view: PersonView) -> Self {
        let (kind, avatar) = avatar(&view);
        Self {
            kind,
            avatar,
            name: view.name,
            teams: view.teams.items.into_iter().map(Into::into).collect(),
            repositories: repositories(view.roles.items),
        }
    }
}

#[derive(Serialize)]
struct Members {
    members: Vec<Member>,
}

impl Members {
    fn schema() -> Schema {
        let all = list_of(Member::schema(), "Its members by name");
        Schema::new("OrganizationMembers").required("members", all)
    }
}

/// Somebody who works with an organization and is in none of its teams. Robots are users here.
#[derive(Serialize)]
struct Collaborator {
    kind: &'static str,
    name: String,
    avatar: Avatar,
    /// Without the namespace.
    repositories: Vec<String>,
}

impl From<PersonView> for Collaborator {
    fn from(view: PersonView) -> Self {
        let (_, avatar) = avatar(&view);
        Self {
            kind: "user",
            avatar,
            name: view.name,
            repositories: repositories(view.roles.items),
        }
    }
}

#[derive(Serialize)]
struct Collaborators {
    collaborators: Vec<Collaborator>,
}

impl Collaborators {
    fn schema() -> Schema {
        let one = Schema::new("OrganizationCollaborator")
            .required("kind", text("user, for robots too"))
            .required("name", text("A user, or a robot by its whole name"))
            .required("avatar", Avatar::schema().into())
            .required(
                "repositories",
                texts("The repositories in which it has a role of its own"),
            );
        let all = list_of(one, "Users by name, then robots");
        Schema::new("OrganizationCollaborators").required("collaborators", all)
    }
}

async fn collaborators(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let teams = &call.services.teams;
    let found = teams.all_collaborators(&call.actor, &organization).await?;
    Answer::ok(&Collaborators {
        collaborators: found.into_iter().map(Into::into).collect(),
    })
}

async fn members(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let teams = &call.services.teams;
    let found = teams.all_people(&call.actor, &organization).await?;
    Answer::ok(&Members {
        members: found.into_iter().map(Into::into).collect(),
    })
}

async fn member(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (teams, name) = (&call.services.teams, call.parameter("membername"));
    let found = teams.person(&call.actor, &organization, name, LIST_MAX);
    Answer::ok(&Member::from(found.await?))
}

async fn remove(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (teams, name) = (&call.services.teams, call.parameter("membername"));
    let removed = teams.remove_person(&call.actor, &organization, name);
    removed.await?;
    Ok(Answer::no_content())
}
