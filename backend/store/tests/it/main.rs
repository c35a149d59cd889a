//! The store against both databases.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod commits;
mod logins;
mod schema;
mod search;
mod silence;
mod tls;
