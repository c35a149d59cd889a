//! The services over database, storage and key.

use std::net::SocketAddr;
use std::sync::Arc;

use berth_crypto::{Cost, Passwords};
use berth_domain::SystemClock;
use berth_services::{Parts, Services};

use super::failure::with_causes;
use super::{DataFolder, Migrate, StartUpError, database, mailer, sealing_key, storage};
use crate::config::Config;
use crate::settings::settings;

/// Opens everything and wires the services up, for a server that listens at an address.
pub async fn services(
    config: &Config,
    data: &DataFolder,
    listen: SocketAddr,
    migrate: Migrate,
) -> Result<Services, StartUpError> {
    let sealing = sealing_key(config, data)?;
    let db = database(config, data, migrate).await?;
    let storage = storage(config, data).await?;
    let passwords = Passwords::new(Cost::OWASP).map_err(|error| {
        StartUpError::new(
            "memory",
            format!("a password cannot be hashed: {}", with_causes(&error)),
            "hashing takes 19 MiB at a time; give the process more memory",
        )
    })?;
    tracing::info!(
        database = db.kind(),
        storage = storage.kind(),
        "opened database and storage"
    );
    let mailer = mailer(config)?;
    let services = Services::new(Parts {
        db,
        storage,
        passwords,
        sealing,
        clock: Arc::new(SystemClock),
        mailer,
        settings: settings(config, listen),
    });
    services.registry.check_sealing_key().await.map_err(|error| {
        StartUpError::new(
            "DATABASE_SECRET_KEY",
            with_causes(&error),
            "set the key that this database was first started with; embedded, it is `secret.key` in the data folder",
        )
    })?;
    Ok(services)
}
