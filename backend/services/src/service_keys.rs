//! Keys of services, for superusers: what the registry signs its own tokens with, to look at, and keys for services
//! beside it, which others check by the public half at `/keys/services`.
//!
//! The registry's own keys are made, replaced and removed by itself ([`crate::keys`]). Nobody else may: a key put among
//! them could sign tokens for everything, and one taken away would end every client's token at a moment, while other
//! replicas go on signing with it.

use std::sync::Arc;
use std::time::Duration;

use berth_crypto::SigningKey;
use berth_domain::{
    Error, Event, NotificationKind, Noun, Page, PageRequest, Result, Secret, ServiceKeyChange,
    Timestamp, shorten,
};
use berth_store::service_keys::{self as rows, NewServiceKey, ServiceKey};
use berth_store::{Conn, Tx};
use serde_json::{Map, Value, json};

use crate::actor::Actor;
use crate::core::Core;
use crate::journal::Subject;
use crate::keys::SERVICE;
use crate::notifications::{Audience, Notice};

/// Longest name of a key or a service, in characters.
pub const NAME_MAX: usize = 255;
/// Longest notes, in characters.
pub const NOTES_MAX: usize = 4_096;
/// Longest metadata, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;
/// How long before its end superusers are told of it.
pub const SOON: Duration = Duration::from_hours(7 * 24);
/// What they are told then.
const ENDING: NotificationKind = NotificationKind::ServiceKeyExpiring;
/// The last instant that clients can write, the end of the year 9999.
const LAST_END: Timestamp = Timestamp(253_402_300_799_000);
/// Most keys at a time.
pub const KEYS_MAX: i64 = 1_000;

/// Keys of services.
#[derive(Clone)]
pub struct ServiceKeys {
    core: Arc<Core>,
}

/// A key of a service, without its private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKeyView {
    /// Its id, the RFC 7638 thumbprint.
    pub kid: String,
    /// Whose it is.
    pub service: String,
    /// What people call it; may be empty.
    pub name: String,
    /// The public half as JSON Web Key.
    pub jwk: Value,
    /// Data of whoever made it.
    pub metadata: Map<String, Value>,
    /// Who let it in, by name; none for what the registry made for itself.
    pub approver: Option<String>,
    /// When it was let in.
    pub approved_at: Timestamp,
    /// Why it was let in; may be empty.
    pub notes: String,
    /// When it ends; none for one without an end.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the registry signs its own tokens with it, or did.
    pub is_own: bool,
}

/// A key to be.
#[derive(Debug, Clone, Default)]
pub struct KeyToBe<'a> {
    /// Whose it will be: lower-case letters, digits, `.`, `_` and `-`.
    pub service: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Why it is let in.
    pub notes: &'a str,
    /// Data of whoever makes it.
    pub metadata: Map<String, Value>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// What changes of a key; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct KeyChange<'a> {
    /// What people call it.
    pub name: Option<&'a str>,
    /// Data of whoever made it.
    pub metadata: Option<Map<String, Value>>,
    /// When it ends; `Some(None)` never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// A key that was just made. The private half is kept nowhere.
#[derive(Debug)]
pub struct MadeKey {
    /// The key.
    pub view: ServiceKeyView,
    /// PEM.
    pub public_pem: String,
    /// PEM, told this once.
    pub private_pem: Secret<String>,
}

/// Where a list goes on: the last key seen.
pub type KeyPlace = (Timestamp, String);

impl ServiceKeyView {
    /// Its place in the list.
    pub fn place(&self) -> KeyPlace {
        (self.created_at, self.kid.clone())
    }
}

fn view(row: ServiceKey) -> Result<ServiceKeyView> {
    Ok(ServiceKeyView {
        is_own: row.service == SERVICE,
        jwk: serde_json::from_str(&row.public_jwk).map_err(Error::internal)?,
        metadata: serde_json::from_str(&row.metadata).map_err(Error::internal)?,
        kid: row.kid,
        service: row.service,
        name: row.name,
        approver: row.approver,
        approved_at: row.approved_at,
        notes: row.notes,
        expires_at: row.expires_at,
        created_at: row.created_at,
    })
}

