//! `berth worker`.

use super::{Failure, block_on, configuration};
use crate::cli::{ConfigArgs, DataArgs};
use crate::signals::Signals;
use crate::start_up::{DataFolder, own, services};

/// Runs the periodic work alone, until a signal comes.
pub(crate) fn worker(config: &ConfigArgs, data: &DataArgs) -> Result<(), Failure> {
    let config = configuration(config)?;
    let data = DataFolder::new(&data.data);
    block_on(async {
        let mut signals = Signals::listen()?;
        let _owned = own(&config, &data)?;
        let migrate = config.migrate_at_start();
        let services = services(&config, &data, config.server.listen, migrate).await?;
        let stop = tokio_util::sync::CancellationToken::new();
        let workers = services.workers().run(stop.clone());
        tracing::info!("working");
        tokio::pin!(workers);
        tokio::select! {
            ended = &mut workers => ended?,
            signal = signals.next() => {
                tracing::info!(signal, "stopping: the work in progress may finish");
                stop.cancel();
                let limit = config.server.drain_timeout.0;
                if let Ok(ended) = tokio::time::timeout(limit, workers).await {
                    ended?;
                }
            }
        }
        services.drain().await?;
        Ok(())
    })
}
