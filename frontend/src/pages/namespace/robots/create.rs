//! The dialog that makes a robot account.

use berth_domain::{Namespace, RobotName};
use cynic::MutationBuilder;
use leptos::prelude::*;

use super::RobotKey;
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{FormDialog, TextField, use_toasts},
    i18n::*,
    schema,
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    short_name: String,
    description: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Create {
    #[arguments(input: { namespace: $namespace, shortName: $short_name, description: $description })]
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

/// *Create robot account*: name and description; its credentials come next.
#[component]
pub(crate) fn CreateRobot(
    /// Whose.
    namespace: String,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called with the new robot.
    on_done: Callback<RobotKey>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let namespace = StoredValue::new(namespace);
    let name = RwSignal::new(String::new());
    let description = RwSignal::new(String::new());
    let work = Work::new();
    let is_name = move |name: &str| {
        let namespace: Result<Namespace, _> = namespace.with_value(|namespace| namespace.parse());
        namespace
            .and_then(|namespace| RobotName::new(namespace, name.trim()))
            .is_ok()
    };
    let name_error = Signal::derive(move || {
        let name = name.get();
        (!name.trim().is_empty() && !is_name(&name))
            .then(|| t_string!(i18n, rules.account).to_owned())
    });
    let words = Callback::new(move |error: ApiError| match error.class {
        ErrorClass::AlreadyExists => Some(t_string!(i18n, robots.taken).to_owned()),
        ErrorClass::FeatureOff => Some(t_string!(i18n, robots.disabled).to_owned()),
        _ => None,
    });
    let ready = Signal::derive(move || name.with(|name| is_name(name)));
    let on_submit = Callback::new(move |()| {
        let variables = Variables {
            namespace: namespace.get_value(),
            short_name: name.get_untracked().trim().to_owned(),
            description: description.get_untracked().trim().to_owned(),
        };
        work.start(api.run(Create::build(variables)), move |data| {
            let robot = data.create_robot.robot;
            toasts.success(tu_string!(i18n, robots.success, name = robot.name.clone()));
            on_done.run((robot.id.inner().to_owned(), robot.name));
        });
    });
    view! {
        <FormDialog
            title=words!(i18n, robots.create)
            work
            error=work.error
            words=Some(words)
            failed=words!(i18n, robots.failed)
            action=words!(i18n, robots.create)
            ready
            on_submit
            on_close
        >
                        <TextField
                            id="robot-name"
                            label=words!(i18n, robots.name_label)
                            hint=Signal::derive(move || {
                                Some(t_string!(i18n, robots.name_hint, namespace = namespace.get_value()))
                            })
                            value=name
                            error=name_error
                            required=true
                            autofocus=true
                        />
                        <TextField
                            id="robot-description"
                            label=words!(i18n, robots.description_label)
                            hint=words!(i18n, robots.description_hint)
                            value=description
                        />
        </FormDialog>
    }
}
