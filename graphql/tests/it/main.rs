//! The schema as its clients see it, over services on a test database.

mod access;
mod client;
mod contract;
mod manifests;
mod pages;
mod sessions;
