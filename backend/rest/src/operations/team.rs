//! Teams of organizations, who is in them or asked into them, and their roles in repositories (A2, A3, A5).

use berth_domain::{AccountKind, Error, Namespace, Noun, Scope, TeamRole, Visibility};
use berth_services::teams::{MemberState, MemberView, RoleIn, TeamCounts, TeamKey, TeamView};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::parameters::switch;
use crate::schema::{Schema, boolean, choice, integer_from, list as list_of, text};
use crate::wire::Avatar;

/// Clients find invitations among the teams.
pub(super) const TAG: &str = "team";
pub(super) const DESCRIPTION: &str = "Create, list, update and delete an organization's teams";
/// Whether who is asked into a team is listed too.
const PENDING: &str = "includePending";

pub(super) fn group() -> Group {
    let described = Schema::new("TeamDescription")
        .required(
            "role",
            choice(
                &["member", "creator", "admin"],
                "Org wide permissions that should apply to the team",
            ),
        )
        .optional("description", text("Description for the team"));
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::put(
                "/organization/{orgname}/team/{teamname}",
                "updateOrganizationTeam",
                "Update the org-wide permission for the specified team, which is made where it is not there",
                put,
            )
            .scope(Scope::OrgAdmin)
            .body(described)
            .answers(Team::schema()),
            Operation::delete(
                "/organization/{orgname}/team/{teamname}",
                "deleteOrganizationTeam",
                "Delete the specified team",
                delete,
            )
            .scope(Scope::OrgAdmin),
            Operation::get(
                "/organization/{orgname}/team/{teamname}/members",
                "getOrganizationTeamMembers",
                "Retrieve the list of members for the specified team",
                members,
            )
            .scope(Scope::OrgAdmin)
            .query([switch(
                PENDING,
                "Whether to include those who have not answered an invitation yet",
            )])
            .answers(Members::schema()),
            Operation::put(
                "/organization/{orgname}/team/{teamname}/members/{membername}",
                "updateOrganizationTeamMember",
                "Adds a member to an existing team, or invites it where it has to agree first",
                add_member,
            )
            .scope(Scope::OrgAdmin)
            .answers(Member::schema()),
            Operation::delete(
                "/organization/{orgname}/team/{teamname}/members/{membername}",
                "deleteOrganizationTeamMember",
                "Delete a member of a team, or the invitation of who is none yet",
                delete_member,
            )
            .scope(Scope::OrgAdmin),
            Operation::get(
                "/organization/{orgname}/team/{teamname}/permissions",
                "getOrganizationTeamPermissions",
                "Returns the list of repository permissions for the org's team",
                permissions,
            )
            .scope(Scope::OrgAdmin)
            .answers(Permissions::schema()),
        ],
    }
}

/// A team as a change of it answers.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the words of the API")]
struct Team {
    name: String,
    description: String,
    can_view: bool,
    role: &'static str,
    avatar: Avatar,
    new_team: bool,
}

impl Team {
    fn schema() -> Schema {
        Schema::new("Team")
            .required("name", text("Its name"))
            .required("description", text("What it is for"))
            .required(
                "can_view",
                boolean("Whether the caller may see who is in it"),
            )
            .required("role", text("member, creator or admin"))
            .required("avatar", Avatar::schema().into())
            .required("new_team", boolean("Whether it was made just now"))
    }
}

/// A team among those of its organization.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) name: String,
    description: String,
    role: &'static str,
    avatar: Avatar,
    can_view: bool,
    repo_count: u64,
    member_count: u64,
    is_synced: bool,
}

impl Listed {
    pub(super) fn schema() -> Schema {
        Schema::new("OrganizationTeam")
            .required("name", text("Its name"))
            .required("description", text("What it is for"))
            .required("role", text("member, creator or admin"))
            .required("avatar", Avatar::schema().into())
            .required(
                "can_view",
                boolean("Whether the caller may see who is in it"),
            )
            .required(
                "repo_count",
                integer_from(0, "Repositories that it has a role in"),
            )
            .required("member_count", integer_from(0, "Users and robots in it"))
            .required(
                "is_synced",
                boolean("False: no team follows a group elsewhere"),
            )
    }
}

