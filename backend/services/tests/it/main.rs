//! The services on both databases.

mod accounts;
mod events;
mod listings;
mod people;
mod pushes;
mod tenants;
mod uploads;
