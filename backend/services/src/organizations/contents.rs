//! What is in namespaces and goes with them, whatever the actor sees of it.

use std::collections::HashMap;

use berth_domain::{AccountId, Result, Timestamp};
use berth_store::repositories::listing::{self, VisibleTo};
use berth_store::{Conn, organizations as rows};

use super::Organizations;
use crate::access::namespace::Administer;
use crate::actor::Actor;

/// Every repository, whoever asks: the caller has seen to that.
const EVERYTHING: VisibleTo = VisibleTo {
    everything: true,
    ..VisibleTo::NOTHING
};

/// How much is in a namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contents {
    /// Repositories.
    pub repositories: u64,
    /// Robots.
    pub robots: u64,
    /// The latest push to one of the repositories.
    pub last_pushed_at: Option<Timestamp>,
}

impl Organizations {
    /// How much is in those of these namespaces that the actor administers, and in all of them for who sees
    /// everything; in three queries however many they are.
    pub async fn contents(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, Contents>> {
        let mut conn = self.core.db.read().await?;
        let known = self.known_whole(&mut conn, actor, ids).await?;
        let repositories = listing::count_by_namespace(&mut conn, EVERYTHING, &known).await?;
        let pushed = listing::last_pushed_by_namespace(&mut conn, EVERYTHING, &known).await?;
        let robots = rows::robot_counts(&mut conn, &known).await?;
        let of = |counts: &HashMap<AccountId, i64>, id: AccountId| {
            let count = counts.get(&id).copied().unwrap_or(0);
            u64::try_from(count).unwrap_or(0)
        };
        let contents = known.into_iter().map(|id| {
            let contents = Contents {
                repositories: of(&repositories, id),
                robots: of(&robots, id),
                last_pushed_at: pushed.get(&id).copied(),
            };
            (id, contents)
        });
        Ok(contents.collect())
    }

    /// Bytes of the distinct blobs of the same namespaces; zero for one that holds nothing.
    pub async fn content_sizes(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, u64>> {
        let mut conn = self.core.db.read().await?;
        let known = self.known_whole(&mut conn, actor, ids).await?;
        let sizes = listing::sizes_by_namespace(&mut conn, &known).await?;
        let sizes = known.into_iter().map(|id| {
            let bytes = sizes.get(&id).copied().unwrap_or(0);
            (id, u64::try_from(bytes).unwrap_or(0))
        });
        Ok(sizes.collect())
    }

    /// Those of these namespaces of which the actor may know how much is in them.
    async fn known_whole(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<Vec<AccountId>> {
        if self.core.gate.view_registry(actor).is_ok() {
            return Ok(ids.to_vec());
        }
        let gate = &self.core.gate;
        let administered = gate.namespaces::<Administer>(conn, actor, ids).await?;
        Ok(administered.iter().map(|access| access.id).collect())
    }
}
