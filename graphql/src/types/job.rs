//! The periodic work of the registry.

use async_graphql::{Enum, SimpleObject};
use berth_services::jobs;

use crate::scalars::DateTime;

/// How a kind of work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum JobState {
    /// It waits for its next turn.
    Waiting,
    /// A replica is at it now.
    Running,
    /// The last run failed; the next turn tries again.
    Failed,
}

/// A kind of periodic work, which one replica at a time does for all.
#[derive(SimpleObject)]
pub(crate) struct Job {
    /// Its name, such as `collection`, for `retryJob`.
    kind: &'static str,
    /// How it stands.
    state: JobState,
    /// When it is due next; null before a worker has ever looked.
    next_run_at: Option<DateTime>,
    /// From the end of a run to the start of the next one, in seconds.
    interval_seconds: i32,
    /// Why the last run failed; null where it did not.
    error: Option<String>,
}

impl From<jobs::Job> for Job {
    fn from(job: jobs::Job) -> Self {
        let state = if job.is_running {
            JobState::Running
        } else if job.error.is_some() {
            JobState::Failed
        } else {
            JobState::Waiting
        };
        Self {
            kind: job.kind,
            state,
            next_run_at: job.next_run_at.map(Into::into),
            interval_seconds: i32::try_from(job.interval.as_secs()).unwrap_or(i32::MAX),
            error: job.error,
        }
    }
}
