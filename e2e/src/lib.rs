//! A harness for end-to-end tests: real servers, real clients, a real browser.
//!
//! A [`Scenario`](harness::Scenario) runs against a [`World`](world::World) in both deployment shapes.
//! Everything listens on loopback and free ports; state lies in temporary folders; what was started
//! ends with the test run. A missing client is a failed test, never one that was left out.

#![expect(
    clippy::missing_panics_doc,
    reason = "a harness panics where a test must fail, and every message says why"
)]

pub mod api;
pub mod balancer;
pub mod browser;
pub mod client;
pub mod command;
pub mod deployment;
pub mod distribution;
pub mod gate;
pub mod hand;
pub mod harness;
pub mod image;
pub mod mailbox;
pub mod objects;
pub mod random;
pub mod rows;
pub mod scale;
pub mod server;
pub mod world;
