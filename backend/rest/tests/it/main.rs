//! The REST API over real services.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod abuse;
mod accounts;
mod api;
mod contract;
mod descriptions;
mod identity;
mod initialize;
mod oauth;
mod organizations;
mod permissions;
mod repositories;
mod rights;
mod robots;
mod routing;
mod sessions;
mod superusers;
mod users;
