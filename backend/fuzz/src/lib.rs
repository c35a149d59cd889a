//! Fuzz targets: everything that reads bytes from outside, as functions that panic at a fault.
//!
//! `cargo xtask fuzz` runs them under libFuzzer; the tests of this crate replay their corpora.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]
#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is what a target has to say"
)]

mod headers;
mod paging;
mod parsers;
mod registry;
mod token;

pub use headers::headers;
pub use parsers::{config, manifest, names};
pub use registry::{World, graphql, http, paging};
pub use token::token;

/// What a target does with some bytes.
pub type Target = fn(&[u8]);

/// All of them, by the names of their programs and corpora.
pub const TARGETS: [(&str, Target); 8] = [
    ("names", names),
    ("headers", headers),
    ("token", token),
    ("manifest", manifest),
    ("config", config),
    ("http", http),
    ("paging", paging),
    ("graphql", graphql),
];
