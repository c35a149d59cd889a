//! Who has a role of their own in a repository.

use berth_domain::{Namespace, RobotName};
use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use super::information::role_words;
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{
        Button, ButtonKind, FormAlert, FormGroup, Label, NotVisible, Select, SkeletonTable,
        TextField, ask, error_text, load, use_toasts,
    },
    fragments::Role,
    i18n::*,
    schema,
    work::Work,
};

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
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RepositoryPermission {
    account: String,
    kind: AccountKind,
    role: Role,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum AccountKind {
    User,
    Organization,
    Robot,
}

#[derive(cynic::QueryVariables, Debug)]
struct SetVariables {
    repository: cynic::Id,
    account: String,
    role: Option<Role>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "SetVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct SetPermissions {
    #[arguments(input: { repository: $repository, permissions: [{ account: $account, role: $role }] })]
    set_permissions: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "SetPermissionsPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    repository: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    id: cynic::Id,
}

fn role_options(i18n: I18n) -> Vec<(String, String)> {
    [Role::Read, Role::Write, Role::Admin]
        .into_iter()
        .map(|role| (role.key().to_owned(), role_words(i18n, role).to_owned()))
        .collect()
}

/// *User and robot permissions*: roles in place, a line to add one.
#[component]
pub(crate) fn Permissions(
    /// The repository's id.
    id: String,
    /// Its namespace.
    namespace: String,
    /// Its name.
    name: String,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let id = StoredValue::new(id);
    let list = ask(move || {
        let variables = Variables {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        api.run(PermissionsQuery::build(variables))
    });
    let set = move |account: String, role: Option<Role>| {
        let variables = SetVariables {
            repository: cynic::Id::new(id.get_value()),
            account: account.clone(),
            role,
        };
        async move {
            api.done(SetPermissions::build(variables)).await?;
            let text = if role.is_some() {
                tu_string!(i18n, settings.saved, name = account)
            } else {
                tu_string!(i18n, settings.removed, name = account)
            };
            toasts.success(text);
            list.refetch();
            Ok::<_, ApiError>(())
        }
    };
    let change = Callback::new(move |(account, role): (String, Option<Role>)| {
        spawn_local(async move {
            if let Err(error) = set(account, role).await {
                toasts.failure(error_text(i18n, &error));
                // Shows again what is in force.
                list.refetch();
            }
        });
    });

    let account = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Read.key().to_owned());
    let work = Work::new();
    let is_account = |text: &str| {
        let text = text.trim();
        text.parse::<RobotName>().is_ok() || text.parse::<Namespace>().is_ok()
    };
    let account_error = Signal::derive(move || {
        let text = account.get();
        if !text.trim().is_empty() && !is_account(&text) {
            return Some(t_string!(i18n, settings.account_invalid).to_owned());
        }
        let error = work.error.get()?;
        (error.class == ErrorClass::NotFound || work.refused("account"))
            .then(|| t_string!(i18n, settings.unknown_account).to_owned())
    });
    let other_error = Signal::derive(move || {
        let error = work.error_beside(&["account"]).get();
        error.filter(|error| error.class != ErrorClass::NotFound)
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let name = account.get_untracked().trim().to_owned();
        if is_account(&name) {
            work.start(set(name, Role::of_key(&role.get_untracked())), move |()| {
                account.try_set(String::new());
            });
        }
    };
    view! {
        <section class="berth-card" aria-labelledby="permissions-title">
            <h2 id="permissions-title">{words!(i18n, settings.permissions)}</h2>
            <p class="berth-muted">{words!(i18n, settings.permissions_text)}</p>
            {load(
                list,
                || view! { <SkeletonTable rows=3/> }.into_any(),
                move |data| match data.repository.and_then(|repository| repository.permissions) {
                    None => view! { <NotVisible/> }.into_any(),
                    Some(permissions) if permissions.is_empty() => {
                        view! { <p class="berth-gap-below">{words!(i18n, settings.permissions_empty)}</p> }.into_any()
                    }
                    Some(permissions) => view! { <PermissionTable permissions change/> }.into_any(),
                },
            )}
            <form class="pf-v6-c-form berth-inline-form" on:submit=submit novalidate>
                <TextField
                    id="permission-account"
                    label=words!(i18n, settings.account)
                    hint=words!(i18n, settings.account_hint)
                    value=account
                    error=account_error
                />
                <FormGroup
                    id="permission-role"
                    label=words!(i18n, settings.permission)
                >
                    <Select
                        id="permission-role"
                        options=Signal::derive(move || role_options(i18n))
                        value=role
                        on_change=Callback::new(move |value| role.set(value))
                    />
                </FormGroup>
                <Button
                    submit=true
                    busy=work.busy
                    disabled=Signal::derive(move || !account.with(|account| is_account(account)))
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
    permissions: Vec<RepositoryPermission>,
    change: Callback<(String, Option<Role>)>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <table class="pf-v6-c-table pf-m-grid-md pf-m-compact berth-gap-below" aria-label=words!(i18n, settings.permissions)>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, settings.account)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, settings.kind)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, settings.permission)}</th>
                    <td class="pf-v6-c-table__td"></td>
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {permissions
                    .into_iter()
                    .map(|permission| {
                        let account = permission.account.clone();
                        let (select_label, remove_label) = (account.clone(), account.clone());
                        let (select_account, remove_account) = (account.clone(), account.clone());
                        let kind = permission.kind;
                        view! {
                            <tr class="pf-v6-c-table__tr">
                                <td class="pf-v6-c-table__td berth-name" data-label=words!(i18n, settings.account)>
                                    <bdi>{account}</bdi>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, settings.kind)>
                                    <Label icon=Some(if kind == AccountKind::Robot { lu::LuBot } else { lu::LuUser })>
                                        {move || match kind {
                                            AccountKind::Robot => t_string!(i18n, settings.kind_robot),
                                            AccountKind::User => t_string!(i18n, settings.kind_user),
                                            AccountKind::Organization => t_string!(i18n, settings.kind_organization),
                                        }}
                                    </Label>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, settings.permission)>
                                    <span class="berth-select-narrow">
                                        <Select
                                            label=Signal::derive(move || {
                                                Some(t_string!(i18n, settings.permission_of, name = select_label.clone()))
                                            })
                                            options=Signal::derive(move || role_options(i18n))
                                            value=Signal::stored(permission.role.key().to_owned())
                                            on_change=Callback::new(move |key: String| {
                                                change.run((select_account.clone(), Role::of_key(&key)));
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
                                        on_click=Callback::new(move |_| change.run((remove_account.clone(), None)))
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
