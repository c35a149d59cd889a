//! Who is in a team, and in one list with them who is asked into it.

use berth_domain::{
    AccountId, AccountKind, Error, Event, Namespace, Noun, Page, PageRequest, Result, RobotName,
    TeamName, Timestamp, shorten,
};
use berth_store::gate::{NamespaceFacts, TeamFacts};
use berth_store::teams::invitations::{self, PendingKey};
use berth_store::teams::{self as rows, Member, MemberKey, Without};
use berth_store::{Conn, accounts, robots};

use super::invitations::Whom;
use super::{InvitationView, LIST_MAX, TeamKey, TeamView, Teams, keeps_administrator};
use crate::access::policy::TeamAction;
use crate::access::team::ViewMembers;
use crate::actor::Actor;

/// Somebody in a team, or asked into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// The account; none where an address is asked.
    pub id: Option<AccountId>,
    /// User or robot; none where an address is asked.
    pub kind: Option<AccountKind>,
    /// User name, `namespace+robot`, or the address.
    pub name: String,
    /// A hash in hex of the e-mail address, or of a random value where there is none.
    pub avatar_hash: String,
    /// When it came into the team, or was asked first.
    pub added_at: Timestamp,
    /// The question that it has not answered yet; none for who is in the team.
    pub invitation: Option<InvitationView>,
}

/// Whether somebody is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    /// It is.
    Member,
    /// It was asked, and has not answered.
    Invited,
}

/// Where somebody stands in the list of those in a team and those asked into it: a part of the list, and a name in that.
/// Users by name, then robots, then users who are asked, then addresses.
pub type MemberPlace = (u8, String);

const ROBOTS: u8 = 1;
const ASKED: u8 = 2;
const ADDRESSES: u8 = 3;

impl MemberView {
    /// Whether it is in the team.
    pub const fn state(&self) -> MemberState {
        match self.invitation {
            Some(_) => MemberState::Invited,
            None => MemberState::Member,
        }
    }

    /// Where it stands in the list.
    pub fn key(&self) -> MemberPlace {
        if self.invitation.is_some() {
            let part = if self.id.is_some() { ASKED } else { ADDRESSES };
            return (part, self.name.clone());
        }
        match self.name.split_once('+') {
            Some((_, short)) => (ROBOTS, short.to_owned()),
            None => (0, self.name.clone()),
        }
    }
}

/// Which parts of a list are shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    members: bool,
    invited: bool,
}

/// Who is meant by a user name or `namespace+robot`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A user.
    User(AccountId),
    /// A robot of the organization.
    Robot(AccountId),
    /// A robot of another namespace, whether or not it is there: those of others cannot be counted.
    Foreign,
    /// Nobody.
    Nobody,
}

impl Teams {
    /// Who is in a team, and with [`MemberState::Invited`] who is asked into it, in the order of [`MemberPlace`]: for who is
    /// in it, administrators of the organization, and who sees everything and changes nothing. Administrators alone see who
    /// is asked. Gives the team as well.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for everybody else.
    pub async fn members(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        states: &[MemberState],
        search: Option<&str>,
        page: &PageRequest<MemberPlace>,
    ) -> Result<(TeamView, Page<MemberView>)> {
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewMembers>(&mut conn, actor, key).await?;
        let (after, limit) = (page.after.as_ref(), page.fetch());
        let shown = self.shown(actor, access.target(), states);
        let found = self
            .listed(&mut conn, access.target(), shown, search, after, limit)
            .await?;
        Ok((self.render(actor, access.target()), page.page(found)))
    }

    /// All of them, [`LIST_MAX`] at most, as [`Self::members`] gives them.
    ///
    /// # Errors
    /// As [`Self::members`].
    pub async fn all_members(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        states: &[MemberState],
    ) -> Result<(TeamView, Vec<MemberView>)> {
        let limit = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewMembers>(&mut conn, actor, key).await?;
        let shown = self.shown(actor, access.target(), states);
        let found = self
            .listed(&mut conn, access.target(), shown, None, None, limit)
            .await?;
        Ok((self.render(actor, access.target()), found))
    }

