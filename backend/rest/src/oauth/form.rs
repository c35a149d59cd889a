//! Parameters of the pages of OAuth: those of a form, then those of the query.

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use berth_domain::Secret;
use berth_http::body::Incoming;

use crate::failure::Failure;

/// Longest form, in bytes.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// What a request says. Of a name that is there twice the first counts. Some of it is secret, so it is not to be
/// printed.
pub(super) struct Form(Vec<(String, Secret<String>)>);

impl Form {
    /// Reads the query alone.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        Self(pairs(query.unwrap_or_default().as_bytes()))
    }

    /// Reads the body, where it is a form, and the query.
    ///
    /// # Errors
    /// A body that is too long or ends early.
    pub(super) async fn read(parts: &Parts, incoming: &Incoming) -> Result<Self, Failure> {
        let mut found = Vec::new();
        if is_form(&parts.headers) {
            found = pairs(&incoming.collect("the form", FORM_BYTES_MAX).await?);
        }
        found.extend(Self::of_query(parts.uri.query()).0);
        Ok(Self(found))
    }

    /// A parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.expose().as_str())
    }

    /// A parameter that has to be there.
    ///
    /// # Errors
    /// 400, which names it.
    pub(super) fn required(&self, name: &str) -> Result<String, Failure> {
        self.get(name).map(str::to_owned).ok_or_else(|| {
            Failure::refusal(StatusCode::BAD_REQUEST, format!("Required param: {name}"))
        })
    }
}

/// What is said, but for what holds the character NUL: it is in nothing that can be found.
fn pairs(text: &[u8]) -> Vec<(String, Secret<String>)> {
    let mut pairs: Vec<(String, Secret<String>)> =
        serde_urlencoded::from_bytes(text).unwrap_or_default();
    pairs.retain(|(_, value)| !value.expose().contains('\0'));
    pairs
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    essence
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_name_counts_and_what_is_missing_is_named() {
        let form = Form::of_query(Some("a=1&a=2&b=x%20y&c=&d=%00"));
        assert_eq!(form.get("d"), None);
        assert_eq!(form.get("a"), Some("1"));
        assert_eq!(form.get("b"), Some("x y"));
        assert_eq!(form.get("c"), Some(""));
        let refused = form.required("scope").unwrap_err();
        assert!(matches!(
            refused,
            Failure::Refusal { error, .. } if error == "Required param: scope"
        ));
    }
}
