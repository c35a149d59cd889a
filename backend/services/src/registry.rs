//! The registry as a whole: is it well?

use std::sync::Arc;

use berth_domain::{Error, Result};
use berth_storage::Space;
use berth_store::facts;

use crate::core::Core;

/// Fact that tells whether the sealing key is the one this database was sealed with.
const CANARY_FACT: &str = "sealing_canary";

/// State of the registry.
#[derive(Clone)]
pub struct Registry {
    core: Arc<Core>,
}

/// What answers and what does not.
#[derive(Debug)]
pub struct Health {
    /// The database answers.
    pub database: Result<()>,
    /// Storage takes and gives bytes.
    pub storage: Result<()>,
    /// Room left, where that can be known.
    pub space: Option<Space>,
}

impl Health {
    /// True when requests can be served.
    pub const fn is_ready(&self) -> bool {
        self.database.is_ok() && self.storage.is_ok()
    }
}

impl Registry {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Asks database and storage. It tells nothing of what is stored, so it needs no actor.
    pub async fn health(&self) -> Health {
        Health {
            database: self.core.db.ping().await,
            storage: self.core.storage.check().await,
            space: self.core.storage.free_space().await,
        }
    }

    /// Refuses a sealing key that this database does not know; the first start writes it down.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the field `DATABASE_SECRET_KEY`.
    pub async fn check_sealing_key(&self) -> Result<()> {
        let canary = self.core.sealing.canary();
        let stored = self
            .core
            .db
            .write(async |tx| facts::get_or_insert(tx, CANARY_FACT, &canary).await)
            .await?;
        if self.core.sealing.matches_canary(&stored) {
            return Ok(());
        }
        Err(Error::invalid_value(
            "this is not the key that the database was sealed with; every replica needs the same one",
        )
        .in_field("DATABASE_SECRET_KEY"))
    }
}
