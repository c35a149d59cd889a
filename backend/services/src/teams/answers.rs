//! What those answer who are asked into teams: a user by the public id of the question, and whoever has the code of a
//! mail, which for a user is for nobody else.

use berth_crypto::tokens;
use berth_domain::{Error, Event, InvitationId, Page, PageRequest, Result, TeamId};
use berth_store::teams::invitations::{self as rows, Found};
use berth_store::{Conn, Tx, accounts, teams};
use uuid::Uuid;

use super::Teams;
use super::invitations::{InvitationView, views};
use super::members::already_in;
use crate::access::account::Own;
use crate::actor::Actor;
use crate::authn::unknown_code;

impl Teams {
    /// The teams that the actor is asked into by name, the newest question first.
    pub async fn invitations(
        &self,
        actor: &Actor,
        page: &PageRequest<InvitationId>,
    ) -> Result<Page<InvitationView>> {
        let own = self.core.gate.view_account(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = rows::page_of_user(&mut conn, own.id, page.after, page.fetch()).await?;
        let found = page.page(found);
        Ok(Page {
            items: self.told(&mut conn, found.items).await?,
            has_more: found.has_more,
        })
    }

    /// The question that a code is for, before it is answered.
    ///
    /// # Errors
    /// A code that is not good, or is of another user.
    pub async fn invitation(&self, actor: &Actor, code: &str) -> Result<InvitationView> {
        let own = self.core.gate.view_account(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = self.asked(&mut conn, own.target(), code).await?;
        let mut views = self.told(&mut conn, vec![found]).await?;
        views.pop().ok_or_else(unknown_code)
    }

    /// Comes into the team that a code is for, and into all others of the same organization that the user, or the address
    /// of the mail, is asked into. Gives the questions, that of the code first.
    ///
    /// # Errors
    /// A code that is not good, or is of another user; one of a mail for a team that the actor is in already, which is
    /// left for whom it was meant.
    pub async fn accept_invitation(
        &self,
        actor: &Actor,
        code: &str,
    ) -> Result<Vec<InvitationView>> {
        let own = self.core.gate.administer_account(actor)?;
        let now = self.core.now();
        self.core
            .db
            .write(async |tx| {
                let named = self.locked(tx, own.target(), code).await?;
                let is_mailed = named.row.email.is_some();
                if is_mailed && teams::is_member(tx, named.row.team_id, own.id).await? {
                    return Err(already_in(own.name.as_str(), &named.team));
                }
                let email = named.row.email.as_deref();
                let mut found =
                    rows::in_organization(tx, named.organization, own.id, email).await?;
                found.sort_by_key(|found| found.row.id != named.row.id);
                let into: Vec<TeamId> = found.iter().map(|found| found.row.team_id).collect();
                let views = self.told(tx, found).await?;
                teams::join(tx, &into, own.id, now).await?;
                self.end(tx, &views).await?;
                let event = |view: &InvitationView| Event::TeamInvitationAccepted {
                    team: view.team.clone(),
                    member: own.name.to_string(),
                    inviter: view.inviter.clone(),
                };
                let events: Vec<Event> = views.iter().map(event).collect();
                self.record_all(tx, actor, named.organization, &events)
                    .await?;
                Ok(views)
            })
            .await
    }

    /// Comes not into the team that a code is for. Gives the question.
    ///
    /// # Errors
    /// A code that is not good, or is of another user.
    pub async fn decline_invitation(&self, actor: &Actor, code: &str) -> Result<InvitationView> {
        let own = self.core.gate.administer_account(actor)?;
        self.core
            .db
            .write(async |tx| {
                let named = self.locked(tx, own.target(), code).await?;
                let mut views = self.told(tx, vec![named]).await?;
                self.end(tx, &views).await?;
                let view = views.pop().ok_or_else(unknown_code)?;
                let event = Event::TeamInvitationDeclined {
                    team: view.team.clone(),
                    member: own.name.to_string(),
                    inviter: view.inviter.clone(),
                };
                self.record(tx, actor, view.organization_id, &event).await?;
                Ok(view)
            })
            .await
    }

    /// The question that a code is for, its organization locked: who answered it or took it back at the same moment was
    /// faster.
    async fn locked(&self, tx: &mut Tx, own: &Own, code: &str) -> Result<Found> {
        let found = self.asked(tx, own, code).await?;
        accounts::lock(tx, found.organization).await?;
        self.asked(tx, own, code).await
    }

    async fn asked(&self, conn: &mut Conn, own: &Own, code: &str) -> Result<Found> {
        let code = code.trim();
        let mailed = rows::by_code(conn, &tokens::hash_token(code)).await?;
        let Some(found) = mailed else {
            let uuid = Uuid::parse_str(code).map_err(|_| unknown_code())?;
            let found = rows::of_user(conn, own.id, &uuid.to_string()).await?;
            return found.ok_or_else(unknown_code);
        };
        if found.row.account_id.is_some_and(|user| user != own.id) {
            let user = accounts::by_ids(conn, found.row.account_id.as_slice()).await?;
            let name = user.into_iter().find_map(|user| user.name);
            return Err(Error::conflict(format!(
                "This invite is intended for user \"{}\". Please sign in as that user and try again.",
                name.unwrap_or_default()
            )));
        }
        let is_live = found
            .row
            .code_expires_at
            .is_some_and(|end| self.core.now() < end);
        if !is_live {
            return Err(Error::invalid_value(
                "This confirmation code has expired. Ask who invited you for another mail.",
            )
            .in_field("code"));
        }
        Ok(found)
    }

    async fn told(&self, conn: &mut Conn, found: Vec<Found>) -> Result<Vec<InvitationView>> {
        views(conn, self.core.settings.registry.avatars, found).await
    }
}
