//! Calls from pages of other sites (CORS). Everybody's pages may call with a token; those of listed origins
//! also with the cookies of their users.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};

/// What a page may send.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS, POST, DELETE, PUT");
/// Headers that every page may send.
const HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Requested-With");
/// Headers that pages of listed origins may send.
const HEADERS_OF_LISTED: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Requested-With, Cookie, X-CSRF-Token");
/// What a page of a listed origin may read of the answer beside its body.
const EXPOSED: HeaderValue = HeaderValue::from_static("X-Next-CSRF-Token");
/// How long a browser may keep what it was told, in seconds.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("21600");

/// The origins whose pages may call with cookies.
#[derive(Debug, Clone, Default)]
pub struct Cors(Arc<[String]>);

impl Cors {
    /// From a list of origins, such as `https://portal.example.com`.
    pub fn new(origins: &[String]) -> Self {
        Self(
            origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect(),
        )
    }

    /// Tells the browser behind a request what its page may do, in the headers of the answer.
    pub fn tell(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        let listed = request.get(header::ORIGIN).filter(|origin| {
            let origin = origin.to_str().unwrap_or_default();
            self.0.iter().any(|listed| listed == origin)
        });
        if !self.0.is_empty() {
            answer.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let (origin, headers) = if let Some(origin) = listed {
            let yes = HeaderValue::from_static("true");
            answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
            answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            (origin.clone(), HEADERS_OF_LISTED)
        } else {
            (HeaderValue::from_static("*"), HEADERS)
        };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(listed: &[&str], origin: &str) -> HeaderMap {
        let listed: Vec<String> = listed.iter().map(ToString::to_string).collect();
        let mut request = HeaderMap::new();
        request.insert(header::ORIGIN, origin.parse().unwrap());
        let mut answer = HeaderMap::new();
        Cors::new(&listed).tell(&request, &mut answer);
        answer
    }

    #[test]
    fn only_a_listed_origin_may_call_with_cookies() {
        let listed = ["https://portal.example/"];
        let ours = told(&listed, "https://portal.example");
        assert_eq!(
            ours[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://portal.example"
        );
        assert_eq!(ours[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(ours[header::VARY], "Origin");
        for other in [
            "https://evil.example",
            "https://portal.example.evil",
            "null",
        ] {
            let told = told(&listed, other);
            assert_eq!(told[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
            assert!(!told.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        }
    }

    #[test]
    fn without_a_list_every_page_may_call_with_a_token() {
        let told = told(&[], "https://any.example");
        assert_eq!(told[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(
            told[header::ACCESS_CONTROL_ALLOW_HEADERS],
            "Authorization, Content-Type, X-Requested-With"
        );
        assert_eq!(told[header::ACCESS_CONTROL_MAX_AGE], "21600");
        assert!(!told.contains_key(header::VARY));
    }
}
