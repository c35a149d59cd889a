//! Sealing: secrets that the registry must read again (robot tokens, upstream credentials, signing
//! keys) rest in the database encrypted under a key that is not in it.
//!
//! XChaCha20-Poly1305 with random nonces, which at 24 bytes never repeat. The place a value belongs
//! to is authenticated with it, so a sealed value copied into another row does not open there.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use berth_domain::{Error, Result, Secret};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ring::{hkdf, hmac};
use zeroize::Zeroize;

use crate::random;

/// A secret shorter than this can be guessed; a generated one has 43.
const SECRET_BYTES_MIN: usize = 16;
const NONCE_BYTES: usize = 24;
/// Format of sealed values; the next one gets another prefix.
const VERSION: &str = "v1.";
const CANARY_CONTEXT: &str = "canary";
const CANARY: &[u8] = b"berth";

/// The keys behind `DATABASE_SECRET_KEY`. One for each purpose is derived from the configured
/// secret, so nothing learned about one tells about another.
#[derive(Clone)]
pub struct SealingKey {
    cipher: XChaCha20Poly1305,
    authentication: hmac::Key,
}

impl SealingKey {
    /// Derives the keys (HKDF-SHA256) from a configured secret.
    ///
    /// A derivation does not slow guessing down, so the secret must be long and random, as
    /// [`SealingKey::generate_secret`] makes it. Fails when it has fewer than 16 bytes.
    pub fn from_secret(secret: &str) -> Result<Self> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(Error::invalid_value(format!(
                "the secret key must have at least {SECRET_BYTES_MIN} characters"
            ))
            .in_field("DATABASE_SECRET_KEY"));
        }
        let root =
            hkdf::Salt::new(hkdf::HKDF_SHA256, b"berth sealing v1").extract(secret.as_bytes());
        let mut key = derive(&root, b"seal");
        let cipher = XChaCha20Poly1305::new((&key).into());
        key.zeroize();
        let mut key = derive(&root, b"authenticate");
        let authentication = hmac::Key::new(hmac::HMAC_SHA256, &key);
        key.zeroize();
        Ok(Self {
            cipher,
            authentication,
        })
    }

    /// A secret for a new installation that configures none.
    pub fn generate_secret() -> Secret<String> {
        crate::tokens::session_token()
    }

    /// Encrypts a value for one place, such as `robot-token:42`; only that place opens it again.
    ///
    /// # Panics
    /// Beyond 256 GiB, the limit of the cipher.
    pub fn seal(&self, context: &str, plain: impl AsRef<[u8]>) -> String {
        let nonce = random::bytes::<NONCE_BYTES>();
        let payload = Payload {
            msg: plain.as_ref(),
            aad: &associated(context),
        };
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is far below the limit of the cipher");
        let sealed = [&nonce[..], &ciphertext].concat();
        format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Decrypts what [`SealingKey::seal`] made for the same place.
    ///
    /// Any other key, place or text is an internal error: what the database holds should open. For
    /// text that a client presents, treat every error as a refusal.
    pub fn open(&self, context: &str, sealed: &str) -> Result<Secret<Vec<u8>>> {
        self.try_open(context, sealed).ok_or_else(|| {
            Error::internal(format!(
                "the sealed value of `{context}` does not open: it was altered, moved, or sealed under another `DATABASE_SECRET_KEY`"
            ))
        })
    }

    /// [`SealingKey::open`] for values that were text.
    pub fn open_text(&self, context: &str, sealed: &str) -> Result<Secret<String>> {
        let bytes = self.open(context, sealed)?;
        match std::str::from_utf8(bytes.expose()) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(Error::internal(error)),
        }
    }

    /// A value to keep in a new database, by which the next start recognizes its key.
    pub fn canary(&self) -> String {
        self.seal(CANARY_CONTEXT, CANARY)
    }

    /// True if this key made the canary. If not, the server must not start: it would write secrets
    /// under one key beside secrets under another.
    pub fn matches_canary(&self, canary: &str) -> bool {
        self.try_open(CANARY_CONTEXT, canary)
            .is_some_and(|plain| plain.expose() == CANARY)
    }

    /// An authentication code (HMAC-SHA256, URL-safe) over a message for one purpose, for what a
    /// client may hold but not make: CSRF tokens, signed links. Compare with [`crate::tokens::same`].
    pub fn authenticate(&self, purpose: &str, message: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.authentication);
        // The length keeps (`a`, `bc`) and (`ab`, `c`) apart.
        context.update(&(purpose.len() as u64).to_be_bytes());
        context.update(purpose.as_bytes());
        context.update(message);
        URL_SAFE_NO_PAD.encode(context.sign())
    }

    fn try_open(&self, context: &str, sealed: &str) -> Option<Secret<Vec<u8>>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(VERSION)?).ok()?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: ciphertext,
            aad: &associated(context),
        };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        Some(Secret::new(plain))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(***)")
    }
}

