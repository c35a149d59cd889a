//! Roles of a team in repositories (A5).

use berth_domain::{Error, Page, PageRequest, RepositoryName, Result};
use berth_store::teams as rows;

use super::{LIST_MAX, RoleIn, TeamKey, Teams};
use crate::access::team::ViewRoles;
use crate::actor::Actor;

impl Teams {
    /// The roles of a team by the names of repositories: for administrators of the organization, and for who sees
    /// everything and changes nothing.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for everybody else.
    pub async fn roles(
        &self,
        actor: &Actor,
        key: TeamKey<'_>,
        page: &PageRequest<RepositoryName>,
    ) -> Result<Page<RoleIn>> {
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewRoles>(&mut conn, actor, key).await?;
        let (team, after) = (access.team.id, page.after.as_ref());
        let found = rows::roles_of(&mut conn, team, after, page.fetch()).await?;
        Ok(page.page(found))
    }

    /// All roles of a team, [`LIST_MAX`] at most, as [`Self::roles`] gives them.
    ///
    /// # Errors
    /// As [`Self::roles`].
    pub async fn all_roles(&self, actor: &Actor, key: TeamKey<'_>) -> Result<Vec<RoleIn>> {
        let limit = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        let mut conn = self.core.db.read().await?;
        let access = self.access::<ViewRoles>(&mut conn, actor, key).await?;
        rows::roles_of(&mut conn, access.team.id, None, limit).await
    }
}
