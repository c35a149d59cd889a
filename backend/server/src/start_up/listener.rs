//! Takes the address.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::StartUpError;

/// Listens at the address; `subject` is the key or option that named it.
pub async fn listener(address: SocketAddr, subject: &str) -> Result<TcpListener, StartUpError> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::AddrInUse => {
                "another process listens there; stop it, or choose another port with `--listen`"
            }
            ErrorKind::PermissionDenied => {
                "ports below 1024 need a privilege; choose a higher one with `--listen`"
            }
            ErrorKind::AddrNotAvailable => {
                "no interface of this machine has that address; `0.0.0.0` stands for all of them"
            }
            _ => "choose another address with `--listen`",
        };
        StartUpError::new(
            subject,
            format!("cannot listen on {address}: {error}"),
            hint,
        )
    })
}
