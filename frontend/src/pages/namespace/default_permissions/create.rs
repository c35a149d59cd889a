//! The drawer *Create default permission*.

use leptos::prelude::*;

use super::change::{NewDefault, create};
use crate::{
    api::use_api,
    components::{
        Button, ButtonKind, Entity, EntityKind, EntityPicker, FormDialog, FormGroup, Lookup,
        Picked, Select, Shape, use_toasts,
    },
    fragments::Role,
    i18n::*,
    pages::namespace::{
        robots::MakeRobot,
        teams::{NameTeam, Then},
    },
    roles::role_options,
    work::Work,
};

/// Whose new repositories one may be for.
const CREATORS: &[EntityKind] = &[EntityKind::User, EntityKind::Robot];
/// Who may get a role by one.
const GRANTEES: &[EntityKind] = &[EntityKind::User, EntityKind::Robot, EntityKind::Team];

/// What is made without leaving the drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Making {
    Robot,
    Team,
}

/// Asks for whose repositories, who and which role.
#[component]
pub(super) fn CreateDefaultPermission(
    /// Of which organization.
    organization: String,
    /// Takes the drawer away.
    on_close: Callback<()>,
    /// Called when there is one more.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let specific = RwSignal::new(false);
    let (creator, grantee) = (Picked::new(), Picked::new());
    let role = RwSignal::new(Role::Read);
    let making = RwSignal::new(None::<Making>);
    let work = Work::new();
    let organization = StoredValue::new(organization);
    let lookup = move |kinds| Lookup {
        namespace: organization.get_value(),
        kinds,
    };
    let ready = Signal::derive(move || {
        let creator = !specific.get() || creator.entity(CREATORS).is_some();
        creator && grantee.entity(GRANTEES).is_some()
    });
    let on_submit = Callback::new(move |()| {
        let Some(to) = untrack(|| grantee.entity(GRANTEES)) else {
            return;
        };
        let creator = untrack(|| creator.entity(CREATORS)).filter(|_| specific.get_untracked());
        let new = NewDefault {
            creator: creator.map(|creator| creator.name),
            grantee: to,
            role: role.get_untracked(),
        };
        work.start(create(api, &organization.get_value(), new), move |()| {
            toasts.success(tu_string!(i18n, defaults.created));
            on_done.try_run(());
        });
    });
    let refused = move |picked: Picked, kinds: &[EntityKind], fields: [&str; 2]| {
        if picked.is_nobody(kinds) || fields.into_iter().any(|field| work.refused(field)) {
            return Some(t_string!(i18n, defaults.unknown).to_owned());
        }
        None
    };
    let made = move |entity: Entity| {
        making.set(None);
        grantee.set(entity);
    };
    view! {
        <FormDialog
            title=words!(i18n, defaults.create)
            shape=Shape::Drawer
            work
            error=work.error_beside(&["creator", "account", "team"])
            action=words!(i18n, defaults.create)
            ready
            on_submit
            on_close
        >
            <fieldset class="berth-fieldset">
                <legend class="pf-v6-c-form__label-text">{words!(i18n, defaults.whose)}</legend>
                <CreatorChoice specific value=false/>
                <CreatorChoice specific value=true/>
            </fieldset>
            <Show when=move || specific.get()>
                <EntityPicker
                    id="default-creator"
                    label=words!(i18n, defaults.creator)
                    hint=words!(i18n, settings.account_hint)
                    error=Signal::derive(move || refused(creator, CREATORS, ["creator", "creator"]))
                    required=true
                    lookup=lookup(CREATORS)
                    picked=creator
                />
            </Show>
            <EntityPicker
                id="default-grantee"
                label=words!(i18n, defaults.applied_to)
                hint=words!(i18n, defaults.applied_hint)
                error=Signal::derive(move || refused(grantee, GRANTEES, ["account", "team"]))
                required=true
                lookup=lookup(GRANTEES)
                picked=grantee
            />
            <div class="berth-row">
                <Button
                    kind=ButtonKind::Link
                    on_click=Callback::new(move |_| making.set(Some(Making::Robot)))
                >
                    {words!(i18n, robots.create)}
                </Button>
                <Button
                    kind=ButtonKind::Link
                    on_click=Callback::new(move |_| making.set(Some(Making::Team)))
                >
                    {words!(i18n, teams.create_team)}
                </Button>
            </div>
            <FormGroup id="default-role" label=words!(i18n, settings.permission)>
                <Select
                    id="default-role"
                    options=Signal::derive(move || role_options(i18n))
                    value=Signal::derive(move || role.get().key().to_owned())
                    on_change=Callback::new(move |key: String| {
                        if let Some(chosen) = Role::of_key(&key) {
                            role.set(chosen);
                        }
                    })
                />
            </FormGroup>
        </FormDialog>
        {move || {
            let organization = organization.get_value();
            let on_close = Callback::new(move |()| making.set(None));
            Some(match making.get()? {
                Making::Robot => {
                    let on_done = Callback::new(move |(_, name): (String, String)| {
                        made(Entity::new(EntityKind::Robot, name));
                    });
                    view! { <MakeRobot namespace=organization on_close on_done/> }.into_any()
                }
                Making::Team => {
                    let on_done = Callback::new(move |name: String| {
                        toasts.success(tu_string!(i18n, teams.created, name = name.clone()));
                        made(Entity::new(EntityKind::Team, name));
                    });
                    view! { <NameTeam organization draft=None then=Then::Make on_close on_done/> }
                        .into_any()
                }
            })
        }}
    }
}

#[component]
fn CreatorChoice(specific: RwSignal<bool>, value: bool) -> impl IntoView {
    let i18n = use_i18n();
    let id = if value {
        "creator-specific"
    } else {
        "creator-anyone"
    };
    let (text, description) = if value {
        (
            words!(i18n, defaults.specific),
            words!(i18n, defaults.specific_text),
        )
    } else {
        (
            words!(i18n, defaults.anyone),
            words!(i18n, defaults.anyone_text),
        )
    };
    view! {
        <div class="pf-v6-c-radio">
            <input
                class="pf-v6-c-radio__input"
                type="radio"
                name="creator"
                id=id
                prop:checked=move || specific.get() == value
                on:change=move |_| specific.set(value)
            />
            <label class="pf-v6-c-radio__label" for=id>{move || text.get()}</label>
            <span class="pf-v6-c-radio__description">{move || description.get()}</span>
        </div>
    }
}
