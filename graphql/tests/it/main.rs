//! Tests of the schema as its clients see it.

mod drift;
