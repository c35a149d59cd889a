//! Whether the process lives, is ready and reaches what it needs. Open to everybody, so it shows no
//! reason for anything; the log has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use berth_services::Services;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// One look serves all probes of this span: a look writes to storage, and anybody may ask.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What does not answer within this is away.
const LOOK_TIME_MAX: Duration = Duration::from_secs(5);

/// Below this share of free space, in percent, writes are about to fail.
const SPACE_PERCENT_MIN: u64 = 1;

/// Below this share of free space, in percent, somebody should be warned.
const SPACE_PERCENT_WARNING: u64 = 10;

/// What was seen at one time.
#[derive(Debug, Clone, Copy)]
struct Seen {
    database: bool,
    storage: bool,
    keys: bool,
    space_percent: Option<u64>,
}

#[derive(Clone)]
struct Health {
    services: Services,
    is_draining: Arc<dyn Fn() -> bool + Send + Sync>,
    last: Arc<Mutex<Option<(Instant, Seen)>>>,
}

/// `/health` and its parts. A process that `is_draining` is alive and no longer ready.
pub fn router(
    services: Services,
    is_draining: impl Fn() -> bool + Send + Sync + 'static,
) -> Router {
    let health = Health {
        services,
        is_draining: Arc::new(is_draining),
        last: Arc::default(),
    };
    Router::new()
        .route("/health/live", get(async || answer(&[])))
        .route("/health/ready", get(ready))
        .route("/health", get(instance))
        .route("/health/instance", get(instance))
        .route("/health/endtoend", get(end_to_end))
        .route("/status", get(end_to_end))
        .route("/health/warning", get(warning))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    let seen = health.look().await;
    let is_accepting = !(health.is_draining)();
    answer(&[
        ("accepting", is_accepting),
        ("database", seen.database),
        ("storage", seen.storage),
    ])
}

async fn instance(State(health): State<Health>) -> Response {
    let seen = health.look().await;
    answer(&[
        ("auth", seen.database),
        ("database", seen.database),
        ("disk_space", seen.has_space(SPACE_PERCENT_MIN)),
        // Both parts of the source product are this one process, which is answering.
        ("registry_gunicorn", true),
        ("service_key", seen.keys),
        ("web_gunicorn", true),
    ])
}

async fn end_to_end(State(health): State<Health>) -> Response {
    let seen = health.look().await;
    answer(&[
        ("auth", seen.database),
        ("database", seen.database),
        ("storage", seen.storage),
    ])
}

async fn warning(State(health): State<Health>) -> Response {
    let seen = health.look().await;
    answer(&[("disk_space_warning", seen.has_space(SPACE_PERCENT_WARNING))])
}

impl Seen {
    fn has_space(&self, percent: u64) -> bool {
        self.space_percent.is_none_or(|free| free >= percent)
    }
}

impl Health {
    /// What the last look saw, or a new one; probes that come together wait for the same look.
    async fn look(&self) -> Seen {
        let mut last = self.last.lock().await;
        if let Some((at, seen)) = *last
            && at.elapsed() < LOOK_EVERY
        {
            return seen;
        }
        let seen = self.look_now().await;
        *last = Some((Instant::now(), seen));
        seen
    }

    async fn look_now(&self) -> Seen {
        let found = timeout(LOOK_TIME_MAX, self.services.registry.health()).await;
        let Ok(found) = found else {
            tracing::warn!("database or storage did not answer a health check in time");
            return Seen {
                database: false,
                storage: false,
                keys: false,
                space_percent: None,
            };
        };
        for (what, result) in [("database", &found.database), ("storage", &found.storage)] {
            if let Err(error) = result {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(error = %error, cause, "{what} failed a health check");
            }
        }
        let keys = timeout(LOOK_TIME_MAX, self.services.keys.public_jwks()).await;
        Seen {
            database: found.database.is_ok(),
            storage: found.storage.is_ok(),
            keys: matches!(keys, Ok(Ok(keys)) if !keys.is_empty()),
            space_percent: found.space.and_then(|space| {
                space
                    .free_bytes
                    .saturating_mul(100)
                    .checked_div(space.total_bytes)
            }),
        }
    }
}

/// The form that probes of the source product read.
fn answer(services: &[(&'static str, bool)]) -> Response {
    let is_well = services.iter().all(|(_, is_well)| *is_well);
    let status = if is_well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let services: BTreeMap<_, _> = services.iter().copied().collect();
    let body = json!({ "data": { "services": services }, "status_code": status.as_u16() });
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_sick_service_makes_the_answer_a_503() {
        let response = answer(&[("database", true), ("storage", false)]);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = axum::body::to_bytes(response.into_body(), 1000)
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let services = json!({ "database": true, "storage": false });
        assert_eq!(
            body,
            json!({ "data": { "services": services }, "status_code": 503 })
        );
    }

    #[test]
    fn unknown_space_is_no_cause_for_alarm() {
        let seen = |space_percent| Seen {
            database: true,
            storage: true,
            keys: true,
            space_percent,
        };
        assert!(seen(None).has_space(SPACE_PERCENT_WARNING));
        assert!(seen(Some(10)).has_space(SPACE_PERCENT_WARNING));
        assert!(!seen(Some(9)).has_space(SPACE_PERCENT_WARNING));
    }
}
