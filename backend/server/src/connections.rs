//! Connections: taken, by TLS where there is a certificate, served, and closed when they idle.

mod patience;
mod tls;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

pub use self::patience::Patient;
pub use self::tls::Certificate;

/// How long a connection may take for what.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For the handshake of TLS, and again for the first bytes of the first request.
    pub begin: Duration,
    /// For the head of a request, counted from the end of the one before: how long a connection may idle.
    pub head: Duration,
    /// For taking the next bytes of an answer.
    pub stall: Duration,
}

impl Default for Limits {
    /// Proxies keep connections for 60 seconds by default; who closes first must be they.
    fn default() -> Self {
        Self {
            begin: Duration::from_secs(15),
            head: Duration::from_secs(75),
            stall: Duration::from_mins(2),
        }
    }
}

/// Bytes of all headers of a request; the longest known are tokens of 8 KiB.
const HEAD_BYTES_MAX: u32 = 64 * 1024;
/// What a connection of HTTP/1.1 reads ahead, and what it takes on before it has been sent; a head has to fit in.
const BUFFER_BYTES_MAX: usize = 2 * HEAD_BYTES_MAX as usize;
/// Requests that one connection of HTTP/2 may have open.
const STREAMS_MAX: u32 = 256;
/// HTTP/2 asks an idle client whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// Pause after the system had no descriptor left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// Takes connections until `stop`, then lets each finish the request that it is about.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    certificate: Option<Arc<Certificate>>,
    limits: Limits,
    stop: &CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = Connection {
                    app: app.clone(),
                    peer,
                    limits,
                    stop: stop.clone(),
                };
                connections.spawn(connection.run(stream, certificate.clone()));
            }
            Err(error) if is_of_the_client(error.kind()) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken; the process may need more open files");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// A client that was gone before it was taken.
fn is_of_the_client(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

struct Connection {
    app: Router,
    peer: SocketAddr,
    limits: Limits,
    stop: CancellationToken,
}

impl Connection {
    async fn run(self, stream: TcpStream, certificate: Option<Arc<Certificate>>) {
        // Answers are written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let Some(certificate) = certificate else {
            return self.speak(stream).await;
        };
        let handshake = certificate.acceptor().accept(stream);
        match tokio::time::timeout(self.limits.begin, handshake).await {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => {
                tracing::debug!(client.ip = %self.peer.ip(), %error, "no TLS came about");
            }
            Err(_) => {
                tracing::debug!(client.ip = %self.peer.ip(), "no TLS came about in time");
            }
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let stream = Patient::new(stream, self.limits.begin, self.limits.stall);
        let peer = self.peer;
        let app = self.app.map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let mut protocol = auto::Builder::new(TokioExecutor::new());
        protocol
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_buf_size(BUFFER_BYTES_MAX);
        protocol
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(self.limits.begin)
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEAD_BYTES_MAX);
        let service = TowerToHyperService::new(app);
        let connection = protocol.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let mut is_stopping = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(client.ip = %peer.ip(), error, "a connection broke");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
