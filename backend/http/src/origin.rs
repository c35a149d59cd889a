//! Where a request came from.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, header};
use berth_domain::{Error, Result};
use berth_services::Origin;
use ipnet::IpNet;

/// Longest user agent that is kept for logs.
const USER_AGENT_CHARS_MAX: usize = 255;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The host that a client asked a proxy for.
pub(crate) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// The scheme by which a client reached a proxy.
pub(crate) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies in front of the registry whose word on the client's address, and on the one that the client
/// asked for, is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Parses addresses and networks.
    ///
    /// # Errors
    /// An invalid value that names the entry.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self> {
        let networks = entries.iter().map(|entry| {
            let entry = entry.as_ref();
            entry
                .parse::<IpNet>()
                .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| {
                    Error::invalid_value(format!(
                        "`{entry}` is neither an address nor a network such as `10.0.0.0/8`"
                    ))
                })
        });
        networks.collect::<Result<_>>().map(Self)
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&ip))
    }

    /// Takes away what only a trusted proxy may say, where the request is not from one; so whoever finds
    /// such a header later may believe it.
    pub(crate) fn disbelieve(&self, extensions: &Extensions, headers: &mut HeaderMap) {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let is_trusted =
            peer.is_some_and(|ConnectInfo(address)| self.trusts(address.ip().to_canonical()));
        if !is_trusted {
            headers.remove(X_FORWARDED_HOST);
            headers.remove(X_FORWARDED_PROTO);
        }
    }

    /// The nearest address that is not a trusted proxy: each of them appends the one it saw, so the
    /// header is read from its end, and what a stranger wrote into it is never reached.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        let forwarded: Vec<&str> = headers
            .get_all(X_FORWARDED_FOR)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .collect();
        let mut client = peer;
        for hop in forwarded.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(ip) => client = ip.to_canonical(),
                Err(_) => break,
            }
        }
        client
    }
}

/// Reads the origin of a request; the id is the one that [`crate::observe`] gave it.
pub(crate) fn origin(
    extensions: &Extensions,
    headers: &HeaderMap,
    proxies: &TrustedProxies,
    request_id: String,
) -> Origin {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    Origin {
        ip: peer.map(|ConnectInfo(address)| proxies.client(address.ip(), headers)),
        user_agent: headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|text| text.chars().take(USER_AGENT_CHARS_MAX).collect()),
        request_id,
    }
}

/// The origin of a request, as an extractor. Empty where [`crate::observe`] is not around.
#[derive(Debug, Clone)]
pub struct RequestOrigin(pub Origin);

impl RequestOrigin {
    /// Takes it out of a request.
    pub fn of(extensions: &Extensions) -> Origin {
        extensions
            .get::<Self>()
            .map_or_else(Origin::default, |origin| origin.0.clone())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Self::of(&parts.extensions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        let proxies = TrustedProxies::parse(trusted).unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(client(&[], "9.9.9.9", &["1.2.3.4"]), "9.9.9.9");
        assert_eq!(
            client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, 9.9.9.9"]),
            "9.9.9.9"
        );
    }

    #[test]
    fn behind_trusted_proxies_the_first_other_address_counts() {
        let trusted = ["10.0.0.0/8", "192.0.2.1"];
        assert_eq!(
            client(&trusted, "10.0.0.1", &["9.9.9.9, 192.0.2.1"]),
            "9.9.9.9"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["9.9.9.9", "10.1.1.1"]),
            "9.9.9.9"
        );
        assert_eq!(client(&trusted, "::ffff:10.0.0.1", &["9.9.9.9"]), "9.9.9.9");
        assert_eq!(
            client(&trusted, "10.0.0.1", &["9.9.9.9, nonsense"]),
            "10.0.0.1"
        );
        assert_eq!(client(&trusted, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_network_that_is_none_is_named() {
        assert!(
            TrustedProxies::parse(&["10.0.0.0/99"])
                .unwrap_err()
                .to_string()
                .contains("/99")
        );
    }
}
