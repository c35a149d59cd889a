//! What administrators change of default permissions: at once, and with *Undo*.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Answer, Api, ApiError, use_api},
    components::{Entity, EntityKind, Toasts, error_text, use_toasts},
    fragments::Role,
    i18n::*,
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct CreateVariables {
    organization: String,
    creator: Option<String>,
    account: Option<String>,
    team: Option<String>,
    role: Role,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "CreateVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Create {
    #[arguments(input: {
        organization: $organization,
        creator: $creator,
        account: $account,
        team: $team,
        role: $role
    })]
    create_default_permission: CreatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "CreateDefaultPermissionPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct CreatePayload {
    default_permission: DefaultPermission,
}

#[derive(cynic::QueryFragment, Debug)]
#[expect(dead_code, reason = "only the success matters")]
struct DefaultPermission {
    uuid: String,
}

#[derive(cynic::QueryVariables, Debug)]
struct UpdateVariables {
    organization: String,
    uuid: String,
    role: Role,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "UpdateVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Update {
    #[arguments(input: { organization: $organization, uuid: $uuid, role: $role })]
    update_default_permission: UpdatePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "UpdateDefaultPermissionPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct UpdatePayload {
    default_permission: DefaultPermission,
}

#[derive(cynic::QueryVariables, Debug)]
struct DeleteVariables {
    organization: String,
    uuid: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "DeleteVariables")]
#[expect(dead_code, reason = "only the success matters")]
struct Delete {
    #[arguments(input: { organization: $organization, uuid: $uuid })]
    delete_default_permission: DeletePayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DeleteDefaultPermissionPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct DeletePayload {
    deleted_uuid: String,
}

/// A default permission to be.
#[derive(Debug, Clone)]
pub(in crate::pages::namespace) struct NewDefault {
    /// Whose new repositories; none for everybody's.
    pub(in crate::pages::namespace) creator: Option<String>,
    /// Who gets the role.
    pub(in crate::pages::namespace) grantee: Entity,
    /// The role.
    pub(in crate::pages::namespace) role: Role,
}

/// Has new repositories of an organization begin with a role.
pub(in crate::pages::namespace) fn create(
    api: Api,
    organization: &str,
    new: NewDefault,
) -> Answer<()> {
    let Entity { kind, name } = new.grantee;
    let (account, team) = match kind {
        EntityKind::Team => (None, Some(name)),
        EntityKind::User | EntityKind::Robot | EntityKind::Organization => (Some(name), None),
    };
    api.done(Create::build(CreateVariables {
        organization: organization.to_owned(),
        creator: new.creator,
        account,
        team,
        role: new.role,
    }))
}

/// What outlives the page on which something was changed, since its undo is offered longer.
#[derive(Clone)]
pub(super) struct Changer {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    organization: String,
    refetch: Callback<()>,
}

impl Changer {
    /// For the list of an organization, which `refetch` reads again.
    pub(super) fn new(organization: String, refetch: Callback<()>) -> Self {
        Self {
            api: use_api(),
            toasts: use_toasts(),
            i18n: use_i18n(),
            organization,
            refetch,
        }
    }

    /// Says why it was refused, and shows what is in force.
    fn fails(&self, error: &ApiError) {
        self.toasts.failure(error_text(self.i18n, error));
        self.refetch.try_run(());
    }

    /// Gives one another role.
    pub(super) fn start(self, uuid: String, before: Role, now: Role) {
        spawn_local(async move {
            let Self { toasts, i18n, .. } = self;
            let operation = Update::build(UpdateVariables {
                organization: self.organization.clone(),
                uuid: uuid.clone(),
                role: now,
            });
            if let Err(error) = self.api.done(operation).await {
                self.fails(&error);
                return;
            }
            self.refetch.try_run(());
            let undo = tu_string!(i18n, common.undo).to_owned();
            toasts.success_with_undo(tu_string!(i18n, defaults.saved), undo, move || {
                self.clone().start(uuid.clone(), now, before);
            });
        });
    }

    /// Deletes one; `old` comes back by *Undo*.
    pub(super) fn delete(self, uuid: String, old: Option<NewDefault>) {
        spawn_local(async move {
            let Self { toasts, i18n, .. } = self;
            let operation = Delete::build(DeleteVariables {
                organization: self.organization.clone(),
                uuid,
            });
            if let Err(error) = self.api.done(operation).await {
                self.fails(&error);
                return;
            }
            self.refetch.try_run(());
            let text = tu_string!(i18n, defaults.deleted);
            let Some(old) = old else {
                toasts.success(text);
                return;
            };
            let undo = tu_string!(i18n, common.undo).to_owned();
            toasts.success_with_undo(text, undo, move || {
                let (changer, old) = (self.clone(), old.clone());
                spawn_local(async move {
                    match create(changer.api, &changer.organization, old).await {
                        Ok(()) => {
                            changer.toasts.success(tu_string!(i18n, defaults.created));
                            changer.refetch.try_run(());
                        }
                        Err(error) => changer.fails(&error),
                    }
                });
            });
        });
    }
}
