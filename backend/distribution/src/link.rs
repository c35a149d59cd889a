//! The `Link` header of a page that is not the last.

use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use crate::call::set;

/// `<path?query>; rel="next"`. The path is one of ours, so nothing in it needs an escape.
pub fn next(headers: &mut HeaderMap, path: &str, query: &[(&str, &str)]) {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    set(
        headers,
        header::LINK,
        format!("<{path}?{query}>; rel=\"next\""),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped() {
        let mut headers = HeaderMap::new();
        next(
            &mut headers,
            "/v2/a/b/referrers/d",
            &[("artifactType", "x/y+z>"), ("n", "2")],
        );
        assert_eq!(
            headers[header::LINK],
            "</v2/a/b/referrers/d?artifactType=x%2Fy%2Bz%3E&n=2>; rel=\"next\""
        );
    }
}
