//! Roles in repositories (A7): which accounts and teams have one, giving and taking them, and who may do what by them.

mod explanation;

mod of_subject;

use std::collections::HashSet;
use std::sync::Arc;

use berth_domain::{
    AccountId, AccountKind, Error, Event, Namespace, Noun, RepositoryId, RepositoryRole, Result,
    RobotName, TeamId, TeamName, shorten,
};
use berth_store::accounts::Account;
use berth_store::gate::{NamespaceFacts, RepositoryFacts};
use berth_store::repositories as rows;
use berth_store::robots::Robot;
use berth_store::{Conn, Tx, accounts, robots, teams};

pub use berth_store::repositories::Permission;
pub use explanation::{AccessKey, AccessView, Ground, Reason};
pub(crate) use of_subject::{Holder, in_one_namespace};
pub use of_subject::{RoleIn, Subject as RoleSubject};

use crate::access::repo;
use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;

/// No more roles change in one request.
pub const CHANGES_MAX: usize = 100;

/// Roles in repositories.
#[derive(Clone)]
pub struct Permissions {
    core: Arc<Core>,
}

/// A role to give, or to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleChange {
    /// User name or `namespace+robot`.
    pub account: String,
    /// The role; none takes it.
    pub role: Option<RepositoryRole>,
}

/// A role of a team to give, or to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRoleChange {
    /// Name of a team of the repository's organization.
    pub team: String,
    /// The role; none takes it.
    pub role: Option<RepositoryRole>,
}

/// A role given to one team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamPermission {
    /// Which team.
    pub id: TeamId,
    /// By name.
    pub team: TeamName,
    /// A hash in hex of its name.
    pub avatar_hash: String,
    /// The role.
    pub role: RepositoryRole,
}

impl Permissions {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The roles given to users and robots in a repository, by name; none for who does not administer it, unless the
    /// actor sees everything and changes nothing.
    pub async fn list(
        &self,
        actor: &Actor,
        repository: RepositoryId,
    ) -> Result<Option<Vec<Permission>>> {
        let mut conn = self.core.db.read().await?;
        let held = self
            .core
            .gate
            .repositories::<repo::SeeRoles>(&mut conn, actor, &[repository])
            .await?;
        if held.is_empty() {
            return Ok(None);
        }
        rows::permissions(&mut conn, repository).await.map(Some)
    }

    /// Which of those who hold roles in a repository belong to its organization, robots included; none where a user has the
    /// repository, and as of [`Permissions::list`].
    pub async fn members(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        held: &[Permission],
    ) -> Result<Option<HashSet<AccountId>>> {
        let mut conn = self.core.db.read().await?;
        let found = self
            .core
            .gate
            .repositories::<repo::SeeRoles>(&mut conn, actor, &[repository])
            .await?;
        let namespace = found.first().map(|access| &access.namespace);
        let of_organization =
            |namespace: &&NamespaceFacts| namespace.kind == AccountKind::Organization;
        let Some(organization) = namespace.filter(of_organization) else {
            return Ok(None);
        };
        let ids: Vec<AccountId> = held.iter().map(|role| role.account_id).collect();
        let members = teams::members_among(&mut conn, organization.id, &ids).await?;
        let robots = held.iter().filter(|role| role.kind == AccountKind::Robot);
        let robots = robots.map(|role| role.account_id);
        Ok(Some(members.into_iter().chain(robots).collect()))
    }

    /// The roles given to teams in a repository, by name; none as of [`Permissions::list`].
    pub async fn list_teams(
        &self,
        actor: &Actor,
        repository: RepositoryId,
    ) -> Result<Option<Vec<TeamPermission>>> {
        let mut conn = self.core.db.read().await?;
        let held = self
            .core
            .gate
            .repositories::<repo::SeeRoles>(&mut conn, actor, &[repository])
            .await?;
        if held.is_empty() {
            return Ok(None);
        }
        let avatars = self.core.settings.registry.avatars;
        let found = teams::roles_in(&mut conn, repository).await?.into_iter();
        let found = found.map(|found| TeamPermission {
            avatar_hash: avatars.of_name(found.team.as_str()),
            id: found.id,
            team: found.team,
            role: found.role,
        });
        Ok(Some(found.collect()))
    }

    /// The roles of a user or robot in a repository, its own and those of its teams; none for who does not administer
    /// the repository.
    ///
    /// # Errors
    /// Not found for a name that nobody has.
    pub async fn transitive(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        name: &str,
    ) -> Result<Option<Vec<RepositoryRole>>> {
        let mut conn = self.core.db.read().await?;
        let held = self
            .core
            .gate
            .repositories::<repo::SeeRoles>(&mut conn, actor, &[repository])
            .await?;
        if held.is_empty() {
            return Ok(None);
        }
        let account = if let Ok(robot) = name.parse::<RobotName>() {
            let found = robots::by_name(&mut conn, &robot).await?;
            found.map(|robot| robot.id)
        } else if let Ok(user) = name.parse::<Namespace>() {
            let found = accounts::by_name(&mut conn, &user).await?;
            found.map(|account| account.id)
        } else {
            None
        };
        let account = account.ok_or_else(|| Error::not_found(Noun::User, name))?;
        let roles = teams::roles_of_account(&mut conn, repository, account).await?;
        Ok(Some(roles))
    }

    /// Gives and takes roles of accounts in one repository, all of them or none.
    ///
    /// # Errors
    /// An account that does not exist, the namespace's own user, a robot of another namespace.
    pub async fn set(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        changes: &[RoleChange],
    ) -> Result<()> {
        self.set_all(actor, repository, changes, &[]).await
    }

