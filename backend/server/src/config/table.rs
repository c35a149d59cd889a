//! The keys, declared once.

mod features;
mod people;
mod registry;
mod server;

pub use features::{Builds, Look, Mirroring, Notifications, Quotas, Scanner, UsageLogs};
pub use people::{Accounts, Directories, Superusers, Teams, Tokens};
pub use registry::{Collection, Registry, Tags};
pub use server::{Database, Server, Storage};
