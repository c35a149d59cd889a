//! Who is in a team.

use berth_domain::{
    AccountId, AccountKind, Error, Event, Namespace, Noun, Page, PageRequest, Result, RobotName,
    Timestamp, shorten,
};
use berth_store::gate::{NamespaceFacts, TeamFacts};
use berth_store::teams::{self as rows, Member, MemberKey, Without};
use berth_store::{Conn, accounts, robots};

use super::{LIST_MAX, TeamKey, TeamView, Teams, keeps_administrator};
use crate::access::team::ViewMembers;
use crate::actor::Actor;

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// The account.
    pub id: AccountId,
    /// User or robot.
    pub kind: AccountKind,
    /// User name, or `namespace+robot`.
    pub name: String,
    /// A hash in hex of the e-mail address, or of a random value where there is none.
    pub avatar_hash: String,
    /// When it came into the team.
    pub added_at: Timestamp,
}

impl MemberView {
    /// Where it stands in the list of members: users by name, then robots.
    pub fn key(&self) -> (bool, String) {
        match self.name.split_once('+') {
            Some((_, short)) => (true, short.to_owned()),
            None => (false, self.name.clone()),
        }
    }
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
    /// Who is in a team, users by name and then robots: for who is in it, administrators of the organization, and
    /// who sees everything and changes nothing. Gives the team as well.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for everybody else.
    pub async fn members(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        search: Option<&str>,
        page: &PageRequest<(bool, String)>,
    ) -> Result<(TeamView, Page<MemberView>)> {
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewMembers>(&mut conn, actor, key).await?;
        let after = page.after.clone();
        let after = after.map(|(is_robot, name)| MemberKey { is_robot, name });
        let found = rows::members(
            &mut conn,
            access.team.id,
            search,
            after.as_ref(),
            page.fetch(),
        )
        .await?;
        let organization = &access.organization.name;
        let members = page
            .page(found)
            .map(|member| self.member(organization, member));
        Ok((self.render(actor, access.target()), members))
    }

    /// All who are in a team, [`LIST_MAX`] at most, as [`Self::members`] gives them.
    ///
    /// # Errors
    /// As [`Self::members`].
    pub async fn all_members(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
    ) -> Result<(TeamView, Vec<MemberView>)> {
        let limit = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewMembers>(&mut conn, actor, key).await?;
        let found = rows::members(&mut conn, access.team.id, None, None, limit).await?;
        let organization = &access.organization.name;
        let members = found.into_iter();
        let members = members.map(|member| self.member(organization, member));
        Ok((self.render(actor, access.target()), members.collect()))
    }

    /// How many members [`Self::members`] walks through, 10,000 at most.
    ///
    /// # Errors
    /// As [`Self::members`].
    pub async fn count_members(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        search: Option<&str>,
    ) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewMembers>(&mut conn, actor, key).await?;
        let count = rows::count_members(&mut conn, access.team.id, search).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Puts a user, or a robot of the organization, into a team.
    ///
    /// # Errors
    /// Somebody who is not there, is a robot of another namespace, or is in the team already.
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
                let account = match meant(tx, organization, name).await? {
                    Meant::User(id) | Meant::Robot(id) => id,
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
                    return Err(Error::conflict(format!(
                        "User {name} is already a member of team {}",
                        team.name
                    )));
                }
                let now = core.now();
                rows::add_member(tx, team.id, account, now).await?;
                let event = Event::TeamMemberAdded {
                    team: team.name.clone(),
                    member: name.to_owned(),
                };
                self.record(tx, actor, organization.id, &event).await?;
                let found = accounts::by_ids(tx, &[account]).await?.pop();
                let account = found.ok_or(Error::Hidden(Noun::User))?;
                let member = MemberView {
                    id: account.id,
                    kind: account.kind,
                    name: name.to_owned(),
                    avatar_hash: core.settings.registry.avatars.of_account(&account),
                    added_at: now,
                };
                Ok((self.view(tx, actor, team.id).await?, member))
            })
            .await
    }

    /// Takes somebody out of a team. Gives the team, unless the actor knew it by being in it alone.
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
            id: account.id,
            kind: account.kind,
            name: if key.is_robot {
                format!("{organization}+{}", key.name)
            } else {
                key.name
            },
            avatar_hash: self.core.settings.registry.avatars.of_account(&account),
            added_at,
        }
    }
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
