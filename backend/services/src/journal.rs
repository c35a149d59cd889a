//! Writes down what happened, in the transaction in which it happens: the usage log (L1), and the
//! outbox for everybody who waits for changes. No change without its log, no event for a rollback.

use std::sync::Arc;

use berth_domain::{AccountId, Clock, Event, RepositoryId, Result};
use berth_store::{Tx, logs, outbox};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::actor::{Actor, Credential, Principal};

/// The journal of this process.
#[derive(Clone)]
pub(crate) struct Journal {
    clock: Arc<dyn Clock>,
    /// Wakes the subscriptions of this process; those of others look by themselves.
    pub(crate) published: Arc<Notify>,
}

/// What an event concerns, by row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subject {
    /// Whose namespace.
    pub(crate) namespace: Option<AccountId>,
    /// Which repository.
    pub(crate) repository: Option<RepositoryId>,
}

impl Journal {
    /// A journal that takes the time from `clock`.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            published: Arc::new(Notify::new()),
        }
    }

    /// Records an event in the caller's transaction.
    pub(crate) async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        subject: Subject,
        event: &Event,
    ) -> Result<()> {
        let now = self.clock.now();
        logs::insert(tx, &self.entry(actor, subject, event)).await?;
        if event.is_published() {
            let payload = event.metadata().to_string();
            outbox::insert(
                tx,
                event.kind(),
                subject.namespace,
                subject.repository,
                &payload,
                now,
            )
            .await?;
            self.published.notify_waiters();
        }
        Ok(())
    }

    /// Tells subscribers, in the caller's transaction, of what concerns one account and is in no log.
    pub(crate) async fn publish(
        &self,
        tx: &mut Tx,
        kind: &str,
        account: Option<AccountId>,
        payload: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        outbox::insert(tx, kind, account, None, payload, now).await?;
        self.published.notify_waiters();
        Ok(())
    }

    /// The log row of an event.
    pub(crate) fn entry(
        &self,
        actor: &Actor,
        subject: Subject,
        event: &Event,
    ) -> logs::NewLogEntry {
        logs::NewLogEntry {
            kind: event.kind().to_owned(),
            namespace_id: subject.namespace.or_else(|| actor.account_id()),
            repository_id: subject.repository,
            performer_id: actor.account_id(),
            performer_name: actor.name(),
            ip: actor.origin.ip.map(|ip| ip.to_string()),
            occurred_at: self.clock.now(),
            metadata: metadata(event, actor).to_string(),
        }
    }
}

/// What an entry tells: of the event, and who acted, and how.
fn metadata(event: &Event, actor: &Actor) -> Value {
    let mut metadata = event.metadata();
    if let Some(fields) = metadata.as_object_mut() {
        match &actor.principal {
            Principal::Robot { name, .. } => {
                fields
                    .entry("robot")
                    .or_insert_with(|| json!(name.to_string()));
                fields.insert("is_robot".into(), json!(true));
            }
            Principal::User { name, .. } => {
                fields.entry("username").or_insert_with(|| json!(name));
            }
            Principal::Anonymous | Principal::Worker(_) => {}
        }
        if let Credential::OAuth(id) = actor.credential {
            fields.insert("oauth_token_id".into(), json!(id));
        }
        if let Some(application) = &actor.application {
            let (client_id, name) = (&application.client_id, &application.name);
            fields.insert("oauth_token_application_id".into(), json!(client_id));
            fields.insert("oauth_token_application".into(), json!(name));
        }
        if let Some(token) = &actor.app_token {
            fields.insert("app_specific_token".into(), json!(token.uuid));
            fields.insert("app_specific_token_title".into(), json!(token.title));
        }
        if let Some(agent) = &actor.origin.user_agent {
            fields.insert(event.agent_key().into(), json!(agent));
        }
        if event.tells_address() {
            fields.insert("ip".into(), json!(actor.origin.ip));
        }
    }
    metadata
}

#[cfg(test)]
mod tests;
