//! What superusers do with organizations that they do not administer.

use berth_domain::{
    AccountId, AccountKind, Error, Event, Namespace, Noun, Page, PageRequest, Result,
};
use berth_store::accounts::{self, Account};
use berth_store::{Tx, namespaces, organizations as rows, users};

use super::{NamespaceFilter, Superuser, by};
use crate::accounts::user_with_profile;
use crate::actor::Actor;
use crate::creation::{add_owner, make_organization};
use crate::organizations::{NamespaceView, Organizations};

impl Superuser {
    fn all_organizations(&self) -> Organizations {
        Organizations::new(std::sync::Arc::clone(&self.core))
    }

    /// All organizations by name.
    pub async fn organizations(
        &self,
        actor: &Actor,
        search: Option<&str>,
        page: &PageRequest<Namespace>,
    ) -> Result<Page<NamespaceView>> {
        self.core.gate.view_registry(actor)?;
        self.all_organizations().page(actor, search, page).await
    }

    /// How many organizations [`Self::organizations`] walks through, 10,000 at most.
    pub async fn count_organizations(&self, actor: &Actor, search: Option<&str>) -> Result<u64> {
        self.core.gate.view_registry(actor)?;
        self.all_organizations().count(actor, search).await
    }

    /// All namespaces, of users and of organizations, by name.
    pub async fn namespaces(
        &self,
        actor: &Actor,
        filter: &NamespaceFilter,
        page: &PageRequest<Namespace>,
    ) -> Result<Page<NamespaceView>> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = namespaces::page(&mut conn, filter, page.after.as_ref(), page.fetch()).await?;
        drop(conn);
        let found = page.page(found);
        let ids: Vec<AccountId> = found.items.iter().map(|account| account.id).collect();
        let mut views = self.all_organizations().by_ids(actor, &ids).await?;
        Ok(Page {
            items: ids.iter().filter_map(|id| views.remove(id)).collect(),
            has_more: found.has_more,
        })
    }

    /// How many namespaces [`Self::namespaces`] walks through, 10,000 at most.
    pub async fn count_namespaces(&self, actor: &Actor, filter: &NamespaceFilter) -> Result<u64> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let count = namespaces::count(&mut conn, filter).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The account of a user's or organization's namespace. A name that nobody can have is that of nobody.
    ///
    /// # Errors
    /// Not found for a name that nobody has, to who may see all.
    pub async fn namespace(&self, actor: &Actor, name: &str) -> Result<Account> {
        self.core.gate.view_registry(actor)?;
        let unknown = || Error::not_found(Noun::Namespace, name);
        let parsed: Namespace = name.parse().map_err(|_| unknown())?;
        let mut conn = self.core.db.read().await?;
        let account = accounts::by_name(&mut conn, &parsed).await?;
        account.ok_or_else(unknown)
    }

    /// An organization by name.
    ///
    /// # Errors
    /// Not found for a name that no organization has, to who may see all.
    pub async fn organization(&self, actor: &Actor, name: &str) -> Result<NamespaceView> {
        let unknown = || Error::not_found(Noun::Organization, name);
        let account = match self.namespace(actor, name).await {
            Ok(account) if account.kind == AccountKind::Organization => account,
            Ok(_) | Err(Error::NotFound { .. }) => return Err(unknown()),
            Err(other) => return Err(other),
        };
        let mut views = self
            .all_organizations()
            .by_ids(actor, &[account.id])
            .await?;
        views.remove(&account.id).ok_or_else(unknown)
    }

    /// Gives an organization another name. What is in it follows at once: paths of repositories, names of robots.
    /// Whoever takes the old name later has nothing of it.
    ///
    /// # Errors
    /// A name that somebody has, or had until lately; an organization that is not there.
    pub async fn rename_organization(
        &self,
        actor: &Actor,
        id: AccountId,
        name: &Namespace,
    ) -> Result<()> {
        self.changes(actor).await?;
        self.core
            .db
            .write(async |tx| {
                let old_name = organization(tx, id).await?;
                if old_name == *name {
                    return Ok(());
                }
                if accounts::holder(tx, name).await?.is_some() {
                    return Err(Error::already_exists(
                        Noun::Namespace,
                        "A user or organization with this name already exists",
                    ));
                }
                accounts::rename(tx, id, name).await?;
                let event = Event::OrganizationRenamed {
                    old_name,
                    new_name: name.clone(),
                    by: by(actor),
                };
                self.record(tx, actor, id, &event).await
            })
            .await
    }

    /// Deletes an organization as its administrators would ([`Organizations::delete`]).
    ///
    /// # Errors
    /// An organization that is not there.
    pub async fn delete_organization(&self, actor: &Actor, id: AccountId) -> Result<()> {
        self.changes(actor).await?;
        self.core
            .db
            .write(async |tx| {
                let name = organization(tx, id).await?;
                rows::mark_deleting(tx, &[id], self.core.now()).await?;
                self.core.record_deletion(tx, actor, id, &name).await
            })
            .await
    }

    /// Makes the superuser an administrator of an organization. A user becomes an organization of the superuser:
    /// nobody signs in as it any more, and what it was to others is gone; its repositories and robots stay. The
    /// superuser takes over as well what the user administered alone.
    ///
    /// # Errors
    /// A superuser; a namespace that is not there.
    pub async fn take_ownership(&self, actor: &Actor, id: AccountId) -> Result<()> {
        self.changes(actor).await?;
        let owner = actor.user_id();
        let owner = owner.ok_or_else(|| Error::forbidden("only users own organizations"))?;
        let core = &self.core;
        core.db
            .write(async |tx| {
                accounts::lock(tx, id).await?;
                let account = live(tx, id).await?;
                let name: Namespace = account.name.as_deref().unwrap_or_default().parse()?;
                let was_user = account.kind == AccountKind::User;
                if was_user {
                    let (_, profile) = user_with_profile(tx, id).await?;
                    if core.is_superuser(&name, &profile) {
                        return Err(Error::conflict("Cannot take ownership of a superuser"));
                    }
                    self.inherit(tx, actor, id).await?;
                    make_organization(core, tx, id, owner).await?;
                } else {
                    add_owner(core, tx, id, owner).await?;
                }
                let event = Event::OwnershipTaken {
                    namespace: name,
                    account: id,
                    was_user,
                    by: by(actor),
                };
                self.record(tx, actor, id, &event).await
            })
            .await
    }

    /// Makes the superuser an administrator of every organization that a user administers alone.
    pub(super) async fn inherit(&self, tx: &mut Tx, actor: &Actor, user: AccountId) -> Result<()> {
        let heir = actor.user_id().filter(|heir| *heir != user);
        let heir = heir.ok_or_else(|| Error::conflict("Cannot delete a superuser"))?;
        for (organization, name) in users::sole_administrator_of(tx, user, i64::MAX).await? {
            add_owner(&self.core, tx, organization, heir).await?;
            let event = Event::OwnershipTaken {
                namespace: name.parse()?,
                account: organization,
                was_user: false,
                by: by(actor),
            };
            self.record(tx, actor, organization, &event).await?;
        }
        Ok(())
    }
}

/// A user or organization that is not being deleted.
async fn live(tx: &mut Tx, id: AccountId) -> Result<Account> {
    let found = accounts::by_ids(tx, &[id]).await?.pop();
    found
        .filter(|account| account.deleting_at.is_none() && account.kind != AccountKind::Robot)
        .ok_or(Error::Hidden(Noun::Namespace))
}

/// Locks an organization that is not being deleted, and tells its name.
async fn organization(tx: &mut Tx, id: AccountId) -> Result<Namespace> {
    accounts::lock(tx, id).await?;
    let account = live(tx, id).await?;
    if account.kind != AccountKind::Organization {
        return Err(Error::Hidden(Noun::Organization));
    }
    account.name.as_deref().unwrap_or_default().parse()
}
