//! Where browsers are sent back to: which addresses an application may name, and what is added to them.

use berth_domain::{Error, Result};
use url::form_urlencoded;

/// Path of the registry's own page that shows a token to who made it for the own use.
const OWN_PAGE: &str = "/oauth/localapp";

/// Longest address, in bytes; it travels in a header.
pub(super) const ADDRESS_BYTES_MAX: usize = 2_048;

/// An address in the parts that matter, as they are written.
struct Parts<'a> {
    scheme: &'a str,
    /// Host and port.
    place: &'a str,
    /// Path and query.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    /// Reads an address of the web. What a browser could read otherwise than we do is none: a user before
    /// the host, other letters than those of hosts, backslashes, white space, a step upwards, a fragment.
    fn of(text: &'a str) -> Option<Self> {
        let is_plain = |byte: u8| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
                )
        };
        if text.len() > ADDRESS_BYTES_MAX || !text.bytes().all(is_plain) {
            return None;
        }
        let (scheme, after) = text.split_once("://")?;
        let is_web = ["http", "https"]
            .iter()
            .any(|web| web.eq_ignore_ascii_case(scheme));
        let end = after.find(['/', '?']).unwrap_or(after.len());
        let (place, rest) = after.split_at(end);
        let is_place = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        };
        let path = rest.split('?').next().unwrap_or_default();
        let goes_up = path.split('/').any(|segment| segment == "..");
        let is_address = is_web && !place.is_empty() && place.bytes().all(is_place) && !goes_up;
        is_address.then_some(Self {
            scheme,
            place,
            rest,
        })
    }
}

/// Passes what an application may have for its prefix.
pub(super) fn check_prefix(prefix: &str) -> Result<()> {
    if prefix.is_empty() || Parts::of(prefix).is_some() {
        return Ok(());
    }
    Err(Error::invalid_value(
        "a redirect prefix begins with `http://` or `https://` and a host, without user, `..` or `#`, or is empty",
    )
    .in_field("redirectPrefix"))
}

/// Whether a browser may be sent to an address: the registry's own page (`own` is scheme and host under which the
/// browser reached it), or one on the host of the prefix that begins with it, and goes on without detours.
pub(super) fn is_allowed(prefix: &str, own: &str, address: &str) -> bool {
    if address.strip_prefix(own) == Some(OWN_PAGE) {
        return Parts::of(address).is_some();
    }
    let (Some(allowed), Some(asked)) = (Parts::of(prefix), Parts::of(address)) else {
        return false;
    };
    let is_there = allowed.scheme.eq_ignore_ascii_case(asked.scheme)
        && allowed.place.eq_ignore_ascii_case(asked.place);
    let more = asked.rest.strip_prefix(allowed.rest);
    is_there && more.is_some_and(|more| !more.contains("..") && !more.contains(['@', '%']))
}

/// The address with parameters more; those without a value are left out.
pub(super) fn with(address: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("{address}{joint}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://registry.test";

    #[test]
    fn an_address_below_the_prefix_is_allowed_and_the_own_page_always() {
        for (prefix, address) in [
            ("https://app.test/cb", "https://app.test/cb"),
            ("https://app.test/cb", "https://app.test/cb/deep?x=1"),
            ("https://app.test/cb", "HTTPS://APP.test/cb"),
            ("https://app.test", "https://app.test/any/where"),
            ("https://app.test", "https://app.test?x=1"),
            ("http://[::1]:8080/", "http://[::1]:8080/cb"),
            ("https://app.test/a%20b/", "https://app.test/a%20b/c"),
            ("", "https://registry.test/oauth/localapp"),
            ("https://app.test", "https://registry.test/oauth/localapp"),
        ] {
            assert!(is_allowed(prefix, OWN, address), "{prefix} {address}");
        }
    }

    #[test]
    fn another_scheme_host_port_path_or_spelling_is_not() {
        let prefix = "https://app.test/cb";
        for address in [
            "http://app.test/cb",
            "ftp://app.test/cb",
            "javascript://app.test/cb",
            "//app.test/cb",
            "https:app.test/cb",
            "https:///app.test/cb",
            "https://app.test.evil.test/cb",
            "https://evil-app.test/cb",
            "https://app.test:8443/cb",
            "https://app.test@evil.test/cb",
            "https://evil.test@app.test/cb",
            "https://user:pass@app.test/cb",
            "https://evil.test/https://app.test/cb",
            "https://evil.test\\@app.test/cb",
            "https://app.test\\.evil.test/cb",
            "https://app.test/other",
            "https://app.test/CB",
            "https://app.test/cb/../admin",
            "https://app.test/cb/..",
            "https://app.test/x/../cb",
            "https://app.test/cb/%2e%2e/admin",
            "https://app.test/cb%2f..",
            "https://app.test/cb@evil.test",
            "https://app.test/cb?to=a%40b",
            "https://app.test/cb#fragment",
            "https://app.test/cb\r\nSet-Cookie: a=b",
            "https://app.test/cb x",
            " https://app.test/cb",
            "https://app.test/cb\u{e4}",
            "https://\u{430}pp.test/cb",
            "https://registry.test/oauth/localapp/",
            "https://registry.test/oauth/localapp?x",
            "http://registry.test/oauth/localapp",
            "https://registry.test.evil.test/oauth/localapp",
            "",
        ] {
            assert!(!is_allowed(prefix, OWN, address), "{address:?}");
        }
        for prefix in ["", "*", "https://", "https://app.test/..", "app.test"] {
            let address = "https://app.test/cb";
            assert!(!is_allowed(prefix, OWN, address), "{prefix:?}");
        }
        let long = format!("https://app.test/cb{}", "x".repeat(ADDRESS_BYTES_MAX));
        assert!(!is_allowed(prefix, OWN, &long));
    }

    #[test]
    fn a_prefix_is_empty_or_an_address_of_the_web() {
        for prefix in ["", "https://app.test", "http://localhost:3000/cb?x=1"] {
            assert!(check_prefix(prefix).is_ok(), "{prefix}");
        }
        for prefix in [
            "app.test",
            "javascript:alert(1)",
            "https://u@app.test",
            "https://a.test/#",
        ] {
            let refused = check_prefix(prefix).unwrap_err();
            assert_eq!(refused.field(), Some("redirectPrefix"), "{prefix}");
        }
    }

    #[test]
    fn parameters_are_escaped_and_join_those_that_are_there() {
        let state = "a b&c=d#e\r\nLocation: https://evil.test";
        let made = with(
            "https://app.test/cb",
            &[
                ("scope", Some("repo:read")),
                ("state", Some(state)),
                ("error", None),
            ],
        );
        assert_eq!(
            made,
            "https://app.test/cb?scope=repo%3Aread\
             &state=a+b%26c%3Dd%23e%0D%0ALocation%3A+https%3A%2F%2Fevil.test"
        );
        assert_eq!(
            with("https://a.test/?x=1", &[("y", Some("2"))]),
            "https://a.test/?x=1&y=2"
        );
    }
}
