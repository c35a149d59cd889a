//! The hash of an upload, which goes on where another request or replica left it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use berth_domain::Digest;
use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha256};

/// Names the layout of the saved state: it is private to one version of its crate.
const FORMAT: &str = "sha2-0.11/sha256:";

/// A sha256 in progress.
#[derive(Clone)]
pub(super) struct Hash(Sha256);

impl Hash {
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::from_sha256(&self.0.clone().finalize().into())
    }

    /// The state as a column holds it.
    pub(super) fn to_text(&self) -> String {
        format!(
            "{FORMAT}{}",
            BASE64_STANDARD_NO_PAD.encode(self.0.serialize())
        )
    }

    /// Goes on from a saved state; `None` for one that another version wrote, and then the client
    /// has to start again.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let state = BASE64_STANDARD_NO_PAD
            .decode(text.strip_prefix(FORMAT)?)
            .ok()?;
        Sha256::deserialize(state.as_slice().try_into().ok()?)
            .ok()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_hash_goes_on_to_the_same_digest() {
        let mut hash = Hash::new();
        hash.update(b"one and ");
        let mut resumed = Hash::from_text(&hash.to_text()).unwrap();
        resumed.update(b"two");
        assert_eq!(resumed.digest(), Digest::of(b"one and two"));
        assert!(Hash::from_text("sha2-0.12/sha256:AAAA").is_none());
    }
}
