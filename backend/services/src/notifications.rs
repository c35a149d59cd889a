//! The bell: what users are told beside mail, and what becomes of it.
//!
//! Whoever is told has a row of its own. Features tell in the transaction of what they tell of ([`Core::notify`]), so
//! nobody is told of what was rolled back; subscribers on any replica learn of it by the outbox.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{
    AccountId, AccountKind, ApplicationId, Error, Namespace, NotificationId, NotificationKind,
    Noun, Page, PageRequest, Result, TeamId, Timestamp,
};
use berth_store::notifications::{self as rows, NewNotification, Notification};
use berth_store::{Conn, Tx, accounts, teams, users};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::access::Gate;
use crate::actor::Actor;
use crate::core::Core;

/// How long anything stands in the bell.
pub const LIFE: Duration = Duration::from_hours(90 * 24);
/// No more people are told at once.
const TOLD_MAX: i64 = 1_000;
/// No more is put away, or taken out again, at once.
pub const DISMISSED_MAX: usize = 1_000;
/// Kind of the event by which subscribers learn of it.
pub(crate) const PUBLISHED: &str = "notification";

/// The bell.
#[derive(Clone)]
pub struct Notifications {
    core: Arc<Core>,
}

/// Something that the actor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationView {
    /// Place in the bell.
    pub id: NotificationId,
    /// Public id.
    pub uuid: String,
    /// What happened, in a word.
    pub kind: String,
    /// The organization that it is about, by its name of today.
    pub organization: Option<Namespace>,
    /// The names it speaks of.
    pub metadata: Map<String, Value>,
    /// Whether the actor has put it away.
    pub dismissed: bool,
    /// When it happened.
    pub created_at: Timestamp,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience<'a> {
    /// These users; accounts of another kind, and users that are being deleted, are left out.
    Users(&'a [AccountId]),
    /// The administrators of an organization; who is none any more sees it no more.
    Administrators(AccountId),
    /// The superusers.
    Superusers,
}

/// What is told.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// What happened.
    pub kind: NotificationKind,
    /// What it is about, such as the id of an invitation: of the same nobody is told twice, and it is withdrawn by it.
    pub subject: &'a str,
    /// The organization that it is about.
    pub organization: Option<AccountId>,
    /// The names it speaks of, as an object. No secrets.
    pub metadata: &'a Value,
}

fn view((row, organization): (Notification, Option<String>)) -> Result<NotificationView> {
    Ok(NotificationView {
        id: row.id,
        uuid: row.uuid,
        kind: row.kind,
        organization: organization.map(|name| name.parse()).transpose()?,
        metadata: serde_json::from_str(&row.metadata).map_err(Error::internal)?,
        dismissed: row.dismissed,
        created_at: row.created_at,
    })
}

impl Core {
    /// Tells somebody something, in the caller's transaction. Of the same subject nobody is told twice.
    pub(crate) async fn notify(
        &self,
        tx: &mut Tx,
        audience: Audience<'_>,
        notice: Notice<'_>,
    ) -> Result<()> {
        let told = self.told(tx, audience).await?;
        let now = self.now();
        let metadata = notice.metadata.to_string();
        let (as_administrator, about) = match audience {
            Audience::Administrators(organization) => (true, Some(organization)),
            Audience::Users(_) | Audience::Superusers => (false, notice.organization),
        };
        for account in told {
            let uuid = Uuid::new_v4().to_string();
            let new = NewNotification {
                uuid: &uuid,
                account_id: account,
                kind: notice.kind.as_str(),
                subject: notice.subject,
                namespace_id: about,
                as_administrator,
                metadata: &metadata,
                created_at: now,
            };
            if rows::insert(tx, &new).await? {
                let payload = json!({ "uuid": uuid }).to_string();
                let journal = &self.journal;
                journal
                    .publish(tx, PUBLISHED, Some(account), &payload)
                    .await?;
            }
        }
        Ok(())
    }

    /// Takes back what anybody was told of a subject, in the caller's transaction: it is settled, or was an error.
    pub(crate) async fn withdraw(
        &self,
        tx: &mut Tx,
        kind: NotificationKind,
        subject: &str,
    ) -> Result<()> {
        rows::withdraw(tx, kind.as_str(), subject).await.map(drop)
    }

    /// Takes back what users were told of several subjects, in the caller's transaction.
    pub(crate) async fn withdraw_all(
        &self,
        tx: &mut Tx,
        kind: NotificationKind,
        subjects: &[&str],
    ) -> Result<()> {
        rows::withdraw_all(tx, kind.as_str(), subjects)
            .await
            .map(drop)
    }

    /// Takes back what users were told of the invitations into a team, while those are still there.
    pub(crate) async fn withdraw_invitations(&self, tx: &mut Tx, team: TeamId) -> Result<()> {
        let kind = NotificationKind::TeamInvitation;
        rows::withdraw_of_team(tx, kind.as_str(), team)
            .await
            .map(drop)
    }

    /// Takes back what anybody was told of the consents that an application asks for, while those are still there.
    pub(crate) async fn withdraw_assignments(
        &self,
        tx: &mut Tx,
        application: ApplicationId,
    ) -> Result<()> {
        let kind = NotificationKind::AssignedAuthorization;
        rows::withdraw_of_application(tx, kind.as_str(), application)
            .await
            .map(drop)
    }

