//! Who is asking.

use async_graphql::{Context, Enum, ID, Object, Result};
use berth_domain::{Error, Noun};
use berth_services::{Actor, Credential};

use super::account::{self, AppTokenConnection, Login, SessionConnection};
use super::application::{self, AssignedAuthorizationConnection, AuthorizationConnection};
use super::bulk_change::{self, BulkChange, BulkChangeConnection};
use super::invitation::{self, Invitation, InvitationConnection};
use super::namespace::User;
use super::notification::{Notification, NotificationConnection};
use super::repository::{self, RepositoryConnection, RepositoryFilter, RepositoryOrder};
use crate::connection::{self, count};
use crate::context::Asks;
use crate::error::{found, gql};
use crate::loaders::load;

/// How the viewer proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum CredentialKind {
    /// A signed-in browser.
    Session,
    /// An OAuth access token.
    OauthToken,
}

/// The user who asks.
pub(crate) struct Viewer(Actor);

impl Viewer {
    /// Of a user; nobody else is one.
    pub(crate) fn of(actor: Actor) -> Option<Self> {
        actor.user_id().is_some().then_some(Self(actor))
    }
}

/// The user who asks, and what its credential allows.
#[Object]
impl Viewer {
    /// The user itself.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        let view = match self.0.user_id() {
            Some(id) => load(ctx.loader(), id).await?,
            None => None,
        };
        view.map(User).ok_or_else(|| gql(Error::Hidden(Noun::User)))
    }

    /// How the viewer proved who it is.
    async fn credential(&self) -> CredentialKind {
        match self.0.credential() {
            Credential::OAuth(_) => CredentialKind::OauthToken,
            Credential::Session(_)
            | Credential::AppToken(_)
            | Credential::Basic
            | Credential::None
            | Credential::Local => CredentialKind::Session,
        }
    }

    /// Scopes of the token; a session holds all.
    async fn scopes(&self) -> Vec<String> {
        self.0
            .scopes()
            .iter()
            .map(|scope| scope.to_string())
            .collect()
    }

    /// Whether the viewer may create organizations.
    async fn can_create_organization(&self, ctx: &Context<'_>) -> bool {
        ctx.services().organizations.may_create(&self.0)
    }

    /// Namespaces in which the viewer may create repositories, by name.
    async fn creatable_namespaces(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let names = ctx
            .services()
            .organizations
            .creatable(&self.0)
            .await
            .map_err(gql)?;
        Ok(names.into_iter().map(|name| name.to_string()).collect())
    }

    /// The viewer's tokens for clients, the newest first; null unless the credential may administer the user
    /// (`user:admin`).
    async fn app_tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Those alone that end soon.", default)] expiring: bool,
    ) -> Result<Option<AppTokenConnection>> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let app_tokens = &ctx.services().app_tokens;
        let page = found(app_tokens.page(&self.0, expiring, &request).await)?;
        Ok(page.map(|page| account::app_tokens(skipped, page)))
    }

    /// What the viewer lets applications do, by their access tokens, the newest first; null unless the credential may
    /// administer the user (`user:admin`).
    async fn authorizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<AuthorizationConnection>> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let authorizations = &ctx.services().authorizations;
        let page = found(authorizations.page(&self.0, &request).await)?;
        Ok(page.map(|page| application::authorizations(skipped, page)))
    }

    /// Consents that administrators of applications ask the viewer for, the newest first; null unless the
    /// credential may administer the user (`user:admin`).
    async fn assigned_authorizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<AssignedAuthorizationConnection>> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let authorizations = &ctx.services().authorizations;
        let page = found(authorizations.assigned(&self.0, &request).await)?;
        Ok(page.map(|page| application::assigned_authorizations(skipped, page)))
    }

    /// The viewer's live sessions, the newest first; null unless the credential may administer the user
    /// (`user:admin`).
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<SessionConnection>> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let accounts = &ctx.services().accounts;
        let page = found(accounts.sessions(&self.0, &request).await)?;
        Ok(page.map(|page| account::sessions(skipped, page, self.0.credential())))
    }

    /// What the viewer is told, the newest first; null unless the credential may administer the user (`user:admin`).
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "What was put away too.", default)] dismissed: bool,
    ) -> Result<Option<NotificationConnection>> {
        let skipped = after.is_some();
        let request = connection::request(first, after)?;
        let notifications = &ctx.services().notifications;
        let page = found(notifications.page(&self.0, dismissed, &request).await)?;
        let Some(page) = page else { return Ok(None) };
        let unread = if ctx.look_ahead().field("unreadCount").exists() {
            let unread = notifications.unread(&self.0).await;
            Some(count(unread.map_err(gql)?))
        } else {
            None
        };
        let rows = page.items.into_iter();
        let rows = rows.map(|view| (connection::cursor(&view.id), Notification(view)));
        Ok(Some(NotificationConnection::new(
            skipped,
            page.has_more,
            rows.collect(),
            unread,
        )))
    }

    /// The teams that the viewer is asked into by name, the newest question first; null unless the credential may
    /// administer the user (`user:admin`).
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<InvitationConnection>> {
        invitation::page(ctx, first, after).await
    }

    /// The team that a code is for, before it is answered; null for a code that is not good or is of another user, and
    /// as `invitations` is.
    async fn invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code of a mail, or the uuid of an invitation of the viewer's.")]
        code: String,
    ) -> Result<Option<Invitation>> {
        invitation::of_code(ctx, &code).await
    }

    /// The viewer's changes of more than 1,000 repositories, the newest first; null unless the credential may administer
    /// repositories (`repo:admin`).
    async fn bulk_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
    ) -> Result<Option<BulkChangeConnection>> {
        bulk_change::page(ctx, first, after).await
    }

    /// How far one of the viewer's changes of more than 1,000 repositories is; null for one that is not there or is
    /// another user's, and as `bulkChanges` is.
    async fn bulk_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of the change.")] id: ID,
    ) -> Result<Option<BulkChange>> {
        bulk_change::of_id(ctx, &id).await
    }

    /// The viewer's ways to sign in; null unless the credential may administer the user (`user:admin`).
    async fn logins(&self, ctx: &Context<'_>) -> Result<Option<Vec<Login>>> {
        let logins = found(ctx.services().accounts.logins(&self.0).await)?;
        Ok(logins.map(|logins| logins.into_iter().map(Login).collect()))
    }

    /// The repositories that the viewer has starred and still sees.
    async fn starred(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "A cursor of this list: rows behind it follow.")] after: Option<String>,
        #[graphql(desc = "Narrows the list.")] filter: Option<RepositoryFilter>,
        #[graphql(desc = "By namespace and name when left out.")] order_by: Option<RepositoryOrder>,
    ) -> Result<RepositoryConnection> {
        repository::starred(ctx, first, after, filter, order_by).await
    }

    /// Whether `administration.appTokens` is for the viewer: a superuser who reaches everything, or who sees everything
    /// and changes nothing.
    async fn can_list_app_tokens(&self, ctx: &Context<'_>) -> bool {
        ctx.services().app_tokens.may_list_all(&self.0)
    }

    /// True for a superuser whose token, if any, carries that scope.
    async fn is_superuser(&self) -> bool {
        self.0.is_superuser()
    }
}
