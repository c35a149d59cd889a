//! Addresses to which browsers are led: of the web, or of an application that is installed beside the browser.

/// Longest address, in bytes; it travels in a header.
pub const ADDRESS_BYTES_MAX: usize = 2_048;

/// Schemes that browsers and operating systems answer by themselves: they run scripts, open files and folders, show
/// pages of the browser's own, write mails, call numbers or start programs. None belongs to an application that asks
/// for access.
const TAKEN: [&str; 63] = [
    "about",
    "acap",
    "android-app",
    "blob",
    "brave",
    "callto",
    "chrome",
    "chrome-extension",
    "chrome-search",
    "chrome-untrusted",
    "cid",
    "content",
    "data",
    "devtools",
    "edge",
    "facetime",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "ftps",
    "geo",
    "gopher",
    "hcp",
    "imap",
    "intent",
    "itms",
    "itms-apps",
    "itms-services",
    "jar",
    "javascript",
    "ldap",
    "ldaps",
    "livescript",
    "mailto",
    "mhtml",
    "mid",
    "mk",
    "mocha",
    "moz-extension",
    "news",
    "nntp",
    "opera",
    "pop",
    "resource",
    "rtsp",
    "safari-web-extension",
    "search-ms",
    "sftp",
    "shell",
    "sip",
    "sips",
    "smb",
    "sms",
    "ssh",
    "tel",
    "telnet",
    "urn",
    "vbscript",
    "view-source",
    "ws",
    "wss",
    "wyciwyg",
];

/// Beginnings of more of them, each for many programs of one maker.
const TAKEN_BEGINNINGS: [&str; 2] = ["ms-", "x-apple"];

/// An address in the parts that matter, as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// Without the colon.
    pub scheme: &'a str,
    /// Host and port, or what an application has in their stead; none where there is no `//`.
    pub place: Option<&'a str>,
    /// Path and query.
    pub rest: &'a str,
}

impl<'a> Address<'a> {
    /// Reads an address. What a browser could read otherwise than we do is none: a user before the host, other
    /// letters than those of hosts, backslashes, white space, a step upwards, a fragment. Nor is one whose scheme is
    /// taken, whatever its case, or one without a path or a host.
    pub fn parse(text: &'a str) -> Option<Self> {
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
        let (scheme, after) = split(text)?;
        let (place, rest) = match after.strip_prefix("//") {
            Some(after) => {
                let end = after.find(['/', '?']).unwrap_or(after.len());
                let (place, rest) = after.split_at(end);
                (Some(place), rest)
            }
            None => (None, after),
        };
        let is_place = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        };
        let path = rest.split('?').next().unwrap_or_default();
        let goes_up = path.split('/').any(|segment| segment == "..");
        let leads_somewhere = place.is_some_and(|place| !place.is_empty()) || rest.starts_with('/');
        let is_address =
            leads_somewhere && place.unwrap_or_default().bytes().all(is_place) && !goes_up;
        is_address.then_some(Self {
            scheme,
            place,
            rest,
        })
    }
}

/// Whether a browser may be led to an address, as far as its scheme says: it is one of the web, or of an application.
pub fn is_followed(address: &str) -> bool {
    split(address).is_some()
}

/// Whether an address is one of the web, which a page may offer as a link.
pub fn is_web(address: &str) -> bool {
    split(address).is_some_and(|(scheme, _)| is_web_scheme(scheme))
}

