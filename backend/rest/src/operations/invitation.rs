//! Who is asked into teams by e-mail, and what those answer who are asked (A3).

use berth_domain::{Error, Scope};
use berth_services::teams::{InvitationKey, InvitationView};
use serde::Serialize;

use super::team::{DESCRIPTION, Invite, TAG, named};
use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, text};

pub(super) fn group() -> Group {
    Group {
        tag: TAG,
        description: DESCRIPTION,
        operations: vec![
            Operation::put(
                "/organization/{orgname}/team/{teamname}/invite/{email}",
                "inviteTeamMemberEmail",
                "Invites an e-mail address to an existing team; each call sends a mail",
                invite,
            )
            .scope(Scope::OrgAdmin)
            .answers(Invite::schema()),
            Operation::delete(
                "/organization/{orgname}/team/{teamname}/invite/{email}",
                "deleteTeamMemberEmailInvite",
                "Delete the invitation of an e-mail address to a team",
                cancel,
            )
            .scope(Scope::OrgAdmin),
            Operation::put(
                "/teaminvite/{code}",
                "acceptOrganizationTeamInvite",
                "Accepts an invitation to a team, and all others of its organization",
                accept,
            )
            .scope(Scope::UserAdmin)
            .answers(Joined::schema())
            .internal(),
            Operation::delete(
                "/teaminvite/{code}",
                "declineOrganizationTeamInvite",
                "Declines an invitation to a team",
                decline,
            )
            .scope(Scope::UserAdmin)
            .internal(),
        ],
    }
}

async fn invite(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (teams, key) = (&call.services.teams, named(&call, &organization));
    let email = call.parameter("email");
    let (_, invited) = teams.invite_by_email(&call.actor, key, email).await?;
    Answer::ok(&Invite::from(invited))
}

async fn cancel(call: Call) -> Outcome {
    let organization = call.namespace("orgname")?;
    let (teams, key) = (&call.services.teams, named(&call, &organization));
    let which = InvitationKey::Email(call.parameter("email"));
    teams.cancel_invitation(&call.actor, key, which).await?;
    Ok(Answer::no_content())
}

/// The team that somebody came into.
#[derive(Serialize)]
struct Joined {
    org: String,
    team: String,
}

impl Joined {
    fn schema() -> Schema {
        Schema::new("JoinedTeam")
            .required("org", text("The name of the organization"))
            .required("team", text("The name of the team"))
    }
}

impl From<InvitationView> for Joined {
    fn from(view: InvitationView) -> Self {
        Self {
            org: view.organization.to_string(),
            team: view.team.to_string(),
        }
    }
}

async fn accept(call: Call) -> Outcome {
    let (teams, code) = (&call.services.teams, call.parameter("code"));
    let accepted = teams.accept_invitation(&call.actor, code).await;
    let accepted = accepted.map_err(refused)?.into_iter().next();
    let first = accepted.ok_or_else(|| Error::internal("nothing was accepted"))?;
    Answer::ok(&Joined::from(first))
}

async fn decline(call: Call) -> Outcome {
    let (teams, code) = (&call.services.teams, call.parameter("code"));
    let declined = teams.decline_invitation(&call.actor, code).await;
    declined.map_err(refused)?;
    Ok(Answer::no_content())
}

/// Scripts look for what is wrong with a code in the older body.
fn refused(error: Error) -> Failure {
    match error {
        Error::Invalid { message, .. } => Failure::message(message),
        other => other.into(),
    }
}
