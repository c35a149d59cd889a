//! Mail from a whole registry to a server that takes the dialogue of SMTP.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod registry;
mod transport;

use std::net::SocketAddr;

use berth_outbound::SmtpConfig;

/// A server on loopback, without TLS.
fn plain(address: SocketAddr) -> SmtpConfig {
    SmtpConfig {
        server: address.ip().to_string(),
        port: address.port(),
        tls: false,
        authorities: None,
        credentials: None,
        sender: "Berth <registry@reg.test>".into(),
    }
}