/// What is authenticated beside the value: the format and the place.
fn associated(context: &str) -> Vec<u8> {
    [VERSION.as_bytes(), context.as_bytes()].concat()
}

fn derive(root: &hkdf::Prk, purpose: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    root.expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|output| output.fill(&mut key))
        .expect("32 bytes are what one block of HKDF-SHA256 gives");
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> SealingKey {
        SealingKey::from_secret("a secret of some length").unwrap()
    }

    fn other_key() -> SealingKey {
        SealingKey::from_secret("another secret of some length").unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_after_a_restart() {
        let sealed = key().seal("robot-token:42", "ABC");
        assert_eq!(
            key().open_text("robot-token:42", &sealed).unwrap(),
            "ABC".into()
        );
        assert!(!sealed.contains("ABC"));
    }

    #[test]
    fn nothing_opens_in_another_place_under_another_key_or_without_its_version() {
        let sealed = key().seal("robot-token:42", "ABC");
        assert!(key().open("robot-token:43", &sealed).is_err());
        assert!(other_key().open("robot-token:42", &sealed).is_err());
        assert!(
            key()
                .open("robot-token:42", &sealed[VERSION.len()..])
                .is_err()
        );
        assert!(
            key()
                .open("robot-token:42", &sealed.replace("v1.", "v2."))
                .is_err()
        );
    }

    #[test]
    fn nothing_opens_when_any_end_is_cut_off_or_any_character_is_changed() {
        let sealed = key().seal("place", "content");
        for end in 0..sealed.len() {
            assert!(key().open("place", &sealed[..end]).is_err(), "cut at {end}");
            let mut altered = sealed.clone().into_bytes();
            altered[end] = if altered[end] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(key().open("place", &altered).is_err(), "changed at {end}");
        }
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        assert_ne!(
            key().seal("place", "content"),
            key().seal("place", "content")
        );
    }

    #[test]
    fn a_canary_tells_its_key_from_others_and_from_noise() {
        let canary = key().canary();
        assert!(key().matches_canary(&canary));
        assert!(!other_key().matches_canary(&canary));
        assert!(!key().matches_canary(""));
        assert!(!key().matches_canary(&key().seal("canary", "something else")));
    }

    #[test]
    fn a_short_secret_is_refused() {
        let error = SealingKey::from_secret("short").unwrap_err();
        assert_eq!(error.field(), Some("DATABASE_SECRET_KEY"));
        assert!(SealingKey::from_secret(SealingKey::generate_secret().expose()).is_ok());
    }

    #[test]
    fn codes_for_different_purposes_differ_wherever_the_boundary_lies() {
        assert_ne!(
            key().authenticate("a", b"bc"),
            key().authenticate("ab", b"c")
        );
        assert_eq!(
            key().authenticate("a", b"bc"),
            key().authenticate("a", b"bc")
        );
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", key()), "SealingKey(***)");
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_from_any_place(context in ".*", plain: Vec<u8>) {
            let opened = key().open(&context, &key().seal(&context, &plain)).unwrap();
            prop_assert_eq!(opened.expose(), &plain);
        }

        #[test]
        fn no_text_makes_opening_panic(sealed in ".*") {
            prop_assert!(key().open("place", &sealed).is_err());
            let sealed = format!("v1.{sealed}");
            prop_assert!(key().open("place", &sealed).is_err());
        }
    }
}
