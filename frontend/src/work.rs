//! One action under way: busy, then done or failed.

use std::future::Future;

use futures::future::LocalBoxFuture;
use leptos::{prelude::*, task::spawn_local};

use crate::api::ApiError;

/// The state of an action behind a button.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    /// True until the answer is there.
    pub(crate) busy: RwSignal<bool>,
    /// Why the last try failed.
    pub(crate) error: RwSignal<Option<ApiError>>,
}

impl Work {
    /// Nothing under way.
    pub(crate) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Starts the action unless it is under way already; `done` runs after success. A page that is left meanwhile is no error.
    pub(crate) fn start<T: 'static>(
        self,
        action: impl Future<Output = Result<T, ApiError>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        self.run(Box::pin(async move {
            let value = action.await?;
            Ok(Box::new(move || done(value)) as Box<dyn FnOnce()>)
        }));
    }

    /// The same for all kinds of action, so that the compiler makes it once.
    fn run(self, action: LocalBoxFuture<'static, Result<Box<dyn FnOnce()>, ApiError>>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let result = action.await;
            self.busy.try_set(false);
            match result {
                Ok(done) => done(),
                Err(error) => {
                    self.error.try_set(Some(error));
                }
            }
        });
    }

    /// True when the last try failed because of this input.
    pub(crate) fn refused(self, field: &str) -> bool {
        self.error
            .with(|error| error.as_ref().is_some_and(|error| concerns(error, field)))
    }

    /// The failure, unless it belongs to one of these inputs.
    pub(crate) fn error_beside(self, fields: &'static [&'static str]) -> Signal<Option<ApiError>> {
        Signal::derive(move || {
            self.error
                .get()
                .filter(|error| !fields.iter().any(|field| concerns(error, field)))
        })
    }
}

/// Whether an input was refused; in a list the server names it `permissions.0.account`.
fn concerns(error: &ApiError, field: &str) -> bool {
    let named = error.field.as_deref().unwrap_or_default();
    named.rsplit('.').next() == Some(field)
}
