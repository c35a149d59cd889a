//! The binary as an operator meets it.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]
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
