//! What no client is shown and must not be there even so, whatever was killed: rows by half, and leases
//! that outlive whoever had them.

use std::collections::BTreeSet;

use berth_e2e::deployment::Shape;
use berth_e2e::objects::Objects;
use berth_e2e::rows::Rows;
use serde_json::Value;

/// How long a lease of an upload lasts that nobody renews, in milliseconds.
const LEASE_MS: i64 = 15_000;

/// What must find nothing.
const NOTHING: [(&str, &str); 8] = [
    (
        "manifests with a blob that is absent",
        "select m.digest, n.position from manifest_blobs n join manifests m on m.id = n.manifest_id \
         where not exists (select 1 from blobs b where b.id = n.blob_id)",
    ),
    (
        "manifests with a blob that their repository may not read",
        "select m.digest, n.position from manifest_blobs n join manifests m on m.id = n.manifest_id \
         where not exists (select 1 from blob_links l where l.blob_id = n.blob_id \
         and l.repository_id = m.repository_id)",
    ),
    (
        "manifests whose blobs are counted for another repository",
        "select m.digest, n.position from manifest_blobs n join manifests m on m.id = n.manifest_id \
         where n.repository_id <> m.repository_id",
    ),
    (
        "blobs that are nowhere",
        "select b.digest from blobs b \
         where not exists (select 1 from blob_locations p where p.blob_id = b.id)",
    ),
    (
        "objects that are needed and about to be deleted",
        "select p.key from blob_locations p join garbage_objects g \
         on g.location = p.location and g.key = p.key",
    ),
    (
        "links to absent blobs",
        "select l.repository_id, l.blob_id from blob_links l \
         where not exists (select 1 from blobs b where b.id = l.blob_id)",
    ),
    (
        "tags of a manifest that is absent, deleted or another repository's",
        "select t.name from tags t left join manifests m on m.id = t.manifest_id and m.repository_id = t.repository_id \
         where t.ended_at is null and (m.id is null or m.deleted_at is not null)",
    ),
    (
        "uploads that are over and leased",
        "select u.uuid from uploads u where u.state <> 'open' and u.leased_by is not null",
    ),
];

/// Looks at all rows, and whether the objects that they name are there. The collector may be at work.
pub(super) async fn nothing_shows(rows: &Rows, objects: &Objects) {
    for (what, query) in NOTHING {
        let found = rows.ask(query).await;
        assert!(found.is_empty(), "{what}: {found:?}");
    }
    every_manifest_has_the_blobs_that_it_names(rows).await;
    // What is named before and after must be there between.
    let named = async || -> BTreeSet<String> {
        let rows = rows.ask("select key from blob_locations where lost_at is null");
        rows.await.into_iter().flatten().collect()
    };
    let before = named().await;
    let stored = objects.keys().await;
    let after = named().await;
    let lost: Vec<&String> = before
        .intersection(&after)
        .filter(|key| !stored.contains(*key))
        .collect();
    assert!(
        lost.is_empty(),
        "rows name objects that are not there: {lost:?}"
    );
    let lost = rows.ask("select key from blob_locations where lost_at is not null");
    let lost = lost.await;
    assert!(lost.is_empty(), "objects were found missing: {lost:?}");
}

async fn every_manifest_has_the_blobs_that_it_names(rows: &Rows) {
    let query = format!(
        "select m.digest, {body}, (select string_agg(b.digest, ' ') from manifest_blobs n \
         join blobs b on b.id = n.blob_id where n.manifest_id = m.id) from manifests m",
        body = rows.as_text("m.body")
    );
    for row in rows.ask(&query).await {
        let [digest, body, blobs] = &row[..] else {
            panic!("three columns: {row:?}");
        };
        let body: Value = serde_json::from_str(body).expect("a manifest is JSON");
        let layers = body["layers"].as_array().expect("an image has layers");
        let named: BTreeSet<&str> = layers
            .iter()
            .chain([&body["config"]])
            .filter_map(|descriptor| descriptor["digest"].as_str())
            .collect();
        let there: BTreeSet<&str> = blobs.split(' ').collect();
        assert_eq!(there, named, "the blobs of manifest {digest}");
    }
}

/// No open upload is held for longer than a lease by requests that were all over at `over_ms`; an only server
/// that starts again ends at once what its predecessor held.
pub(super) async fn no_lease_outlives_its_owner(rows: &Rows, shape: Shape, over_ms: i64) {
    let last_ms = match shape {
        Shape::Embedded => rows.now_ms().await,
        Shape::Scaled => over_ms + LEASE_MS,
    };
    let held = format!(
        "select uuid, leased_by, leased_until - {last_ms} from uploads \
         where state = 'open' and leased_by is not null and leased_until > {last_ms}"
    );
    let held = rows.ask(&held).await;
    assert!(held.is_empty(), "uploads are held by nobody: {held:?}");
}
