//! Rows: the only crate that knows the database.
