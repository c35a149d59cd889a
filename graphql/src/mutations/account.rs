//! The viewer's own account, its tokens and sessions.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use berth_domain::{AccountId, AccountKind, Email, Error, Namespace, Noun, Secret};
use berth_services::accounts::{Change, EmailChange, Names};

use super::organization::{organization, tag_expiration, update};
use crate::connection::count;
use crate::context::Asks;
use crate::error::{gql, gql_named};
use crate::ids::{self, GlobalId};
use crate::loaders::load;
use crate::types::account::AppToken;
use crate::types::namespace::{Organization, User};
use crate::types::notification::Notification;
use crate::types::viewer::Viewer;

/// What changes of the viewer's account; what is left out stays.
#[derive(InputObject)]
pub(super) struct UpdateAccountInput {
    /// Another name, where `registry.userRename` is true: paths of repositories and names of robots follow at once.
    username: Option<String>,
    /// As for an organization, in the viewer's own namespace.
    tag_expiration_seconds: MaybeUndefined<i32>,
    /// First name, at most 255 characters; null removes it. Where `registry.userNames` is true.
    given_name: MaybeUndefined<String>,
    /// Last name, likewise.
    family_name: MaybeUndefined<String>,
    /// Whom the viewer works for, likewise.
    company: MaybeUndefined<String>,
    /// Where the viewer is, likewise.
    location: MaybeUndefined<String>,
}

/// What changing the viewer's account gives.
#[derive(SimpleObject)]
pub(super) struct UpdateAccountPayload {
    /// The viewer's account.
    user: User,
}

/// Who administers the organization that the viewer's account becomes.
#[derive(InputObject)]
pub(super) struct ConvertToOrganizationInput {
    /// Name or address of another user.
    admin_user: String,
    /// That user's password.
    admin_password: String,
}

/// What an account that became an organization gives.
#[derive(SimpleObject)]
pub(super) struct ConvertToOrganizationPayload {
    /// The organization; its id is another one than the user's.
    organization: Organization,
    /// Who is asking from now on: the user who administers it.
    viewer: Viewer,
}

/// A new address.
#[derive(InputObject)]
pub(super) struct ChangeEmailInput {
    /// The address.
    email: String,
}

/// What a new address gives.
#[derive(SimpleObject)]
pub(super) struct ChangeEmailPayload {
    /// The viewer's account.
    user: User,
    /// True where the address changes when the link in the mail to it is followed; false where it has changed.
    awaiting_confirmation: bool,
}

/// What deleting the own account gives.
#[derive(SimpleObject)]
pub(super) struct DeleteAccountPayload {
    /// The account that is no more.
    deleted_id: ID,
}

/// The own password.
#[derive(InputObject)]
pub(super) struct GenerateEncryptedPasswordInput {
    /// The password.
    password: String,
}

/// What an encrypted password is for.
#[derive(SimpleObject)]
pub(super) struct GenerateEncryptedPasswordPayload {
    /// For `docker login` in the place of the password, until that changes.
    encrypted_password: String,
}

/// A token to be.
#[derive(InputObject)]
pub(super) struct CreateAppTokenInput {
    /// What the viewer calls it, 1 to 255 characters.
    title: String,
}

/// What a new token gives.
#[derive(SimpleObject)]
pub(super) struct CreateAppTokenPayload {
    /// The token without its text.
    app_token: AppToken,
    /// The text, 120 characters: a password for `docker login` with the user name `$app`.
    token: String,
}

/// Which token is taken back.
#[derive(InputObject)]
pub(super) struct DeleteAppTokenInput {
    /// The token's `uuid`.
    uuid: String,
}

/// What taking a token back gives.
#[derive(SimpleObject)]
pub(super) struct DeleteAppTokenPayload {
    /// The token that is no more.
    deleted_uuid: String,
}

/// Which session ends.
#[derive(InputObject)]
pub(super) struct RevokeSessionInput {
    /// The session's `id`.
    id: ID,
}

/// What ending a session gives.
#[derive(SimpleObject)]
pub(super) struct RevokeSessionPayload {
    /// The session that is no more.
    revoked_id: ID,
}

/// What the viewer puts away.
#[derive(InputObject)]
pub(super) struct DismissNotificationInput {
    /// The notification's `uuid`.
    uuid: String,
    /// False takes it out again.
    #[graphql(default = true)]
    dismissed: bool,
}

/// What putting away gives.
#[derive(SimpleObject)]
pub(super) struct DismissNotificationPayload {
    /// The notification as it is now.
    notification: Notification,
    /// How much is left that the viewer has not put away.
    unread_count: i32,
}

