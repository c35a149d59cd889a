//! The binary `berth`: configuration, wiring, commands.
//!
//! Everything that the product is made of meets here and nowhere else: this crate reads the
//! configuration, opens database and storage, builds the services and puts the adapters behind one
//! listener.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]

pub mod cli;
mod commands;
pub mod config;
pub mod connections;
pub mod drain;
mod graphql;
pub mod logging;
pub mod router;
mod settings;
mod signals;
pub mod start_up;
