//! The history of tags, as scripts page through it (G2).

use std::collections::HashMap;

use berth_domain::{
    Digest, ManifestId, Page, PageRequest, RepositoryPath, Result, TagName, Timestamp,
};
use berth_store::manifests::Child;
use berth_store::{manifests, tags};

use super::Tags;
use crate::access::repo;
use crate::actor::Actor;

/// Which lifetimes of the tags of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Those of the tag of exactly this name.
    pub name: Option<String>,
    /// Those of tags with this text in their name.
    pub search: Option<String>,
    /// Only those that go on.
    pub only_live: bool,
}

/// One lifetime of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetime {
    /// The tag.
    pub name: TagName,
    /// What it pointed to.
    pub digest: Digest,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when: when it ended, or will end by itself.
    pub ends_at: Option<Timestamp>,
    /// Whether it brought back what the tag had pointed to before.
    pub is_reversion: bool,
    /// What is behind the manifest.
    pub content: Content,
}

/// What a manifest holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Layers, with their bytes as they are stored.
    Layers(u64),
    /// Manifests, each with whether it is here.
    Children(Vec<(Digest, bool)>),
}

impl Tags {
    /// A page of lifetimes, the latest first, counted from 1; in four queries however many there are.
    ///
    /// # Errors
    /// The gate's.
    pub async fn history(
        &self,
        actor: &Actor,
        path: &RepositoryPath,
        filter: &HistoryFilter,
        page: u64,
        limit: usize,
    ) -> Result<Page<Lifetime>> {
        let core = &self.core;
        let mut conn = core.db.read().await?;
        let access = core
            .gate
            .repository::<repo::Pull>(&mut conn, actor, path)
            .await?;
        let request = PageRequest::<()>::new(None, limit);
        let name = filter.name.as_deref().map(str::parse::<TagName>);
        let of_tags = |text: &String| text.bytes().all(TagName::allows);
        // What no tag can be called, none is.
        if matches!(name, Some(Err(_))) || !filter.search.iter().all(of_tags) {
            return Ok(request.page(Vec::new()));
        }
        let name = name.and_then(Result::ok);
        let offset = page.saturating_sub(1).saturating_mul(request.limit as u64);
        let rows = tags::history(
            &mut conn,
            access.repository.id,
            tags::HistoryFilter {
                name: name.as_ref(),
                search: filter.search.as_deref(),
                live: filter.only_live,
            },
            core.now(),
            i64::try_from(offset).unwrap_or(i64::MAX),
            request.fetch(),
        )
        .await?;
        let rows = request.page(rows);
        let mut ids: Vec<ManifestId> = rows.items.iter().map(|row| row.tag.manifest_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let bytes = manifests::layer_bytes(&mut conn, &ids).await?;
        let mut children: HashMap<ManifestId, Vec<Child>> = HashMap::new();
        for child in manifests::children(&mut conn, &ids).await? {
            children.entry(child.parent_id).or_default().push(child);
        }
        Ok(rows.map(|row| {
            let id = row.tag.manifest_id;
            let here = |child: &Child| (child.digest.clone(), child.child_id.is_some());
            let content = if row.media_type.is_index() {
                let of_one = children.get(&id).into_iter().flatten();
                Content::Children(of_one.map(here).collect())
            } else {
                let bytes = bytes.get(&id).copied().unwrap_or_default();
                Content::Layers(u64::try_from(bytes).unwrap_or(0))
            };
            Lifetime {
                name: row.tag.name,
                digest: row.digest,
                started_at: row.tag.started_at,
                ends_at: row.tag.ended_at.or(row.tag.expires_at),
                is_reversion: row.reversion,
                content,
            }
        }))
    }
}