    async fn told(&self, tx: &mut Tx, audience: Audience<'_>) -> Result<Vec<AccountId>> {
        let ids = match audience {
            Audience::Administrators(organization) => {
                return teams::administering_users(tx, organization, TOLD_MAX).await;
            }
            Audience::Users(ids) => ids.to_vec(),
            Audience::Superusers if !self.settings.users.superusers_enabled => Vec::new(),
            Audience::Superusers => match &self.settings.users.superusers {
                Some(names) => {
                    let names: Vec<&str> = names.iter().map(Namespace::as_str).collect();
                    let found = accounts::by_names(tx, &names).await?;
                    found.iter().map(|account| account.id).collect()
                }
                None => users::first_superusers(tx).await?,
            },
        };
        let known = users::by_ids(tx, &ids).await?.into_values();
        let known = known.filter(|(account, _)| account.kind == AccountKind::User);
        let mut ids: Vec<AccountId> = known.map(|(account, _)| account.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// A notification as the account that it was for sees it now.
    pub(crate) async fn notification(
        conn: &mut Conn,
        account: AccountId,
        uuid: &str,
    ) -> Result<Option<NotificationView>> {
        let found = rows::by_uuid(conn, account, uuid).await?;
        found.map(view).transpose()
    }
}

impl Notifications {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Tells somebody something that happened outside of the registry, such as work on it. Workers and the command line.
    ///
    /// # Errors
    /// Any other actor.
    pub async fn tell(
        &self,
        actor: &Actor,
        audience: Audience<'_>,
        notice: Notice<'_>,
    ) -> Result<()> {
        Gate::local(actor)?;
        let core = &self.core;
        core.db
            .write(async |tx| core.notify(tx, audience, notice).await)
            .await
    }

    /// What the actor is told, the newest first; with `dismissed` what it has put away too.
    pub async fn page(
        &self,
        actor: &Actor,
        dismissed: bool,
        page: &PageRequest<NotificationId>,
    ) -> Result<Page<NotificationView>> {
        self.cut(actor, dismissed, page, 0).await
    }

    /// The same for scripts that count pages from 0, of what is not put away.
    pub async fn numbered_page(
        &self,
        actor: &Actor,
        number: u32,
        limit: usize,
    ) -> Result<Page<NotificationView>> {
        let page = PageRequest::new(None, limit);
        let limit = i64::try_from(page.limit).map_err(Error::internal)?;
        self.cut(actor, false, &page, i64::from(number) * limit)
            .await
    }

    async fn cut(
        &self,
        actor: &Actor,
        dismissed: bool,
        page: &PageRequest<NotificationId>,
        skipped: i64,
    ) -> Result<Page<NotificationView>> {
        let own = self.core.gate.view_account(actor)?;
        let mut conn = self.core.db.read().await?;
        let (after, limit) = (page.after, page.fetch());
        let found = rows::page(&mut conn, own.id, dismissed, after, skipped, limit).await?;
        let found = page.page(found);
        Ok(Page {
            items: found.items.into_iter().map(view).collect::<Result<_>>()?,
            has_more: found.has_more,
        })
    }

    /// How much the actor is told and has not put away.
    pub async fn unread(&self, actor: &Actor) -> Result<u64> {
        let own = self.core.gate.view_account(actor)?;
        let mut conn = self.core.db.read().await?;
        let count = rows::unread(&mut conn, own.id).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Something that the actor is told, by its public id.
    ///
    /// # Errors
    /// What the actor is not told, or no more.
    pub async fn get(&self, actor: &Actor, uuid: &str) -> Result<NotificationView> {
        let own = self.core.gate.view_account(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = Core::notification(&mut conn, own.id, uuid).await?;
        found.ok_or_else(|| Error::not_found(Noun::Notification, uuid))
    }

    /// Puts something away, or takes it out again; for the actor alone.
    ///
    /// # Errors
    /// What the actor is not told, or no more.
    pub async fn dismiss(
        &self,
        actor: &Actor,
        uuid: &str,
        dismissed: bool,
    ) -> Result<NotificationView> {
        let own = self.core.gate.administer_account(actor)?;
        self.core
            .db
            .write(async |tx| {
                let found = Core::notification(tx, own.id, uuid).await?;
                let found = found.ok_or_else(|| Error::not_found(Noun::Notification, uuid))?;
                rows::set_dismissed(tx, &[found.id], dismissed).await?;
                Ok(NotificationView { dismissed, ..found })
            })
            .await
    }

    /// Puts many things away, or takes them out again, for the actor alone, and tells which: those that are named, as
    /// far as the actor is told them, or with none named the newest [`DISMISSED_MAX`] that are not put away.
    ///
    /// # Errors
    /// Too many names; none for what is taken out again.
    pub async fn dismiss_many(
        &self,
        actor: &Actor,
        uuids: Option<&[&str]>,
        dismissed: bool,
    ) -> Result<Vec<String>> {
        let own = self.core.gate.administer_account(actor)?;
        let named = uuids.map_or(0, <[_]>::len);
        if named > DISMISSED_MAX {
            let message = format!("name at most {DISMISSED_MAX} at once, these are {named}");
            return Err(Error::invalid_value(message).in_field("uuids"));
        }
        if uuids.is_none() && !dismissed {
            let message = "name what is to be taken out again";
            return Err(Error::invalid_value(message).in_field("uuids"));
        }
        let limit = i64::try_from(DISMISSED_MAX).map_err(Error::internal)?;
        self.core
            .db
            .write(async |tx| {
                let found = rows::ids(tx, own.id, uuids, limit).await?;
                let (ids, uuids): (Vec<_>, Vec<_>) = found.into_iter().unzip();
                rows::set_dismissed(tx, &ids, dismissed).await?;
                Ok(uuids)
            })
            .await
    }
}
