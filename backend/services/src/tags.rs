//! Tags: lists and deletions. What moves a tag is a push, see [`crate::manifests`].

use std::sync::Arc;

use berth_domain::{
    Error, Event, Noun, Page, PageRequest, RepositoryId, RepositoryPath, Result, TagId, TagName,
    Timestamp,
};
use berth_store::tags;

use crate::access::repo;
use crate::actor::Actor;
use crate::core::Core;
use crate::manifests::subject;

pub use berth_store::tags::Tag;

/// Tags that one call deletes at most.
pub const DELETE_MAX: usize = 1000;
/// Counts stop here; nobody pages that far.
pub const COUNT_MAX: i64 = 10_000;

/// Listing and deleting tags.
#[derive(Clone)]
pub struct Tags {
    core: Arc<Core>,
}

/// By what a page is sorted, with the key of the last row seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagOrder {
    /// By name.
    Name(Option<TagName>),
    /// By push.
    Pushed(Option<(Timestamp, TagId)>),
}

impl Tags {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Live names in byte order, as clients of `/v2` list them.
    ///
    /// # Errors
    /// The gate's.
    pub async fn names(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        page: &PageRequest<String>,
    ) -> Result<Page<TagName>> {
        let mut conn = self.core.db.read().await?;
        let access = self
            .core
            .gate
            .repository::<repo::Pull>(&mut conn, actor, path)
            .await?;
        let after = page.after.as_deref();
        let rows = tags::names(
            &mut conn,
            access.repository.id,
            after,
            self.core.now(),
            page.fetch(),
        )
        .await?;
        Ok(page.page(rows))
    }

    /// A page of live tags for a console.
    ///
    /// # Errors
    /// The gate's.
    pub async fn page(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        search: Option<&str>,
        order: &TagOrder,
        descending: bool,
        limit: usize,
    ) -> Result<Page<Tag>> {
        let mut conn = self.core.db.read().await?;
        self.core
            .gate
            .repository_by_id::<repo::Pull>(&mut conn, actor, repository)
            .await?;
        let request = PageRequest::<()>::new(None, limit);
        let order = match order {
            TagOrder::Name(after) => tags::Order::Name(after.clone()),
            TagOrder::Pushed(after) => tags::Order::Started(*after),
        };
        let now = self.core.now();
        let rows = tags::page(
            &mut conn,
            repository,
            search,
            &order,
            descending,
            now,
            request.fetch(),
        )
        .await?;
        Ok(request.page(rows))
    }

    /// How many live tags match, at most [`COUNT_MAX`].
    ///
    /// # Errors
    /// The gate's.
    pub async fn count(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        search: Option<&str>,
    ) -> Result<u64> {
        let mut conn = self.core.db.read().await?;
        self.core
            .gate
            .repository_by_id::<repo::Pull>(&mut conn, actor, repository)
            .await?;
        let count = tags::count(&mut conn, repository, search, self.core.now()).await?;
        Ok(u64::try_from(count.min(COUNT_MAX)).unwrap_or(0))
    }

    /// A live tag; `None` when there is none of that name.
    ///
    /// # Errors
    /// The gate's.
    pub async fn get(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        name: &TagName,
    ) -> Result<Option<Tag>> {
        let mut conn = self.core.db.read().await?;
        self.core
            .gate
            .repository_by_id::<repo::Pull>(&mut conn, actor, repository)
            .await?;
        tags::by_name(&mut conn, repository, name, self.core.now()).await
    }

    /// Those of many tags that live and that the actor may see, in no order.
    pub async fn by_ids(&self, actor: &Actor, ids: &[TagId]) -> Result<Vec<Tag>> {
        let mut conn = self.core.db.read().await?;
        let rows = tags::by_ids(&mut conn, ids, self.core.now()).await?;
        let mut repositories: Vec<RepositoryId> =
            rows.iter().map(|row| row.repository_id).collect();
        repositories.sort_unstable();
        repositories.dedup();
        let readable = self
            .core
            .gate
            .repositories::<repo::Pull>(&mut conn, actor, &repositories)
            .await?;
        Ok(rows
            .into_iter()
            .filter(|row| {
                readable
                    .iter()
                    .any(|access| access.repository.id == row.repository_id)
            })
            .collect())
    }

    /// Deletes tags, all or none. The Time Machine keeps them.
    ///
    /// # Errors
    /// The gate's; a name without a live tag, by name; more than [`DELETE_MAX`].
    pub async fn delete_many(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        names: &[TagName],
    ) -> Result<RepositoryPath> {
        if names.len() > DELETE_MAX {
            return Err(Error::invalid_value(format!(
                "at most {DELETE_MAX} tags are deleted at once"
            ))
            .in_field("names"));
        }
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository_by_id::<repo::Push>(tx, actor, repository)
                    .await?;
                let path = access.repository.path();
                let now = self.core.now();
                let live = tags::by_names(tx, repository, names, now).await?;
                if let Some(missing) = names
                    .iter()
                    .find(|name| !live.iter().any(|tag| tag.name == **name))
                {
                    return Err(Error::not_found(Noun::Tag, missing));
                }
                let ids: Vec<TagId> = live.iter().map(|tag| tag.id).collect();
                tags::end(tx, &ids, now).await?;
                for tag in live {
                    let event = Event::TagDeleted {
                        repository: path.clone(),
                        tag: tag.name,
                        digest: None,
                    };
                    self.core
                        .journal
                        .record(tx, actor, subject(&access), &event)
                        .await?;
                }
                Ok(path)
            })
            .await
    }
}
