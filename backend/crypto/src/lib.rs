//! Password hashes, token formats, sealing of stored secrets, registry tokens and their keys.
//!
//! Invariants: no database, no HTTP and no rule about who may do what. All randomness comes from
//! the operating system, time from the caller, and what must not be printed is a
//! [`berth_domain::Secret`]. Primitives come from libraries; nothing here invents one.

pub mod passwords;
mod random;
pub mod registry_token;
pub mod sealing;
pub mod tokens;

pub use passwords::{Cost, Passwords};
pub use registry_token::{
    AccessEntry, Expected, RegistryClaims, SigningKey, TokenContext, VerifyingKey,
};
pub use sealing::SealingKey;
