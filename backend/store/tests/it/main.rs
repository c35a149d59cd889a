//! The store against both databases.

mod schema;
