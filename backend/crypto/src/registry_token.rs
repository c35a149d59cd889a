//! Registry tokens: what `/v2/auth` hands out and every `/v2` request presents.
//!
//! A compact JWS (RFC 7515), and only the part of it that these tokens need: `RS256`, a `kid` out
//! of keys that the caller trusts, our issuer and audience, a life of an hour. The header of a token
//! selects among trusted keys and decides nothing else: `jwk`, `jku` and `x5c` are not read.
//! Why this is not a JWT library: `docs/decisions/0002-registry-tokens.md`.

mod keys;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use berth_domain::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize, de::IgnoredAny};

pub use keys::{SigningKey, VerifyingKey};

/// How long a token is good for.
pub const LIFE: Duration = Duration::from_hours(1);
/// How far the clocks of replicas may differ.
pub const SKEW: Duration = Duration::from_secs(30);
/// Longest life that is believed, whatever a token says.
const LIFE_S_MAX: i64 = 3660;
/// Largest token: it must fit into one request header.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
const ALGORITHM: &str = "RS256";

/// What a token says. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryClaims {
    /// Who made it.
    pub iss: String,
    /// The registry it is for: `SERVER_HOSTNAME`.
    pub aud: String,
    /// Username, robot name or `(anonymous)`.
    pub sub: String,
    /// When it was made.
    pub iat: i64,
    /// From when it is good.
    pub nbf: i64,
    /// Until when it is good.
    pub exp: i64,
    /// Tells it from all others.
    pub jti: String,
    /// What it is limited to; it narrows and never grants.
    pub access: Vec<AccessEntry>,
    /// Whom it stands for.
    pub context: TokenContext,
}

/// Actions on one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessEntry {
    /// `repository` or `registry`.
    pub r#type: String,
    /// Name of the thing, as the client asked for it.
    pub name: String,
    /// What was granted, possibly nothing.
    pub actions: Vec<String>,
}

/// The entity behind a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenContext {
    /// Version of this structure.
    pub version: u32,
    /// Kind of the entity, such as `user` or `robot`.
    pub kind: String,
    /// Identifies the entity within its kind; the anonymous one has none.
    pub reference: Option<String>,
}

impl TokenContext {
    /// An entity of a kind.
    pub fn new(kind: impl Into<String>, reference: Option<String>) -> Self {
        Self {
            version: 1,
            kind: kind.into(),
            reference,
        }
    }
}

/// Whose tokens are made and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The only issuer.
    pub issuer: String,
    /// The only audience.
    pub audience: String,
}

impl RegistryClaims {
    /// Claims that are good from now on for [`LIFE`].
    pub fn new(
        of: &Expected,
        subject: impl Into<String>,
        access: Vec<AccessEntry>,
        context: TokenContext,
        now: Timestamp,
    ) -> Self {
        Self {
            iss: of.issuer.clone(),
            aud: of.audience.clone(),
            sub: subject.into(),
            iat: now.as_seconds(),
            nbf: now.as_seconds(),
            exp: now.after(LIFE).as_seconds(),
            jti: uuid::Uuid::new_v4().to_string(),
            access,
            context,
        }
    }

    /// The second half of [`verify`]: whether these claims are ours and good now.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] that says why not.
    pub fn check(&self, expected: &Expected, now: Timestamp) -> Result<()> {
        match self.refusal(expected, now) {
            None => Ok(()),
            Some(reason) => Err(refused(reason)),
        }
    }

    /// Why these claims are not acceptable now, if they are not.
    fn refusal(&self, expected: &Expected, now: Timestamp) -> Option<&'static str> {
        let latest = now.after(SKEW).as_seconds();
        let earliest = now.before(SKEW).as_seconds();
        if self.iss != expected.issuer {
            Some("token was issued by another registry")
        } else if self.aud != expected.audience {
            Some("token is for another registry")
        } else if self.exp <= earliest {
            Some("token has expired")
        } else if self.nbf > latest || self.iat > latest {
            // With `iat` in the past, the limit on the life limits `exp` too.
            Some("token is not valid yet")
        } else if self.exp.saturating_sub(self.iat) > LIFE_S_MAX {
            Some("token is valid for too long")
        } else {
            None
        }
    }
}

#[derive(Serialize)]
struct NewHeader<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

/// The parameters that are read; a repeated one makes the header malformed.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// Extensions that must be understood. None is.
    crit: Option<IgnoredAny>,
}

/// Makes the token. Takes about a millisecond.
///
/// Fails as [`Error::Invalid`] when the access list is too long for a request header.
pub fn sign(claims: &RegistryClaims, key: &SigningKey) -> Result<String> {
    let header = NewHeader {
        typ: "JWT",
        alg: ALGORITHM,
        kid: key.kid(),
    };
    let mut token = encode(&header)?;
    token.push('.');
    token.push_str(&encode(claims)?);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Error::invalid_value(
            "the scopes do not fit into one token; ask for fewer at a time",
        )
        .in_field("scope"));
    }
    Ok(token)
}

/// Reads a token that one of `keys` (by `kid`) signed, that is ours and that is good now.
///
/// Everything else is [`Error::Unauthenticated`]; the message says what is wrong only where the
/// signature was right.
pub fn verify<S: std::hash::BuildHasher>(
    token: &str,
    keys: &HashMap<String, VerifyingKey, S>,
    expected: &Expected,
    now: Timestamp,
) -> Result<RegistryClaims> {
    let claims = authenticate(token, keys)?;
    claims.check(expected, now)?;
    Ok(claims)
}

/// The first half of [`verify`]: what a trusted key signed, whoever it is for and however old it is. The same token
/// and keys give the same claims, so they may be remembered; [`RegistryClaims::check`] has to follow each time.
///
/// # Errors
/// [`Error::Unauthenticated`] for everything else.
pub fn authenticate<S: std::hash::BuildHasher>(
    token: &str,
    keys: &HashMap<String, VerifyingKey, S>,
) -> Result<RegistryClaims> {
    authentic_claims(token, keys).ok_or_else(|| refused("invalid token"))
}

/// The claims, if a trusted key signed them. Nothing of the payload is looked at before.
fn authentic_claims<S: std::hash::BuildHasher>(
    token: &str,
    keys: &HashMap<String, VerifyingKey, S>,
) -> Option<RegistryClaims> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header: Header = decode(header)?;
    if header.alg != ALGORITHM || header.crit.is_some() {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let genuine = keys
        .get(&header.kid)?
        .verify(message.as_bytes(), &signature);
    // A dot too many ends up in the payload, and no encoding has one.
    genuine.then(|| decode(payload)).flatten()
}

fn refused(message: &str) -> Error {
    Error::unauthenticated(message)
}

fn encode(part: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(part).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
