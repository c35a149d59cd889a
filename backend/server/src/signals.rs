//! The wish to stop, as the system tells it.

/// Waits for SIGTERM or SIGINT (elsewhere for the interrupt key) and names what came.
pub(crate) async fn stop() -> &'static str {
    tokio::select! {
        () = interrupt() => "SIGINT",
        () = terminate() => "SIGTERM",
    }
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system's own way of stopping holds.
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminate() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminations) => {
            terminations.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
