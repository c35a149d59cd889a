//! How often repositories are pulled from (R6, R7).

use std::collections::HashMap;

use berth_domain::{RepositoryId, Result};
use berth_store::pull_counts;

pub use berth_store::pull_counts::Day;

use super::Repositories;
use crate::access::repo;
use crate::actor::Actor;

/// So many days are counted, today among them.
pub const PULL_DAYS: u16 = 92;
/// So many of them make a repository popular.
pub(super) const POPULAR_DAYS: u16 = 30;

/// How often a repository was pulled from: manifests that were fetched, by tag or by digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulls {
    /// The days of the last [`PULL_DAYS`] on which it was, the earliest first.
    pub by_day: Vec<(Day, u64)>,
    /// In the last thirty days together.
    pub recent: u64,
}

impl Repositories {
    /// How often these repositories were pulled from, as far as the actor sees them, in two queries however many they
    /// are. One that never was is left out.
    pub async fn pulls(
        &self,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<HashMap<RepositoryId, Pulls>> {
        let mut conn = self.core.db.read().await?;
        let gate = &self.core.gate;
        let seen = gate
            .repositories::<repo::Pull>(&mut conn, actor, ids)
            .await?;
        let ids: Vec<RepositoryId> = seen.iter().map(|access| access.repository.id).collect();
        let today = Day::of(self.core.now());
        let found = pull_counts::since(&mut conn, &ids, first_of(today, PULL_DAYS)).await?;
        let recent = first_of(today, POPULAR_DAYS);
        Ok(found
            .into_iter()
            .map(|(id, days)| (id, summed(days, recent)))
            .collect())
    }
}

/// The first of so many days, of which the last is today.
pub(super) const fn first_of(today: Day, days: u16) -> Day {
    today.before(days - 1)
}

fn summed(days: Vec<(Day, i64)>, recent: Day) -> Pulls {
    let by_day: Vec<(Day, u64)> = days
        .into_iter()
        .map(|(day, pulls)| (day, u64::try_from(pulls).unwrap_or(0)))
        .collect();
    Pulls {
        recent: by_day
            .iter()
            .filter(|(day, _)| *day >= recent)
            .fold(0, |sum, (_, pulls)| sum.saturating_add(*pulls)),
        by_day,
    }
}
