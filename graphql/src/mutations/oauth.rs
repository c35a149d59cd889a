//! OAuth applications, their access tokens, and what users let them do.

use std::time::Duration;

use async_graphql::{Context, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use berth_domain::{Error, Namespace};
use berth_services::oauth::{Asked, Change, Description, Which};

use crate::context::Asks;
use crate::error::{gql, gql_named};
use crate::types::application::{
    AccessToken, Application, AssignedAuthorization, AuthorizationResponseType,
};

/// An application to be.
#[derive(InputObject)]
pub(super) struct CreateApplicationInput {
    /// Name of the organization.
    organization: String,
    /// What people call it, at most 255 characters.
    name: String,
    /// Where it presents itself: an address of the web, or with a scheme of the application's own such as `myapp://home`;
    /// or empty.
    #[graphql(default)]
    homepage: String,
    /// What it is for, at most 4,096 characters.
    #[graphql(default)]
    description: String,
    /// Its picture is made from this address; from the organization's when left out.
    avatar_email: Option<String>,
    /// What every address begins with that browsers are sent back to: one of the web, or with a scheme of the
    /// application's own such as `myapp://callback`; empty for none but the registry's own page.
    #[graphql(default)]
    redirect_prefix: String,
}

/// What creating an application gives.
#[derive(SimpleObject)]
pub(super) struct CreateApplicationPayload {
    /// The new application.
    application: Application,
    /// By which it proves itself when it changes a code for a token.
    client_secret: String,
}

/// What changes of an application; what is left out stays.
#[derive(InputObject)]
pub(super) struct UpdateApplicationInput {
    /// Which application.
    client_id: String,
    /// As for `createApplication`.
    name: Option<String>,
    /// As for `createApplication`.
    homepage: Option<String>,
    /// As for `createApplication`.
    description: Option<String>,
    /// As for `createApplication`; null removes it.
    avatar_email: MaybeUndefined<String>,
    /// As for `createApplication`. Tokens and codes that were given out stay.
    redirect_prefix: Option<String>,
}

/// What changing an application gives.
#[derive(SimpleObject)]
pub(super) struct UpdateApplicationPayload {
    /// The application.
    application: Application,
}

/// Which application gets another secret.
#[derive(InputObject)]
pub(super) struct ResetApplicationSecretInput {
    /// Which application.
    client_id: String,
}

/// What another secret gives.
#[derive(SimpleObject)]
pub(super) struct ResetApplicationSecretPayload {
    /// The application.
    application: Application,
    /// The new secret.
    client_secret: String,
}

/// Which application is deleted.
#[derive(InputObject)]
pub(super) struct DeleteApplicationInput {
    /// Which application.
    client_id: String,
}

/// What deleting an application gives.
#[derive(SimpleObject)]
pub(super) struct DeleteApplicationPayload {
    /// The client id that is no more.
    deleted_client_id: String,
}

/// The answer to what an application asks, as its address asked it.
#[derive(InputObject)]
pub(super) struct AuthorizeApplicationInput {
    /// Which application.
    client_id: String,
    /// Where the browser goes with the answer.
    redirect_uri: String,
    /// Scopes, separated by spaces or commas; of an assignment its own count.
    scope: String,
    /// What the application gets.
    #[graphql(default_with = "AuthorizationResponseType::Code")]
    response_type: AuthorizationResponseType,
    /// Comes back as it is.
    state: Option<String>,
    /// What was assigned, by its uuid; it is used up.
    assignment: Option<String>,
}

/// What a consent gives.
#[derive(SimpleObject)]
pub(super) struct AuthorizeApplicationPayload {
    /// Where the browser goes now; the code or the token is in it, and is shown this once.
    location: String,
}

/// The refusal of what an application asks, as its address asked it.
#[derive(InputObject)]
pub(super) struct DenyApplicationInput {
    /// Which application.
    client_id: String,
    /// Where the browser goes with the answer.
    redirect_uri: String,
    /// Scopes, separated by spaces or commas.
    scope: String,
    /// What the application would have got.
    #[graphql(default_with = "AuthorizationResponseType::Code")]
    response_type: AuthorizationResponseType,
    /// Comes back as it is.
    state: Option<String>,
    /// What was assigned, by its uuid; it stays.
    assignment: Option<String>,
}

/// What a refusal gives.
#[derive(SimpleObject)]
pub(super) struct DenyApplicationPayload {
    /// Where the browser goes now.
    location: String,
}

/// A consent that another user is asked for.
#[derive(InputObject)]
pub(super) struct AssignTokenInput {
    /// Which application.
    client_id: String,
    /// Who is asked.
    username: String,
    /// Scopes, separated by spaces or commas.
    scope: String,
    /// Where the browser goes with the answer.
    redirect_uri: String,
    /// What the application gets.
    #[graphql(default_with = "AuthorizationResponseType::Token")]
    response_type: AuthorizationResponseType,
}

/// What asking another user gives.
#[derive(SimpleObject)]
pub(super) struct AssignTokenPayload {
    /// What the user is asked for.
    assignment: AssignedAuthorization,
}

/// Which question is taken back.
#[derive(InputObject)]
pub(super) struct WithdrawAssignmentInput {
    /// Which application.
    client_id: String,
    /// The uuid of what the user is asked for.
    uuid: String,
}

/// What taking a question back gives.
#[derive(SimpleObject)]
pub(super) struct WithdrawAssignmentPayload {
    /// The uuid that is no more.
    withdrawn_uuid: String,
}

/// Which question is declined.
#[derive(InputObject)]
pub(super) struct DeclineAssignmentInput {
    /// Its uuid.
    uuid: String,
}

/// What declining gives.
#[derive(SimpleObject)]
pub(super) struct DeclineAssignmentPayload {
    /// The uuid that is no more.
    declined_uuid: String,
}

/// A token to be.
#[derive(InputObject)]
pub(super) struct CreateApplicationTokenInput {
    /// Which application.
    client_id: String,
    /// What the token is called, 1 to 255 characters.
    name: String,
    /// Scopes, separated by spaces or commas; those alone that the viewer's own credential has.
    scope: String,
    /// How long it lives; ten years at most, and when left out.
    expires_in_seconds: Option<i32>,
}

/// What making a token gives.
#[derive(SimpleObject)]
pub(super) struct CreateApplicationTokenPayload {
    /// The token.
    access_token: AccessToken,
    /// Its text, shown this once.
    token: String,
}

/// Which token of an application ends.
#[derive(InputObject)]
pub(super) struct RevokeTokenInput {
    /// Which application.
    client_id: String,
    /// The token's uuid.
    uuid: String,
}

/// What ending a token gives.
#[derive(SimpleObject)]
pub(super) struct RevokeTokenPayload {
    /// The uuid that is no more.
    revoked_uuid: String,
}

/// Which authorization of the viewer ends.
#[derive(InputObject)]
pub(super) struct RevokeAuthorizationInput {
    /// Its uuid.
    uuid: String,
}

/// What ending an authorization gives.
#[derive(SimpleObject)]
pub(super) struct RevokeAuthorizationPayload {
    /// The uuid that is no more.
    revoked_uuid: String,
}

const fn by_client_id(client_id: &str) -> Which<'_> {
    Which {
        organization: None,
        client_id,
    }
}

