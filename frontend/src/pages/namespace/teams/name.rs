//! The dialog *Create team*: a name that is free, and what the team is for.

use berth_domain::TeamName;
use cynic::MutationBuilder;
use leptos::prelude::*;

use super::change::team_id;
use crate::{
    api::{Answer, Api, ApiError, ErrorClass, use_api},
    components::{FormDialog, TextArea, TextField, error_text},
    fragments::TeamRole,
    i18n::*,
    pages::setup::refusal,
    schema,
    work::Work,
};

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 1_000;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    organization: String,
    name: String,
    description: String,
    role: TeamRole,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Create {
    #[arguments(input: { organization: $organization, name: $name, description: $description, role: $role })]
    create_team: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateTeamPayload")]
struct Payload {
    team: Made,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Team")]
struct Made {
    id: cynic::Id,
}

/// A team as it is typed.
#[derive(Clone, Copy)]
pub(in crate::pages::namespace) struct Draft {
    pub(super) name: RwSignal<String>,
    pub(super) description: RwSignal<String>,
    pub(super) role: RwSignal<TeamRole>,
}

impl Draft {
    /// Nothing typed; members of the team may do no more than its roles in repositories give.
    pub(super) fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            description: RwSignal::new(String::new()),
            role: RwSignal::new(TeamRole::Member),
        }
    }

    /// Whether it may be sent.
    pub(super) fn is_ready(self) -> bool {
        self.name
            .with(|name| name.trim().parse::<TeamName>().is_ok())
            && self.description.with(|text| is_description(text))
    }

    /// Its name.
    pub(super) fn name(self) -> String {
        self.name.get_untracked().trim().to_owned()
    }

    /// Makes the team; answers its id.
    pub(super) fn create(self, api: Api, organization: String) -> Answer<String> {
        let answer = api.run(Create::build(Variables {
            organization,
            name: self.name(),
            description: self.description.get_untracked().trim().to_owned(),
            role: self.role.get_untracked(),
        }));
        Box::pin(async move { Ok(answer.await?.create_team.team.id.into_inner()) })
    }
}

/// Whether a team may be described so.
pub(in crate::pages) fn is_description(text: &str) -> bool {
    text.trim().chars().count() <= DESCRIPTION_MAX
}

/// Name and description of a team.
#[component]
pub(super) fn TeamFields(
    /// What is typed.
    draft: Draft,
    /// What may refuse the name.
    work: Work,
) -> impl IntoView {
    let i18n = use_i18n();
    let name_error = Signal::derive(move || {
        let typed = draft.name.get();
        refusal::<TeamName>(&typed, || t_string!(i18n, rules.account).to_owned()).or_else(|| {
            let error = work.error.get()?;
            match error.class {
                ErrorClass::AlreadyExists => Some(t_string!(i18n, teams.taken).to_owned()),
                _ if work.refused("name") => Some(error_text(i18n, &error)),
                _ => None,
            }
        })
    });
    let description_error = Signal::derive(move || {
        let long = draft.description.with(|text| !is_description(text));
        long.then(|| t_string!(i18n, teams.description_rule).to_owned())
    });
    view! {
        <TextField
            id="team-name"
            label=words!(i18n, teams.name_label)
            hint=words!(i18n, teams.name_hint)
            value=draft.name
            error=name_error
            required=true
            autofocus=true
        />
        <TextArea
            id="team-description"
            label=words!(i18n, teams.description_label)
            hint=words!(i18n, teams.description_hint)
            value=draft.description
            error=description_error
        />
    }
}

/// What the dialog does when its name is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages::namespace) enum Then {
    /// Nothing: more is asked.
    GoOn,
    /// The team is made.
    Make,
}

/// *Create team*. A name that is taken is told at once.
#[component]
pub(in crate::pages::namespace) fn NameTeam(
    /// Of which organization.
    organization: String,
    /// What is typed.
    #[prop(optional_no_strip)]
    draft: Option<Draft>,
    /// What follows.
    then: Then,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called with the name.
    on_done: Callback<String>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let draft = draft.unwrap_or_else(Draft::new);
    let work = Work::new();
    let on_submit = Callback::new(move |()| {
        let (organization, name) = (organization.clone(), draft.name());
        let done = name.clone();
        let answer: Answer<()> = match then {
            Then::Make => {
                let made = draft.create(api, organization);
                Box::pin(async move { made.await.map(|_| ()) })
            }
            Then::GoOn => {
                let found = team_id(api, &organization, &name);
                Box::pin(async move {
                    match found.await? {
                        Some(_) => Err(ApiError::already_exists()),
                        None => Ok(()),
                    }
                })
            }
        };
        work.start(answer, move |()| {
            on_done.try_run(done);
        });
    });
    let error = Signal::derive(move || {
        let error = work.error_beside(&["name"]).get();
        error.filter(|error| error.class != ErrorClass::AlreadyExists)
    });
    let action = match then {
        Then::GoOn => words!(i18n, teams.proceed),
        Then::Make => words!(i18n, teams.create_team),
    };
    view! {
        <FormDialog
            title=words!(i18n, teams.create_team)
            work
            error
            action
            ready=Signal::derive(move || draft.is_ready())
            on_submit
            on_close
        >
            <TeamFields draft work/>
        </FormDialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_may_be_left_out_and_has_an_end() {
        assert!(is_description("") && is_description(&"あ".repeat(1_000)));
        assert!(!is_description(&"a".repeat(1_001)));
    }
}
