//! The tables as far as collection goes, and row locks as PostgreSQL has them.
//!
//! There is one blob, one manifest that names it, and one tag name, in two repositories: every row that
//! a push and the collector can fight over, and no second one of a kind.

use std::collections::BTreeMap;

/// A repository: its place in the arrays of [`Tables`].
pub type Repository = usize;
/// How many of them.
pub const REPOSITORIES: usize = 2;
/// An instant or a length of time, in ticks.
pub type Time = u8;
/// The id of a row; none is given out twice.
pub type Id = u8;
/// The key of a stored object; none is written twice.
pub type Key = u8;

/// `blobs` with `blob_locations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Blob {
    /// Row id.
    pub id: Id,
    /// Where the bytes are.
    pub key: Key,
}

/// `blob_links`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link {
    /// The blob.
    pub blob: Id,
    /// Its place on the worklist.
    pub keep_until: Option<Time>,
}

/// `manifests` with `manifest_blobs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Manifest {
    /// Row id.
    pub id: Id,
    /// The blob that it names.
    pub blob: Id,
    /// Its place on the worklist.
    pub keep_until: Option<Time>,
}

/// `tags`: one lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    /// Where it is.
    pub repository: Repository,
    /// What it points to.
    pub manifest: Id,
    /// When it ended.
    pub ended_at: Option<Time>,
}

/// All rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tables {
    /// The one row of that digest.
    pub blob: Option<Blob>,
    /// By repository.
    pub links: [Option<Link>; REPOSITORIES],
    /// By repository: the one row of that digest.
    pub manifests: [Option<Manifest>; REPOSITORIES],
    /// By id.
    pub tags: BTreeMap<Id, Tag>,
    /// `garbage_objects`: when each may be deleted.
    pub garbage: BTreeMap<Key, Time>,
}

impl Tables {
    /// The live lifetime of a repository's tag.
    pub fn live_tag(&self, repository: Repository) -> Option<(Id, Tag)> {
        let mut tags = self.tags.iter().map(|(id, tag)| (*id, *tag));
        tags.find(|(_, tag)| tag.repository == repository && tag.ended_at.is_none())
    }

    /// Whether any lifetime, ended ones included, points to a manifest.
    pub fn is_tagged(&self, manifest: Id) -> bool {
        self.tags.values().any(|tag| tag.manifest == manifest)
    }

    /// Whether a manifest of the repository names the blob.
    pub fn is_named(&self, repository: Repository, blob: Id) -> bool {
        self.manifests[repository].is_some_and(|manifest| manifest.blob == blob)
    }

    /// Whether any repository links the blob.
    pub fn is_linked(&self, blob: Id) -> bool {
        self.links.iter().flatten().any(|link| link.blob == blob)
    }

    /// Does a write.
    pub fn apply(&mut self, write: &Write) {
        match *write {
            Write::PutBlob(blob) => self.blob = Some(blob),
            Write::DeleteBlob(_) => self.blob = None,
            Write::PutLink(repository, link) => self.links[repository] = Some(link),
            Write::KeepLink(repository, until) => {
                if let Some(link) = &mut self.links[repository] {
                    link.keep_until = until;
                }
            }
            Write::DeleteLink(repository) => self.links[repository] = None,
            Write::PutManifest(repository, manifest) => {
                self.manifests[repository] = Some(manifest);
            }
            Write::KeepManifest(repository, until) => {
                if let Some(manifest) = &mut self.manifests[repository] {
                    manifest.keep_until = until;
                }
            }
            Write::DeleteManifest(repository) => {
                if let Some(gone) = self.manifests[repository].take() {
                    // `on delete cascade`
                    self.tags.retain(|_, tag| tag.manifest != gone.id);
                }
            }
            Write::PutTag(id, tag) => {
                self.tags.insert(id, tag);
            }
            Write::EndTag(id, now) => {
                if let Some(tag) = self.tags.get_mut(&id) {
                    tag.ended_at = Some(now);
                }
            }
            Write::DeleteTag(id) => {
                self.tags.remove(&id);
            }
            Write::Discard(key, after) => {
                self.garbage.insert(key, after);
            }
            Write::Forget(key) => {
                self.garbage.remove(&key);
            }
        }
    }
}

/// A change of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each names its statement and its row")]
pub enum Write {
    PutBlob(Blob),
    DeleteBlob(Id),
    PutLink(Repository, Link),
    KeepLink(Repository, Option<Time>),
    DeleteLink(Repository),
    PutManifest(Repository, Manifest),
    KeepManifest(Repository, Option<Time>),
    DeleteManifest(Repository),
    PutTag(Id, Tag),
    EndTag(Id, Time),
    DeleteTag(Id),
    Discard(Key, Time),
    Forget(Key),
}

impl Write {
    /// The unique key that an insert takes or a deletion frees: whoever inserts under it waits for the
    /// end of this transaction.
    pub const fn fights_for(&self) -> Option<Row> {
        match *self {
            Self::PutBlob(_) | Self::DeleteBlob(_) => Some(Row::Blob),
            Self::PutLink(repository, _) | Self::DeleteLink(repository) => {
                Some(Row::Link(repository))
            }
            Self::PutManifest(repository, _) | Self::DeleteManifest(repository) => {
                Some(Row::Manifest(repository))
            }
            Self::PutTag(_, tag) => Some(Row::LiveTag(tag.repository)),
            _ => None,
        }
    }
}

/// What can be locked: a row, or the place of one under a unique key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Row {
    /// The blob of that digest.
    Blob,
    /// The link of a repository.
    Link(Repository),
    /// The manifest of that digest in a repository.
    Manifest(Repository),
    /// A lifetime.
    Tag(Id),
    /// The place of a repository's live lifetime (`tags_live_name_key`).
    LiveTag(Repository),
}

/// Strength of a row lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lock {
    /// Of the foreign keys of an inserted row.
    KeyShare,
    /// `for share`
    Share,
    /// Of an update that leaves the keys alone.
    NoKeyUpdate,
    /// `for update`, and of a deletion.
    Update,
}

impl Lock {
    /// Whether two transactions cannot have these at the same time.
    pub const fn excludes(self, other: Self) -> bool {
        match (self, other) {
            (Self::KeyShare, other) | (other, Self::KeyShare) => matches!(other, Self::Update),
            (Self::Share, Self::Share) => false,
            _ => true,
        }
    }
}

/// An open transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// What nobody else sees yet.
    pub writes: Vec<Write>,
    /// Held until it ends.
    pub locks: BTreeMap<Row, Lock>,
}

impl Transaction {
    /// Whether it has done anything.
    pub fn is_open(&self) -> bool {
        !self.writes.is_empty() || !self.locks.is_empty()
    }

    /// Takes a lock or a stronger one.
    pub fn lock(&mut self, row: Row, lock: Lock) {
        let held = self.locks.entry(row).or_insert(lock);
        *held = (*held).max(lock);
    }
}
