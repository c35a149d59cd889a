//! Who is asked to come into a team, as both sides see it.

use async_graphql::{Context, Result, SimpleObject};
use berth_services::teams::InvitationView;

use super::namespace::{Avatar, picture};
use crate::connection::{self, connection};
use crate::context::Asks;
use crate::error::found;
use crate::scalars::DateTime;

/// The question to a user, or to whoever reads the mail to an address, whether to come into a team. It waits until it is
/// answered or taken back.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Invitation {
    /// Names it, for `cancelInvitation`; the user who is asked answers by it as by a code, and nobody else.
    uuid: String,
    /// Name of the organization.
    organization: String,
    /// A picture for the organization.
    avatar: Avatar,
    /// Name of the team.
    team: String,
    /// The user who is asked; null where an address is.
    account: Option<String>,
    /// The address that is asked; null where a user is.
    email: Option<String>,
    /// Who asked last; null where that user is gone.
    inviter: Option<String>,
    /// When it was asked first.
    created_at: DateTime,
    /// When the link in the last mail ends; null before the first one went out.
    link_expires_at: Option<DateTime>,
}

impl From<InvitationView> for Invitation {
    fn from(view: InvitationView) -> Self {
        Self {
            uuid: view.uuid,
            avatar: picture(&view.organization, &view.avatar_hash, "org"),
            organization: view.organization.to_string(),
            team: view.team.to_string(),
            account: view.account,
            email: view.email,
            inviter: view.inviter,
            created_at: view.created_at.into(),
            link_expires_at: view.link_expires_at.map(Into::into),
        }
    }
}

connection!(
    InvitationConnection,
    InvitationEdge,
    Invitation,
    "the teams that a user is asked into"
);

/// A page of the teams that the viewer is asked into; none for a credential that may not administer the user.
pub(crate) async fn page(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Option<InvitationConnection>> {
    let skipped = after.is_some();
    let request = connection::request(first, after)?;
    let teams = &ctx.services().teams;
    let Some(page) = found(teams.invitations(&ctx.actor(), &request).await)? else {
        return Ok(None);
    };
    let rows = page.items.into_iter();
    let rows = rows.map(|view| (connection::cursor(&view.id), view.into()));
    Ok(Some(InvitationConnection::new(
        skipped,
        page.has_more,
        rows.collect(),
    )))
}

/// What a code is for, for who may answer it.
pub(crate) async fn of_code(ctx: &Context<'_>, code: &str) -> Result<Option<Invitation>> {
    let view = ctx.services().teams.invitation(&ctx.actor(), code).await;
    Ok(found(view)?.map(Into::into))
}
