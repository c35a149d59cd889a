//! Roles that new repositories of an organization begin with. What the services are asked is boxed, as of teams.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use berth_domain::{Error, Namespace};
use berth_services::default_permissions::To;

use crate::context::Asks;
use crate::error::{gql, gql_named};
use crate::types::default_permission::DefaultPermission;
use crate::types::permission::Role;

/// A default permission to be: for an account or for a team.
#[derive(InputObject)]
pub(super) struct CreateDefaultPermissionInput {
    /// Name of the organization.
    organization: String,
    /// Whose new repositories, by user name or `namespace+robot`; null for everybody's.
    creator: Option<String>,
    /// Who gets the role, by user name or `namespace+robot`; this or `team`.
    account: Option<String>,
    /// The team of the organization that gets the role, by name.
    team: Option<String>,
    /// The role.
    role: Role,
}

/// What a default permission more gives.
#[derive(SimpleObject)]
pub(super) struct CreateDefaultPermissionPayload {
    /// The new one.
    default_permission: DefaultPermission,
}

/// What changes of a default permission.
#[derive(InputObject)]
pub(super) struct UpdateDefaultPermissionInput {
    /// Name of the organization.
    organization: String,
    /// Which one.
    uuid: String,
    /// Its role from now on.
    role: Role,
}

/// What changing a default permission gives.
#[derive(SimpleObject)]
pub(super) struct UpdateDefaultPermissionPayload {
    /// As it is now.
    default_permission: DefaultPermission,
}

/// Which default permission is deleted.
#[derive(InputObject)]
pub(super) struct DeleteDefaultPermissionInput {
    /// Name of the organization.
    organization: String,
    /// Which one.
    uuid: String,
}

/// What a default permission less gives.
#[derive(SimpleObject)]
pub(super) struct DeleteDefaultPermissionPayload {
    /// The one that is no more.
    deleted_uuid: String,
}

fn organization(name: &str) -> Result<Namespace> {
    name.parse().map_err(gql_named("organization"))
}

/// Mutations of default permissions.
#[derive(Default)]
pub(super) struct DefaultPermissionMutations;

/// Mutations of default permissions.
#[Object]
impl DefaultPermissionMutations {
    /// Has new repositories of an organization begin with a role, however they are made; those that are there stay as
    /// they are. Scope: `org:admin`. Role: administrator. Log: `create_prototype_permission`.
    async fn create_default_permission(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose repositories, who, and which role.")]
        input: CreateDefaultPermissionInput,
    ) -> Result<CreateDefaultPermissionPayload> {
        let organization = organization(&input.organization)?;
        let to = match (&input.account, &input.team) {
            (Some(account), None) => To::Account(account),
            (None, Some(team)) => To::Team(team),
            _ => {
                let message = "give `account` or `team`, one of both";
                return Err(gql(Error::invalid_value(message).in_field("account")));
            }
        };
        let (defaults, creator) = (
            &ctx.services().default_permissions,
            input.creator.as_deref(),
        );
        let (actor, role) = (ctx.actor(), input.role.into());
        let made = Box::pin(defaults.create(&actor, &organization, creator, &to, role)).await;
        Ok(CreateDefaultPermissionPayload {
            default_permission: DefaultPermission(made.map_err(gql)?),
        })
    }

    /// Changes the role that new repositories begin with; those that are there stay as they are. Scope: `org:admin`.
    /// Role: administrator. Log: `modify_prototype_permission`.
    async fn update_default_permission(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and its role.")] input: UpdateDefaultPermissionInput,
    ) -> Result<UpdateDefaultPermissionPayload> {
        let organization = organization(&input.organization)?;
        let defaults = &ctx.services().default_permissions;
        let (actor, role) = (ctx.actor(), input.role.into());
        let changed = Box::pin(defaults.update(&actor, &organization, &input.uuid, role)).await;
        Ok(UpdateDefaultPermissionPayload {
            default_permission: DefaultPermission(changed.map_err(gql)?),
        })
    }

    /// Has new repositories begin without a role; those that are there stay as they are. Scope: `org:admin`. Role:
    /// administrator. Log: `delete_prototype_permission`.
    async fn delete_default_permission(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: DeleteDefaultPermissionInput,
    ) -> Result<DeleteDefaultPermissionPayload> {
        let organization = organization(&input.organization)?;
        let defaults = &ctx.services().default_permissions;
        let actor = ctx.actor();
        let deleted = Box::pin(defaults.delete(&actor, &organization, &input.uuid)).await;
        deleted.map_err(gql)?;
        Ok(DeleteDefaultPermissionPayload {
            deleted_uuid: input.uuid,
        })
    }
}