/// What the viewer puts away at once.
#[derive(InputObject)]
pub(super) struct DismissNotificationsInput {
    /// Each notification's `uuid`, at most 1,000; the newest 1,000 that are not put away when left out.
    uuids: Option<Vec<String>>,
    /// False takes those that are named out again.
    #[graphql(default = true)]
    dismissed: bool,
}

/// What putting away at once gives.
#[derive(SimpleObject)]
pub(super) struct DismissNotificationsPayload {
    /// Those that are put away, or taken out again; what the viewer is not told is left out.
    uuids: Vec<String>,
    /// How much is left that the viewer has not put away.
    unread_count: i32,
}

/// A user as the viewer sees it.
pub(super) async fn user(ctx: &Context<'_>, id: AccountId) -> Result<User> {
    let view = load(ctx.loader(), id).await?;
    view.map(User).ok_or_else(|| gql(Error::Hidden(Noun::User)))
}

async fn itself(ctx: &Context<'_>) -> Result<User> {
    let id = ctx.actor().user_id();
    user(ctx, id.ok_or_else(|| gql(Error::Hidden(Noun::User)))?).await
}

/// A text that is told, an empty one that is removed, or none that stays.
fn told(text: MaybeUndefined<String>) -> Option<String> {
    match text {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(String::new()),
        MaybeUndefined::Value(text) => Some(text.trim().to_owned()),
    }
}

/// Mutations of the own account.
#[derive(Default)]
pub(super) struct AccountMutations;

