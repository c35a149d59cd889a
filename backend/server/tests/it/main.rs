//! The binary as an operator meets it.

mod server;
mod start_up;
mod users;
