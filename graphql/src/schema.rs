//! The schema, built and printed.

use async_graphql::SDLExportOptions;

use crate::error::ErrorCode;
use crate::limits::Guard;
use crate::mutations::Mutation;
use crate::query::Query;
use crate::subscription::Subscription;

/// The executable schema; each request needs a [`crate::RequestContext`] in its data.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema.
pub fn schema() -> Schema {
    Schema::build(Query, Mutation::default(), Subscription)
        // Clients generate it, although no field returns it.
        .register_output_type::<ErrorCode>()
        .extension(Guard::default())
        .finish()
}

/// The text of `schema.graphql`: sorted, so that a change is a small difference.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items();
    schema().sdl_with_options(options)
}
