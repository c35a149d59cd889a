//! Push, mount, pull, delete and restore against two collectors, statement by statement.
//!
//! A statement is one step and sees what is committed when it runs, as under `read committed`. One that
//! would wait for a row lock runs when the lock is free; no statement of the code both waits and reads
//! rows that it does not lock, so a fresh look is what PostgreSQL does after waiting. On SQLite a
//! transaction runs alone, which is a part of these interleavings.
//!
//! The clock moves between transactions: a lease or a grace period is long against one of them.

mod clients;
mod collector;
mod rows;
mod turn;

use std::collections::BTreeSet;

use stateright::{Model, Property};

pub use rows::{
    Blob, Id, Key, Link, Lock, Manifest, REPOSITORIES, Repository, Row, Tables, Tag, Time,
    Transaction, Write,
};
pub use turn::{Memo, Process, Program, Step, Stop};

/// Something in the code that a race would get past without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// `for share` of `blobs::linked_many`.
    LinkedMany,
    /// `for update` of `collection::collect_manifests`.
    CollectManifests,
    /// `for update` of `collection::collect_links`.
    CollectLinks,
    /// `for update` of `collection::release_blobs`.
    ReleaseBlobs,
    /// `for update` of `tags::lifetimes_for_update`.
    Lifetimes,
    /// `collection::look_at` locks manifests that are on the worklist already.
    LookAt,
    /// `collection::delete_manifests` leases the links of what it deletes.
    LeaseOfNamed,
    /// That `blob_links` and `manifest_blobs` refer to `blobs`.
    ForeignKeys,
    /// `keep_until` of `blobs::link`.
    Lease,
    /// `delete_after` of `collection::release_blobs`.
    Grace,
}

/// How the registry is set, and which guard is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `settings.push.lease`
    pub lease: Time,
    /// `settings.push.time_machine`
    pub window: Time,
    /// `settings.collection.grace`
    pub grace: Time,
    /// What is missing.
    pub without: Option<Guard>,
}

impl Settings {
    /// Neither leases nor a window nor grace: what is not needed at this moment is garbage.
    pub const SHIELDS_NOTHING: Self = Self {
        lease: 0,
        window: 0,
        grace: 0,
        without: None,
    };

    /// Each shield lasts a tick.
    pub const SHIELDS: Self = Self {
        lease: 1,
        window: 1,
        grace: 1,
        without: None,
    };

    /// The same without a guard.
    #[must_use]
    pub const fn without(self, guard: Guard) -> Self {
        Self {
            without: Some(guard),
            ..self
        }
    }

    /// A length of time, or none where the guard that it is for is taken away.
    pub fn shield(self, guard: Guard, length: Time) -> Time {
        if self.has(guard) { length } else { 0 }
    }

    /// Whether a guard is there.
    pub fn has(self, guard: Guard) -> bool {
        self.without != Some(guard)
    }
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The clock.
    pub now: Time,
    /// What is committed.
    pub tables: Tables,
    /// Keys of the stored objects.
    pub objects: BTreeSet<Key>,
    /// Objects of uploads that have no row yet; after a crash the orphan sweep takes them.
    pub torn: BTreeSet<Key>,
    /// Who does something.
    pub processes: Vec<Process>,
    /// Rows made so far.
    pub last_id: Id,
    /// Objects made so far.
    pub last_key: Key,
    /// Repositories whose tag was acknowledged and not deleted since.
    pub promised: [bool; REPOSITORIES],
    /// A push was refused although it had reason to count on a lease.
    pub refused: bool,
    /// A pull found no bytes although the grace period had not passed.
    pub cut_off: bool,
    /// Replicas that may still crash.
    pub crashes: u8,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A process does its next step.
    Step(usize, Step),
    /// The database breaks a deadlock by giving this process's transaction up.
    BreakDeadlock(usize),
    /// A replica dies: its clients are gone, its transactions rolled back, its collector starts anew.
    Crash(u8),
    /// Time passes.
    Tick,
}

/// What is explored.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Leases and guards.
    pub settings: Settings,
    /// Last instant of the clock; what comes after it is played to its end by one collector.
    pub until: Time,
    /// Replicas that crash.
    pub crashes: u8,
    /// What there is before.
    pub before: Before,
    /// Who does what, at which replica.
    pub programs: Vec<(u8, Program)>,
}

/// What a scenario begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Before {
    /// An empty registry.
    Nothing,
    /// The first repository has the image under its tag.
    Tagged,
    /// It had; the lifetime has ended just now.
    Ended,
    /// Both have it, and the tag of the first has ended just now.
    EndedHereTaggedThere,
    /// The first repository has the blob alone, and its lease is over.
    Uploaded,
}

impl Scenario {
    fn rows(&self) -> State {
        let mut state = State {
            now: 0,
            tables: Tables::default(),
            objects: BTreeSet::new(),
            torn: BTreeSet::new(),
            processes: Vec::new(),
            last_id: 0,
            last_key: 0,
            promised: [false; REPOSITORIES],
            refused: false,
            cut_off: false,
            crashes: self.crashes,
        };
        let has_bytes = self.before != Before::Nothing;
        if has_bytes {
            let (id, key) = (state.new_id(), state.new_key());
            state.tables.blob = Some(Blob { id, key });
            state.objects.insert(key);
        }
        match self.before {
            Before::Nothing => {}
            Before::Tagged => state.push_before(0, None),
            Before::Ended => state.push_before(0, Some(0)),
            Before::EndedHereTaggedThere => {
                state.push_before(0, Some(0));
                state.push_before(1, None);
            }
            Before::Uploaded => {
                let blob = state.tables.blob.map_or(0, |blob| blob.id);
                state.tables.links[0] = Some(Link {
                    blob,
                    keep_until: Some(0),
                });
            }
        }
        state
    }
}

