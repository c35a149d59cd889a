//! Passwords of people: rules, hashes, and checking them without inviting guesses.
//!
//! Hashes are Argon2id in PHC strings. Hashing takes tens of milliseconds and megabytes on purpose,
//! so it runs on the blocking pool and only a few at a time: a burst of logins queues instead of
//! taking the memory of the machine. Clients repeat Basic credentials with every request; a pair
//! that has just been verified is remembered for a few minutes, by a keyed digest only.

use std::{fmt, sync::Arc, thread, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use berth_domain::{Error, Result, Secret};
use moka::future::Cache;
use ring::hmac;
use tokio::{sync::Semaphore, task};

use crate::random;

/// Fewest characters of a new password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Longest new password; more says nothing and would only be work to hash.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Hashing at the same time, however many cores there are: each takes 19 MiB.
const CONCURRENT_MAX: usize = 4;
/// Verified pairs that are remembered; each takes about a hundred bytes.
const REMEMBERED_MAX: u64 = 10_000;
/// How long a verified pair is remembered.
const REMEMBERED_FOR: Duration = Duration::from_mins(5);

/// Checks a new password against the rules; the error says them.
pub fn check_rules(password: &str) -> Result<()> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.chars().any(char::is_whitespace) {
        return Err(Error::invalid_value(
            "Invalid password, password must be at least 8 characters and contain no whitespace.",
        )
        .in_field("password"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Error::invalid_value(format!(
            "Invalid password, password must be at most {PASSWORD_BYTES_MAX} bytes."
        ))
        .in_field("password"));
    }
    Ok(())
}

/// How much work a hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Cost {
    /// What OWASP recommends for Argon2id: 19 MiB, two passes, one lane.
    pub const OWASP: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
    };
    /// The least that Argon2 allows; for tests, which hash often and guard nothing.
    pub const LOWEST: Self = Self {
        memory_kib: 8,
        passes: 1,
    };
}

/// Hashes and verifies passwords. Clones share the limit and what is remembered.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    permits: Arc<Semaphore>,
    remembered: Cache<[u8; 32], ()>,
    /// Lives as long as the process, so what is remembered is worth nothing elsewhere.
    remember_key: hmac::Key,
    /// Hash of a password that nobody has.
    nobody: Arc<str>,
}

