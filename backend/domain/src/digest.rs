//! Content addresses: `sha256:<64 hex>` and `sha512:<128 hex>` (OCI image-spec, Descriptor).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

use crate::quote::shorten;
use crate::sql::text_value;
use crate::{Error, Invalid, Result};

/// Hash functions a digest may name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// The common one.
    #[default]
    Sha256,
    /// The longer one.
    Sha512,
}

impl Algorithm {
    /// The name before the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(Error::invalid(
                Invalid::Digest,
                format!(
                    "`{}` is not a digest algorithm of this registry; `sha256` and `sha512` are",
                    shorten(text)
                ),
            )),
        }
    }
}

text_value! {
    /// Names content by its hash.
    Digest
}

impl Digest {
    /// The sha256 digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_sha256(&Sha256::digest(bytes).into())
    }

    /// A digest from a finished sha256 hash.
    pub fn from_sha256(hash: &[u8; 32]) -> Self {
        Self(format!("sha256:{}", hex::encode(hash)))
    }

    /// A digest from a finished sha512 hash.
    pub fn from_sha512(hash: &[u8; 64]) -> Self {
        Self(format!("sha512:{}", hex::encode(hash)))
    }

    /// The digest of some bytes under an algorithm.
    pub fn by(algorithm: Algorithm, bytes: &[u8]) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::of(bytes),
            Algorithm::Sha512 => Self::from_sha512(&Sha512::digest(bytes).into()),
        }
    }

    /// The algorithm before the colon.
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") {
            Algorithm::Sha512
        } else {
            Algorithm::Sha256
        }
    }

    /// The hexadecimal part.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            Error::invalid(
                Invalid::Digest,
                format!(
                    "`{}` is not a digest; write `sha256:` and 64 or `sha512:` and 128 lower-case hexadecimal digits",
                    shorten(text)
                ),
            )
        };
        let (algorithm, hex) = text.split_once(':').ok_or_else(refused)?;
        let algorithm: Algorithm = algorithm.parse().map_err(|_| refused())?;
        let is_hex = hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex.len() != algorithm.hex_len() || !is_hex {
            return Err(refused());
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_content_has_its_known_digest() {
        assert_eq!(
            Digest::of(b"").as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn malformed_digests_are_refused() {
        let hex = "a".repeat(64);
        for text in [
            "",
            "sha256",
            "sha256:",
            "md5:abc",
            &format!("sha256:{}", "A".repeat(64)),
            &format!("sha256:{}", "a".repeat(63)),
            &format!("sha512:{hex}"),
            &format!("sha256:{hex} "),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text:?} was accepted");
        }
        assert!(format!("sha256:{hex}").parse::<Digest>().is_ok());
    }

    proptest::proptest! {
        #[test]
        fn every_digest_we_make_parses_again(bytes: Vec<u8>) {
            for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
                let digest = Digest::by(algorithm, &bytes);
                proptest::prop_assert_eq!(digest.algorithm(), algorithm);
                proptest::prop_assert_eq!(digest.as_str().parse::<Digest>().unwrap(), digest);
            }
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = text.parse::<Digest>();
        }
    }
}
