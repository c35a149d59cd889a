//! A robot account to be: its name and description, alone in a dialog where that is all that is asked.

use berth_domain::{Namespace, RobotName};
use cynic::MutationBuilder;
use leptos::prelude::*;

use super::RobotKey;
use crate::{
    api::{Answer, Api, ApiError, ErrorClass, use_api},
    components::{FormDialog, TextField, use_toasts},
    i18n::*,
    roles::RoleInInput,
    schema,
    work::Work,
};

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 255;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    short_name: String,
    description: String,
    teams: Option<Vec<String>>,
    roles: Option<Vec<RoleInInput>>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Create {
    #[arguments(input: {
        namespace: $namespace,
        shortName: $short_name,
        description: $description,
        teams: $teams,
        roles: $roles
    })]
    create_robot: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateRobotPayload")]
struct Payload {
    robot: Made,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Robot")]
struct Made {
    id: cynic::Id,
    name: String,
}

/// A robot account as it is typed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    namespace: StoredValue<String>,
    name: RwSignal<String>,
    description: RwSignal<String>,
}

impl Draft {
    /// Nothing typed.
    pub(super) fn new(namespace: String) -> Self {
        Self {
            namespace: StoredValue::new(namespace),
            name: RwSignal::new(String::new()),
            description: RwSignal::new(String::new()),
        }
    }

    /// The whole name that it will have; none while what is typed is no name.
    pub(super) fn whole_name(self) -> Option<String> {
        let namespace: Namespace = self.namespace.with_value(|text| text.parse().ok())?;
        let robot = self
            .name
            .with(|name| RobotName::new(namespace, name.trim()));
        robot.ok().map(|robot| robot.to_string())
    }

    /// What it is for.
    pub(super) fn description(self) -> String {
        self.description.with(|text| text.trim().to_owned())
    }

    /// Whether it may be sent.
    pub(super) fn is_ready(self) -> bool {
        self.whole_name().is_some() && is_description(&self.description())
    }

    /// Makes it, in these teams and with these roles, or nothing of it.
    pub(super) fn create(
        self,
        api: Api,
        teams: Vec<String>,
        roles: Vec<RoleInInput>,
    ) -> Answer<RobotKey> {
        let answer = api.run(Create::build(Variables {
            namespace: self.namespace.get_value(),
            short_name: self.name.get_untracked().trim().to_owned(),
            description: self.description.get_untracked().trim().to_owned(),
            teams: Some(teams).filter(|teams| !teams.is_empty()),
            roles: Some(roles).filter(|roles| !roles.is_empty()),
        }));
        Box::pin(async move {
            let Made { id, name } = answer.await?.create_robot.robot;
            Ok((id.into_inner(), name))
        })
    }
}

fn is_description(text: &str) -> bool {
    text.chars().count() <= DESCRIPTION_MAX
}

/// Why no robot account was made, where the class of the failure says too little.
pub(super) fn refusal(i18n: I18n, error: &ApiError) -> Option<String> {
    match error.class {
        ErrorClass::AlreadyExists => Some(t_string!(i18n, robots.taken).to_owned()),
        ErrorClass::FeatureOff => Some(t_string!(i18n, robots.disabled).to_owned()),
        _ => None,
    }
}

/// Name and description of a robot account.
#[component]
pub(super) fn RobotFields(
    /// What is typed.
    draft: Draft,
) -> impl IntoView {
    let i18n = use_i18n();
    let name_error = Signal::derive(move || {
        let is_empty = draft.name.with(|name| name.trim().is_empty());
        (!is_empty && draft.whole_name().is_none())
            .then(|| t_string!(i18n, rules.account).to_owned())
    });
    let description_error = Signal::derive(move || {
        (!is_description(&draft.description())).then(|| t_string!(i18n, rules.length).to_owned())
    });
    view! {
        <TextField
            id="robot-name"
            label=words!(i18n, robots.name_label)
            hint=Signal::derive(move || {
                Some(t_string!(i18n, robots.name_hint, namespace = draft.namespace.get_value()))
            })
            value=draft.name
            error=name_error
            required=true
            autofocus=true
        />
        <TextField
            id="robot-description"
            label=words!(i18n, robots.description_label)
            hint=words!(i18n, robots.description_hint)
            value=draft.description
            error=description_error
        />
    }
}

/// *Create robot account* where its name is all that is asked.
#[component]
pub(in crate::pages::namespace) fn MakeRobot(
    /// Whose.
    namespace: String,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called with the new robot.
    on_done: Callback<RobotKey>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let draft = Draft::new(namespace);
    let work = Work::new();
    let on_submit = Callback::new(move |()| {
        let create = draft.create(api, Vec::new(), Vec::new());
        work.start(create, move |robot: RobotKey| {
            toasts.success(tu_string!(i18n, robots.success, name = robot.1.clone()));
            on_done.try_run(robot);
        });
    });
    view! {
        <FormDialog
            title=words!(i18n, robots.create)
            work
            error=work.error
            words=Some(Callback::new(move |error: ApiError| refusal(i18n, &error)))
            failed=words!(i18n, robots.failed)
            action=words!(i18n, robots.create)
            ready=Signal::derive(move || draft.is_ready())
            on_submit
            on_close
        >
            <RobotFields draft/>
        </FormDialog>
    }
}
