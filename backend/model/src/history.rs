//! Whether what clients saw of a tag can be told as one story: each operation took effect at one
//! instant between its call and its answer (linearizability of a register, after Wing and Gong, with
//! Lowe's memory of what was tried).

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was done, and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind<V> {
    /// The register holds this from now on.
    Put(V),
    /// The register is empty from now on; whether it was not, where that was told.
    Delete(Option<bool>),
    /// The register held this.
    Get(Option<V>),
}

/// One operation of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation<V> {
    /// When it was called.
    pub called: u64,
    /// When it was answered; one without an answer happened at any time since, or never.
    pub answered: Option<u64>,
    /// What it was.
    pub kind: Kind<V>,
}

/// What clients of one register do, as they do it.
#[derive(Debug)]
pub struct History<V> {
    clock: AtomicU64,
    operations: Mutex<Vec<Operation<V>>>,
}

impl<V> Default for History<V> {
    fn default() -> Self {
        Self {
            clock: AtomicU64::new(0),
            operations: Mutex::default(),
        }
    }
}

impl<V: Clone + Debug + Eq + Hash> History<V> {
    /// The instant of a call.
    pub fn call(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// Takes down an operation that is answered now.
    pub fn answered(&self, called: u64, kind: Kind<V>) {
        let answered = Some(self.call());
        self.add(Operation {
            called,
            answered,
            kind,
        });
    }

    /// Takes down an operation that nobody knows the end of.
    pub fn unknown(&self, called: u64, kind: Kind<V>) {
        self.add(Operation {
            called,
            answered: None,
            kind,
        });
    }

    fn add(&self, operation: Operation<V>) {
        let operations = self.operations.lock();
        operations
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(operation);
    }

    /// Checks what was taken down, for a register that was empty before; returns how many operations
    /// that were.
    ///
    /// # Errors
    /// The most of it that can be told as one story, and what cannot follow.
    pub fn check(self) -> Result<usize, String> {
        let operations = self.operations.into_inner();
        let operations = operations.unwrap_or_else(std::sync::PoisonError::into_inner);
        check(&operations).map(|()| operations.len())
    }
}

/// A point of the search: which operations have had their effect, in which order, and the register.
struct Told<V> {
    done: Vec<bool>,
    order: Vec<usize>,
    value: Option<V>,
}

/// Checks a history of a register that was empty before.
///
/// # Errors
/// The most of it that can be told as one story, and what cannot follow.
pub fn check<V: Clone + Debug + Eq + Hash>(operations: &[Operation<V>]) -> Result<(), String> {
    let mut tried: HashSet<(Vec<bool>, Option<V>)> = HashSet::new();
    let mut best: Vec<usize> = Vec::new();
    let mut open = vec![Told {
        done: vec![false; operations.len()],
        order: Vec::new(),
        value: None,
    }];
    while let Some(told) = open.pop() {
        let left = || (0..operations.len()).filter(|at| !told.done[*at]);
        // Nothing may happen after the first answer that is still to come.
        let Some(limit) = left().filter_map(|at| operations[at].answered).min() else {
            return Ok(());
        };
        if told.order.len() > best.len() {
            best.clone_from(&told.order);
        }
        for at in left().filter(|at| operations[*at].called < limit) {
            let kind = &operations[at].kind;
            if !fits(kind, told.value.as_ref()) {
                continue;
            }
            let value = match kind {
                Kind::Put(new) => Some(new.clone()),
                Kind::Delete(_) => None,
                Kind::Get(_) => told.value.clone(),
            };
            let mut done = told.done.clone();
            done[at] = true;
            if tried.insert((done.clone(), value.clone())) {
                let mut order = told.order.clone();
                order.push(at);
                open.push(Told { done, order, value });
            }
        }
    }
    let rest = (0..operations.len()).filter(|at| !best.contains(at));
    let told: Vec<_> = best.iter().map(|at| &operations[*at]).collect();
    let rest: Vec<_> = rest.map(|at| &operations[at]).collect();
    Err(format!(
        "after {} operations, the last of them {:?}, none of these can follow: {rest:?}",
        told.len(),
        &told[told.len().saturating_sub(4)..]
    ))
}

/// Whether an operation saw what it would when the register holds this.
fn fits<V: Eq>(kind: &Kind<V>, value: Option<&V>) -> bool {
    match kind {
        Kind::Put(_) => true,
        Kind::Delete(found) => found.is_none_or(|found| found == value.is_some()),
        Kind::Get(seen) => seen.as_ref() == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(called: u64, answered: u64, kind: Kind<u8>) -> Operation<u8> {
        Operation {
            called,
            answered: Some(answered),
            kind,
        }
    }

    #[test]
    fn operations_that_overlap_may_happen_in_any_order() {
        let history = [
            at(0, 5, Kind::Put(1)),
            at(1, 6, Kind::Put(2)),
            at(2, 3, Kind::Get(Some(2))),
            at(7, 8, Kind::Get(Some(1))),
            at(9, 10, Kind::Delete(Some(true))),
            at(11, 12, Kind::Delete(Some(false))),
            at(13, 14, Kind::Get(None)),
        ];
        check(&history).unwrap();
    }

    #[test]
    fn an_operation_without_an_answer_happened_late_or_never() {
        let lost = Operation {
            called: 0,
            answered: None,
            kind: Kind::Put(1),
        };
        let never = at(5, 6, Kind::Get(None));
        check(&[lost.clone(), never.clone()]).unwrap();
        let late = at(7, 8, Kind::Get(Some(1)));
        check(&[lost.clone(), never, late.clone()]).unwrap();
        let gone = at(9, 10, Kind::Get(None));
        check(&[lost, late, gone]).unwrap_err();
    }

    #[test]
    fn stories_that_contradict_themselves_are_refused() {
        let stale = [
            at(0, 1, Kind::Put(1)),
            at(2, 3, Kind::Put(2)),
            at(4, 5, Kind::Get(Some(1))),
        ];
        let torn = [
            at(0, 9, Kind::Put(1)),
            at(1, 2, Kind::Get(Some(1))),
            at(3, 4, Kind::Get(None)),
        ];
        let twice_deleted = [
            at(0, 1, Kind::Put(1)),
            at(2, 5, Kind::Delete(Some(true))),
            at(3, 6, Kind::Delete(Some(true))),
        ];
        let from_nowhere = [at(0, 1, Kind::Put(1)), at(2, 3, Kind::Get(Some(7)))];
        for history in [&stale[..], &torn, &twice_deleted, &from_nowhere] {
            let refused = check(history).unwrap_err();
            assert!(refused.contains("can follow"), "{refused}");
        }
    }
}
