//! What superusers do with users, and messages to everybody.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use berth_domain::{AccountId, Email, Secret};

use super::account::user;
use crate::context::Asks;
use crate::error::{gql, gql_named};
use crate::ids;
use crate::types::job::Job;
use crate::types::message::{Message, MessageFormat, Severity};
use crate::types::namespace::User;

/// A user to be.
#[derive(InputObject)]
pub(super) struct CreateUserInput {
    /// Lower-case letters and digits in groups joined by `.`, `_` or `-`; 2 to 255 characters.
    username: String,
    /// Address, which counts as confirmed; needed where `registry.sendsMail` is true.
    email: Option<String>,
}

/// What creating a user gives.
#[derive(SimpleObject)]
pub(super) struct CreateUserPayload {
    /// The new user.
    user: User,
    /// Its generated password, shown this once.
    password: String,
    /// The same in encrypted form, for configuration files of clients.
    encrypted_password: String,
}

/// What changes of a user.
#[derive(InputObject)]
pub(super) struct UpdateUserInput {
    /// Global id of the user.
    id: ID,
    /// Its new address, which counts as confirmed.
    email: String,
}

/// A new password for a user.
#[derive(InputObject)]
pub(super) struct SetUserPasswordInput {
    /// Global id of the user.
    id: ID,
    /// At least eight characters without white space.
    password: String,
}

/// Which user.
#[derive(InputObject)]
pub(super) struct EnableUserInput {
    /// Global id of the user.
    id: ID,
}

/// Which user.
#[derive(InputObject)]
pub(super) struct DisableUserInput {
    /// Global id of the user.
    id: ID,
}

/// Which user.
#[derive(InputObject)]
pub(super) struct DeleteUserInput {
    /// Global id of the user.
    id: ID,
}

/// Which user.
#[derive(InputObject)]
pub(super) struct SendUserRecoveryInput {
    /// Global id of the user.
    id: ID,
}

/// What a mail for a lost password gives.
#[derive(SimpleObject)]
pub(super) struct SendUserRecoveryPayload {
    /// Where it goes.
    email: String,
    /// The user.
    user: User,
}

/// Which work.
#[derive(InputObject)]
pub(super) struct RetryJobInput {
    /// Its `kind`.
    kind: String,
}

/// What making work due gives.
#[derive(SimpleObject)]
pub(super) struct RetryJobPayload {
    /// The work as it stands now.
    job: Job,
}

