//! The GraphQL schema over the services.
//!
//! Invariants: no HTTP here, and no rule about who may do what: a resolver parses its arguments,
//! calls one method of a service and renders what it gave. Objects below a list are fetched by
//! loaders, so the number of queries does not follow the number of rows. `schema.graphql` is
//! exported from here, committed, and tested for drift.

// The future that answers a mutation holds those of all of them.
#![recursion_limit = "256"]

mod batching;
mod connection;
mod context;
mod error;
mod ids;
mod limits;
mod loaders;
mod markdown;
mod mutations;
mod query;
mod scalars;
mod schema;
mod subscription;
mod types;

pub use context::{RequestContext, SessionEffect};
pub use error::{ErrorCode, error_response, refusal};
pub use limits::{ALIASES_MAX, COMPLEXITY_MAX, DEPTH_MAX, DOCUMENT_BYTES_MAX, is_mutation};
pub use schema::{Schema, schema, sdl};
