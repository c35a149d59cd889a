//! Tags: lists, deletions and their undoing. What moves a tag is a push, see [`crate::manifests`].

mod history;

use std::sync::Arc;
use std::time::Duration;

use berth_domain::{
    Digest, Error, Event, Noun, Page, PageRequest, RepositoryId, RepositoryPath, Result, TagId,
    TagName, Timestamp,
};
use berth_store::{Conn, tags};

use crate::access::repo;
use crate::actor::Actor;
use crate::core::Core;
use crate::manifests::subject;
use crate::many::{Checking, Items, Many, Selection};

pub use berth_store::tags::Tag;
pub use history::{Content, HistoryFilter, Lifetime};

/// Which tags of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// Text in the name.
    pub search: Option<String>,
}

/// Tags that were deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedTags {
    /// The lifetimes that ended, for [`Tags::restore`].
    pub ids: Vec<TagId>,
    /// Their names, in the same order.
    pub names: Vec<TagName>,
    /// Until when they can be restored.
    pub restorable_until: Timestamp,
}

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

    /// Deletes tags, all or none. The Time Machine keeps them: [`Self::restore`] brings them back.
    ///
    /// # Errors
    /// The gate's; a cause for each name without a live tag.
    pub async fn delete_many(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        selection: Selection<'_, TagName, TagFilter>,
    ) -> Many<DeletedTags> {
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository_by_id::<repo::Push>(tx, actor, repository)
                    .await?;
                let now = self.core.now();
                let live = match selection {
                    Selection::Items(names) => {
                        let names = Items::checked(names).map_err(|e| e.in_field("names"))?;
                        let found = tags::by_names(tx, repository, names.as_slice(), now).await?;
                        let (mut checking, mut live) = (Checking::default(), Vec::new());
                        for name in names.iter() {
                            let tag = found.iter().find(|tag| tag.name == *name).cloned();
                            let tag = tag.ok_or_else(|| Error::not_found(Noun::Tag, name));
                            checking.take(tag, &mut live)?;
                        }
                        if let Some(refused) = checking.refused() {
                            return Ok(Err(refused));
                        }
                        live
                    }
                    Selection::Matching(filter) => self.matching(tx, repository, filter).await?,
                };
                let ids: Vec<TagId> = live.iter().map(|tag| tag.id).collect();
                let window = self.core.window(tx, repository).await?;
                tags::end_each(tx, &ids, now, window).await?;
                let mut names = Vec::with_capacity(live.len());
                for tag in live {
                    let event = Event::TagDeleted {
                        repository: access.repository.path(),
                        tag: tag.name.clone(),
                        digest: None,
                    };
                    self.core
                        .journal
                        .record(tx, actor, subject(&access), &event)
                        .await?;
                    names.push(tag.name);
                }
                Ok(Ok(DeletedTags {
                    ids,
                    names,
                    restorable_until: now.after(window),
                }))
            })
            .await?
    }

    async fn matching(
        &self,
        conn: &mut Conn,
        repository: RepositoryId,
        filter: &TagFilter,
    ) -> Result<Vec<Tag>> {
        let found = tags::page(
            conn,
            repository,
            filter.search.as_deref(),
            &tags::Order::Name(None),
            false,
            self.core.now(),
            i64::try_from(Items::<Tag>::FETCH).unwrap_or(i64::MAX),
        )
        .await?;
        Ok(Items::matching(found)?.into_inner())
    }

    /// Brings ended tags of a repository back, all or none: each name points again to what the ended
    /// lifetime pointed to. A name that points there already stays as it is.
    ///
    /// # Errors
    /// The gate's; a cause for each lifetime that is not here, that ended before the Time Machine's
    /// window, or whose name points elsewhere by now.
    pub async fn restore(
        &self,
        actor: &Actor,
        repository: RepositoryId,
        ids: &[TagId],
    ) -> Many<Vec<Tag>> {
        let ids = Items::checked(ids)?;
        self.core
            .db
            .write(async |tx| {
                let access = self
                    .core
                    .gate
                    .repository_by_id::<repo::Push>(tx, actor, repository)
                    .await?;
                let found = tags::lifetimes_for_update(tx, ids.as_slice()).await?;
                let names: Vec<TagName> = found.iter().map(|(tag, _)| tag.name.clone()).collect();
                let now = self.core.now();
                let window = self.core.window(tx, repository).await?;
                let live = tags::by_names(tx, repository, &names, now).await?;
                let (mut checking, mut outcomes) = (Checking::default(), Vec::new());
                for id in ids.iter() {
                    let lifetime = found
                        .iter()
                        .find(|(tag, _)| tag.id == *id && tag.repository_id == repository);
                    let outcome = match lifetime {
                        Some((tag, digest)) => self.outcome(tag, digest, window, &live, &outcomes),
                        None => Err(Error::Hidden(Noun::Tag)),
                    };
                    checking.take(outcome, &mut outcomes)?;
                }
                if let Some(refused) = checking.refused() {
                    return Ok(Err(refused));
                }
                let mut tags = Vec::with_capacity(outcomes.len());
                for outcome in outcomes {
                    let (ended, digest) = match outcome {
                        Outcome::Stays(tag) => {
                            tags.push(tag);
                            continue;
                        }
                        Outcome::Returns(ended, digest) => (ended, digest),
                    };
                    let event = Event::TagRestored {
                        repository: access.repository.path(),
                        tag: ended.name.clone(),
                        digest,
                    };
                    tags.push(tags::restore(tx, ended, now, window).await?);
                    self.core
                        .journal
                        .record(tx, actor, subject(&access), &event)
                        .await?;
                }
                Ok(Ok(tags))
            })
            .await?
    }

    /// What restoring a lifetime would do, or what stands in its way.
    fn outcome(
        &self,
        tag: &Tag,
        digest: &Digest,
        window: Duration,
        live: &[Tag],
        before: &[Outcome],
    ) -> Result<Outcome> {
        let name = &tag.name;
        if let Some(now) = live.iter().find(|live| live.name == *name) {
            return if now.manifest_id == tag.manifest_id {
                Ok(Outcome::Stays(now.clone()))
            } else {
                Err(Error::conflict(format!(
                    "tag `{name}` points to another manifest by now; delete it first"
                )))
            };
        }
        let again =
            |outcome: &Outcome| matches!(outcome, Outcome::Returns(tag, _) if tag.name == *name);
        if before.iter().any(again) {
            return Err(Error::conflict(format!(
                "tag `{name}` is selected twice; it can point to one manifest"
            )));
        }
        let until = tag.restorable_until(window);
        if until.is_none_or(|until| until <= self.core.now()) {
            return Err(Error::conflict(format!(
                "tag `{name}` ended longer ago than the Time Machine reaches; push it again"
            )));
        }
        Ok(Outcome::Returns(tag.clone(), digest.clone()))
    }
}

/// What restoring a lifetime does.
enum Outcome {
    /// The name points there already.
    Stays(Tag),
    /// The name points there again.
    Returns(Tag, Digest),
}
