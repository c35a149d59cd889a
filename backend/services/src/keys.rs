//! Keys that sign registry tokens. They are rows, so every replica accepts every token; a new key
//! signs from its first day while the old one verifies until its last token has run out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use berth_crypto::{SigningKey, VerifyingKey, registry_token};
use berth_domain::{Error, Event, Noun, Result, ServiceKeyChange, Timestamp};
use berth_store::service_keys::{self, NewServiceKey};
use serde_json::Value;
use tokio::sync::{Mutex, RwLock};

use crate::authn::worker;
use crate::core::Core;
use crate::journal::Subject;

/// Name of the signing service, in key rows and addresses.
pub const SERVICE: &str = "berth";
/// What people call its keys.
const NAME: &str = "token signer";
/// How long a key signs.
const SIGNING_LIFE: Duration = Duration::from_hours(30 * 24);
/// How long a retired key still verifies: the life of a token and the clock skew, with room.
const VERIFYING_LIFE: Duration = Duration::from_hours(2);
/// How long this process trusts what it read; an unknown key id is looked up before.
const CACHED: Duration = Duration::from_mins(1);

/// The signing keys of the registry.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    loaded: RwLock<Option<Arc<KeySet>>>,
    /// One reload or rotation at a time in this process.
    reload: Mutex<()>,
}

/// Keys as read from the database at one time.
pub(crate) struct KeySet {
    pub(crate) signing: Option<SigningKey>,
    pub(crate) verifying: HashMap<String, VerifyingKey>,
    public: Vec<Value>,
    signing_since: Option<Timestamp>,
    read_at: Timestamp,
}

