//! Teams of organizations (A1 to A4): what their members may do there, who is in them and who is asked to be, and so who
//! belongs to an organization.

mod answers;
mod invitations;
mod listing;
mod members;
mod people;
mod roles;

use std::sync::Arc;

use berth_domain::{
    AccountId, Error, Event, Namespace, Noun, Result, TeamId, TeamName, TeamRole, Timestamp,
};
use berth_store::gate::{NamespaceFacts, TeamFacts};
use berth_store::teams::{self as rows, Team, Without};
use berth_store::{Conn, Tx, accounts, logs};

pub use invitations::{InvitationKey, InvitationView, PENDING_MAX};
pub(crate) use invitations::{LINK_LIFE, views as invitation_views};
pub use listing::{LIST_MAX, TeamCounts};
pub(crate) use members::{Meant, meant};
pub use members::{MemberPlace, MemberState, MemberView};

pub use people::{EACH_MAX, PersonView, TeamOfPerson};

pub use berth_store::organizations::people::Firsts;
pub use berth_store::teams::RoleIn;

use crate::access::Access;
use crate::access::namespace::Administer;
use crate::access::policy::TeamAction;
use crate::access::team::{Manage, TeamPermission, View};
use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;

/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 1_000;

/// Teams of organizations.
#[derive(Clone)]
pub struct Teams {
    core: Arc<Core>,
}

/// Which team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamKey<'a> {
    /// By row.
    Id(TeamId),
    /// By name, which may be one that no team can have.
    Name {
        /// Whose.
        organization: &'a Namespace,
        /// Its name there.
        team: &'a str,
    },
}

/// A team as one actor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamView {
    /// Row id.
    pub id: TeamId,
    /// Whose it is.
    pub organization_id: AccountId,
    /// Whose it is, by name.
    pub organization: Namespace,
    /// Its name there.
    pub name: TeamName,
    /// What its members may do in the organization.
    pub role: TeamRole,
    /// Free text.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// A hash in hex of its name.
    pub avatar_hash: String,
    /// Whether the actor may see who is in it.
    pub can_view_members: bool,
    /// Whether the actor may see its roles in repositories.
    pub can_view_roles: bool,
    /// Whether the actor may change it, and who is in it.
    pub can_manage: bool,
}

/// What changes of a team; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamChange {
    /// Another role.
    pub role: Option<TeamRole>,
    /// Another description.
    pub description: Option<String>,
}

