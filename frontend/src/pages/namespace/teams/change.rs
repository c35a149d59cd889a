//! What administrators change of a team, wherever it is shown.

use cynic::{MutationBuilder, QueryBuilder};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Answer, Api, ApiError, ErrorClass, use_api},
    components::{Label, Select, Toasts, error_text, use_toasts},
    fragments::{TeamMemberState, TeamRole},
    i18n::*,
    roles::{team_role_options, team_role_words},
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct UpdateVariables {
    id: cynic::Id,
    description: Option<String>,
    role: Option<TeamRole>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "UpdateVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Update {
    #[arguments(input: { id: $id, description: $description, role: $role })]
    update_team: UpdatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateTeamPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct UpdatePayload {
    team: TeamId,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Team")]
struct TeamId {
    id: cynic::Id,
}

/// Changes the role of a team in its organization.
fn set_role(api: Api, id: &str, role: TeamRole) -> Answer<()> {
    api.done(Update::build(UpdateVariables {
        id: cynic::Id::new(id),
        description: None,
        role: Some(role),
    }))
}

/// Changes what a team is for, in words.
pub(in crate::pages) fn describe(api: Api, id: &str, description: String) -> Answer<()> {
    api.done(Update::build(UpdateVariables {
        id: cynic::Id::new(id),
        description: Some(description),
        role: None,
    }))
}

#[derive(cynic::QueryVariables, Debug)]
struct MemberVariables {
    team: cynic::Id,
    account: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "MemberVariables")]
struct Add {
    #[arguments(input: { team: $team, account: $account })]
    add_team_member: AddPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "AddTeamMemberPayload")]
struct AddPayload {
    member: Added,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "TeamMember")]
struct Added {
    state: TeamMemberState,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "MemberVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Remove {
    #[arguments(input: { team: $team, account: $account })]
    remove_team_member: RemovePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RemoveTeamMemberPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct RemovePayload {
    removed_account: String,
}

/// Puts a user or a robot into a team, by the team's id, or asks the user first. Tells which of them it was.
pub(in crate::pages) fn add_member(api: Api, team: &str, account: &str) -> Answer<TeamMemberState> {
    let answer = api.run(Add::build(MemberVariables {
        team: cynic::Id::new(team),
        account: account.to_owned(),
    }));
    Box::pin(async move { Ok(answer.await?.add_team_member.member.state) })
}

/// That somebody is in a team now, or is asked into it.
pub(in crate::pages) fn added_words(
    i18n: I18n,
    state: TeamMemberState,
    name: String,
    team: String,
) -> String {
    match state {
        TeamMemberState::Member => tu_string!(i18n, teams.added, name = name, team = team),
        TeamMemberState::Invited => tu_string!(i18n, teams.invited, name = name, team = team),
    }
}

/// Takes a user or a robot out of a team.
pub(in crate::pages) fn remove_member(api: Api, team: &str, account: &str) -> Answer<()> {
    api.done(Remove::build(MemberVariables {
        team: cynic::Id::new(team),
        account: account.to_owned(),
    }))
}

#[derive(cynic::QueryVariables, Debug)]
struct NameVariables {
    organization: String,
    team: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "NameVariables")]
struct IdQuery {
    #[arguments(name: $organization)]
    namespace: Option<Namespace>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(variables = "NameVariables")]
enum Namespace {
    Organization(Organization),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "NameVariables")]
struct Organization {
    #[arguments(name: $team)]
    team: Option<TeamId>,
}

/// The id of a team by its name; none where there is no such team.
pub(in crate::pages) fn team_id(
    api: Api,
    organization: &str,
    team: &str,
) -> Answer<Option<String>> {
    let answer = api.run(IdQuery::build(NameVariables {
        organization: organization.to_owned(),
        team: team.to_owned(),
    }));
    Box::pin(async move {
        Ok(match answer.await?.namespace {
            Some(Namespace::Organization(Organization { team })) => {
                team.map(|team| team.id.into_inner())
            }
            Some(Namespace::Other) | None => None,
        })
    })
}

/// Why a change of a team was refused. A conflict is always that the organization would have no administrator, or none
/// that it needs.
pub(in crate::pages) fn refused(i18n: I18n, error: &ApiError) -> String {
    match error.class {
        ErrorClass::Conflict => t_string!(i18n, teams.last_administrator).to_owned(),
        _ => error_text(i18n, error),
    }
}

/// What outlives the page from which the role of a team was changed, since its undo is offered longer.
#[derive(Clone)]
struct Changer {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    id: String,
    name: String,
    refetch: Callback<()>,
}

impl Changer {
    fn start(self, before: TeamRole, now: TeamRole) {
        spawn_local(async move {
            let Self { toasts, i18n, .. } = self;
            let answer = set_role(self.api, &self.id, now).await;
            // Shows what is in force, be it the old role.
            self.refetch.try_run(());
            if let Err(error) = answer {
                toasts.failure(refused(i18n, &error));
                return;
            }
            let text = tu_string!(
                i18n,
                teams.role_saved,
                name = self.name.clone(),
                role = team_role_words(i18n, now)
            );
            let undo = tu_string!(i18n, common.undo).to_owned();
            toasts.success_with_undo(text, undo, move || self.clone().start(now, before));
        });
    }
}

/// What the members of a team may do in the organization: a drop-down that changes it at once, or the word alone for who
/// may not.
#[component]
pub(in crate::pages) fn TeamRoleChoice(
    /// Id of the team.
    id: String,
    /// Its name.
    name: String,
    /// Its role.
    role: TeamRole,
    /// Whether the viewer may change it.
    may_change: bool,
    /// Reads the team again.
    refetch: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    if !may_change {
        return view! { <Label>{move || team_role_words(i18n, role)}</Label> }.into_any();
    }
    let changer = Changer {
        api: use_api(),
        toasts: use_toasts(),
        i18n,
        id,
        name: name.clone(),
        refetch,
    };
    view! {
        <span class="berth-select-narrow">
            <Select
                label=Signal::derive(move || Some(t_string!(i18n, teams.role_of, name = name.clone())))
                options=Signal::derive(move || team_role_options(i18n))
                value=Signal::stored(role.key().to_owned())
                on_change=Callback::new(move |key: String| {
                    if let Some(now) = TeamRole::of_key(&key) {
                        changer.clone().start(role, now);
                    }
                })
            />
        </span>
    }
    .into_any()
}
