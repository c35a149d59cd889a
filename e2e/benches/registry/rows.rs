//! The rows, one module each.

mod blob_get;
mod catalog;
mod collection;
mod console;
mod durable;
mod manifest_get;
mod memory;
mod push;
mod replicas;
mod start;
mod tags;

use std::time::Duration;

use crate::Scale;
use crate::report::{Aim, Metric, Table};

/// Something that is measured.
pub(crate) struct Row {
    /// As the command line names it.
    pub(crate) name: &'static str,
    /// As the report names it.
    pub(crate) title: &'static str,
    pub(crate) run: fn(&Scale) -> (Table, Vec<Aim>),
}

pub(crate) const ALL: &[Row] = &[
    Row {
        name: "blob-get-large",
        title: "Blob GET, 100 MB, 16 connections",
        run: blob_get::large,
    },
    Row {
        name: "blob-get-small",
        title: "Blob GET, 4 KB, 64 connections",
        run: blob_get::small,
    },
    Row {
        name: "manifest-get",
        title: "Manifest GET and HEAD by tag, 10,000 tags at random, 32 connections",
        run: manifest_get::run,
    },
    Row {
        name: "push",
        title: "Push of 1, 10 and 100 MB, 10 clients",
        run: push::run,
    },
    Row {
        name: "push-durable",
        title: "Durable push of a 1 KB image, 1 and 64 clients",
        run: durable::run,
    },
    Row {
        name: "memory",
        title: "Memory, idle and under 200 streams",
        run: memory::run,
    },
    Row {
        name: "tags",
        title: "Tags of a repository with 100,000",
        run: tags::run,
    },
    Row {
        name: "catalog",
        title: "Catalog of 10,000 repositories, rights applied",
        run: catalog::run,
    },
    Row {
        name: "collection",
        title: "Collection of 100,000 blobs under load",
        run: collection::run,
    },
    Row {
        name: "replicas",
        title: "Two replicas against one",
        run: replicas::run,
    },
    Row {
        name: "start",
        title: "Start to ready",
        run: start::run,
    },
    Row {
        name: "console",
        title: "First load of the console",
        run: console::run,
    },
];

const fn metric(name: &'static str, digits: usize) -> Metric {
    Metric { name, digits }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