impl State {
    pub(crate) const fn new_id(&mut self) -> Id {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) const fn new_key(&mut self) -> Key {
        self.last_key += 1;
        self.last_key
    }

    fn push_before(&mut self, repository: Repository, ended_at: Option<Time>) {
        let blob = self.tables.blob.map_or(0, |blob| blob.id);
        let (manifest, tag) = (self.new_id(), self.new_id());
        self.tables.links[repository] = Some(Link {
            blob,
            keep_until: None,
        });
        // As a push leaves it: on the worklist until the collector has seen the tag.
        self.tables.manifests[repository] = Some(Manifest {
            id: manifest,
            blob,
            keep_until: Some(0),
        });
        self.tables.tags.insert(
            tag,
            Tag {
                repository,
                manifest,
                ended_at,
            },
        );
        self.promised[repository] = ended_at.is_none();
    }

    /// Every row that is there has what it needs, and so has every promise.
    fn is_whole(&self) -> bool {
        let Tables {
            blob,
            links,
            manifests,
            tags,
            ..
        } = &self.tables;
        let stored = |id: Id| blob.is_some_and(|blob| blob.id == id);
        blob.is_none_or(|blob| self.objects.contains(&blob.key))
            && links.iter().flatten().all(|link| stored(link.blob))
            && (0..REPOSITORIES).all(|at| {
                let linked = links[at].map(|link| link.blob);
                manifests[at].is_none_or(|manifest| linked == Some(manifest.blob))
                    && (!self.promised[at] || self.tables.live_tag(at).is_some())
            })
            && tags.values().all(|tag| {
                manifests[tag.repository].is_some_and(|manifest| manifest.id == tag.manifest)
            })
    }

    /// Whether nothing is left after everybody stopped and a collector had a turn in each tick until
    /// what was pushed last ran out: the lease of its manifest or the window of its tag, then the lease
    /// of its blobs, then the grace of its bytes.
    fn gets_rid_of_garbage(&self, settings: Settings) -> bool {
        let mut state = self.clone();
        state.crashes = 0;
        for key in std::mem::take(&mut state.torn) {
            state.objects.remove(&key);
        }
        let manifests = settings.window.max(settings.lease);
        for period in 0..=manifests + settings.lease + settings.grace {
            state.now = self.now + period;
            state.processes = vec![Process::new(0, Program::Collect { turns: 1 })];
            while let Some(next) = state.step(settings, 0) {
                state = next;
            }
        }
        let tables = &state.tables;
        let objects: BTreeSet<Key> = tables.blob.iter().map(|blob| blob.key).collect();
        tables.garbage.is_empty()
            && state.objects == objects
            && tables.blob.is_none_or(|blob| tables.is_linked(blob.id))
            && (0..REPOSITORIES).all(|at| {
                tables.links[at].is_none_or(|link| tables.is_named(at, link.blob))
                    && tables.manifests[at].is_none_or(|manifest| tables.is_tagged(manifest.id))
            })
            && tables.tags.values().all(|tag| tag.ended_at.is_none())
    }

    fn crash(&self, replica: u8) -> Self {
        let mut next = self.clone();
        next.crashes -= 1;
        for process in &mut next.processes {
            if process.replica == replica {
                *process = match process.program {
                    Program::Collect { .. } => Process::new(replica, process.program),
                    _ => process.clone().gone(),
                };
            }
        }
        next
    }
}

impl Model for Scenario {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = self.rows();
        let programs = self.programs.iter();
        state.processes = programs
            .map(|(replica, program)| Process::new(*replica, *program))
            .collect();
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let processes = || state.processes.iter().enumerate();
        let running = || processes().filter(|(_, process)| process.at != Step::Over);
        actions.extend(running().map(|(at, process)| Action::Step(at, process.at)));
        actions.extend(running().map(|(at, _)| Action::BreakDeadlock(at)));
        if state.crashes > 0 && running().next().is_some() {
            let replicas: BTreeSet<u8> = running().map(|(_, process)| process.replica).collect();
            actions.extend(replicas.into_iter().map(Action::Crash));
        }
        let between = processes().all(|(_, process)| process.at.is_outside_transactions());
        if state.now < self.until && between {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        match action {
            Action::Step(at, _) => state.step(self.settings, at),
            Action::BreakDeadlock(at) => state.break_deadlock(self.settings, at),
            Action::Crash(replica) => Some(state.crash(replica)),
            Action::Tick => {
                let mut next = state.clone();
                next.now += 1;
                Some(next)
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(WHOLE, |_: &Self, state: &State| state.is_whole()),
            Property::always(LEASED, |_: &Self, state: &State| !state.refused),
            Property::always(GRACEFUL, |_: &Self, state: &State| !state.cut_off),
            Property::always(CLEAN, |model: &Self, state: &State| {
                state.gets_rid_of_garbage(model.settings)
            }),
        ]
    }
}

/// No live blob or manifest without its bytes, no acknowledged tag lost.
pub const WHOLE: &str = "what is there and what was promised is whole";
/// Who pushes within a lease is not told that a blob is unknown.
pub const LEASED: &str = "a push within its lease is taken";
/// Who has opened a blob can read it for the grace period.
pub const GRACEFUL: &str = "a pull within the grace period has its bytes";
/// Wherever everything stops, and whoever died, nothing stays for good.
pub const CLEAN: &str = "garbage is gone within window, lease, grace and a period";
