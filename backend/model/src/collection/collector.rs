//! What the collector does.

use std::collections::BTreeSet;

use super::Guard;
use super::rows::{Id, Lock, REPOSITORIES, Repository, Row, Write};
use super::turn::{Memo, Process, Program, Step, Stop, Turn};

impl Turn<'_> {
    pub(super) fn collect(&mut self, turns: u8) -> Result<Step, Stop> {
        let now = self.state.now;
        let view = self.view();
        match self.process().at {
            Step::SelectEndedTags => {
                let window = self.settings.window;
                let over = |at: u8| at + window <= now;
                let tags = view.tags.iter();
                let ended = tags.filter(|(_, tag)| tag.ended_at.is_some_and(over));
                self.memo().tags = ended.map(|(id, _)| *id).collect();
                Ok(if self.memo().tags.is_empty() {
                    Step::SelectManifests
                } else {
                    Step::LookAt
                })
            }
            Step::LookAt => {
                let ended = self.memo().tags.clone();
                let pointed: BTreeSet<Id> = ended
                    .iter()
                    .filter_map(|id| Some(view.tags.get(id)?.manifest))
                    .collect();
                for at in 0..REPOSITORIES {
                    let Some(manifest) = view.manifests[at].filter(|it| pointed.contains(&it.id))
                    else {
                        continue;
                    };
                    if manifest.keep_until.is_none() {
                        self.lock(Row::Manifest(at), Lock::NoKeyUpdate)?;
                        self.write(Write::KeepManifest(at, Some(now)));
                    } else if self.settings.has(Guard::LookAt) {
                        self.lock(Row::Manifest(at), Lock::NoKeyUpdate)?;
                    }
                }
                Ok(Step::DeleteTags)
            }
            Step::DeleteTags => {
                for id in self.memo().tags.clone() {
                    if view.tags.contains_key(&id) {
                        self.lock(Row::Tag(id), Lock::Update)?;
                        self.write(Write::DeleteTag(id));
                    }
                }
                Ok(Step::CommitTags)
            }
            Step::CommitTags => {
                self.commit();
                *self.memo() = Memo::default();
                Ok(Step::SelectManifests)
            }
            Step::SelectManifests => {
                for at in 0..REPOSITORIES {
                    let due = view.manifests[at].and_then(|it| it.keep_until);
                    let is_due = due.is_some_and(|until| until <= now);
                    self.memo().seen[at] = is_due
                        && (!self.settings.has(Guard::CollectManifests)
                            || self.try_lock(Row::Manifest(at), Lock::Update));
                }
                Ok(if self.memo().seen.contains(&true) {
                    Step::SelectKept
                } else {
                    Step::SelectLinks
                })
            }
            Step::SelectKept => {
                let seen = self.seen();
                let kept = seen.filter_map(|at| view.manifests[at]);
                let kept = kept.filter(|manifest| view.is_tagged(manifest.id));
                // Row ids of what is kept, in the place of tags.
                self.memo().tags = kept.map(|manifest| manifest.id).collect();
                Ok(Step::UpdateKept)
            }
            Step::UpdateKept => {
                for at in self.seen() {
                    if self.is_kept(at) {
                        self.lock(Row::Manifest(at), Lock::NoKeyUpdate)?;
                        self.write(Write::KeepManifest(at, None));
                    }
                }
                Ok(Step::LeaseLinks)
            }
            Step::LeaseLinks => {
                let lease = self.settings.lease;
                let until = now + self.settings.shield(Guard::LeaseOfNamed, lease);
                for at in self.seen() {
                    if self.is_kept(at) {
                        continue;
                    }
                    let Some(link) = view.links[at] else { continue };
                    if link.keep_until.is_none_or(|kept| kept < until) {
                        self.lock(Row::Link(at), Lock::NoKeyUpdate)?;
                        self.write(Write::KeepLink(at, Some(until)));
                    } else if self.settings.has(Guard::LookAt) {
                        self.lock(Row::Link(at), Lock::NoKeyUpdate)?;
                    }
                }
                Ok(Step::DeleteManifests)
            }
            Step::DeleteManifests => {
                for at in self.seen() {
                    let Some(manifest) = view.manifests[at].filter(|_| !self.is_kept(at)) else {
                        continue;
                    };
                    self.lock(Row::Manifest(at), Lock::Update)?;
                    let tags = view.tags.iter();
                    for (id, _) in tags.filter(|(_, tag)| tag.manifest == manifest.id) {
                        self.lock(Row::Tag(*id), Lock::Update)?;
                    }
                    self.write(Write::DeleteManifest(at));
                }
                Ok(Step::CommitManifests)
            }
            Step::CommitManifests => {
                self.commit();
                *self.memo() = Memo::default();
                Ok(Step::SelectLinks)
            }
            Step::SelectLinks => {
                for at in 0..REPOSITORIES {
                    let due = view.links[at].and_then(|it| it.keep_until);
                    let is_due = due.is_some_and(|until| until <= now);
                    self.memo().seen[at] = is_due
                        && (!self.settings.has(Guard::CollectLinks)
                            || self.try_lock(Row::Link(at), Lock::Update));
                }
                self.memo().blob = self.seen().find_map(|at| Some(view.links[at]?.blob));
                Ok(if self.memo().blob.is_some() {
                    Step::UpdateNamed
                } else {
                    Step::BlobsDiscarded
                })
            }
            Step::UpdateNamed => {
                for at in self.seen() {
                    if view.links[at].is_some_and(|link| view.is_named(at, link.blob)) {
                        self.lock(Row::Link(at), Lock::NoKeyUpdate)?;
                        self.write(Write::KeepLink(at, None));
                    }
                }
                Ok(Step::DeleteLinks)
            }
            Step::DeleteLinks => {
                for at in self.seen() {
                    if view.links[at].is_some_and(|link| link.keep_until.is_some()) {
                        self.lock(Row::Link(at), Lock::Update)?;
                        self.write(Write::DeleteLink(at));
                    }
                }
                Ok(Step::SelectBlobsForUpdate)
            }
            Step::SelectBlobsForUpdate => {
                if self.settings.has(Guard::ReleaseBlobs) {
                    self.lock(Row::Blob, Lock::Update)?;
                }
                Ok(Step::SelectUnlinked)
            }
            Step::SelectUnlinked => {
                let candidate = self.memo().blob;
                let found = view.blob.filter(|blob| Some(blob.id) == candidate);
                Ok(match found {
                    Some(blob) if !view.is_linked(blob.id) => Step::InsertGarbage,
                    _ => Step::CommitLinks,
                })
            }
            Step::InsertGarbage => {
                let grace = self.settings.shield(Guard::Grace, self.settings.grace);
                if let Some(blob) = view.blob.filter(|blob| Some(blob.id) == self.memo().blob) {
                    self.write(Write::Discard(blob.key, now + grace));
                }
                Ok(Step::DeleteBlobs)
            }
            Step::DeleteBlobs => {
                if let Some(blob) = view.blob.filter(|blob| Some(blob.id) == self.memo().blob) {
                    self.lock(Row::Blob, Lock::Update)?;
                    let named = (0..REPOSITORIES).any(|at| view.is_named(at, blob.id));
                    let referred = named || view.is_linked(blob.id);
                    if referred && self.settings.has(Guard::ForeignKeys) {
                        return Err(Stop::LostRace);
                    }
                    self.write(Write::DeleteBlob(blob.id));
                }
                Ok(Step::CommitLinks)
            }
            Step::CommitLinks => {
                self.commit();
                *self.memo() = Memo::default();
                Ok(Step::BlobsDiscarded)
            }
            Step::BlobsDiscarded => {
                let garbage = view.garbage.iter();
                let due = garbage.filter(|(_, after)| **after <= now);
                self.memo().keys = due.map(|(key, _)| *key).collect();
                self.memo().gone.clear();
                if self.memo().keys.is_empty() {
                    return Ok(self.next_turn(turns));
                }
                Ok(Step::StorageDelete)
            }
            Step::StorageDelete => {
                let key = self.memo().keys.remove(0);
                self.state.objects.remove(&key);
                self.memo().gone.push(key);
                Ok(if self.memo().keys.is_empty() {
                    Step::BlobsForgetDiscarded
                } else {
                    Step::StorageDelete
                })
            }
            Step::BlobsForgetDiscarded => {
                for key in std::mem::take(&mut self.memo().gone) {
                    self.write(Write::Forget(key));
                }
                self.commit();
                Ok(Step::BlobsDiscarded)
            }
            other => unreachable!("{other:?} is no step of the collector"),
        }
    }

    fn next_turn(&mut self, turns: u8) -> Step {
        let replica = self.process().replica;
        *self.process() = Process::new(replica, Program::Collect { turns: turns - 1 });
        self.process().at
    }

    fn seen(&self) -> impl Iterator<Item = Repository> + use<> {
        let seen = self.state.processes[self.who].memo.seen;
        (0..REPOSITORIES).filter(move |at| seen[*at])
    }

    fn is_kept(&self, at: Repository) -> bool {
        let kept = &self.state.processes[self.who].memo.tags;
        self.state.tables.manifests[at].is_some_and(|manifest| kept.contains(&manifest.id))
    }
}
