//! The web console: a Leptos application over GraphQL only.
//!
//! Invariants: the URL holds every page's state; all text comes from `locales/`; what the server
//! would refuse is not offered; no style attribute is ever written, so that the content security
//! policy stays strict.

#![expect(
    unreachable_pub,
    reason = "the macros of Leptos and cynic write such code"
)]
#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the catalogue's macros and contexts are used together"
    )
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "a component owns what it is given"
)]

mod api;
mod app;
mod bulk_changes;
mod commands;
mod components;
mod fragments;
mod frame;
mod i18n;
mod lazy;
mod pages;
mod password_again;
mod paths;
mod preferences;
mod roles;
mod schema;
mod session;
mod tasks;
mod text;
mod work;

/// Puts the console into the page.
pub fn start() {
    leptos::mount::mount_to_body(app::App);
}
