//! The form of an answer, which probes and tools of the source product read.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How one part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// Well, with what can be told beside it.
    Well(Option<String>),
    /// Not well, and why.
    Ill(String),
}

impl Finding {
    pub(super) const WELL: Self = Self::Well(None);

    pub(super) const fn is_well(&self) -> bool {
        matches!(self, Self::Well(_))
    }

    fn expanded(&self) -> Value {
        match self {
            Self::Well(None) => json!({ "status": true }),
            Self::Well(Some(message)) => json!({ "status": true, "message": message }),
            Self::Ill(failure) => json!({ "status": false, "failure": failure }),
        }
    }
}

/// What superusers see beside the parts.
#[derive(Debug)]
pub(super) struct Details {
    pub(super) config_provider: &'static str,
    pub(super) signing_key: Option<String>,
}

/// An answer about some parts; with `details` it tells reasons too.
pub(super) fn answer(parts: &[(&'static str, Finding)], details: Option<Details>) -> Response {
    let status = if parts.iter().all(|(_, finding)| finding.is_well()) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let services: BTreeMap<_, _> = parts
        .iter()
        .map(|(name, finding)| (*name, finding.is_well()))
        .collect();
    let mut data = json!({ "services": services });
    if let Some(details) = details {
        let expanded: BTreeMap<_, _> = parts
            .iter()
            .map(|(name, finding)| (*name, finding.expanded()))
            .collect();
        data["services_expanded"] = json!(expanded);
        data["notes"] = json!([]);
        data["is_testing"] = json!(false);
        data["config_provider"] = json!(details.config_provider);
        data["local_service_key_id"] = json!(details.signing_key);
        data["hostname"] = json!(hostname());
    }
    let body = json!({ "data": data, "status_code": status.as_u16() });
    let no_store = HeaderValue::from_static("no-store");
    (status, [(header::CACHE_CONTROL, no_store)], Json(body)).into_response()
}

/// The name of this machine.
fn hostname() -> String {
    let about = rustix::system::uname();
    about.nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(response: Response) -> (u16, Value) {
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await;
        (status, serde_json::from_slice(&body.unwrap()).unwrap())
    }

    fn parts() -> [(&'static str, Finding); 3] {
        [
            ("database", Finding::WELL),
            ("disk_space", Finding::Well(Some("12 % free".to_owned()))),
            ("storage", Finding::Ill("no such bucket".to_owned())),
        ]
    }

    #[tokio::test]
    async fn one_sick_part_makes_the_answer_a_503_without_a_reason() {
        let services = json!({ "database": true, "disk_space": true, "storage": false });
        assert_eq!(
            read(answer(&parts(), None)).await,
            (
                503,
                json!({ "data": { "services": services }, "status_code": 503 })
            )
        );
    }

    #[tokio::test]
    async fn a_superuser_is_told_the_reasons() {
        let details = Details {
            config_provider: "file",
            signing_key: Some("kid".to_owned()),
        };
        let (status, body) = read(answer(&parts(), Some(details))).await;
        assert_eq!(status, 503);
        assert_eq!(
            body["data"]["services_expanded"],
            json!({
                "database": { "status": true },
                "disk_space": { "status": true, "message": "12 % free" },
                "storage": { "status": false, "failure": "no such bucket" },
            })
        );
        assert_eq!(body["data"]["local_service_key_id"], "kid");
        assert_eq!(body["data"]["config_provider"], "file");
        assert_eq!(body["data"]["is_testing"], false);
        assert_eq!(body["data"]["notes"], json!([]));
        assert!(
            body["data"]["hostname"]
                .as_str()
                .is_some_and(|name| !name.is_empty())
        );
    }
}
