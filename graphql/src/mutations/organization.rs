//! Organizations.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use berth_domain::{Email, Namespace};

use crate::context::Asks;
use crate::error::gql_named;
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
        let email = input
            .email
            .as_deref()
            .map(str::trim)
            .filter(|email| !email.is_empty());
        let email: Option<Email> = email
            .map(str::parse)
            .transpose()
            .map_err(gql_named("email"))?;
        let organizations = &ctx.services().organizations;
        let view = organizations
            .create(&ctx.actor(), &name, email.as_ref())
            .await
            .map_err(gql_named("name"))?;
        Ok(CreateOrganizationPayload {
            organization: Organization(view),
        })
    }
}
