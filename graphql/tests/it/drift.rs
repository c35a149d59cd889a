//! The committed `schema.graphql` is the schema that the server has.

use std::path::Path;

#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == berth_graphql::sdl(),
        "graphql/schema.graphql differs from the code; run `cargo xtask gen` and review the difference"
    );
}
