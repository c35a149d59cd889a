use std::sync::LazyLock;

use berth_domain::Secret;
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use super::*;

static KEY: LazyLock<SigningKey> = LazyLock::new(new_key);
static STRANGER: LazyLock<SigningKey> = LazyLock::new(new_key);

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const NOW_S: i64 = 1_700_000_000;

fn new_key() -> SigningKey {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(SigningKey::generate()).unwrap()
}

fn ours() -> Expected {
    Expected {
        issuer: "berth".to_owned(),
        audience: "registry.example.com".to_owned(),
    }
}

fn keys() -> HashMap<String, VerifyingKey> {
    HashMap::from([(KEY.kid().to_owned(), KEY.verifying_key())])
}

fn claims() -> RegistryClaims {
    let access = vec![AccessEntry {
        r#type: "repository".to_owned(),
        name: "acme/app".to_owned(),
        actions: vec!["push".to_owned(), "pull".to_owned()],
    }];
    let context = TokenContext::new("robot", Some("acme+ci".to_owned()));
    RegistryClaims::new(&ours(), "acme+ci", access, context, NOW)
}

fn read(token: &str) -> Result<RegistryClaims> {
    verify(token, &keys(), &ours(), NOW)
}

#[track_caller]
fn assert_refused(token: &str, message: &str) {
    match read(token) {
        Err(Error::Unauthenticated { message: actual }) => assert_eq!(actual, message),
        other => panic!("{token} gave {other:?}"),
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with any header and payload, signed by any key.
fn signed(header: &Value, payload: &Value, key: &SigningKey) -> String {
    let message = format!("{}.{}", part(header), part(payload));
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": KEY.kid() })
}

fn payload() -> Value {
    serde_json::to_value(claims()).unwrap()
}

/// Our claims with one changed, properly signed.
fn with(claim: &str, value: impl Into<Value>) -> String {
    let mut payload = payload();
    payload[claim] = value.into();
    signed(&header(), &payload, &KEY)
}

#[test]
fn a_token_reads_back_as_it_was_made() {
    let token = sign(&claims(), &KEY).unwrap();
    let read = read(&token).unwrap();
    assert_eq!(
        RegistryClaims {
            jti: String::new(),
            ..read
        },
        RegistryClaims {
            jti: String::new(),
            ..claims()
        }
    );
}

#[test]
fn a_token_has_the_shape_that_clients_and_operators_know() {
    let claims = claims();
    let token = sign(&claims, &KEY).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let header: Value = decode(parts[0]).unwrap();
    assert_eq!(
        header,
        json!({ "typ": "JWT", "alg": "RS256", "kid": KEY.kid() })
    );
    let payload: Value = decode(parts[1]).unwrap();
    assert_eq!(
        payload,
        json!({
            "iss": "berth", "aud": "registry.example.com", "sub": "acme+ci",
            "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 3600, "jti": claims.jti,
            "access": [{ "type": "repository", "name": "acme/app", "actions": ["push", "pull"] }],
            "context": { "version": 1, "kind": "robot", "reference": "acme+ci" },
        })
    );
    assert_eq!(parts.len(), 3);
}

#[test]
fn no_two_tokens_have_the_same_jti() {
    assert_ne!(claims().jti, claims().jti);
}

#[test]
fn a_token_without_signature_is_refused_whatever_its_algorithm_says() {
    for alg in ["none", "None", "NONE", "", "RS256"] {
        let message = format!(
            "{}.{}",
            part(&json!({ "alg": alg, "kid": KEY.kid() })),
            part(&payload())
        );
        assert_refused(&format!("{message}."), "invalid token");
        assert_refused(&message, "invalid token");
    }
}

#[test]
fn the_public_key_does_not_work_as_an_hmac_secret() {
    let jwk = KEY.public_jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [jwk.to_string().into_bytes(), modulus] {
        let message = format!(
            "{}.{}",
            part(&json!({ "alg": "HS256", "kid": KEY.kid() })),
            part(&payload())
        );
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()));
        assert_refused(&format!("{message}.{signature}"), "invalid token");
    }
}

#[test]
fn a_true_signature_under_another_algorithm_name_is_refused() {
    for alg in ["RS384", "RS512", "PS256", "HS256", "rs256", "none"] {
        let header = json!({ "alg": alg, "kid": KEY.kid() });
        assert_refused(&signed(&header, &payload(), &KEY), "invalid token");
    }
}

#[test]
fn a_key_that_is_not_trusted_signs_nothing_under_its_own_or_our_name() {
    let own = json!({ "alg": "RS256", "kid": STRANGER.kid() });
    assert_refused(&signed(&own, &payload(), &STRANGER), "invalid token");
    assert_refused(&signed(&header(), &payload(), &STRANGER), "invalid token");
    assert_refused(
        &signed(&json!({ "alg": "RS256" }), &payload(), &KEY),
        "invalid token",
    );
}

