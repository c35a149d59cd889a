//! Test databases, a manual clock, image builders.
