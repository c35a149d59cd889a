//! Setting up, signing in and out, the own password.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use berth_domain::{Error, Noun, Secret};
use berth_services::authn::InitialUser;

use crate::context::Asks;
use crate::error::gql;
use crate::scalars::DateTime;
use crate::types::viewer::Viewer;

/// The first user.
#[derive(InputObject)]
pub(super) struct InitializeRegistryInput {
    /// Name of the user and its namespace.
    username: String,
    /// At least eight characters.
    password: String,
    /// Contact address.
    email: Option<String>,
    /// Needed off loopback: the server printed it at start.
    setup_code: Option<String>,
}

/// Who signs in.
#[derive(InputObject)]
pub(super) struct SignInInput {
    /// Name or e-mail address.
    username: String,
    /// The password.
    password: String,
    /// The code in the link of a mail that asks its reader into a team; it confirms the user's address where the mail went
    /// there.
    invite_code: Option<String>,
}

/// What signing in gives.
#[derive(SimpleObject)]
pub(super) struct SignInPayload {
    /// Who is asking from now on.
    viewer: Viewer,
}

/// What signing out gives.
#[derive(SimpleObject)]
pub(super) struct SignOutPayload {
    /// True: no session of the user is left.
    success: bool,
}

/// The own password, old and new.
#[derive(InputObject)]
pub(super) struct ChangePasswordInput {
    /// The password so far.
    current_password: String,
    /// At least eight characters.
    new_password: String,
}

/// What changing the password gives.
#[derive(SimpleObject)]
pub(super) struct ChangePasswordPayload {
    /// Who is asking, in a new session.
    viewer: Viewer,
}

/// The own password.
#[derive(InputObject)]
pub(super) struct VerifyPasswordInput {
    /// The password.
    password: String,
}

/// What giving the password again gives.
#[derive(SimpleObject)]
pub(super) struct VerifyPasswordPayload {
    /// Who is asking.
    viewer: Viewer,
    /// Until then the session may do what demands a fresh login.
    fresh_until: DateTime,
}

pub(super) fn viewer(ctx: &Context<'_>) -> Result<Viewer> {
    Viewer::of(ctx.actor()).ok_or_else(|| gql(Error::Hidden(Noun::User)))
}

/// Mutations of sessions.
#[derive(Default)]
pub(super) struct SessionMutations;

/// Mutations of sessions.
#[Object]
impl SessionMutations {
    /// Makes the first user, who becomes a superuser unless `SUPER_USERS` names others, and signs in.
    /// Scope: none. Log: `user_create`.
    async fn initialize_registry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first user.")] input: InitializeRegistryInput,
    ) -> Result<SignInPayload> {
        let user = InitialUser {
            username: input.username,
            password: input.password.into(),
            email: input.email.filter(|email| !email.is_empty()),
            setup_code: input.setup_code,
        };
        let session = ctx
            .services()
            .authn
            .initialize(user, ctx.origin())
            .await
            .map_err(gql)?;
        ctx.begin_session(session);
        Ok(SignInPayload {
            viewer: viewer(ctx)?,
        })
    }

    /// Begins a session. Scope: none. Log: `login_success`, `login_failure`.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let password: Secret<String> = input.password.into();
        let authn = &ctx.services().authn;
        let code = input.invite_code.as_deref();
        let session = authn
            .sign_in_invited(&input.username, &password, code, ctx.origin())
            .await
            .map_err(gql)?;
        ctx.begin_session(session);
        Ok(SignInPayload {
            viewer: viewer(ctx)?,
        })
    }

    /// Ends all sessions of the user. Scope: a session. Log: `logout_success`.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        ctx.services()
            .authn
            .sign_out(&ctx.actor())
            .await
            .map_err(gql)?;
        ctx.end_session();
        Ok(SignOutPayload { success: true })
    }

    /// Takes the own password again: for some minutes the session may do what demands a fresh login
    /// (`FRESH_LOGIN_REQUIRED`). Scope: a session.
    async fn verify_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The own password.")] input: VerifyPasswordInput,
    ) -> Result<VerifyPasswordPayload> {
        let password: Secret<String> = input.password.into();
        let services = ctx.services();
        let actor = services
            .authn
            .verify_password(&ctx.actor(), &password)
            .await;
        let actor = actor.map_err(gql)?;
        let fresh_until = actor
            .authenticated_at()
            .map(|at| at.after(services.settings().users.fresh_login))
            .ok_or_else(|| gql(Error::internal("a session without a login")))?;
        ctx.go_on_as(actor);
        Ok(VerifyPasswordPayload {
            viewer: viewer(ctx)?,
            fresh_until: fresh_until.into(),
        })
    }

    /// Changes the own password; every other session ends. Scope: a session. Log: `account_change_password`.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The own password, old and new.")] input: ChangePasswordInput,
    ) -> Result<ChangePasswordPayload> {
        let (current, new): (Secret<String>, Secret<String>) =
            (input.current_password.into(), input.new_password.into());
        let authn = &ctx.services().authn;
        let session = authn
            .change_password(&ctx.actor(), &current, &new)
            .await
            .map_err(gql)?;
        ctx.begin_session(session);
        Ok(ChangePasswordPayload {
            viewer: viewer(ctx)?,
        })
    }
}
