//! What belongs to a user's own account.

use async_graphql::{Context, ID, Object, Result};
use berth_domain::Page;
use berth_services::Credential;
use berth_services::accounts as services;
use berth_services::app_tokens::AppTokenView;

use super::namespace::User;
use crate::connection::{self, connection};
use crate::context::Asks;
use crate::ids::GlobalId;
use crate::loaders::load;
use crate::scalars::DateTime;

/// A token that a client uses instead of the password.
#[derive(Clone)]
pub(crate) struct AppToken(pub(crate) AppTokenView);

/// A token that a client of a user signs in to `/v2` with, as `$app`.
#[Object]
impl AppToken {
    /// Names it, for `deleteAppToken`.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// What its user calls it.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Whose it is; null when hidden.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(load(ctx.loader(), self.0.account_id).await?.map(User))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When a client last used it, to within five minutes; null before.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// When it ends; null for one without an end.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }
}

connection!(
    AppTokenConnection,
    AppTokenEdge,
    AppToken,
    "tokens of clients"
);

/// A page of tokens.
pub(crate) fn app_tokens(skipped: bool, page: Page<AppTokenView>) -> AppTokenConnection {
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.id), AppToken(view)));
    AppTokenConnection::new(skipped, page.has_more, rows.collect())
}

/// A signed-in browser.
#[derive(Clone)]
pub(crate) struct Session {
    row: services::Session,
    is_current: bool,
}

/// A signed-in browser of the viewer.
#[Object]
impl Session {
    /// Opaque, for `revokeSession`.
    async fn id(&self) -> ID {
        GlobalId::Session(self.row.id).encode()
    }

    /// Address that it signed in from, where it is known.
    async fn address(&self) -> Option<&str> {
        self.row.ip.as_deref()
    }

    /// What it called itself.
    async fn user_agent(&self) -> Option<&str> {
        self.row.user_agent.as_deref()
    }

    /// When it signed in.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When the password was last given in it.
    async fn authenticated_at(&self) -> DateTime {
        self.row.authenticated_at.into()
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime {
        self.row.expires_at.into()
    }

    /// True for the one that asks.
    async fn is_current(&self) -> bool {
        self.is_current
    }
}

connection!(SessionConnection, SessionEdge, Session, "sessions");

/// A page of sessions, as one of them may see it.
pub(crate) fn sessions(
    skipped: bool,
    page: Page<services::Session>,
    asking: Credential,
) -> SessionConnection {
    let rows = page.items.into_iter().map(|row| {
        let is_current = asking == Credential::Session(row.id);
        (connection::cursor(&row.id), Session { row, is_current })
    });
    SessionConnection::new(skipped, page.has_more, rows.collect())
}

/// A way to sign in.
pub(crate) struct Login(pub(crate) services::Login);

/// A way of a user to sign in.
#[Object]
impl Login {
    /// `password`, or the service that vouches for the user.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Who the user is at that service; for a password an id of this registry.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}