    /// How many [`Self::members`] walks through, [`LIST_MAX`] at most.
    ///
    /// # Errors
    /// As [`Self::members`].
    pub async fn count_members(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        states: &[MemberState],
        search: Option<&str>,
    ) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewMembers>(&mut conn, actor, key).await?;
        let shown = self.shown(actor, access.target(), states);
        let mut count = 0;
        if shown.members {
            count += rows::count_members(&mut conn, access.team.id, search).await?;
        }
        if shown.invited {
            count += invitations::count(&mut conn, access.team.id, search).await?;
        }
        let most = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        Ok(u64::try_from(count.min(most)).unwrap_or(0))
    }

    /// What of a list the actor asks for and may see.
    fn shown(&self, actor: &Actor, facts: &TeamFacts, states: &[MemberState]) -> Shown {
        let gate = &self.core.gate;
        Shown {
            members: states.contains(&MemberState::Member),
            invited: states.contains(&MemberState::Invited)
                && gate.holds_team(actor, facts, TeamAction::Manage),
        }
    }

    async fn listed(
        &self,
        conn: &mut Conn,
        facts: &TeamFacts,
        shown: Shown,
        search: Option<&str>,
        after: Option<&MemberPlace>,
        limit: i64,
    ) -> Result<Vec<MemberView>> {
        let (team, organization) = (facts.team.id, &facts.organization.name);
        let mut views = Vec::new();
        if shown.members && after.is_none_or(|(part, _)| *part < ASKED) {
            let after = after.map(|(part, name)| MemberKey {
                is_robot: *part == ROBOTS,
                name: name.clone(),
            });
            let found = rows::members(conn, team, search, after.as_ref(), limit).await?;
            views.extend(
                found
                    .into_iter()
                    .map(|member| self.member(organization, member)),
            );
        }
        let rest = limit.saturating_sub(i64::try_from(views.len()).unwrap_or(i64::MAX));
        if shown.invited && rest > 0 {
            let after = after.filter(|(part, _)| *part >= ASKED);
            let after = after.map(|(part, name)| PendingKey {
                is_address: *part == ADDRESSES,
                name: name.clone(),
            });
            let found = invitations::pending(conn, team, search, after.as_ref(), rest).await?;
            views.extend(self.pending(conn, facts, found).await?);
        }
        Ok(views)
    }

    /// Puts a robot of the organization into a team, or a user; where that has to agree first, it is asked, and again
    /// where it was asked already. Who puts itself into a team has agreed.
    ///
    /// # Errors
    /// Somebody who is not there, is a robot of another namespace, or is in the team already; too many who are asked.
    pub async fn add_member(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        name: &str,
    ) -> Result<(TeamView, MemberView)> {
        let core = &self.core;
        core.db
            .write(async |tx| {
                let access = self.managed(tx, actor, key).await?;
                let TeamFacts {
                    team, organization, ..
                } = access.target();
                let (account, is_user) = match meant(tx, organization, name).await? {
                    Meant::User(id) => (id, true),
                    Meant::Robot(id) => (id, false),
                    Meant::Foreign => {
                        return Err(Error::conflict(
                            "Cannot add the specified robot to this team, as it is not a member of the organization",
                        ));
                    }
                    Meant::Nobody => {
                        return Err(Error::invalid_value("Unknown user").in_field("account"));
                    }
                };
                if rows::is_member(tx, team.id, account).await? {
                    return Err(already_in(name, &team.name));
                }
                let found = accounts::by_ids(tx, &[account]).await?.pop();
                let account = found.ok_or(Error::Hidden(Noun::User))?;
                let member = if is_user && self.has_to_agree(tx, actor, organization, account.id).await? {
                    self.invite(tx, actor, access.target(), Whom::User(account)).await?
                } else {
                    let now = core.now();
                    self.settle(tx, team.id, account.id).await?;
                    rows::add_member(tx, team.id, account.id, now).await?;
                    let event = Event::TeamMemberAdded {
                        team: team.name.clone(),
                        member: name.to_owned(),
                    };
                    self.record(tx, actor, organization.id, &event).await?;
                    MemberView {
                        id: Some(account.id),
                        kind: Some(account.kind),
                        name: name.to_owned(),
                        avatar_hash: core.settings.registry.avatars.of_account(&account),
                        added_at: now,
                        invitation: None,
                    }
                };
                Ok((self.view(tx, actor, team.id).await?, member))
            })
            .await
    }

    /// Takes somebody out of a team; whoever has not answered yet whether to come into it is asked no more. Gives the
    /// team, unless the actor knew it by being in it alone.
    ///
    /// # Errors
    /// Somebody who is not there, is not in the team, or is the only administrator of the organization.
    pub async fn remove_member(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        name: &str,
    ) -> Result<Option<TeamView>> {
        self.core
            .db
            .write(async |tx| {
                let access = self.managed(tx, actor, key).await?;
                let TeamFacts {
                    team, organization, ..
                } = access.target();
                let (account, is_user) = match meant(tx, organization, name).await? {
                    Meant::User(id) => (id, true),
                    Meant::Robot(id) => (id, false),
                    Meant::Foreign | Meant::Nobody => {
                        return Err(Error::not_found(Noun::User, name));
                    }
                };
                if is_user && self.take_back(tx, actor, access.target(), account).await? {
                    return Ok(Some(self.view(tx, actor, team.id).await?));
                }
                if !rows::is_member(tx, team.id, account).await? {
                    return Err(Error::conflict(format!(
                        "User {} does not belong to team {}",
                        shorten(name),
                        team.name
                    )));
                }
                let without = Without::Membership(team.id, account);
                if is_user && !keeps_administrator(tx, organization, team, without).await? {
                    return Err(Error::conflict(if actor.user_id() == Some(account) {
                        "User cannot remove themselves from their only admin team."
                    } else {
                        "Cannot remove user as they are the only organization admin"
                    }));
                }
                rows::remove_member(tx, team.id, account).await?;
                let event = Event::TeamMemberRemoved {
                    team: team.name.clone(),
                    member: name.to_owned(),
                };
                self.record(tx, actor, organization.id, &event).await?;
                let mut views = self.views(tx, actor, &[team.id]).await?;
                Ok(views.remove(&team.id))
            })
            .await
    }

    fn member(&self, organization: &Namespace, member: Member) -> MemberView {
        let Member {
            account,
            key,
            added_at,
        } = member;
        MemberView {
            id: Some(account.id),
            kind: Some(account.kind),
            name: if key.is_robot {
                format!("{organization}+{}", key.name)
            } else {
                key.name
            },
            avatar_hash: self.core.settings.registry.avatars.of_account(&account),
            added_at,
            invitation: None,
        }
    }
}

/// What is told of who is in a team already, in the words that scripts know.
pub(super) fn already_in(name: &str, team: &TeamName) -> Error {
    Error::conflict(format!("User {name} is already a member of team {team}"))
}

/// Finds who is meant by a user name or `namespace+robot`, for an organization.
pub(crate) async fn meant(
    conn: &mut Conn,
    organization: &NamespaceFacts,
    name: &str,
) -> Result<Meant> {
    if name.contains('+') {
        let Ok(robot) = name.parse::<RobotName>() else {
            return Ok(Meant::Nobody);
        };
        if robot.namespace != organization.name {
            return Ok(Meant::Foreign);
        }
        let found = robots::by_name(conn, &robot).await?;
        return Ok(found.map_or(Meant::Nobody, |robot| Meant::Robot(robot.id)));
    }
    let Ok(user) = name.parse::<Namespace>() else {
        return Ok(Meant::Nobody);
    };
    let found = accounts::by_name(conn, &user).await?;
    let found = found.filter(|account| account.kind == AccountKind::User);
    Ok(found.map_or(Meant::Nobody, |account| Meant::User(account.id)))
}
