//! Asking users and e-mail addresses into a team, and taking the question back.

use cynic::MutationBuilder;

use crate::{
    api::{Answer, Api},
    fragments::TeamMemberState,
    pages::namespace::add_member,
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct InviteVariables {
    team: cynic::Id,
    email: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "InviteVariables")]
struct Invite {
    #[arguments(input: { team: $team, email: $email })]
    invite_by_email: InvitePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "InviteByEmailPayload")]
struct InvitePayload {
    member: Asked,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "TeamMember")]
struct Asked {
    state: TeamMemberState,
}

#[derive(cynic::QueryVariables, Debug)]
struct CancelVariables {
    team: cynic::Id,
    uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "CancelVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Cancel {
    #[arguments(input: { team: $team, uuid: $uuid })]
    cancel_invitation: CancelPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CancelInvitationPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct CancelPayload {
    cancelled_uuid: String,
}

/// Who comes into a team, or is asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whom {
    /// A user or a robot, by name.
    Account(String),
    /// Whoever reads the mail to an address.
    Address(String),
}

impl Whom {
    /// Its name, or the address.
    pub(super) fn name(&self) -> &str {
        let (Self::Account(name) | Self::Address(name)) = self;
        name
    }

    /// Asks them, once more where that was done before; an account that needs not be asked is in the team at once.
    pub(super) fn ask(&self, api: Api, team: &str) -> Answer<TeamMemberState> {
        match self {
            Self::Account(name) => add_member(api, team, name),
            Self::Address(email) => {
                let answer = api.run(Invite::build(InviteVariables {
                    team: cynic::Id::new(team),
                    email: email.clone(),
                }));
                Box::pin(async move { Ok(answer.await?.invite_by_email.member.state) })
            }
        }
    }
}

/// Takes the question back.
pub(super) fn cancel(api: Api, team: &str, uuid: &str) -> Answer<()> {
    api.done(Cancel::build(CancelVariables {
        team: cynic::Id::new(team),
        uuid: uuid.to_owned(),
    }))
}
