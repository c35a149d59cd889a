//! Teams in lists, with how much there is of each.

use std::collections::HashMap;

use berth_domain::{AccountId, Error, Page, PageRequest, Result, TeamId, TeamName};
use berth_store::Conn;
use berth_store::teams as rows;

use super::{TeamKey, TeamView, Teams};
use crate::access::namespace::ViewTeams;
use crate::access::team::View;
use crate::actor::Actor;

/// A list that is told at once holds no more teams than this.
pub const LIST_MAX: usize = 10_000;

/// How much there is of a team.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TeamCounts {
    /// Users and robots in it.
    pub members: u64,
    /// Repositories that it has a role in.
    pub repositories: u64,
}

impl Teams {
    /// A team, for who belongs to its organization.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for everybody else.
    pub async fn get(&self, actor: &Actor, key: TeamKey<'_>) -> Result<TeamView> {
        let mut conn = self.core.db.read().await?;
        let access = self.access::<View>(&mut conn, actor, key).await?;
        Ok(self.render(actor, access.target()))
    }

    /// Those of many teams that the actor may know, by id.
    pub async fn by_ids(&self, actor: &Actor, ids: &[TeamId]) -> Result<HashMap<TeamId, TeamView>> {
        let mut conn = self.core.db.read().await?;
        self.views(&mut conn, actor, ids).await
    }

    pub(super) async fn views(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[TeamId],
    ) -> Result<HashMap<TeamId, TeamView>> {
        let found = self.core.gate.teams::<View>(conn, actor, ids).await?;
        Ok(found
            .into_iter()
            .map(|access| (access.team.id, self.render(actor, access.target())))
            .collect())
    }

    /// Whether the actor may see which teams an organization has. Reading needs the right alone, and no registry
    /// that takes writes.
    async fn sees(&self, conn: &mut Conn, actor: &Actor, organization: AccountId) -> Result<bool> {
        let gate = &self.core.gate;
        let held = gate
            .namespaces::<ViewTeams>(conn, actor, &[organization])
            .await?;
        Ok(!held.is_empty())
    }

    /// Teams of an organization by name; none for who does not belong to it.
    pub async fn page(
        &self,
        actor: &Actor,
        organization: AccountId,
        search: Option<&str>,
        page: &PageRequest<TeamName>,
    ) -> Result<Option<Page<TeamView>>> {
        let mut conn = self.core.db.read().await?;
        if !self.sees(&mut conn, actor, organization).await? {
            return Ok(None);
        }
        let after = page.after.as_ref();
        let found = rows::page(&mut conn, organization, search, after, page.fetch()).await?;
        let found = page.page(found);
        let mut views = self.views(&mut conn, actor, &found.items).await?;
        Ok(Some(Page {
            items: found
                .items
                .iter()
                .filter_map(|id| views.remove(id))
                .collect(),
            has_more: found.has_more,
        }))
    }

    /// How many teams [`Self::page`] walks through, 10,000 at most.
    pub async fn count(
        &self,
        actor: &Actor,
        organization: AccountId,
        search: Option<&str>,
    ) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        if !self.sees(&mut conn, actor, organization).await? {
            return Ok(0);
        }
        let count = rows::count(&mut conn, organization, search).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// All teams of an organization, the oldest first, [`LIST_MAX`] at most, with how much there is of each; none for
    /// who does not belong to it.
    pub async fn all(
        &self,
        actor: &Actor,
        organization: AccountId,
    ) -> Result<Option<Vec<(TeamView, TeamCounts)>>> {
        let mut conn = self.core.db.read().await?;
        if !self.sees(&mut conn, actor, organization).await? {
            return Ok(None);
        }
        let limit = i64::try_from(LIST_MAX).map_err(Error::internal)?;
        let ids = rows::by_age(&mut conn, organization, limit).await?;
        let mut views = self.views(&mut conn, actor, &ids).await?;
        let counts = counts(&mut conn, &ids).await?;
        let views = ids.iter().filter_map(|id| views.remove(id));
        Ok(Some(
            views
                .map(|view| {
                    let counts = counts.get(&view.id).copied().unwrap_or_default();
                    (view, counts)
                })
                .collect(),
        ))
    }

    /// How much there is of those of these teams that the actor may know.
    pub async fn counts(
        &self,
        actor: &Actor,
        ids: &[TeamId],
    ) -> Result<HashMap<TeamId, TeamCounts>> {
        let mut conn = self.core.db.read().await?;
        let known = self.core.gate.teams::<View>(&mut conn, actor, ids).await?;
        let known: Vec<TeamId> = known.iter().map(|access| access.team.id).collect();
        counts(&mut conn, &known).await
    }
}

async fn counts(conn: &mut Conn, ids: &[TeamId]) -> Result<HashMap<TeamId, TeamCounts>> {
    let members = rows::member_counts(conn, ids).await?;
    let repositories = rows::repository_counts(conn, ids).await?;
    let of = |counts: &HashMap<TeamId, i64>, id: &TeamId| {
        let count = counts.get(id).copied().unwrap_or(0);
        u64::try_from(count).unwrap_or(0)
    };
    Ok(ids
        .iter()
        .map(|id| {
            let counts = TeamCounts {
                members: of(&members, id),
                repositories: of(&repositories, id),
            };
            (*id, counts)
        })
        .collect())
}
