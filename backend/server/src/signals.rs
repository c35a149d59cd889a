//! The wish to stop, as the system tells it.

use crate::start_up::StartUpError;

/// Listens for SIGTERM and SIGINT (elsewhere for the interrupt key) from the moment it is made, so
/// that no signal ends the process by itself afterwards.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Starts listening.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self, StartUpError> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error| {
            StartUpError::new(
                "signals",
                format!("cannot be listened for: {error}"),
                "let the process have more open files",
            )
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Starts listening.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> Result<Self, StartUpError> {
        Ok(Self {})
    }

    /// Waits for one and names it.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// Waits for one and names it.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the system's own way of stopping holds.
            std::future::pending::<()>().await;
        }
        "interrupt"
    }
}
