//! The types of the schema, one noun to a file.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod administration;
pub(crate) mod application;
pub(crate) mod artifact;
pub(crate) mod bulk_change;
pub(crate) mod contents;
pub(crate) mod default_permission;
pub(crate) mod entity;
pub(crate) mod invitation;
pub(crate) mod job;
pub(crate) mod manifest;
pub(crate) mod member;
pub(crate) mod message;
pub(crate) mod namespace;
pub(crate) mod node;
pub(crate) mod notification;
pub(crate) mod permission;
pub(crate) mod registry;
pub(crate) mod repository;
pub(crate) mod robot;
pub(crate) mod search;
pub(crate) mod service_key;
pub(crate) mod tag;
pub(crate) mod team;
pub(crate) mod viewer;
