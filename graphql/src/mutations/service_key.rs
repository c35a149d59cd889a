//! Keys of services beside the registry.

use async_graphql::{Context, InputObject, Json, MaybeUndefined, Object, Result, SimpleObject};
use berth_services::service_keys::{KeyChange, KeyToBe};
use serde_json::{Map, Value};

use crate::context::Asks;
use crate::error::gql;
use crate::scalars::DateTime;
use crate::types::service_key::ServiceKey;

/// A key to be.
#[derive(InputObject)]
pub(super) struct CreateServiceKeyInput {
    /// Whose it will be: 1 to 255 lower-case letters, digits, `.`, `_` and `-`. The registry's own service is refused.
    service: String,
    /// What people call it: letters, digits, space, `-`, `_`, `:` and `/`.
    name: Option<String>,
    /// Why it is let in, at most 4,096 characters.
    notes: Option<String>,
    /// An object of your own, at most 16 KiB.
    metadata: Option<Json<Map<String, Value>>>,
    /// When it ends; without an end when left out.
    expires_at: Option<DateTime>,
}

/// What a new key gives.
#[expect(clippy::struct_field_names, reason = "the words of the schema")]
#[derive(SimpleObject)]
pub(super) struct CreateServiceKeyPayload {
    /// The key.
    service_key: ServiceKey,
    /// The public half as PEM.
    public_key: String,
    /// The private half as PEM, shown this once and kept nowhere.
    private_key: String,
}

/// What changes of a key; what is left out stays.
#[derive(InputObject)]
pub(super) struct UpdateServiceKeyInput {
    /// The key's `kid`.
    kid: String,
    /// What people call it.
    name: Option<String>,
    /// An object of your own.
    metadata: Option<Json<Map<String, Value>>>,
    /// When it ends; null for without an end.
    expires_at: MaybeUndefined<DateTime>,
}

/// What changing a key gives.
#[derive(SimpleObject)]
pub(super) struct UpdateServiceKeyPayload {
    /// The key as it is now.
    service_key: ServiceKey,
}

/// Which key somebody vouches for.
#[derive(InputObject)]
pub(super) struct ApproveServiceKeyInput {
    /// The key's `kid`.
    kid: String,
    /// Why, at most 4,096 characters.
    notes: Option<String>,
}

/// What vouching for a key gives.
#[derive(SimpleObject)]
pub(super) struct ApproveServiceKeyPayload {
    /// The key as it is now.
    service_key: ServiceKey,
}

/// Which key is removed.
#[derive(InputObject)]
pub(super) struct DeleteServiceKeyInput {
    /// The key's `kid`.
    kid: String,
}

/// What removing a key gives.
#[derive(SimpleObject)]
pub(super) struct DeleteServiceKeyPayload {
    /// The key that is no more.
    deleted_kid: String,
}

/// Mutations of keys of services.
#[derive(Default)]
pub(super) struct ServiceKeyMutations;

/// Mutations of keys of services.
#[Object]
impl ServiceKeyMutations {
    /// Makes a key for a service beside the registry. Scope: `super:user`. Role: superuser. Fresh login. Log:
    /// `service_key_create`.
    async fn create_service_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to be.")] input: CreateServiceKeyInput,
    ) -> Result<CreateServiceKeyPayload> {
        let new = KeyToBe {
            service: &input.service,
            name: input.name.as_deref().unwrap_or_default(),
            notes: input.notes.as_deref().unwrap_or_default(),
            metadata: input.metadata.map(|json| json.0).unwrap_or_default(),
            expires_at: input.expires_at.map(|at| at.0),
        };
        let keys = &ctx.services().service_keys;
        let made = keys.create(&ctx.actor(), &new).await.map_err(gql)?;
        Ok(CreateServiceKeyPayload {
            service_key: ServiceKey(made.view),
            public_key: made.public_pem,
            private_key: made.private_pem.expose().clone(),
        })
    }

    /// Changes a key of a service beside the registry. Scope: `super:user`. Role: superuser. Fresh login. Log:
    /// `service_key_modify`, `service_key_extend`.
    async fn update_service_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateServiceKeyInput,
    ) -> Result<UpdateServiceKeyPayload> {
        let change = KeyChange {
            name: input.name.as_deref(),
            metadata: input.metadata.map(|json| json.0),
            expires_at: match input.expires_at {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(at) => Some(Some(at.0)),
            },
        };
        let keys = &ctx.services().service_keys;
        let view = keys.change(&ctx.actor(), &input.kid, &change).await;
        Ok(UpdateServiceKeyPayload {
            service_key: ServiceKey(view.map_err(gql)?),
        })
    }

    /// Vouches for a key of a service beside the registry, in the place of whoever did before. Scope: `super:user`.
    /// Role: superuser. Fresh login. Log: `service_key_approve`.
    async fn approve_service_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and why.")] input: ApproveServiceKeyInput,
    ) -> Result<ApproveServiceKeyPayload> {
        let notes = input.notes.as_deref().unwrap_or_default();
        let keys = &ctx.services().service_keys;
        let view = keys.approve(&ctx.actor(), &input.kid, notes).await;
        Ok(ApproveServiceKeyPayload {
            service_key: ServiceKey(view.map_err(gql)?),
        })
    }

    /// Removes a key of a service beside the registry; it verifies nothing from then on. The registry's own are refused.
    /// It cannot be undone. Scope: `super:user`. Role: superuser. Fresh login. Log: `service_key_delete`.
    async fn delete_service_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: DeleteServiceKeyInput,
    ) -> Result<DeleteServiceKeyPayload> {
        let keys = &ctx.services().service_keys;
        let deleted = keys.delete(&ctx.actor(), &input.kid).await;
        deleted.map_err(gql)?;
        Ok(DeleteServiceKeyPayload {
            deleted_kid: input.kid,
        })
    }
}