impl ServiceKeys {
    pub(crate) const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Keys of all services, the newest first.
    pub async fn page(
        &self,
        actor: &Actor,
        page: &PageRequest<KeyPlace>,
    ) -> Result<Page<ServiceKeyView>> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        let found = rows::page(&mut conn, page.after.as_ref(), page.fetch()).await?;
        let found = page.page(found);
        Ok(Page {
            items: found.items.into_iter().map(view).collect::<Result<_>>()?,
            has_more: found.has_more,
        })
    }

    /// A key by its id.
    ///
    /// # Errors
    /// A key that is not there, to who may know.
    pub async fn get(&self, actor: &Actor, kid: &str) -> Result<ServiceKeyView> {
        self.core.gate.view_registry(actor)?;
        let mut conn = self.core.db.read().await?;
        view(found(&mut conn, kid).await?)
    }

    /// Makes a key for a service beside the registry. Its private half is told this once, and kept nowhere. Superusers,
    /// with a fresh login.
    ///
    /// # Errors
    /// A field that is refused, by name; the registry's own service; too many keys.
    pub async fn create(&self, actor: &Actor, new: &KeyToBe<'_>) -> Result<MadeKey> {
        let core = &self.core;
        self.changes(actor).await?;
        check_service(new.service)?;
        check_name(new.name)?;
        check_notes(new.notes)?;
        self.check_end(new.expires_at)?;
        let metadata = metadata_text(&new.metadata)?;
        let key = SigningKey::generate().await?;
        let now = core.now();
        let jwk = key.public_jwk().to_string();
        let approver = actor.name().unwrap_or_default();
        let row = NewServiceKey {
            kid: key.kid(),
            service: new.service,
            name: new.name,
            public_jwk: &jwk,
            private_sealed: None,
            metadata: &metadata,
            approver: Some(&approver),
            approved_at: now,
            notes: new.notes,
            expires_at: new.expires_at,
            created_at: now,
        };
        let made = core
            .db
            .write(async |tx| {
                if rows::count(tx).await? >= KEYS_MAX {
                    return Err(Error::conflict(format!(
                        "there are {KEYS_MAX} keys already; delete one first"
                    )));
                }
                rows::insert(tx, &row).await?;
                let made = found(tx, key.kid()).await?;
                self.record(tx, actor, &made, ServiceKeyChange::Created)
                    .await?;
                Ok(made)
            })
            .await?;
        Ok(MadeKey {
            view: view(made)?,
            public_pem: key.public_pem()?,
            private_pem: key.private_pem()?,
        })
    }

    /// Changes a key of a service beside the registry. Superusers, with a fresh login.
    ///
    /// # Errors
    /// A field that is refused; a key that is not there; one of the registry's own.
    pub async fn change(
        &self,
        actor: &Actor,
        kid: &str,
        change: &KeyChange<'_>,
    ) -> Result<ServiceKeyView> {
        self.changes(actor).await?;
        if let Some(name) = change.name {
            check_name(name)?;
        }
        self.check_end(change.expires_at.flatten())?;
        let metadata = change.metadata.as_ref().map(metadata_text).transpose()?;
        let is_modified = change.name.is_some() || metadata.is_some();
        let columns = rows::ServiceKeyChange {
            name: change.name,
            metadata,
            expires_at: change.expires_at,
        };
        let changed = self.core.db.write(async |tx| {
            let before = foreign(tx, kid).await?;
            if !is_modified && change.expires_at.is_none() {
                return Ok(before);
            }
            rows::update(tx, kid, &columns).await?;
            let after = found(tx, kid).await?;
            if is_modified {
                self.record(tx, actor, &after, ServiceKeyChange::Modified)
                    .await?;
            }
            if before.expires_at != after.expires_at {
                self.core.withdraw(tx, ENDING, kid).await?;
                self.record(tx, actor, &after, ServiceKeyChange::Extended)
                    .await?;
            }
            Ok(after)
        });
        view(changed.await?)
    }

    /// Vouches for a key of a service beside the registry, in the place of whoever did before. The registry's own need
    /// nobody to vouch for them, and stay as they are. Superusers, with a fresh login.
    ///
    /// # Errors
    /// A key that is not there; notes that are too long.
    pub async fn approve(&self, actor: &Actor, kid: &str, notes: &str) -> Result<ServiceKeyView> {
        self.changes(actor).await?;
        check_notes(notes)?;
        let approver = actor.name().unwrap_or_default();
        let approved = self.core.db.write(async |tx| {
            let key = found(tx, kid).await?;
            if key.service == SERVICE {
                return Ok(key);
            }
            rows::approve(tx, kid, &approver, notes, self.core.now()).await?;
            let key = found(tx, kid).await?;
            self.record(tx, actor, &key, ServiceKeyChange::Approved)
                .await?;
            Ok(key)
        });
        view(approved.await?)
    }

    /// Removes a key of a service beside the registry; it verifies nothing from then on. Superusers, with a fresh login.
    ///
    /// # Errors
    /// A key that is not there; one of the registry's own.
    pub async fn delete(&self, actor: &Actor, kid: &str) -> Result<()> {
        self.changes(actor).await?;
        self.core
            .db
            .write(async |tx| {
                let key = foreign(tx, kid).await?;
                rows::delete(tx, kid).await?;
                self.core.withdraw(tx, ENDING, kid).await?;
                self.record(tx, actor, &key, ServiceKeyChange::Deleted)
                    .await
            })
            .await
    }

    /// Tells superusers of keys that end soon, once for each end.
    pub(crate) async fn warn_of_ends(&self) -> Result<()> {
        let core = &self.core;
        let now = core.now();
        let mut conn = core.db.read().await?;
        let ending = rows::ending(&mut conn, SERVICE, now, now.after(SOON), KEYS_MAX).await?;
        drop(conn);
        if ending.is_empty() {
            return Ok(());
        }
        core.db
            .write(async |tx| {
                for key in &ending {
                    let metadata = json!({
                        "kid": key.kid, "service": key.service, "name": key.name,
                        "expiration_date": key.expires_at.map(|at| at.to_string()),
                    });
                    let notice = Notice {
                        kind: ENDING,
                        subject: &key.kid,
                        organization: None,
                        metadata: &metadata,
                    };
                    core.notify(tx, Audience::Superusers, notice).await?;
                }
                Ok(())
            })
            .await
    }

    /// A superuser, at a registry that takes writes, with a fresh login.
    async fn changes(&self, actor: &Actor) -> Result<()> {
        self.core.gate.administer_registry(actor)?;
        self.core.check_fresh(actor).await
    }

    fn check_end(&self, expires_at: Option<Timestamp>) -> Result<()> {
        if expires_at.is_some_and(|at| at <= self.core.now()) {
            let message = "Expiration date cannot be in the past";
            return Err(Error::invalid_value(message).in_field("expiresAt"));
        }
        if expires_at.is_some_and(|at| at > LAST_END) {
            let message = "Expiration date cannot be after the year 9999";
            return Err(Error::invalid_value(message).in_field("expiresAt"));
        }
        Ok(())
    }

    async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        key: &ServiceKey,
        change: ServiceKeyChange,
    ) -> Result<()> {
        let event = Event::ServiceKeyChanged {
            change,
            kid: key.kid.clone(),
            service: key.service.clone(),
            name: key.name.clone(),
            expires_at: key.expires_at,
            signer: None,
        };
        let journal = &self.core.journal;
        journal.record(tx, actor, Subject::default(), &event).await
    }
}