impl Passwords {
    /// Prepares hashing at a cost. Computes one hash, so it takes as long as a login.
    ///
    /// Fails for a cost that Argon2 does not allow.
    pub fn new(cost: Cost) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(Error::internal)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = argon2
            .hash_password(&random::bytes::<32>())
            .map_err(Error::internal)?
            .to_string();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            argon2,
            permits: Arc::new(Semaphore::new(cores.min(CONCURRENT_MAX))),
            remembered: Cache::builder()
                .max_capacity(REMEMBERED_MAX)
                .time_to_live(REMEMBERED_FOR)
                .build(),
            remember_key: hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()),
            nobody: nobody.into(),
        })
    }

    /// Hashes a password with a fresh salt. The rules are the caller's to check.
    pub async fn hash(&self, password: &Secret<String>) -> Result<String> {
        let password = password.clone();
        self.work(move |argon2| {
            let hash = argon2.hash_password(password.expose().as_bytes());
            hash.map(|hash| hash.to_string()).map_err(Error::internal)
        })
        .await
    }

    /// True if the password is the one that was hashed. Fails if `stored` is not a hash.
    pub async fn verify(&self, stored: &str, password: &Secret<String>) -> Result<bool> {
        let pair = self.digest_of(stored, password);
        if self.remembered.get(&pair).await.is_some() {
            return Ok(true);
        }
        let matches = self.compare(stored.into(), password).await?;
        if matches {
            self.remembered.insert(pair, ()).await;
        }
        Ok(matches)
    }

    /// Takes as long as [`Passwords::verify`] of a wrong password. For accounts that do not exist
    /// or have no password, so that time does not tell them from the others.
    pub async fn verify_nobody(&self, password: &Secret<String>) -> Result<()> {
        self.compare(self.nobody.clone(), password).await.map(drop)
    }

    /// True if the hash was made otherwise than [`Passwords::hash`] makes it now. After a login it
    /// should be replaced, or its time will differ from that of [`Passwords::verify_nobody`].
    pub fn needs_rehash(&self, stored: &str) -> bool {
        let Ok(hash) = PasswordHash::new(stored) else {
            return true;
        };
        hash.algorithm != Algorithm::Argon2id.ident()
            || hash.version != Some(Version::V0x13.into())
            || Params::try_from(&hash).map_or(true, |params| {
                let wanted = self.argon2.params();
                (params.m_cost(), params.t_cost(), params.p_cost())
                    != (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
            })
    }

    async fn compare(&self, stored: Arc<str>, password: &Secret<String>) -> Result<bool> {
        let password = password.clone();
        self.work(move |argon2| {
            let password = password.expose().as_bytes();
            // The parameters are those of the stored hash.
            match argon2.verify_password(password, &*stored) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(Error::internal(error)),
            }
        })
        .await
    }

    /// Runs one hashing on the blocking pool when it is its turn.
    async fn work<T: Send + 'static>(
        &self,
        hashing: impl FnOnce(&Argon2<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(Error::internal)?;
        let argon2 = self.argon2.clone();
        task::spawn_blocking(move || {
            // Goes with the work, not with the request: a client that hangs up frees nothing.
            let _permit = permit;
            hashing(&argon2)
        })
        .await
        .map_err(Error::internal)?
    }

    /// Changes with the password and with every new hash of it.
    fn digest_of(&self, stored: &str, password: &Secret<String>) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.remember_key);
        context.update(&(stored.len() as u64).to_be_bytes());
        context.update(stored.as_bytes());
        context.update(password.expose().as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(Cost::LOWEST).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_verifies_and_a_wrong_one_does_not() {
        let passwords = passwords();
        let stored = passwords.hash(&"correct-horse".into()).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
            "{stored}"
        );
        assert!(
            passwords
                .verify(&stored, &"correct-horse".into())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(&stored, &"battery-staple".into())
                .await
                .unwrap()
        );
        assert!(!passwords.verify(&stored, &"".into()).await.unwrap());
    }

    #[tokio::test]
    async fn a_remembered_password_is_refused_once_the_hash_has_changed() {
        let passwords = passwords();
        let (old, new) = ("correct-horse".into(), "battery-staple".into());
        let stored = passwords.hash(&old).await.unwrap();
        assert!(passwords.verify(&stored, &old).await.unwrap());
        assert!(passwords.verify(&stored, &old).await.unwrap());
        let changed = passwords.hash(&new).await.unwrap();
        assert!(!passwords.verify(&changed, &old).await.unwrap());
        assert!(passwords.verify(&changed, &new).await.unwrap());
    }

    #[tokio::test]
    async fn only_verified_passwords_are_remembered_and_they_need_no_hashing_again() {
        let passwords = passwords();
        let (right, wrong) = ("correct-horse".into(), "battery-staple".into());
        let stored = passwords.hash(&right).await.unwrap();
        assert!(passwords.verify(&stored, &right).await.unwrap());
        // From here on, whatever would hash fails.
        passwords.permits.close();
        assert!(passwords.verify(&stored, &right).await.unwrap());
        assert!(passwords.verify(&stored, &wrong).await.is_err());
    }

    #[tokio::test]
    async fn an_unknown_account_costs_one_hashing_every_time() {
        let passwords = passwords();
        let password = "correct-horse".into();
        passwords.verify_nobody(&password).await.unwrap();
        passwords.verify_nobody(&password).await.unwrap();
        assert!(
            !passwords.needs_rehash(&passwords.nobody),
            "same cost as real hashes"
        );
        passwords.permits.close();
        assert!(passwords.verify_nobody(&password).await.is_err());
    }

    #[tokio::test]
    async fn hashes_of_another_cost_or_kind_verify_but_are_due_for_a_new_one() {
        let before = Passwords::new(Cost {
            memory_kib: 16,
            passes: 2,
        })
        .unwrap();
        let stored = before.hash(&"correct-horse".into()).await.unwrap();
        let now = passwords();
        assert!(now.verify(&stored, &"correct-horse".into()).await.unwrap());
        assert!(now.needs_rehash(&stored));
        assert!(!before.needs_rehash(&stored));
        assert!(now.needs_rehash("$2b$12$abcdefghijklmnopqrstuu"));
    }

    #[tokio::test]
    async fn a_stored_text_that_is_no_hash_is_a_fault_and_not_a_wrong_password() {
        let verified = passwords().verify("plain", &"plain".into()).await;
        assert_eq!(verified.unwrap_err().code(), "INTERNAL");
    }

    #[test]
    fn the_recommended_cost_is_the_recommended_cost() {
        let hash = Passwords::new(Cost::OWASP).unwrap().nobody;
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
    }

    #[test]
    fn rules_want_eight_characters_without_whitespace() {
        for good in ["12345678", "pässwörd", &"x".repeat(PASSWORD_BYTES_MAX)] {
            assert!(check_rules(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "1234567",
            "äöüäöüä",
            "with space",
            "with\ttab",
            "trailing\n",
        ] {
            let error = check_rules(bad).unwrap_err();
            assert_eq!(
                error.to_string(),
                "Invalid password, password must be at least 8 characters and contain no whitespace."
            );
            assert_eq!(error.field(), Some("password"));
        }
        assert!(check_rules(&"x".repeat(PASSWORD_BYTES_MAX + 1)).is_err());
    }
}
