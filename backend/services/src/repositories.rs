//! Repositories (R1, R3, R4, R7): creation, listings, settings, deletion.

mod details;
mod pulls;
mod selected;
mod settings;
mod stars;
mod usage;

use std::collections::HashMap;
use std::sync::Arc;

use berth_domain::{
    Error, Invalid, Namespace, Page, PageRequest, RepositoryId, RepositoryName, RepositoryPath,
    RepositoryRole, Result, Scope, Timestamp, Visibility,
};
use berth_store::Conn;
use berth_store::gate::RepositoryFacts;
use berth_store::repositories::Repository;
use berth_store::repositories::listing::{self, Order, VisibleTo};

pub use berth_store::repositories::listing::Filter;

pub use details::{LiveTag, RepositoryDetails, TAGS_MAX};
pub use pulls::{Day, PULL_DAYS, Pulls};
pub use settings::DESCRIPTION_BYTES_MAX;
pub use usage::RepositoryUsage;

use crate::access::namespace::CreateRepository;
use crate::access::policy::{self, Decision, RepositoryAction, Switches};
use crate::access::{Access, repo};
use crate::actor::{Actor, Principal};
use crate::core::Core;
use crate::creation::create_repository;
use crate::journal::Subject;
use crate::many::{Checking, Items, Many, Selection};

/// Repositories.
#[derive(Clone)]
pub struct Repositories {
    core: Arc<Core>,
}

/// A repository as one actor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryView {
    /// The row.
    pub repository: Repository,
    /// The role in force; none where visibility alone lets the actor in.
    pub role: Option<RepositoryRole>,
    /// Whether the actor may push now.
    pub can_push: bool,
    /// Whether the actor may see who has which role.
    pub can_see_roles: bool,
    /// Whether the actor may change settings and delete.
    pub can_administer: bool,
}

/// Which repositories a change is for.
pub type Selected<'a> = Selection<'a, RepositoryId, Filter>;

/// What a change of visibility gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedVisibility {
    /// The selection as it is now.
    pub repositories: Vec<RepositoryView>,
    /// Those that were of another visibility before.
    pub changed: Vec<RepositoryId>,
}

/// How much is in a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepositoryFigures {
    /// Bytes of its distinct blobs; none until something was pushed.
    pub size_bytes: Option<u64>,
    /// Live tags.
    pub tags: u64,
}

/// What a listing is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// Namespace, then name.
    Name,
    /// Latest push by tag.
    LastPushed,
}

/// The order of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// From the end.
    pub descending: bool,
}

impl Sort {
    /// By name, from the beginning.
    pub const BY_NAME: Self = Self {
        by: SortBy::Name,
        descending: false,
    };
}

/// Where a listing goes on: the sort key of the last row seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryKey {
    /// Of a listing by name.
    Name(RepositoryPath),
    /// Of a listing by latest push.
    LastPushed(Timestamp, RepositoryId),
}

impl RepositoryKey {
    /// The key of a row under a sort.
    pub fn of(repository: &Repository, by: SortBy) -> Self {
        match by {
            SortBy::Name => Self::Name(repository.path()),
            SortBy::LastPushed => Self::LastPushed(
                repository.last_pushed_at.unwrap_or(Timestamp(0)),
                repository.id,
            ),
        }
    }
}

/// What an actor may see of the repositories: the policy's rule for pulling, as a listing's filter.
pub(crate) fn visible_to(actor: &Actor, switches: Switches) -> VisibleTo {
    // A registry token names what it is for, and that is never a listing; see `catalog`.
    if actor.grant.is_some() {
        return VisibleTo::NOTHING;
    }
    if actor.is_anonymous() || !actor.scopes.allows(Scope::RepoRead) {
        return VisibleTo {
            public: switches.anonymous_access,
            ..VisibleTo::NOTHING
        };
    }
    VisibleTo {
        account: actor.account_id(),
        public: true,
        everything: actor.is_read_only_superuser() || administers_everything(actor, switches),
        administered: false,
    }
}

fn administers_everything(actor: &Actor, switches: Switches) -> bool {
    let is_worker = matches!(actor.principal(), Principal::Worker(_));
    is_worker || (switches.superusers_full_access && actor.is_superuser())
}

impl Repositories {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn view(&self, actor: &Actor, facts: RepositoryFacts) -> RepositoryView {
        let switches = self.core.gate.switches();
        let writable = self.core.gate.writable().is_ok();
        let may = |action| policy::decide(actor, &facts, action, switches) == Decision::Allowed;
        RepositoryView {
            role: policy::effective_role(actor, &facts, switches),
            can_push: writable && !self.core.settings.push.disabled && may(RepositoryAction::Push),
            can_see_roles: may(RepositoryAction::SeeRoles),
            can_administer: may(RepositoryAction::Administer),
            repository: facts.repository,
        }
    }

