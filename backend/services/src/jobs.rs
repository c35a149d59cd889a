//! How the work of the registry stands, for superusers.

use std::time::Duration;

use berth_domain::{Error, Result, Timestamp};
use berth_store::schedules::{self, Schedule};

use crate::actor::Actor;
use crate::core::Services;

/// A kind of periodic work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name, such as `collection`.
    pub kind: &'static str,
    /// From the end of a run to the start of the next one.
    pub interval: Duration,
    /// When it is due next; none before a worker has ever looked.
    pub next_run_at: Option<Timestamp>,
    /// Whether a replica is at it now.
    pub is_running: bool,
    /// Why the last run failed, if it did.
    pub error: Option<String>,
}

impl Services {
    /// The periodic work of this registry, in the order in which a worker looks at it.
    pub async fn jobs(&self, actor: &Actor) -> Result<Vec<Job>> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let schedules = schedules::all(&mut conn).await?;
        let now = self.core.now();
        // What this configuration does without may have left a row.
        let jobs = self.work().into_iter().map(|work| {
            let schedule = schedules.iter().find(|found| found.kind == work.kind);
            job(work.kind, work.interval, schedule, now)
        });
        Ok(jobs.collect())
    }

    /// Makes work due at once, with a fresh login: a worker begins it within seconds, unless it is running already.
    ///
    /// # Errors
    /// Work that there is not, or that no worker has ever looked at.
    pub async fn retry_job(&self, actor: &Actor, kind: &str) -> Result<Job> {
        let core = &self.core;
        core.gate.administer_registry(actor)?;
        core.check_fresh(actor).await?;
        let unknown =
            || Error::invalid_value(format!("there is no work `{kind}`")).in_field("kind");
        let work = self.work().into_iter().find(|work| work.kind == kind);
        let work = work.ok_or_else(unknown)?;
        let now = core.now();
        core.db
            .write(async |tx| {
                if !schedules::hasten(tx, work.kind, now).await? {
                    return Err(unknown());
                }
                let schedules = schedules::all(tx).await?;
                let schedule = schedules.iter().find(|found| found.kind == work.kind);
                Ok(job(work.kind, work.interval, schedule, now))
            })
            .await
    }
}

fn job(kind: &'static str, interval: Duration, row: Option<&Schedule>, now: Timestamp) -> Job {
    Job {
        kind,
        interval,
        next_run_at: row.map(|row| row.next_run_at),
        is_running: row.is_some_and(|row| row.locked_until.is_some_and(|until| until > now)),
        error: row.and_then(|row| row.last_error.clone()),
    }
}
