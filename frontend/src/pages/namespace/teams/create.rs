//! *Create new team*: its name in a dialog, then a wizard for what it may do and who is in it.

use leptos::prelude::*;

use super::{
    change::{add_member, added_words},
    name::{Draft, NameTeam, TeamFields, Then},
};
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{
        Entity, EntityKind, EntityList, Failures, FormAlert, FormGroup, Lookup, Select, Step,
        Wizard, use_toasts,
    },
    fragments::{TeamMemberState, TeamRole},
    i18n::*,
    pages::namespace::{
        repository_roles::{RepositoryRoles, RolesDraft},
        review::{Names, Roles},
    },
    roles::{Grantee, RoleGiver, team_role_options, team_role_words},
    tasks::{Task, Tasks},
    work::Work,
};

/// Who may be put into a team.
const MEMBERS: &[EntityKind] = &[EntityKind::User, EntityKind::Robot];

/// The dialog *Create team*, and the wizard behind it.
#[component]
pub(super) fn CreateTeam(
    /// Of which organization.
    organization: String,
    /// Takes it away.
    on_close: Callback<()>,
    /// Called when there is a team more.
    on_done: Callback<()>,
) -> impl IntoView {
    let draft = Draft::new();
    let named = RwSignal::new(false);
    move || {
        let organization = organization.clone();
        if named.get() {
            let wizard = view! { <TeamWizard organization draft on_close on_done/> };
            // Another type than that of the dialog before it. With the same one it would take over the element, and be
            // closed along with it.
            (wizard, ()).into_any()
        } else {
            let on_named = Callback::new(move |_: String| named.set(true));
            view! {
                <NameTeam organization draft=Some(draft) then=Then::GoOn on_close on_done=on_named/>
            }
            .into_any()
        }
    }
}

#[component]
fn TeamWizard(
    organization: String,
    draft: Draft,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    // The name was typed before.
    let current = RwSignal::new(1_usize);
    let roles = RolesDraft::new();
    let giver = RoleGiver::new();
    let members = RwSignal::new(Vec::<Entity>::new());
    let (work, tasks) = (Work::new(), Tasks::new());
    let made = RwSignal::new(false);
    let organization = StoredValue::new(organization);
    let finished = move |all: bool| {
        if all {
            on_done.try_run(());
        }
    };
    let on_finish = Callback::new(move |()| {
        let name = draft.name();
        let create = draft.create(api, organization.get_value());
        work.start(create, move |id: String| {
            toasts.success(tu_string!(i18n, teams.created, name = name.clone()));
            made.try_set(true);
            let what = tu_string!(i18n, roles.repository_permissions);
            let given = roles.task(giver, what, Grantee::Team(name.clone()));
            let mut changes: Vec<_> = given.into_iter().collect();
            let members = members.try_get_untracked().unwrap_or_default();
            changes.extend(members.into_iter().map(|member| {
                let (id, account, team) = (id.clone(), member.name.clone(), name.clone());
                Task::new(member.name, move || {
                    let (account, team) = (account.clone(), team.clone());
                    let answer = add_member(api, &id, &account);
                    Box::pin(async move {
                        let state = answer.await?;
                        // Who is in it was chosen to be, but who is only asked may come as a surprise.
                        if state == TeamMemberState::Invited {
                            toasts.success(added_words(i18n, state, account, team));
                        }
                        Ok(())
                    })
                })
            }));
            tasks.start(changes, finished);
        });
    });
    let close = Callback::new(move |()| {
        if made.get_untracked() {
            on_done.run(());
        } else {
            on_close.run(());
        }
    });
    let always = Signal::stored(true);
    let steps = vec![
        Step::new(
            words!(i18n, wizard.name),
            Signal::derive(move || draft.is_ready()),
            move || view! { <NameStep draft work/> }.into_any(),
        ),
        Step::new(words!(i18n, wizard.repositories), always, move || {
            view! {
                <p class="berth-gap-below">{words!(i18n, teams.repositories_text)}</p>
                <RepositoryRoles namespace=organization.get_value() grantee=None draft=roles/>
            }
            .into_any()
        }),
        Step::new(words!(i18n, wizard.members), always, move || {
            let lookup = Lookup {
                namespace: organization.get_value(),
                kinds: MEMBERS,
            };
            view! {
                <EntityList
                    id="team-member"
                    label=words!(i18n, teams.member)
                    hint=words!(i18n, teams.member_hint)
                    action=words!(i18n, teams.add_member)
                    lookup
                    entities=members
                />
            }
            .into_any()
        }),
        Step::new(words!(i18n, teams.finish), always, move || {
            view! {
                <dl class="berth-facts">
                    <dt>{words!(i18n, teams.name_label)}</dt>
                    <dd><bdi>{draft.name()}</bdi></dd>
                    <dt>{words!(i18n, teams.description)}</dt>
                    <dd dir="auto">{draft.description.get_untracked()}</dd>
                    <dt>{words!(i18n, teams.role)}</dt>
                    <dd>{move || team_role_words(i18n, draft.role.get())}</dd>
                    <dt>{words!(i18n, teams.repositories)}</dt>
                    <dd><Roles draft=roles/></dd>
                    <dt>{words!(i18n, teams.members)}</dt>
                    <dd><Names entities=members/></dd>
                </dl>
            }
            .into_any()
        }),
    ];
    // Free when it was typed, and taken meanwhile.
    let taken = Callback::new(move |error: ApiError| {
        (error.class == ErrorClass::AlreadyExists).then(|| t_string!(i18n, teams.taken).to_owned())
    });
    let alert = move || {
        view! {
            <FormAlert error=work.error words=Some(taken) title=words!(i18n, teams.failed)/>
            <Failures
                tasks
                title=words!(i18n, teams.half_made)
                on_again=Callback::new(move |()| tasks.again(finished))
            />
        }
    };
    view! {
        <Wizard
            title=words!(i18n, teams.create_team)
            steps
            current
            finish=words!(i18n, teams.finish)
            busy=Signal::derive(move || work.busy.get() || tasks.busy.get())
            sealed=made
            alert
            on_finish
            on_close=close
        />
    }
}

#[component]
fn NameStep(draft: Draft, work: Work) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="pf-v6-c-form">
            <TeamFields draft work/>
            <FormGroup id="team-role" label=words!(i18n, teams.role) hint=words!(i18n, teams.role_hint)>
                <Select
                    id="team-role"
                    options=Signal::derive(move || team_role_options(i18n))
                    value=Signal::derive(move || draft.role.get().key().to_owned())
                    on_change=Callback::new(move |key: String| {
                        if let Some(role) = TeamRole::of_key(&key) {
                            draft.role.set(role);
                        }
                    })
                />
            </FormGroup>
        </div>
    }
}