fn secret(application: &Application) -> String {
    let private = application.0.private.as_ref();
    let secret = private.and_then(|private| private.client_secret.as_ref());
    secret.map_or_else(String::new, |secret| secret.expose().clone())
}

/// Mutations of applications and authorizations.
#[derive(Default)]
pub(super) struct OauthMutations;

/// Mutations of applications and authorizations.
#[Object]
impl OauthMutations {
    /// Makes an OAuth application of an organization. Scope: `org:admin`. Role: administrator. Log:
    /// `create_application`.
    async fn create_application(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application to be.")] input: CreateApplicationInput,
    ) -> Result<CreateApplicationPayload> {
        let organization: Namespace = input
            .organization
            .parse()
            .map_err(gql_named("organization"))?;
        let description = Description {
            name: input.name,
            homepage: input.homepage,
            description: input.description,
            avatar_email: input.avatar_email,
            redirect_prefix: input.redirect_prefix,
        };
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let made = applications.create(&actor, &organization, &description);
        let application = Application(made.await.map_err(gql)?);
        Ok(CreateApplicationPayload {
            client_secret: secret(&application),
            application,
        })
    }

    /// Changes an application. Scope: `org:admin`. Role: administrator. Log: `update_application`.
    async fn update_application(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateApplicationInput,
    ) -> Result<UpdateApplicationPayload> {
        let change = Change {
            name: input.name,
            homepage: input.homepage,
            description: input.description,
            avatar_email: match input.avatar_email {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(email) => Some(Some(email)),
            },
            redirect_prefix: input.redirect_prefix,
        };
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let changed = applications.update(&actor, by_client_id(&input.client_id), &change);
        Ok(UpdateApplicationPayload {
            application: Application(changed.await.map_err(gql)?),
        })
    }