macro_rules! user_payloads {
    ($($(#[$doc:meta])* $name:ident,)+) => { $(
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub(super) struct $name {
            /// The user as it is now.
            user: User,
        }
    )+ };
}

user_payloads! {
    /// What changing a user gives.
    UpdateUserPayload,
    /// What a new password gives.
    SetUserPasswordPayload,
    /// What letting a user in gives.
    EnableUserPayload,
    /// What shutting a user out gives.
    DisableUserPayload,
}

/// What deleting a user gives.
#[derive(SimpleObject)]
pub(super) struct DeleteUserPayload {
    /// The user that is no more.
    deleted_id: ID,
}

/// A message to be.
#[derive(InputObject)]
pub(super) struct CreateMessageInput {
    /// 1 to 4,096 characters.
    content: String,
    /// How loud it is.
    severity: Severity,
    /// How the text is written.
    media_type: MessageFormat,
}

/// What posting a message gives.
#[derive(SimpleObject)]
pub(super) struct CreateMessagePayload {
    /// The message.
    message: Message,
}

/// Which message is taken back.
#[derive(InputObject)]
pub(super) struct DeleteMessageInput {
    /// The message's `uuid`.
    uuid: String,
}

/// What taking a message back gives.
#[derive(SimpleObject)]
pub(super) struct DeleteMessagePayload {
    /// The message that is no more.
    deleted_uuid: String,
}

fn id(id: &ID) -> Result<AccountId> {
    ids::user("id", id).map_err(gql)
}

/// Mutations of superusers.
#[derive(Default)]
pub(super) struct AdministrationMutations;

/// Mutations of superusers.
#[Object]
impl AdministrationMutations {
    /// Creates a user with a generated password. Scope: `super:user`. Role: superuser. Fresh login. Log: `user_create`.
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user to be.")] input: CreateUserInput,
    ) -> Result<CreateUserPayload> {
        let superuser = &ctx.services().superuser;
        let made = superuser
            .create_user(&ctx.actor(), &input.username, input.email.as_deref())
            .await;
        let (view, password) = made.map_err(gql_named("username"))?;
        let encrypted = superuser.encrypted(&ctx.actor(), &password).map_err(gql)?;
        Ok(CreateUserPayload {
            user: user(ctx, view.id).await?,
            encrypted_password: encrypted.expose().clone(),
            password: password.expose().clone(),
        })
    }

    /// Changes the address of a user who is no superuser. Scope: `super:user`. Role: superuser. Fresh login. Log:
    /// `user_change_email`.
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateUserInput,
    ) -> Result<UpdateUserPayload> {
        let id = id(&input.id)?;
        let email: Email = input.email.trim().parse().map_err(gql_named("email"))?;
        let superuser = &ctx.services().superuser;
        let changed = superuser.change_email(&ctx.actor(), id, &email).await;
        changed.map_err(gql_named("email"))?;
        Ok(UpdateUserPayload {
            user: user(ctx, id).await?,
        })
    }

    /// Sets the password of a user who is no superuser, and ends its sessions. Scope: `super:user`. Role: superuser.
    /// Fresh login. Log: `user_change_password`.
    async fn set_user_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "User and password.")] input: SetUserPasswordInput,
    ) -> Result<SetUserPasswordPayload> {
        let id = id(&input.id)?;
        let password: Secret<String> = input.password.into();
        let superuser = &ctx.services().superuser;
        let set = superuser.set_password(&ctx.actor(), id, &password).await;
        set.map_err(gql)?;
        Ok(SetUserPasswordPayload {
            user: user(ctx, id).await?,
        })
    }

    /// Lets a user in again. Undone by `disableUser`. Scope: `super:user`. Role: superuser. Fresh login. Log: `user_enable`.
    async fn enable_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which user.")] input: EnableUserInput,
    ) -> Result<EnableUserPayload> {
        let id = id(&input.id)?;
        let superuser = &ctx.services().superuser;
        let enabled = superuser.set_enabled(&ctx.actor(), id, true).await;
        enabled.map_err(gql)?;
        Ok(EnableUserPayload {
            user: user(ctx, id).await?,
        })
    }

    /// Shuts a user out who is no superuser: its sessions, tokens and robots are refused from the next request on.
    /// Undone by `enableUser`, but for the sessions. Scope: `super:user`. Role: superuser. Fresh login. Log:
    /// `user_disable`.
    async fn disable_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which user.")] input: DisableUserInput,
    ) -> Result<DisableUserPayload> {
        let id = id(&input.id)?;
        let superuser = &ctx.services().superuser;
        let disabled = superuser.set_enabled(&ctx.actor(), id, false).await;
        disabled.map_err(gql)?;
        Ok(DisableUserPayload {
            user: user(ctx, id).await?,
        })
    }

    /// Deletes a user who is no superuser, with repositories, robots and tokens; the name stays taken until everything
    /// is removed. The superuser becomes the administrator of an organization that nobody else administered. It cannot
    /// be undone. Scope: `super:user`. Role: superuser. Fresh login. Log: `user_delete`, `take_ownership`.
    async fn delete_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which user.")] input: DeleteUserInput,
    ) -> Result<DeleteUserPayload> {
        let superuser = &ctx.services().superuser;
        let deleted = superuser.delete_user(&ctx.actor(), id(&input.id)?).await;
        deleted.map_err(gql)?;
        Ok(DeleteUserPayload {
            deleted_id: input.id,
        })
    }

    /// Mails a link for a new password, which works once within 30 minutes, to a user who is no superuser and not shut
    /// out. Scope: `super:user`. Role: superuser. Fresh login. It is not logged.
    async fn send_user_recovery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which user.")] input: SendUserRecoveryInput,
    ) -> Result<SendUserRecoveryPayload> {
        let id = id(&input.id)?;
        let superuser = &ctx.services().superuser;
        let email = superuser.send_recovery(&ctx.actor(), id).await;
        Ok(SendUserRecoveryPayload {
            email: email.map_err(gql)?,
            user: user(ctx, id).await?,
        })
    }

    /// Makes periodic work due at once: a worker begins it within seconds, unless it is running already. Scope:
    /// `super:user`. Role: superuser. Fresh login. It is not logged.
    async fn retry_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which work.")] input: RetryJobInput,
    ) -> Result<RetryJobPayload> {
        let job = ctx.services().retry_job(&ctx.actor(), &input.kind).await;
        Ok(RetryJobPayload {
            job: job.map_err(gql)?.into(),
        })
    }

    /// Tells everybody something, in `registry.messages`. Undone by `deleteMessage`. Scope: `super:user`. Role:
    /// superuser. Fresh login. It is not logged.
    async fn create_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message to be.")] input: CreateMessageInput,
    ) -> Result<CreateMessagePayload> {
        let messages = &ctx.services().messages;
        let (severity, format) = (input.severity.into(), input.media_type.into());
        let made = messages
            .create(&ctx.actor(), &input.content, severity, format)
            .await;
        Ok(CreateMessagePayload {
            message: Message(made.map_err(gql)?),
        })
    }

    /// Takes a message back. Scope: `super:user`. Role: superuser. Fresh login. It is not logged.
    async fn delete_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message.")] input: DeleteMessageInput,
    ) -> Result<DeleteMessagePayload> {
        let messages = &ctx.services().messages;
        let deleted = messages.delete(&ctx.actor(), &input.uuid).await;
        deleted.map_err(gql)?;
        Ok(DeleteMessagePayload {
            deleted_uuid: input.uuid,
        })
    }
}
