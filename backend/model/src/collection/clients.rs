//! What clients' requests do.

use super::Guard;
use std::collections::BTreeSet;

use super::rows::{Blob, Link, Lock, Manifest, Repository, Row, Tag, Write};
use super::turn::{Step, Stop, Turn};

impl Turn<'_> {
    pub(super) fn client(&mut self, here: Repository) -> Result<Step, Stop> {
        let (now, lease) = (self.state.now, self.settings.lease);
        let view = self.view();
        match self.process().at {
            Step::StorageFinish => {
                let key = self.state.new_key();
                self.state.objects.insert(key);
                self.state.torn.insert(key);
                self.memo().keys = vec![key];
                Ok(Step::BlobsInsert)
            }
            Step::BlobsInsert => {
                self.meet(Row::Blob)?;
                if view.blob.is_some() {
                    return Ok(Step::BlobsByDigest);
                }
                self.lock(Row::Blob, Lock::Update)?;
                let (id, key) = (self.state.new_id(), self.memo().keys[0]);
                self.write(Write::PutBlob(Blob { id, key }));
                self.memo().blob = Some(id);
                Ok(Step::BlobsLink)
            }
            Step::BlobsByDigest => {
                let blob = view.blob.ok_or(Stop::LostRace)?;
                self.memo().blob = Some(blob.id);
                let key = self.memo().keys[0];
                self.write(Write::Discard(key, now));
                Ok(Step::BlobsLink)
            }
            Step::BlobsLink => {
                self.link(here)?;
                Ok(Step::CommitBlob)
            }
            Step::CommitBlob => {
                self.commit();
                for key in std::mem::take(&mut self.memo().keys) {
                    self.state.torn.remove(&key);
                }
                self.memo().until = now + lease;
                Ok(Step::BlobsLinkedMany)
            }
            Step::BlobsLinkedOfStat => {
                let link = view.links[here].ok_or(Stop::Over)?;
                self.memo().blob = Some(link.blob);
                // Of what a manifest names nobody leases the link, until the collector does.
                self.memo().until = now + lease;
                Ok(match link.keep_until {
                    Some(until) if until < now + lease / 2 => Step::RenewLease,
                    Some(_) => {
                        self.memo().until = now + lease / 2;
                        Step::BlobsLinkedMany
                    }
                    _ => Step::BlobsLinkedMany,
                })
            }
            Step::RenewLease => {
                self.link(here)?;
                self.commit();
                Ok(Step::BlobsLinkedMany)
            }
            Step::BlobsLinkedOfSource => {
                let link = view.links[1 - here].ok_or(Stop::Over)?;
                self.memo().blob = Some(link.blob);
                Ok(Step::BlobsLink)
            }
            Step::BlobsLinkedMany => {
                let Some(link) = view.links[here] else {
                    self.state.refused |= now < self.memo().until;
                    return Err(Stop::Over);
                };
                if self.settings.has(Guard::LinkedMany) {
                    self.lock(Row::Link(here), Lock::Share)?;
                    self.lock(Row::Blob, Lock::Share)?;
                }
                self.memo().blob = Some(link.blob);
                Ok(Step::ManifestsInsert)
            }
            Step::ManifestsInsert => {
                self.meet(Row::Manifest(here))?;
                if view.manifests[here].is_some() {
                    return Ok(Step::ManifestsInsertUpdate);
                }
                self.lock(Row::Manifest(here), Lock::Update)?;
                let (id, blob) = (self.state.new_id(), self.memo().blob);
                self.memo().manifest = Some(id);
                let manifest = Manifest {
                    id,
                    blob: blob.ok_or(Stop::LostRace)?,
                    keep_until: Some(now + lease),
                };
                self.write(Write::PutManifest(here, manifest));
                Ok(Step::ManifestsInsertBlobs)
            }
            Step::ManifestsInsertUpdate => {
                let manifest = view.manifests[here].ok_or(Stop::LostRace)?;
                self.lock(Row::Manifest(here), Lock::NoKeyUpdate)?;
                self.memo().manifest = Some(manifest.id);
                self.write(Write::KeepManifest(here, Some(now + lease)));
                Ok(Step::TagsOpenByName)
            }
            Step::ManifestsInsertBlobs => {
                self.refer_to_blob()?;
                Ok(Step::TagsOpenByName)
            }
            Step::TagsOpenByName => {
                self.memo().tags.clear();
                let Some((id, _)) = view.live_tag(here) else {
                    return Ok(Step::TagsStart);
                };
                self.memo().tags.insert(id);
                Ok(Step::TagsEnd)
            }
            Step::TagsEnd => {
                let ids = self.memo().tags.clone();
                let is_open = |id| view.tags.get(id).is_some_and(|tag| tag.ended_at.is_none());
                if !ids.iter().all(is_open) {
                    return Ok(Step::TagsOpenByName);
                }
                self.end_tags(here)?;
                Ok(Step::TagsStart)
            }
            Step::TagsStart => {
                self.meet(Row::LiveTag(here))?;
                if view.live_tag(here).is_some() {
                    return Ok(Step::TagsOpenByName);
                }
                self.start_tag(here)?;
                Ok(Step::CommitManifest)
            }
            Step::TagsByNames => {
                let (id, _) = view.live_tag(here).ok_or(Stop::Over)?;
                self.memo().tags = BTreeSet::from([id]);
                Ok(Step::TagsEndOfDelete)
            }
            Step::TagsEndOfDelete => {
                let ids = self.memo().tags.clone();
                let is_open = |id| view.tags.get(id).is_some_and(|tag| tag.ended_at.is_none());
                if !ids.iter().all(is_open) {
                    return Err(Stop::LostRace);
                }
                self.end_tags(here)?;
                Ok(Step::CommitDelete)
            }
            Step::CommitDelete => {
                self.commit();
                self.state.promised[here] = false;
                Err(Stop::Over)
            }
            Step::TagsLifetimesForUpdate => {
                let mut lifetimes = view.tags.iter().rev();
                let latest = lifetimes.find(|(_, tag)| tag.repository == here);
                let (id, tag) = latest.ok_or(Stop::Over)?;
                if self.settings.has(Guard::Lifetimes) {
                    self.lock(Row::Tag(*id), Lock::Update)?;
                    self.lock(Row::Manifest(here), Lock::Update)?;
                }
                self.memo().manifest = Some(tag.manifest);
                Ok(Step::TagsByNamesOfRestore)
            }
            Step::TagsByNamesOfRestore => match view.live_tag(here) {
                Some(_) => Err(Stop::Over),
                None => Ok(Step::TagsStartOfRestore),
            },
            Step::TagsStartOfRestore => {
                self.meet(Row::LiveTag(here))?;
                if view.live_tag(here).is_some() {
                    return Err(Stop::LostRace);
                }
                self.start_tag(here)?;
                Ok(Step::CommitRestore)
            }
            Step::CommitManifest | Step::CommitRestore => {
                self.commit();
                self.state.promised[here] = true;
                Err(Stop::Over)
            }
            Step::BlobsLinkedOfOpen => {
                view.links[here].ok_or(Stop::Over)?;
                let blob = view.blob.ok_or(Stop::Over)?;
                self.memo().keys = vec![blob.key];
                self.memo().until = now + self.settings.grace;
                Ok(Step::StorageRead)
            }
            Step::StorageRead => {
                let key = self.memo().keys[0];
                let is_gone = !self.state.objects.contains(&key);
                self.state.cut_off |= is_gone && now < self.memo().until;
                Err(Stop::Over)
            }
            other => unreachable!("{other:?} is no step of a client"),
        }
    }

    /// `blobs::link`
    fn link(&mut self, here: Repository) -> Result<(), Stop> {
        self.meet(Row::Link(here))?;
        let lease = self.settings.shield(Guard::Lease, self.settings.lease);
        let until = Some(self.state.now + lease);
        if self.view().links[here].is_some() {
            self.lock(Row::Link(here), Lock::NoKeyUpdate)?;
            self.write(Write::KeepLink(here, until));
            return Ok(());
        }
        let blob = self.refer_to_blob()?;
        self.lock(Row::Link(here), Lock::Update)?;
        let link = Link {
            blob,
            keep_until: until,
        };
        self.write(Write::PutLink(here, link));
        Ok(())
    }

    /// The foreign key of a row that names the blob.
    fn refer_to_blob(&mut self) -> Result<u8, Stop> {
        let named = self.memo().blob.ok_or(Stop::LostRace)?;
        if self.settings.has(Guard::ForeignKeys) {
            self.lock(Row::Blob, Lock::KeyShare)?;
            if self.view().blob.is_none_or(|blob| blob.id != named) {
                return Err(Stop::LostRace);
            }
        }
        Ok(named)
    }

    /// `tags::end`
    fn end_tags(&mut self, here: Repository) -> Result<(), Stop> {
        let now = self.state.now;
        for id in self.memo().tags.clone() {
            let is_open = |tag: &Tag| tag.ended_at.is_none();
            if self.view().tags.get(&id).is_some_and(is_open) {
                self.lock(Row::Tag(id), Lock::NoKeyUpdate)?;
                self.lock(Row::LiveTag(here), Lock::Update)?;
                self.write(Write::EndTag(id, now));
            }
        }
        Ok(())
    }

    /// `tags::start`, with its foreign key
    fn start_tag(&mut self, here: Repository) -> Result<(), Stop> {
        let named = self.memo().manifest.ok_or(Stop::LostRace)?;
        self.lock(Row::LiveTag(here), Lock::Update)?;
        self.lock(Row::Manifest(here), Lock::KeyShare)?;
        let view = self.view();
        if view.manifests[here].is_none_or(|manifest| manifest.id != named) {
            return Err(Stop::LostRace);
        }
        let id = self.state.new_id();
        let tag = Tag {
            repository: here,
            manifest: named,
            ended_at: None,
        };
        self.write(Write::PutTag(id, tag));
        Ok(())
    }
}
