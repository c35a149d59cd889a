//! The log of pulls, and their count. A pull has no transaction of its own, so its row goes through a bounded queue
//! to one task, which writes in one transaction whatever gathered while it wrote the last batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_domain::{Error, Event, RepositoryId, Result};
use berth_store::logs::{self, NewLogEntry};
use berth_store::pull_counts::{self, Day};
use tokio::sync::{mpsc, oneshot};

use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;

/// Pulls that may wait; beyond that a pull waits for a place.
const QUEUE_MAX: usize = 1024;
/// Rows in one transaction.
const BATCH_MAX: usize = 256;

enum Message {
    Write(NewLogEntry, oneshot::Sender<bool>),
    Flush(oneshot::Sender<bool>),
}

/// The queue's entrance.
#[derive(Clone)]
pub(crate) struct PullLog {
    core: Arc<Core>,
    queue: mpsc::Sender<Message>,
}

impl PullLog {
    /// Starts the writing task of this process.
    pub(crate) fn start(core: Arc<Core>) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(write_batches(Arc::clone(&core), messages));
        Self { core, queue }
    }

    /// Logs a pull; waits until the row is on disk, unless the configuration allows less.
    pub(crate) async fn record(
        &self,
        actor: &Actor,
        subject: Subject,
        event: &Event,
    ) -> Result<()> {
        let entry = self.core.journal.entry(actor, subject, event);
        let (done, written) = oneshot::channel();
        let sent = self.queue.send(Message::Write(entry, done)).await;
        if self.core.settings.push.lax_pull_logging {
            return Ok(());
        }
        sent.map_err(|_| closed())?;
        if written.await.unwrap_or(false) {
            Ok(())
        } else {
            Err(closed())
        }
    }

    /// Waits until everything queued so far is written.
    pub(crate) async fn drain(&self) -> Result<()> {
        let (done, flushed) = oneshot::channel();
        self.queue
            .send(Message::Flush(done))
            .await
            .map_err(|_| closed())?;
        if flushed.await.unwrap_or(false) {
            Ok(())
        } else {
            Err(closed())
        }
    }
}

fn closed() -> Error {
    Error::unavailable("the usage log", "the batch of this pull was not written")
}

/// How often each repository was pulled from on each day.
fn counted(entries: &[NewLogEntry]) -> BTreeMap<(RepositoryId, Day), i64> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        if let Some(repository) = entry.repository_id {
            let day = Day::of(entry.occurred_at);
            *counts.entry((repository, day)).or_insert(0) += 1;
        }
    }
    counts
}

async fn write_batches(core: Arc<Core>, mut messages: mpsc::Receiver<Message>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while messages.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let mut entries = Vec::with_capacity(batch.len());
        let mut waiting = Vec::with_capacity(batch.len());
        for message in batch.drain(..) {
            match message {
                Message::Write(entry, done) => {
                    entries.push(entry);
                    waiting.push(done);
                }
                Message::Flush(done) => waiting.push(done),
            }
        }
        let counts = counted(&entries);
        let result = core
            .db
            .write(async |tx| {
                logs::insert_many(tx, &entries).await?;
                pull_counts::add(tx, &counts).await
            })
            .await;
        if let Err(e) = &result {
            tracing::error!(error = ?e, pulls = entries.len(), "pulls could not be logged");
        }
        for done in waiting {
            // Who does not wait has gone; that is no error.
            let _ = done.send(result.is_ok());
        }
    }
}
