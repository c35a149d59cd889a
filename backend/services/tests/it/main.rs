//! The services on both databases.

mod accounts;
mod events;
mod pushes;
mod uploads;
