//! How a database answered a statement.

use std::collections::BTreeSet;

/// Tables whose rows grow with use; those that are left out hold a handful. A table that is missing here
/// is in no plan of SQLite, which names tables as the statement does.
pub(crate) const GROWING: [&str; 32] = [
    "accounts",
    "user_profiles",
    "robot_profiles",
    "logins",
    "login_failures",
    "sessions",
    "app_tokens",
    "email_codes",
    "mails",
    "messages",
    "notifications",
    "teams",
    "team_members",
    "oauth_applications",
    "oauth_tokens",
    "oauth_codes",
    "oauth_assignments",
    "repositories",
    "repository_permissions",
    "permission_prototypes",
    "stars",
    "blobs",
    "blob_locations",
    "garbage_objects",
    "blob_links",
    "uploads",
    "manifests",
    "manifest_blobs",
    "manifest_children",
    "tags",
    "log_entries",
    "outbox_events",
];

/// Which ways it took into the tables, and how far it went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// `table by index`.
    pub(crate) ways: BTreeSet<String>,
    /// Growing tables that it reads from end to end.
    pub(crate) scans: BTreeSet<String>,
    /// Rows read (PostgreSQL), instructions run (SQLite).
    pub(crate) work: u64,
}

impl Plan {
    /// In one line.
    pub(crate) fn line(&self) -> String {
        let scans = self.scans.iter().map(|table| format!("{table} WHOLE"));
        let ways: Vec<String> = self.ways.iter().cloned().chain(scans).collect();
        if ways.is_empty() {
            "no table".to_owned()
        } else {
            ways.join(", ")
        }
    }
}

/// Statements that read what they count, sum or search, by parts of their text, and what they tell.
const READ_WHAT_THEY_TELL: [(&[&str], &str); 11] = [
    (
        &["as counted"],
        "how much is seen, 10,000 at most of each way to see it",
    ),
    (
        &[" like "],
        "names with a text somewhere in them, of what is seen",
    ),
    (
        &["group by n.id"],
        "how much is seen in the namespaces of a page",
    ),
    (&["as d join blobs b"], "bytes in the namespaces of a page"),
    (
        &["from blob_links l join blobs b"],
        "bytes in the repositories of a page",
    ),
    (
        &["group by robot_profiles.namespace_id"],
        "robots of the namespaces of a page",
    ),
    (
        &["group by t.namespace_id"],
        "users in the teams of the organizations of a page",
    ),
    (
        &["from (robot_profiles", "(robot_profiles.namespace_id = ?))"],
        "robots of a namespace",
    ),
    (
        &["from accounts where", "team_members.account_id = ?))"],
        "organizations of an account",
    ),
    (
        &["from tags where", "(tags.expires_at > ?))))"],
        "tags of a repository",
    ),
    (
        &["from blobs b where b.id > 0 and b.id <= ?"],
        "a window of 5,000 blobs, once an hour",
    ),
];

/// Rows (PostgreSQL) and instructions (SQLite) beyond which a statement does not belong to what it
/// answers. Pages have 100 rows, batches of the collector 200, tables up to 28,000.
const WORK_MAX: [(&str, u64); 2] = [("postgresql", 8_000), ("sqlite", 150_000)];

/// What is wrong with a plan, if anything is.
pub(crate) fn fault(statement: &str, database: &str, plan: &Plan) -> Option<String> {
    let is_page = statement.contains(" order by ") && !statement.contains(" like ");
    let mut known = READ_WHAT_THEY_TELL.iter();
    let tells = known.find(|(parts, _)| parts.iter().all(|part| statement.contains(part)));
    if tells.is_some() && !is_page {
        return None;
    }
    let limit = WORK_MAX.iter().find(|(name, _)| *name == database)?.1;
    if plan.scans.is_empty() && plan.work <= limit {
        return None;
    }
    Some(format!(
        "{database}, work {}: {}\n    {statement}\n",
        plan.work,
        plan.line()
    ))
}
