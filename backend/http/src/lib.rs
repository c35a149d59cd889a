//! HTTP parts that the adapters share: who asks and from where, bodies with limits, health,
//! metrics, the embedded console.
//!
//! Invariants: no rule of the registry lives here, and nothing here writes a secret, a query or a
//! body into a log line.

pub mod address;
pub mod body;
pub mod browser;
pub mod console;
pub mod cookies;
pub mod cors;
pub mod credentials;
pub mod health;
pub mod metrics;
pub mod observe;
pub mod origin;
