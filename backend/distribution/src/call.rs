//! One request to `/v2`, as handlers get it.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use berth_domain::{Digest, Error, Noun, PageRequest, Result};
use berth_http::body::Incoming;
use berth_services::{Actor, Services};
use url::form_urlencoded;

/// Digest of a manifest or blob in an answer.
pub(crate) const DOCKER_CONTENT_DIGEST: HeaderName =
    HeaderName::from_static("docker-content-digest");

/// Everything a handler needs to know, whatever the route.
pub(crate) struct Call<'a> {
    pub(crate) services: &'a Services,
    pub(crate) actor: Actor,
    pub(crate) parts: &'a Parts,
    pub(crate) body: &'a Incoming,
}

impl Call<'_> {
    pub(crate) const fn method(&self) -> &Method {
        &self.parts.method
    }

    pub(crate) fn is_head(&self) -> bool {
        self.parts.method == Method::HEAD
    }

    /// A header as text; one that is no text is like an absent one.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    /// The first query parameter of a name, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.queries(name).next()
    }

    /// All query parameters of a name, decoded.
    pub(crate) fn queries(&self, name: &str) -> impl Iterator<Item = String> {
        let query = self.parts.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .filter_map(move |(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// `n`, or the size of a page where none is named; what is no number is as if it were not there.
    pub(crate) fn page_size(&self, unnamed: usize) -> usize {
        let asked = self.query("n").and_then(|n| n.parse::<u64>().ok());
        asked.map_or(unnamed, |n| {
            usize::try_from(n)
                .unwrap_or(usize::MAX)
                .min(PageRequest::<()>::LIMIT_MAX)
        })
    }
}

/// A digest in a path that is read: what is no digest names nothing.
pub(crate) fn digest_to_read(noun: Noun, text: &str) -> Result<Digest> {
    text.parse().map_err(|_| Error::not_found(noun, text))
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    // RFC 9110 has no length on a 204.
    if status != StatusCode::NO_CONTENT {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(0_u64));
    }
    response
}

/// Sets a header whose value was made here out of parsed values.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: impl AsRef<str>) {
    match HeaderValue::from_str(value.as_ref()) {
        Ok(value) => {
            headers.insert(name, value);
        }
        Err(error) => {
            tracing::error!(error = %error, header.name = %name, "a header could not be written");
        }
    }
}
