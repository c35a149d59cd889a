//! Asking people into teams, their answers, and how somebody leaves an organization. What the services are asked is
//! boxed, as of teams.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::Namespace;
use berth_services::teams::{InvitationKey, TeamKey};

use crate::context::Asks;
use crate::error::{gql, gql_named};
use crate::ids;
use crate::loaders::load;
use crate::types::invitation::Invitation;
use crate::types::namespace::Organization;
use crate::types::team::{Team, TeamMember};

/// Which address is asked, and into which team.
#[derive(InputObject)]
pub(super) struct InviteByEmailInput {
    /// Global id of the team.
    team: ID,
    /// E-mail address.
    email: String,
}

/// What an invitation by mail gives.
#[derive(SimpleObject)]
pub(super) struct InviteByEmailPayload {
    /// The team.
    team: Team,
    /// The address, as the list of members shows it.
    member: TeamMember,
}

/// Who is asked no more.
#[derive(InputObject)]
pub(super) struct CancelInvitationInput {
    /// Global id of the team.
    team: ID,
    /// Which invitation.
    uuid: String,
}

/// What an invitation less gives.
#[derive(SimpleObject)]
pub(super) struct CancelInvitationPayload {
    /// The team.
    team: Team,
    /// The invitation that is no more.
    cancelled_uuid: String,
}

/// Which invitation is accepted.
#[derive(InputObject)]
pub(super) struct AcceptInvitationInput {
    /// The code of the mail, or the `uuid` of one of `viewer.invitations`.
    code: String,
}

/// What an accepted invitation gives.
#[derive(SimpleObject)]
pub(super) struct AcceptInvitationPayload {
    /// What was accepted: the invitation that was named, then others of the same organization.
    accepted: Vec<Invitation>,
    /// The organization; null where the credential does not see it.
    organization: Option<Organization>,
}

/// Which invitation is declined.
#[derive(InputObject)]
pub(super) struct DeclineInvitationInput {
    /// The code of the mail, or the `uuid` of one of `viewer.invitations`.
    code: String,
}

/// What a declined invitation gives.
#[derive(SimpleObject)]
pub(super) struct DeclineInvitationPayload {
    /// The invitation that is no more.
    declined: Invitation,
}

/// Who leaves an organization.
#[derive(InputObject)]
pub(super) struct RemoveMemberInput {
    /// Name of the organization.
    organization: String,
    /// User name.
    account: String,
}

/// What a member less gives.
#[derive(SimpleObject)]
pub(super) struct RemoveMemberPayload {
    /// The organization; null where the viewer does not see it any more.
    organization: Option<Organization>,
    /// Who left it.
    removed_account: String,
}

/// Mutations of invitations and members.
#[derive(Default)]
pub(super) struct InvitationMutations;

/// Mutations of invitations and members.
#[Object]
impl InvitationMutations {
    /// Asks whoever reads the mail to an address to come into a team; again sends the mail again, once a minute at most,
    /// and ends the link of the one before. Scope: `org:admin`. Role: administrator of the organization. Log:
    /// `org_invite_team_member`. `cancelInvitation` undoes it.
    async fn invite_by_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which address, and into which team.")] input: InviteByEmailInput,
    ) -> Result<InviteByEmailPayload> {
        let key = TeamKey::Id(ids::team("team", &input.team).map_err(gql)?);
        let teams = &ctx.services().teams;
        let invited = Box::pin(teams.invite_by_email(&ctx.actor(), key, &input.email)).await;
        let (team, member) = invited.map_err(gql)?;
        Ok(InviteByEmailPayload {
            team: Team(team),
            member: member.into(),
        })
    }

    /// Takes an invitation back: its link works no more, and the bell is quiet about it. Scope: `org:admin`. Role:
    /// administrator of the organization. Log: `org_delete_team_member_invite`. `addTeamMember` or `inviteByEmail` asks
    /// again.
    async fn cancel_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: CancelInvitationInput,
    ) -> Result<CancelInvitationPayload> {
        let key = TeamKey::Id(ids::team("team", &input.team).map_err(gql)?);
        let teams = &ctx.services().teams;
        let (actor, which) = (ctx.actor(), InvitationKey::Uuid(&input.uuid));
        let team = Box::pin(teams.cancel_invitation(&actor, key, which)).await;
        Ok(CancelInvitationPayload {
            team: Team(team.map_err(gql)?),
            cancelled_uuid: input.uuid,
        })
    }

    /// Brings the viewer into the team that it is asked into, and into all others of the same organization that it, or the
    /// address of the mail, is asked into. An invitation to an address is for whoever has its code. Scope: `user:admin`.
    /// Log: `org_team_member_invite_accepted`, of the organization.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: AcceptInvitationInput,
    ) -> Result<AcceptInvitationPayload> {
        let teams = &ctx.services().teams;
        let accepted = Box::pin(teams.accept_invitation(&ctx.actor(), &input.code)).await;
        let accepted = accepted.map_err(gql)?;
        let organization = match accepted.first() {
            Some(first) => load(ctx.loader(), first.organization_id).await?,
            None => None,
        };
        Ok(AcceptInvitationPayload {
            accepted: accepted.into_iter().map(Into::into).collect(),
            organization: organization.map(Organization),
        })
    }

    /// Says no to an invitation, which ends it. Scope: `user:admin`. Log: `org_team_member_invite_declined`, of the
    /// organization.
    async fn decline_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: DeclineInvitationInput,
    ) -> Result<DeclineInvitationPayload> {
        let teams = &ctx.services().teams;
        let declined = Box::pin(teams.decline_invitation(&ctx.actor(), &input.code)).await;
        Ok(DeclineInvitationPayload {
            declined: declined.map_err(gql)?.into(),
        })
    }

    /// Has a user leave an organization, but not its only administrator: it leaves all teams, is asked into none, and
    /// loses its own roles in the repositories and in default permissions. It cannot be undone at once. Scope: `org:admin`.
    /// Role: administrator of the organization. Log: `org_remove_team_member`, `delete_repo_permission`,
    /// `org_delete_team_member_invite`, `delete_prototype_permission`.
    async fn remove_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and of which organization.")] input: RemoveMemberInput,
    ) -> Result<RemoveMemberPayload> {
        let organization: Namespace = input
            .organization
            .parse()
            .map_err(gql_named("organization"))?;
        let teams = &ctx.services().teams;
        let actor = ctx.actor();
        let left = Box::pin(teams.remove_person(&actor, &organization, &input.account)).await;
        let left = left.map_err(gql)?;
        Ok(RemoveMemberPayload {
            organization: load(ctx.loader(), left).await?.map(Organization),
            removed_account: input.account,
        })
    }
}
