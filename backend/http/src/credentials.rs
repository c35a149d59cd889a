//! The `Authorization` header.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use berth_domain::Secret;

/// What a request presents as proof of who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// No header.
    Absent,
    /// A token.
    Bearer(Secret<String>),
    /// A name and a password.
    Basic {
        /// Who it claims to be.
        username: String,
        /// The proof.
        password: Secret<String>,
    },
    /// A header that is none of these; never to be taken for an absent one.
    Unusable,
}

impl Authorization {
    /// Reads the header. The scheme is recognized in any case; two headers are unusable.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => value
                .to_str()
                .ok()
                .and_then(Self::parse)
                .unwrap_or(Self::Unusable),
            (Some(_), Some(_)) => Self::Unusable,
        }
    }

    fn parse(value: &str) -> Option<Self> {
        let (scheme, proof) = value.trim().split_once(' ')?;
        let proof = proof.trim();
        if proof.is_empty() {
            return None;
        }
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Self::Bearer(proof.into()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(proof).ok()?).ok()?;
        let (username, password) = decoded.split_once(':')?;
        Some(Self::Basic {
            username: username.to_owned(),
            password: password.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Authorization {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        Authorization::of(&headers)
    }

    #[test]
    fn the_scheme_is_recognized_in_any_case() {
        assert_eq!(read(&["bearer abc"]), Authorization::Bearer("abc".into()));
        assert_eq!(
            read(&["BASIC YW5uOnNlOmNyZXQ="]),
            Authorization::Basic {
                username: "ann".into(),
                password: "se:cret".into()
            }
        );
    }

    #[test]
    fn a_header_that_cannot_be_used_is_not_an_absent_one() {
        assert_eq!(read(&[]), Authorization::Absent);
        for values in [
            &["Bearer"] as &[_],
            &["Basic !"],
            &["Basic YW5u"],
            &["Digest x"],
            &["Bearer a", "Bearer b"],
            &[""],
        ] {
            assert_eq!(read(values), Authorization::Unusable, "{values:?}");
        }
    }
}
