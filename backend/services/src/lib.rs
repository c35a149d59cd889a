//! The use cases of the registry, one module per noun, behind one gate.
//!
//! Invariants: every public method takes the [`Actor`] first, and rows are reached through the
//! [`access::Gate`] alone; services open transactions, and inside one there is nothing but
//! queries; nothing here knows HTTP, GraphQL or a status code.

pub mod access;
pub mod accounts;
mod actor;
pub mod app_tokens;
pub mod authn;
mod avatars;
pub mod blobs;
pub mod bulk_changes;
mod collection;
mod core;
mod creation;
pub mod default_permissions;
pub mod directory;
pub mod events;
pub mod jobs;
mod journal;
pub mod keys;
mod mail;
pub mod manifests;
pub mod many;
pub mod messages;
pub mod notifications;
pub mod oauth;
pub mod organizations;
pub mod permissions;
mod places;
pub mod ports;
mod pulls;
pub mod referrers;
pub mod registry;
pub mod repositories;
pub mod robots;
pub mod search;
pub mod service_keys;
pub mod settings;
pub mod superuser;
pub mod tags;
pub mod teams;
pub mod uploads;
pub mod workers;

pub use actor::{Actor, Credential, Origin, Principal};
pub use core::{Parts, ServiceSet, Services};
pub use settings::Settings;
