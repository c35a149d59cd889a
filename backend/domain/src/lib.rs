//! Parsed values of the registry: names, digests, manifests, roles, events and the one error type.
//!
//! Invariants: no I/O happens here, a value that exists is valid, and everything also builds for
//! WebAssembly, so that the console validates with the very parsers the server uses.

pub mod address;
pub mod digest;
pub mod error;
pub mod event;
pub mod ids;
pub mod manifest;
pub mod names;
pub mod page;
pub mod platform;
mod quote;
pub mod roles;
pub mod scope;
pub mod secret;
mod sql;
pub mod time;

pub use address::Address;
pub use digest::{Algorithm, Digest};
pub use error::{BoxError, Error, Invalid, Noun, Result};
pub use event::{
    ApplicationFields, DefaultPermissionFields, Event, Grantee, Invited, ServiceKeyChange,
};
pub use ids::*;
pub use manifest::{Descriptor, Manifest, ManifestKind, MediaType};
pub use names::{
    Email, Namespace, Reference, RepositoryName, RepositoryPath, RobotName, TagName, TeamName,
};
pub use page::{Page, PageRequest};
pub use platform::Platform;
pub use quote::shorten;
pub use roles::{
    AccountKind, BulkChangeKind, BulkChangeState, CodePurpose, EntityKind, MessageFormat,
    NotificationKind, RepositoryRole, RepositoryState, SearchKind, Severity, TeamRole, UploadState,
    Visibility,
};
pub use scope::{ResponseType, Scope, Scopes};
pub use secret::Secret;
pub use time::{CLOCKS_APART, Clock, ManualClock, SystemClock, Timestamp};