impl Teams {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Makes a team, without anybody in it.
    ///
    /// # Errors
    /// A taken name, a description that is too long, an actor that does not administer the organization.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: &Namespace,
        name: &TeamName,
        role: TeamRole,
        description: &str,
    ) -> Result<TeamView> {
        self.core
            .db
            .write(async |tx| {
                let access = self.administered(tx, actor, organization).await?;
                let id = self
                    .make(tx, actor, &access, name, role, description)
                    .await?;
                self.view(tx, actor, id).await
            })
            .await
    }

    /// Changes the team of this name, or makes it where there is none; tells whether it is new.
    ///
    /// # Errors
    /// As [`Self::create`] and [`Self::update`]; a name that no team can have.
    pub async fn put(
        &self,
        actor: &Actor,
        organization: &Namespace,
        name: &str,
        role: TeamRole,
        description: Option<&str>,
    ) -> Result<(TeamView, bool)> {
        self.core
            .db
            .write(async |tx| {
                let access = self.administered(tx, actor, organization).await?;
                let name: TeamName = name.parse()?;
                let found = rows::by_name(tx, access.id, &name).await?;
                let is_new = found.is_none();
                let id = if let Some(team) = found {
                    self.change(tx, actor, &access, &team, Some(role), description)
                        .await?;
                    team.id
                } else {
                    let description = description.unwrap_or_default();
                    self.make(tx, actor, &access, &name, role, description)
                        .await?
                };
                Ok((self.view(tx, actor, id).await?, is_new))
            })
            .await
    }

    /// Changes what is given: all of it or nothing.
    ///
    /// # Errors
    /// A description that is too long; another role for the team without which the organization has no
    /// administrator.
    pub async fn update(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        change: &TeamChange,
    ) -> Result<TeamView> {
        self.core
            .db
            .write(async |tx| {
                let access = self.managed(tx, actor, key).await?;
                let TeamFacts {
                    team, organization, ..
                } = access.target();
                let description = change.description.as_deref();
                self.change(tx, actor, organization, team, change.role, description)
                    .await?;
                self.view(tx, actor, team.id).await
            })
            .await
    }

    /// Deletes a team: who was in it keeps nothing that came by it, and nobody is asked into it any more. Gives the
    /// organization that had it.
    ///
    /// # Errors
    /// The team without which the organization has no administrator.
    pub async fn delete(&self, actor: &Actor, key: TeamKey<'_>) -> Result<AccountId> {
        self.core
            .db
            .write(async |tx| {
                let access = self.managed(tx, actor, key).await?;
                let TeamFacts {
                    team, organization, ..
                } = access.target();
                if !keeps_administrator(tx, organization, team, Without::Team(team.id)).await? {
                    return Err(Error::conflict(deletion_refused(actor, organization, team)));
                }
                self.core.withdraw_invitations(tx, team.id).await?;
                rows::delete(tx, team.id).await?;
                let event = Event::TeamDeleted {
                    team: team.name.clone(),
                };
                self.record(tx, actor, organization.id, &event).await?;
                Ok(organization.id)
            })
            .await
    }

    async fn make(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: &NamespaceFacts,
        name: &TeamName,
        role: TeamRole,
        description: &str,
    ) -> Result<TeamId> {
        check_description(description)?;
        let now = self.core.now();
        let id = rows::insert(tx, organization.id, name.as_str(), role, now).await?;
        if !description.is_empty() {
            rows::set_description(tx, id, description).await?;
        }
        let event = Event::TeamCreated { team: name.clone() };
        self.record(tx, actor, organization.id, &event).await?;
        Ok(id)
    }

    async fn change(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: &NamespaceFacts,
        team: &Team,
        role: Option<TeamRole>,
        description: Option<&str>,
    ) -> Result<()> {
        if let Some(role) = role.filter(|role| *role != team.role) {
            if !keeps_administrator(tx, organization, team, Without::Team(team.id)).await? {
                return Err(Error::conflict(format!(
                    "Cannot remove admin from team '{}' because calling user would no longer have admin on org '{}'",
                    team.name, organization.name
                )));
            }
            rows::set_role(tx, team.id, role).await?;
            let event = Event::TeamRoleChanged {
                team: team.name.clone(),
                role,
            };
            self.record(tx, actor, organization.id, &event).await?;
        }
        if let Some(description) = description.filter(|text| *text != team.description) {
            check_description(description)?;
            rows::set_description(tx, team.id, description).await?;
            let event = Event::TeamDescribed {
                team: team.name.clone(),
                description: description.to_owned(),
            };
            self.record(tx, actor, organization.id, &event).await?;
        }
        Ok(())
    }

    /// An organization that the actor administers, locked: changes of its teams follow one another, so that of two
    /// who take each other's rights the second has none any more.
    async fn administered(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: &Namespace,
    ) -> Result<Access<Administer>> {
        let gate = &self.core.gate;
        let access = gate
            .organization::<Administer>(tx, actor, organization)
            .await?;
        accounts::lock(tx, access.id).await?;
        gate.organization::<Administer>(tx, actor, organization)
            .await
    }

    /// A team that the actor manages, its organization locked as by [`Self::administered`].
    async fn managed(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        key: TeamKey<'_>,
    ) -> Result<Access<Manage>> {
        let access = self.access::<Manage>(tx, actor, key).await?;
        accounts::lock(tx, access.organization.id).await?;
        self.access::<Manage>(tx, actor, key).await
    }

    async fn access<P: TeamPermission>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        key: TeamKey<'_>,
    ) -> Result<Access<P>> {
        let gate = &self.core.gate;
        match key {
            TeamKey::Id(id) => {
                let mut each = gate.each_team::<P>(conn, actor, &[id]).await?;
                each.pop().unwrap_or(Err(Error::Hidden(Noun::Team)))
            }
            TeamKey::Name { organization, team } => {
                gate.team::<P>(conn, actor, organization, team).await
            }
        }
    }

    async fn view(&self, conn: &mut Conn, actor: &Actor, id: TeamId) -> Result<TeamView> {
        let access = self.access::<View>(conn, actor, TeamKey::Id(id)).await?;
        Ok(self.render(actor, access.target()))
    }

    fn render(&self, actor: &Actor, facts: &TeamFacts) -> TeamView {
        let TeamFacts {
            team, organization, ..
        } = facts;
        let gate = &self.core.gate;
        TeamView {
            id: team.id,
            organization_id: organization.id,
            organization: organization.name.clone(),
            name: team.name.clone(),
            role: team.role,
            description: team.description.clone(),
            created_at: team.created_at,
            avatar_hash: self
                .core
                .settings
                .registry
                .avatars
                .of_name(team.name.as_str()),
            can_view_members: gate.holds_team(actor, facts, TeamAction::ViewMembers),
            can_view_roles: gate.holds_team(actor, facts, TeamAction::ViewRoles),
            can_manage: gate.writable().is_ok()
                && gate.holds_team(actor, facts, TeamAction::Manage),
        }
    }

    /// Records events of one organization that nobody waits for, together.
    async fn record_all(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: AccountId,
        events: &[Event],
    ) -> Result<()> {
        let subject = Subject {
            namespace: Some(organization),
            repository: None,
        };
        let entry = |event: &Event| self.core.journal.entry(actor, subject, event);
        let entries: Vec<_> = events.iter().map(entry).collect();
        logs::insert_many(tx, &entries).await
    }

    async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: AccountId,
        event: &Event,
    ) -> Result<()> {
        let subject = Subject {
            namespace: Some(organization),
            repository: None,
        };
        self.core.journal.record(tx, actor, subject, event).await
    }
}

/// Whether an organization keeps an administrator when a team loses something. What is no team of administrators
/// makes none.
async fn keeps_administrator(
    conn: &mut Conn,
    organization: &NamespaceFacts,
    team: &Team,
    without: Without,
) -> Result<bool> {
    if team.role != TeamRole::Admin {
        return Ok(true);
    }
    let found = rows::administrator(conn, organization.id, without).await?;
    Ok(found.is_some())
}

/// Scripts know the sentence about who asks, which says nothing true of a superuser from outside.
fn deletion_refused(actor: &Actor, organization: &NamespaceFacts, team: &Team) -> String {
    match actor.name() {
        Some(name) if organization.team_role == Some(TeamRole::Admin) => format!(
            "Deleting team '{}' would remove admin ability for user '{name}' in organization '{}'",
            team.name, organization.name
        ),
        _ => format!(
            "Deleting team '{}' would remove the last administrator of organization '{}'",
            team.name, organization.name
        ),
    }
}

fn check_description(description: &str) -> Result<()> {
    let length = description.chars().count();
    if length > DESCRIPTION_MAX {
        return Err(Error::invalid_value(format!(
            "a description has at most {DESCRIPTION_MAX} characters, this one has {length}"
        ))
        .in_field("description"));
    }
    Ok(())
}
