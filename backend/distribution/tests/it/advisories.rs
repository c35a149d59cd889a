//! What went wrong in other registries does not go wrong here. Each test is a class of published advisories.

mod bodies;
mod paths;
mod rights;
mod tokens;
