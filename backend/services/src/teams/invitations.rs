//! Asking users and e-mail addresses whether to come into a team (A3), and taking the question back. A user is asked in
//! the bell, and by mail where it has an address. A mail has a link with a code, which the mail after it ends; the
//! question itself waits until it is answered or taken back.

use std::collections::HashMap;
use std::time::Duration;

use berth_domain::{
    AccountId, Email, Error, Event, InvitationId, Invited, Namespace, NotificationKind, Noun,
    Result, TeamId, TeamName, Timestamp,
};
use berth_store::accounts::{self, Account};
use berth_store::gate::{NamespaceFacts, TeamFacts};
use berth_store::teams::invitations::{
    self as rows, Asked, Found, Invitation, NewInvitation, Pending,
};
use berth_store::{Conn, Tx, mails, teams};
use serde_json::json;
use uuid::Uuid;

use super::{MemberView, TeamKey, TeamView, Teams};
use crate::actor::Actor;
use crate::notifications::{Audience, Notice};
use crate::settings::AvatarKind;

/// How long the link in a mail works.
pub(crate) const LINK_LIFE: Duration = Duration::from_hours(14 * 24);
/// From a mail to the next one about the same: who asks again and again fills no mailbox.
const MAIL_PAUSE: Duration = Duration::from_mins(1);
/// No more are asked into a team at a time.
pub const PENDING_MAX: i64 = 1_000;
/// What the bell says of it.
const TOLD: NotificationKind = NotificationKind::TeamInvitation;
/// What to do where no mail is sent.
const ASK_BY_NAME: &str = "put users into the team by their names";

/// A question, whether to come into a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationView {
    /// Place in the list.
    pub id: InvitationId,
    /// Public id.
    pub uuid: String,
    /// Whose team it is.
    pub organization_id: AccountId,
    /// Whose team it is, by name.
    pub organization: Namespace,
    /// A hash in hex of the organization's e-mail address, or of a random value where there is none.
    pub avatar_hash: String,
    /// Which team.
    pub team_id: TeamId,
    /// By name.
    pub team: TeamName,
    /// The user who is asked, by name; none where an address is.
    pub account: Option<String>,
    /// The address that is asked, in small letters; none where a user is.
    pub email: Option<String>,
    /// Who asked last, by name; none where that user is gone.
    pub inviter: Option<String>,
    /// When it was asked first.
    pub created_at: Timestamp,
    /// When the link in the last mail ends; none before the first one went out.
    pub link_expires_at: Option<Timestamp>,
}

impl InvitationView {
    /// Who is asked, for the log.
    fn asked(&self) -> Invited {
        match (&self.account, &self.email) {
            (Some(name), _) => Invited::User(name.clone()),
            (None, email) => Invited::Address(email.clone().unwrap_or_default()),
        }
    }
}