#[test]
fn a_trusted_key_signs_nothing_under_the_name_of_another_trusted_key() {
    let mut keys = keys();
    keys.insert(STRANGER.kid().to_owned(), STRANGER.verifying_key());
    let token = signed(&header(), &payload(), &STRANGER);
    assert!(verify(&token, &keys, &ours(), NOW).is_err());
    let token = sign(&claims(), &STRANGER).unwrap();
    assert!(
        verify(&token, &keys, &ours(), NOW).is_ok(),
        "both keys are good while they rotate"
    );
}

#[test]
fn keys_in_the_header_are_ignored() {
    for (name, value) in [
        ("jwk", STRANGER.public_jwk()),
        ("jku", json!("https://stranger.example.com/keys")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = header();
        header[name] = value;
        assert_refused(&signed(&header, &payload(), &STRANGER), "invalid token");
        assert!(read(&signed(&header, &payload(), &KEY)).is_ok(), "{name}");
    }
}

#[test]
fn extensions_that_must_be_understood_are_not() {
    let mut header = header();
    header["crit"] = json!(["b64"]);
    header["b64"] = json!(false);
    assert_refused(&signed(&header, &payload(), &KEY), "invalid token");
}

#[test]
fn a_header_that_says_something_twice_is_refused() {
    let twice = format!(r#"{{"alg":"none","alg":"RS256","kid":"{}"}}"#, KEY.kid());
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(twice), part(&payload()));
    let signature = URL_SAFE_NO_PAD.encode(KEY.sign(message.as_bytes()).unwrap());
    assert_refused(&format!("{message}.{signature}"), "invalid token");
}

#[test]
fn a_changed_payload_or_header_is_refused() {
    let token = sign(&claims(), &KEY).unwrap();
    let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    let mut payload = payload();
    payload["access"][0]["name"] = json!("acme/secret");
    assert_refused(
        &format!("{header}.{}.{signature}", part(&payload)),
        "invalid token",
    );
    let (_, rest) = token.split_once('.').unwrap();
    let header = json!({ "alg": "RS256", "kid": KEY.kid() });
    assert_refused(&format!("{}.{rest}", part(&header)), "invalid token");
}

#[test]
fn malformed_tokens_are_refused() {
    let token = sign(&claims(), &KEY).unwrap();
    for malformed in [
        String::new(),
        "..".to_owned(),
        "abc".to_owned(),
        format!("{token}."),
        format!("{token}.AAAA"),
        format!(".{token}"),
        format!("{token}="),
        format!(" {token}"),
        token.replacen('.', "..", 1),
        token.replace('.', ""),
        "A".repeat(TOKEN_BYTES_MAX + 1),
    ] {
        assert_refused(&malformed, "invalid token");
    }
    for payload in [
        json!({}),
        json!([]),
        json!("text"),
        json!({ "iss": "berth" }),
    ] {
        assert_refused(&signed(&header(), &payload, &KEY), "invalid token");
    }
    assert_refused(&with("exp", "soon"), "invalid token");
    assert_refused(&with("exp", Value::Null), "invalid token");
}

#[test]
fn a_token_is_refused_once_it_expired_longer_ago_than_clocks_differ() {
    assert!(read(&with("exp", NOW_S - 29)).is_ok());
    assert_refused(&with("exp", NOW_S - 30), "token has expired");
    assert_refused(&with("exp", 0), "token has expired");
    assert_refused(&with("exp", i64::MIN), "token has expired");
}

#[test]
fn a_token_from_the_future_is_accepted_only_as_far_as_clocks_differ() {
    for claim in ["nbf", "iat"] {
        assert!(read(&with(claim, NOW_S + 30)).is_ok(), "{claim}");
        assert_refused(&with(claim, NOW_S + 31), "token is not valid yet");
        assert_refused(&with(claim, i64::MAX), "token is not valid yet");
    }
}

#[test]
fn a_token_that_wants_to_live_too_long_is_refused() {
    assert!(read(&with("exp", NOW_S + 3660)).is_ok());
    assert_refused(&with("exp", NOW_S + 3661), "token is valid for too long");
    assert_refused(&with("exp", i64::MAX), "token is valid for too long");
    assert_refused(&with("iat", i64::MIN), "token is valid for too long");
}

#[test]
fn tokens_of_or_for_another_registry_are_refused() {
    assert_refused(
        &with("aud", "other.example.com"),
        "token is for another registry",
    );
    assert_refused(&with("aud", ""), "token is for another registry");
    assert_refused(
        &with("aud", json!(["registry.example.com"])),
        "invalid token",
    );
    assert_refused(
        &with("iss", "someone else"),
        "token was issued by another registry",
    );
}

#[test]
fn an_access_list_that_no_header_could_carry_makes_no_token() {
    let mut claims = claims();
    claims.access = vec![claims.access[0].clone(); 300];
    let error = sign(&claims, &KEY).unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        ("INVALID_INPUT", Some("scope"))
    );
}

