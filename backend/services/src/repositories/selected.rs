//! What changes of many repositories are made of: which of them a filter selects, and the change of each.

use berth_domain::{Error, Event, RepositoryId, RepositoryPath, Result, Scope, Visibility};
use berth_store::repositories::listing::{self, Filter, Order, VisibleTo};
use berth_store::{Conn, Tx, repositories as rows};

use super::{Repositories, administers_everything, subject, visible_to};
use crate::access::policy::Switches;
use crate::access::{Access, repo};
use crate::actor::Actor;
use crate::many::Items;

/// As [`visible_to`], for what an actor may administer.
fn administered_by(actor: &Actor, switches: Switches) -> VisibleTo {
    if !actor.scopes.allows(Scope::RepoAdmin) {
        return VisibleTo::NOTHING;
    }
    VisibleTo {
        public: false,
        everything: administers_everything(actor, switches),
        administered: true,
        ..visible_to(actor, switches)
    }
}

impl Repositories {
    /// What a filter finds of what the actor administers, behind a path: one more than a change in one transaction
    /// takes, or all.
    pub(crate) async fn administered_page(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        filter: &Filter,
        after: Option<&RepositoryPath>,
    ) -> Result<Vec<(RepositoryId, RepositoryPath)>> {
        if actor.is_anonymous() {
            return Err(Error::unauthenticated(
                "access to the requested resource is not authorized",
            ));
        }
        let gate = &self.core.gate;
        gate.writable()?;
        let theirs = administered_by(actor, gate.switches());
        let order = Order::Name {
            after: after.map(|path| (path.namespace.to_string(), path.name.to_string())),
            descending: false,
        };
        let limit = i64::try_from(Items::<RepositoryId>::FETCH).map_err(Error::internal)?;
        listing::page(conn, theirs, filter, &order, limit).await
    }

    /// Changes who may pull; tells whether that was different before.
    pub(crate) async fn put_visibility(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        access: &Access<repo::Administer>,
        visibility: Visibility,
    ) -> Result<bool> {
        if access.repository.visibility == visibility {
            return Ok(false);
        }
        rows::set_visibility(tx, access.repository.id, visibility).await?;
        let event = Event::VisibilityChanged {
            repository: access.repository.path(),
            visibility,
        };
        let journal = &self.core.journal;
        journal.record(tx, actor, subject(access), &event).await?;
        Ok(true)
    }

    /// Deletes a repository: unreachable at once, its name free again.
    pub(crate) async fn put_away(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        access: &Access<repo::Administer>,
    ) -> Result<()> {
        rows::mark_deleting(tx, access.repository.id, self.core.now()).await?;
        let event = Event::RepositoryDeleted {
            repository: access.repository.path(),
        };
        let journal = &self.core.journal;
        journal.record(tx, actor, subject(access), &event).await
    }
}
