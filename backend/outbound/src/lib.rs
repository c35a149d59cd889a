//! What leaves the registry for servers of others; fills the ports of the services.
//!
//! Invariants: every call ends within a bounded time, TLS is never given up silently, and no secret
//! gets into an error or a log line.

pub mod smtp;

pub use smtp::{SmtpConfig, SmtpMailer};
