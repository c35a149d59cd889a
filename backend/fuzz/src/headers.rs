//! Header lines that need no registry around them: ranges, credentials, cookies, where a request came from and went to.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use berth_distribution::parsers::{Wanted, chunk, received, wanted};
use berth_http::address::Addresses;
use berth_http::cookies;
use berth_http::credentials::Authorization;
use berth_http::origin::TrustedProxies;
use berth_services::manifests::Accept;
use berth_services::settings::RegistrySettings;

/// Blobs whose ranges are asked for: nothing, one byte, a few, many, and as many as can be counted.
const SIZES: [u64; 5] = [0, 1, 10, 1 << 40, u64::MAX];
/// A proxy that is trusted.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
/// A client that a trusted proxy saw, or that came by itself.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Headers, a line each.
pub fn headers(bytes: &[u8]) {
    let Some(headers) = read(bytes) else { return };
    for value in headers.get_all(header::RANGE) {
        if let Ok(text) = value.to_str() {
            range(text);
        }
    }
    for value in headers.get_all(header::CONTENT_RANGE) {
        if let Ok(text) = value.to_str() {
            content_range(text);
        }
    }
    let accept = headers.get_all(header::ACCEPT).iter();
    let _ = Accept::parse(accept.filter_map(|value| value.to_str().ok()));
    credentials(&headers);
    for name in [cookies::SESSION, cookies::CSRF] {
        cookie(&headers, name);
    }
    address(&headers);
    client(headers);
}

/// Lines `name: value`; the values may be any bytes that a header may have.
fn read(bytes: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter(|line| !line.is_empty()) {
        let at = line.windows(2).position(|pair| pair == b": ")?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        let value = HeaderValue::from_bytes(&line[at + 2..]).ok()?;
        headers.try_append(name, value).ok()?;
    }
    Some(headers)
}

/// A part lies within the blob and reads back from how HTTP writes it; whether a text is a range at all does not
/// depend on the blob.
fn range(text: &str) {
    let is_range = wanted(Some(text), 0) != Wanted::Whole;
    for size in SIZES {
        let read = wanted(Some(text), size);
        assert_eq!(read != Wanted::Whole, is_range, "`{text}` of {size} bytes");
        let Wanted::Part(part) = read else { continue };
        assert!(
            part.start < part.end && part.end <= size,
            "`{text}` of {size} bytes is {part:?}"
        );
        let written = format!("bytes={}-{}", part.start, part.end - 1);
        assert_eq!(wanted(Some(&written), size), Wanted::Part(part), "`{text}`");
    }
}

/// A chunk goes forward and reads back from how the specification writes it; any other is refused in words.
fn content_range(text: &str) {
    match chunk(text) {
        Ok((first, last)) => {
            assert!(first <= last, "`{text}`");
            let again = chunk(&format!("{first}-{last}")).ok();
            assert_eq!(again, Some((first, last)), "`{text}`");
            let offset = last.saturating_add(1);
            assert_eq!(chunk(&received(offset)).ok(), Some((0, offset - 1)));
        }
        Err(error) => {
            assert_eq!(error.code(), "INVALID_INPUT", "`{text}`");
            assert_eq!(error.field(), Some("Content-Range"), "`{text}`");
            assert!(error.to_string().contains("<first byte>-<last byte>"));
        }
    }
}

/// A header is never taken for an absent one, and what is read of it is read again when it is written.
fn credentials(headers: &HeaderMap) {
    let read = Authorization::of(headers);
    let written = match &read {
        Authorization::Absent => {
            assert!(!headers.contains_key(header::AUTHORIZATION));
            return;
        }
        Authorization::Unusable => {
            assert!(headers.contains_key(header::AUTHORIZATION));
            return;
        }
        Authorization::Bearer(token) => format!("Bearer {}", token.expose()),
        Authorization::Basic { username, password } => {
            let pair = format!("{username}:{}", password.expose());
            format!("Basic {}", STANDARD.encode(pair))
        }
    };
    let count = headers.get_all(header::AUTHORIZATION).iter().count();
    assert_eq!(count, 1, "several headers say nothing certain");
    let mut again = HeaderMap::new();
    let value = HeaderValue::from_str(&written).expect("it came out of a header");
    again.insert(header::AUTHORIZATION, value);
    assert_eq!(Authorization::of(&again), read, "{written}");
}

/// A cookie ends where the next begins, and reads back.
fn cookie(headers: &HeaderMap, name: &str) {
    let Some(value) = cookies::read(headers, name) else {
        return;
    };
    let mut again = HeaderMap::new();
    let line = format!("{name}={value}").parse();
    again.insert(header::COOKIE, line.expect("it came out of a header"));
    assert_eq!(cookies::read(&again, name), Some(value));
}

/// Whatever a request says of its host, what is written into an answer is an address, and the configured one wherever
/// there is one.
fn address(headers: &HeaderMap) {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let absolute = host.map(|host| format!("http://{host}/v2/"));
    let absolute = absolute.and_then(|text| text.parse::<Uri>().ok());
    let settings = RegistrySettings::default();
    let named = RegistrySettings {
        hostname: Some("reg.test".to_owned()),
        ..settings.clone()
    };
    for uri in [Some(Uri::from_static("/v2/")), absolute]
        .into_iter()
        .flatten()
    {
        let address = Addresses::new(&settings).of(&uri, headers);
        let written = format!("{address}/v2/auth");
        let read: Uri = written.parse().expect("an address is one");
        let authority = read.authority().map(Authority::as_str);
        assert_eq!(authority, Some(address.host.as_str()), "{written}");
        assert_eq!(read.scheme_str(), Some(address.scheme.as_str()));
        assert_eq!(read.path(), "/v2/auth");
        assert_eq!(Addresses::new(&named).of(&uri, headers).host, "reg.test");
    }
}

/// Nobody chooses its own address: a stranger's is where it comes from, and behind a proxy it is what the proxy saw.
fn client(mut headers: HeaderMap) {
    let proxies = TrustedProxies::parse(&["10.0.0.0/8"]).expect("a network");
    assert_eq!(proxies.client(CLIENT, &headers), CLIENT);
    let seen = HeaderValue::from_static("192.0.2.9");
    headers.append(X_FORWARDED_FOR, seen);
    assert_eq!(proxies.client(PROXY, &headers), CLIENT);
}
