//! How a database answered a statement.

use std::collections::BTreeSet;

/// Tables whose rows grow with use; those that are left out hold a handful. A table that is missing here
/// is in no plan of SQLite, which names tables as the statement does.
pub(crate) const GROWING: [&str; 35] = [
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
    "team_invitations",
    "oauth_applications",
    "oauth_tokens",
    "oauth_codes",
    "oauth_assignments",
    "repositories",
    "repository_permissions",
    "permission_prototypes",
    "search_parts",
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
    "bulk_changes",
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

/// Statements that read more than they tell, or a table from end to end where they should not: each is owed a better plan
/// (`docs/performance.md`), and none may come to them.
const OWED: [&[&str]; 10] = [
    // Search looks at all that a caller with many roles sees, before it looks for the text there.
    &["search_parts"],
    // Repositories of each member of an organization, by all roles that a member has anywhere.
    &["row_number() over (partition by p.account_id"],
    // Robots and users with a role and without a team: all of them, to find those of a page.
    &["from robot_profiles b join accounts u", "(select m.team_id"],
    &["from accounts u where u.id = any(array(select p.account_id"],
    // What a hundred accounts may do in a repository: PostgreSQL goes through all teams of its organization for each.
    &["from accounts a cross join repositories r"],
    // PostgreSQL reads some ten thousand rows whole rather than look a hundred of them up.
    &[
        "from (accounts inner join user_profiles",
        "coalesce(accounts.last_accessed_at",
    ],
    &[
        "from (repository_permissions inner join repositories",
        "group by repository_permissions.team_id",
    ],
    &["from accounts where (accounts.id in (?))"],
    &["from team_members where (team_members.team_id in (?)) group by"],
    &["in (select namespace_id from teams where id in (?))"],
];

/// Rows (PostgreSQL) and instructions (SQLite) beyond which a statement does not belong to what it
/// answers. Pages have 100 rows, batches of the collector 200, tables up to 28,000.
const WORK_MAX: [(&str, u64); 2] = [("postgresql", 8_000), ("sqlite", 150_000)];

/// What is wrong with a plan, if anything is, where `scale` times the work may be done.
pub(crate) fn fault(statement: &str, database: &str, plan: &Plan, scale: u64) -> Option<String> {
    let is_page = statement.contains(" order by ") && !statement.contains(" like ");
    let mut known = READ_WHAT_THEY_TELL.iter();
    let tells = known.find(|(parts, _)| parts.iter().all(|part| statement.contains(part)));
    if tells.is_some() && !is_page {
        return None;
    }
    let mut owed = OWED.iter();
    if owed.any(|parts| parts.iter().all(|part| statement.contains(part))) {
        return None;
    }
    let limit = WORK_MAX.iter().find(|(name, _)| *name == database)?.1;
    if plan.scans.is_empty() && plan.work <= limit * scale {
        return None;
    }
    Some(format!(
        "{database}, work {}: {}\n    {statement}\n",
        plan.work,
        plan.line()
    ))
}