/// Which question into a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKey<'a> {
    /// By its public id.
    Uuid(&'a str),
    /// By the address that is asked.
    Email(&'a str),
}

/// Who is to be asked.
pub(super) enum Whom<'a> {
    /// A user.
    User(Account),
    /// An address.
    Address(&'a Email),
}

impl Teams {
    /// Asks whoever reads the mail to an address to come into a team; again where it was asked already. Whether a user
    /// has the address shows in nothing.
    ///
    /// # Errors
    /// No mail is sent here; what is no address; too many who are asked.
    pub async fn invite_by_email(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        email: &str,
    ) -> Result<(TeamView, MemberView)> {
        self.core
            .db
            .write(async |tx| {
                let access = self.managed(tx, actor, key).await?;
                self.core.sends_mail(ASK_BY_NAME)?;
                let email: Email = email.parse().map_err(|e: Error| e.in_field("email"))?;
                let whom = Whom::Address(&email);
                let member = self.invite(tx, actor, access.target(), whom).await?;
                Ok((self.view(tx, actor, access.team.id).await?, member))
            })
            .await
    }

    /// Takes a question back. Gives the team.
    ///
    /// # Errors
    /// Not found for what nobody is asked.
    pub async fn cancel_invitation(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        which: InvitationKey<'_>,
    ) -> Result<TeamView> {
        self.core
            .db
            .write(async |tx| {
                let access = self.managed(tx, actor, key).await?;
                let team = access.team.id;
                let (found, name) = match which {
                    InvitationKey::Uuid(uuid) => (rows::by_uuid(tx, team, uuid).await?, uuid),
                    InvitationKey::Email(email) => {
                        let address = email.to_ascii_lowercase();
                        (rows::to(tx, team, Asked::Address(&address)).await?, email)
                    }
                };
                let row = found.ok_or_else(|| Error::not_found(Noun::Invitation, name))?;
                self.cancel(tx, actor, vec![within(access.target(), row)])
                    .await?;
                self.view(tx, actor, team).await
            })
            .await
    }

    /// Whether users who are in no team of an organization are asked before they come into one.
    pub fn requires_invitations(&self) -> bool {
        self.core.mailer.is_some() && self.core.settings.teams.invitations
    }

    /// Whether a user is asked before it comes into a team: it is in none of the organization yet, and is not who acts.
    pub(super) async fn has_to_agree(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        organization: &NamespaceFacts,
        account: AccountId,
    ) -> Result<bool> {
        if !self.requires_invitations() || actor.user_id() == Some(account) {
            return Ok(false);
        }
        let known = teams::members_among(conn, organization.id, &[account]).await?;
        Ok(known.is_empty())
    }

    /// Asks somebody into a team, again where that was done already: there is one question, and another mail.
    pub(super) async fn invite(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        facts: &TeamFacts,
        whom: Whom<'_>,
    ) -> Result<MemberView> {
        let (core, now) = (&self.core, self.core.now());
        let address = match &whom {
            Whom::User(_) => String::new(),
            // Other letters than those of ASCII are as they are typed: what looks like an address is none.
            Whom::Address(email) => email.as_str().to_ascii_lowercase(),
        };
        let (asked, recipient) = match &whom {
            Whom::User(account) => (Asked::User(account.id), account.email.as_deref()),
            Whom::Address(email) => (Asked::Address(&address), Some(email.as_str())),
        };
        let inviter = actor.user_id();
        let row = match rows::to(tx, facts.team.id, asked).await? {
            Some(row) => {
                rows::set_inviter(tx, row.id, inviter).await?;
                Invitation {
                    inviter_id: inviter,
                    ..row
                }
            }
            None => self.ask(tx, facts, asked, inviter).await?,
        };
        if let Some(recipient) = recipient {
            let last = row.code_expires_at.map(|at| at.before(LINK_LIFE));
            let next = last.map_or(now, |last| last.after(MAIL_PAUSE));
            mails::insert_invitation(tx, row.id, recipient, next.max(now), now).await?;
        }
        let account = match whom {
            Whom::User(account) => Some(account),
            Whom::Address(_) => None,
        };
        let member = self
            .pending(tx, facts, vec![Pending { row, account }])
            .await?;
        let member = member.into_iter().next();
        let member = member.ok_or_else(|| Error::internal("nobody was asked"))?;
        let Some(view) = &member.invitation else {
            return Err(Error::internal("nobody was asked"));
        };
        if let Some(user) = member.id {
            // The user answers by the same word, whose it is alone; scripts know it as a code.
            let metadata = json!({
                "code": view.uuid, "inviter": view.inviter, "org": view.organization, "team": view.team,
            });
            let notice = Notice {
                kind: TOLD,
                subject: &view.uuid,
                organization: Some(facts.organization.id),
                metadata: &metadata,
            };
            core.notify(tx, Audience::Users(&[user]), notice).await?;
        }
        let event = Event::TeamMemberInvited {
            team: facts.team.name.clone(),
            who: view.asked(),
        };
        self.record(tx, actor, facts.organization.id, &event)
            .await?;
        Ok(member)
    }

    async fn ask(
        &self,
        tx: &mut Tx,
        facts: &TeamFacts,
        asked: Asked<'_>,
        inviter: Option<AccountId>,
    ) -> Result<Invitation> {
        if rows::count(tx, facts.team.id, None).await? >= PENDING_MAX {
            return Err(Error::conflict(format!(
                "a team has at most {PENDING_MAX} invitations that nobody has answered; cancel some first"
            )));
        }
        let (account_id, email) = match asked {
            Asked::User(account) => (Some(account), None),
            Asked::Address(email) => (None, Some(email)),
        };
        let new = NewInvitation {
            uuid: &Uuid::new_v4().to_string(),
            team_id: facts.team.id,
            account_id,
            email,
            inviter_id: inviter,
            created_at: self.core.now(),
        };
        rows::insert(tx, &new).await
    }

    /// Those who are asked into a team, as its list shows them.
    pub(super) async fn pending(
        &self,
        conn: &mut Conn,
        facts: &TeamFacts,
        found: Vec<Pending>,
    ) -> Result<Vec<MemberView>> {
        let avatars = self.core.settings.registry.avatars;
        let (rows, users): (Vec<Found>, Vec<Option<Account>>) = found
            .into_iter()
            .map(|pending| (within(facts, pending.row), pending.account))
            .unzip();
        let views = views(conn, avatars, rows).await?;
        let members = views.into_iter().zip(users).map(|(view, user)| {
            let name = view.account.as_ref().or(view.email.as_ref());
            let name = name.cloned().unwrap_or_default();
            MemberView {
                id: user.as_ref().map(|user| user.id),
                kind: user.as_ref().map(|user| user.kind),
                avatar_hash: match &user {
                    Some(user) => avatars.of_account(user),
                    None => avatars.of_email(&name),
                },
                added_at: view.created_at,
                invitation: Some(view),
                name,
            }
        });
        Ok(members.collect())
    }

    /// Takes the question to a user into a team back; tells whether there was one.
    pub(super) async fn take_back(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        facts: &TeamFacts,
        account: AccountId,
    ) -> Result<bool> {
        let Some(row) = rows::to(tx, facts.team.id, Asked::User(account)).await? else {
            return Ok(false);
        };
        self.cancel(tx, actor, vec![within(facts, row)]).await?;
        Ok(true)
    }

    /// Takes all questions of an organization to a user back.
    pub(super) async fn take_all_back(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: AccountId,
        account: AccountId,
    ) -> Result<()> {
        let found = rows::in_organization(tx, organization, account, None).await?;
        self.cancel(tx, actor, found).await
    }

    /// Ends questions of one organization.
    async fn cancel(&self, tx: &mut Tx, actor: &Actor, found: Vec<Found>) -> Result<()> {
        let Some(organization) = found.first().map(|found| found.organization) else {
            return Ok(());
        };
        let views = views(tx, self.core.settings.registry.avatars, found).await?;
        self.end(tx, &views).await?;
        let event = |view: &InvitationView| Event::TeamInvitationCancelled {
            team: view.team.clone(),
            who: view.asked(),
        };
        let events: Vec<Event> = views.iter().map(event).collect();
        self.record_all(tx, actor, organization, &events).await
    }

    /// Ends the question to a user who comes into the team without being asked any more.
    pub(super) async fn settle(&self, tx: &mut Tx, team: TeamId, account: AccountId) -> Result<()> {
        if let Some(row) = rows::to(tx, team, Asked::User(account)).await? {
            rows::delete(tx, &[row.id]).await?;
            self.core.withdraw(tx, TOLD, &row.uuid).await?;
        }
        Ok(())
    }

    /// Ends questions, and what the bell says of them.
    pub(super) async fn end(&self, tx: &mut Tx, views: &[InvitationView]) -> Result<()> {
        let ids: Vec<InvitationId> = views.iter().map(|view| view.id).collect();
        let uuids: Vec<&str> = views.iter().map(|view| view.uuid.as_str()).collect();
        rows::delete(tx, &ids).await?;
        self.core.withdraw_all(tx, TOLD, &uuids).await
    }
}

/// A question into a team that is known.
fn within(facts: &TeamFacts, row: Invitation) -> Found {
    Found {
        row,
        team: facts.team.name.clone(),
        organization: facts.organization.id,
    }
}

/// Questions with the names that they are about, in their order; in one query, however many they are.
pub(crate) async fn views(
    conn: &mut Conn,
    avatars: AvatarKind,
    found: Vec<Found>,
) -> Result<Vec<InvitationView>> {
    let named = |found: &Found| {
        let row = &found.row;
        [Some(found.organization), row.account_id, row.inviter_id]
    };
    let mut ids: Vec<AccountId> = found.iter().flat_map(named).flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let known = accounts::by_ids(conn, &ids).await?;
    let known: HashMap<AccountId, Account> = known
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let name = |id: Option<AccountId>| known.get(&id?)?.name.clone();
    let view = |found: Found| -> Result<InvitationView> {
        let Found {
            row,
            team,
            organization,
        } = found;
        let owner = known
            .get(&organization)
            .ok_or_else(|| Error::internal("a team without an organization"))?;
        let inviter = row.inviter_id.and_then(|id| known.get(&id));
        let inviter = inviter.filter(|inviter| inviter.deleting_at.is_none());
        Ok(InvitationView {
            id: row.id,
            uuid: row.uuid,
            organization_id: organization,
            organization: owner.name.as_deref().unwrap_or_default().parse()?,
            avatar_hash: avatars.of_account(owner),
            team_id: row.team_id,
            team,
            account: name(row.account_id),
            email: row.email,
            inviter: inviter.and_then(|inviter| inviter.name.clone()),
            created_at: row.created_at,
            link_expires_at: row.code_expires_at,
        })
    };
    found.into_iter().map(view).collect()
}
