//! Organizations.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use berth_domain::{AccountId, AccountKind, Email, Error, Namespace, Noun};
use berth_services::organizations::{NamespaceView, OrganizationChange, TAG_EXPIRATION};

use crate::context::Asks;
use crate::error::{gql, gql_many, gql_named};
use crate::ids;
use crate::loaders::load;
use crate::types::namespace::Organization;

/// An organization to be.
#[derive(InputObject)]
pub(super) struct CreateOrganizationInput {
    /// Lower-case letters and digits in groups joined by `.`, `_` or `-`; 2 to 255 characters.
    name: String,
    /// Contact address.
    email: Option<String>,
}

/// What creating an organization gives.
#[derive(SimpleObject)]
pub(super) struct CreateOrganizationPayload {
    /// The new organization.
    organization: Organization,
}

/// What changes of an organization; what is left out stays.
#[derive(InputObject)]
pub(super) struct UpdateOrganizationInput {
    /// Name of the organization.
    name: String,
    /// How long deleted and moved tags can be restored, one of the registry's `tagExpirationOptions`; null
    /// as long as everywhere. Tags that are deleted already follow.
    tag_expiration_seconds: MaybeUndefined<i32>,
    /// Where it is reached; null or empty takes the address away.
    email: MaybeUndefined<String>,
}

/// What changing an organization gives.
#[derive(SimpleObject)]
pub(super) struct UpdateOrganizationPayload {
    /// The organization.
    organization: Organization,
}

/// Which organizations are deleted.
#[derive(InputObject)]
pub(super) struct DeleteOrganizationsInput {
    /// Global ids, at most 1,000.
    ids: Vec<ID>,
}

/// What deleting organizations gives.
#[derive(SimpleObject)]
pub(super) struct DeleteOrganizationsPayload {
    /// The ids that are no more.
    deleted_ids: Vec<ID>,
}

/// Another name for an organization.
#[derive(InputObject)]
pub(super) struct RenameOrganizationInput {
    /// Global id of the organization.
    id: ID,
    /// Its name from now on.
    name: String,
}

/// What another name gives.
#[derive(SimpleObject)]
pub(super) struct RenameOrganizationPayload {
    /// The organization as it is now.
    organization: Organization,
}

/// Which organization a superuser deletes.
#[derive(InputObject)]
pub(super) struct DeleteOrganizationInput {
    /// Global id of the organization.
    id: ID,
}

/// What deleting an organization gives.
#[derive(SimpleObject)]
pub(super) struct DeleteOrganizationPayload {
    /// The organization that is no more.
    deleted_id: ID,
}

/// What a superuser takes over.
#[derive(InputObject)]
pub(super) struct TakeOwnershipInput {
    /// Global id of the organization or the user.
    id: ID,
}

/// What taking over gives.
#[derive(SimpleObject)]
pub(super) struct TakeOwnershipPayload {
    /// The organization, which a user has become by it; its id is another one then.
    organization: Organization,
}

/// An organization as the viewer sees it.
pub(super) async fn organization(ctx: &Context<'_>, id: AccountId) -> Result<Organization> {
    let view = load(ctx.loader(), id).await?;
    view.map(Organization)
        .ok_or_else(|| gql(Error::Hidden(Noun::Organization)))
}

/// Changes what the input names of a namespace.
pub(super) async fn update(
    ctx: &Context<'_>,
    kind: AccountKind,
    name: &Namespace,
    tag_expiration_seconds: MaybeUndefined<i32>,
) -> Result<NamespaceView> {
    let chosen = match tag_expiration_seconds {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(seconds) => Some(Some(tag_expiration(seconds)?)),
    };
    let (organizations, actor) = (&ctx.services().organizations, ctx.actor());
    match chosen {
        None => {
            let view = organizations.by_name(&actor, name).await.map_err(gql)?;
            if view.kind == kind {
                Ok(view)
            } else {
                Err(gql(Error::Hidden(Noun::Namespace)))
            }
        }
        Some(chosen) => organizations
            .choose_tag_expiration(&actor, kind, name, chosen)
            .await
            .map_err(gql_named(TAG_EXPIRATION)),
    }
}

/// A time for ended tags.
pub(super) fn tag_expiration(seconds: i32) -> Result<Duration> {
    u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| Error::invalid_value("a number of seconds is not below 0"))
        .map_err(gql_named(TAG_EXPIRATION))
}

/// An address, or none where the text is empty.
fn address(text: &str) -> Result<Option<Email>> {
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(str::parse)
        .transpose()
        .map_err(gql_named("email"))
}

/// Mutations of organizations.
#[derive(Default)]
pub(super) struct OrganizationMutations;

