//! The services on both databases.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![expect(
    clippy::large_futures,
    reason = "a test awaits what it asks for where it is"
)]

mod abuse;
mod account;
mod accounts;
mod administration;
mod app_tokens;
mod bell;
mod bulk_changes;
mod cancellation;
mod clocks;
mod collection;
mod default_permissions;
mod deletions;
mod elsewhere;
mod escalation;
mod events;
mod explanation;
mod faults;
mod histories;
mod last_use;
mod listings;
mod login_log;
mod oauth;
mod ownership;
mod people;
mod power;
mod pushes;
mod races;
mod renames;
mod repositories;
mod restricted;
mod robots;
mod search;
mod secrets;
mod selections;
mod service_keys;
mod stars;
mod superusers;
mod tags;
mod teams;
mod tenants;
mod uploads;
