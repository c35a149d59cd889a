//! Roles in repositories (A7): who has one, giving and taking them.

use std::sync::Arc;

use berth_domain::{
    AccountId, AccountKind, Error, Event, Namespace, RepositoryId, RepositoryRole, Result,
    RobotName, shorten,
};
use berth_store::accounts::Account;
use berth_store::gate::RepositoryFacts;
use berth_store::repositories as rows;
use berth_store::robots::Robot;
use berth_store::{Conn, accounts, robots};

pub use berth_store::repositories::Permission;

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

    /// Gives and takes roles in one repository, all of them or none.
    ///
    /// # Errors
    /// An account that does not exist, the namespace's own user, a robot of another namespace.
    pub async fn set(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        changes: &[RoleChange],
    ) -> Result<()> {
        if changes.is_empty() || changes.len() > CHANGES_MAX {
            return Err(Error::invalid_value(format!(
                "change 1 to {CHANGES_MAX} permissions at once; these are {}",
                changes.len()
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
                let subject = Subject {
                    namespace: Some(facts.namespace.id),
                    repository: Some(repository),
                };
                let known = Known::load(tx, facts, changes).await?;
                for (position, change) in changes.iter().enumerate() {
                    let account = known
                        .account(facts, &change.account)
                        .map_err(|e| e.in_field(format!("permissions.{position}.account")))?;
                    let path = facts.repository.path();
                    let event = match change.role {
                        Some(role) => {
                            rows::set_role(tx, repository, account, role, self.core.now()).await?;
                            let account = change.account.clone();
                            Event::PermissionChanged {
                                repository: path,
                                account,
                                role,
                            }
                        }
                        None if rows::remove_role(tx, repository, account).await? => {
                            let account = change.account.clone();
                            Event::PermissionRemoved {
                                repository: path,
                                account,
                            }
                        }
                        // Nothing was there to take, so nothing happened.
                        None => continue,
                    };
                    self.core.journal.record(tx, actor, subject, &event).await?;
                }
                Ok(())
            })
            .await
    }
}

/// What is there of the accounts that changes name.
struct Known {
    users: Vec<Account>,
    robots: Vec<Robot>,
}

impl Known {
    /// In two queries, however many changes there are.
    async fn load(
        conn: &mut Conn,
        facts: &RepositoryFacts,
        changes: &[RoleChange],
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
