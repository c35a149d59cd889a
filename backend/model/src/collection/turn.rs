//! Who does what, and how a step runs.

use std::collections::BTreeSet;

use super::rows::{Id, Key, Lock, REPOSITORIES, Repository, Row, Tables, Time, Transaction, Write};
use super::{Settings, State};

/// Runs of a transaction that lost a race (`ATTEMPTS_MAX` of `Db::write` is four; the third run and the
/// fourth begin where the second did).
const ATTEMPTS_MAX: u8 = 2;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Program {
    /// `Uploads::push`, then `Manifests::push` under the tag.
    Push(Repository),
    /// `Blobs::stat` finds the blob, then `Manifests::push` under the tag.
    PushSeen(Repository),
    /// `Uploads::mount` from the other repository, then `Manifests::push` under the tag.
    Mount(Repository),
    /// `Tags::delete_many`
    Delete(Repository),
    /// `Tags::restore` of the latest lifetime
    Restore(Repository),
    /// `Blobs::open`, then `OpenBlob::read`
    Pull(Repository),
    /// `Collection::collect`, then `sweep_objects`
    Collect {
        /// Turns that it takes.
        turns: u8,
    },
}

/// The next statement, commit or storage call of a process, named after the function it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the name of its function")]
pub enum Step {
    // `Lease::commit` and `Lease::insert_blob`
    StorageFinish,
    BlobsInsert,
    BlobsByDigest,
    BlobsLink,
    CommitBlob,
    // `Blobs::stat`
    BlobsLinkedOfStat,
    RenewLease,
    // `Uploads::mount`
    BlobsLinkedOfSource,
    // `Manifests::push`
    BlobsLinkedMany,
    ManifestsInsert,
    ManifestsInsertUpdate,
    ManifestsInsertBlobs,
    TagsOpenByName,
    TagsEnd,
    TagsStart,
    CommitManifest,
    // `Tags::delete_many`
    TagsByNames,
    TagsEndOfDelete,
    CommitDelete,
    // `Tags::restore`
    TagsLifetimesForUpdate,
    TagsByNamesOfRestore,
    TagsStartOfRestore,
    CommitRestore,
    // `Blobs::open`, `OpenBlob::read`
    BlobsLinkedOfOpen,
    StorageRead,
    // `collection::delete_ended_tags`
    SelectEndedTags,
    LookAt,
    DeleteTags,
    CommitTags,
    // `collection::collect_manifests`
    SelectManifests,
    SelectKept,
    UpdateKept,
    LeaseLinks,
    DeleteManifests,
    CommitManifests,
    // `collection::collect_links`, `collection::release_blobs`
    SelectLinks,
    UpdateNamed,
    DeleteLinks,
    SelectBlobsForUpdate,
    SelectUnlinked,
    InsertGarbage,
    DeleteBlobs,
    CommitLinks,
    // `sweep_objects`
    BlobsDiscarded,
    StorageDelete,
    BlobsForgetDiscarded,
    /// Nothing.
    Over,
}

impl Step {
    /// Whether a process that is about to do this has no transaction open.
    pub const fn is_outside_transactions(self) -> bool {
        matches!(
            self,
            Self::StorageFinish
                | Self::BlobsInsert
                | Self::BlobsLinkedOfStat
                | Self::RenewLease
                | Self::BlobsLinkedOfSource
                | Self::BlobsLinkedMany
                | Self::TagsByNames
                | Self::TagsLifetimesForUpdate
                | Self::BlobsLinkedOfOpen
                | Self::StorageRead
                | Self::SelectEndedTags
                | Self::SelectManifests
                | Self::SelectLinks
                | Self::BlobsDiscarded
                | Self::StorageDelete
                | Self::BlobsForgetDiscarded
                | Self::Over
        )
    }
}

/// What a process remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Memo {
    /// Where its transaction began.
    pub begun_at: Option<Step>,
    /// Until when it may count on a lease or on grace.
    pub until: Time,
    /// The blob in question.
    pub blob: Option<Id>,
    /// The manifest in question.
    pub manifest: Option<Id>,
    /// Tags in question.
    pub tags: BTreeSet<Id>,
    /// Repositories whose rows were selected.
    pub seen: [bool; REPOSITORIES],
    /// Objects in question.
    pub keys: Vec<Key>,
    /// Objects that are deleted.
    pub gone: Vec<Key>,
}

/// Somebody who does something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// Where.
    pub replica: u8,
    /// What.
    pub program: Program,
    /// The next step.
    pub at: Step,
    /// What is not committed.
    pub transaction: Transaction,
    /// What it remembers.
    pub memo: Memo,
    /// Runs of the transaction that lost a race.
    pub losses: u8,
}

impl Process {
    /// A process that has done nothing yet.
    pub fn new(replica: u8, program: Program) -> Self {
        let at = match program {
            Program::Push(_) => Step::StorageFinish,
            Program::PushSeen(_) => Step::BlobsLinkedOfStat,
            Program::Mount(_) => Step::BlobsLinkedOfSource,
            Program::Delete(_) => Step::TagsByNames,
            Program::Restore(_) => Step::TagsLifetimesForUpdate,
            Program::Pull(_) => Step::BlobsLinkedOfOpen,
            Program::Collect { turns: 0 } => Step::Over,
            Program::Collect { .. } => Step::SelectEndedTags,
        };
        Self {
            replica,
            program,
            at,
            transaction: Transaction::default(),
            memo: Memo::default(),
            losses: 0,
        }
    }