/// Whether something may present itself at an address: one that a browser may be led to, in any letters.
pub fn is_homepage(text: &str) -> bool {
    text.len() <= ADDRESS_BYTES_MAX
        && is_followed(text)
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_web_scheme(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The scheme of an address that a browser may be led to, and what follows the colon.
fn split(address: &str) -> Option<(&str, &str)> {
    let (scheme, after) = address.split_once(':')?;
    let mut bytes = scheme.bytes();
    // One letter is a drive.
    let is_scheme = scheme.len() > 1
        && bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme {
        return None;
    }
    if is_web_scheme(scheme) {
        let host = after.strip_prefix("//")?;
        let is_there = !host.is_empty() && !host.starts_with(['/', '?', '#', '\\']);
        return is_there.then_some((scheme, after));
    }
    let small = scheme.to_ascii_lowercase();
    let is_taken = TAKEN.contains(&small.as_str())
        || TAKEN_BEGINNINGS
            .iter()
            .any(|beginning| small.starts_with(beginning));
    // Without a slash it could hold another address, such as a script.
    (!is_taken && after.starts_with('/')).then_some((scheme, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_as_it_is_written() {
        for (text, scheme, place, rest) in [
            (
                "https://app.test/cb?x=1",
                "https",
                Some("app.test"),
                "/cb?x=1",
            ),
            ("HTTP://[::1]:8080", "HTTP", Some("[::1]:8080"), ""),
            ("https://app.test?x=1", "https", Some("app.test"), "?x=1"),
            ("myapp://callback", "myapp", Some("callback"), ""),
            ("myapp:///cb", "myapp", Some(""), "/cb"),
            (
                "com.example.app:/oauth/cb",
                "com.example.app",
                None,
                "/oauth/cb",
            ),
        ] {
            let address = Address {
                scheme,
                place,
                rest,
            };
            assert_eq!(Address::parse(text), Some(address), "{text}");
        }
    }

    #[test]
    fn what_a_browser_could_read_otherwise_is_no_address() {
        for text in [
            "",
            "app.test",
            "//app.test/cb",
            "https:app.test/cb",
            "https:/app.test/cb",
            "https://",
            "https:///app.test/cb",
            "https://user@app.test/cb",
            "https://app.test\\@evil.test",
            "https://app.test/..",
            "https://app.test/#f",
            "https://app.test/a b",
            "https://\u{430}pp.test/",
            "myapp://",
            "myapp:callback",
            "myapp:",
            "myapp://me@callback",
            "myapp://callback/../x",
            "myapp:/cb/..",
            "my_app://callback",
            "1app://callback",
            "my app://callback",
            "c:/windows",
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
        let long = format!("myapp:/{}", "x".repeat(ADDRESS_BYTES_MAX));
        assert_eq!(Address::parse(&long), None);
    }

    #[test]
    fn no_scheme_that_a_browser_answers_by_itself_leads_anywhere() {
        for scheme in [
            "javascript",
            "JavaScript",
            "data",
            "vbscript",
            "VBScript",
            "file",
            "FILE",
            "blob",
            "filesystem",
            "about",
            "view-source",
            "chrome",
            "chrome-extension",
            "moz-extension",
            "jar",
            "mailto",
            "tel",
            "intent",
            "ftp",
            "ws",
            "wss",
            "ms-msdt",
            "MS-Settings",
            "search-ms",
            "itms-services",
            "urn",
        ] {
            for after in ["//app.test/cb", "/cb", "alert(1)", "///etc/passwd"] {
                let text = format!("{scheme}:{after}");
                assert_eq!(Address::parse(&text), None, "{text}");
                assert!(!is_followed(&text) && !is_homepage(&text), "{text}");
            }
        }
        for text in [
            "java\tscript://a/%0aalert(1)",
            " javascript://a/",
            "\u{0}javascript://a/",
            "feed:javascript:alert(1)",
            "myapp:javascript:alert(1)",
        ] {
            assert!(
                Address::parse(text).is_none() && !is_homepage(text),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_homepage_is_of_the_web_or_of_an_application() {
        for good in [
            "https://app.test/about#top",
            "http://例え.test/",
            "myapp://home",
            "com.example.app:/home",
        ] {
            assert!(is_homepage(good) && is_followed(good), "{good}");
        }
        for bad in [
            "",
            "app.test",
            "https://",
            "https://a b",
            "https://a\nb",
            "myapp:",
        ] {
            assert!(!is_homepage(bad), "{bad:?}");
        }
        assert!(is_web("HTTPS://app.test") && !is_web("myapp://home") && !is_web("x"));
    }

    #[test]
    fn the_schemes_that_are_taken_stand_in_order_once_each() {
        assert!(TAKEN.is_sorted_by(|one, next| one < next));
    }
}
