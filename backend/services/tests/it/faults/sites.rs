//! Which lines of the services call database or storage, and which work here has each of them fail. A line is
//! named by its file, its function and what it calls; the second such line of a function has a number.
//!
//! The lines are found in the source, so that one without a fault is noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use berth_testkit::faults::{Fault, Faults};

/// The files that pushes, pulls, tags, repositories, sessions and the collector are made of.
const FILES: [&str; 23] = [
    "authn.rs",
    "authn/accounts.rs",
    "authn/backoff.rs",
    "authn/basic.rs",
    "blobs.rs",
    "collection.rs",
    "collection/orphans.rs",
    "collection/scrub.rs",
    "manifests.rs",
    "manifests/push.rs",
    "manifests/view.rs",
    "pulls.rs",
    "referrers.rs",
    "repositories.rs",
    "repositories/details.rs",
    "repositories/settings.rs",
    "repositories/stars.rs",
    "tags.rs",
    "uploads.rs",
    "uploads/hashing.rs",
    "uploads/transfer.rs",
    "workers.rs",
    "creation.rs",
];

/// Which lines each work has fail in every manner. A work may reach more than it is named for.
const REACHED: &[(&str, &[&str])] = &[
    (
        "push",
        &[
            "manifests/push.rs small_blob read",
            "manifests/push.rs small_blob storage.read",
            "manifests/push.rs take write",
            "uploads.rs existing_target read",
            "uploads.rs lease read",
            "uploads.rs lease_row write_relaxed",
            "uploads.rs start_hashing write_relaxed",
            "uploads.rs target write",
            "uploads/transfer.rs commit storage.finish",
            "uploads/transfer.rs insert_blob write",
            "uploads/transfer.rs take storage.append_last",
        ],
    ),
    (
        "push in chunks",
        &[
            "uploads/transfer.rs advance write",
            "uploads/transfer.rs take storage.append",
        ],
    ),
    (
        "mount",
        &["uploads.rs mount read", "uploads.rs mount write"],
    ),
    ("retag", &["manifests/push.rs take write"]),
    (
        "pull",
        &[
            "blobs.rs open read",
            "blobs.rs read storage.read",
            "manifests.rs get read",
            "pulls.rs write_batches write",
        ],
    ),
    ("deletion", &["manifests.rs delete write"]),
    (
        "repository deletion",
        &["repositories.rs at read", "repositories.rs delete write"],
    ),
    ("repository", &["repositories.rs create write"]),
    (
        "sign-in",
        &[
            "authn.rs session read",
            "authn/accounts.rs sign_in_invited write",
            "authn/backoff.rs check_backoff read",
            "authn/backoff.rs clear_failures read",
            "authn/basic.rs log_success write",
            "authn/basic.rs password_login read",
        ],
    ),
    ("sign-out", &["authn/accounts.rs sign_out write"]),
    (
        "wrong password",
        &[
            "authn/backoff.rs clear_failures write",
            "authn/backoff.rs count_failure write",
            "authn/basic.rs log_failed write",
        ],
    ),
    (
        "look",
        &[
            "authn/accounts.rs needs_setup read",
            "blobs.rs redirect storage.presigned_get",
            "blobs.rs stat read",
            "manifests/view.rs children_of read",
            "manifests/view.rs document read",
            "manifests/view.rs image_config read",
            "manifests/view.rs tags_on read",
            "manifests/view.rs view read",
            "manifests/view.rs views read",
            "referrers.rs list read",
            "referrers.rs views read",
            "repositories.rs by_ids read",
            "repositories.rs catalog read",
            "repositories.rs count read",
            "repositories.rs figures read",
            "repositories/details.rs details read",
            "repositories/details.rs listed read",
            "repositories/stars.rs starred_among read",
            "tags.rs by_ids read",
            "tags.rs count read",
            "tags.rs get read",
            "tags.rs names read",
            "tags.rs page read",
        ],
    ),
    (
        "settings",
        &[
            "repositories.rs change_visibility write",
            "repositories/settings.rs describe write",
            "repositories/stars.rs star write",
            "repositories/stars.rs unstar write",
        ],
    ),
    ("tags", &["tags.rs delete_many write"]),
    ("restoration", &["tags.rs restore write"]),
    (
        "cancellation",
        &[
            "uploads.rs status read",
            "uploads/transfer.rs end storage.abort",
            "uploads/transfer.rs end write",
        ],
    ),
    ("digest", &["uploads/transfer.rs rehash storage.read"]),
    ("empty layer", &["manifests/push.rs bring_empty_layer read"]),
    ("blob deletion", &["blobs.rs delete write"]),
    ("blob lease", &["blobs.rs stat write"]),
    ("slow push", &["uploads/transfer.rs renew write_relaxed"]),
    (
        "collection",
        &[
            "collection.rs collect write_alone",
            "collection.rs sweep_objects read",
            "collection.rs sweep_objects storage.delete",
            "collection.rs sweep_objects write_alone",
        ],
    ),
    (
        "upload_sweep",
        &["uploads.rs sweep read", "uploads.rs sweep write_alone"],
    ),
    (
        "repository_removal",
        &[
            "collection.rs dismantle_repositories read",
            "collection.rs dismantle_repositories write_alone",
        ],
    ),
    (
        "organization_removal",
        &[
            "collection.rs dismantle_organizations read",
            "collection.rs dismantle_organizations write_alone",
        ],
    ),
    (
        "orphan_sweep",
        &[
            "collection/orphans.rs delete_orphans read",
            "collection/orphans.rs delete_orphans storage.delete",
            "collection/orphans.rs release_unlinked read",
            "collection/orphans.rs release_unlinked write_alone",
            "collection/orphans.rs sweep_orphans read",
            "collection/orphans.rs sweep_orphans storage.list",
            "collection/orphans.rs sweep_orphans write",
            "collection/orphans.rs sweep_orphans write 2",
        ],
    ),
    (
        "scrub",
        &[
            "collection/scrub.rs check write",
            "collection/scrub.rs look_at storage.check",
            "collection/scrub.rs look_at storage.read",
            "collection/scrub.rs scrub read",
        ],
    ),
    ("part_sweep", &["workers.rs work storage.abort_abandoned"]),
    ("expiry_sweep", &["workers.rs sweep_rows write_alone"]),
];

