//! What superusers tell everybody.

use std::sync::Arc;

use berth_domain::{Error, MessageFormat, Noun, Result, Severity};
use berth_store::messages as rows;
use uuid::Uuid;

pub use berth_store::messages::Message;

use crate::actor::Actor;
use crate::core::Core;

/// Longest text, in characters; it stands above every page.
pub const CONTENT_MAX: usize = 4_096;
/// Most messages at a time.
pub const MESSAGES_MAX: i64 = 100;

/// Messages to everybody.
#[derive(Clone)]
pub struct Messages {
    core: Arc<Core>,
}

impl Messages {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The messages, the oldest first; nobody is too unknown to read them.
    pub async fn all(&self, _: &Actor) -> Result<Vec<Message>> {
        let mut conn = self.core.db.read().await?;
        rows::all(&mut conn, MESSAGES_MAX).await
    }

    /// Posts a message. Superusers, with a fresh login.
    ///
    /// # Errors
    /// An empty or too long text; too many messages.
    pub async fn create(
        &self,
        actor: &Actor,
        content: &str,
        severity: Severity,
        media_type: MessageFormat,
    ) -> Result<Message> {
        self.core.gate.administer_registry(actor)?;
        self.core.check_fresh(actor).await?;
        let length = content.chars().count();
        if content.trim().is_empty() || length > CONTENT_MAX {
            return Err(Error::invalid_value(format!(
                "a message has 1 to {CONTENT_MAX} characters, this one has {length}"
            ))
            .in_field("content"));
        }
        let message = Message {
            uuid: Uuid::new_v4().to_string(),
            content: content.to_owned(),
            severity,
            media_type,
            created_at: self.core.now(),
        };
        self.core
            .db
            .write(async |tx| {
                if rows::count(tx).await? >= MESSAGES_MAX {
                    return Err(Error::conflict(format!(
                        "there are {MESSAGES_MAX} messages already; delete one first"
                    )));
                }
                rows::insert(tx, &message).await
            })
            .await?;
        Ok(message)
    }

    /// Takes a message back. Superusers, with a fresh login.
    ///
    /// # Errors
    /// A message that is not there.
    pub async fn delete(&self, actor: &Actor, uuid: &str) -> Result<()> {
        self.core.gate.administer_registry(actor)?;
        self.core.check_fresh(actor).await?;
        let deleted = self
            .core
            .db
            .write(async |tx| rows::delete(tx, uuid).await)
            .await?;
        if deleted {
            Ok(())
        } else {
            Err(Error::not_found(Noun::Message, uuid))
        }
    }
}
