//! Several changes one after another, of which each may fail alone.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use crate::api::{Answer, ApiError};

/// One of several changes, by a name that people know.
#[derive(Clone)]
pub(crate) struct Task {
    name: String,
    /// What it changes all or none of, in the order in which it is sent.
    items: Vec<String>,
    run: Arc<dyn Fn() -> Answer<()> + Send + Sync>,
}

impl Task {
    /// A change that may be tried again.
    pub(crate) fn new(
        name: impl Into<String>,
        run: impl Fn() -> Answer<()> + Send + Sync + 'static,
    ) -> Self {
        Self::of_many(name, Vec::new(), run)
    }

    /// A change of many things at once, by their names: a failure says which of them were in the way.
    pub(crate) fn of_many(
        name: impl Into<String>,
        items: Vec<String>,
        run: impl Fn() -> Answer<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            items,
            run: Arc::new(run),
        }
    }

    /// Names of what was in the way, and why.
    fn refusals(&self, error: &ApiError) -> Vec<(String, ApiError)> {
        let items = error.refused_items().into_iter();
        let named: Vec<_> = items
            .filter_map(|(at, cause)| Some((self.items.get(at)?.clone(), cause)))
            .collect();
        if named.is_empty() {
            return vec![(self.name.clone(), error.clone())];
        }
        named
    }
}

/// What is under way, and what of it failed.
#[derive(Clone, Copy)]
pub(crate) struct Tasks {
    /// True until all were tried.
    pub(crate) busy: RwSignal<bool>,
    done: RwSignal<usize>,
    total: RwSignal<usize>,
    failed: RwSignal<Vec<(Task, ApiError)>>,
}

impl Tasks {
    /// Nothing under way.
    pub(crate) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            done: RwSignal::new(0),
            total: RwSignal::new(0),
            failed: RwSignal::new(Vec::new()),
        }
    }

    /// Makes the changes in order, unless some are under way already. What fails stops no other; `done` is told whether
    /// nothing failed. They go on where the page is left meanwhile.
    pub(crate) fn start(self, tasks: Vec<Task>, done: impl FnOnce(bool) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.done.set(0);
        self.total.set(tasks.len());
        self.failed.set(Vec::new());
        spawn_local(async move {
            let mut failed = Vec::new();
            for task in tasks {
                if let Err(error) = (task.run)().await {
                    failed.push((task, error));
                }
                self.done.try_update(|done| *done += 1);
            }
            let all = failed.is_empty();
            self.busy.try_set(false);
            self.failed.try_set(failed);
            done(all);
        });
    }

    /// Makes those once more that failed.
    pub(crate) fn again(self, done: impl FnOnce(bool) + 'static) {
        let failed = self.failed.get_untracked().into_iter();
        self.start(failed.map(|(task, _)| task).collect(), done);
    }

    /// How many were tried, and of how many, while they are under way.
    pub(crate) fn progress(self) -> Option<(usize, usize)> {
        self.busy.get().then(|| (self.done.get(), self.total.get()))
    }

    /// Names of those that failed, and why.
    pub(crate) fn failures(self) -> Vec<(String, ApiError)> {
        self.failed.with(|failed| {
            failed
                .iter()
                .flat_map(|(task, error)| task.refusals(error))
                .collect()
        })
    }
}
