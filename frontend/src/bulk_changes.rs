//! Changes of more than 1,000 repositories: the registry goes on with them behind the request, and the console tells
//! how far they are wherever the viewer is.

use leptos::prelude::*;

use crate::{
    api::{ApiError, ErrorClass},
    schema,
};

/// What is done to many repositories.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BulkChangeKind {
    Visibility,
    Deletion,
    Permissions,
}

/// How far a change is.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BulkChangeState {
    Running,
    Done,
    Failed,
    Cancelled,
}

/// A change as the registry tells it.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct BulkChange {
    pub(crate) id: cynic::Id,
    pub(crate) kind: BulkChangeKind,
    pub(crate) state: BulkChangeState,
    pub(crate) total: i32,
    pub(crate) done: i32,
    pub(crate) refused: i32,
    pub(crate) error: Option<String>,
}

impl BulkChange {
    /// How many repositories were really changed.
    pub(crate) fn made(&self) -> i32 {
        self.done - self.refused
    }

    /// How many were not looked at.
    pub(crate) fn left(&self) -> i32 {
        self.total - self.done
    }

    /// How much of it is done.
    pub(crate) fn percent(&self) -> i64 {
        i64::from(self.done) * 100 / i64::from(self.total.max(1))
    }

    /// Whether all of it became as it was asked for.
    pub(crate) fn is_whole(&self) -> bool {
        self.state == BulkChangeState::Done && self.refused == 0
    }
}

/// The changes that are shown above every page, the oldest first.
#[derive(Clone, Copy)]
pub(crate) struct BulkChanges {
    list: RwSignal<Vec<BulkChange>>,
    /// Goes up whenever one has ended.
    ends: RwSignal<u32>,
}

impl BulkChanges {
    /// To be made once, at the root.
    pub(crate) fn new() -> Self {
        Self {
            list: RwSignal::new(Vec::new()),
            ends: RwSignal::new(0),
        }
    }

    /// Shows a change until it has ended, wherever the viewer goes.
    pub(crate) fn follow(self, change: BulkChange) {
        self.list.update(|list| {
            if list.iter().all(|one| one.id != change.id) {
                list.push(change);
            }
        });
    }

    /// Notes how a change stands now; tells whether it has just ended. An answer that comes late begins nothing anew.
    pub(crate) fn note(self, now: BulkChange) -> bool {
        let mut has_ended = false;
        self.list.update(|list| {
            let known = list.iter_mut().find(|one| one.id == now.id);
            if let Some(known) = known.filter(|one| one.state == BulkChangeState::Running) {
                has_ended = now.state != BulkChangeState::Running;
                *known = now;
            }
        });
        if has_ended {
            self.ends.update(|ends| *ends = ends.wrapping_add(1));
        }
        has_ended
    }

    /// Shows a change no more.
    pub(crate) fn dismiss(self, id: &cynic::Id) {
        self.list.update(|list| list.retain(|one| one.id != *id));
    }

    /// Shows none any more.
    pub(crate) fn clear(self) {
        if self.list.with_untracked(|list| !list.is_empty()) {
            self.list.set(Vec::new());
        }
    }

    /// Those that are shown.
    pub(crate) fn ids(self) -> Vec<cynic::Id> {
        self.list
            .with(|list| list.iter().map(|one| one.id.clone()).collect())
    }

    /// How one of them stands.
    pub(crate) fn get(self, id: &cynic::Id) -> Option<BulkChange> {
        self.list
            .with(|list| list.iter().find(|one| one.id == *id).cloned())
    }

    /// Has a list of repositories asked for anew whenever a change has ended.
    pub(crate) fn track_ends(self) {
        self.ends.track();
    }
}

/// The changes provided at the root.
pub(crate) fn use_bulk_changes() -> BulkChanges {
    expect_context()
}

/// Why a change of repositories was refused: what stands in its way is that too many large ones go on.
pub(crate) fn refusal(mut error: ApiError) -> ApiError {
    if error.class == ErrorClass::Conflict {
        error.class = ErrorClass::ManyChanges;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: &str, state: BulkChangeState, done: i32, refused: i32) -> BulkChange {
        BulkChange {
            id: cynic::Id::new(id),
            kind: BulkChangeKind::Deletion,
            state,
            total: 4_000,
            done,
            refused,
            error: None,
        }
    }

    #[test]
    fn a_change_is_shown_once_and_ends_once() {
        use BulkChangeState::{Cancelled, Running};
        let owner = Owner::new();
        owner.set();
        let bulk = BulkChanges::new();
        bulk.follow(change("a", Running, 0, 0));
        bulk.follow(change("a", Running, 250, 0));
        bulk.follow(change("b", Running, 0, 0));
        assert_eq!(bulk.ids(), [cynic::Id::new("a"), cynic::Id::new("b")]);
        assert!(!bulk.note(change("a", Running, 500, 0)));
        assert!(bulk.note(change("a", Cancelled, 750, 0)));
        // What was asked for before the answer to the cancellation.
        assert!(!bulk.note(change("a", Running, 750, 0)));
        assert!(!bulk.note(change("a", Cancelled, 750, 0)));
        let shown = bulk.get(&cynic::Id::new("a"));
        assert_eq!(shown, Some(change("a", Cancelled, 750, 0)));
        assert!(!bulk.note(change("unknown", Cancelled, 1, 0)));
        bulk.dismiss(&cynic::Id::new("a"));
        assert_eq!(bulk.ids(), [cynic::Id::new("b")]);
        bulk.clear();
        assert!(bulk.ids().is_empty());
    }

    #[test]
    fn what_is_told_adds_up() {
        use BulkChangeState::{Cancelled, Done};
        let half = change("a", Cancelled, 1_000, 10);
        assert_eq!((half.made(), half.left(), half.percent()), (990, 3_000, 25));
        assert!(!half.is_whole());
        assert!(!change("a", Done, 4_000, 1).is_whole());
        assert!(change("a", Done, 4_000, 0).is_whole());
    }

    #[test]
    fn only_a_conflict_has_another_reason_here() {
        let refused = refusal(ApiError::of_reason("CONFLICT"));
        assert_eq!(refused.class, ErrorClass::ManyChanges);
        let refused = refusal(ApiError::of_reason("FORBIDDEN"));
        assert_eq!(refused.class, ErrorClass::Forbidden);
    }
}
