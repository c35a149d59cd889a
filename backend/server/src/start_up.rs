//! Opens what the server stands on, in an order in which nothing is made for a configuration that
//! cannot work. Every failure names the key (or option) and says what to mend.

mod certificate;
mod data;
mod database;
mod failure;
mod listener;
mod mailer;
mod ownership;
mod sealing_key;
mod services;
mod storage;

pub use certificate::certificate;
pub use data::DataFolder;
pub use database::{Migrate, database};
pub use failure::StartUpError;
pub use listener::listener;
pub use ownership::{Ownership, own, own_if_free};
pub use sealing_key::sealing_key;
pub use services::services;
pub use storage::storage;

use mailer::mailer;
