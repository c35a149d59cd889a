//! RSA keys of registry tokens: made once, rotated, published as JWK (RFC 7517).

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use berth_domain::{Error, Result, Secret};
use getrandom::SysRng;
use ring::{
    digest,
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents},
};
use rsa::PrivateKey;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task;

use super::ALGORITHM;

/// Bits of new keys.
const KEY_BITS: usize = 2048;
/// Moduli that are accepted, in bytes: 2048 to 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// The private key that signs, with what is published of it.
pub struct SigningKey {
    pair: RsaKeyPair,
    pkcs8: Secret<Vec<u8>>,
    public: VerifyingKey,
}

impl SigningKey {
    /// Makes a new RSA key of 2048 bits on the blocking pool; that can take seconds.
    pub async fn generate() -> Result<Self> {
        let pkcs8 = task::spawn_blocking(|| -> Result<_> {
            let key = PrivateKey::new(&mut SysRng, KEY_BITS).map_err(Error::internal)?;
            let der = key.to_pkcs8_der().map_err(Error::internal)?;
            Ok(Secret::new(der.as_bytes().to_vec()))
        });
        Self::from_pkcs8_der(pkcs8.await.map_err(Error::internal)??)
    }

    /// Takes back a key that [`SigningKey::private_pkcs8`] gave out.
    ///
    /// Fails for anything but a consistent RSA private key of 2048 to 4096 bits.
    pub fn from_pkcs8_der(pkcs8: Secret<Vec<u8>>) -> Result<Self> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8.expose())
            .map_err(|error| Error::internal(format!("not an RSA signing key: {error}")))?;
        let public = VerifyingKey::new(pair.public().into(), None);
        Ok(Self {
            pair,
            pkcs8,
            public,
        })
    }

    /// Name of the key: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// The private half as PKCS#8 DER, to be sealed and stored.
    pub fn private_pkcs8(&self) -> &Secret<Vec<u8>> {
        &self.pkcs8
    }

    /// The public half as JWK, to be published and stored.
    pub fn public_jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": ALGORITHM,
            "kid": self.kid(),
            "n": URL_SAFE_NO_PAD.encode(&self.public.components.n),
            "e": URL_SAFE_NO_PAD.encode(&self.public.components.e),
        })
    }

    /// The private half as PEM (PKCS#8), for whoever will sign with it elsewhere.
    pub fn private_pem(&self) -> Result<Secret<String>> {
        let pem = self.rsa()?.to_pkcs8_pem(LineEnding::LF);
        let pem = pem.map_err(Error::internal)?;
        Ok(Secret::new(pem.as_str().to_owned()))
    }

    /// The public half as PEM (`SubjectPublicKeyInfo`).
    pub fn public_pem(&self) -> Result<String> {
        let public = self.rsa()?.to_public_key();
        public
            .to_public_key_pem(LineEnding::LF)
            .map_err(Error::internal)
    }

    fn rsa(&self) -> Result<PrivateKey> {
        PrivateKey::from_pkcs8_der(self.pkcs8.expose()).map_err(Error::internal)
    }

    /// The public half, ready to verify.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| Error::internal("a registry token could not be signed"))?;
        Ok(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ***)", self.kid())
    }
}

/// A public key that tokens are verified with, under its name.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    kid: String,
    components: RsaPublicKeyComponents<Vec<u8>>,
}

/// The members of a JWK that are read.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    alg: Option<String>,
    r#use: Option<String>,
    kid: Option<String>,
    n: String,
    e: String,
}

impl VerifyingKey {
    /// Reads the public JWK of a key for signatures; without a `kid` it is named by its thumbprint.
    ///
    /// Fails for other kinds, uses, algorithms and sizes of keys.
    pub fn from_jwk(jwk: &Value) -> Result<Self> {
        let refused = |why: &str| Error::invalid_value(format!("the key cannot be used: {why}"));
        let jwk =
            Jwk::deserialize(jwk).map_err(|_| refused("it is not an RSA key in JWK format"))?;
        if jwk.kty != "RSA"
            || jwk.alg.is_some_and(|alg| alg != ALGORITHM)
            || jwk.r#use.is_some_and(|r#use| r#use != "sig")
        {
            return Err(refused("it is not an RSA key for `RS256` signatures"));
        }
        let number = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (Some(n), Some(e)) = (number(&jwk.n), number(&jwk.e)) else {
            return Err(refused("`n` and `e` must be base64url without padding"));
        };
        if !MODULUS_BYTES.contains(&n.len()) || n[0] == 0 {
            return Err(refused("`n` must have 2048 to 8192 bits"));
        }
        if e != [1, 0, 1] {
            return Err(refused("`e` must be 65537"));
        }
        Ok(Self::new(RsaPublicKeyComponents { n, e }, jwk.kid))
    }

    /// Name of the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// True if the private half signed the message. Other sizes of keys never did.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.components
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }

    fn new(components: RsaPublicKeyComponents<Vec<u8>>, kid: Option<String>) -> Self {
        let kid = kid.unwrap_or_else(|| thumbprint(&components));
        Self { kid, components }
    }
}

/// RFC 7638: SHA-256 over the required members in the order of the alphabet.
fn thumbprint(key: &RsaPublicKeyComponents<Vec<u8>>) -> String {
    let (e, n) = (
        URL_SAFE_NO_PAD.encode(&key.e),
        URL_SAFE_NO_PAD.encode(&key.n),
    );
    let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}
