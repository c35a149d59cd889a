//! The schema as its clients see it, over services on a test database.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod accounts;
mod administration;
mod bulk_changes;
mod client;
mod contract;
mod examples;
mod invitations;
mod manifests;
mod oauth;
mod pages;
mod repositories;
mod search;
mod sessions;
mod switches;
mod teams;