    /// The same after its end.
    #[must_use]
    pub fn gone(self) -> Self {
        Self {
            at: Step::Over,
            transaction: Transaction::default(),
            memo: Memo::default(),
            losses: 0,
            ..self
        }
    }
}

/// Why a step does not lead to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// These processes hold a lock that it needs.
    Waits(Vec<usize>),
    /// It named a row that is gone, so its transaction runs again.
    LostRace,
    /// The process has its answer.
    Over,
}

/// One step of one process.
pub(super) struct Turn<'a> {
    pub(super) settings: Settings,
    pub(super) state: &'a mut State,
    pub(super) who: usize,
}

impl Turn<'_> {
    pub(super) fn process(&mut self) -> &mut Process {
        &mut self.state.processes[self.who]
    }

    pub(super) fn memo(&mut self) -> &mut Memo {
        &mut self.process().memo
    }

    /// What its next statement sees: what is committed, and its own writes.
    pub(super) fn view(&self) -> Tables {
        let mut view = self.state.tables.clone();
        for write in &self.state.processes[self.who].transaction.writes {
            view.apply(write);
        }
        view
    }

    fn others(&self) -> impl Iterator<Item = (usize, &Transaction)> {
        let processes = self.state.processes.iter().enumerate();
        let others = processes.filter(|(at, _)| *at != self.who);
        others.map(|(at, process)| (at, &process.transaction))
    }

    fn holders(&self, row: Row, lock: Lock) -> Vec<usize> {
        let holds = |held: &Transaction| held.locks.get(&row).is_some_and(|it| it.excludes(lock));
        let holders = self.others().filter(|(_, held)| holds(held));
        holders.map(|(at, _)| at).collect()
    }

    /// Takes a row lock, or waits for it.
    pub(super) fn lock(&mut self, row: Row, lock: Lock) -> Result<(), Stop> {
        let holders = self.holders(row, lock);
        if !holders.is_empty() {
            return Err(Stop::Waits(holders));
        }
        self.process().transaction.lock(row, lock);
        Ok(())
    }

    /// Takes a row lock if it is free: `skip locked`.
    pub(super) fn try_lock(&mut self, row: Row, lock: Lock) -> bool {
        self.lock(row, lock).is_ok()
    }

    /// Waits for whoever inserts or deletes under a unique key.
    pub(super) fn meet(&self, row: Row) -> Result<(), Stop> {
        let writes = |it: &Transaction| it.writes.iter().any(|it| it.fights_for() == Some(row));
        let rivals = self.others().filter(|(_, it)| writes(it));
        let rivals: Vec<usize> = rivals.map(|(at, _)| at).collect();
        if rivals.is_empty() {
            Ok(())
        } else {
            Err(Stop::Waits(rivals))
        }
    }

    pub(super) fn write(&mut self, write: Write) {
        self.process().transaction.writes.push(write);
    }

    /// Shows everybody what it wrote, and lets its locks go.
    pub(super) fn commit(&mut self) {
        let transaction = std::mem::take(&mut self.process().transaction);
        for write in &transaction.writes {
            self.state.tables.apply(write);
        }
        self.process().losses = 0;
    }

    fn run(&mut self) -> Result<Step, Stop> {
        let at = self.process().at;
        if at.is_outside_transactions() {
            self.memo().begun_at = Some(at);
        }
        match self.process().program {
            Program::Push(at)
            | Program::PushSeen(at)
            | Program::Mount(at)
            | Program::Delete(at)
            | Program::Restore(at)
            | Program::Pull(at) => self.client(at),
            Program::Collect { turns } => self.collect(turns),
        }
    }
}

impl State {
    /// The state after a step of this process; none when it waits or is done.
    pub(super) fn step(&self, settings: Settings, who: usize) -> Option<Self> {
        if self.processes[who].at == Step::Over {
            return None;
        }
        let (mut state, step) = self.tried(settings, who);
        match step {
            Ok(step) => state.processes[who].at = step,
            Err(Stop::Over) => {
                let process = state.processes[who].clone();
                state.processes[who] = process.gone();
            }
            Err(Stop::LostRace) => return Some(self.again(who)),
            Err(Stop::Waits(_)) => return None,
        }
        Some(state)
    }

    fn tried(&self, settings: Settings, who: usize) -> (Self, Result<Step, Stop>) {
        let mut state = self.clone();
        let mut turn = Turn {
            settings,
            state: &mut state,
            who,
        };
        let step = turn.run();
        (state, step)
    }

    /// The transaction of this process from its beginning, or its end after too many losses.
    fn again(&self, who: usize) -> Self {
        let mut state = self.clone();
        let process = &mut state.processes[who];
        process.transaction = Transaction::default();
        process.losses += 1;
        match process.memo.begun_at {
            Some(step) if process.losses < ATTEMPTS_MAX => process.at = step,
            _ => *process = process.clone().gone(),
        }
        state
    }

    /// The state after this process lost its transaction to a deadlock; none when it is in none.
    pub(super) fn break_deadlock(&self, settings: Settings, who: usize) -> Option<Self> {
        if !self.processes[who].transaction.is_open() {
            return None;
        }
        let waits = |at: usize| match self.processes[at].at {
            Step::Over => Vec::new(),
            _ => match self.tried(settings, at).1 {
                Err(Stop::Waits(holders)) => holders,
                _ => Vec::new(),
            },
        };
        let mut reached = waits(who);
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            if at == who {
                return Some(self.again(who));
            }
            let further = waits(at);
            reached.extend(
                further
                    .into_iter()
                    .filter(|at| !reached.contains(at))
                    .collect::<Vec<_>>(),
            );
            next += 1;
        }
        None
    }
}
