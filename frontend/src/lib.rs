//! The web console: a Leptos application over GraphQL only.
//!
//! Invariants: the URL holds every page's state; all text comes from `locales/`; what the server
//! would refuse is not offered; no style attribute is ever written, so that the content security
//! policy stays strict.

#![expect(
    unreachable_pub,
    reason = "the macros of Leptos, cynic and leptos_i18n write `pub`"
)]

mod api;
mod app;
mod commands;
mod components;
mod expired;
mod fragments;
mod frame;
mod i18n;
mod pages;
mod paths;
mod preferences;
mod schema;
mod session;
mod text;
mod work;

/// Puts the console into the page.
pub fn start() {
    leptos::mount::mount_to_body(app::App);
}
