//! What the services need of the world outside, for others to fill.

use async_trait::async_trait;
use berth_domain::{BoxError, Email};

/// A mail to one address. Neither subject nor address holds a line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Where it goes.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// Why a mail was not taken.
#[derive(Debug)]
pub enum NotSent {
    /// The server is away or asks to wait: another attempt may work.
    Later(BoxError),
    /// The server refuses this mail for good.
    Never(BoxError),
}

/// Hands mail to a server.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends a mail; it returns when the server has taken it, within a bounded time.
    ///
    /// # Errors
    /// Whether another attempt may work.
    async fn send(&self, mail: &OutgoingMail) -> Result<(), NotSent>;
}