    /// Gives an application another secret; the old one is refused at once, and cannot be brought back. Tokens
    /// stay. Scope: `org:admin`. Role: administrator. Log: `reset_application_client_secret`.
    async fn reset_application_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which application.")] input: ResetApplicationSecretInput,
    ) -> Result<ResetApplicationSecretPayload> {
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let reset = applications.reset_secret(&actor, by_client_id(&input.client_id));
        let application = Application(reset.await.map_err(gql)?);
        Ok(ResetApplicationSecretPayload {
            client_secret: secret(&application),
            application,
        })
    }

    /// Deletes an application; its tokens, codes and assignments end with it. It cannot be undone. Scope:
    /// `org:admin`. Role: administrator. Log: `delete_application`.
    async fn delete_application(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which application.")] input: DeleteApplicationInput,
    ) -> Result<DeleteApplicationPayload> {
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let deleted = applications.delete(&actor, by_client_id(&input.client_id));
        deleted.await.map_err(gql)?;
        Ok(DeleteApplicationPayload {
            deleted_client_id: input.client_id,
        })
    }

    /// The viewer consents to what an application asks. For a signed-in browser, not for a token. Undone by
    /// `revokeAuthorization`. Role: administrator of the application's organization, or whom it was assigned
    /// to. Log: `create_oauth_api_token`, when there is a token.
    async fn authorize_application(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was asked.")] input: AuthorizeApplicationInput,
    ) -> Result<AuthorizeApplicationPayload> {
        let asked = Asked {
            client_id: input.client_id,
            redirect_uri: input.redirect_uri,
            scope: input.scope,
            response_type: input.response_type.word(),
            state: input.state,
            assignment: input.assignment,
        };
        let (authorizations, own) = (&ctx.services().authorizations, ctx.own_address());
        let granted = authorizations.authorize(&ctx.actor(), &asked, &own).await;
        let granted = granted
            .map_err(gql)?
            .map_err(|refusal| gql(refusal.into()))?;
        Ok(AuthorizeApplicationPayload {
            location: granted.location.expose().clone(),
        })
    }

    /// The viewer does not consent. Nothing changes; the application learns it by the browser. For a signed-in
    /// browser, not for a token.
    async fn deny_application(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was asked.")] input: DenyApplicationInput,
    ) -> Result<DenyApplicationPayload> {
        let asked = Asked {
            client_id: input.client_id,
            redirect_uri: input.redirect_uri,
            scope: input.scope,
            response_type: input.response_type.word(),
            state: input.state,
            assignment: input.assignment,
        };
        let (authorizations, own) = (&ctx.services().authorizations, ctx.own_address());
        let denied = authorizations.deny(&ctx.actor(), &asked, &own).await;
        Ok(DenyApplicationPayload {
            location: denied
                .map_err(gql)?
                .map_err(|refusal| gql(refusal.into()))?,
        })
    }

    /// Asks another user to consent to an application; the token will be that user's. For a signed-in browser,
    /// not for a token. Role: administrator. Log: `oauth_token_assigned`.
    async fn assign_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the user is asked for.")] input: AssignTokenInput,
    ) -> Result<AssignTokenPayload> {
        let asked = Asked {
            client_id: input.client_id,
            redirect_uri: input.redirect_uri,
            scope: input.scope,
            response_type: input.response_type.word(),
            ..Asked::default()
        };
        let (authorizations, own) = (&ctx.services().authorizations, ctx.own_address());
        let (actor, username) = (ctx.actor(), &input.username);
        let assigned = authorizations.assign(&actor, &asked, &own, username).await;
        Ok(AssignTokenPayload {
            assignment: AssignedAuthorization(assigned.map_err(gql)?),
        })
    }

    /// A user is not asked any more what was assigned; the bell is quiet about it. A token that the user has consented
    /// to stays. Undone by `assignToken`. Scope: `org:admin`. Role: administrator. Log:
    /// `oauth_token_assignment_withdrawn`.
    async fn withdraw_assignment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which question.")] input: WithdrawAssignmentInput,
    ) -> Result<WithdrawAssignmentPayload> {
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let which = by_client_id(&input.client_id);
        let withdrawn = applications.withdraw_assignment(&actor, which, &input.uuid);
        withdrawn.await.map_err(gql)?;
        Ok(WithdrawAssignmentPayload {
            withdrawn_uuid: input.uuid,
        })
    }

    /// The viewer does not want to be asked what was assigned. Scope: `user:admin`. Log: `oauth_token_assignment_declined`.
    async fn decline_assignment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which question.")] input: DeclineAssignmentInput,
    ) -> Result<DeclineAssignmentPayload> {
        let authorizations = &ctx.services().authorizations;
        let declined = authorizations.decline(&ctx.actor(), &input.uuid).await;
        declined.map_err(gql)?;
        Ok(DeclineAssignmentPayload {
            declined_uuid: input.uuid,
        })
    }

    /// Makes an access token of an application that uses the viewer's own rights; its text is shown this once.
    /// Scope: `org:admin`, and each that the token gets. Role: administrator. Log: `create_oauth_api_token`.
    async fn create_application_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token to be.")] input: CreateApplicationTokenInput,
    ) -> Result<CreateApplicationTokenPayload> {
        let life = match input.expires_in_seconds.map(u64::try_from) {
            None => None,
            Some(Ok(seconds)) if seconds > 0 => Some(Duration::from_secs(seconds)),
            Some(_) => {
                let refused = Error::invalid_value("a token lives for one second or more");
                return Err(gql(refused.in_field("expiresInSeconds")));
            }
        };
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let which = by_client_id(&input.client_id);
        let made = applications.create_token(&actor, which, &input.name, &input.scope, life);
        let (view, token) = made.await.map_err(gql)?;
        Ok(CreateApplicationTokenPayload {
            access_token: AccessToken(view),
            token: token.expose().clone(),
        })
    }

    /// Ends a token of an application, whoever's rights it uses; it is refused at the next request. It cannot be
    /// undone. Scope: `org:admin`. Role: administrator. Log: `revoke_oauth_api_token`.
    async fn revoke_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] input: RevokeTokenInput,
    ) -> Result<RevokeTokenPayload> {
        let (applications, actor) = (&ctx.services().applications, ctx.actor());
        let which = by_client_id(&input.client_id);
        let revoked = applications.revoke_token(&actor, which, &input.uuid).await;
        revoked.map_err(gql)?;
        Ok(RevokeTokenPayload {
            revoked_uuid: input.uuid,
        })
    }

    /// Ends what the viewer lets an application do; its token is refused at the next request. Scope: `user:admin`.
    /// Log: `oauth_token_revoked`.
    async fn revoke_authorization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which authorization.")] input: RevokeAuthorizationInput,
    ) -> Result<RevokeAuthorizationPayload> {
        let authorizations = &ctx.services().authorizations;
        let revoked = authorizations.revoke(&ctx.actor(), &input.uuid).await;
        revoked.map_err(gql)?;
        Ok(RevokeAuthorizationPayload {
            revoked_uuid: input.uuid,
        })
    }
}
