//! A repository by itself (R7).

use std::collections::BTreeMap;

use berth_domain::{
    AccountKind, Namespace, RepositoryName, RepositoryRole, RepositoryState, Visibility,
};
use berth_services::repositories::{Day, LiveTag, Pulls, RepositoryDetails};
use serde::Serialize;

use super::{KIND, STARRED, described, non_empty};
use crate::schema::{Schema, boolean, by_name, integer_from, list as list_of, text};
use crate::wire::rfc_822;

/// A repository by itself.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "clients know these fields")]
pub(super) struct Repository {
    namespace: Namespace,
    name: RepositoryName,
    kind: &'static str,
    description: Option<String>,
    is_public: bool,
    is_organization: bool,
    is_starred: bool,
    /// Opens the picture of a private repository's state; there are no such pictures.
    status_token: &'static str,
    trust_enabled: bool,
    tag_expiration_s: u64,
    is_free_account: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<BTreeMap<String, Tag>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<Vec<DayOfPulls>>,
    can_write: bool,
    can_admin: bool,
}

#[derive(Serialize)]
struct Tag {
    name: String,
    size: u64,
    last_modified: String,
    manifest_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

impl Repository {
    pub(super) fn schema() -> Schema {
        described(Schema::new("Repository"))
            .required("is_organization", boolean("Whether an organization has it"))
            .required("is_starred", boolean(STARRED))
            .required("status_token", text("Empty: its state has no picture"))
            .required("trust_enabled", boolean("False: tags are not signed here"))
            .required(
                "tag_expiration_s",
                integer_from(0, "Seconds for which deleted tags can be restored"),
            )
            .required("is_free_account", boolean("True: nothing is billed"))
            .optional("tags", by_name(Tag::schema(), "Its tags by name"))
            .optional(
                "stats",
                list_of(DayOfPulls::schema(), "Days on which it was pulled from"),
            )
            .required("can_write", boolean("Whether the caller may push"))
            .required("can_admin", boolean("Whether the caller administers it"))
    }

    pub(super) fn new(details: RepositoryDetails, is_starred: bool, pulls: Option<Pulls>) -> Self {
        let view = details.view;
        let repository = view.repository;
        let is_normal = repository.state == RepositoryState::Normal;
        let tags = details.tags.map(|tags| {
            let by_name = |tag: LiveTag| (tag.name.to_string(), tag.into());
            tags.into_iter().map(by_name).collect()
        });
        Self {
            kind: KIND,
            is_public: repository.visibility == Visibility::Public,
            is_organization: details.namespace_kind == AccountKind::Organization,
            is_starred,
            status_token: "",
            trust_enabled: false,
            tag_expiration_s: details.tag_expiration.as_secs(),
            is_free_account: true,
            state: repository.state.in_capitals(),
            tags,
            stats: pulls.map(|pulls| pulls.by_day.into_iter().map(DayOfPulls::from).collect()),
            can_write: is_normal && view.role >= Some(RepositoryRole::Write),
            can_admin: view.role >= Some(RepositoryRole::Admin),
            namespace: repository.namespace,
            name: repository.name,
            description: non_empty(repository.description),
        }
    }
}

impl Tag {
    fn schema() -> Schema {
        Schema::new("RepositoryTag")
            .required("name", text("Its name"))
            .required("size", integer_from(0, "Bytes of what it leads to"))
            .required(
                "last_modified",
                text("Since when it leads there, as in RFC 822"),
            )
            .required("manifest_digest", text("The digest of its manifest"))
            .optional("expiration", text("When it ends, as in RFC 822"))
    }
}

/// How often a repository was pulled from on one day.
#[derive(Serialize)]
struct DayOfPulls {
    date: String,
    count: u64,
}

impl DayOfPulls {
    fn schema() -> Schema {
        Schema::new("DayOfPulls")
            .required("date", text("The day in UTC, such as 2024-06-18"))
            .required("count", integer_from(0, "How often it was pulled from"))
    }
}

impl From<(Day, u64)> for DayOfPulls {
    fn from((day, count): (Day, u64)) -> Self {
        Self {
            date: day.to_string(),
            count,
        }
    }
}

impl From<LiveTag> for Tag {
    fn from(tag: LiveTag) -> Self {
        Self {
            name: tag.name.to_string(),
            size: tag.content_bytes,
            last_modified: rfc_822(tag.started_at),
            manifest_digest: tag.digest.to_string(),
            expiration: tag.expires_at.map(rfc_822),
        }
    }
}
