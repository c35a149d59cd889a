//! The use cases of the registry, one module per noun, behind one gate.
//!
//! Invariants: every public method takes the [`Actor`] first, and rows are reached through the
//! [`access::Gate`] alone; services open transactions, and inside one there is nothing but
//! queries; nothing here knows HTTP, GraphQL or a status code.

pub mod access;
mod actor;
pub mod authn;
pub mod blobs;
mod collection;
mod core;
mod creation;
pub mod events;
mod journal;
pub mod keys;
pub mod manifests;
pub mod many;
pub mod organizations;
pub mod permissions;
mod pulls;
pub mod referrers;
pub mod registry;
pub mod repositories;
pub mod robots;
pub mod settings;
pub mod tags;
pub mod uploads;
pub mod workers;

pub use actor::{Actor, Credential, Origin, Principal};
pub use core::{Parts, Services};
pub use settings::Settings;
