//! Under which address clients reach the registry.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, Uri, header};
use berth_services::settings::RegistrySettings;

use crate::origin::{X_FORWARDED_HOST, X_FORWARDED_PROTO};

/// Longest host that is believed, port included.
const HOST_BYTES_MAX: usize = 255;

/// Scheme and host of the registry as clients know it, such as `https` and `registry.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAddress {
    /// `http` or `https`.
    pub scheme: String,
    /// Host, and port where it is not the scheme's own.
    pub host: String,
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

/// Finds the public address of each request.
///
/// With `SERVER_HOSTNAME` it is always the configured one. Without, a first run has to work at any
/// port, so a well-formed `Host` of the request is taken, or what a trusted proxy says of host and scheme (from
/// others [`crate::observe`] has removed it); addresses that leave the request (mails) must not come from here.
#[derive(Debug, Clone)]
pub struct Addresses {
    scheme: String,
    host: Option<String>,
}

impl Addresses {
    /// From the configuration.
    pub fn new(settings: &RegistrySettings) -> Self {
        Self {
            scheme: settings.scheme.clone(),
            host: settings.hostname.clone(),
        }
    }

    /// The address for a request.
    pub fn of(&self, uri: &Uri, headers: &HeaderMap) -> PublicAddress {
        if let Some(host) = &self.host {
            return PublicAddress {
                scheme: self.scheme.clone(),
                host: host.clone(),
            };
        }
        let scheme = only(headers, &X_FORWARDED_PROTO)
            .filter(|scheme| matches!(*scheme, "http" | "https"))
            .unwrap_or(&self.scheme);
        let host = only(headers, &X_FORWARDED_HOST)
            .filter(|host| is_well_formed(host))
            .or_else(|| requested_host(uri, headers))
            // Nothing of a malformed header is ever written into an answer.
            .unwrap_or("localhost");
        PublicAddress {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
        }
    }
}

/// The value of a header that is there once; several say nothing certain.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// HTTP/2 names the host in the target, HTTP/1 in a header.
fn requested_host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => only(headers, &header::HOST)?,
    };
    is_well_formed(host).then_some(host)
}

/// True for `name`, `name:port`, `1.2.3.4:port` and `[::1]:port`.
fn is_well_formed(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let is_v6 = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|inside| inside.parse::<std::net::Ipv6Addr>().is_ok());
    let is_port = port
        .is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    host.len() <= HOST_BYTES_MAX && (is_name || is_v6) && is_port
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn address(configured: Option<&str>, uri: &str, hosts: &[&str]) -> String {
        let addresses = Addresses::new(&RegistrySettings {
            hostname: configured.map(str::to_owned),
            ..RegistrySettings::default()
        });
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        addresses.of(&uri.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_configured_name_is_never_overruled_by_a_request() {
        assert_eq!(
            address(Some("reg.example"), "/v2/", &["evil.example"]),
            "http://reg.example"
        );
    }

    #[test]
    fn without_configuration_a_well_formed_host_counts() {
        for host in [
            "localhost:8080",
            "127.0.0.1:5000",
            "[::1]:80",
            "[::1]",
            "a-b.example",
        ] {
            assert_eq!(address(None, "/v2/", &[host]), format!("http://{host}"));
        }
        assert_eq!(
            address(None, "http://h2.example:9/v2/", &[]),
            "http://h2.example:9"
        );
    }

    #[test]
    fn a_malformed_or_doubtful_host_is_not_repeated() {
        for hosts in [
            &["a\",error=\"x"] as &[_],
            &["a b"],
            &["a:port"],
            &["a:99999"],
            &["[zz]:1"],
            &[""],
            &[":80"],
            &["a", "b"],
            &["user@host"],
            &[],
        ] {
            assert_eq!(
                address(None, "/v2/", hosts),
                "http://localhost",
                "{hosts:?}"
            );
        }
    }
}
