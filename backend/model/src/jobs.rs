//! The claim on a kind of periodic work, `Workers::run_if_due`: one row, any number of processes.

use stateright::{Model, Property};

/// An instant or a length of time, in ticks.
pub type Time = u8;

/// `RUN_MAX`: what a claim lasts, and what a run may take.
pub const RUN_MAX: Time = 2;
/// `Periodic::interval`
pub const INTERVAL: Time = 1;

/// What a race would get past without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// A run is cut off `RUN_MAX` after the clock was read for its claim, not after the claim.
    Deadline,
    /// `schedules::finish` finishes the work of its holder alone.
    Holder,
    /// `schedules::claim` leaves a claim alone that has not passed.
    Claim,
}

/// The row of `job_schedules`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// The run that holds it.
    pub locked_by: Option<u8>,
    /// Until when.
    pub locked_until: Option<Time>,
    /// When it is due.
    pub next_run_at: Time,
}

/// What a process is about to do. A process that does nothing for long is one that was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Read the clock.
    Now,
    /// `schedules::claim`, with what the clock said.
    Claim(Time),
    /// Work; it is cut off at the deadline.
    Run {
        /// The claim.
        name: u8,
        /// When it is cut off.
        deadline: Time,
    },
    /// `schedules::finish`
    Finish(u8),
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The clock.
    pub now: Time,
    /// The row.
    pub schedule: Schedule,
    /// The processes.
    pub workers: Vec<Step>,
    /// Names given out: a process has one, and another after it was started again.
    pub names: Vec<u8>,
    /// The last of them.
    pub last_name: u8,
    /// Processes that may still die.
    pub crashes: u8,
    /// A finish ended the claim of another run.
    pub robbed: bool,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A process does its next step.
    Step(usize, Step),
    /// The claim is committed and the answer is lost.
    LoseAnswer(usize),
    /// A process dies and is started again.
    Crash(usize),
    /// Time passes.
    Tick,
}

/// What is explored.
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// Processes.
    pub processes: u8,
    /// Last instant.
    pub until: Time,
    /// Processes that die.
    pub crashes: u8,
    /// What is missing.
    pub without: Option<Guard>,
}

impl Workers {
    fn has(self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    fn claim(self, state: &mut State, worker: usize, now: Time) -> bool {
        let schedule = &mut state.schedule;
        let is_free = schedule.locked_until.is_none_or(|until| until < now);
        let is_due = schedule.next_run_at <= now;
        if !is_due || (self.has(Guard::Claim) && !is_free) {
            return false;
        }
        schedule.locked_by = Some(state.names[worker]);
        schedule.locked_until = Some(now + RUN_MAX);
        true
    }
}

impl State {
    /// Two runs that are both allowed to go on: a process that was stopped is cut off before it does
    /// anything else.
    fn overlaps(&self) -> bool {
        let runs =
            |step: &&Step| matches!(step, Step::Run { deadline, .. } if self.now < *deadline);
        self.workers.iter().filter(runs).count() > 1
    }

    /// Whether somebody new can have the work in the end, whoever stopped where.
    fn goes_on(&self) -> bool {
        let Schedule {
            locked_until,
            next_run_at,
            ..
        } = self.schedule;
        let then = self.now + RUN_MAX + 1;
        locked_until.is_none_or(|until| until < then) && next_run_at <= then
    }
}

impl Model for Workers {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            schedule: Schedule::default(),
            workers: vec![Step::Now; self.processes.into()],
            names: (0..self.processes).collect(),
            last_name: self.processes,
            crashes: self.crashes,
            robbed: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, step) in state.workers.iter().enumerate() {
            actions.push(Action::Step(at, *step));
            if matches!(step, Step::Claim(_)) {
                actions.push(Action::LoseAnswer(at));
            }
            if state.crashes > 0 {
                actions.push(Action::Crash(at));
            }
        }
        if state.now < self.until {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Tick => next.now += 1,
            Action::Crash(at) => {
                next.crashes -= 1;
                next.last_name += 1;
                next.names[at] = next.last_name;
                next.workers[at] = Step::Now;
            }
            Action::LoseAnswer(at) => {
                let Step::Claim(now) = state.workers[at] else {
                    return None;
                };
                self.claim(&mut next, at, now);
                next.workers[at] = Step::Now;
            }
            Action::Step(at, step) => {
                next.workers[at] = match step {
                    Step::Now => Step::Claim(state.now),
                    Step::Claim(now) => {
                        if self.claim(&mut next, at, now) {
                            let begun = if self.has(Guard::Deadline) {
                                now
                            } else {
                                state.now
                            };
                            Step::Run {
                                name: state.names[at],
                                deadline: begun + RUN_MAX,
                            }
                        } else {
                            Step::Now
                        }
                    }
                    Step::Run { name, .. } => Step::Finish(name),
                    Step::Finish(name) => {
                        let schedule = &mut next.schedule;
                        if schedule.locked_by == Some(name) || !self.has(Guard::Holder) {
                            next.robbed |= schedule.locked_by != Some(name);
                            *schedule = Schedule {
                                next_run_at: state.now + INTERVAL,
                                ..Schedule::default()
                            };
                        }
                        Step::Now
                    }
                };
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ALONE, |_: &Self, state: &State| !state.overlaps()),
            Property::always(OWN, |_: &Self, state: &State| !state.robbed),
            Property::always(GOES_ON, |_: &Self, state: &State| state.goes_on()),
        ]
    }
}

/// However slow the database or the process.
pub const ALONE: &str = "no two runs are under way";
/// A process that comes back from the dead changes nothing.
pub const OWN: &str = "a run that is late ends no other's claim";
/// Whoever died holding it.
pub const GOES_ON: &str = "the work is had again within a claim";
