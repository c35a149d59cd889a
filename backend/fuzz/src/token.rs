//! Registry tokens as strangers would like them to be.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use berth_crypto::registry_token::{self, Expected, LIFE, SKEW, SigningKey, VerifyingKey};
use berth_crypto::{AccessEntry, RegistryClaims, TokenContext};
use berth_domain::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::Value;
use tokio::runtime::Builder;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
/// No token is good for longer, whoever wrote it.
const LIFE_MAX: Duration = LIFE.saturating_add(Duration::from_mins(1));

/// A registry that issued one token, and a stranger with a key of its own.
struct Issuer {
    ours: Signer,
    stranger: Signer,
    keys: HashMap<String, VerifyingKey>,
    expected: Expected,
    token: String,
}

static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

impl Issuer {
    fn new() -> Self {
        let (ours, stranger) = (Signer::new(), Signer::new());
        let expected = Expected {
            issuer: "berth".to_owned(),
            audience: "reg.test".to_owned(),
        };
        let access = AccessEntry {
            r#type: "repository".to_owned(),
            name: "ann/app".to_owned(),
            actions: vec!["pull".to_owned()],
        };
        let context = TokenContext::new("user", Some("1".to_owned()));
        let claims = RegistryClaims::new(&expected, "ann", vec![access], context, NOW);
        let token = registry_token::sign(&claims, &ours.key).expect("a token");
        Self {
            keys: HashMap::from([(ours.key.kid().to_owned(), ours.key.verifying_key())]),
            ours,
            stranger,
            expected,
            token,
        }
    }

    fn verify(&self, token: &str) -> Option<RegistryClaims> {
        registry_token::verify(token, &self.keys, &self.expected, NOW).ok()
    }

    /// Writes what is another one in each process where the input names it.
    fn fill(&self, text: &str) -> String {
        if !text.contains('@') {
            return text.to_owned();
        }
        let (message, signature) = last_part(&self.token);
        let (header, payload) = message.split_once('.').expect("three parts");
        text.replace("@TOKEN@", &self.token)
            .replace("@HEADER@", header)
            .replace("@PAYLOAD@", payload)
            .replace("@SIGNATURE@", signature)
            .replace("@KID@", self.ours.key.kid())
            .replace("@STRANGER@", self.stranger.key.kid())
            .replace("@JWK@", &self.stranger.key.public_jwk().to_string())
    }
}

/// A key that signs anything; the registry's own code signs nothing but tokens that it would accept.
struct Signer {
    key: SigningKey,
    pair: RsaKeyPair,
}

impl Signer {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let key = runtime.block_on(SigningKey::generate()).expect("a key");
        let pair = RsaKeyPair::from_pkcs8(key.private_pkcs8().expose()).expect("the same key");
        Self { key, pair }
    }

    /// A token of any header and payload.
    fn sign(&self, header: &str, payload: &str) -> String {
        let message = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = message.join(".");
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                message.as_bytes(),
                &mut signature,
            )
            .expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Message and signature of a token.
fn last_part(token: &str) -> (&str, &str) {
    token.rsplit_once('.').expect("three parts")
}

/// One line is a token, which is only good if it is the one that was issued. Two lines are header and payload, which
/// are signed: by us they are good only if they say what a token has to, by a stranger never.
pub fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let issuer = &*ISSUER;
    let text = issuer.fill(text.strip_suffix('\n').unwrap_or(text));
    let Some((header, payload)) = text.split_once('\n') else {
        let is_good = issuer.verify(&text).is_some();
        assert_eq!(is_good, text == issuer.token, "{text}");
        return;
    };
    let by_stranger = issuer.stranger.sign(header, payload);
    assert_eq!(issuer.verify(&by_stranger), None, "{by_stranger}");
    let token = issuer.ours.sign(header, payload);
    let Some(claims) = issuer.verify(&token) else {
        return;
    };
    check_header(header, issuer.ours.key.kid());
    check_claims(&claims, payload, &issuer.expected);
    let message = last_part(&token).0;
    for other in [
        message.to_owned(),
        format!("{message}."),
        format!("{message}.{}", last_part(&issuer.token).1),
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
    ] {
        assert_eq!(issuer.verify(&other).is_some(), other == token, "{other}");
    }
}

/// It names the one algorithm and the trusted key, and asks for nothing that has to be understood.
fn check_header(header: &str, kid: &str) {
    let header: Value = serde_json::from_str(header).expect("a header is JSON");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["kid"], kid);
    assert_eq!(header["crit"], Value::Null);
}

/// They are the ones of the payload, of this registry and for it, and good now but not for long.
fn check_claims(claims: &RegistryClaims, payload: &str, expected: &Expected) {
    let read: Option<RegistryClaims> = serde_json::from_str(payload).ok();
    assert_eq!(Some(claims), read.as_ref(), "{payload}");
    assert_eq!(
        (&claims.iss, &claims.aud),
        (&expected.issuer, &expected.audience)
    );
    let (earliest, latest) = (NOW.before(SKEW), NOW.after(SKEW));
    assert!(claims.exp > earliest.as_seconds(), "{payload}");
    assert!(
        claims.nbf.max(claims.iat) <= latest.as_seconds(),
        "{payload}"
    );
    assert!(
        claims.exp <= latest.after(LIFE_MAX).as_seconds(),
        "{payload}"
    );
}
