//! Signing up, and what mailed codes do.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use berth_domain::{Email, Secret};
use berth_services::authn::{NewAccount, SignedUp};

use super::session::viewer;
use crate::context::Asks;
use crate::error::{gql, gql_named};
use crate::types::viewer::Viewer;

/// An account to be.
#[derive(InputObject)]
pub(super) struct SignUpInput {
    /// Lower-case letters and digits in groups joined by `.`, `_` or `-`; 2 to 255 characters.
    username: String,
    /// At least eight characters without white space.
    password: String,
    /// Address; needed where `registry.sendsMail` is true.
    email: Option<String>,
    /// The code in the link of a mail that asks its reader into a team. It confirms the address that the mail went to, and
    /// is needed where `registry.signUpByInvitation` is true. The question in the mail is answered with it afterwards.
    invite_code: Option<String>,
}

/// What signing up gives.
#[derive(SimpleObject)]
pub(super) struct SignUpPayload {
    /// Who is asking from now on; null while the address waits for its confirmation.
    viewer: Option<Viewer>,
    /// True where the account can be used when the link in the mail is followed.
    awaiting_verification: bool,
}

/// Whose password is lost.
#[derive(InputObject)]
pub(super) struct RequestRecoveryInput {
    /// The user's address.
    email: String,
}

/// What asking for a new password gives.
#[derive(SimpleObject)]
pub(super) struct RequestRecoveryPayload {
    /// True, whether or not anybody has the address.
    success: bool,
}

/// A new password for a lost one.
#[derive(InputObject)]
pub(super) struct RecoverAccountInput {
    /// The code in the link of the mail.
    code: String,
    /// At least eight characters without white space.
    password: String,
}

/// What a new password for a lost one gives.
#[derive(SimpleObject)]
pub(super) struct RecoverAccountPayload {
    /// Who is asking, in a new session.
    viewer: Viewer,
}

/// An address that is confirmed.
#[derive(InputObject)]
pub(super) struct ConfirmEmailInput {
    /// The code in the link of the mail.
    code: String,
}

/// What confirming an address gives.
#[derive(SimpleObject)]
pub(super) struct ConfirmEmailPayload {
    /// The address, which is the user's now.
    email: String,
}

/// Mutations of who is not signed in.
#[derive(Default)]
pub(super) struct RecoveryMutations;

/// Mutations of who is not signed in.
#[Object]
impl RecoveryMutations {
    /// Creates an account, where `registry.signUp` or `registry.signUpByInvitation` is true, and signs in; where
    /// `registry.sendsMail` is true the link in a mail is followed first, unless `inviteCode` confirms the address.
    /// Scope: none. Log: `user_create`.
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account to be.")] input: SignUpInput,
    ) -> Result<SignUpPayload> {
        let new = NewAccount {
            username: input.username,
            password: input.password.into(),
            email: input.email,
            invite_code: input.invite_code.map(Secret::from),
        };
        let signed_up = ctx.services().authn.sign_up(new, ctx.origin()).await;
        match signed_up.map_err(gql_named("username"))? {
            SignedUp::AwaitingVerification => Ok(SignUpPayload {
                viewer: None,
                awaiting_verification: true,
            }),
            SignedUp::SignedIn(session) => {
                ctx.begin_session(*session);
                Ok(SignUpPayload {
                    viewer: Some(viewer(ctx)?),
                    awaiting_verification: false,
                })
            }
        }
    }

    /// Mails a link for a new password, which works once within 30 minutes. To the address of an organization goes a mail
    /// that names its administrators. Who has the address shows in nothing else. Scope: none.
    async fn request_recovery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose password is lost.")] input: RequestRecoveryInput,
    ) -> Result<RequestRecoveryPayload> {
        let email: Email = input.email.trim().parse().map_err(gql_named("email"))?;
        let authn = &ctx.services().authn;
        authn
            .request_recovery(&email, &ctx.origin())
            .await
            .map_err(gql)?;
        Ok(RequestRecoveryPayload { success: true })
    }

    /// Chooses a new password with a mailed code; all sessions of the user end and a new one begins. Scope:
    /// none. Log: `account_change_password`.
    async fn recover_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Code and new password.")] input: RecoverAccountInput,
    ) -> Result<RecoverAccountPayload> {
        let password: Secret<String> = input.password.into();
        let authn = &ctx.services().authn;
        let session = authn
            .recover_account(&input.code, &password, ctx.origin())
            .await
            .map_err(gql)?;
        ctx.begin_session(session);
        Ok(RecoverAccountPayload {
            viewer: viewer(ctx)?,
        })
    }

    /// Confirms an address with a mailed code: that of a sign-up, or the new one of an account. Scope: none.
    /// Log: `user_change_email` where it is new.
    async fn confirm_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code.")] input: ConfirmEmailInput,
    ) -> Result<ConfirmEmailPayload> {
        let authn = &ctx.services().authn;
        let email = authn.confirm_email(&input.code, ctx.origin()).await;
        Ok(ConfirmEmailPayload {
            email: email.map_err(gql)?,
        })
    }
}
