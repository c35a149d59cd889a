//! Teams of organizations, and who is in them. What the services are asked is boxed: the compiler follows what a
//! mutation awaits only so deep.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::{Error, Namespace, TeamName};
use berth_services::teams::{TeamChange, TeamKey};

use crate::context::Asks;
use crate::error::{gql, gql_named};
use crate::ids;
use crate::loaders::load;
use crate::types::namespace::Organization;
use crate::types::team::{Team, TeamMember, TeamRole};

/// A team to be.
#[derive(InputObject)]
pub(super) struct CreateTeamInput {
    /// Name of the organization.
    organization: String,
    /// Lower-case letters and digits in groups joined by `.`, `_` or `-`; 2 to 255 characters.
    name: String,
    /// What its members may do in the organization.
    role: TeamRole,
    /// Free text, at most 1,000 characters.
    description: Option<String>,
}

/// What creating a team gives.
#[derive(SimpleObject)]
pub(super) struct CreateTeamPayload {
    /// The new team.
    team: Team,
}

/// What changes of a team; what is left out stays.
#[derive(InputObject)]
pub(super) struct UpdateTeamInput {
    /// Global id of the team.
    id: ID,
    /// What its members may do in the organization from now on.
    role: Option<TeamRole>,
    /// Free text, at most 1,000 characters.
    description: Option<String>,
}

/// What changing a team gives.
#[derive(SimpleObject)]
pub(super) struct UpdateTeamPayload {
    /// The team.
    team: Team,
}

/// Which team is deleted.
#[derive(InputObject)]
pub(super) struct DeleteTeamInput {
    /// Global id of the team.
    id: ID,
}

/// What deleting a team gives.
#[derive(SimpleObject)]
pub(super) struct DeleteTeamPayload {
    /// The team that is no more.
    deleted_id: ID,
    /// The organization that had it; null where the viewer saw it by that team alone.
    organization: Option<Organization>,
}

/// Who comes into a team.
#[derive(InputObject)]
pub(super) struct AddTeamMemberInput {
    /// Global id of the team.
    team: ID,
    /// User name or `namespace+robot`.
    account: String,
}

/// What a member more gives.
#[derive(SimpleObject)]
pub(super) struct AddTeamMemberPayload {
    /// The team.
    team: Team,
    /// Who came into it, or was asked whether to.
    member: TeamMember,
}

/// Who leaves a team.
#[derive(InputObject)]
pub(super) struct RemoveTeamMemberInput {
    /// Global id of the team.
    team: ID,
    /// User name or `namespace+robot`.
    account: String,
}

/// What a member less gives.
#[derive(SimpleObject)]
pub(super) struct RemoveTeamMemberPayload {
    /// The team; null where the viewer saw it by being in it alone.
    team: Option<Team>,
    /// Who left it.
    removed_account: String,
}

/// Mutations of teams.
#[derive(Default)]
pub(super) struct TeamMutations;

/// Mutations of teams.
#[Object]
impl TeamMutations {
    /// Makes a team, without anybody in it. Scope: `org:admin`. Role: administrator of the organization. Log:
    /// `org_create_team`.
    async fn create_team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The team to be.")] input: CreateTeamInput,
    ) -> Result<CreateTeamPayload> {
        let organization: Namespace = input
            .organization
            .parse()
            .map_err(gql_named("organization"))?;
        let name: TeamName = input.name.parse().map_err(gql_named("name"))?;
        let description = input.description.unwrap_or_default();
        let (teams, actor, role) = (&ctx.services().teams, ctx.actor(), input.role.into());
        let made = teams.create(&actor, &organization, &name, role, &description);
        let made = Box::pin(made).await.map_err(|error| match error {
            taken @ Error::AlreadyExists { .. } => gql_named("name")(taken),
            other => gql(other),
        })?;
        Ok(CreateTeamPayload { team: Team(made) })
    }

    /// Changes a team; the only team of administrators stays one. What its members may do follows at once. Scope:
    /// `org:admin`. Role: administrator of the organization. Log: `org_set_team_role`, `org_set_team_description`.
    async fn update_team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateTeamInput,
    ) -> Result<UpdateTeamPayload> {
        let key = TeamKey::Id(ids::team("id", &input.id).map_err(gql)?);
        let change = TeamChange {
            role: input.role.map(Into::into),
            description: input.description,
        };
        let teams = &ctx.services().teams;
        let team = Box::pin(teams.update(&ctx.actor(), key, &change)).await;
        Ok(UpdateTeamPayload {
            team: Team(team.map_err(gql)?),
        })
    }

    /// Deletes a team, but not the only one of administrators: who was in it keeps nothing that came by it. It cannot
    /// be undone. Scope: `org:admin`. Role: administrator of the organization. Log: `org_delete_team`.
    async fn delete_team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team.")] input: DeleteTeamInput,
    ) -> Result<DeleteTeamPayload> {
        let key = TeamKey::Id(ids::team("id", &input.id).map_err(gql)?);
        let teams = &ctx.services().teams;
        let owner = Box::pin(teams.delete(&ctx.actor(), key)).await;
        let owner = owner.map_err(gql)?;
        Ok(DeleteTeamPayload {
            deleted_id: input.id,
            organization: load(ctx.loader(), owner).await?.map(Organization),
        })
    }

    /// Puts a user, or a robot of the organization, into a team. Where `registry.requiresTeamInvitations`, a user who is in
    /// no team of the organization is asked first, in the bell and by mail; again sends the mail again. Scope: `org:admin`.
    /// Role: administrator of the organization. Log: `org_add_team_member` or `org_invite_team_member`.
    /// `removeTeamMember` undoes it.
    async fn add_team_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and into which team.")] input: AddTeamMemberInput,
    ) -> Result<AddTeamMemberPayload> {
        let key = TeamKey::Id(ids::team("team", &input.team).map_err(gql)?);
        let teams = &ctx.services().teams;
        let added = Box::pin(teams.add_member(&ctx.actor(), key, &input.account)).await;
        let (team, member) = added.map_err(gql)?;
        Ok(AddTeamMemberPayload {
            team: Team(team),
            member: member.into(),
        })
    }

    /// Takes somebody out of a team, but not the only administrator of the organization; of a user who is asked into the
    /// team the question alone. Scope: `org:admin`. Role: administrator of the organization. Log:
    /// `org_remove_team_member` or `org_delete_team_member_invite`. `addTeamMember` undoes it.
    async fn remove_team_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and out of which team.")] input: RemoveTeamMemberInput,
    ) -> Result<RemoveTeamMemberPayload> {
        let key = TeamKey::Id(ids::team("team", &input.team).map_err(gql)?);
        let teams = &ctx.services().teams;
        let left = Box::pin(teams.remove_member(&ctx.actor(), key, &input.account)).await;
        Ok(RemoveTeamMemberPayload {
            team: left.map_err(gql)?.map(Team),
            removed_account: input.account,
        })
    }
}