/// Lines that are reached after another failure alone, and so fail in an outage alone.
const IN_AN_OUTAGE: &[(&str, &[&str])] =
    &[("push", &["uploads/transfer.rs release write_relaxed"])];

/// Lines that no work here reaches, and why.
const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "whether a repository takes pushes: one write, as of its description",
        &["repositories/settings.rs change_state write"],
    ),
    (
        "making accounts and changing them",
        &[
            "authn/accounts.rs change_password write",
            "authn/accounts.rs create_user write",
            "authn/accounts.rs create_user_by write",
            "authn/accounts.rs initialize write",
            "authn/accounts.rs initialize_by_api write",
            "authn/accounts.rs is_password read",
            "authn/accounts.rs reset_password write",
            "authn/accounts.rs setup_code write",
            "authn/accounts.rs verify_password write",
        ],
    ),
    (
        "robots, and tokens of users and applications",
        &[
            "authn.rs oauth_actor read",
            "authn.rs oauth_actor write_relaxed",
            "authn.rs touch write_relaxed",
            "authn/basic.rs app_login read",
            "authn/basic.rs app_login write_relaxed",
            "authn/basic.rs robot_login read",
        ],
    ),
];

/// Lines that have failed, and how.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    lines: BTreeMap<String, BTreeSet<Fault>>,
}

impl Reached {
    /// Takes down what has failed.
    pub(crate) fn note(&mut self, fault: Fault, faults: &Faults) {
        for (_, site) in faults.failed() {
            let Some((_, file)) = site.and_then(|site| site.file().split_once("services/src/"))
            else {
                continue;
            };
            let line = site.map_or(0, |site| site.line() as usize);
            if let Some(name) = SITES.get(&(file.to_owned(), line)) {
                self.lines.entry(name.clone()).or_default().insert(fault);
            } else {
                let is_ours = FILES.contains(&file);
                assert!(!is_ours, "{file}:{line} makes a call that is not found");
            }
        }
    }

    /// Every line that stands under this name has failed in every manner that it can.
    ///
    /// # Panics
    /// One that has not.
    pub(crate) fn has_all_of(&self, name: &str) {
        let is_listed = REACHED.iter().any(|(listed, _)| *listed == name);
        assert!(is_listed, "nothing stands under {name}");
        let mut missing = Vec::new();
        for line in listed(REACHED, name) {
            let ways = manners(line).into_iter();
            missing.extend(
                ways.filter(|fault| !self.has(line, *fault))
                    .map(|fault| (line, fault)),
            );
        }
        for line in listed(IN_AN_OUTAGE, name) {
            if !self.has(line, Fault::Outage) {
                missing.push((line, Fault::Outage));
            }
        }
        assert!(missing.is_empty(), "{name} did not have fail {missing:#?}");
    }

