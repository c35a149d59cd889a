//! Machine tokens: how they look, how they are looked up, how they are compared.
//!
//! All of them come from the operating system's randomness and are long (at least 200 bits), so a
//! plain SHA-256 is enough to keep them at rest and a lookup by hash is one index probe. Passwords
//! are neither and belong to [`crate::passwords`].

use berth_domain::Secret;
use ring::digest;
use subtle::ConstantTimeEq;

use crate::{random, sealing::SealingKey};

const UPPER_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Purpose of the authentication code that CSRF tokens are.
const CSRF: &str = "csrf";

/// The token of a robot account: 64 of `[A-Z0-9]`, as scripts expect it.
pub fn robot_token() -> Secret<String> {
    random::string(UPPER_AND_DIGITS, 64).into()
}

/// An OAuth access token: 40 of `[A-Za-z0-9]`. Client secrets look the same.
pub fn oauth_access_token() -> Secret<String> {
    random::string(ALPHANUMERIC, 40).into()
}

/// The public identifier of an OAuth application: 20 of `[A-Z0-9]`.
pub fn oauth_client_id() -> String {
    random::string(UPPER_AND_DIGITS, 20)
}

/// The token that an application uses instead of its user's password: 120 of `[A-Z0-9]`.
pub fn app_token() -> Secret<String> {
    random::string(UPPER_AND_DIGITS, 120).into()
}

/// A password for a user that somebody else creates: 32 of `[A-Z0-9]`, shown once.
pub fn generated_password() -> Secret<String> {
    random::string(UPPER_AND_DIGITS, 32).into()
}

/// A browser session or a code in a link: 43 URL-safe characters, 258 bits.
pub fn session_token() -> Secret<String> {
    random::string(URL_SAFE, 43).into()
}

/// What the database keeps of a machine token and finds it by: SHA-256 as 64 hex digits.
pub fn hash_token(token: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// Compares without telling by time where two texts differ; their lengths are not hidden.
pub fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Characters of a CSRF token that are drawn by lot; the authentication code follows them.
const CSRF_LOT: usize = 21;

/// A CSRF token of a session: 64 URL-safe characters, as clients expect it. Each call makes another one, so that no
/// two answers of a session show the same; all of them are good while the session is. They are derived, so every
/// replica can check them and none stores them.
pub fn csrf_token(key: &SealingKey, session_token: &str) -> String {
    let lot = random::string(URL_SAFE, CSRF_LOT);
    csrf_token_of(key, session_token, &lot)
}

/// True if a request presents a CSRF token of its session.
pub fn csrf_matches(key: &SealingKey, session_token: &str, presented: &str) -> bool {
    presented
        .get(..CSRF_LOT)
        .is_some_and(|lot| same(&csrf_token_of(key, session_token, lot), presented))
}

fn csrf_token_of(key: &SealingKey, session_token: &str, lot: &str) -> String {
    let code = key.authenticate(CSRF, [lot, session_token].concat().as_bytes());
    [lot, &code].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(token: &str, alphabet: &[u8], length: usize) -> bool {
        token.len() == length && token.bytes().all(|byte| alphabet.contains(&byte))
    }

    #[test]
    fn tokens_look_as_scripts_expect_and_differ_each_time() {
        assert!(looks(robot_token().expose(), UPPER_AND_DIGITS, 64));
        assert!(looks(oauth_access_token().expose(), ALPHANUMERIC, 40));
        assert!(looks(&oauth_client_id(), UPPER_AND_DIGITS, 20));
        assert!(looks(app_token().expose(), UPPER_AND_DIGITS, 120));
        assert!(looks(generated_password().expose(), UPPER_AND_DIGITS, 32));
        assert!(looks(session_token().expose(), URL_SAFE, 43));
        assert_ne!(session_token(), session_token());
    }

    #[test]
    fn the_stored_hash_is_sha_256_in_hex() {
        assert_eq!(
            hash_token("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn comparison_sees_content_and_length() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd"));
        assert!(!same("abc", "ab"));
        assert!(same("", ""));
    }

    #[test]
    fn a_csrf_token_fits_its_session_on_every_replica_and_no_other_session_or_key() {
        let secret = "the same secret on all replicas";
        let (key, replica) = (
            SealingKey::from_secret(secret).unwrap(),
            SealingKey::from_secret(secret).unwrap(),
        );
        let token = csrf_token(&key, "session one");
        assert!(looks(&token, URL_SAFE, 64));
        assert!(csrf_matches(&replica, "session one", &token));
        assert!(!csrf_matches(&replica, "session two", &token));
        for wrong in ["", &token[..CSRF_LOT], &token[1..], &"é".repeat(32)] {
            assert!(!csrf_matches(&replica, "session one", wrong), "{wrong}");
        }
        let next = csrf_token(&replica, "session one");
        assert_ne!(next, token);
        assert!(csrf_matches(&key, "session one", &next));
        let mixed = [&next[..CSRF_LOT], &token[CSRF_LOT..]].concat();
        assert!(!csrf_matches(&key, "session one", &mixed));
        let other = SealingKey::from_secret("quite another secret").unwrap();
        assert!(!csrf_matches(&other, "session one", &token));
    }
}
