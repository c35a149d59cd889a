//! What superusers see and do, and what those see who change nothing.

mod messages;
mod service_keys;
mod users;

pub(crate) use messages::Messages;
pub(crate) use service_keys::ServiceKeys;
pub(crate) use users::Users;
