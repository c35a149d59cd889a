//! How much repositories are used (R6).

use std::collections::HashMap;

use berth_domain::{RepositoryId, Result};
use berth_store::repositories::usage as rows;

use super::Repositories;
use super::pulls::{Day, POPULAR_DAYS, first_of};
use crate::access::repo;
use crate::actor::Actor;

/// How much a repository is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepositoryUsage {
    /// Users who have starred it, 10,000 at most.
    pub stars: u64,
    /// How often it was pulled from in the last thirty days.
    pub popularity: u64,
}

impl Repositories {
    /// How much these repositories are used, as far as the actor sees them, in two queries however many they are.
    pub async fn usage(
        &self,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<HashMap<RepositoryId, RepositoryUsage>> {
        let mut conn = self.core.db.read().await?;
        let seen = self
            .core
            .gate
            .repositories::<repo::Pull>(&mut conn, actor, ids)
            .await?;
        let ids: Vec<RepositoryId> = seen.iter().map(|access| access.repository.id).collect();
        let first = first_of(Day::of(self.core.now()), POPULAR_DAYS);
        let found = rows::usage(&mut conn, &ids, first).await?;
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        let usage = found.into_iter().map(|(id, usage)| {
            let usage = RepositoryUsage {
                stars: number(usage.stars),
                popularity: number(usage.pulls),
            };
            (id, usage)
        });
        Ok(usage.collect())
    }
}
