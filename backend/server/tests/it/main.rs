//! The binary as an operator meets it.

mod graphql;
mod keys;
mod server;
mod start_up;
mod users;
