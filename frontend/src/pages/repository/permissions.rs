//! Who has a role of their own in a repository.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    api::{ErrorClass, use_api},
    components::{
        Button, ButtonKind, Entity, EntityKind, EntityPicker, FormAlert, FormGroup, KindLabel,
        Lookup, NotVisible, Picked, Select, SkeletonTable, ask, load,
    },
    fragments::{AccountKind, Role},
    i18n::*,
    paths,
    roles::{Grantee, RoleChange, RoleChanger, RolesOf, role_options},
    schema,
    work::Work,
};

/// Who may have a role in a repository of an organization, and in one of a user.
pub(super) const OF_ORGANIZATION: &[EntityKind] =
    &[EntityKind::User, EntityKind::Robot, EntityKind::Team];
pub(super) const OF_USER: &[EntityKind] = &[EntityKind::User, EntityKind::Robot];

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct PermissionsQuery {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<Repository>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Repository {
    permissions: Option<Vec<RepositoryPermission>>,
    team_permissions: Option<Vec<TeamRepositoryPermission>>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RepositoryPermission {
    account: String,
    kind: AccountKind,
    role: Role,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TeamRepositoryPermission {
    name: String,
    role: Role,
}

/// Somebody with a role.
type Granted = (Entity, Role);

impl Repository {
    /// Users and robots, then teams; nothing where the roles are hidden.
    fn granted(self) -> Option<Vec<Granted>> {
        let accounts = self.permissions?.into_iter();
        let accounts = accounts.map(|one| (Entity::new(one.kind.into(), one.account), one.role));
        let teams = self.team_permissions.into_iter().flatten();
        let teams = teams.map(|one| (Entity::new(EntityKind::Team, one.name), one.role));
        Some(accounts.chain(teams).collect())
    }
}

fn grantee(entity: Entity) -> Grantee {
    match entity.kind {
        EntityKind::Team => Grantee::Team(entity.name),
        EntityKind::User | EntityKind::Robot | EntityKind::Organization => {
            Grantee::Account(entity.name)
        }
    }
}

/// *User and robot permissions*, those of teams among them: roles in place, a line to add one.
#[component]
pub(crate) fn Permissions(
    /// The repository's id.
    id: String,
    /// Its namespace.
    namespace: String,
    /// True where that is a user's.
    is_user: bool,
    /// Its name.
    name: String,
    /// Called when a role was changed, or may have been.
    on_change: Callback<()>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let repository = StoredValue::new((id, format!("{namespace}/{name}")));
    let lookup = Lookup {
        namespace: namespace.clone(),
        kinds: if is_user { OF_USER } else { OF_ORGANIZATION },
    };
    let kinds = lookup.kinds;
    let organization = StoredValue::new(namespace.clone());
    let (who, hint) = if is_user {
        (
            words!(i18n, settings.account),
            words!(i18n, settings.account_hint),
        )
    } else {
        (
            words!(i18n, settings.account_or_team),
            words!(i18n, settings.account_or_team_hint),
        )
    };
    let list = ask(move || {
        let variables = Variables {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        api.run(PermissionsQuery::build(variables))
    });
    let refetch = Callback::new(move |()| {
        list.refetch();
        on_change.run(());
    });
    let changer = StoredValue::new(RoleChanger::new(RolesOf::Repository, refetch));
    let role_change = move |entity: Entity, before: Option<Role>, now: Option<Role>| RoleChange {
        repository: repository.get_value(),
        grantee: grantee(entity),
        before,
        now,
    };
    let change = Callback::new(move |((entity, before), now): (Granted, Option<Role>)| {
        let change = role_change(entity, Some(before), now);
        changer.get_value().start(change);
    });

    let picked = Picked::new();
    let role = RwSignal::new(Role::Read);
    let work = Work::new();
    let fields = ["account", "team"];
    let account_error = Signal::derive(move || {
        if picked.is_nobody(kinds) {
            return Some(t_string!(i18n, settings.account_invalid).to_owned());
        }
        let error = work.error.get()?;
        let is_unknown = error.class == ErrorClass::NotFound
            || fields.into_iter().any(|field| work.refused(field));
        is_unknown.then(|| {
            let words = if is_user {
                t_string!(i18n, settings.unknown_account)
            } else {
                t_string!(i18n, settings.unknown_grantee)
            };
            words.to_owned()
        })
    });
    let other_error = Signal::derive(move || {
        let error = work.error_beside(&["account", "team"]).get();
        error.filter(|error| error.class != ErrorClass::NotFound)
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(entity) = untrack(|| picked.entity(kinds)) {
            let change = role_change(entity, None, Some(role.get_untracked()));
            let make = changer.get_value().make(change);
            work.start(make, move |()| picked.begin_anew());
        }
    };
    view! {
        <section class="berth-card" aria-labelledby="permissions-title">
            <h2 id="permissions-title">{words!(i18n, settings.permissions)}</h2>
            <p class="berth-muted">{words!(i18n, settings.permissions_text)}</p>
            {load(
                list,
                || view! { <SkeletonTable rows=3/> }.into_any(),
                move |data| match data.repository.and_then(Repository::granted) {
                    None => view! { <NotVisible/> }.into_any(),
                    Some(granted) if granted.is_empty() => {
                        view! { <p class="berth-gap-below">{words!(i18n, settings.permissions_empty)}</p> }.into_any()
                    }
                    Some(granted) => {
                        view! { <PermissionTable granted who organization=organization.get_value() change/> }.into_any()
                    }
                },
            )}
            <form class="pf-v6-c-form berth-inline-form" on:submit=submit novalidate>
                <EntityPicker
                    id="permission-account"
                    label=who
                    hint
                    error=account_error
                    lookup
                    picked
                />
                <FormGroup
                    id="permission-role"
                    label=words!(i18n, settings.permission)
                >
                    <Select
                        id="permission-role"
                        options=Signal::derive(move || role_options(i18n))
                        value=Signal::derive(move || role.get().key().to_owned())
                        on_change=Callback::new(move |key: String| {
                            if let Some(chosen) = Role::of_key(&key) {
                                role.set(chosen);
                            }
                        })
                    />
                </FormGroup>
                <Button
                    submit=true
                    busy=work.busy
                    disabled=Signal::derive(move || picked.entity(kinds).is_none())
                >
                    {words!(i18n, settings.add)}
                </Button>
            </form>
            <FormAlert error=other_error/>
        </section>
    }
}

#[component]
fn PermissionTable(
    granted: Vec<Granted>,
    who: Signal<String>,
    organization: String,
    change: Callback<(Granted, Option<Role>)>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <table class="pf-v6-c-table pf-m-grid-md pf-m-compact berth-gap-below" aria-label=words!(i18n, settings.permissions)>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    <th class="pf-v6-c-table__th" scope="col">{move || who.get()}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, settings.kind)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, settings.permission)}</th>
                    <td class="pf-v6-c-table__td"></td>
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {granted
                    .into_iter()
                    .map(|one| {
                        let (Entity { kind, name }, role) = one.clone();
                        let (select_label, remove_label) = (name.clone(), name.clone());
                        let (selected, removed) = (one.clone(), one);
                        let shown = match kind {
                            EntityKind::Team => {
                                let href = paths::team(&organization, &name, paths::TEAM_MEMBERS_TAB);
                                view! { <a href=href><bdi>{name}</bdi></a> }.into_any()
                            }
                            _ => view! { <bdi>{name}</bdi> }.into_any(),
                        };
                        view! {
                            <tr class="pf-v6-c-table__tr">
                                <td class="pf-v6-c-table__td berth-name" data-label=move || who.get()>
                                    {shown}
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, settings.kind)>
                                    <KindLabel kind/>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, settings.permission)>
                                    <span class="berth-select-narrow">
                                        <Select
                                            label=Signal::derive(move || {
                                                Some(t_string!(i18n, settings.permission_of, name = select_label.clone()))
                                            })
                                            options=Signal::derive(move || role_options(i18n))
                                            value=Signal::stored(role.key().to_owned())
                                            on_change=Callback::new(move |key: String| {
                                                change.run((selected.clone(), Role::of_key(&key)));
                                            })
                                        />
                                    </span>
                                </td>
                                <td class="pf-v6-c-table__td pf-v6-c-table__action">
                                    <Button
                                        kind=ButtonKind::Plain
                                        icon=Some(lu::LuTrash2)
                                        label=Signal::derive(move || {
                                            t_string!(i18n, settings.remove, name = remove_label.clone())
                                        })
                                        on_click=Callback::new(move |_| change.run((removed.clone(), None)))
                                    />
                                </td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </table>
    }
}
