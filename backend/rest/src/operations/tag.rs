//! Tags of repositories, and what they were before (G2).

use std::collections::BTreeMap;

use berth_domain::{Digest, Scope, Timestamp};
use berth_services::tags::{Content, HistoryFilter, Lifetime};
use serde::Serialize;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::parameters::{integer, switch, text as text_parameter};
use crate::schema::{Schema, boolean, integer_from, list as list_of, object, text};
use crate::wire::rfc_822;

/// Entries of a page, unless the caller says how many.
const LIMIT: i64 = 50;
/// Entries of the longest page.
const LIMIT_MAX: i64 = 100;

pub(super) fn group() -> Group {
    Group {
        tag: "tag",
        description: "Manage the tags of a repository",
        operations: vec![
            Operation::get(
                "/repository/{repository}/tag/",
                "listRepoTags",
                "List the tags of a repository, what they were before included",
                list,
            )
            .scope_or_public(Scope::RepoRead)
            .query([
                text_parameter("specificTag", "Only the tag of this name"),
                text_parameter(
                    "filter_tag_name",
                    "Only tags by their name, as `eq:<name>` or `like:<part of it>`",
                ),
                integer("limit", "Entries of the page, 1 to 100; 50 when left out"),
                integer("page", "Which page, from 1 on"),
                switch("onlyActiveTags", "Whether to leave out what has ended"),
            ])
            .answers(List::schema()),
        ],
    }
}

/// A lifetime of a tag. What there is not is absent.
#[derive(Serialize)]
struct Tag {
    name: String,
    reversion: bool,
    /// Seconds.
    start_ts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_ts: Option<i64>,
    manifest_digest: String,
    is_manifest_list: bool,
    size: Option<u64>,
    last_modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    #[serde(flatten)]
    children: Option<Children>,
}

#[derive(Serialize)]
struct Children {
    is_sparse: bool,
    child_manifest_count: usize,
    present_child_count: usize,
    child_manifests_presence: BTreeMap<String, bool>,
}

impl Tag {
    fn schema() -> Schema {
        Schema::new("TagInHistory")
            .required("name", text("Its name"))
            .required(
                "reversion",
                boolean("Whether an earlier state was brought back"),
            )
            .required(
                "start_ts",
                integer_from(0, "Since when, in seconds since 1970"),
            )
            .optional(
                "end_ts",
                integer_from(0, "Until when, in seconds since 1970"),
            )
            .required("manifest_digest", text("The digest of its manifest"))
            .required(
                "is_manifest_list",
                boolean("Whether the manifest holds other manifests"),
            )
            .required(
                "size",
                integer_from(0, "Bytes of its layers; null for a list").or_null(),
            )
            .required("last_modified", text("Since when, as in RFC 822"))
            .optional("expiration", text("Until when, as in RFC 822"))
            .optional(
                "is_sparse",
                boolean("Whether manifests of the list were not pushed"),
            )
            .optional(
                "child_manifest_count",
                integer_from(0, "How many manifests the list holds"),
            )
            .optional(
                "present_child_count",
                integer_from(0, "How many of them are here"),
            )
            .optional(
                "child_manifests_presence",
                object("The manifests of the list by digest, each with whether it is here"),
            )
    }
}

impl From<Lifetime> for Tag {
    fn from(lifetime: Lifetime) -> Self {
        let (size, children) = match lifetime.content {
            Content::Layers(bytes) => (Some(bytes), None),
            Content::Children(children) => (None, Some(children.into())),
        };
        Self {
            name: lifetime.name.to_string(),
            reversion: lifetime.is_reversion,
            start_ts: lifetime.started_at.as_seconds(),
            end_ts: lifetime.ends_at.map(Timestamp::as_seconds),
            manifest_digest: lifetime.digest.to_string(),
            is_manifest_list: children.is_some(),
            size,
            last_modified: rfc_822(lifetime.started_at),
            expiration: lifetime.ends_at.map(rfc_822),
            children,
        }
    }
}

impl From<Vec<(Digest, bool)>> for Children {
    fn from(children: Vec<(Digest, bool)>) -> Self {
        let present = children.iter().filter(|(_, is_here)| *is_here).count();
        Self {
            is_sparse: present < children.len(),
            child_manifest_count: children.len(),
            present_child_count: present,
            child_manifests_presence: children
                .into_iter()
                .map(|(digest, is_here)| (digest.to_string(), is_here))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct List {
    tags: Vec<Tag>,
    page: i64,
    has_additional: bool,
}

impl List {
    fn schema() -> Schema {
        Schema::new("TagHistory")
            .required("tags", list_of(Tag::schema(), "The latest first"))
            .required("page", integer_from(1, "Which page this is"))
            .required("has_additional", boolean("Whether more follow"))
    }
}

async fn list(call: Call) -> Outcome {
    let query = &call.query;
    let mut filter = HistoryFilter {
        name: query.text("specificTag").map(str::to_owned),
        search: None,
        only_live: query.is_on("onlyActiveTags"),
    };
    if let Some(given) = query.text("filter_tag_name") {
        let (operation, name) = given.split_once(':').unwrap_or((given, ""));
        match operation {
            "like" if given.contains(':') => filter.search = Some(name.to_owned()),
            "eq" if given.contains(':') => filter.name = Some(name.to_owned()),
            _ => {
                return Err(Failure::message(
                    "Unsupported syntax for filter_tag_name. Expected <operation>:<tag_name> where <operation>can be \
                     'like' or 'eq'.",
                ));
            }
        }
    }
    let limit = query.integer("limit").unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let page = query.integer("page").unwrap_or(1).max(1);
    let (tags, path) = (&call.services.tags, call.repository()?);
    let (number, limit) = (page.unsigned_abs(), usize::try_from(limit).unwrap_or(1));
    let found = tags
        .history(&call.actor, &path, &filter, number, limit)
        .await?;
    Answer::ok(&List {
        tags: found.items.into_iter().map(Tag::from).collect(),
        page,
        has_additional: found.has_more,
    })
}
