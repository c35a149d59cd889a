//! Roles of one user, robot or team in many repositories at once (B4, A1).

use berth_domain::{AccountId, Error, RepositoryId, RepositoryRole, Result, TeamId, TeamName};
use berth_store::gate::RepositoryFacts;
use berth_store::{Conn, Tx};
use serde::{Deserialize, Serialize};

use super::{Known, Permissions, RoleChange, TeamRoleChange};
use crate::access::{Access, repo};
use crate::actor::Actor;
use crate::many::{Checking, Items, Many};

/// Who gets roles, or loses them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// A user name, or `namespace+robot`.
    Account(String),
    /// The name of a team of the organization that the repositories are of.
    Team(String),
}

/// The role of a subject in one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleIn {
    /// Which repository.
    pub repository: RepositoryId,
    /// The role; none takes it.
    pub role: Option<RepositoryRole>,
}

/// A subject that may have roles in a namespace.
#[derive(Debug)]
pub(crate) enum Holder {
    Account(AccountId, RoleChange),
    Team((TeamId, TeamName)),
}

impl Permissions {
    /// Gives and takes roles of one subject in many repositories of one namespace, all of them or none.
    ///
    /// # Errors
    /// A cause for each repository in the way; for the whole when the subject cannot have roles there, or when the
    /// repositories are of several namespaces.
    pub async fn set_for(&self, actor: &Actor, subject: &Subject, roles: &[RoleIn]) -> Many<()> {
        let ids: Vec<RepositoryId> = roles.iter().map(|role| role.repository).collect();
        let ids = Items::checked(&ids).map_err(|error| error.in_field("roles"))?;
        if ids.as_slice().len() < roles.len() {
            let twice = Error::invalid_value("a repository is named twice; give it one role");
            return Err(twice.in_field("roles").into());
        }
        self.core
            .db
            .write(async |tx| {
                let gate = &self.core.gate;
                let (mut checking, mut found) = (Checking::default(), Vec::new());
                let each = gate.each_repository::<repo::Administer>(tx, actor, ids.as_slice());
                for access in each.await? {
                    checking.take(access, &mut found)?;
                }
                if let Some(refused) = checking.refused() {
                    return Ok(Err(refused));
                }
                let Some(first) = found.first().map(Access::target) else {
                    return Ok(Ok(()));
                };
                for access in &found {
                    in_one_namespace(first, access)?;
                }
                let holder = self.holder(tx, subject, first).await?;
                for (access, role) in found.iter().zip(roles) {
                    self.put_role(tx, actor, &holder, access, role.role).await?;
                }
                Ok(Ok(()))
            })
            .await?
    }

    /// Looks a subject up that may have roles beside this repository.
    ///
    /// # Errors
    /// One that does not exist, or cannot have roles there.
    pub(crate) async fn holder(
        &self,
        conn: &mut Conn,
        subject: &Subject,
        facts: &RepositoryFacts,
    ) -> Result<Holder> {
        match subject {
            Subject::Account(name) => {
                let change = RoleChange {
                    account: name.clone(),
                    role: None,
                };
                let known = Known::load(conn, facts, std::slice::from_ref(&change), &[]).await?;
                let account = known.account(facts, name);
                let account = account.map_err(|error| error.in_field("account"))?;
                Ok(Holder::Account(account, change))
            }
            Subject::Team(name) => {
                let change = TeamRoleChange {
                    team: name.clone(),
                    role: None,
                };
                let known = Known::load(conn, facts, &[], std::slice::from_ref(&change)).await?;
                let team = known.team(facts, name);
                let team = team.map_err(|error| error.in_field("team"))?;
                Ok(Holder::Team(team.clone()))
            }
        }
    }

    /// Gives a subject a role in a repository of its namespace, or takes it.
    pub(crate) async fn put_role(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        holder: &Holder,
        access: &Access<repo::Administer>,
        role: Option<RepositoryRole>,
    ) -> Result<()> {
        match holder {
            Holder::Account(account, change) => {
                let change = RoleChange {
                    role,
                    ..change.clone()
                };
                self.set_role(tx, actor, access.target(), *account, &change)
                    .await
            }
            Holder::Team(team) => {
                self.set_role_of_team(tx, actor, access.target(), team, role)
                    .await
            }
        }
    }
}

/// Refuses a repository of another namespace than the first one is of.
pub(crate) fn in_one_namespace(
    first: &RepositoryFacts,
    other: &Access<repo::Administer>,
) -> Result<()> {
    if other.namespace.id == first.namespace.id {
        return Ok(());
    }
    let message = format!(
        "choose repositories of one namespace; these are of {} and of {}",
        first.namespace.name, other.namespace.name,
    );
    Err(Error::invalid_value(message).in_field("roles"))
}