/// Mutations of organizations.
#[Object]
impl OrganizationMutations {
    /// Creates an organization whose team `owners` holds the viewer. Scope: `user:admin`. Log: `org_create`.
    async fn create_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization to be.")] input: CreateOrganizationInput,
    ) -> Result<CreateOrganizationPayload> {
        let name: Namespace = input.name.parse().map_err(gql_named("name"))?;
        let email = address(input.email.as_deref().unwrap_or_default())?;
        let organizations = &ctx.services().organizations;
        let view = organizations
            .create(&ctx.actor(), &name, email.as_ref())
            .await
            .map_err(gql_named("name"))?;
        Ok(CreateOrganizationPayload {
            organization: Organization(view),
        })
    }

    /// Changes an organization, all that is given or nothing. Scope: `org:admin`. Role: administrator. Log:
    /// `org_change_email`, `org_change_tag_expiration`.
    async fn update_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateOrganizationInput,
    ) -> Result<UpdateOrganizationPayload> {
        let name: Namespace = input.name.parse().map_err(gql_named("name"))?;
        let change = OrganizationChange {
            email: match input.email {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(email) => Some(address(&email)?),
            },
            tag_expiration: match input.tag_expiration_seconds {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(seconds) => Some(Some(tag_expiration(seconds)?)),
            },
        };
        let (organizations, actor) = (&ctx.services().organizations, ctx.actor());
        // Boxed: the compiler follows what a mutation awaits only so deep.
        let view = Box::pin(organizations.change(&actor, &name, &change))
            .await
            .map_err(|error| match error.field() {
                Some(TAG_EXPIRATION) => gql_named(TAG_EXPIRATION)(error),
                _ => gql(error),
            })?;
        Ok(UpdateOrganizationPayload {
            organization: Organization(view),
        })
    }

    /// Deletes organizations with their repositories, robots and teams, all or none; `extensions.detail.items`
    /// names each in the way. Nobody reaches them from that moment on; the names are free again when everything
    /// is removed. It cannot be undone. Scope: `org:admin`. Role: administrator. Log: `org_delete`.
    async fn delete_organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organizations.")] input: DeleteOrganizationsInput,
    ) -> Result<DeleteOrganizationsPayload> {
        let ids = ids::many(&input.ids, ids::organization).map_err(gql)?;
        let organizations = &ctx.services().organizations;
        let deleted = organizations.delete(&ctx.actor(), &ids).await;
        deleted.map_err(gql_many)?;
        Ok(DeleteOrganizationsPayload {
            deleted_ids: input.ids,
        })
    }

    /// Gives an organization another name: paths of repositories and names of robots follow at once. Scope:
    /// `super:user`. Role: superuser. Fresh login. Log: `org_change_name`.
    async fn rename_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization, and its name.")] input: RenameOrganizationInput,
    ) -> Result<RenameOrganizationPayload> {
        let id = ids::organization("id", &input.id).map_err(gql)?;
        let name: Namespace = input.name.parse().map_err(gql_named("name"))?;
        let (superuser, actor) = (&ctx.services().superuser, ctx.actor());
        let renamed = superuser.rename_organization(&actor, id, &name).await;
        renamed.map_err(gql_named("name"))?;
        Ok(RenameOrganizationPayload {
            organization: organization(ctx, id).await?,
        })
    }

    /// Deletes an organization that the viewer need not administer, with its repositories, robots and teams; the name
    /// stays taken until everything is removed. It cannot be undone. Scope: `super:user`. Role: superuser. Fresh
    /// login. Log: `org_delete`.
    async fn delete_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization.")] input: DeleteOrganizationInput,
    ) -> Result<DeleteOrganizationPayload> {
        let id = ids::organization("id", &input.id).map_err(gql)?;
        let superuser = &ctx.services().superuser;
        let deleted = superuser.delete_organization(&ctx.actor(), id).await;
        deleted.map_err(gql)?;
        Ok(DeleteOrganizationPayload {
            deleted_id: input.id,
        })
    }

    /// Makes the viewer an administrator of an organization. A user who is no superuser becomes an organization of the
    /// viewer: nobody signs in as it any more, its tokens and roles elsewhere end, its repositories and robots stay.
    /// That cannot be undone. Scope: `super:user`. Role: superuser. Fresh login. Log: `take_ownership`.
    async fn take_ownership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is taken over.")] input: TakeOwnershipInput,
    ) -> Result<TakeOwnershipPayload> {
        let id = ids::namespace("id", &input.id).map_err(gql)?;
        let superuser = &ctx.services().superuser;
        let taken = superuser.take_ownership(&ctx.actor(), id).await;
        taken.map_err(gql)?;
        Ok(TakeOwnershipPayload {
            organization: organization(ctx, id).await?,
        })
    }
}
