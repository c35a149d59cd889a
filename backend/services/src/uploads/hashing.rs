//! The hash of an upload, which goes on where another request or replica left it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use berth_domain::{Algorithm, Digest, Result};
use berth_storage::ByteStream;
use futures::TryStreamExt;
use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha256, Sha512};

/// Names the layout of the saved state: it is private to one version of its crate.
const FORMAT: &str = "sha2-0.11/";

/// A hash in progress.
#[derive(Clone)]
pub(crate) enum Hash {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hash {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Sha512(_) => Algorithm::Sha512,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    pub(super) fn digest(&self) -> Digest {
        match self {
            Self::Sha256(hash) => Digest::from_sha256(&hash.clone().finalize().into()),
            Self::Sha512(hash) => Digest::from_sha512(&hash.clone().finalize().into()),
        }
    }

    /// The digest of everything that a stream yields.
    pub(crate) async fn of(algorithm: Algorithm, mut bytes: ByteStream) -> Result<Digest> {
        let mut hash = Self::new(algorithm);
        while let Some(chunk) = bytes.try_next().await? {
            hash.update(&chunk);
        }
        Ok(hash.digest())
    }

    /// The state as a column holds it.
    pub(super) fn to_text(&self) -> String {
        let state = match self {
            Self::Sha256(hash) => BASE64_STANDARD_NO_PAD.encode(hash.serialize()),
            Self::Sha512(hash) => BASE64_STANDARD_NO_PAD.encode(hash.serialize()),
        };
        format!("{FORMAT}{}:{state}", self.algorithm())
    }

    /// Goes on from a saved state; `None` for one that another version wrote, and then the client
    /// has to start again.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (algorithm, state) = text.strip_prefix(FORMAT)?.split_once(':')?;
        let state = BASE64_STANDARD_NO_PAD.decode(state).ok()?;
        let state = state.as_slice();
        match algorithm.parse().ok()? {
            Algorithm::Sha256 => Sha256::deserialize(state.try_into().ok()?)
                .ok()
                .map(Self::Sha256),
            Algorithm::Sha512 => Sha512::deserialize(state.try_into().ok()?)
                .ok()
                .map(Self::Sha512),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_hash_goes_on_to_the_same_digest() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let mut hash = Hash::new(algorithm);
            hash.update(b"one and ");
            let mut resumed = Hash::from_text(&hash.to_text()).unwrap();
            resumed.update(b"two");
            assert_eq!(resumed.digest(), Digest::by(algorithm, b"one and two"));
        }
        assert!(Hash::from_text("sha2-0.12/sha256:AAAA").is_none());
        assert!(Hash::from_text("sha2-0.11/sha512:AAAA").is_none());
    }
}
