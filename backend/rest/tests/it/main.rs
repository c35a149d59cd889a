//! The REST API over real services.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod abuse;
mod accounts;
mod api;
mod contract;
mod described;
mod descriptions;
mod elsewhere;
mod identity;
mod initialize;
mod invitations;
mod members;
mod names;
mod oauth;
mod organizations;
mod permissions;
mod prototypes;
mod recoveries;
mod repositories;
mod restricted;
mod rights;
mod robots;
mod routes;
mod routing;
mod search;
mod sessions;
mod site;
mod superusers;
mod tags;
mod teams;
mod users;
