//! The services on both databases.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod abuse;
mod account;
mod accounts;
mod app_tokens;
mod bell;
mod cancellation;
mod clocks;
mod collection;
mod deletions;
mod events;
mod faults;
mod histories;
mod listings;
mod oauth;
mod ownership;
mod people;
mod power;
mod pushes;
mod races;
mod renames;
mod secrets;
mod selections;
mod service_keys;
mod stars;
mod superusers;
mod tags;
mod tenants;
mod uploads;
