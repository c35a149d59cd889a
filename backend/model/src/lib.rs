//! What may happen between the statements of two replicas, written down as models and explored
//! exhaustively: pushes against the collector, and the leases of periodic work and of uploads; and a
//! check of what clients saw of real servers.
//!
//! A step is one statement, one commit, or one call of the storage, and is named after the function of
//! the code that it stands for, so that the two can be read side by side. A model has teeth: each guard
//! of the code is a switch, and the tests show what goes wrong without it.

pub mod collection;
pub mod history;
pub mod jobs;
pub mod uploads;
