//! Roles of one user, robot or team in many repositories at once (B4, A1).

use berth_domain::{Error, RepositoryId, RepositoryRole, Result};
use berth_store::Tx;
use berth_store::gate::RepositoryFacts;

use super::{Known, Permissions, RoleChange, TeamRoleChange};
use crate::access::{Access, repo};
use crate::actor::Actor;
use crate::many::{Checking, Items, Many};

/// Who gets roles, or loses them.
#[derive(Debug, Clone, PartialEq, Eq)]
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
                for access in gate.each_repository(tx, actor, ids.as_slice()).await? {
                    checking.take(access, &mut found)?;
                }
                if let Some(refused) = checking.refused() {
                    return Ok(Err(refused));
                }
                self.set_each(tx, actor, subject, &found, roles).await?;
                Ok(Ok(()))
            })
            .await?
    }

    async fn set_each(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        subject: &Subject,
        repositories: &[Access<repo::Administer>],
        roles: &[RoleIn],
    ) -> Result<()> {
        let Some(first) = repositories.first().map(Access::target) else {
            return Ok(());
        };
        let of = |facts: &RepositoryFacts| facts.namespace.name.clone();
        if let Some(other) = repositories
            .iter()
            .find(|access| access.namespace.id != first.namespace.id)
        {
            let message = format!(
                "choose repositories of one namespace; these are of {} and of {}",
                of(first),
                of(other.target()),
            );
            return Err(Error::invalid_value(message).in_field("roles"));
        }
        match subject {
            Subject::Account(name) => {
                let mut change = RoleChange {
                    account: name.clone(),
                    role: None,
                };
                let known = Known::load(tx, first, std::slice::from_ref(&change), &[]).await?;
                let account = known.account(first, name);
                let account = account.map_err(|error| error.in_field("account"))?;
                for (access, role) in repositories.iter().zip(roles) {
                    change.role = role.role;
                    self.set_role(tx, actor, access.target(), account, &change)
                        .await?;
                }
            }
            Subject::Team(name) => {
                let change = TeamRoleChange {
                    team: name.clone(),
                    role: None,
                };
                let known = Known::load(tx, first, &[], std::slice::from_ref(&change)).await?;
                let team = known.team(first, name);
                let team = team.map_err(|error| error.in_field("team"))?;
                for (access, role) in repositories.iter().zip(roles) {
                    self.set_role_of_team(tx, actor, access.target(), team, role.role)
                        .await?;
                }
            }
        }
        Ok(())
    }
}
