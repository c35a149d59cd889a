//! Where browsers are sent back to: which addresses an application may name, and what is added to them.

use berth_domain::{Address, Error, Result};
use url::form_urlencoded;

/// Path of the registry's own page that shows a token to who made it for the own use.
const OWN_PAGE: &str = "/oauth/localapp";

/// Passes what an application may have for its prefix.
pub(super) fn check_prefix(prefix: &str) -> Result<()> {
    if prefix.is_empty() || Address::parse(prefix).is_some() {
        return Ok(());
    }
    Err(Error::invalid_value(
        "a redirect prefix begins with `http://` or `https://` and a host, or with a scheme of the application's own \
         such as `myapp://callback`, without user, `..` or `#`, or is empty",
    )
    .in_field("redirectPrefix"))
}

/// Whether a browser may be sent to an address: the registry's own page (`own` is scheme and host under which the
/// browser reached it), or one with the scheme and the host of the prefix that begins with it, and goes on without
/// detours.
pub(super) fn is_allowed(prefix: &str, own: &str, address: &str) -> bool {
    if address.strip_prefix(own) == Some(OWN_PAGE) {
        return Address::parse(address).is_some();
    }
    let (Some(allowed), Some(asked)) = (Address::parse(prefix), Address::parse(address)) else {
        return false;
    };
    let is_same_place = match (allowed.place, asked.place) {
        (Some(allowed), Some(asked)) => allowed.eq_ignore_ascii_case(asked),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let is_there = allowed.scheme.eq_ignore_ascii_case(asked.scheme) && is_same_place;
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
            ("myapp://callback", "myapp://callback"),
            ("myapp://callback", "MyApp://Callback/deep?x=1"),
            ("myapp:///cb", "myapp:///cb?x=1"),
            ("com.example.app:/cb", "com.example.app:/cb/deep"),
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
        let long = format!("https://app.test/cb{}", "x".repeat(2_048));
        assert!(!is_allowed(prefix, OWN, &long));
    }

    #[test]
    fn an_address_of_an_application_leads_to_that_application_alone() {
        for (prefix, address) in [
            ("myapp://callback", "otherapp://callback"),
            ("myapp://callback", "myapp://callback.evil"),
            ("myapp://callback", "myapp://other"),
            ("myapp://callback", "myapp:/callback"),
            ("myapp://callback", "myapp:callback"),
            ("myapp://callback", "myapp:///callback"),
            ("myapp://callback", "myapp://me@callback"),
            ("myapp://callback", "myapp://callback/../x"),
            ("myapp://callback", "myapp://callback/%2e%2e/x"),
            ("myapp://callback", "myapp://callback@evil"),
            ("myapp://callback", "myapp://callback#x"),
            ("myapp://callback", "https://callback/"),
            ("com.example.app:/cb", "com.example.app://cb"),
            ("com.example.app:/cb", "com.example.app:/other"),
            ("com.example.app:/cb", "com.example.app:/cb/.."),
            ("https://app.test/cb", "myapp://app.test/cb"),
        ] {
            assert!(!is_allowed(prefix, OWN, address), "{prefix} {address}");
        }
        // What may not be a prefix allows nothing, not even itself.
        for prefix in [
            "javascript://a/",
            "data:/x",
            "file:///etc",
            "myapp:",
            "myapp://",
        ] {
            assert!(!is_allowed(prefix, OWN, prefix), "{prefix}");
        }
    }

    #[test]
    fn a_prefix_is_empty_or_an_address_of_the_web_or_of_an_application() {
        for prefix in [
            "",
            "https://app.test",
            "http://localhost:3000/cb?x=1",
            "myapp://callback",
            "com.example.app:/oauth/cb",
        ] {
            assert!(check_prefix(prefix).is_ok(), "{prefix}");
        }
        for prefix in [
            "app.test",
            "javascript:alert(1)",
            "javascript://app.test/",
            "data:text/html,x",
            "vbscript://a/",
            "file:///etc/passwd",
            "blob:https://app.test/x",
            "about:/blank",
            "myapp:callback",
            "myapp://me@callback",
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
        for (address, made) in [
            ("https://a.test/?x=1", "https://a.test/?x=1&y=2"),
            ("myapp://callback", "myapp://callback?y=2"),
        ] {
            assert_eq!(with(address, &[("y", Some("2"))]), made);
        }
    }
}