    fn checked_name(&self, name: &RepositoryName) -> Result<()> {
        if name.is_nested() && !self.core.settings.push.nested_names {
            return Err(Error::invalid(
                Invalid::RepositoryName,
                format!(
                    "`{name}` has more than one component; this registry takes names without `/`"
                ),
            )
            .in_field("name"));
        }
        Ok(())
    }

    /// Creates a repository; the creator administers it.
    ///
    /// # Errors
    /// A taken or refused name, a description that is too long.
    pub async fn create(
        &self,
        actor: &Actor,
        namespace: &Namespace,
        name: &RepositoryName,
        visibility: Visibility,
        description: &str,
    ) -> Result<RepositoryView> {
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .namespace::<CreateRepository>(tx, actor, namespace)
                    .await?;
                self.checked_name(name)?;
                settings::check_description(description)?;
                let core = &self.core;
                let id = create_repository(core, tx, actor, &access, name, visibility, description)
                    .await?;
                let made = self
                    .core
                    .gate
                    .repository_by_id::<repo::Pull>(tx, actor, id)
                    .await?;
                Ok(self.view(actor, made.target().clone()))
            })
            .await
    }

    /// A repository by path.
    pub async fn by_path(&self, actor: &Actor, path: &RepositoryPath) -> Result<RepositoryView> {
        self.at::<repo::Pull>(actor, path).await
    }

    /// A repository by path that the actor is about to change or to delete. Only who may learns that it is not there,
    /// and not everybody who reads all of them.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for who does not administer it.
    pub async fn by_path_to_administer(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
    ) -> Result<RepositoryView> {
        self.at::<repo::Administer>(actor, path).await
    }

    /// A repository by path that the actor is about to describe.
    ///
    /// # Errors
    /// Unauthenticated, hidden or forbidden for who does not push to it.
    pub async fn by_path_to_describe(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
    ) -> Result<RepositoryView> {
        self.at::<repo::Describe>(actor, path).await
    }

    async fn at<P: repo::RepositoryPermission>(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
    ) -> Result<RepositoryView> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .repository::<P>(&mut conn, actor, path)
            .await?;
        Ok(self.view(actor, access.target().clone()))
    }

    /// Those of many repositories that the actor sees, by id.
    pub async fn by_ids(
        &self,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<HashMap<RepositoryId, RepositoryView>> {
        let mut conn = self.core.db.read().await?;
        self.views(&mut conn, actor, ids).await
    }

    async fn views(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<HashMap<RepositoryId, RepositoryView>> {
        let seen = self
            .core
            .gate
            .repositories::<repo::Pull>(conn, actor, ids)
            .await?;
        Ok(seen
            .into_iter()
            .map(|access| {
                (
                    access.repository.id,
                    self.view(actor, access.target().clone()),
                )
            })
            .collect())
    }

    /// The repositories that the actor sees, in two queries however long the page is. A key of
    /// another sort starts from the beginning.
    pub async fn page(
        &self,
        actor: &Actor,
        filter: &Filter,
        sort: Sort,
        page: &PageRequest<RepositoryKey>,
    ) -> Result<Page<RepositoryView>> {
        let visible = visible_to(actor, self.core.gate.switches());
        self.listed(actor, visible, filter, sort, page).await
    }

    /// How many repositories [`Self::page`] walks through, 10,000 at most.
    pub async fn count(&self, actor: &Actor, filter: &Filter) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        let visible = visible_to(actor, self.core.gate.switches());
        let count = listing::count(&mut conn, visible, filter).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Paths of what the actor may read, after a path; public repositories of others only with
    /// `FEATURE_PUBLIC_CATALOG`, and nothing for anonymous callers.
    ///
    /// # Errors
    /// A registry token that was not issued for the catalog.
    pub async fn catalog(
        &self,
        actor: &Actor,
        page: &PageRequest<String>,
    ) -> Result<Page<RepositoryPath>> {
        // An anonymous token cannot be for the catalog, and the answer is empty anyway.
        let for_catalog = actor.is_anonymous()
            || actor.grant.as_ref().is_none_or(|grant| {
                grant.iter().any(|entry| {
                    entry.r#type == "registry"
                        && entry.name == "catalog"
                        && entry.actions.iter().any(|action| action == "*")
                })
            });
        if !for_catalog {
            return Err(Error::unauthenticated(
                "access to the requested resource is not authorized",
            ));
        }
        let mut visible = if actor.is_anonymous() {
            VisibleTo::NOTHING
        } else {
            let whole = Actor {
                grant: None,
                ..actor.clone()
            };
            visible_to(&whole, self.core.gate.switches())
        };
        visible.public &= self.core.settings.registry.public_catalog;
        let after = page.after.as_deref().map(|path| {
            let (namespace, name) = path.split_once('/').unwrap_or((path, ""));
            (namespace.to_owned(), name.to_owned())
        });
        let order = Order::Name {
            after,
            descending: false,
        };
        let mut conn = self.core.db.read().await?;
        let filter = Filter::default();
        let found = listing::page(&mut conn, visible, &filter, &order, page.fetch()).await?;
        Ok(page.page(found).map(|(_, path)| path))
    }

    /// How much is in these repositories, as far as the actor sees them, in three queries however
    /// many they are.
    pub async fn figures(
        &self,
        actor: &Actor,
        ids: &[RepositoryId],
    ) -> Result<HashMap<RepositoryId, RepositoryFigures>> {
        let mut conn = self.core.db.read().await?;
        let seen = self
            .core
            .gate
            .repositories::<repo::Pull>(&mut conn, actor, ids)
            .await?;
        let ids: Vec<RepositoryId> = seen.iter().map(|access| access.repository.id).collect();
        let sizes = listing::sizes(&mut conn, &ids).await?;
        let tags = listing::tag_counts(&mut conn, &ids, self.core.now()).await?;
        let number = |count: &i64| u64::try_from(*count).unwrap_or(0);
        Ok(ids
            .into_iter()
            .map(|id| {
                let figures = RepositoryFigures {
                    size_bytes: sizes.get(&id).map(number),
                    tags: tags.get(&id).map_or(0, number),
                };
                (id, figures)
            })
            .collect())
    }

    /// Checks a selection: proof for each, or a cause for each in the way. What a filter finds is what
    /// the actor administers.
    async fn administered(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        selection: Selected<'_>,
    ) -> Result<Many<Vec<Access<repo::Administer>>>> {
        let gate = &self.core.gate;
        let ids = match selection {
            Selection::Items(ids) => Items::checked(ids)?,
            Selection::Matching(filter) => {
                let found = self.administered_page(conn, actor, filter, None).await?;
                Items::matching(found.into_iter().map(|(id, _)| id).collect())?
            }
        };
        let (mut checking, mut found) = (Checking::default(), Vec::new());
        for access in gate.each_repository(conn, actor, ids.as_slice()).await? {
            checking.take(access, &mut found)?;
        }
        Ok(match checking.refused() {
            Some(refused) => Err(refused),
            None => Ok(found),
        })
    }

    /// Changes who may pull from all of these repositories, or from none.
    ///
    /// # Errors
    /// A cause for each repository in the way.
    pub async fn change_visibility(
        &self,
        actor: &Actor,
        selection: Selected<'_>,
        visibility: Visibility,
    ) -> Many<ChangedVisibility> {
        self.core
            .db
            .write(async |tx| {
                let found = match self.administered(tx, actor, selection).await? {
                    Ok(found) => found,
                    Err(refused) => return Ok(Err(refused)),
                };
                let mut changed = Vec::new();
                let mut repositories = Vec::with_capacity(found.len());
                for access in found {
                    if self.put_visibility(tx, actor, &access, visibility).await? {
                        changed.push(access.repository.id);
                    }
                    let mut facts = access.target().clone();
                    facts.repository.visibility = visibility;
                    repositories.push(self.view(actor, facts));
                }
                Ok(Ok(ChangedVisibility {
                    repositories,
                    changed,
                }))
            })
            .await?
    }

    /// Deletes all of these repositories or none: unreachable at once, their names free again.
    ///
    /// # Errors
    /// A cause for each repository in the way.
    pub async fn delete(&self, actor: &Actor, selection: Selected<'_>) -> Many<Vec<RepositoryId>> {
        self.core
            .db
            .write(async |tx| {
                let found = match self.administered(tx, actor, selection).await? {
                    Ok(found) => found,
                    Err(refused) => return Ok(Err(refused)),
                };
                let mut deleted = Vec::with_capacity(found.len());
                for access in found {
                    self.put_away(tx, actor, &access).await?;
                    deleted.push(access.repository.id);
                }
                Ok(Ok(deleted))
            })
            .await?
    }
}

fn subject<P: repo::RepositoryPermission>(access: &Access<P>) -> Subject {
    let repository = &access.target().repository;
    Subject {
        namespace: Some(repository.namespace_id),
        repository: Some(repository.id),
    }
}

fn order(sort: Sort, after: Option<&RepositoryKey>) -> Order {
    let descending = sort.descending;
    match sort.by {
        SortBy::Name => Order::Name {
            after: match after {
                Some(RepositoryKey::Name(path)) => {
                    Some((path.namespace.to_string(), path.name.to_string()))
                }
                _ => None,
            },
            descending,
        },
        SortBy::LastPushed => Order::LastPushed {
            after: match after {
                Some(RepositoryKey::LastPushed(at, id)) => Some((*at, *id)),
                _ => None,
            },
            descending,
        },
    }
}
