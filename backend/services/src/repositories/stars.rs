//! Stars: repositories that a user keeps at hand. They are the user's own affair: nobody else sees them, and they
//! are not logged.

use std::collections::HashSet;

use berth_domain::{AccountId, Error, Page, PageRequest, RepositoryId, Result};
use berth_store::repositories::listing::Filter;
use berth_store::stars;

use super::{Repositories, RepositoryKey, RepositoryView, Sort, visible_to};
use crate::access::repo;
use crate::actor::Actor;

impl Repositories {
    /// The repositories that the actor has starred and still sees, as far as a filter lets them through. A key of
    /// another sort starts from the beginning.
    ///
    /// # Errors
    /// An actor that is no user.
    pub async fn starred(
        &self,
        actor: &Actor,
        filter: &Filter,
        sort: Sort,
        page: &PageRequest<RepositoryKey>,
    ) -> Result<Page<RepositoryView>> {
        let filter = among_stars(actor, filter)?;
        let visible = visible_to(actor, self.core.gate.switches());
        self.listed(actor, visible, &filter, sort, page).await
    }

    /// How many repositories [`Self::starred`] walks through, 10,000 at most.
    ///
    /// # Errors
    /// An actor that is no user.
    pub async fn count_starred(&self, actor: &Actor, filter: &Filter) -> Result<u64> {
        let filter = among_stars(actor, filter)?;
        self.count(actor, &filter).await
    }

    /// Which of these repositories the actor has starred, in one query; of others it tells nothing, and nobody but
    /// a user has stars.
    pub async fn starred_among(
        &self,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<HashSet<RepositoryId>> {
        let Some(user) = actor.user_id() else {
            return Ok(HashSet::new());
        };
        let mut conn = self.core.db.read().await?;
        stars::among(&mut conn, user, ids).await
    }

    /// Stars a repository; again is fine.
    ///
    /// # Errors
    /// A repository that the actor does not see.
    pub async fn star(&self, actor: &Actor, id: RepositoryId) -> Result<()> {
        let core = &self.core;
        let own = core.gate.administer_account(actor)?;
        core.db
            .write(async |tx| {
                let gate = &core.gate;
                gate.repository_by_id::<repo::Pull>(tx, actor, id).await?;
                stars::insert(tx, own.id, id, core.now()).await
            })
            .await
    }

    /// Takes a star back; one that is not there is fine, whatever became of the repository.
    ///
    /// # Errors
    /// An actor without an account of its own, or a token without the scope `user:admin`.
    pub async fn unstar(&self, actor: &Actor, id: RepositoryId) -> Result<()> {
        let own = self.core.gate.administer_account(actor)?;
        self.core
            .db
            .write(async |tx| stars::delete(tx, own.id, id).await)
            .await
    }
}

/// The same of what the actor has starred.
fn among_stars(actor: &Actor, filter: &Filter) -> Result<Filter> {
    Ok(Filter {
        starred_by: Some(user(actor)?),
        ..filter.clone()
    })
}

/// Whose stars they are.
fn user(actor: &Actor) -> Result<AccountId> {
    actor.user_id().ok_or_else(|| {
        if actor.is_anonymous() {
            Error::unauthenticated("sign in first")
        } else {
            Error::forbidden("only users star repositories")
        }
    })
}
