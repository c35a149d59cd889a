//! Rows: the only crate that knows Diesel and which database runs.
//!
//! Invariants: a read takes `&mut Conn`, a write takes `&mut Tx`, so nothing is written outside a
//! transaction; store functions never open one and know no rule; SQL never asks for the time.

#[macro_use]
mod conn;
pub mod accounts;
pub mod app_tokens;
pub mod blobs;
pub mod bulk_changes;
pub mod collection;
pub mod email_codes;
pub mod facts;
pub mod gate;
pub mod holders;
pub mod logins;
pub mod logs;
pub mod mails;
pub mod manifests;
pub mod messages;
pub mod migrations;
pub mod namespaces;
pub mod notifications;
pub mod oauth;
pub mod organizations;
pub mod outbox;
pub mod prototypes;
pub mod pull_counts;
pub mod repositories;
pub mod robots;
pub mod schedules;
mod schema;
pub mod search;
pub mod service_keys;
pub mod sessions;
mod sql;
pub mod stars;
pub mod tags;
pub mod teams;
pub mod uploads;
pub mod users;

#[cfg(feature = "faults")]
pub use conn::{Call, Probe, probe_statements};
pub use conn::{Conn, Db, DbConfig, PostgresUrl, Refusal, Tx, TxFn};
