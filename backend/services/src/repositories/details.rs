//! Repositories as scripts ask for them: one with its tags, and lists without what is only public (R6, R7).

use std::collections::HashMap;
use std::time::Duration;

use berth_domain::{
    AccountKind, Digest, Error, ManifestId, Page, PageRequest, RepositoryId, RepositoryPath,
    Result, TagName, Timestamp,
};
use berth_store::repositories::listing::{self, Filter, VisibleTo};
use berth_store::{manifests, tags};

use super::{Repositories, RepositoryKey, RepositoryView, Sort, order, visible_to};
use crate::access::repo;
use crate::actor::Actor;

/// A repository is told with so many of its tags, by name.
pub const TAGS_MAX: usize = 500;

/// A repository with what surrounds it.
#[derive(Debug, Clone)]
pub struct RepositoryDetails {
    /// The repository.
    pub view: RepositoryView,
    /// User or organization.
    pub namespace_kind: AccountKind,
    /// How long ended tags can be brought back.
    pub tag_expiration: Duration,
    /// Its live tags by name, [`TAGS_MAX`] at most; none where they were not asked for.
    pub tags: Option<Vec<LiveTag>>,
}

/// A live tag with its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTag {
    /// Its name.
    pub name: TagName,
    /// Since when it points where it does.
    pub started_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The manifest.
    pub digest: Digest,
    /// Bytes of what the manifest names.
    pub content_bytes: u64,
}

impl Repositories {
    /// A repository by path, with its tags where they are asked for; in four queries at most.
    ///
    /// # Errors
    /// The gate's.
    pub async fn details(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        with_tags: bool,
    ) -> Result<RepositoryDetails> {
        let core = &self.core;
        let mut conn = core.db.read().await?;
        let access = core
            .gate
            .repository::<repo::Pull>(&mut conn, actor, path)
            .await?;
        let id = access.repository.id;
        let tag_expiration = core.window(&mut conn, id).await?;
        let mut live = None;
        if with_tags {
            let limit = i64::try_from(TAGS_MAX).map_err(Error::internal)?;
            let order = tags::Order::Name(None);
            let now = core.now();
            let rows = tags::page(&mut conn, id, None, &order, false, now, limit).await?;
            let mut ids: Vec<ManifestId> = rows.iter().map(|tag| tag.manifest_id).collect();
            ids.sort_unstable();
            ids.dedup();
            let manifests: HashMap<ManifestId, (Digest, i64)> = manifests::by_ids(&mut conn, &ids)
                .await?
                .into_iter()
                .map(|row| (row.id, (row.digest, row.content_bytes)))
                .collect();
            let tag = |tag: tags::Tag| {
                let (digest, content_bytes) = manifests.get(&tag.manifest_id)?;
                Some(LiveTag {
                    name: tag.name,
                    started_at: tag.started_at,
                    expires_at: tag.expires_at,
                    digest: digest.clone(),
                    content_bytes: u64::try_from(*content_bytes).unwrap_or(0),
                })
            };
            live = Some(rows.into_iter().filter_map(tag).collect());
        }
        Ok(RepositoryDetails {
            namespace_kind: access.namespace.kind,
            view: self.view(actor, access.target().clone()),
            tag_expiration,
            tags: live,
        })
    }

    /// Whether the actor sees a repository at a path; no error tells a hidden one from one that is not there.
    pub async fn is_seen(&self, actor: &Actor, path: &RepositoryPath) -> Result<bool> {
        match self.by_path(actor, path).await {
            Ok(_) => Ok(true),
            Err(
                Error::Unauthenticated { .. }
                | Error::Hidden(_)
                | Error::NotFound { .. }
                | Error::Forbidden { .. },
            ) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Repositories by name that the actor sees through a role, and with `public` those that everybody does.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: &Filter,
        public: bool,
        page: &PageRequest<RepositoryPath>,
    ) -> Result<Page<RepositoryView>> {
        let mut visible = visible_to(actor, self.core.gate.switches());
        visible.public &= public;
        let after = page.after.clone().map(RepositoryKey::Name);
        let page = PageRequest::new(after, page.limit);
        self.listed(actor, visible, filter, Sort::BY_NAME, &page)
            .await
    }

    /// What of `visible` a filter lets through, in order.
    pub(super) async fn listed(
        &self,
        actor: &Actor,
        visible: VisibleTo,
        filter: &Filter,
        sort: Sort,
        page: &PageRequest<RepositoryKey>,
    ) -> Result<Page<RepositoryView>> {
        let order = order(sort, page.after.as_ref());
        let mut conn = self.core.db.read().await?;
        let found = listing::page(&mut conn, visible, filter, &order, page.fetch()).await?;
        let found = page.page(found);
        let ids: Vec<RepositoryId> = found.items.iter().map(|(id, _)| *id).collect();
        let mut views = self.views(&mut conn, actor, &ids).await?;
        Ok(Page {
            items: ids.iter().filter_map(|id| views.remove(id)).collect(),
            has_more: found.has_more,
        })
    }
}
