//! The cookies of a signed-in browser.

use axum::http::{HeaderMap, HeaderValue, header};

/// Holds the session's token; scripts cannot read it.
pub const SESSION: &str = "berth_session";

/// Holds the session's CSRF token; the console's scripts read it and send it back as `X-CSRF-Token`,
/// which scripts of other sites cannot.
pub const CSRF: &str = "berth_csrf";

/// The value of a cookie of a request.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// How cookies are set at this registry.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    /// Clients reach the registry by TLS, so cookies travel by nothing else.
    pub secure: bool,
}

impl Cookies {
    /// For a registry that is reached by a scheme.
    pub fn for_scheme(scheme: &str) -> Self {
        Self {
            secure: scheme == "https",
        }
    }

    /// Headers that sign a browser in for a while.
    pub fn sign_in(self, token: &str, csrf: &str, life_s: u64) -> Vec<HeaderValue> {
        self.lines(token, csrf, life_s)
    }

    /// Headers that make a browser forget its session.
    pub fn sign_out(self) -> Vec<HeaderValue> {
        self.lines("", "", 0)
    }

    /// The header that gives the CSRF token alone.
    pub fn csrf(self, token: &str, life_s: u64) -> Option<HeaderValue> {
        self.line(CSRF, token, life_s, "")
    }

    fn lines(self, token: &str, csrf: &str, life_s: u64) -> Vec<HeaderValue> {
        let session = self.line(SESSION, token, life_s, "; HttpOnly");
        session.into_iter().chain(self.csrf(csrf, life_s)).collect()
    }

    /// `Lax`, not `Strict`: whoever follows a link into the console is signed in there.
    fn line(self, name: &str, value: &str, life_s: u64, more: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let line = format!("{name}={value}; Path=/; Max-Age={life_s}; SameSite=Lax{secure}{more}");
        HeaderValue::from_str(&line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; berth_session=t=x; b=2"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("berth_csrf=c"));
        assert_eq!(read(&headers, SESSION), Some("t=x"));
        assert_eq!(read(&headers, CSRF), Some("c"));
        assert_eq!(read(&headers, "c"), None);
    }

    #[test]
    fn the_session_is_hidden_from_scripts_and_its_csrf_token_is_not() {
        let lines = Cookies::for_scheme("https").sign_in("t", "c", 60);
        assert_eq!(
            lines,
            [
                "berth_session=t; Path=/; Max-Age=60; SameSite=Lax; Secure; HttpOnly",
                "berth_csrf=c; Path=/; Max-Age=60; SameSite=Lax; Secure",
            ]
        );
        assert!(!format!("{:?}", Cookies::for_scheme("http").sign_out()).contains("Secure"));
    }
}
