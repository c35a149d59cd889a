//! What superusers see of the server itself.

use std::sync::Arc;

use berth_domain::{Error, Result};
use berth_store::blobs;

use super::Superuser;
use crate::actor::Actor;
use crate::registry::{Health, Registry};
use crate::settings::Configuration;

/// What changed in the versions of this product.
const CHANGELOG: &str = include_str!("../../../../CHANGELOG.md");

/// What the registry stands on, and whether that answers.
#[derive(Debug)]
pub struct Footing {
    /// `postgresql` or `sqlite`.
    pub database: &'static str,
    /// Name of the storage driver.
    pub storage: &'static str,
    /// What of them answers, and the room left.
    pub health: Health,
}

/// How much is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Blobs, each once.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Superuser {
    /// How much is stored now, counted for who asks.
    pub async fn stored(&self, actor: &Actor) -> Result<Stored> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let (blobs, bytes) = blobs::total(&mut conn).await?;
        Ok(Stored {
            blobs: u64::try_from(blobs).unwrap_or(0),
            bytes: u64::try_from(bytes).unwrap_or(0),
        })
    }

    /// What the registry stands on, and whether that answers now.
    pub async fn footing(&self, actor: &Actor) -> Result<Footing> {
        self.core.gate.view_registry(actor)?;
        Ok(Footing {
            database: self.core.db.kind(),
            storage: self.core.storage.kind(),
            health: Registry::new(Arc::clone(&self.core)).health().await,
        })
    }

    /// The configuration in force, secrets masked.
    ///
    /// # Errors
    /// The switch is off, for superusers too.
    pub fn configuration(&self, actor: &Actor) -> Result<Arc<Configuration>> {
        self.core.gate.view_registry(actor)?;
        let configuration = self.core.settings.configuration.clone();
        configuration.ok_or_else(|| {
            Error::forbidden(
                "the configuration is not shown (`FEATURE_SUPERUSER_CONFIGDUMP` is off)",
            )
        })
    }

    /// What changed in this version and those before, in Markdown.
    pub fn changelog(&self, actor: &Actor) -> Result<&'static str> {
        self.core.gate.view_registry(actor)?;
        Ok(CHANGELOG)
    }
}
