//! Measurements for Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use berth_domain::{Error, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// From a cached answer to a layer of many gigabytes.
const DURATION_BUCKETS_S: [f64; 14] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0,
];

/// Samples between two scrapes are folded together this often, so that memory stays bounded where
/// nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What `GET /metrics` shows. One per process, since measurements are global.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}

impl Exporter {
    /// Starts collecting; called again, returns the same one. Needs a Tokio runtime.
    ///
    /// # Errors
    /// Internal, where something else collects already.
    pub fn start() -> Result<Self> {
        static STARTED: OnceLock<PrometheusHandle> = OnceLock::new();
        if let Some(handle) = STARTED.get() {
            return Ok(Self(handle.clone()));
        }
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Suffix("duration_seconds".into()),
                &DURATION_BUCKETS_S,
            )
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(Error::internal)?;
        describe();
        let upkeep = handle.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
            loop {
                ticks.tick().await;
                upkeep.run_upkeep();
            }
        });
        Ok(Self(STARTED.get_or_init(|| handle).clone()))
    }

    /// `GET /metrics`.
    pub fn router(self) -> Router {
        let show = move || {
            let text = self.0.render();
            async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text) }
        };
        Router::new().route("/metrics", get(show))
    }
}

fn describe() {
    use metrics::Unit::Seconds;
    metrics::describe_histogram!(
        "request_duration_seconds",
        Seconds,
        "Time until an answer begins."
    );
    metrics::describe_counter!("registry_image_pulls_total", "Manifests that were pulled.");
    metrics::describe_counter!("registry_image_pushes_total", "Manifests that were pushed.");
    metrics::describe_counter!(
        "registry_image_pulled_bytes_total",
        "Bytes of blobs sent out."
    );
    metrics::describe_counter!(
        "registry_image_pushed_bytes_total",
        "Bytes of blobs received."
    );
    metrics::describe_counter!(
        "collected_total",
        "Rows and objects that nothing needed and that were removed, by kind."
    );
    metrics::describe_counter!(
        "storage_scrubbed_total",
        "Stored objects that were read and hashed again, by result."
    );
    metrics::describe_counter!(
        "authentication_attempts_total",
        "Credentials that were checked."
    );
}