#[test]
fn a_stored_key_signs_as_before_and_keeps_its_name() {
    let stored = Secret::new(KEY.private_pkcs8().expose().clone());
    let key = SigningKey::from_pkcs8_der(stored).unwrap();
    assert_eq!(key.kid(), KEY.kid());
    assert!(read(&sign(&claims(), &key).unwrap()).is_ok());
    assert!(SigningKey::from_pkcs8_der(Secret::new(b"not a key".to_vec())).is_err());
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey({}, ***)", KEY.kid())
    );
}

#[test]
fn a_published_key_verifies_and_shows_nothing_private() {
    let jwk = KEY.public_jwk();
    let mut members: Vec<&String> = jwk.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.kid(), KEY.kid());
    let keys = HashMap::from([(key.kid().to_owned(), key)]);
    let token = sign(&claims(), &KEY).unwrap();
    assert!(verify(&token, &keys, &ours(), NOW).is_ok());
}

#[test]
fn a_key_that_is_handed_over_is_the_same_key() {
    let body = |pem: &str, kind: &str| {
        let (begin, end) = (
            format!("-----BEGIN {kind} KEY-----\n"),
            format!("-----END {kind} KEY-----\n"),
        );
        let body = pem
            .strip_prefix(&begin)
            .and_then(|rest| rest.strip_suffix(&end));
        let body = body.unwrap().replace('\n', "");
        base64::prelude::BASE64_STANDARD.decode(body).unwrap()
    };
    let private = KEY.private_pem().unwrap();
    assert_eq!(
        &body(private.expose(), "PRIVATE"),
        KEY.private_pkcs8().expose()
    );
    let public = body(&KEY.public_pem().unwrap(), "PUBLIC");
    let modulus = KEY.public_jwk()["n"]
        .as_str()
        .map(|n| URL_SAFE_NO_PAD.decode(n).unwrap());
    let modulus = modulus.unwrap();
    assert!(public.windows(modulus.len()).any(|part| part == modulus));
}

#[test]
fn other_keys_than_rsa_keys_for_signatures_are_not_read() {
    for (member, value) in [
        ("kty", json!("oct")),
        ("alg", json!("HS256")),
        ("alg", json!("PS256")),
        ("use", json!("enc")),
        ("n", json!("AQAB")),
        ("n", json!("not base64!")),
        ("n", json!("")),
        ("e", json!("Aw")),
        ("e", json!("")),
        ("n", Value::Null),
    ] {
        let mut jwk = KEY.public_jwk();
        jwk[member] = value.clone();
        let error = VerifyingKey::from_jwk(&jwk).unwrap_err();
        assert_eq!(error.code(), "INVALID_INPUT", "{member} {value}");
    }
    assert!(VerifyingKey::from_jwk(&json!("text")).is_err());
}

#[test]
fn a_key_without_name_is_named_by_its_thumbprint() {
    // The example of RFC 7638, section 3.1.
    let jwk = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP\
              ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qvz\
              qY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6We\
              Zu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
    });
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn a_token_of_another_implementation_verifies() {
    // The example of RFC 7515, appendix A.2, whose payload is not ours but whose signature must be right.
    let jwk = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT\
              -SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS\
              -UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2e\
              thFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
    });
    let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(key.verify(message.as_bytes(), &signature));
    assert!(!key.verify(&message.as_bytes()[1..], &signature));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_signed_reads_back_the_same(
        subject in ".*", kind in ".*", reference in proptest::option::of(".*"),
        access in proptest::collection::vec((".{0,40}", ".{0,40}", proptest::collection::vec(".{0,9}", 0..4)), 0..5),
    ) {
        let access = access.into_iter().map(|(r#type, name, actions)| AccessEntry { r#type, name, actions });
        let context = TokenContext::new(kind, reference);
        let claims = RegistryClaims::new(&ours(), subject, access.collect(), context, NOW);
        prop_assert_eq!(read(&sign(&claims, &KEY).unwrap()).unwrap(), claims);
    }

    #[test]
    fn no_text_makes_reading_panic(text in ".*", header in ".*", payload in ".*") {
        prop_assert!(read(&text).is_err());
        let (header, payload) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let token = format!("{header}.{payload}.{payload}");
        prop_assert!(read(&token).is_err());
    }

    #[test]
    fn any_changed_character_is_noticed(position: prop::sample::Index, replacement in "[A-Za-z0-9._-]") {
        let token = sign(&claims(), &KEY).unwrap();
        let at = position.index(token.len());
        prop_assume!(token[at..=at] != replacement);
        let changed = format!("{}{replacement}{}", &token[..at], &token[at + 1..]);
        prop_assert!(read(&changed).is_err(), "{}", changed);
    }
}
