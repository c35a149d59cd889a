//! Who has a role of their own in a repository.

use berth_domain::{Namespace, RobotName};
use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use super::information::role_words;
use crate::{
    api::{Api, ApiError, ErrorClass, use_api},
    components::{
        Button, ButtonKind, FormAlert, FormGroup, Label, NotVisible, Select, SkeletonTable,
        TextField, Toasts, ask, error_text, load, use_toasts,
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

/// An account, the role that it has, and the one that it gets.
type RoleChange = (String, Role, Option<Role>);

/// What outlives the page from which a role was changed, since its undo is offered longer.
#[derive(Clone)]
struct Changer {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    repository: cynic::Id,
    refetch: Callback<()>,
}

impl Changer {
    async fn set(&self, account: String, role: Option<Role>) -> Result<(), ApiError> {
        let variables = SetVariables {
            repository: self.repository.clone(),
            account,
            role,
        };
        self.api.done(SetPermissions::build(variables)).await?;
        self.refetch.try_run(());
        Ok(())
    }

    /// Says what was done. Undoing is a change like it, and can be undone in turn.
    fn offer_undo(self, account: String, before: Option<Role>, now: Option<Role>) {
        let Self { toasts, i18n, .. } = self;
        let text = if now.is_some() {
            tu_string!(i18n, settings.saved, name = account.clone())
        } else {
            tu_string!(i18n, settings.removed, name = account.clone())
        };
        toasts.success_with_undo(text, tu_string!(i18n, common.undo).to_owned(), move || {
            let (changer, account) = (self.clone(), account.clone());
            spawn_local(async move {
                match changer.set(account.clone(), before).await {
                    Ok(()) => changer.offer_undo(account, now, before),
                    Err(error) => changer.toasts.failure(error_text(i18n, &error)),
                }
            });
        });
    }
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
    let id = cynic::Id::new(id);
    let list = ask(move || {
        let variables = Variables {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        api.run(PermissionsQuery::build(variables))
    });
    let changer = Changer {
        api,
        toasts,
        i18n,
        repository: id,
        refetch: Callback::new(move |()| list.refetch()),
    };
    let changer = StoredValue::new(changer);
    let set = move |account: String, before: Option<Role>, role: Option<Role>| {
        let changer = changer.get_value();
        async move {
            changer.set(account.clone(), role).await?;
            changer.offer_undo(account, before, role);
            Ok::<_, ApiError>(())
        }
    };
    let change = Callback::new(move |(account, before, role): RoleChange| {
        spawn_local(async move {
            if let Err(error) = set(account, Some(before), role).await {
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
            let role = Role::of_key(&role.get_untracked());
            work.start(set(name, None, role), move |()| {
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
    change: Callback<RoleChange>,
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
                                                change.run((select_account.clone(), permission.role, Role::of_key(&key)));
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
                                        on_click=Callback::new(move |_| change.run((remove_account.clone(), permission.role, None)))
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