    /// The same together with roles of teams, which are given and taken behind those of accounts.
    ///
    /// # Errors
    /// As [`Self::set`]; a team that the organization does not have.
    pub async fn set_all(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        changes: &[RoleChange],
        of_teams: &[TeamRoleChange],
    ) -> Result<()> {
        let count = changes.len() + of_teams.len();
        if !(1..=CHANGES_MAX).contains(&count) {
            return Err(Error::invalid_value(format!(
                "change 1 to {CHANGES_MAX} permissions at once; these are {count}"
            ))
            .in_field("permissions"));
        }
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository_by_id::<repo::Administer>(tx, actor, repository)
                    .await?;
                let facts = access.target();
                let known = Known::load(tx, facts, changes, of_teams).await?;
                for (position, change) in changes.iter().enumerate() {
                    let account = known
                        .account(facts, &change.account)
                        .map_err(|e| e.in_field(format!("permissions.{position}.account")))?;
                    self.set_role(tx, actor, facts, account, change).await?;
                }
                for (position, change) in of_teams.iter().enumerate() {
                    let team = known
                        .team(facts, &change.team)
                        .map_err(|e| e.in_field(format!("teamPermissions.{position}.team")))?;
                    self.set_role_of_team(tx, actor, facts, team, change.role)
                        .await?;
                }
                Ok(())
            })
            .await
    }

    /// Gives or takes the role of an account that may have one there; the actor may do that.
    pub(crate) async fn set_role(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        facts: &RepositoryFacts,
        account: AccountId,
        change: &RoleChange,
    ) -> Result<()> {
        let id = facts.repository.id;
        let (repository, name) = (facts.repository.path(), change.account.clone());
        let event = match change.role {
            Some(role) => {
                rows::set_role(tx, id, account, role, self.core.now()).await?;
                Event::PermissionChanged {
                    repository,
                    account: name,
                    role,
                }
            }
            None if rows::remove_role(tx, id, account).await? => Event::PermissionRemoved {
                repository,
                account: name,
            },
            // Nothing was there to take, so nothing happened.
            None => return Ok(()),
        };
        self.record(tx, actor, facts, &event).await
    }

    async fn set_role_of_team(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        facts: &RepositoryFacts,
        (id, team): &(TeamId, TeamName),
        role: Option<RepositoryRole>,
    ) -> Result<()> {
        let (repository, team) = (facts.repository.path(), team.clone());
        let in_repository = facts.repository.id;
        let event = match role {
            Some(role) => {
                let now = self.core.now();
                teams::set_repository_role(tx, in_repository, *id, role, now).await?;
                Event::TeamPermissionChanged {
                    repository,
                    team,
                    role,
                }
            }
            None if teams::remove_repository_role(tx, in_repository, *id).await? => {
                Event::TeamPermissionRemoved { repository, team }
            }
            None => return Ok(()),
        };
        self.record(tx, actor, facts, &event).await
    }

    async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        facts: &RepositoryFacts,
        event: &Event,
    ) -> Result<()> {
        let subject = Subject {
            namespace: Some(facts.namespace.id),
            repository: Some(facts.repository.id),
        };
        self.core.journal.record(tx, actor, subject, event).await
    }
}

/// What is there of the accounts and teams that changes name.
struct Known {
    users: Vec<Account>,
    robots: Vec<Robot>,
    teams: Vec<(TeamId, TeamName)>,
}

impl Known {
    /// In three queries, however many changes there are.
    async fn load(
        conn: &mut Conn,
        facts: &RepositoryFacts,
        changes: &[RoleChange],
        of_teams: &[TeamRoleChange],
    ) -> Result<Self> {
        let names = || changes.iter().map(|change| change.account.as_str());
        let users: Vec<&str> = names().filter(|name| !name.contains('+')).collect();
        let short: Vec<&str> = names()
            .filter_map(|name| name.split_once('+'))
            .filter(|(namespace, _)| *namespace == facts.namespace.name.as_str())
            .map(|(_, short)| short)
            .collect();
        Ok(Self {
            users: accounts::by_names(conn, &users).await?,
            robots: robots::by_short_names(conn, facts.namespace.id, &short).await?,
            teams: {
                let names: Vec<&str> = of_teams.iter().map(|change| &*change.team).collect();
                teams::by_names(conn, facts.namespace.id, &names).await?
            },
        })
    }

    /// The team that may have a role in the repository. Users have none.
    fn team(&self, facts: &RepositoryFacts, name: &str) -> Result<&(TeamId, TeamName)> {
        let mut found = self.teams.iter();
        let found = found.find(|(_, team)| team.as_str() == name);
        found.ok_or_else(|| {
            Error::invalid_value(format!(
                "No team {} in organization {}",
                shorten(name),
                facts.namespace.name
            ))
        })
    }

    /// The account that may have a role in the repository.
    fn account(&self, facts: &RepositoryFacts, name: &str) -> Result<AccountId> {
        let unknown = || Error::invalid_value(format!("Invalid username: {}", shorten(name)));
        if name.contains('+') {
            let robot: RobotName = name.parse().map_err(|_| unknown())?;
            // Answered without a look at the row, so that robots of others cannot be counted.
            if robot.namespace != facts.namespace.name {
                return Err(Error::invalid_value(format!(
                    "Cannot add robot {name} under namespace {}",
                    facts.namespace.name
                )));
            }
            let found = self.robots.iter().find(|known| known.name == robot);
            return found.map(|robot| robot.id).ok_or_else(unknown);
        }
        let user: Namespace = name.parse().map_err(|_| unknown())?;
        let found = self.users.iter().find(|account| {
            account.kind == AccountKind::User && account.name.as_deref() == Some(user.as_str())
        });
        let account = found.ok_or_else(unknown)?;
        if account.id == facts.namespace.id {
            return Err(Error::invalid_value(
                "Namespace owner must always be admin.",
            ));
        }
        Ok(account.id)
    }
}
