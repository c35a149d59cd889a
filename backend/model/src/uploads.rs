//! The lease of an upload: `Uploads::lease_row`, then `Lease::append`, `Lease::commit` or `Lease::end`,
//! over a storage that writes in place, as the filesystem driver does.
//!
//! Each request brings bytes of its own, so that whose bytes are in the object can be told. The clock
//! does not move between a look at the lease and the call of the storage that it is for: a lease is long
//! against that, and while a call runs the lease is renewed.

use stateright::{Model, Property};

/// An instant or a length of time, in ticks.
pub type Time = u8;

/// `LEASE`
pub const LEASE: Time = 1;

/// What a race would get past without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// `Lease::renewing` looks at the lease before storage is touched late.
    Fence,
    /// `uploads::advance` and `uploads::end` are for the holder alone.
    Holder,
    /// `uploads::lease` leaves a lease alone that has not passed.
    Lease,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `PATCH` with one chunk: `Uploads::append`.
    Append,
    /// `PUT` with one chunk: `Uploads::finish`.
    Finish,
    /// `DELETE`, or the sweep: `Uploads::cancel`.
    Cancel,
}

/// What a request is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// `uploads::lease` and `uploads::open`, in one transaction.
    Lease,
    /// Wait for the first byte of the body, at the offset that the row had.
    Body {
        /// The offset.
        at: u8,
        /// When the lease was taken.
        held_at: Time,
    },
    /// `uploads::renew`, where the lease was taken long ago.
    Renew(u8),
    /// `StorageDriver::append`: cuts the object at the offset and writes behind it.
    StorageAppend(u8),
    /// `StorageDriver::finish`: makes the object durable.
    StorageFinish,
    /// `uploads::advance`
    Advance(u8),
    /// `uploads::end` with the rows of the blob, in one transaction.
    Commit,
    /// `uploads::end`
    End,
    /// `StorageDriver::abort`
    StorageAbort,
    /// Nothing.
    Over,
}

/// `uploads.state`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upload {
    /// Under way.
    Open,
    /// A blob names the object.
    Committed,
    /// Given up.
    Cancelled,
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The clock.
    pub now: Time,
    /// Its state.
    pub upload: Upload,
    /// `leased_by`
    pub leased_by: Option<usize>,
    /// `leased_until`
    pub leased_until: Option<Time>,
    /// What clients were told is safe: the request that brought each chunk.
    pub acknowledged: Vec<usize>,
    /// What is in the object.
    pub object: Option<Vec<usize>>,
    /// What each request is about to do.
    pub requests: Vec<Step>,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A request does its next step.
    Step(usize, Step),
    /// A request's server dies.
    Crash(usize),
    /// Time passes.
    Tick,
}

/// What is explored.
#[derive(Debug, Clone)]
pub struct Requests {
    /// What each is for.
    pub kinds: Vec<Kind>,
    /// Last instant.
    pub until: Time,
    /// What is missing.
    pub without: Option<Guard>,
}

impl Requests {
    fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    fn step(&self, state: &mut State, who: usize, step: Step) -> Step {
        let is_holder = state.leased_by == Some(who) || !self.has(Guard::Holder);
        let holds = is_holder && state.upload == Upload::Open;
        match step {
            Step::Lease => {
                let is_free = state.leased_until.is_none_or(|until| until <= state.now);
                if state.upload != Upload::Open || (self.has(Guard::Lease) && !is_free) {
                    return Step::Over;
                }
                state.leased_by = Some(who);
                state.leased_until = Some(state.now + LEASE);
                let at = u8::try_from(state.acknowledged.len()).unwrap_or(u8::MAX);
                match self.kinds[who] {
                    Kind::Cancel => Step::End,
                    _ => Step::Body {
                        at,
                        held_at: state.now,
                    },
                }
            }
            Step::Body { at, held_at } => {
                if self.has(Guard::Fence) && state.now > held_at {
                    Step::Renew(at)
                } else {
                    Step::StorageAppend(at)
                }
            }
            Step::Renew(at) => {
                if state.leased_by != Some(who) {
                    return Step::Over;
                }
                state.leased_until = Some(state.now + LEASE);
                Step::StorageAppend(at)
            }
            Step::StorageAppend(at) => {
                let object = state.object.get_or_insert_default();
                if object.len() < usize::from(at) {
                    return Step::Over;
                }
                object.truncate(at.into());
                object.push(who);
                match self.kinds[who] {
                    Kind::Append => Step::Advance(at),
                    _ => Step::StorageFinish,
                }
            }
            Step::StorageFinish => Step::Commit,
            Step::Advance(at) => {
                if holds {
                    state.acknowledged.truncate(at.into());
                    state.acknowledged.push(who);
                    (state.leased_by, state.leased_until) = (None, None);
                }
                Step::Over
            }
            Step::Commit => {
                if holds {
                    state.acknowledged.push(who);
                    state.upload = Upload::Committed;
                    (state.leased_by, state.leased_until) = (None, None);
                }
                Step::Over
            }
            Step::End => {
                if !holds {
                    return Step::Over;
                }
                state.upload = Upload::Cancelled;
                (state.leased_by, state.leased_until) = (None, None);
                Step::StorageAbort
            }
            Step::StorageAbort => {
                state.object = None;
                Step::Over
            }
            Step::Over => Step::Over,
        }
    }
}

impl State {
    /// The object begins with what was acknowledged, and is that alone once a blob names it.
    fn is_whole(&self) -> bool {
        let stored = self.object.as_deref().unwrap_or_default();
        match self.upload {
            Upload::Open => stored.starts_with(&self.acknowledged),
            Upload::Committed => stored == self.acknowledged,
            Upload::Cancelled => true,
        }
    }

    /// Within a lease from now, whoever died, a new request may have it.
    fn goes_on(&self) -> bool {
        let then = self.now + LEASE;
        self.leased_until.is_none_or(|until| until <= then)
    }
}

impl Model for Requests {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            upload: Upload::Open,
            leased_by: None,
            leased_until: None,
            acknowledged: Vec::new(),
            object: None,
            requests: vec![Step::Lease; self.kinds.len()],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let requests = || state.requests.iter().enumerate();
        for (at, step) in requests().filter(|(_, step)| **step != Step::Over) {
            actions.push(Action::Step(at, *step));
            actions.push(Action::Crash(at));
        }
        let in_call = |step: &Step| matches!(step, Step::StorageAppend(_) | Step::StorageFinish);
        if state.now < self.until && !requests().any(|(_, step)| in_call(step)) {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Tick => next.now += 1,
            Action::Crash(at) => next.requests[at] = Step::Over,
            Action::Step(at, step) => next.requests[at] = self.step(&mut next, at, step),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(WHOLE, |_: &Self, state: &State| state.is_whole()),
            Property::always(GOES_ON, |_: &Self, state: &State| state.goes_on()),
        ]
    }
}

/// Whoever was taken for dead and was not.
pub const WHOLE: &str = "what was acknowledged is in the object, and nothing else in a blob";
/// Whoever died holding it.
pub const GOES_ON: &str = "an upload can be had again within a lease";
