//! What is told of teams, their members and roles, and default permissions.

use berth_domain::{DefaultPermissionFields, Grantee, Invited, RepositoryRole, TeamName, TeamRole};

use super::*;

pub(super) fn all() -> Vec<Row> {
    let team = || -> TeamName { "qa".parse().unwrap() };
    let member = || "eve".to_owned();
    let repository = || "acme/app".parse().unwrap();
    let defaults = |grantee| DefaultPermissionFields {
        uuid: "u".into(),
        creator: None,
        grantee,
        role: RepositoryRole::Read,
    };
    let beside = "username user-agent";
    [
        (
            Event::TeamCreated { team: team() },
            "org_create_team",
            "team",
        ),
        (
            Event::TeamDeleted { team: team() },
            "org_delete_team",
            "team",
        ),
        (
            Event::TeamDescribed {
                team: team(),
                description: "Tests".into(),
            },
            "org_set_team_description",
            "team description",
        ),
        (
            Event::TeamRoleChanged {
                team: team(),
                role: TeamRole::Creator,
            },
            "org_set_team_role",
            "team role",
        ),
        (
            Event::TeamMemberAdded {
                team: team(),
                member: member(),
            },
            "org_add_team_member",
            "member team",
        ),
        (
            Event::TeamMemberRemoved {
                team: team(),
                member: member(),
            },
            "org_remove_team_member",
            "member team",
        ),
        (
            Event::TeamMemberInvited {
                team: team(),
                who: Invited::User(member()),
            },
            "org_invite_team_member",
            "user member team",
        ),
        (
            Event::TeamInvitationCancelled {
                team: team(),
                who: Invited::Address("eve@users.test".into()),
            },
            "org_delete_team_member_invite",
            "email member team",
        ),
        (
            Event::TeamInvitationAccepted {
                team: team(),
                member: member(),
                inviter: Some("bob".into()),
            },
            "org_team_member_invite_accepted",
            "member team inviter",
        ),
        (
            Event::TeamInvitationDeclined {
                team: team(),
                member: member(),
                inviter: None,
            },
            "org_team_member_invite_declined",
            "member team inviter",
        ),
        (
            Event::TeamPermissionChanged {
                repository: repository(),
                team: team(),
                role: RepositoryRole::Write,
            },
            "change_repo_permission",
            "team repo namespace role",
        ),
        (
            Event::DefaultPermissionCreated(defaults(Grantee::Team(team()))),
            "create_prototype_permission",
            "prototypeid activating_username role delegate_team",
        ),
        (
            Event::DefaultPermissionModified(defaults(Grantee::Account(member()))),
            "modify_prototype_permission",
            "prototypeid activating_username role delegate_user",
        ),
        (
            Event::DefaultPermissionDeleted(defaults(Grantee::Account(member()))),
            "delete_prototype_permission",
            "prototypeid activating_username role delegate_user",
        ),
        (
            Event::TeamPermissionRemoved {
                repository: repository(),
                team: team(),
            },
            "delete_repo_permission",
            "team repo namespace",
        ),
    ]
    .into_iter()
    .map(|(event, kind, known)| (event, user("ann"), kind, known, beside))
    .collect()
}
