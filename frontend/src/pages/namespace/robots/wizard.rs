//! *Create robot account*: its name, its teams, its roles in repositories there are and in those to come.

use leptos::prelude::*;

use super::{
    RobotKey,
    make::{Draft, RobotFields, refusal},
};
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{
        Entity, EntityKind, EntityList, Failures, FormAlert, Lookup, Step, Wizard, use_toasts,
    },
    fragments::Role,
    i18n::*,
    pages::namespace::{
        default_permissions::{NewDefault, create_default},
        repository_roles::{RepositoryRoles, RolesDraft},
        review::{Names, Roles},
    },
    roles::{role_key, role_or_none_options, role_words},
    tasks::{Task, Tasks},
    work::Work,
};

const TEAMS: &[EntityKind] = &[EntityKind::Team];

/// The steps: five in an organization; who has neither teams nor default permissions has three.
#[component]
pub(super) fn CreateRobot(
    /// Whose.
    namespace: String,
    /// Whether it is an organization.
    has_teams: bool,
    /// Takes the wizard away.
    on_close: Callback<()>,
    /// Called with the new robot.
    on_done: Callback<RobotKey>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let draft = Draft::new(namespace.clone());
    let teams = RwSignal::new(Vec::<Entity>::new());
    let roles = RolesDraft::new();
    let by_default = RwSignal::new(None::<Role>);
    let current = RwSignal::new(0_usize);
    let (work, tasks) = (Work::new(), Tasks::new());
    let made = RwSignal::new(None::<RobotKey>);
    let namespace = StoredValue::new(namespace);
    let finished = move |all: bool| {
        let robot = made.try_get_untracked().flatten();
        if let Some(robot) = robot.filter(|_| all) {
            on_done.try_run(robot);
        }
    };
    let on_finish = Callback::new(move |()| {
        let teams = teams.get_untracked().into_iter();
        let teams = teams.map(|team| team.name).collect();
        let create = draft.create(api, teams, roles.roles());
        work.start(create, move |robot: RobotKey| {
            let name = robot.1.clone();
            toasts.success(tu_string!(i18n, robots.success, name = name.clone()));
            let organization = namespace.try_get_value().unwrap_or_default();
            // The one thing that is no part of the robot itself.
            let mut changes = Vec::new();
            if let Some(role) = by_default.try_get_untracked().flatten() {
                let new = NewDefault {
                    creator: None,
                    grantee: Entity::new(EntityKind::Robot, name),
                    role,
                };
                let what = tu_string!(i18n, wizard.defaults);
                changes.push(Task::new(what, move || {
                    create_default(api, &organization, new.clone())
                }));
            }
            made.try_set(Some(robot));
            tasks.start(changes, finished);
        });
    });
    let close = Callback::new(move |()| match made.get_untracked() {
        Some(robot) => on_done.run(robot),
        None => on_close.run(()),
    });
    let always = Signal::stored(true);
    let mut steps = vec![
        Step::new(
            words!(i18n, wizard.name),
            Signal::derive(move || draft.is_ready()),
            move || view! { <div class="pf-v6-c-form"><RobotFields draft/></div> }.into_any(),
        ),
        Step::new(words!(i18n, wizard.repositories), always, move || {
            view! {
                <p class="berth-gap-below">{words!(i18n, robots.repositories_text)}</p>
                <RepositoryRoles namespace=namespace.get_value() grantee=None draft=roles/>
            }
            .into_any()
        }),
        Step::new(words!(i18n, robots.finish), always, move || {
            view! { <Review draft has_teams teams roles by_default/> }.into_any()
        }),
    ];
    if has_teams {
        steps.insert(
            1,
            Step::new(words!(i18n, wizard.teams), always, move || {
                let lookup = Lookup {
                    namespace: namespace.get_value(),
                    kinds: TEAMS,
                };
                view! {
                    <p class="berth-gap-below">{words!(i18n, robots.teams_text)}</p>
                    <EntityList
                        id="robot-team"
                        label=words!(i18n, robots.team)
                        action=words!(i18n, robots.add_team)
                        lookup
                        entities=teams
                    />
                }
                .into_any()
            }),
        );
        steps.insert(
            3,
            Step::new(words!(i18n, wizard.defaults), always, move || {
                view! { <DefaultChoices by_default/> }.into_any()
            }),
        );
    }
    let why = Callback::new(move |error: ApiError| {
        let is_of_choice = error.class == ErrorClass::NotFound
            || matches!(error.field.as_deref(), Some("teams" | "roles"));
        refusal(i18n, &error)
            .or_else(|| is_of_choice.then(|| t_string!(i18n, robots.choice_gone).to_owned()))
    });
    let alert = move || {
        view! {
            <FormAlert error=work.error words=Some(why) title=words!(i18n, robots.failed)/>
            <Failures
                tasks
                title=words!(i18n, robots.half_made)
                on_again=Callback::new(move |()| tasks.again(finished))
            />
        }
    };
    view! {
        <Wizard
            title=words!(i18n, robots.create)
            steps
            current
            finish=words!(i18n, robots.finish)
            busy=Signal::derive(move || work.busy.get() || tasks.busy.get())
            sealed=Signal::derive(move || made.with(Option::is_some))
            alert
            on_finish
            on_close=close
        />
    }
}

/// What the robot may do in repositories to come.
#[component]
fn DefaultChoices(by_default: RwSignal<Option<Role>>) -> impl IntoView {
    let i18n = use_i18n();
    let keys = [None, Some(Role::Read), Some(Role::Write), Some(Role::Admin)];
    view! {
        <fieldset class="berth-fieldset">
            <legend>{words!(i18n, robots.default_text)}</legend>
            {keys
                .into_iter()
                .enumerate()
                .map(|(at, role)| {
                    let id = format!("robot-default-{at}");
                    let words = move || {
                        let options = role_or_none_options(i18n).into_iter();
                        let mut options = options.filter(|(key, _)| *key == role_key(role));
                        options.next().map(|(_, words)| words)
                    };
                    view! {
                        <div class="pf-v6-c-radio">
                            <input
                                class="pf-v6-c-radio__input"
                                type="radio"
                                name="robot-default"
                                id=id.clone()
                                prop:checked=move || by_default.get() == role
                                on:change=move |_| by_default.set(role)
                            />
                            <label class="pf-v6-c-radio__label" for=id>{words}</label>
                        </div>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}

#[component]
fn Review(
    draft: Draft,
    has_teams: bool,
    teams: RwSignal<Vec<Entity>>,
    roles: RolesDraft,
    by_default: RwSignal<Option<Role>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let default_words = move || match by_default.get() {
        Some(role) => role_words(i18n, role),
        None => t_string!(i18n, repository.role_none),
    };
    view! {
        <dl class="berth-facts">
            <dt>{words!(i18n, robots.name)}</dt>
            <dd><bdi>{move || draft.whole_name()}</bdi></dd>
            <dt>{words!(i18n, robots.description)}</dt>
            <dd dir="auto">{move || draft.description()}</dd>
            {has_teams
                .then(|| {
                    view! {
                        <dt>{words!(i18n, robots.teams)}</dt>
                        <dd><Names entities=teams/></dd>
                    }
                })}
            <dt>{words!(i18n, robots.repositories)}</dt>
            <dd><Roles draft=roles/></dd>
            {has_teams
                .then(|| {
                    view! {
                        <dt>{words!(i18n, wizard.defaults)}</dt>
                        <dd>{default_words}</dd>
                    }
                })}
        </dl>
    }
}