    fn has(&self, line: &str, fault: Fault) -> bool {
        let faults = self.lines.get(line);
        faults.is_some_and(|faults| faults.contains(&fault))
    }
}

/// How a line can fail, beside in an outage. Of a connection there is no answer to lose but the connection, and
/// nobody knows by which line a read's statements come.
fn manners(line: &str) -> Vec<Fault> {
    let (before, after) = (Fault::Before, Fault::After);
    if line.ends_with(" read") {
        vec![before, Fault::Late, Fault::Silent]
    } else if line.contains(" storage.") {
        vec![before, after, Fault::Late, Fault::Silent]
    } else {
        vec![before, after, Fault::Late, Fault::Statement, Fault::Silent]
    }
}

fn listed<'a>(list: &[(&str, &'a [&'a str])], name: &str) -> Vec<&'a str> {
    let of_name = list.iter().filter(|(listed, _)| *listed == name);
    of_name
        .flat_map(|(_, lines)| lines.iter().copied())
        .collect()
}

/// The lines that call database or storage, by file and number.
static SITES: LazyLock<BTreeMap<(String, usize), String>> = LazyLock::new(sites);

fn sites() -> BTreeMap<(String, usize), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sites = BTreeMap::new();
    for file in FILES {
        let source = std::fs::read_to_string(folder.join(file)).expect("the source is there");
        let lines: Vec<&str> = source.lines().collect();
        let (mut function, mut seen) = ("", BTreeMap::new());
        for (index, line) in lines.iter().enumerate() {
            function = name_of_function(line).unwrap_or(function);
            let Some((call, begins)) = call_in(&lines, index) else {
                continue;
            };
            let name = format!("{file} {function} {call}");
            let count: &mut usize = seen.entry(name.clone()).or_default();
            *count += 1;
            let name = if *count == 1 {
                name
            } else {
                format!("{name} {count}")
            };
            sites.insert((file.to_owned(), begins + 1), name);
        }
    }
    sites
}

/// The function that begins in a line.
fn name_of_function(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let (before, name) = code.split_once("fn ")?;
    let begins = !before.starts_with("//") && (before.is_empty() || before.ends_with(' '));
    begins.then(|| name.split(['(', '<']).next()).flatten()
}

/// The call in a line, and the index of the line where its expression begins as the compiler sees it: a method is
/// told by its name, what it is called on by its beginning.
fn call_in(lines: &[&str], index: usize) -> Option<(String, usize)> {
    let code = lines[index].trim_start();
    if code.starts_with("//") {
        return None;
    }
    for (text, call) in [
        ("db.read()", "read"),
        ("db.ping()", "ping"),
        (".write(async", "write"),
        (".write_relaxed(async", "write_relaxed"),
        (".write_alone(async", "write_alone"),
    ] {
        if code.contains(text) {
            return Some((call.to_owned(), index));
        }
    }
    let (method, begins) = if code == ".storage" {
        let above = |line: &usize| lines[*line].trim_start().starts_with('.');
        let begins = (0..index).rev().find(|line| !above(line))?;
        (
            lines.get(index + 1)?.trim_start().strip_prefix('.')?,
            begins,
        )
    } else {
        (code.split_once("core.storage.")?.1, index)
    };
    let method = method.split('(').next()?;
    // Those call nothing.
    (!matches!(method, "begin" | "kind" | "free_space"))
        .then(|| (format!("storage.{method}"), begins))
}

#[test]
fn every_line_that_calls_database_or_storage_fails_or_is_left_out() {
    let found: BTreeSet<String> = SITES.values().cloned().collect();
    let mut listed: Vec<&str> = Vec::new();
    for (_, lines) in REACHED.iter().chain(IN_AN_OUTAGE).chain(LEFT_OUT) {
        listed.extend(lines.iter());
    }
    let once: BTreeSet<String> = listed.iter().map(|line| (*line).to_owned()).collect();
    let unlisted: Vec<_> = found.difference(&once).collect();
    assert!(unlisted.is_empty(), "nothing has these fail: {unlisted:#?}");
    let absent: Vec<_> = once.difference(&found).collect();
    assert!(
        absent.is_empty(),
        "these are not in the source: {absent:#?}"
    );
    let left_out = LEFT_OUT.iter().flat_map(|(_, lines)| lines.iter());
    for line in left_out {
        let count = listed.iter().filter(|other| **other == *line).count();
        assert_eq!(count, 1, "{line} is left out and reached");
    }
}