impl From<(TeamView, TeamCounts)> for Listed {
    fn from((view, counts): (TeamView, TeamCounts)) -> Self {
        Self {
            avatar: Avatar::team(&view.name, &view.avatar_hash),
            name: view.name.to_string(),
            description: view.description,
            role: view.role.as_str(),
            can_view: view.can_view_members,
            repo_count: counts.repositories,
            member_count: counts.members,
            is_synced: false,
        }
    }
}

/// The team in the path.
pub(super) fn named<'a>(call: &'a Call, organization: &'a Namespace) -> TeamKey<'a> {
    TeamKey::Name {
        organization,
        team: call.parameter("teamname"),
    }
}

#[derive(Deserialize)]
struct Described {
    role: String,
    description: Option<String>,
}

async fn put(call: Call) -> Outcome {
    let body: Described = call.body()?;
    let role: TeamRole = body.role.parse()?;
    let organization = call.namespace("orgname")?;
    let (teams, name) = (&call.services.teams, call.parameter("teamname"));
    let description = body.description.as_deref();
    let changed = teams.put(&call.actor, &organization, name, role, description);
    let (view, is_new) = changed.await.map_err(|error| match error {
        Error::Invalid { message, .. } => Failure::message(message),
        other => other.into(),
    })?;
    Answer::ok(&Team {
        avatar: Avatar::team(&view.name, &view.avatar_hash),
        name: view.name.to_string(),
        description: view.description,
        can_view: view.can_view_members,
        role: view.role.as_str(),
        new_team: is_new,
    })
}

async fn delete(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let teams = &call.services.teams;
    let deleted = teams.delete(&call.actor, named(&call, &organization)).await;
    deleted.map_err(|error| match error {
        Error::NotFound {
            noun: Noun::Team,
            name,
        } => Failure::message(format!(
            "Team '{name}' is not a team in org '{organization}'"
        )),
        other => other.into(),
    })?;
    Ok(Answer::no_content())
}

/// Somebody in a team, or a user who is asked into it. Robots are users here.
#[derive(Serialize)]
pub(super) struct Member {
    name: String,
    kind: &'static str,
    is_robot: bool,
    avatar: Avatar,
    invited: bool,
}

impl Member {
    fn schema() -> Schema {
        Schema::new("TeamMember")
            .required("name", text("A user, or a robot by its whole name"))
            .required("kind", text("user, for robots too"))
            .required("is_robot", boolean("Whether it is a robot"))
            .required("avatar", Avatar::schema().into())
            .required(
                "invited",
                boolean("Whether it has not answered an invitation yet"),
            )
    }
}

impl From<MemberView> for Member {
    fn from(view: MemberView) -> Self {
        let is_robot = view.kind == Some(AccountKind::Robot);
        Self {
            avatar: if is_robot {
                Avatar::robot(&view.name, &view.avatar_hash)
            } else {
                Avatar::user(&view.name, &view.avatar_hash)
            },
            invited: view.state() == MemberState::Invited,
            name: view.name,
            kind: "user",
            is_robot,
        }
    }
}

/// An address that is asked into a team.
#[derive(Serialize)]
pub(super) struct Invite {
    email: String,
    kind: &'static str,
    avatar: Avatar,
    invited: bool,
}

impl Invite {
    pub(super) fn schema() -> Schema {
        Schema::new("TeamInvite")
            .required("email", text("The e-mail address that is invited"))
            .required("kind", text("invite"))
            .required("avatar", Avatar::schema().into())
            .required("invited", boolean("True: nobody has answered yet"))
    }
}

