//! `berth serve`.

use std::net::SocketAddr;
use std::time::Duration;

use berth_services::Services;
use tokio_util::sync::CancellationToken;

use super::{Failure, block_on, configuration};
use crate::cli::ServeArgs;
use crate::config::Config;
use crate::connections::{self, Limits};
use crate::drain::Drain;
use crate::router::router;
use crate::signals::Signals;
use crate::start_up::{DataFolder, certificate, listener, own, services};

/// What idle connections get for closing, and workers for ending what they do, after the drain.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until a signal comes and the drain is over.
pub(crate) fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let config = configuration(&args.config)?;
    block_on(run(&config, args))
}

async fn run(config: &Config, args: &ServeArgs) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let data = DataFolder::new(&args.data.data);
    let (address, subject) = match args.listen {
        Some(address) => (address, "--listen"),
        None => (config.server.listen, "LISTEN_ADDRESS"),
    };
    // First, so that a second start beside a running server touches nothing.
    let listener = listener(address, subject).await?;
    let address = listener.local_addr().unwrap_or(address);
    let file = args.config.config.as_deref();
    let certificate = certificate(config, file)?;
    let _owned = own(config, &data)?;
    let services = services(config, &data, address, config.migrate_at_start()).await?;
    if config.is_embedded() {
        services.take_over().await?;
    }
    let drain = Drain::default();
    let config_provider = match file {
        Some(_) => "file",
        None => "environment",
    };
    let proxies = &config.server.trusted_proxies;
    let app = router(&services, proxies, config_provider, &drain)?;
    let stop = CancellationToken::new();
    let workers = (!args.no_workers).then(|| tokio::spawn(services.workers().run(stop.clone())));
    greet(&services, config, address).await?;
    tokio::select! {
        () = connections::serve(listener, app, certificate, Limits::default(), &stop) => {}
        () = wind_down(config, &drain, &stop, &mut signals) => {}
    }
    if let Some(workers) = workers {
        let _ = tokio::time::timeout(LAST_WORDS, workers).await;
    }
    services.drain().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Tells where the registry is, and how to set it up where nobody has.
async fn greet(services: &Services, config: &Config, address: SocketAddr) -> Result<(), Failure> {
    let scheme = config.server.url_scheme;
    let host = match &config.server.hostname {
        Some(host) => host.to_string(),
        None => address.to_string(),
    };
    tracing::info!(%address, url = format!("{scheme}://{host}"), "listening");
    if services.authn.needs_setup().await? && services.settings().users.setup_needs_code {
        let code = services.authn.setup_code().await?;
        tracing::info!(
            code,
            "nobody has an account yet; the set-up page asks for this code"
        );
    }
    Ok(())
}

/// Ends when everything may be let go: after a signal, the drain, and a moment in which the
/// connections close. A second signal shortens it.
async fn wind_down(
    config: &Config,
    drain: &Drain,
    stop: &CancellationToken,
    signals: &mut Signals,
) {
    let signal = signals.next().await;
    let limit = config.server.drain_timeout.0;
    tracing::info!(
        signal,
        limit_s = limit.as_secs(),
        "stopping: running requests may finish"
    );
    let left = tokio::select! {
        left = drain.finish(limit) => left,
        _ = signals.next() => drain.running(),
    };
    if left > 0 {
        tracing::warn!(requests = left, "stopping with requests unfinished");
    }
    stop.cancel();
    tokio::time::sleep(LAST_WORDS).await;
}
