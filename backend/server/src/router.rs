//! All routes behind one listener.

use axum::Router;
use axum::middleware::from_fn_with_state;
use berth_domain::Result;
use berth_http::address::Addresses;
use berth_http::metrics::Exporter;
use berth_http::origin::TrustedProxies;
use berth_http::{console, health, observe};
use berth_services::Services;

use crate::drain::Drain;
use crate::graphql;

/// The routes of every adapter, and around them what is noted of each request and the drain.
///
/// # Errors
/// A trusted proxy that is no address; measurements that something else collects already.
pub fn router(
    services: &Services,
    trusted_proxies: &[String],
    config_provider: &'static str,
    drain: &Drain,
) -> Result<Router> {
    let addresses = Addresses::new(&services.settings().registry);
    let proxies = TrustedProxies::parse(trusted_proxies)?;
    let process = health::Process {
        config_provider,
        is_draining: {
            let drain = drain.clone();
            Box::new(move || drain.is_draining())
        },
    };
    let routes = Router::new()
        .merge(berth_distribution::router(
            services.clone(),
            addresses.clone(),
        ))
        .merge(graphql::router(services.clone(), addresses.clone()))
        .merge(berth_rest::router(services.clone(), addresses))
        .merge(health::router(services.clone(), process))
        .merge(Exporter::start()?.router())
        .merge(console::router())
        .layer(from_fn_with_state(drain.clone(), Drain::guard));
    Ok(observe::around(routes, proxies))
}
