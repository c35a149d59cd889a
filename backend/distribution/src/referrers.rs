//! `GET /v2/<name>/referrers/<digest>`

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use berth_domain::{Error, MediaType, PageRequest, RepositoryPath, Result};
use berth_services::referrers::Referrer;
use serde::Serialize;

use crate::call::Call;
use crate::error::{Answer, Failure};
use crate::link;

/// Says that `artifactType` was understood.
const OCI_FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

/// Clients read an index of at most this size, as they do any manifest.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

impl From<Referrer> for Listed {
    fn from(referrer: Referrer) -> Self {
        Self {
            media_type: referrer.media_type,
            digest: referrer.digest.to_string(),
            size: referrer.size_bytes,
            artifact_type: referrer.artifact_type,
            annotations: referrer.annotations,
        }
    }
}

/// Always an index, be it an empty one, for every digest of a repository that may be read.
pub(crate) async fn list(call: &Call<'_>, path: &RepositoryPath, digest: &str) -> Answer {
    let subject = digest.parse()?;
    let artifact_type = call.query("artifactType").map(|text| plus_signs(&text));
    let after = call.query("last").map(|last| last.parse()).transpose()?;
    let request = PageRequest::new(after, call.page_size(PageRequest::<()>::LIMIT_MAX));
    let page = call
        .services
        .referrers
        .list(
            &call.actor,
            path,
            &subject,
            artifact_type.as_deref(),
            &request,
        )
        .await
        .map_err(|error| match error {
            // Clients take a 404 as the sign to look for the fallback tag.
            Error::FeatureOff { message } => Failure::switched_off(message),
            other => other.into(),
        })?;
    let (entries, was_cut) = fit(page.items)?;
    let has_more = page.has_more || was_cut;
    let last = entries
        .last()
        .map(|(digest, _)| digest.clone())
        .filter(|_| has_more);

    let mut response = Response::new(Body::from(index(&entries)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(MediaType::OCI_INDEX),
    );
    if artifact_type.is_some() {
        headers.insert(
            OCI_FILTERS_APPLIED,
            HeaderValue::from_static("artifactType"),
        );
    }
    if let Some(last) = last {
        let n = request.limit.to_string();
        let mut query = vec![("n", n.as_str()), ("last", last.as_str())];
        query.extend(artifact_type.as_deref().map(|kind| ("artifactType", kind)));
        link::next(headers, &format!("/v2/{path}/referrers/{subject}"), &query);
    }
    Ok(response)
}

/// A query in which a client left the plus sign of `application/x+json` as it is reads as a space,
/// and no media type has one.
fn plus_signs(text: &str) -> String {
    text.replace(' ', "+")
}

/// As many entries, with their digests, as fit into a page; at least one, or paging would not end.
fn fit(referrers: Vec<Referrer>) -> Result<(Vec<(String, String)>, bool)> {
    let mut entries: Vec<(String, String)> = Vec::with_capacity(referrers.len());
    let mut size_bytes = 0;
    for listed in referrers.into_iter().map(Listed::from) {
        let json = serde_json::to_string(&listed).map_err(Error::internal)?;
        size_bytes += json.len() + 1;
        if size_bytes > PAGE_BYTES_MAX && !entries.is_empty() {
            return Ok((entries, true));
        }
        entries.push((listed.digest, json));
    }
    Ok((entries, false))
}

fn index(entries: &[(String, String)]) -> String {
    let entries: Vec<&str> = entries.iter().map(|(_, json)| json.as_str()).collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}}"#,
        MediaType::OCI_INDEX,
        entries.join(",")
    )
}

#[cfg(test)]
mod tests {
    use berth_domain::Digest;

    use super::*;

    fn referrer(name: u8, note: &str) -> Referrer {
        Referrer {
            digest: Digest::of(&[name]),
            media_type: MediaType::OCI_MANIFEST.to_owned(),
            size_bytes: 7,
            artifact_type: Some("a/b".into()),
            annotations: BTreeMap::from([("note".to_owned(), note.to_owned())]),
        }
    }

    #[test]
    fn a_page_is_an_index_of_descriptors() {
        let (entries, was_cut) = fit(vec![referrer(1, "x")]).unwrap();
        let index: serde_json::Value = serde_json::from_str(&index(&entries)).unwrap();
        assert!(!was_cut);
        assert_eq!(
            index,
            serde_json::json!({
                "schemaVersion": 2,
                "mediaType": MediaType::OCI_INDEX,
                "manifests": [{
                    "mediaType": MediaType::OCI_MANIFEST,
                    "digest": Digest::of(&[1]),
                    "size": 7,
                    "artifactType": "a/b",
                    "annotations": { "note": "x" },
                }],
            })
        );
    }

    #[test]
    fn a_page_ends_before_it_is_too_large_but_never_empty() {
        let large = "x".repeat(PAGE_BYTES_MAX / 2);
        let (entries, was_cut) = fit((0..3).map(|n| referrer(n, &large)).collect()).unwrap();
        assert_eq!((entries.len(), was_cut), (1, true));
        let (entries, was_cut) = fit(vec![referrer(0, &"x".repeat(PAGE_BYTES_MAX))]).unwrap();
        assert_eq!((entries.len(), was_cut), (1, false));
    }
}
