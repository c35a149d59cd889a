//! The store against both databases.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod schema;
mod tls;