impl From<MemberView> for Invite {
    fn from(view: MemberView) -> Self {
        Self {
            avatar: Avatar::user(&view.name, &view.avatar_hash),
            email: view.name,
            kind: "invite",
            invited: true,
        }
    }
}

/// A line of the list.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Member(Member),
    Invite(Invite),
}

impl Line {
    fn schema() -> Schema {
        Schema::new("ListedTeamMember")
            .optional(
                "name",
                text("A user, or a robot by its whole name; absent for an e-mail address"),
            )
            .optional("email", text("An e-mail address that is invited"))
            .required("kind", text("user, for robots too, or invite"))
            .optional(
                "is_robot",
                boolean("Whether it is a robot; absent for an e-mail address"),
            )
            .required("avatar", Avatar::schema().into())
            .required(
                "invited",
                boolean("Whether it has not answered an invitation yet"),
            )
    }
}

impl From<MemberView> for Line {
    fn from(view: MemberView) -> Self {
        match view.kind {
            Some(_) => Self::Member(view.into()),
            None => Self::Invite(view.into()),
        }
    }
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the words of the API")]
struct Members {
    name: String,
    members: Vec<Line>,
    can_edit: bool,
}

impl Members {
    fn schema() -> Schema {
        Schema::new("TeamMembers")
            .required("name", text("The name of the team"))
            .required("members", list_of(Line::schema(), "Everybody in it"))
            .required(
                "can_edit",
                boolean("Whether the caller may change who is in it"),
            )
    }
}

async fn members(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (teams, key) = (&call.services.teams, named(&call, &organization));
    let states: &[MemberState] = if call.query.is_on(PENDING) {
        &[MemberState::Member, MemberState::Invited]
    } else {
        &[MemberState::Member]
    };
    let (team, members) = teams.all_members(&call.actor, key, states).await?;
    Answer::ok(&Members {
        name: team.name.to_string(),
        members: members.into_iter().map(Into::into).collect(),
        can_edit: team.can_manage,
    })
}

async fn add_member(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (teams, name) = (&call.services.teams, call.parameter("membername"));
    let added = teams.add_member(&call.actor, named(&call, &organization), name);
    let (_, member) = added.await?;
    Answer::ok(&Member::from(member))
}

async fn delete_member(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (teams, name) = (&call.services.teams, call.parameter("membername"));
    let left = teams.remove_member(&call.actor, named(&call, &organization), name);
    left.await?;
    Ok(Answer::no_content())
}

/// A repository beside a role in it.
#[derive(Serialize)]
struct Repository {
    name: String,
    is_public: bool,
}

/// A role in a repository.
#[derive(Serialize)]
struct Permission {
    repository: Repository,
    role: &'static str,
}

impl From<RoleIn> for Permission {
    fn from(role: RoleIn) -> Self {
        Self {
            repository: Repository {
                name: role.repository.to_string(),
                is_public: role.visibility == Visibility::Public,
            },
            role: role.role.as_str(),
        }
    }
}

/// The roles of a team or a robot.
#[derive(Serialize)]
pub(super) struct Permissions {
    permissions: Vec<Permission>,
}

impl FromIterator<RoleIn> for Permissions {
    fn from_iter<I: IntoIterator<Item = RoleIn>>(roles: I) -> Self {
        Self {
            permissions: roles.into_iter().map(Into::into).collect(),
        }
    }
}

impl Permissions {
    pub(super) fn schema() -> Schema {
        let repository = Schema::new("RepositoryOfPermission")
            .required("name", text("Its name in the organization"))
            .required("is_public", boolean("Whether everybody may pull from it"));
        let permission = Schema::new("PermissionInRepository")
            .required("repository", repository.into())
            .required("role", text("read, write or admin"));
        let all = list_of(permission, "All of them by repository");
        Schema::new("TeamPermissions").required("permissions", all)
    }
}

async fn permissions(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let teams = &call.services.teams;
    let roles = teams.all_roles(&call.actor, named(&call, &organization));
    Answer::ok(&Permissions::from_iter(roles.await?))
}
