//! How a change begins: at once, or written down for a worker when all of it was proven.

use std::collections::HashSet;

use berth_domain::{Error, RepositoryId, RepositoryPath, RepositoryRole, Result, Visibility};
use berth_store::Conn;
use berth_store::bulk_changes::{self as rows, NewBulkChange};
use berth_store::gate::RepositoryFacts;

use super::{
    BulkChange, BulkChanges, Change, ITEMS_MAX, Item, OPEN_MAX, Order, Outcome, RoleSelection, view,
};
use crate::access::repo;
use crate::actor::{Actor, Credential};
use crate::many::{Items, Many, Refused, Selection};
use crate::permissions::{RoleIn, RoleSubject, in_one_namespace};
use crate::repositories::{ChangedVisibility, Filter, Selected};

/// Most repositories of one transaction.
const AT_ONCE: usize = Items::<RepositoryId>::MAX;

/// Items of a large change that the gate let the actor administer, each of them; [`BulkChanges::proven`] makes them.
struct Proven(Vec<Item>);

impl BulkChanges {
    /// Changes who may pull: of up to 1,000 repositories at once, all or none; of more behind the request.
    ///
    /// # Errors
    /// A cause for each repository in the way.
    pub async fn change_visibility(
        &self,
        actor: &Actor,
        selection: Selected<'_>,
        visibility: Visibility,
    ) -> Many<Outcome<ChangedVisibility>> {
        let Some(items) = self.large(actor, selection).await? else {
            let changed = self
                .repositories
                .change_visibility(actor, selection, visibility);
            return changed.await.map(Outcome::Made);
        };
        let begun = self.begin(actor, Change::Visibility(visibility), &items);
        begun.await.map(Outcome::Begun)
    }

    /// Deletes up to 1,000 repositories at once, all or none; more behind the request.
    ///
    /// # Errors
    /// A cause for each repository in the way.
    pub async fn delete(
        &self,
        actor: &Actor,
        selection: Selected<'_>,
    ) -> Many<Outcome<Vec<RepositoryId>>> {
        let Some(items) = self.large(actor, selection).await? else {
            let deleted = self.repositories.delete(actor, selection);
            return deleted.await.map(Outcome::Made);
        };
        let begun = self.begin(actor, Change::Deletion, &items);
        begun.await.map(Outcome::Begun)
    }

    /// Gives one subject roles, or takes them: in up to 1,000 repositories of one namespace at once, all or none; in
    /// more behind the request. Tells in which it did.
    ///
    /// # Errors
    /// A cause for each repository in the way; for the whole when the subject cannot have roles there, or when the
    /// repositories are of several namespaces.
    pub async fn set_permissions(
        &self,
        actor: &Actor,
        subject: &RoleSubject,
        selection: RoleSelection<'_>,
    ) -> Many<Outcome<Vec<RepositoryId>>> {
        let items: Vec<Item> = match selection {
            RoleSelection::Items(roles) => {
                let items = roles.iter().map(|role| (role.repository, role.role));
                items.collect()
            }
            RoleSelection::Matching(filter, role) => self.matching(actor, filter, role).await?,
        };
        let is_empty_filter = matches!(selection, RoleSelection::Matching(..)) && items.is_empty();
        if is_empty_filter {
            return Ok(Outcome::Made(Vec::new()));
        }
        if items.len() <= AT_ONCE {
            let roles = items.iter().map(|(repository, role)| RoleIn {
                repository: *repository,
                role: *role,
            });
            let roles: Vec<RoleIn> = roles.collect();
            self.permissions.set_for(actor, subject, &roles).await?;
            return Ok(Outcome::Made(items.iter().map(|(id, _)| *id).collect()));
        }
        if distinct(&items).len() < items.len() {
            let twice = Error::invalid_value("a repository is named twice; give it one role");
            return Err(twice.in_field("roles").into());
        }
        let items: Vec<(usize, Item)> = items.into_iter().enumerate().collect();
        let begun = self.begin(actor, Change::Permissions(subject.clone()), &items);
        begun.await.map(Outcome::Begun)
    }

    /// The repositories of a selection that is too large for one transaction, with their places in it; none for one
    /// that is not.
    async fn large(
        &self,
        actor: &Actor,
        selection: Selected<'_>,
    ) -> Result<Option<Vec<(usize, Item)>>> {
        let items: Vec<Item> = match selection {
            Selection::Items(ids) if ids.len() <= AT_ONCE => return Ok(None),
            Selection::Items(ids) => ids.iter().map(|id| (*id, None)).collect(),
            Selection::Matching(filter) => self.matching(actor, filter, None).await?,
        };
        if items.len() <= AT_ONCE {
            return Ok(None);
        }
        let mut known = HashSet::with_capacity(items.len());
        let items = items.into_iter().enumerate();
        let once = items.filter(|(_, (id, _))| known.insert(*id));
        Ok(Some(once.collect()))
    }

