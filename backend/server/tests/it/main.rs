//! The binary as an operator meets it.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod advisories;
mod connections;
mod dropped;
mod graphql;
mod http2;
mod keys;
mod registry;
mod server;
mod start_up;
mod users;