impl Keys {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(Arc::new(Inner {
            core,
            loaded: RwLock::new(None),
            reload: Mutex::new(()),
        }))
    }

    /// Public halves as JSON Web Keys, newest first.
    pub async fn public_jwks(&self) -> Result<Vec<Value>> {
        Ok(self.current().await?.public.clone())
    }

    /// One public half by key id.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown key.
    pub async fn public_jwk(&self, kid: &str) -> Result<Value> {
        let set = self.for_kid(kid).await?;
        named(&set.public, kid)
    }

    /// Public halves of the keys of a service, newest first; nothing tells an unknown service from one without keys.
    pub async fn public_jwks_of(&self, service: &str) -> Result<Vec<Value>> {
        if service == SERVICE {
            return self.public_jwks().await;
        }
        let core = &self.0.core;
        let mut conn = core.db.read().await?;
        let rows = service_keys::live(&mut conn, service, core.now()).await?;
        rows.iter()
            .map(|row| serde_json::from_str(&row.public_jwk).map_err(Error::internal))
            .collect()
    }

    /// One public half by service and key id.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a key that the service does not have.
    pub async fn public_jwk_of(&self, service: &str, kid: &str) -> Result<Value> {
        if service == SERVICE {
            return self.public_jwk(kid).await;
        }
        let keys = self.public_jwks_of(service).await?;
        named(&keys, kid)
    }

    /// Keys to sign and verify with; makes the first key where there is none.
    pub(crate) async fn current(&self) -> Result<Arc<KeySet>> {
        let now = self.0.core.now();
        if let Some(set) = &*self.0.loaded.read().await
            && set.signing.is_some()
            && now.since(set.read_at) < CACHED
        {
            return Ok(Arc::clone(set));
        }
        let set = self.load().await?;
        if set.signing.is_some() {
            return Ok(set);
        }
        self.rotate(None).await?;
        self.load().await
    }

    /// Keys that know `kid`, asking the database once when it is new to this process.
    pub(crate) async fn for_kid(&self, kid: &str) -> Result<Arc<KeySet>> {
        let set = self.current().await?;
        if set.verifying.contains_key(kid)
            || self.0.core.now().since(set.read_at) < Duration::from_secs(1)
        {
            return Ok(set);
        }
        self.load().await
    }

    /// Makes a new signing key when the present one is old; safe on any number of replicas.
    pub async fn rotate_if_old(&self) -> Result<()> {
        let now = self.0.core.now();
        let set = self.load().await?;
        if set
            .signing_since
            .is_none_or(|since| now.since(since) >= SIGNING_LIFE)
        {
            self.rotate(set.signing_since).await?;
            self.load().await?;
        }
        Ok(())
    }

    async fn rotate(&self, seen: Option<Timestamp>) -> Result<()> {
        let core = &self.0.core;
        let _one = self.0.reload.lock().await;
        let key = SigningKey::generate().await?;
        let kid = key.kid().to_owned();
        let sealed = core
            .sealing
            .seal(&context(&kid), key.private_pkcs8().expose());
        let jwk = key.public_jwk().to_string();
        let now = core.now();
        core.db
            .write(async |tx| {
                // Another replica may have been faster; its key serves as well.
                let newest = service_keys::live(tx, SERVICE, now).await?;
                let newest = newest.into_iter().find(|key| key.rotated_at.is_none());
                if newest.as_ref().map(|key| key.created_at) != seen {
                    return Ok(());
                }
                let new = NewServiceKey {
                    kid: &kid,
                    service: SERVICE,
                    name: NAME,
                    public_jwk: &jwk,
                    private_sealed: Some(&sealed),
                    metadata: "{}",
                    approver: None,
                    approved_at: now,
                    notes: "",
                    expires_at: None,
                    created_at: now,
                };
                service_keys::insert(tx, &new).await?;
                service_keys::retire_others(tx, SERVICE, &kid, now, now.after(VERIFYING_LIFE))
                    .await?;
                service_keys::delete_expired(tx, SERVICE, now).await?;
                if let Some(before) = newest {
                    let event = Event::ServiceKeyChanged {
                        change: ServiceKeyChange::Rotated,
                        kid: kid.clone(),
                        service: SERVICE.to_owned(),
                        name: NAME.to_owned(),
                        expires_at: None,
                        signer: Some(before.kid),
                    };
                    let by = worker("key rotation");
                    core.journal
                        .record(tx, &by, Subject::default(), &event)
                        .await?;
                }
                tracing::info!(key.id = kid, "a new key signs registry tokens");
                Ok(())
            })
            .await
    }

    async fn load(&self) -> Result<Arc<KeySet>> {
        let core = &self.0.core;
        let now = core.now();
        let rows = service_keys::live(&mut core.db.read().await?, SERVICE, now).await?;
        let mut set = KeySet {
            signing: None,
            verifying: HashMap::new(),
            public: Vec::new(),
            signing_since: None,
            read_at: now,
        };
        for row in rows {
            let jwk: Value = serde_json::from_str(&row.public_jwk).map_err(Error::internal)?;
            set.verifying
                .insert(row.kid.clone(), VerifyingKey::from_jwk(&jwk)?);
            set.public.push(jwk);
            if let (None, None, Some(sealed)) = (&set.signing, row.rotated_at, &row.private_sealed)
            {
                set.signing = Some(SigningKey::from_pkcs8_der(
                    core.sealing.open(&context(&row.kid), sealed)?,
                )?);
                set.signing_since = Some(row.created_at);
            }
        }
        let set = Arc::new(set);
        *self.0.loaded.write().await = Some(Arc::clone(&set));
        Ok(set)
    }
}

fn named(keys: &[Value], kid: &str) -> Result<Value> {
    keys.iter()
        .find(|jwk| jwk.get("kid").and_then(Value::as_str) == Some(kid))
        .cloned()
        .ok_or_else(|| Error::not_found(Noun::Key, kid))
}

fn context(kid: &str) -> String {
    format!("service-key:{kid}")
}

/// How long a registry token lives.
pub const TOKEN_LIFE: Duration = registry_token::LIFE;
