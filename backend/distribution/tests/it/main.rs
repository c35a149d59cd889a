//! The distribution routes over real services, on both databases.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod advisories;
mod auth;
mod client;
mod contract;
mod listings;
mod manifests;
mod pulls;
mod referrers;
mod rights;
mod routes;
mod uploads;
