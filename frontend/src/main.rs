//! The web console.
fn main() {}