/// Mutations of the own account.
#[Object]
impl AccountMutations {
    /// Changes the viewer's own account, all or nothing; the user name, names, company and location need a fresh login.
    /// Scope: `user:admin`. Log: `user_change_name`, `user_change_tag_expiration`, `user_change_metadata`.
    async fn update_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateAccountInput,
    ) -> Result<UpdateAccountPayload> {
        let actor = ctx.actor();
        let name = actor.user_id().and_then(|_| actor.name());
        let name = name.ok_or_else(|| Error::unauthenticated("sign in as a user first"));
        let name: Namespace = name.and_then(|name| name.parse()).map_err(gql)?;
        let names = Names {
            given_name: told(input.given_name),
            family_name: told(input.family_name),
            company: told(input.company),
            location: told(input.location),
        };
        if names == Names::default() && input.username.is_none() {
            update(ctx, AccountKind::User, &name, input.tag_expiration_seconds).await?;
        } else {
            let username = input
                .username
                .map(|name| name.parse::<Namespace>())
                .transpose();
            let change = Change {
                tag_expiration: match input.tag_expiration_seconds {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(None),
                    MaybeUndefined::Value(seconds) => Some(Some(tag_expiration(seconds)?)),
                },
                names,
                username: username.map_err(gql_named("username"))?,
                ..Change::default()
            };
            let changed = ctx.services().accounts.change(&actor, &change).await;
            ctx.go_on_as(changed.map_err(gql_named("username"))?.actor);
        }
        Ok(UpdateAccountPayload {
            user: itself(ctx).await?,
        })
    }

    /// Makes an organization of the viewer's account, which another user administers. Nobody signs in as it any more, its
    /// tokens and roles elsewhere end, its repositories and robots stay. The session that begins is the other user's. The
    /// only administrator of an organization is refused, and a superuser. It cannot be undone. Scope: `user:admin`.
    /// Fresh login. Log: `account_convert`.
    async fn convert_to_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who administers it.")] input: ConvertToOrganizationInput,
    ) -> Result<ConvertToOrganizationPayload> {
        let actor = ctx.actor();
        let id = actor.user_id().unwrap_or(AccountId(0));
        let password: Secret<String> = input.admin_password.into();
        let authn = &ctx.services().authn;
        let session = authn
            .convert_to_organization(&actor, &input.admin_user, &password)
            .await
            .map_err(gql)?;
        let viewer = Viewer::of(session.actor.clone());
        ctx.begin_session(session);
        Ok(ConvertToOrganizationPayload {
            organization: organization(ctx, id).await?,
            viewer: viewer.ok_or_else(|| gql(Error::Hidden(Noun::User)))?,
        })
    }

    /// Changes the viewer's address: at once, or, where `registry.sendsMail` is true, when the link in the
    /// mail to the new address is followed. Scope: `user:admin`. Fresh login. Log: `user_change_email`.
    async fn change_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new address.")] input: ChangeEmailInput,
    ) -> Result<ChangeEmailPayload> {
        let email: Email = input.email.trim().parse().map_err(gql_named("email"))?;
        let accounts = &ctx.services().accounts;
        let change = accounts.change_email(&ctx.actor(), &email).await;
        let change = change.map_err(gql_named("email"))?;
        Ok(ChangeEmailPayload {
            user: itself(ctx).await?,
            awaiting_confirmation: change == EmailChange::AwaitingConfirmation,
        })
    }

    /// Deletes the viewer's own account with its repositories, robots and tokens; the name stays taken until
    /// everything is removed. The only administrator of an organization is refused, and a superuser. It cannot
    /// be undone. Scope: `user:admin`. Fresh login. Log: `user_delete`.
    async fn delete_account(&self, ctx: &Context<'_>) -> Result<DeleteAccountPayload> {
        let actor = ctx.actor();
        let accounts = &ctx.services().accounts;
        accounts.delete(&actor).await.map_err(gql)?;
        ctx.end_session();
        let id = actor.user_id().unwrap_or(AccountId(0));
        Ok(DeleteAccountPayload {
            deleted_id: GlobalId::User(id).encode(),
        })
    }

    /// Encrypts the viewer's password for the configuration of a client. Scope: `user:admin`. Log:
    /// `user_generate_client_key`.
    async fn generate_encrypted_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The own password.")] input: GenerateEncryptedPasswordInput,
    ) -> Result<GenerateEncryptedPasswordPayload> {
        let password: Secret<String> = input.password.into();
        let authn = &ctx.services().authn;
        let encrypted = authn
            .generate_encrypted_password(&ctx.actor(), &password)
            .await
            .map_err(gql)?;
        Ok(GenerateEncryptedPasswordPayload {
            encrypted_password: encrypted.expose().clone(),
        })
    }

    /// Makes a token that a client of the viewer uses instead of the password. Its text is in no other
    /// answer. Scope: `user:admin`. Fresh login. Log: `create_app_specific_token`.
    async fn create_app_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token to be.")] input: CreateAppTokenInput,
    ) -> Result<CreateAppTokenPayload> {
        let app_tokens = &ctx.services().app_tokens;
        let made = app_tokens.create(&ctx.actor(), &input.title).await;
        let (view, token) = made.map_err(gql)?;
        Ok(CreateAppTokenPayload {
            app_token: AppToken(view),
            token: token.expose().clone(),
        })
    }

    /// Takes a token of the viewer back; it is refused at the next request, and cannot be brought back. Scope:
    /// `user:admin`. Fresh login. Log: `revoke_app_specific_token`.
    async fn delete_app_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] input: DeleteAppTokenInput,
    ) -> Result<DeleteAppTokenPayload> {
        let app_tokens = &ctx.services().app_tokens;
        let deleted = app_tokens.delete(&ctx.actor(), &input.uuid).await;
        Ok(DeleteAppTokenPayload {
            deleted_uuid: deleted.map_err(gql)?.uuid,
        })
    }

    /// Ends a session of the viewer, at its next request. Scope: `user:admin`. Log: `logout_success`.
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: RevokeSessionInput,
    ) -> Result<RevokeSessionPayload> {
        let id = ids::session("id", &input.id).map_err(gql)?;
        let accounts = &ctx.services().accounts;
        let is_own = accounts.revoke_session(&ctx.actor(), id).await;
        if is_own.map_err(gql)? {
            ctx.end_session();
        }
        Ok(RevokeSessionPayload {
            revoked_id: input.id,
        })
    }

    /// Puts something away that the viewer is told, or takes it out again, for the viewer alone. Scope: `user:admin`.
    /// It is not logged.
    async fn dismiss_notification(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is put away.")] input: DismissNotificationInput,
    ) -> Result<DismissNotificationPayload> {
        let (notifications, actor) = (&ctx.services().notifications, ctx.actor());
        let view = notifications.dismiss(&actor, &input.uuid, input.dismissed);
        let view = view.await.map_err(gql)?;
        let unread = notifications.unread(&actor).await.map_err(gql)?;
        Ok(DismissNotificationPayload {
            notification: Notification(view),
            unread_count: count(unread),
        })
    }

    /// Puts many things away that the viewer is told, or takes them out again, for the viewer alone. Scope: `user:admin`.
    /// It is not logged.
    async fn dismiss_notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is put away.")] input: DismissNotificationsInput,
    ) -> Result<DismissNotificationsPayload> {
        let (notifications, actor) = (&ctx.services().notifications, ctx.actor());
        let uuids = input.uuids.as_ref();
        let uuids = uuids.map(|uuids| uuids.iter().map(String::as_str).collect::<Vec<_>>());
        let done = notifications.dismiss_many(&actor, uuids.as_deref(), input.dismissed);
        let uuids = done.await.map_err(gql)?;
        let unread = notifications.unread(&actor).await.map_err(gql)?;
        Ok(DismissNotificationsPayload {
            uuids,
            unread_count: count(unread),
        })
    }
}