async fn found(conn: &mut Conn, kid: &str) -> Result<ServiceKey> {
    let key = rows::by_kid(conn, kid).await?;
    key.ok_or_else(|| Error::not_found(Noun::Key, kid))
}

/// A key that is not the registry's own.
async fn foreign(conn: &mut Conn, kid: &str) -> Result<ServiceKey> {
    let key = found(conn, kid).await?;
    if key.service == SERVICE {
        return Err(Error::conflict(
            "the registry signs its own tokens with this key, and replaces and removes it by itself",
        ));
    }
    Ok(key)
}

fn check_service(service: &str) -> Result<()> {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    if service.is_empty() || service.len() > NAME_MAX || !service.chars().all(fits) {
        return Err(Error::invalid_value(format!(
            "a service is named by 1 to {NAME_MAX} lower-case letters, digits, `.`, `_` or `-`"
        ))
        .in_field("service"));
    }
    if service == SERVICE {
        return Err(Error::invalid_value(format!(
            "the keys of `{SERVICE}` are the registry's own, which makes them by itself; choose another service"
        ))
        .in_field("service"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | ':' | '/');
    if name.len() > NAME_MAX || !name.chars().all(fits) {
        let message = format!("Invalid service key friendly name: {}", shorten(name));
        return Err(Error::invalid_value(message).in_field("name"));
    }
    Ok(())
}

fn check_notes(notes: &str) -> Result<()> {
    let length = notes.chars().count();
    if length > NOTES_MAX {
        return Err(Error::invalid_value(format!(
            "notes have at most {NOTES_MAX} characters, these have {length}"
        ))
        .in_field("notes"));
    }
    Ok(())
}

fn metadata_text(metadata: &Map<String, Value>) -> Result<String> {
    let text = serde_json::to_string(metadata).map_err(Error::internal)?;
    if text.len() > METADATA_BYTES_MAX {
        return Err(Error::invalid_value(format!(
            "metadata has at most {METADATA_BYTES_MAX} bytes of JSON, this has {}",
            text.len()
        ))
        .in_field("metadata"));
    }
    Ok(text)
}
