//! What robots may do: their teams, and the roles that they were given (B3).

use std::collections::HashMap;

use berth_domain::{
    AccountId, AccountKind, Error, Page, PageRequest, RepositoryName, Result, RobotName, TeamId,
    TeamName,
};
use berth_store::robots as rows;

use super::{LIST_MAX, Robots};
use crate::actor::Actor;
use crate::teams::RoleIn;

/// The teams and repositories of a robot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RobotRights {
    /// Teams that it is in, by name, each with the hash of its picture.
    pub teams: Vec<(TeamId, TeamName, String)>,
    /// Repositories in which it was given a role itself, by name.
    pub repositories: Vec<RepositoryName>,
}

impl Robots {
    /// The rights of these robots, in four queries however many they are: of those that the actor administers, and for
    /// who sees everything and changes nothing. The others are left out.
    pub async fn rights(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, RobotRights>> {
        let known: Vec<AccountId> = if actor.read_only_superuser {
            ids.to_vec()
        } else {
            let found = self.by_ids(actor, ids).await?.into_iter();
            found.map(|robot| robot.id).collect()
        };
        let mut conn = self.core.db.read().await?;
        let mut teams = rows::teams_of(&mut conn, &known).await?;
        let mut repositories = rows::repositories_of(&mut conn, &known).await?;
        let avatars = self.core.settings.registry.avatars;
        let rights = |id: AccountId| {
            let teams = teams.remove(&id).unwrap_or_default().into_iter();
            let rights = RobotRights {
                teams: teams
                    .map(|(id, name)| {
                        let avatar = avatars.of_name(name.as_str());
                        (id, name, avatar)
                    })
                    .collect(),
                repositories: repositories.remove(&id).unwrap_or_default(),
            };
            (id, rights)
        };
        Ok(known.into_iter().map(rights).collect())
    }

    /// The roles that a robot was given itself, by the names of repositories; none for who does not administer it.
    pub async fn roles(
        &self,
        actor: &Actor,
        id: AccountId,
        page: &PageRequest<RepositoryName>,
    ) -> Result<Page<RoleIn>> {
        if self.by_ids(actor, &[id]).await?.is_empty() {
            return Ok(page.page(Vec::new()));
        }
        let mut conn = self.core.db.read().await?;
        let found = rows::roles_of(&mut conn, id, page.after.as_ref(), page.fetch()).await?;
        Ok(page.page(found))
    }

    /// All roles that a robot was given itself, [`LIST_MAX`] at most.
    ///
    /// # Errors
    /// As [`Self::by_name`].
    pub async fn all_roles(
        &self,
        actor: &Actor,
        kind: AccountKind,
        name: &RobotName,
    ) -> Result<Vec<RoleIn>> {
        let may_read = actor.read_only_superuser;
        let (robot, _) = self.named(actor, kind, name, may_read).await?;
        let limit = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        let mut conn = self.core.db.read().await?;
        rows::roles_of(&mut conn, robot.id, None, limit).await
    }
}
