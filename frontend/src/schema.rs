//! The schema as types, from `graphql/schema.graphql`: a misspelt field fails the build at its line.

#[cynic::schema("berth")]
mod generated {}

pub(crate) use generated::*;