    /// All that a filter finds of what the actor administers.
    async fn matching(
        &self,
        actor: &Actor,
        filter: &Filter,
        role: Option<RepositoryRole>,
    ) -> Result<Vec<Item>> {
        let mut conn = self.core.db.read().await?;
        let (mut items, mut after) = (Vec::new(), None::<RepositoryPath>);
        loop {
            let page = self
                .repositories
                .administered_page(&mut conn, actor, filter, after.as_ref())
                .await?;
            let is_last = page.len() < Items::<RepositoryId>::FETCH;
            after = page.last().map(|(_, path)| path.clone());
            items.extend(page.into_iter().map(|(id, _)| (id, role)));
            if items.len() > ITEMS_MAX {
                return Err(Error::invalid_value(format!(
                    "the filter matches more than {ITEMS_MAX} repositories; narrow it"
                ))
                .in_field("filter"));
            }
            if is_last {
                return Ok(items);
            }
        }
    }

    /// Writes a change down that a worker makes. All of it is asked of the gate first.
    async fn begin(
        &self,
        actor: &Actor,
        change: Change,
        items: &[(usize, Item)],
    ) -> Many<BulkChange> {
        if items.len() > ITEMS_MAX {
            return Err(Error::invalid_value(format!(
                "a change is for at most {ITEMS_MAX} repositories; these are {}",
                items.len()
            ))
            .in_field("ids")
            .into());
        }
        let core = &self.core;
        let Proven(items) = self.proven(actor, &change, items).await?;
        let own = core.gate.order_changes(actor)?;
        let oauth_token_id = match actor.credential() {
            Credential::OAuth(token) => Some(token),
            _ => None,
        };
        let kind = change.kind();
        let order = Order {
            change,
            ip: actor.origin.ip,
            user_agent: actor.origin.user_agent.clone(),
            request_id: actor.origin.request_id.clone(),
        };
        let order = serde_json::to_string(&order).map_err(Error::internal)?;
        let items_json = serde_json::to_string(&items).map_err(Error::internal)?;
        let new = NewBulkChange {
            account_id: own.id,
            oauth_token_id,
            kind,
            order_json: &order,
            items_json: &items_json,
            total: i64::try_from(items.len()).map_err(Error::internal)?,
        };
        let begun = core.db.write(async |tx| {
            if rows::count_open(tx, own.id).await? >= OPEN_MAX {
                return Err(Error::conflict(format!(
                    "{OPEN_MAX} large changes of yours go on already; wait for one to end, or cancel one"
                )));
            }
            rows::insert(tx, &new, core.now()).await
        });
        Ok(view(begun.await?)?)
    }

    /// Asks the gate for each repository, and whether the subject of roles may have them there.
    async fn proven(
        &self,
        actor: &Actor,
        change: &Change,
        items: &[(usize, Item)],
    ) -> Many<Proven> {
        let mut conn = self.core.db.read().await?;
        let mut causes = Vec::new();
        let mut first: Option<RepositoryFacts> = None;
        for some in items.chunks(AT_ONCE) {
            let ids: Vec<RepositoryId> = some.iter().map(|(_, (id, _))| *id).collect();
            let gate = &self.core.gate;
            let found = gate
                .each_repository::<repo::Administer>(&mut conn, actor, &ids)
                .await?;
            for ((place, _), access) in some.iter().zip(found) {
                match access {
                    Ok(access) => {
                        let first = first.get_or_insert_with(|| access.target().clone());
                        if matches!(change, Change::Permissions(_)) {
                            in_one_namespace(first, &access)?;
                        }
                    }
                    Err(fault) if fault.is_fault() => return Err(fault.into()),
                    Err(cause) => causes.push((*place, cause)),
                }
            }
            // No answer tells more of them.
            if causes.len() >= AT_ONCE {
                break;
            }
        }
        if !causes.is_empty() {
            return Err(Refused { causes });
        }
        if let (Change::Permissions(subject), Some(first)) = (change, &first) {
            self.may_have_roles(&mut conn, subject, first).await?;
        }
        Ok(Proven(items.iter().map(|(_, item)| *item).collect()))
    }

    async fn may_have_roles(
        &self,
        conn: &mut Conn,
        subject: &RoleSubject,
        first: &RepositoryFacts,
    ) -> Result<()> {
        let holder = self.permissions.holder(conn, subject, first);
        holder.await.map(drop)
    }
}

fn distinct(items: &[Item]) -> HashSet<RepositoryId> {
    items.iter().map(|(id, _)| *id).collect()
}
