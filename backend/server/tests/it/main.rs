//! The binary as an operator meets it.

mod graphql;
mod server;
mod start_up;
mod users;
